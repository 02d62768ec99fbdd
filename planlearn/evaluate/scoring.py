"""One answer against its task: what was asked, what came back, what the checker says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum, StrEnum
from typing import Any

from planlearn.chains import Answer, find_plan, read_answer
from val_bridge import FaultKind, Outcome, ParsedChain, Task, Verdict, check_chain, check_plan


class Result(StrEnum):
    """What became of an answer. Things that are never merged: a failing checker is not a wrong plan.

    UNSOLVABLE: the answer says that there is no plan. That is right of some problems and a false alarm of others.
    """

    VALID = "valid"
    INVALID = "invalid"
    UNREADABLE = "unreadable"
    UNSOLVABLE = "unsolvable"
    CHECKER_ERROR = "checker_error"


NO_PLAN_REASON = "there is no plan in the answer"


class Reader(StrEnum):
    """How an answer is read: STRICT takes our own format alone, LENIENT finds the plan in any text."""

    STRICT = "strict"
    LENIENT = "lenient"

    def read(self, task: Task, text: str) -> Answer:
        """What an answer asserts. Never raises because of what a model wrote."""
        if self is Reader.STRICT:
            return read_answer(text, task)
        found = find_plan(text, task)
        problem = str(found.error) if found.error is not None else NO_PLAN_REASON if found.no_plan and not found.unsolvable else ""
        return Answer(plan=found.plan, chain=None, problem=problem, unread=(), unsolvable=found.unsolvable)


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


Key = tuple[str, str, str, int]
"""(domain, arm, id of the problem, attempt)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was asked and answered; nothing in it depends on the judge.

    arm: how the problem was asked, see `planlearn.evaluate.arms`. attempt: from 1, for arms with several answers a problem. size: the size
    tier as text, e.g. "5 blocks". reference_length: steps of the reference plan, None where there is none. stop: why generation stopped,
    e.g. "end" or "length". prompt_tokens, tokens: read and written. seconds: wall time of the answer, an equal share of its batch. cost:
    None where no price is known. reader: how the answer is read. domain_pddl, problem_pddl: the task, so that the answer can be scored
    again; "" in rows of former releases. solvable: False where no plan exists.
    """

    domain: str
    arm: str
    id: str
    attempt: int = 1
    size: str
    prompt: str
    answer: str
    stop: str
    prompt_tokens: int
    tokens: int
    seconds: float
    cost: float | None = None
    reference_length: int | None = None
    reader: Reader = Reader.STRICT
    solvable: bool = True
    domain_pddl: str = ""
    problem_pddl: str = ""

    @property
    def key(self) -> Key:
        return self.domain, self.arm, self.id, self.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord:
    """A sample and its judgement, all of it JSON values; one row of samples.jsonl.

    problem: why the plan is unreadable or the checker failed; "" otherwise. plan: the calls as read, None if
    unreadable. executed: how many leading steps could be executed. goal_reached: whether every goal holds
    where they end. faults: the checker's own records (`Fault.to_dict`), chain_faults those of the chain, None
    without a chain. chain_faithful: every claim of the chain is true and every line of it was read; None
    without a chain. chain_agrees: chain and plan name the same actions; None unless there are both. states, states_right: states
    that the chain says its steps lead to, and those of them that follow from the state before; 0 without a chain.
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
    states: int = 0
    states_right: int = 0

    @property
    def plan_length(self) -> int | None:
        return None if self.plan is None else len(self.plan)

    def to_row(self) -> dict[str, Any]:
        """Flat JSON values: the sample's fields, then the judgement's."""
        asked = {name: _json(getattr(self.sample, name)) for name in _ASKED}
        return asked | {name: _json(getattr(self, name)) for name in _JUDGED}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> SampleRecord:
        """The record of `to_row`; fields that rows of former releases lack have their defaults. Raises KeyError for another missing field,
        ValueError for an unknown outcome, cause or reader."""
        asked, judged = ({name: row.get(name, default) if default is not MISSING else row[name] for name, default in names.items()} for names in (_ASKED, _JUDGED))
        for name in ("plan", "faults", "chain_faults"):
            judged[name] = None if judged[name] is None else tuple(judged[name])
        judged["outcome"] = Result(judged["outcome"])
        judged["cause"] = None if judged["cause"] is None else Cause(judged["cause"])
        asked["reader"] = Reader(asked["reader"])
        return cls(sample=Sample(**asked), **judged)


_ASKED = {field.name: field.default for field in fields(Sample)}
_JUDGED = {field.name: field.default for field in fields(SampleRecord) if field.name != "sample"}


def _json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def score(task: Task, sample: Sample) -> SampleRecord:
    """Read an answer by its sample's reader and judge it. Never raises because of what a model wrote: a checker that fails is an outcome of
    its own.

    The plan decides the outcome alone; the chain is judged beside it.
    """
    try:
        return _judge(task, sample.reader.read(task, sample.answer), sample)
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
        judged["states"], judged["states_right"] = _states(answer.chain, chain)
    if answer.unsolvable:
        return SampleRecord(sample=sample, outcome=Result.UNSOLVABLE, **judged)
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


_CALL = frozenset({FaultKind.UNKNOWN_ACTION, FaultKind.WRONG_ARITY, FaultKind.UNKNOWN_OBJECT, FaultKind.WRONG_TYPE})


def _states(chain: ParsedChain, verdict: Verdict) -> tuple[int, int]:
    """How many states the steps of a chain lead to by what it says, in full or as changes, and how many of them are right.

    A step's state is right if it is what the action makes of the state before it, as claimed; behind a call of no action none is.
    """
    said = {number for number, claim in enumerate(chain.claims, 1) if claim.after is not None or claim.add is not None or claim.delete is not None}
    wrong: set[int] = set()
    for fault in verdict.faults:
        if fault.step is None:
            continue
        if fault.kind in _CALL and chain.claims[fault.step - 1].after is None:
            wrong.update(range(fault.step, len(chain.claims) + 1))  # no later step has a state to start from
        elif fault.kind in (FaultKind.TRANSITION, FaultKind.STATE_FACT) or fault.kind in _CALL:
            wrong.add(fault.step)
    return len(said), len(said - wrong)


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
