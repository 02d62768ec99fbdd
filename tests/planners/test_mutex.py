"""Goals that cannot hold together: what is called so is never reached, and solvable problems are never called so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.planners import goal_conflict, is_conflict
from planlearn.planners.mutex import Reach
from planlearn.problems import DOMAINS, domain_text, get_generator, read_planbench, stream
from tests.walks import NAMES, walk
from val_bridge import Task, progress, read_task


def blocks(goal: str, objects: str = "a b c d") -> Task:
    facts = " ".join(f"(ontable {name}) (clear {name})" for name in objects.split())
    problem = f"(define (problem p) (:domain blocksworld-4ops) (:objects {objects}) (:init (handempty) {facts}) (:goal (and {goal})))"
    return read_task(domain_text("blocksworld"), problem)


@pytest.mark.parametrize(
    ("goal", "conflict"),
    [
        ("(on b c) (on d d)", ["on d d"]),
        ("(on c d) (on a b) (on b a)", ["on a b", "on b a"]),
        ("(on a b) (on a c)", ["on a b", "on a c"]),
        ("(on a c) (on b c) (on c d)", ["on a c", "on b c"]),
        ("(on a b) (ontable a)", ["on a b", "ontable a"]),
        ("(holding a) (handempty) (on b c)", ["handempty", "holding a"]),
        ("(on a b) (on b c) (on c a)", ["on a b", "on b c", "on c a"]),
        ("(on a b) (on b c) (on c d) (on d a)", ["on a b", "on b c", "on c d", "on d a"]),
        ("(on a b) (on b c) (on c d)", None),
        ("(ontable a) (clear a) (on b c)", None),
        ("(ontable a) (clear b)", None),
        ("", None),
    ],
)
def test_the_conflict_is_the_least_and_the_first(goal: str, conflict: list[str] | None) -> None:
    found = goal_conflict(blocks(goal))
    assert (found and [" ".join(atom) for atom in found]) == conflict


def test_of_two_rings_the_first_is_named() -> None:
    task = blocks("(on a b) (on b c) (on c a) (on d e) (on e f) (on f d)", "a b c d e f")
    assert goal_conflict(task) == (("on", "a", "b"), ("on", "b", "c"), ("on", "c", "a"))


def test_a_ring_is_found_below_and_beside_other_towers() -> None:
    names = "a b c d e f g h i j k l m"
    task = blocks("(on a b) (on b c) (on c d) (on d a) (on f e) (on g f) (on i h) (on j i) (on k j) (on l k) (on m l)", names)
    assert goal_conflict(task) == (("on", "a", "b"), ("on", "b", "c"), ("on", "c", "d"), ("on", "d", "a"))


def test_what_is_claimed_must_be_goals_that_conflict() -> None:
    task = blocks("(on a b) (on b c) (on c a) (on d b)")
    ring, pair = (("on", "a", "b"), ("on", "b", "c"), ("on", "c", "a")), (("on", "a", "b"), ("on", "d", "b"))
    assert is_conflict(task, ring) and is_conflict(task, pair) and is_conflict(task, ring[:1] + pair[1:])
    assert is_conflict(task, task.goal)
    assert not is_conflict(task, ring[:2])
    assert not is_conflict(task, ())
    assert not is_conflict(task, (("on", "a", "b"), ("on", "a", "c")))  # true, but no goal
    assert not is_conflict(task, (("on", "x", "y"), ("on", "a", "b")))


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 10**6), data=st.data())
def test_no_state_on_a_walk_holds_what_is_called_impossible(name: str, seed: int, data: st.DataObject) -> None:
    """The goal of a walk is reached by it, so there is no conflict; and each of its states is possible pair by pair."""
    task, chain = walk(name, seed)
    assert goal_conflict(task) is None
    reach = Reach(task)
    state = task.initial
    for step in chain.steps:
        state = progress(state, step.action)
        assert reach.possible(task.masks.encode(state))
        assert not reach.never(data.draw(st.lists(st.sampled_from(sorted(state)), unique=True, max_size=6)))


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_generated_problem_has_no_conflict(domain: str) -> None:
    for index in range(10):
        assert goal_conflict(get_generator(domain).generate(stream("solvable", domain, index)).task()) is None


def test_every_unsolvable_instance_of_planbench_has_a_conflict(planbench) -> None:
    problems = read_planbench(planbench, {"unsolvable_blocksworld"})
    assert problems
    for problem in problems:
        task = problem.task()
        found = goal_conflict(task)
        assert found is not None and is_conflict(task, found)


def test_facts_that_take_turns_two_at_a_time_never_hold_all_three() -> None:
    """Each fact can be made true beside either of the others, at the cost of the third."""
    actions = " ".join(
        f"(:action {one}-not-{other} :parameters () :precondition ({rest}) :effect (and ({one}) (not ({other}))))"
        for one, other, rest in [("p", "q", "r"), ("p", "r", "q"), ("q", "p", "r"), ("q", "r", "p"), ("r", "p", "q"), ("r", "q", "p")]
    )
    domain = f"(define (domain turns) (:requirements :strips) (:predicates (p) (q) (r)) {actions})"
    for initial, conflict in (("(p) (q)", (("p",), ("q",), ("r",))), ("(p) (q) (r)", None)):
        task = read_task(domain, f"(define (problem three) (:domain turns) (:init {initial}) (:goal (and (p) (q) (r))))")
        assert goal_conflict(task) == conflict
