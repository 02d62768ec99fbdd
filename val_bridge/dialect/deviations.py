"""Where VAL is known to answer differently, as data: an id, a sentence, and how a case of it is recognised.

A case is recognised by what the plan and the answers show, never by the difference alone, so that a new
disagreement is not explained away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from val_bridge.check import FaultKind, Outcome, Verdict
from val_bridge.dialect.reading import Answer, Said
from val_bridge.dialect.transcript import plan_times
from val_bridge.pddl import Call, Plan
from val_bridge.semantics import BindError, Task

LONGEST = 9_995
"""Steps that VAL's parser can hold."""

SIMULTANEOUS = 0.01
"""Time stamps nearer than this are one moment to VAL, unless `-t` says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan on which the answers differ. `plan` is None if we cannot read it."""

    task: Task
    content: bytes
    plan: Plan | None
    verdict: Verdict
    ours: Answer
    theirs: Answer

    @property
    def kind(self) -> FaultKind | None:
        return self.verdict.first.kind if self.verdict.first else None

    @property
    def judged(self) -> bool:
        """Whether VAL judged the plan, rightly or wrongly."""
        return self.theirs.said in (Said.VALID, Said.INVALID)

    def bind_error(self, call: Call) -> str:
        """Why a call names no action; "" if it does."""
        try:
            self.task.bind(call)
        except BindError as error:
            return error.kind
        return ""

    def surplus(self, call: Call) -> int:
        """How many arguments a call has too many; negative if it has too few."""
        schema = self.task.domain.actions.get(call.name)
        return len(call.arguments) - len(schema.parameters) if schema else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    id: str
    sentence: str
    recognise: Callable[[Case], bool]


def _calls(case: Case) -> tuple[Call, ...]:
    return case.plan.calls if case.plan else ()


def _surplus_arguments(case: Case) -> bool:
    if case.task.domain.types:
        return case.theirs.said is Said.CRASHED and any(case.surplus(call) > 0 for call in _calls(case))
    return case.judged and case.kind is FaultKind.WRONG_ARITY


def _missing_arguments(case: Case) -> bool:
    return case.theirs.said is Said.CRASHED and any(case.surplus(call) < 0 for call in _calls(case))


def _unknown_object(case: Case) -> bool:
    return case.judged and case.kind is FaultKind.UNKNOWN_OBJECT and not case.task.domain.types


def _later_call(case: Case) -> bool:
    refused = case.theirs.said is Said.REFUSED and case.kind is FaultKind.PRECONDITION
    return refused and any(case.bind_error(call) for call in _calls(case))


def _unreadable(case: Case) -> bool:
    return case.verdict.outcome is Outcome.UNREADABLE


def _out_of_order(case: Case) -> bool:
    # What the reader expects where stamps do not increase, or stand before some calls alone.
    fault = case.verdict.first
    return case.judged and _unreadable(case) and fault is not None and fault.expected.startswith("a time ")


def _simultaneous(case: Case) -> bool:
    times = plan_times(case.content.decode("utf-8-sig"), case.plan) if case.plan else ()
    return case.judged and any(later - sooner < SIMULTANEOUS for sooner, later in pairwise(times))


DEVIATIONS = (
    Deviation(
        id="prose_is_empty_plan",
        sentence="A text without any action is an empty plan to VAL, judged against the goal; to us it is unreadable.",
        recognise=lambda case: case.judged and _unreadable(case) and b"(" not in case.content,
    ),
    Deviation(
        id="times_out_of_order",
        sentence="VAL sorts the steps by their time stamps and gives one to those that have none; to us stamps that "
        "do not increase, or that some steps lack, are unreadable.",
        recognise=_out_of_order,
    ),
    Deviation(
        id="text_after_unreadable_dropped",
        sentence="VAL ignores everything after the first word that it cannot read, and drops characters that it does "
        "not know; to us such a plan is unreadable.",
        recognise=lambda case: case.judged and _unreadable(case),
    ),
    Deviation(
        id="crash_on_unreadable",
        sentence="VAL crashes on what it makes of some texts that are unreadable to us.",
        recognise=lambda case: case.theirs.said is Said.CRASHED and _unreadable(case),
    ),
    Deviation(
        id="simultaneous_steps",
        sentence="Steps whose time stamps are nearer than the tolerance, 0.01, may be simultaneous to VAL; to us "
        "stamps give the order alone.",
        recognise=_simultaneous,
    ),
    Deviation(
        id="surplus_arguments",
        sentence="In a domain without types VAL drops surplus arguments and judges the rest; with types it crashes.",
        recognise=_surplus_arguments,
    ),
    Deviation(
        id="missing_arguments",
        sentence="VAL crashes on a call with too few arguments, and says nothing.",
        recognise=_missing_arguments,
    ),
    Deviation(
        id="unknown_object_untyped",
        sentence="In a domain without types VAL takes an unknown object for one without facts, and judges the plan.",
        recognise=_unknown_object,
    ),
    Deviation(
        id="later_call_refused_first",
        sentence="VAL refuses a plan for a call that names no action before it executes anything; we report the "
        "earliest step that fails, in the order of the text.",
        recognise=_later_call,
    ),
    Deviation(
        id="long_plan_refused",
        sentence="VAL's parser holds 9,995 steps; it calls a longer plan a bad description.",
        recognise=lambda case: case.theirs.said is Said.REFUSED and len(_calls(case)) > LONGEST,
    ),
)
"""In the order in which they are tried; README.md has a row for each."""


def explain(case: Case) -> str:
    """The id of the deviation that a case shows, or ""."""
    return next((deviation.id for deviation in DEVIATIONS if deviation.recognise(case)), "")
