"""Verdicts -> answers: what we say of a plan in the terms that VAL has, and where two answers differ."""

from __future__ import annotations

from val_bridge.check import FaultKind, Outcome, Verdict
from val_bridge.dialect.advice import advice_on
from val_bridge.dialect.reading import Answer, Said, read_advice


def our_answer(verdict: Verdict) -> Answer:
    """A verdict in the terms that VAL has."""
    fault = verdict.first
    if verdict.outcome is Outcome.VALID or fault is None:
        return Answer(said=Said.VALID)
    if fault.kind is FaultKind.NUMERIC_UNDEFINED:
        return Answer(said=Said.FAILED, words=str(fault))
    if fault.kind not in (FaultKind.PRECONDITION, FaultKind.GOAL, FaultKind.NUMERIC_CONFLICT):
        return Answer(said=Said.REFUSED, words=str(fault))
    advice = advice_on(fault.evidence.task, verdict) if fault.evidence else []
    return Answer(said=Said.INVALID, step=fault.step, literals=read_advice(advice), words=fault.kind.value)


def differ(ours: Answer, theirs: Answer) -> str:
    """What two answers differ in: "verdict", "failing step", "failing literals" or ""."""
    if ours.said is not theirs.said:
        return "verdict"
    if ours.step != theirs.step:
        return "failing step"
    return "" if ours.literals == theirs.literals else "failing literals"
