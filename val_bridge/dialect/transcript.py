"""Verdict -> what `Validate` prints.

Three pieces, as a run prints them: a header, a report a plan, a summary of all plans. For input that VAL reads
and judges the text is the binary's, byte for byte, blanks at line ends included. Where VAL would crash, go on
with half a plan or say nothing, its nearest words stand: `Bad plan description!`, with the plan among the failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

from val_bridge.check import Fault, FaultKind, Outcome, Verdict
from val_bridge.dialect.advice import advice_on
from val_bridge.dialect.effects import effects_of
from val_bridge.dialect.numbers import inexact, long_number
from val_bridge.pddl import Domain, Plan
from val_bridge.pddl.collecting import uncollected
from val_bridge.semantics import State, Task, Values

# Not from inside a number: a long duration would be tried at each of its digits.
_STAMP = re.compile(r"(?<![0-9.])([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*:\s*\Z")
_EXECUTED = "Plan executed successfully - checking goal"
_COMMENT = re.compile(r";[^\n]*")
_UNBOUND = frozenset(
    (FaultKind.UNKNOWN_ACTION, FaultKind.WRONG_ARITY, FaultKind.UNKNOWN_OBJECT, FaultKind.WRONG_TYPE)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How much is said. `silent`: 0 all, 1 errors alone (`-s`), 2 a value or `failed` a plan (`-S`)."""

    verbose: bool = False
    advice: bool = True
    silent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A plan and what was found out about it.

    `plan` is None if the text is no plan. `verdict` is None if there was no text, or if the checker itself
    failed, for the reason in `failure`. `times` are the plan's time stamps, one a call, or ().
    """

    name: str
    plan: Plan | None = None
    verdict: Verdict | None = None
    failure: str = ""
    times: Sequence[float] = ()

    @property
    def valid(self) -> bool:
        return self.verdict is not None and self.verdict.outcome is Outcome.VALID

    @property
    def queried(self) -> bool:
        """Whether VAL would not judge it but fail."""
        if self.verdict is None or self.verdict.first is None:
            return bool(self.failure)
        return self.verdict.first.kind is FaultKind.NUMERIC_UNDEFINED


@uncollected
def transcript(
    task: Task,
    plan: Plan | None,
    verdict: Verdict,
    name: str = "plan",
    *,
    verbose: bool = False,
    advice: bool = True,
    times: Sequence[float] = (),
) -> str:
    """What `Validate` prints on one plan; `verbose` is its `-v`, `advice=False` its `-a`.

    `plan` is the plan that was judged, None for a text that is no plan; `task` the task in which it was judged: with
    a tolerance for numbers `task.tolerant(tolerance)`.
    """
    judged = Judged(name=name, plan=plan, verdict=verdict, times=times)
    manner = Manner(verbose=verbose, advice=advice)
    return header(task.domain, manner) + report(task, judged, manner) + summary(task, [judged], manner)


def verdict_text(
    task: Task, plan: Plan | None, verdict: Verdict, *, style: Literal["sentence", "val"] = "sentence", verbose: bool = False
) -> str:
    """A verdict in words: one sentence, or with style "val" what `Validate` prints (see `transcript`).

    Raises ValueError for another style.
    """
    match style:
        case "sentence":
            return str(verdict)
        case "val":
            return transcript(task, plan, verdict, verbose=verbose)
        case _:
            raise ValueError(f"style: expected 'sentence' or 'val', found {style!r}")


def plan_times(text: str, plan: Plan) -> tuple[float, ...]:
    """The time stamps in a plan's text, one a call; () if it has none."""
    times: list[float] = []
    end = 0
    for call in plan.calls:
        if call.span is None:
            return ()
        stamp = _STAMP.search(_COMMENT.sub("", text[end : call.span.start]))
        if stamp is None:
            return ()
        times.append(float(stamp[1]))
        end = call.span.end
    return tuple(times)


def header(domain: Domain, manner: Manner) -> str:
    """What comes before the first plan: VAL checks the types of a domain that declares any, then its axioms."""
    if not manner.verbose:
        return ""
    text = ""
    if domain.types:
        text += "".join(f"Type-checking {name}\n...action passes type checking.\n" for name in domain.actions)
        text += "".join(f"Type-checking derivation rule for {axiom.predicate}\n" for axiom in domain.axioms)
    if domain.axioms:
        # VAL means to list strata, and finds one.
        text += f"Stratification\nStrata 1: {', '.join(dict.fromkeys(axiom.predicate for axiom in domain.axioms))}\n\n"
    return text


def report(task: Task, judged: Judged, manner: Manner) -> str:
    """What is printed on one plan."""
    return "".join(f"{line}\n" for line in _report(task, judged, manner))


def _report(task: Task, judged: Judged, manner: Manner) -> Iterator[str]:
    verdict, plan = judged.verdict, judged.plan
    if not manner.silent:
        yield f"Checking plan: {judged.name}"
    if verdict is None:
        if judged.failure:
            if manner.silent < 2:
                yield "Error occurred in validation attempt:"
                yield f"  {judged.failure}"
        else:
            yield "Bad plan file!"
        return
    fault = verdict.first
    if plan is None or (fault and fault.kind in _UNBOUND | {FaultKind.PLAN_SYNTAX}):
        if fault and manner.verbose:
            yield from _unbound(task, fault)
        yield "failed" if manner.silent > 1 else "Bad plan description!"
        return
    if manner.verbose:
        yield from _listing(plan, judged.times)
        for number, step in enumerate(verdict.steps, 1):
            yield from _next_happening(number, judged.times)
            effects = effects_of(task, step.action, step.before, step.values_before)
            yield from effects.lines(step.values_before)
        if fault and fault.step is not None:
            yield from _next_happening(fault.step, judged.times)
    if fault and fault.kind is FaultKind.NUMERIC_UNDEFINED:
        yield from _undefined(fault, manner)
        return
    if fault is None or fault.kind is FaultKind.GOAL:
        yield from _executed(task, verdict, manner)
    elif fault.kind is FaultKind.NUMERIC_CONFLICT:
        yield from _conflict(task, verdict, fault, manner)
        return
    else:
        if manner.verbose:
            yield "Plan failed because of unsatisfied precondition in:"
            yield fault.action or ""
        yield from _stopped(manner)
    if fault and manner.verbose and manner.advice:
        yield from _advice(task, verdict, fault, judged.times)


