"""The laws of actions and states, on small invented actions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from val_bridge import (
    Action,
    Call,
    Chain,
    InapplicableError,
    Masks,
    Step,
    Task,
    applicable,
    execute,
    progress,
    read_task,
    regress,
    unmet,
)

ATOMS = [(name,) for name in "pqrstu"]
SETS = st.frozensets(st.sampled_from(ATOMS))
ACTIONS = st.builds(
    lambda precondition, add, delete: Action(name="a", precondition=precondition, add=add, delete=delete),
    SETS, SETS, SETS,
)  # fmt: skip
WITH_NEGATIVE = st.builds(
    lambda action, negative: Action(
        name="a",
        precondition=action.precondition,
        negative=negative - action.precondition,
        add=action.add,
        delete=action.delete,
    ),
    ACTIONS,
    SETS,
)


@given(SETS, SETS, ACTIONS)
def test_regression_is_the_weakest_precondition(state, goal, action):
    weakest = regress(goal, action)
    reaches = applicable(state, action) and goal <= progress(state, action)
    assert reaches == (weakest is not None and weakest <= state)


@given(SETS, ACTIONS)
def test_delete_comes_before_add(state, action):
    after = progress(state, action)
    assert action.add <= after
    assert not (action.delete - action.add) & after


@given(SETS, ACTIONS)
def test_what_an_action_does_not_name_stays_as_it_was(state, action):
    untouched = frozenset(ATOMS) - action.add - action.delete
    assert progress(state, action) & untouched == state & untouched


@given(SETS, ACTIONS)
def test_undoing_the_difference_restores_the_state_before(state, action):
    after = progress(state, action)
    assert (after - (after - state)) | (state - after) == state


@given(SETS, WITH_NEGATIVE)
def test_an_action_applies_if_nothing_is_unmet(state, action):
    literals = unmet(state, action)
    assert applicable(state, action) == (literals == ())
    assert all((literal.atom in state) != literal.positive for literal in literals)


def test_a_failed_inequality_is_named_as_it_was_written(delivery):
    action = delivery.task.action("go", ("t", "l1", "l1"))
    assert [str(literal) for literal in unmet(delivery.task.initial, action)] == ["(not (= l1 l1))"]


@given(st.lists(SETS, max_size=4))
def test_a_state_survives_its_mask(states):
    """Whatever was encoded before, and whatever is encoded after."""
    masks = Masks(_task())
    encoded = [masks.encode(state) for state in states]
    assert [masks.decode(mask) for mask in encoded] == states


@given(SETS, WITH_NEGATIVE)
def test_masks_do_what_sets_do(state, action):
    masks = Masks(_task())
    mask = masks.encode(state)
    positive, negative, add, delete = masks.action_masks(action)
    assert (mask & positive == positive and not mask & negative) == applicable(state, action)
    assert masks.decode(mask & ~delete | add) == progress(state, action)


@given(SETS, WITH_NEGATIVE)
def test_a_step_is_true_by_construction(state, action):
    after = progress(state, action)
    if applicable(state, action):
        assert Step(before=state, action=action, after=after)
        with pytest.raises(ValueError, match="does not lead to"):
            Step(before=state, action=action, after=after ^ {("p",)})
    else:
        with pytest.raises(ValueError, match="is not applicable"):
            Step(before=state, action=action, after=after)


def test_a_chain_holds_together():
    here, there = frozenset({("p",)}), frozenset({("q",)})
    move = Action(name="move", precondition=here, add=there, delete=here)
    step = Step(before=here, action=move, after=there)
    assert len(Chain(steps=(step,))) == 1
    with pytest.raises(ValueError, match="step 2 does not begin where step 1 ended"):
        Chain(steps=(step, step))


def test_executing_gives_the_chain_of_the_plan(blocks):
    task = blocks.task
    calls = [Call(name="unstack", arguments=("b", "a")), Call(name="stack", arguments=("b", "c"))]
    chain = execute(task, calls)
    assert chain.plan.calls == tuple(calls)
    assert chain.steps[0].before == task.initial
    assert ("on", "b", "c") in chain.steps[-1].after
    assert execute(task, [step.action for step in chain.steps]) == chain


def test_executing_stops_where_an_action_is_not_applicable(blocks):
    task = blocks.task
    calls = [Call(name="pick-up", arguments=("c",)), Call(name="pick-up", arguments=("a",))]
    with pytest.raises(InapplicableError) as caught:
        execute(task, calls)
    assert str(caught.value) == "step 2, (pick-up a): unmet precondition (clear a) (handempty)"
    assert caught.value.step == 2


def _task() -> Task:
    """A task without any atom of its own."""
    return read_task("(define (domain d))", "(define (problem p) (:domain d) (:init) (:goal ()))")
