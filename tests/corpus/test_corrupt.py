"""Spoiled chains hold the planted mistake; corrupter and checker agree without knowing each other."""

import ast
import random
from collections import Counter
from dataclasses import replace

import pytest

from planlearn.chains import ChainStyle, answer_segments, claims_text, read_answer
from planlearn.corpus import corrupt
from planlearn.corpus.corrupt import IN_STATE_ALONE, METHODS, ErrorClass, Spoiled, spoil
from planlearn.corpus.judge import confirm
from tests.walks import NAMES, walk
from val_bridge import Chain, Outcome, ParsedChain, Plan, Task, check_chain, check_plan, execute

every_class = pytest.mark.parametrize("error", list(ErrorClass), ids=str)
every_domain = pytest.mark.parametrize("name", NAMES)


def spoils(
    name: str, error: ErrorClass, states: str, attempts: int
) -> list[tuple[Task, Chain, Spoiled | None]]:
    made = []
    for seed in range(attempts):
        task, chain = walk(name, seed, steps=2 + seed % 6)
        spoiled = spoil(task, chain, error, random.Random(seed), states=states)
        made.append((task, chain, spoiled))
    return made


def test_every_class_has_its_methods() -> None:
    assert set(METHODS) == set(ErrorClass)
    assert IN_STATE_ALONE < set(METHODS[ErrorClass.FRAME])


@every_domain
@every_class
@pytest.mark.parametrize("states", ["changes", "full"])
def test_the_checker_finds_what_was_planted(name: str, error: ErrorClass, states: str) -> None:
    """In nine of ten attempts at least; the first fault then stands at the planted step. Sees each method."""
    made = spoils(name, error, states, 30)
    confirmed = [(task, spoiled) for task, _, spoiled in made if spoiled and confirm(task, spoiled)]
    assert len(confirmed) >= 0.9 * len(made)
    for task, spoiled in confirmed:
        assert spoiled.error is error
        verdict = check_chain(task, spoiled.parsed)
        if error in (ErrorClass.PRECONDITION, ErrorClass.GOAL):
            assert verdict.first.step == check_plan(task, spoiled.parsed.plan).first.step == spoiled.step
        else:
            assert verdict.first.step == spoiled.step
    expected = set(METHODS[error]) - (set() if states == "full" else IN_STATE_ALONE)
    assert {spoiled.method for _, spoiled in confirmed} == expected


@every_domain
def test_effect_and_frame_errors_leave_the_plan_alone(name: str) -> None:
    """And spoil one claim alone: all others are what their action truly does."""
    for error in (ErrorClass.EFFECT, ErrorClass.FRAME):
        for task, chain, spoiled in spoils(name, error, "full", 12):
            assert spoiled.parsed.plan == chain.plan
            pairs = zip(spoiled.parsed.claims, chain.steps, strict=True)
            wrong = [
                number
                for number, (claim, step) in enumerate(pairs, start=1)
                if (claim.add, claim.delete) != (step.action.add, step.action.delete)
            ]
            assert wrong == ([] if spoiled.method in IN_STATE_ALONE else [spoiled.step])
            assert check_plan(task, spoiled.parsed.plan).outcome is Outcome.VALID


@every_domain
def test_a_plan_that_misses_the_goal_runs_to_its_end(name: str) -> None:
    for task, chain, spoiled in spoils(name, ErrorClass.GOAL, "changes", 12):
        assert spoiled.step is None and len(spoiled.parsed.plan) <= len(chain)
        execute(task, spoiled.parsed.plan.calls)


@every_domain
@every_class
def test_the_text_says_what_the_spoiled_chain_claims(name: str, error: ErrorClass) -> None:
    for states in ("changes", "full"):
        for task, _, spoiled in spoils(name, error, states, 8):
            text = claims_text(task, spoiled.parsed, ChainStyle(states=states))
            read = read_answer(text, task)
            assert read.unread == ()
            claims = read.chain.claims if read.chain else ()
            for said, meant in zip(claims, spoiled.parsed.claims, strict=True):
                assert said.goals in (None, meant.goals)
                assert said.after == (meant.after if states == "full" else None)
                said, meant = (replace(claim, after=None, goals=None) for claim in (said, meant))
                assert said == meant