def _stopped(manner: Manner) -> Iterator[str]:
    if manner.silent < 2:
        yield ""
    yield "failed" if manner.silent > 1 else "Plan failed to execute"


def _undefined(fault: Fault, manner: Manner) -> Iterator[str]:
    """VAL says no more of a number that it needs and that has no value, and lists the plan among the queries."""
    if fault.step is None and not manner.silent:
        yield _EXECUTED
    if manner.silent < 2:
        yield "Error occurred in validation attempt:"
        yield "  Attempt to access undefined numeric expression!"


def _conflict(task: Task, verdict: Verdict, fault: Fault, manner: Manner) -> Iterator[str]:
    """The first of two effects that disagree about a number; there is no advice on it."""
    if manner.verbose:
        name, *arguments = (fault.action or "").strip("()").split()
        state, values = _reached(task, verdict)
        effects = effects_of(task, task.action(name, tuple(arguments)), state, values)
        yield from effects.violation_lines()
        if effects.conditional:
            # VAL ends this line where it should begin the next.
            yield f"Violation in conditional effect in {fault.action}"
            if manner.silent < 2:
                yield "Plan failed to execute"
                return
    yield from _stopped(manner)


def _reached(task: Task, verdict: Verdict) -> tuple[State, Values]:
    if not len(verdict.steps):
        return task.initial, task.values
    last = verdict.steps[-1]
    return last.after, last.values_after


def _unbound(task: Task, fault: Fault) -> Iterator[str]:
    """What `-v` says of a call that names no action. VAL's process ends after the second and third of these."""
    match fault.kind:
        case FaultKind.WRONG_TYPE | FaultKind.WRONG_ARITY:
            yield f"Type problem in action {fault.action}"
        case FaultKind.UNKNOWN_OBJECT:
            yield f"Object with unknown type: {fault.found}"
        case FaultKind.UNKNOWN_ACTION if not task.domain.types:
            yield f"No matching action defined for {fault.found}"


def _time(number: int, times: Sequence[float]) -> str:
    return f"{times[number - 1]:.10g}" if times else str(number)


def _listing(plan: Plan, times: Sequence[float]) -> Iterator[str]:
    yield "Plan to validate:"
    yield ""
    yield f"Plan size: {len(plan.calls)}"
    for number, call in enumerate(plan.calls, 1):
        yield f"{_time(number, times)}:"
        yield str(call)
        yield " "
    yield ""
    if plan.calls:
        yield "Plan Validation details"
        yield "-----------------------"


def _next_happening(number: int, times: Sequence[float]) -> Iterator[str]:
    yield ""
    yield f"Checking next happening (time {_time(number, times)})"


def _executed(task: Task, verdict: Verdict, manner: Manner) -> Iterator[str]:
    if not manner.silent:
        yield _EXECUTED
    if verdict.outcome is Outcome.VALID:
        if not manner.silent:
            yield "Plan valid"
            yield f"Final value: {_value(verdict)} "
        elif manner.silent > 1:
            yield f"{_value(verdict)} "
    elif manner.silent > 1:
        yield "failed"
    else:
        yield "Goal not satisfied"
        yield "Plan invalid"


def _advice(task: Task, verdict: Verdict, fault: Fault, times: Sequence[float]) -> Iterator[str]:
    yield ""
    yield "Plan Repair Advice:"
    yield ""
    if fault.kind is FaultKind.GOAL:
        yield "The goal is not satisfied"
    else:
        yield f"{fault.action} has an unsatisfied precondition at time {_time(fault.step or 0, times)}"
    yield from advice_on(task, verdict)


def _number(verdict: Verdict) -> float:
    """The value of the metric; not a number where it has none."""
    return float("nan") if verdict.metric is None else inexact(verdict.metric)


def _value(verdict: Verdict) -> str:
    return long_number(_number(verdict))


def summary(task: Task, plans: Iterable[Judged], manner: Manner) -> str:
    """What comes after the last plan: the valid ones by value, the failed, those that could not be judged."""
    valid: list[tuple[float, str]] = []
    failed: list[str] = []
    queries: list[str] = []
    for judged in plans:
        if judged.verdict is not None and judged.valid:
            valid.append((_number(judged.verdict), f"{judged.name} {_value(judged.verdict)} \n"))
        else:
            (queries if judged.queried else failed).append(f"{judged.name} ")
    text = ""
    if valid and not manner.silent:
        # Unless a metric is minimized VAL lists the greatest values first.
        metric = task.problem.metric
        valid.sort(key=itemgetter(0), reverse=not (metric and metric.minimize))
        text = "\nSuccessful plans:"
        for value, group in groupby(valid, key=itemgetter(0)):
            text += f"\nValue: {long_number(value)}\n {''.join(line for _, line in group)}"
        text += "\n"
    for title, names in (("Failed plans", failed), ("Queries (validator failed)", queries)):
        if names and manner.silent < 2:
            text += f"\n\n{title}:\n {''.join(names)}\n"
    return text
