"""Repair advice can be followed."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from planlearn.feedback import advise
from planlearn.problems import domain_text
from tests.feedback.ferry import TASK, atoms
from val_bridge import (
    Action,
    Literal,
    Plan,
    State,
    Step,
    Task,
    execute,
    progress,
    read_atom,
    read_plan,
    read_task,
)


def literal(text: str, positive: bool = True) -> Literal:
    return Literal(atom=read_atom(text), positive=positive)


def steps_of(task: Task, plan: str) -> tuple[Step, ...]:
    return execute(task, read_plan(plan).calls).steps


def fits(example: str, action: Action) -> bool:
    """Whether an example, in which "?y" is open, can be the action."""
    words = example.strip("()").split()
    return len(words) == 1 + len(action.arguments) and all(
        word.startswith("?") or word == name
        for word, name in zip(words, (action.name, *action.arguments), strict=True)
    )


@st.composite
def walks(draw: st.DrawFn) -> tuple[State, tuple[Step, ...]]:
    """A walk through the ferry's states, each step chosen among the applicable ones."""
    state, actions = TASK.initial, []
    for _ in range(draw(st.integers(0, 6))):
        actions.append(draw(st.sampled_from(TASK.applicable_actions(state))))
        state = progress(state, actions[-1])
    return state, execute(TASK, actions).steps


FLUENTS = sorted({atom for action in TASK.actions for atom in action.add | action.delete})


@settings(deadline=None)
@given(walks(), st.sampled_from(FLUENTS), st.booleans())
def test_a_named_action_brings_the_literal_about(walk: tuple, atom: tuple, positive: bool) -> None:
    """Law: in a known state one action is named; it makes the literal hold, and no other one lacks less.

    A parameter stays open only where no object fits it better than another.
    """
    state, steps = walk
    advice = advise(TASK, Literal(atom=atom, positive=positive), steps, state)
    if (atom in state) is positive:
        assert advice.holds and not advice.achievers
        return
    useful = [a for a in TASK.actions if (atom in a.add if positive else atom in a.delete)]
    (example,) = advice.achievers
    named = [a for a in useful if fits(example, a)]
    assert named
    lacking = [len(a.precondition - state) for a in useful]
    assert {len(a.precondition - state) for a in named} == {min(lacking)}


@settings(deadline=None)
@given(walks(), st.sampled_from(FLUENTS), st.booleans())
def test_the_step_that_undid_it_is_the_last_one_that_did(walk: tuple, atom: tuple, positive: bool) -> None:
    state, steps = walk
    undone = advise(TASK, Literal(atom=atom, positive=positive), steps, state).undone_by
    held = [
        number
        for number, step in enumerate(steps, 1)
        if (atom in step.before) is positive and (atom in step.after) is not positive
    ]
    if (atom in state) is not positive:
        assert undone == ((held[-1], str(steps[held[-1] - 1].action)) if held else None)


def test_nothing_is_advised_for_what_no_action_changes() -> None:
    advice = advise(TASK, literal("(route north reef)"), (), TASK.initial)
    assert advice.achievers == () and advice.undone_by is None and not advice.holds


def test_a_negative_literal_is_made_false() -> None:
    steps = steps_of(TASK, "(board mini north)")
    advice = advise(TASK, literal("(full)", positive=False), steps, steps[-1].after)
    assert advice.achievers == ("(leave mini north)",)
    assert advice.undone_by == (1, "(board mini north)")


def test_without_a_state_all_ways_are_listed_with_open_parameters() -> None:
    assert advise(TASK, literal("(at south)"), (), None).achievers == ("(sail ?a south)",)
    assert advise(TASK, literal("(full)"), (), None).achievers == ("(board ?c ?p)",)


def test_types_rule_out_an_achiever() -> None:
    """(at mini) unifies with an effect of sail, but a car is no place."""
    assert advise(TASK, Literal(atom=("at", "mini")), (), None).achievers == ()


def test_what_an_action_deletes_and_adds_is_not_made_false_by_it() -> None:
    task = read_task(
        "(define (domain d) (:predicates (p)) (:action a :parameters () :effect (and (not (p)) (p))))",
        "(define (problem q) (:domain d) (:init (p)) (:goal (and)))",
    )
    assert advise(task, literal("(p)", positive=False), (), task.initial).achievers == ()


def test_taking_off_beats_putting_down_when_another_block_is_held() -> None:
    """Both lack one condition; the block that really lies there is the better example."""
    task = read_task(
        domain_text("blocksworld"),
        "(define (problem p) (:domain blocksworld-4ops) (:objects a b c)"
        " (:init (holding b) (ontable a) (on c a) (clear c)) (:goal (on b a)))",
    )
    assert advise(task, literal("(clear a)"), (), task.initial).achievers == ("(unstack c a)",)


def test_a_hopeless_search_gives_up_and_names_the_schema() -> None:
    """Bounded, not exponential: all of 200 x 200 x 200 bindings lack the same condition."""
    names = [f"o{n}" for n in range(200)]
    task = read_task(
        "(define (domain d) (:predicates (p ?x) (q ?x ?y ?z) (r)) (:action a :parameters (?x ?y ?z)"
        " :precondition (and (p ?x) (p ?y) (p ?z) (q ?x ?y ?z)) :effect (r)))",
        f"(define (problem p) (:domain d) (:objects {' '.join(names)})"
        f" (:init {' '.join(f'(p {name})' for name in names)}) (:goal (r)))",
    )
    start = time.perf_counter()
    assert advise(task, literal("(r)"), (), task.initial).achievers == ("(a ?x ?y ?z)",)
    assert time.perf_counter() - start < 5


def test_atoms_reads_what_the_cases_write() -> None:
    assert atoms("(at north) (full)") == {("at", "north"), ("full",)}


def test_an_empty_plan_has_no_steps_to_blame() -> None:
    assert steps_of(TASK, "") == () == Plan().calls


def test_no_way_is_advised_against_facts_that_nothing_changes() -> None:
    """A package is at a place by being unloaded there; by the effects alone a truck could be one."""
    problem = "(define (problem p) (:domain logistics-strips) (:objects p t x y c) (:init (obj p) (truck t) (location x) (location y) (in-city x c) (in-city y c) (city c) (at p x) (at t x)) (:goal (at p y)))"
    task = read_task(domain_text("logistics"), problem)
    wanted = Literal(atom=("at", "p", "y"))
    assert advise(task, wanted, (), task.initial).achievers == ("(unload-truck p t y)",)
    assert not any("drive" in way or "fly" in way for way in advise(task, wanted, (), None).achievers)
