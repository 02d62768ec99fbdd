"""Verdict -> what `Validate` prints.

Three pieces, as a run prints them: a header, a report a plan, a summary of all plans. For input that VAL reads
and judges the text is the binary's, byte for byte, blanks at line ends included. Where VAL would crash, go on
with half a plan or say nothing, its nearest words stand: `Bad plan description!`, with the plan among the failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from val_bridge.check import Fault, FaultKind, Outcome, Verdict
from val_bridge.dialect.advice import advice_lines, advice_tree, ground
from val_bridge.pddl import Domain, Plan, atom_text
from val_bridge.semantics import Step, Task

# Not from inside a number: a long duration would be tried at each of its digits.
_STAMP = re.compile(r"(?<![0-9.])([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*:\s*\Z")
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

    `plan` is the plan that was judged, None for a text that is no plan.
    """
    judged = Judged(name=name, plan=plan, verdict=verdict, times=times)
    manner = Manner(verbose=verbose, advice=advice)
    return header(task.domain, manner) + report(task, judged, manner) + summary([judged], manner)


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
    """What comes before the first plan: VAL checks the types of a domain that declares any."""
    if not manner.verbose or not domain.types:
        return ""
    return "".join(f"Type-checking {name}\n...action passes type checking.\n" for name in domain.actions)


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
            yield from _effects(task, step)
    if fault is None or fault.kind is FaultKind.GOAL:
        yield from _executed(verdict, manner)
    else:
        number = fault.step or 0
        if manner.verbose:
            yield from _next_happening(number, judged.times)
            yield "Plan failed because of unsatisfied precondition in:"
            yield fault.action or ""
        if manner.silent < 2:
            yield ""
        yield "failed" if manner.silent > 1 else "Plan failed to execute"
    if fault and manner.verbose and manner.advice:
        yield from _advice(task, verdict, fault, judged.times)


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


def _effects(task: Task, step: Step) -> Iterator[str]:
    """The effects in the order of the text, those that change nothing included; warnings first."""
    literals = list(ground(task, step.action, effect=True))
    adds = [literal.atom for literal in literals if literal.positive]
    deletes = [literal.atom for literal in literals if not literal.positive]
    owned: dict[tuple[str, ...], str] = {}
    for verb, atoms in (("adds", adds), ("deletes", deletes)):
        for atom in atoms:
            earlier = owned.setdefault(atom, "")
            if earlier == verb:
                yield f"WARNING: {step.action} {verb} the literal {atom_text(atom)} twice"
            elif earlier:
                yield f"WARNING: {step.action} adds and deletes the literal {atom_text(atom)}"
            else:
                owned[atom] = verb
    yield from (f"Deleting {atom_text(atom)}" for atom in deletes)
    yield from (f"Adding {atom_text(atom)}" for atom in adds)


def _executed(verdict: Verdict, manner: Manner) -> Iterator[str]:
    if not manner.silent:
        yield "Plan executed successfully - checking goal"
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
    tree = advice_tree(task, verdict)
    if tree:
        yield from advice_lines(tree)


def _value(verdict: Verdict) -> str:
    return f"{verdict.plan_length:.10g}"


def summary(plans: Iterable[Judged], manner: Manner) -> str:
    """What comes after the last plan: the valid ones by value, the failed, those that could not be judged."""
    by_value: dict[int, list[str]] = {}
    failed: list[str] = []
    queries: list[str] = []
    for judged in plans:
        if judged.verdict is not None and judged.valid:
            line = f"{judged.name} {_value(judged.verdict)} \n"
            by_value.setdefault(judged.verdict.plan_length, []).append(line)
        else:
            (queries if judged.failure else failed).append(f"{judged.name} ")
    text = ""
    if by_value and not manner.silent:
        # Without a metric VAL lists the longest plans first.
        values = sorted(by_value, reverse=True)
        lists = "".join(f"\nValue: {value}\n {''.join(by_value[value])}" for value in values)
        text = f"\nSuccessful plans:{lists}\n"
    for title, names in (("Failed plans", failed), ("Queries (validator failed)", queries)):
        if names and manner.silent < 2:
            text += f"\n\n{title}:\n {''.join(names)}\n"
    return text
