"""A blind walk and a planner, as arms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.errors import EngineError
from planlearn.evaluate import ClassicalPlanner, RandomWalk, Result, Stop
from planlearn.evaluate.controls import UNKNOWN_LIMIT
from planlearn.evaluate.measure import _sample
from planlearn.evaluate.scoring import score
from planlearn.problems import get_generator, stream
from tests.evaluate.asking import problem
from val_bridge import Outcome, Plan, Call, check_plan


@given(st.sampled_from(["blocksworld", "logistics", "mystery_blocksworld"]), st.integers(0, 10**6), st.integers(0, 12))
def test_every_step_of_a_walk_is_applicable(domain: str, seed: int, limit: int) -> None:
    """Law: a walk has at most its limit of steps, all applicable; it is shorter only where the goal holds (or nothing is applicable)."""
    task = get_generator(domain).generate(stream("walk", domain, seed)).task()
    calls = RandomWalk(limit=limit, seed=seed).walk(task, domain, "p")
    verdict = check_plan(task, Plan(calls=tuple(Call(name=name, arguments=tuple(arguments)) for name, *arguments in calls)))
    assert len(verdict.steps) == len(calls) <= limit
    assert verdict.outcome is Outcome.VALID or len(calls) == limit


def test_a_walk_is_the_same_for_a_seed_and_another_for_another() -> None:
    task = get_generator("blocksworld").generate(stream("walk", 1)).task()
    walks = [RandomWalk(limit=20, seed=seed).walk(task, "blocksworld", name) for seed, name in ((0, "p"), (0, "p"), (1, "p"), (0, "q"))]
    assert walks[0] == walks[1] and walks[0] != walks[2] and walks[0] != walks[3]


def test_the_limit_is_twice_the_longest_reference_plan() -> None:
    assert RandomWalk.for_problems([problem(0), problem(2)]).limit == 8
    assert RandomWalk.for_problems([problem(0, solvable=False)]).limit == UNKNOWN_LIMIT


@pytest.mark.parametrize("solvable", [True, False])
def test_the_planner_is_right_of_both_kinds_of_problem(solvable: bool) -> None:
    arm, one = ClassicalPlanner(), problem(2, solvable=solvable)
    (turn,) = arm.turns(one, ())
    (completion,) = arm.complete([turn])
    record = score(one.task, _sample(arm, turn, completion))
    assert record.outcome is (Result.VALID if solvable else Result.UNSOLVABLE)
    assert completion.seconds > 0 and not arm.turns(one, [record])


def test_an_engine_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def engine(domain: str, problem: str, *, engine: str, seconds: float) -> Plan:
        asked.append(engine)
        return Plan(calls=(Call(name="pick-up", arguments=("a",)),))

    monkeypatch.setattr("planlearn.evaluate.controls.engine_plan", engine)
    arm, one = ClassicalPlanner(engine="pyperplan"), problem(2)
    (completion,) = arm.complete(arm.turns(one, ()))
    assert asked == ["pyperplan"] and completion.text == "Plan:\npick-up a\n" and arm.says == "classical planner: pyperplan"


def test_a_planner_that_runs_out_of_time_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a wrong plan nor a proof that there is none."""

    def slow(*_: object, **__: object) -> None:
        raise EngineError("stopped after 60 s")

    monkeypatch.setattr("planlearn.evaluate.controls.reference_plan", slow)
    arm, one = ClassicalPlanner(), problem(2)
    (completion,) = arm.complete(arm.turns(one, ()))
    assert completion.stop is Stop.MISSING and "stopped after 60 s" in completion.reason
