"""Shortest plans for Depots, against breadth-first search over facts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlearn.planners import is_proven_shortest, plan, plan_from, recognise, shortest_plan
from planlearn.planners.depots import _search, _Yard
from planlearn.planners.roles import NotCovered
from planlearn.problems import domain_text, get_generator, stream
from val_bridge import Literal, Outcome, Task, check_plan, progress, read_task


def drawn(size, index):
    return get_generator("depots").generate(stream("depots planner", size, index), size).task()


def walked(task, rng, steps):
    state = task.initial
    for _ in range(steps):
        state = progress(state, rng.choice(task.applicable_actions(state)))
    return state


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["d1-r1-t1-c1", "d1-r1-t1-c2", "d1-r1-t2-c2", "d2-r1-t1-c2"]), st.integers(0, 10**6), st.integers(0, 12))
def test_plans_are_shortest_from_any_state(size, index, steps):
    """Crates in hoists and trucks among them."""
    task = drawn(size, index)
    state = walked(task, stream("walk", size, index), steps)
    found = plan_from(task, state)
    assert len(found) == len(shortest_plan(task, state))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 20))
def test_the_estimate_says_never_too_much_and_falls_by_one_at_most(index, steps):
    """So no plan found is longer than need be, in problems too large for breadth-first search as well."""
    task = drawn("d3-r1-t3-c4", index)
    state = walked(task, stream("estimate", index), steps)
    yard, site = _Yard.read(task, recognise(task.domain), state, None)
    for _, after in yard._ways(site):
        assert yard._estimate(after) >= yard._estimate(site) - 1
    assert yard._estimate(site) <= len(plan_from(task, state))


def test_ways_are_the_applicable_actions_but_for_like_trucks_and_idle_drives():
    task = drawn("d3-r1-t3-c3", 1)
    state = walked(task, stream("ways"), 15)
    yard, site = _Yard.read(task, recognise(task.domain), state, None)
    ways = {(name, *arguments) for (name, arguments), _ in yard._ways(site)}
    applicable = {(a.name, *a.arguments) for a in task.applicable_actions(state)}
    assert ways <= applicable
    left_out = {way[0] for way in applicable - ways if way[0] != "drive" or way[2] != way[3]}
    like = len(set(yard._key(site)[1])) < len(yard.trucks)
    assert left_out <= ({"drive", "load"} if like else set())


SMALL = """(define (problem p) (:domain depots)
 (:objects depot0 - depot distributor0 - distributor truck0 - truck pallet0 pallet1 - pallet hoist0 hoist1 - hoist crate0 crate1 - crate)
 (:init (at pallet0 depot0) (at pallet1 distributor0) (at hoist0 depot0) (available hoist0) (at hoist1 distributor0) (available hoist1)
  (at truck0 depot0) (at crate0 depot0) (on crate0 pallet0) (at crate1 depot0) (on crate1 crate0) (clear crate1) (clear pallet1))
 (:goal (and {})))"""


def small(goal):
    return read_task(domain_text("depots"), SMALL.format(goal))


@pytest.mark.parametrize("goal", [
    "(on crate0 pallet0) (on crate0 pallet1)", "(on crate0 pallet1) (on crate1 pallet1)", "(on crate0 crate1) (on crate1 crate0)",
])  # fmt: skip
def test_goals_that_contradict_each_other_have_no_plan(goal):
    assert plan(small(goal)) is None and is_proven_shortest(small(goal))


@pytest.mark.parametrize("goal", ["(clear crate0)", "(at crate0 distributor0)", "(in crate1 truck0) (lifting hoist0 crate0)"])
def test_other_goals_are_searched_breadth_first(goal):
    task = small(goal)
    with pytest.raises(NotCovered):
        _search(task, recognise(task.domain), task.initial, None, 3000)
    assert len(plan(task)) == len(shortest_plan(task, task.initial)) and is_proven_shortest(task)


def test_a_place_that_no_truck_reaches_has_no_plan():
    task = small("(on crate1 pallet1)")
    assert len(plan(task)) == 5
    alone = {atom for atom in task.initial if "truck0" not in atom}
    objects = {name: kind for name, kind in task.problem.objects.items() if name != "truck0"}
    assert plan(Task(task.domain, replace(task.problem, objects=objects, initial=frozenset(alone)))) is None


def test_states_that_are_no_arrangement_are_refused():
    task = small("(on crate1 pallet1)")
    roles = recognise(task.domain)
    for wrong in (task.initial | {("clear", "crate0")}, task.initial - {("available", "hoist1")}, task.initial - {("at", "crate1", "depot0")}):
        with pytest.raises(NotCovered):
            _Yard.read(task, roles, wrong, None)
    negative = replace(task.problem, goal=(*task.problem.goal, Literal(atom=("clear", "pallet1"), positive=False)))
    with pytest.raises(NotCovered):
        _search(Task(task.domain, negative), roles, task.initial, None, 3000)


def test_beyond_the_limit_a_plan_is_valid_and_not_called_shortest():
    task = drawn("d3-r2-t3-c5", 3)
    hurried = plan(task, limit=20)
    assert check_plan(task, hurried).outcome is Outcome.VALID and len(hurried) >= len(plan(task))
    assert is_proven_shortest(task) and not is_proven_shortest(task, limit=20)
