"""What judging costs, without asking a clock for seconds: growth with the steps, memory, work left undone."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from itertools import count

import pytest

from val_bridge import FaultKind, Masks, Outcome, Task, check_plan, check_plan_text, read_plan
from val_bridge.check import evidence
from val_bridge.semantics.ground import Grounder

UP_AND_DOWN = "(pick-up c)\n(put-down c)\n"
STEPS = 2_000
TIMES = 4
STEEPEST = 10
"""Times the CPU time for four times the steps: 4 where it is linear, 16 where it is quadratic."""
PLANS = 4_000
KEPT = 32
"""Bytes a plan: less than any object that a plan could leave behind."""


def growth(work: Callable[[int], object]) -> float:
    """How many times as long the work takes for so many times the size; the best of some tries each."""

    def seconds(size: int) -> float:
        begun = time.process_time()
        work(size)
        return time.process_time() - begun

    return min(seconds(STEPS * TIMES) for _ in range(3)) / min(seconds(STEPS) for _ in range(5))


def ever(found: Callable[[], bool]) -> bool:
    """A busy machine may disturb one measurement, not each of four."""
    return any(found() for _ in range(4))


@pytest.mark.parametrize("line_end", ["\n", "", " ; so\n"])
def test_time_is_linear_in_the_steps(blocks, line_end):
    """Read and judged; a call a line, all on one line, and with comments, which another reader reads."""
    task = blocks.task

    def judge(steps: int) -> None:
        text = UP_AND_DOWN.replace("\n", line_end) * (steps // 2)
        verdict = check_plan_text(task, text)
        assert verdict.first.kind is FaultKind.GOAL and verdict.plan_length == steps

    assert ever(lambda: growth(judge) < STEEPEST)


def test_a_quadratic_reader_would_be_seen():
    def copy_all(size: int) -> None:
        text = "x" * (size * 100)
        for start in range(size):
            text[start:].count("y")

    assert ever(lambda: growth(copy_all) > STEEPEST)


def kept_per_plan(judge: Callable[[str], object]) -> float:
    """Bytes that each of many distinct plans leaves behind, once what is kept of the last ones is full."""
    texts = (f"(pick-up {'abc'[n % 3]}) (stack {'abc'[n % 3]} {'abc'[n // 3 % 3]}) (wrong-{n:06} a)" for n in count())

    def in_use_after(plans: int) -> int:
        for _ in range(plans):
            judge(next(texts))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = in_use_after(3 * PLANS)
        return (in_use_after(PLANS) - before) / PLANS
    finally:
        tracemalloc.stop()


def test_plans_leave_no_memory_behind(blocks):
    task = blocks.task
    assert kept_per_plan(lambda text: check_plan_text(task, text).first.failing_literals) < KEPT


def test_a_kept_verdict_would_be_seen(blocks):
    task, kept = blocks.task, []
    assert kept_per_plan(lambda text: kept.append(check_plan_text(task, text))) > KEPT


@pytest.mark.parametrize(
    ("plan", "kind", "literals"),
    [
        ("(unstack b a) (pick-up c)", FaultKind.PRECONDITION, ("(handempty)",)),
        ("(unstack b a) (stack b c)", FaultKind.GOAL, ("(on a b)",)),
        ("(unstack b a) (stack b c) (pick-up a) (stack a b)", None, ()),
    ],
)
def test_nothing_is_explained_before_somebody_asks(blocks, monkeypatch, plan, kind, literals):
    """A verdict makes neither sets of the state nor ground actions nor texts on what is true."""
    task = blocks.task
    work: list[str] = []

    def note(owner: object, name: str) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *words: (work.append(name), original(*words))[1])

    for owner, name in ((Masks, "decode"), (Grounder, "ground"), (evidence, "facts_about"), (evidence, "explain")):
        note(owner, name)
    verdict = check_plan(task, read_plan(plan))
    fault = verdict.first
    assert (fault and fault.kind) is kind
    assert (fault.failing_literals if fault else ()) == literals
    assert work == []
    if fault is not None:
        assert fault.found and fault.tree
        assert set(work) == {"decode", "facts_about", "explain"}
    assert len(list(verdict.steps)) == len(verdict.steps) and "ground" in work


def test_a_plan_longer_than_val_takes_is_judged(blocks):
    """VAL refuses more than 9,995 steps."""
    task: Task = blocks.task
    solved = "(unstack b a) (stack b c) (pick-up a) (stack a b)"
    verdict = check_plan_text(task, UP_AND_DOWN * 6_000 + solved)
    assert (verdict.outcome, verdict.plan_length) == (Outcome.VALID, 12_004)