@every_domain
@every_class
def test_the_same_stream_spoils_the_same_way(name: str, error: ErrorClass) -> None:
    first, second = (spoils(name, error, "full", 6) for _ in range(2))
    assert [spoiled for *_, spoiled in first] == [spoiled for *_, spoiled in second]


@every_class
def test_where_nothing_can_be_spoiled_there_is_no_result(error: ErrorClass) -> None:
    task, _ = walk("blocksworld", 0)
    assert spoil(task, Chain(), error, random.Random(0)) is None


def test_a_goal_that_cannot_be_missed_is_not() -> None:
    task, chain = walk("logistics", 0)
    task = Task(task.domain, replace(task.problem, goal=()))
    assert spoil(task, chain, ErrorClass.GOAL, random.Random(0)) is None


def test_a_plan_of_one_step_is_spoiled_too() -> None:
    """The empty plan misses the goal; there is nothing to swap, and no step needs a dropped one."""
    found = Counter()
    for seed in range(30):
        task, chain = walk("blocksworld", seed, steps=1)
        for error in ErrorClass:
            spoiled = spoil(task, chain, error, random.Random(seed))
            assert confirm(task, spoiled)
            found[spoiled.method] += 1
    assert found["stopped_early"] and not found["swapped_steps"] and not found["dropped_step"]


def test_the_corrupter_never_asks_the_checker() -> None:
    """Independent witnesses: it imports what actions do, and nothing that judges."""
    with open(corrupt.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    modules |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    assert {module for module in modules if module.split(".")[0] in ("val_bridge", "planlearn")} == {
        "val_bridge.semantics"
    }


class TestConfirmRefuses:
    """Every way in which a spoiled chain may not be what it says."""

    @pytest.fixture(params=list(ErrorClass), ids=str)
    def made(self, request: pytest.FixtureRequest) -> tuple[Task, Chain, Spoiled]:
        task, chain = walk("logistics", 3)
        spoiled = spoil(task, chain, request.param, random.Random(1))
        assert confirm(task, spoiled)
        return task, chain, spoiled

    def test_a_chain_that_is_right(self, made: tuple[Task, Chain, Spoiled]) -> None:
        task, chain, spoiled = made
        assert not confirm(task, replace(spoiled, parsed=true_claims(task, chain)))

    def test_another_plan(self, made: tuple[Task, Chain, Spoiled]) -> None:
        """Wrong claims about a plan that is wrong itself are not an effect or frame error alone."""
        task, chain, spoiled = made
        parsed = replace(spoiled.parsed, plan=Plan(calls=chain.plan.calls[::-1]))
        if spoiled.error not in (ErrorClass.PRECONDITION, ErrorClass.GOAL):
            assert check_chain(task, parsed).first.step == spoiled.step
        assert not confirm(task, replace(spoiled, parsed=parsed))

    def test_another_step(self, made: tuple[Task, Chain, Spoiled]) -> None:
        task, _, spoiled = made
        assert not confirm(task, replace(spoiled, step=(spoiled.step or 0) + 1))

    def test_another_atom(self, made: tuple[Task, Chain, Spoiled]) -> None:
        task, _, spoiled = made
        assert not confirm(task, replace(spoiled, atom=("at", "t0", "nowhere")))

    def test_another_class(self, made: tuple[Task, Chain, Spoiled]) -> None:
        task, _, spoiled = made
        for error in set(ErrorClass) - {spoiled.error}:
            assert not confirm(task, replace(spoiled, error=error))

    def test_swapped_steps_that_commute(self) -> None:
        """Two trucks: whichever drives first, both plans run and end alike."""
        task, chain = walk("logistics", 3)
        drives = [a for a in task.applicable_actions(task.initial) if a.name == "drive-truck"]
        first, second = (next(a for a in drives if a.arguments[0] == truck) for truck in ("t0", "t1"))
        task = Task(task.domain, replace(task.problem, goal=()))
        swapped = true_claims(task, execute(task, [second, first]))
        atom = min(second.precondition)
        for step in (1, 2):
            spoiled = Spoiled(
                error=ErrorClass.PRECONDITION, step=step, atom=atom, method="swapped_steps", parsed=swapped
            )  # fmt: skip
            assert not confirm(task, spoiled)


def true_claims(task: Task, chain: Chain) -> ParsedChain:
    text = "".join(segment.text for segment in answer_segments(task, chain, ChainStyle(states="full"))[1:])
    return read_answer(text, task).chain
