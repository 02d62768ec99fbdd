"""The texts that a model reads and learns to write."""

import pytest

from planlearn.chains import RESERVED, ChainStyle, ReservedWord, answer_segments, chain_text, problem_prompt
from planlearn.problems import domain_text
from tests.golden_files import check_golden
from tests.walks import GRIPPER, ROOMS, walk
from val_bridge import Chain, Task, execute, read_plan, read_task

BLOCKS = """
(define (problem tower) (:domain blocksworld-4ops) (:objects a b c)
  (:init (handempty) (ontable a) (ontable b) (on c a) (clear c) (clear b))
  (:goal (and (on a b) (on b c))))
"""
BLOCKS_PLAN = "(unstack c a) (put-down c) (pick-up b) (stack b c) (pick-up a) (stack a b)"
PARCELS = """
(define (problem parcels) (:domain logistics-strips) (:objects a0 c0 c1 t0 t1 l0-0 l0-1 l1-0 p0 p1)
  (:init (airplane a0) (city c0) (city c1) (truck t0) (truck t1) (obj p0) (obj p1)
         (airport l0-0) (airport l1-0) (location l0-0) (location l0-1) (location l1-0)
         (in-city l0-0 c0) (in-city l0-1 c0) (in-city l1-0 c1)
         (at t0 l0-0) (at t1 l1-0) (at a0 l1-0) (at p0 l0-1) (at p1 l0-0))
  (:goal (and (at p0 l0-0) (at p1 l1-0))))
"""
PARCELS_PLAN = """
(fly-airplane a0 l1-0 l0-0) (load-airplane p1 a0 l0-0) (fly-airplane a0 l0-0 l1-0)
(unload-airplane p1 a0 l1-0) (drive-truck t0 l0-0 l0-1 c0) (load-truck p0 t0 l0-1)
(drive-truck t0 l0-1 l0-0 c0) (unload-truck p0 t0 l0-0)
"""
CASES = {"blocksworld": (BLOCKS, BLOCKS_PLAN), "logistics": (PARCELS, PARCELS_PLAN)}


def solved(name: str) -> tuple[Task, Chain]:
    problem, plan = CASES[name]
    task = read_task(domain_text(name), problem)
    return task, execute(task, read_plan(plan).calls)


@pytest.mark.parametrize("states", ["changes", "full"])
@pytest.mark.parametrize("name", CASES)
def test_example(name: str, states: str) -> None:
    task, chain = solved(name)
    segments = answer_segments(task, chain, ChainStyle(states=states))
    check_golden(f"chains/{name}-{states}.txt", "".join(segment.text for segment in segments) + "\n")


@pytest.mark.parametrize("name", CASES)
def test_example_with_purposes(name: str) -> None:
    task, chain = solved(name)
    segments = answer_segments(task, chain, ChainStyle(states="full", purposes=True))
    check_golden(f"chains/{name}-purposes.txt", "".join(segment.text for segment in segments) + "\n")


def test_types_and_negative_literals_are_written() -> None:
    """A typed domain's objects and parameters carry their types; what must be false has "not" before it."""
    task, _ = walk("gripper", 0)
    check_golden("chains/typed-prompt.txt", problem_prompt(task, ChainStyle()))


def test_goals_stand_at_the_start_and_where_a_step_changes_them() -> None:
    """In the order of their names, as in the prompt."""
    task, chain = solved("blocksworld")
    lines = [line for line in chain_text(task, chain, ChainStyle()).splitlines() if line.startswith("goals")]
    assert lines == ["goals on a b no, on b c no", "goals on a b no, on b c yes", "goals on a b yes, on b c yes"]


def test_with_purposes_they_stand_behind_every_step_with_what_they_take_beforehand() -> None:
    task, chain = solved("blocksworld")
    text = chain_text(task, chain, ChainStyle(purposes=True))
    lines = [line for line in text.splitlines() if line.startswith("goals")]
    assert len(lines) == 1 + len(chain)
    assert lines[0] == "goals on a b no clear b yes clear a no, on b c no clear c yes clear b yes"


def test_purposes_take_goals() -> None:
    with pytest.raises(ValueError, match="purposes: they take goals"):
        ChainStyle(goals=False, purposes=True)


def test_no_goals_where_the_style_wants_none() -> None:
    task, chain = solved("blocksworld")
    assert "goals" not in chain_text(task, chain, ChainStyle(goals=False))


def test_schemas_only_where_the_style_wants_them() -> None:
    task, _ = solved("blocksworld")
    prompt = problem_prompt(task, ChainStyle(domain_in_prompt=False))
    assert "Actions:" not in prompt and "\nInit: " in prompt and prompt.endswith("\nChain:\n")


# PDDL itself allows "not" as the name of an object alone.
NAMED = [(old, word) for old in ("pick ", "dusty ", "kitchen") for word in sorted(RESERVED)]
NAMED = [(old, word) for old, word in NAMED if word != "not" or old == "kitchen"]


@pytest.mark.parametrize("old, word", NAMED)
def test_words_of_the_format_are_refused_as_names(old: str, word: str) -> None:
    """As an action, a predicate or an object, whether or not the style shows where the name would stand."""
    new = old.replace(old.strip(), word)
    task = read_task(GRIPPER.replace(old, new), ROOMS.replace(old, new))
    for shown in (True, False):
        with pytest.raises(ReservedWord, match=f"the name '{word}' is a word of the chain format"):
            problem_prompt(task, ChainStyle(domain_in_prompt=shown))


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="states: expected one of changes, full, found 'some'"):
        ChainStyle(states="some")
