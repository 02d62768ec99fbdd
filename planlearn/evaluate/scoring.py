"""One answer against its task: what was asked, what came back, what the checker says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from typing import Any

from planlearn.chains import Answer
from val_bridge import FaultKind, Outcome, Task, Verdict, check_chain, check_plan


class Result(StrEnum):
    """What became of an answer. Four things that are never merged: a failing checker is not a wrong plan."""

    VALID = "valid"
    INVALID = "invalid"
    UNREADABLE = "unreadable"
    CHECKER_ERROR = "checker_error"


class Cause(StrEnum):
    """The paper's error classes (PDDL-Instruct, arXiv 2509.13351); OTHER is what they leave out, e.g. unknown
    names.

    An invalid answer has one cause, its earliest fault in chain and plan. Effect and frame errors live in the
    states that the chain claims, so an answer without a chain never has them.
    """

    PRECONDITION = "precondition"
    EFFECT = "effect"
    FRAME = "frame"
    GOAL = "goal"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was asked and answered; nothing in it depends on the judge.

    size: the size tier as text, e.g. "5 blocks". reference_length: steps of the reference plan, None where
    there is none. stop: why generation stopped, e.g. "end" or "length". prompt_tokens, tokens: read and
    written. seconds: wall time of the answer, an equal share of its batch.
    """

    domain: str
    arm: str
    id: str
    size: str
    prompt: str
    answer: str
    stop: str
    prompt_tokens: int
    tokens: int
    seconds: float
    reference_length: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.domain, self.arm, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord:
    """A sample and its judgement, all of it JSON values; one row of samples.jsonl.

    problem: why the plan is unreadable or the checker failed; "" otherwise. plan: the calls as read, None if
    unreadable. executed: how many leading steps could be executed. goal_reached: whether every goal holds
    where they end. faults: the checker's own records (`Fault.to_dict`), chain_faults those of the chain, None
    without a chain. chain_faithful: every claim of the chain is true and every line of it was read; None
    without a chain. chain_agrees: chain and plan name the same actions; None unless there are both.
    """

    sample: Sample
    outcome: Result
    problem: str = ""
    plan: tuple[str, ...] | None = None
    executed: int | None = None
    goal_reached: bool | None = None
    cause: Cause | None = None
    faults: tuple[dict[str, Any], ...] = ()
    chain_faults: tuple[dict[str, Any], ...] | None = None
    chain_faithful: bool | None = None
    chain_agrees: bool | None = None

    @property
    def plan_length(self) -> int | None:
        return None if self.plan is None else len(self.plan)

    def to_row(self) -> dict[str, Any]:
        """Flat JSON values: the sample's fields, then the judgement's."""
        judged = {name: _json(getattr(self, name)) for name in _JUDGED}
        return {name: getattr(self.sample, name) for name in _ASKED} | judged

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> SampleRecord:
        """The record of `to_row`. Raises KeyError for a missing field, ValueError for an unknown outcome or
        cause."""
        judged = {name: row[name] for name in _JUDGED}
        for name in ("plan", "faults", "chain_faults"):
            judged[name] = None if judged[name] is None else tuple(judged[name])
        judged["outcome"] = Result(judged["outcome"])
        judged["cause"] = None if judged["cause"] is None else Cause(judged["cause"])
        return cls(sample=Sample(**{name: row[name] for name in _ASKED}), **judged)


_ASKED = tuple(field.name for field in fields(Sample))
_JUDGED = tuple(field.name for field in fields(SampleRecord) if field.name != "sample")


def _json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def score(task: Task, answer: Answer, sample: Sample) -> SampleRecord:
    """Judge a read answer. Never raises because of what a model wrote: a checker that fails is an outcome of
    its own.

    The plan decides the outcome alone; the chain is judged beside it.
    """
    try:
        return _judge(task, answer, sample)
    except Exception as error:  # The run goes on; the count of these stands in results.json.
        problem = f"{type(error).__name__}: {error}"
        return SampleRecord(sample=sample, outcome=Result.CHECKER_ERROR, problem=problem)


def _judge(task: Task, answer: Answer, sample: Sample) -> SampleRecord:
    judged: dict[str, Any] = {}
    chain = None
    if answer.chain is not None:
        chain = check_chain(task, answer.chain)
        about_claims = [f for f in chain.faults if f.kind not in (FaultKind.GOAL, FaultKind.PLAN_MISMATCH)]
        judged["chain_faults"] = tuple(fault.to_dict() for fault in chain.faults)
        judged["chain_faithful"] = not about_claims and not answer.unread
    if answer.plan is None:
        return SampleRecord(sample=sample, outcome=Result.UNREADABLE, problem=answer.problem, **judged)
    if answer.chain is not None:
        calls = tuple(claim.call for claim in answer.chain.claims)
        # A plan given up at its first inapplicable call is compared as far as it was written.
        written = calls[: len(answer.plan.calls)] if sample.stop == "hopeless" else calls
        judged["chain_agrees"] = written == answer.plan.calls
    verdict = check_plan(task, answer.plan)
    end = verdict.steps[-1].after if verdict.steps else task.initial
    outcome = {
        Outcome.VALID: Result.VALID,
        Outcome.INVALID: Result.INVALID,
        Outcome.UNREADABLE: Result.UNREADABLE,
    }
    return SampleRecord(
        sample=sample,
        outcome=outcome[verdict.outcome],
        plan=tuple(map(str, answer.plan.calls)),
        executed=len(verdict.steps),
        goal_reached=not task.unmet_goals(end),
        cause=_cause(verdict, chain) if verdict.outcome is Outcome.INVALID else None,
        faults=tuple(fault.to_dict() for fault in verdict.faults),
        **judged,
    )


_EFFECT = frozenset({"missing_add", "missing_delete"})
_FRAME = frozenset({"frame_gained", "frame_lost"})


def _cause(plan: Verdict, chain: Verdict | None) -> Cause:
    """The earliest fault: by step, then precondition before effect before frame, as a step is carried out."""
    return min(_causes(plan, chain))[-1]


def _causes(plan: Verdict, chain: Verdict | None) -> Iterator[tuple[float, int, Cause]]:
    ranks = {cause: rank for rank, cause in enumerate(Cause)}
    first = plan.faults[0]
    cause = {FaultKind.PRECONDITION: Cause.PRECONDITION, FaultKind.GOAL: Cause.GOAL}.get(
        first.kind, Cause.OTHER
    )
    yield float("inf") if first.step is None else first.step, ranks[cause], cause
    for fault in chain.faults if chain is not None else ():
        if fault.kind is FaultKind.TRANSITION and fault.step is not None:
            kinds = {violation.kind for violation in fault.violations}
            for cause, signs in ((Cause.EFFECT, _EFFECT), (Cause.FRAME, _FRAME)):
                if kinds & signs:
                    yield fault.step, ranks[cause], cause
