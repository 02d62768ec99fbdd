"""What a step is for: the links to a goal, by hand and as laws over random chains and over reference plans."""

import pytest

from planlearn.chains.purpose import purposes
from planlearn.chains.write import reached_order
from planlearn.planners import plan
from planlearn.problems import DOMAINS, domain_text, get_generator, stream
from tests.walks import NAMES, SIZES, walk
from val_bridge import Chain, Literal, State, Task, execute, read_plan, read_task

TOWER = """
(define (problem tower) (:domain blocksworld-4ops) (:objects a b c d)
  (:init (handempty) (ontable a) (on c a) (on d c) (clear d) (ontable b) (clear b)) (:goal (on a b)))
"""


def words(task: Task, chain: Chain) -> list[str]:
    return [" < ".join(" ".join(literal.atom) for literal in purpose) for purpose in purposes(task, chain)]


def solved(problem: str, plan_text: str) -> tuple[Task, Chain]:
    task = read_task(domain_text("blocksworld"), problem)
    return task, execute(task, read_plan(plan_text).calls)


def test_links_lead_from_the_goal_down_to_the_step() -> None:
    chain = "(unstack d c) (put-down d) (unstack c a) (put-down c) (pick-up a) (stack a b)"
    assert words(*solved(TOWER, chain)) == [
        "on a b < holding a < clear a < clear c",
        "on a b < holding a < clear a < handempty",
        "on a b < holding a < clear a",
        "on a b < holding a < handempty",
        "on a b < holding a",
        "on a b",
    ]


def test_a_step_of_no_use_has_no_purpose() -> None:
    """Nothing behind the goal is for anything, nor is taking up what is put down again."""
    chain = "(pick-up b) (put-down b) (unstack d c) (stack d b) (unstack c a) (put-down c)"
    found = words(*solved(TOWER.replace("(on a b)", "(clear a)"), chain))
    assert found == ["", "clear a < clear c < handempty", "clear a < clear c", "clear a < handempty", "clear a", ""]


def test_the_goal_that_comes_first_counts() -> None:
    problem = TOWER.replace("(:goal (on a b))", "(:goal (and (on d b) (clear a)))")
    chain = "(unstack d c) (stack d b) (unstack c a)"
    assert words(*solved(problem, chain)) == ["on d b < holding d", "on d b", "clear a"]


def holds(literal: Literal, state: State) -> bool:
    return (literal.atom in state) is literal.positive


def check_laws(task: Task, chain: Chain) -> int:
    """How many steps have a purpose; every purpose is false before its step, its end is made by it."""
    found = purposes(task, chain)
    assert len(found) == len(chain)
    for purpose, step in zip(found, chain.steps, strict=True):
        assert not any(holds(literal, step.before) for literal in purpose)
        assert not purpose or holds(purpose[-1], step.after)
        assert len(set(purpose)) == len(purpose)
    return sum(map(bool, found))


@pytest.mark.parametrize("name", NAMES)
def test_laws_on_random_chains(name: str) -> None:
    assert sum(check_laws(*walk(name, seed, steps=1 + seed)) for seed in range(20)) > 20


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_every_step_of_a_good_plan_has_a_purpose_that_begins_with_a_goal(name: str) -> None:
    for index in range(20):
        task = get_generator(name).generate(stream("purpose", name, index), SIZES[name]).task()
        chain = execute(task, plan(task, to_teach=True).calls)
        assert check_laws(task, chain) == len(chain)
        for purpose, step in zip(purposes(task, chain), chain.steps, strict=True):
            assert purpose[0].atom in task.goal - step.before


def test_most_steps_are_for_the_first_goal_left() -> None:
    """So that the line above tells what to do next: 9 in 10 steps of plans that go goal by goal."""
    first = steps = 0
    for index in range(60):
        task = get_generator("blocksworld").generate(stream("first", index), "5").task()
        chain = execute(task, plan(task, to_teach=True).calls)
        order = reached_order(task, chain)
        for purpose, step in zip(purposes(task, chain), chain.steps, strict=True):
            steps += 1
            first += purpose[0].atom == min(task.goal - step.before, key=lambda atom: (order[atom], atom))
    assert first / steps > 0.9
