"""One answer, one record."""

import json
from dataclasses import replace

import pytest

from planlearn.evaluate import Cause, Result, SampleRecord, score
from tests.evaluate.answers import (
    FRAME,
    GOAL_MISSED,
    INAPPLICABLE,
    NO_CHAIN,
    PICK_UP,
    PICK_UP_B,
    PLAN,
    STACK,
    TASK,
    UNREADABLE,
    VALID,
    WRONG_EFFECT,
    record,
    sample,
)

EVERY_ANSWER = [VALID, GOAL_MISSED, INAPPLICABLE, UNREADABLE, NO_CHAIN, WRONG_EFFECT, FRAME, "", "prose"]


def test_a_true_chain_with_its_plan() -> None:
    made = record(VALID)
    assert made.outcome is Result.VALID and made.cause is None and made.faults == ()
    assert made.plan == ("(pick-up a)", "(stack a b)") and made.executed == made.plan_length == 2
    assert made.goal_reached and made.chain_faithful and made.chain_agrees and made.chain_faults == ()


@pytest.mark.parametrize(
    ("text", "cause", "executed"),
    [(GOAL_MISSED, Cause.GOAL, 1), (INAPPLICABLE, Cause.PRECONDITION, 0), ("Plan:\nfly a\n", Cause.OTHER, 0)],
)
def test_an_invalid_plan_has_one_cause(text: str, cause: Cause, executed: int) -> None:
    made = record(text)
    assert (made.outcome, made.cause, made.executed, made.goal_reached) == (
        Result.INVALID,
        cause,
        executed,
        False,
    )
    assert len(made.faults) == 1


@pytest.mark.parametrize(
    ("claimed", "cause"),
    [
        ("pick-up a takes clear a, ontable a gives holding a\n", Cause.EFFECT),
        ("pick-up a takes clear a, handempty, ontable a gives holding a, on a b\n", Cause.FRAME),
    ],
)
def test_a_wrong_state_before_the_failing_step_is_the_cause(claimed: str, cause: Cause) -> None:
    """The plan fails at step 2; what went wrong first is the claim of step 1."""
    made = record(f"{claimed}{PICK_UP_B}Plan:\npick-up a\npick-up b\n")
    assert made.outcome is Result.INVALID and made.cause is cause
    assert made.faults[0]["kind"] == "precondition" and made.faults[0]["step"] == 2


def test_a_wrong_state_behind_the_failing_step_is_not_the_cause() -> None:
    made = record("stack a b\n" + PICK_UP_B.replace("holding b", "on b a") + "Plan:\nstack a b\npick-up b\n")
    assert made.cause is Cause.PRECONDITION
    assert "transition" in [fault["kind"] for fault in made.chain_faults or ()]


@pytest.mark.parametrize("text", [WRONG_EFFECT, FRAME])
def test_a_valid_plan_under_a_false_chain_is_valid_and_unfaithful(text: str) -> None:
    made = record(text)
    assert (
        made.outcome is Result.VALID
        and made.cause is None
        and made.chain_faithful is False
        and made.chain_faults
    )


def test_an_unread_line_makes_the_chain_unfaithful() -> None:
    """A line that nobody can read asserts something; it is not skipped in the model's favour."""
    made = record(PICK_UP + "goals on a b, not\n" + STACK + PLAN)
    assert made.outcome is Result.VALID and made.chain_faithful is False


def test_a_missed_goal_alone_keeps_the_chain_faithful() -> None:
    made = record(GOAL_MISSED)
    assert made.chain_faithful and [fault["kind"] for fault in made.chain_faults or ()] == ["goal"]


def test_chain_and_plan_that_differ() -> None:
    made = record(PICK_UP + STACK + "Plan:\npick-up a\n")
    assert made.chain_agrees is False and made.chain_faithful and made.outcome is Result.INVALID


def test_unreadable_is_not_invalid() -> None:
    made = record(UNREADABLE)
    assert (
        made.outcome is Result.UNREADABLE
        and made.plan is None
        and made.executed is None
        and made.cause is None
    )
    assert made.problem.startswith("line 4: ") and made.chain_faithful and made.chain_agrees is None


def test_without_a_chain_nothing_is_said_of_one() -> None:
    made = record(NO_CHAIN)
    assert made.outcome is Result.VALID
    assert made.chain_faults is made.chain_faithful is made.chain_agrees is None


def test_a_failing_checker_is_an_outcome_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a crash of the run nor a wrong plan."""

    def broken(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("planlearn.evaluate.scoring.check_plan", broken)
    made = score(TASK, sample())
    assert (
        made.outcome is Result.CHECKER_ERROR
        and made.problem == "RecursionError: too deep"
        and made.faults == ()
    )


@pytest.mark.parametrize("text", EVERY_ANSWER)
def test_a_row_gives_its_record_back(text: str) -> None:
    """Law: from_row(json(to_row(record))) == record."""
    made = record(text)
    assert SampleRecord.from_row(json.loads(json.dumps(made.to_row()))) == made


@pytest.mark.parametrize("text", EVERY_ANSWER)
def test_a_stored_sample_can_be_judged_again(text: str) -> None:
    stored = record(text)
    assert score(TASK, stored.sample) == stored


def test_the_judgement_does_not_depend_on_the_sample() -> None:
    other = sample("p9", VALID, tokens=1, stop="length")
    assert replace(record(VALID), sample=other) == score(TASK, other)


def test_a_plan_that_was_given_up_is_compared_as_far_as_it_was_written() -> None:
    text = STACK + PICK_UP + "Plan:\nstack a b\n"
    assert record(text).chain_agrees is False
    assert record(text, stop="hopeless").chain_agrees is True
    assert record(PICK_UP + STACK + "Plan:\nstack a b\n", stop="hopeless").chain_agrees is False
