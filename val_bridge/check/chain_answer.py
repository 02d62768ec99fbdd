"""Verdict on a chain -> the JSON object that `check-chain` prints: the first failing step, each fact with its cause."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from val_bridge.check.faults import Fault, FaultKind, Outcome, Verdict, Violation
from val_bridge.pddl.syntax import Literal
from val_bridge.semantics.chain import Step
from val_bridge.semantics.task import Task

_LACKS_EFFECT = {"missing_add": True, "missing_delete": False}
_FRAME = ("frame_lost", "frame_gained")
_UNSATISFIED = ("unsatisfied", "unsatisfied_goal")


def chain_answer(task: Task, verdict: Verdict) -> dict[str, Any]:
    """For JSON. `failing_step` 0 is the first state; None where only the goal, or the whole text, is at fault.

    `violations`: all of the first failing step, each with its cause; `later`: the failing steps behind it.
    """
    steps = [_step_answer(task, verdict, list(faults)) for _, faults in groupby(verdict.faults, key=_place)]
    empty = {"failing_step": None, "error": None, "action": None, "message": str(verdict), "violations": []}
    return {
        "valid": verdict.outcome is Outcome.VALID,
        **(steps[0] if steps else empty),
        "later": steps[1:],
        "chain_length": verdict.plan_length,
        "executed": len(verdict.steps),
        "unmet_goals": sorted(str(Literal(atom=atom)) for atom in verdict.unmet_goals),
    }


def _place(fault: Fault) -> tuple[int | None, bool]:
    # The plan section is judged behind the chain, and counts its steps anew.
    return fault.step, fault.kind is FaultKind.PLAN_MISMATCH


def _step_answer(task: Task, verdict: Verdict, faults: Sequence[Fault]) -> dict[str, Any]:
    first = faults[0]
    return {
        "failing_step": first.step,
        "error": first.kind.value,
        "action": first.action,
        "message": str(first),
        "violations": [
            {"kind": violation.kind, "fact": str(violation.literal), **cause_of(task, verdict, fault, violation)}
            for fault in faults
            for violation in fault.violations
        ],
    }


def cause_of(task: Task, verdict: Verdict, fault: Fault, violation: Violation) -> dict[str, Any]:
    """`cause`, a sentence, and what it speaks of: the effect's place in the domain, or the step that undid a literal."""
    if violation.kind in _LACKS_EFFECT and fault.step is not None:
        effect = _effect(task, fault, violation)
        if effect is not None and effect.span is not None:
            return {
                "cause": f"the effect {effect} of {fault.action}",
                "file": effect.span.file, "line": effect.span.line, "column": effect.span.column,
            }  # fmt: skip
    if violation.kind in _FRAME:
        return {"cause": f"no effect of {fault.action} changes it"}
    if violation.kind in _UNSATISFIED:
        before = verdict.plan_length if fault.step is None else fault.step - 1
        # Where a step before it cannot be executed, nobody knows what was true.
        return _undone(task, verdict.steps[:before], violation) if len(verdict.steps) >= before else {}
    if fault.hint:
        return {"cause": f"did you mean '{fault.hint}'?"}
    return {}


def _effect(task: Task, fault: Fault, violation: Violation) -> Literal | None:
    """The literal of the schema whose ground atom the state lacks or keeps."""
    name, *arguments = (fault.action or "()")[1:-1].split()
    schema = task.domain.actions.get(name)
    if schema is None or len(arguments) != len(schema.parameters):
        return None
    binding = {parameter.name: argument for parameter, argument in zip(schema.parameters, arguments, strict=True)}
    for effect in schema.effect:
        ground = tuple(binding.get(term, term) for term in effect.atom)
        if ground == violation.atom and effect.positive is _LACKS_EFFECT[violation.kind]:
            return effect
    return None


def _undone(task: Task, steps: Sequence[Step], violation: Violation) -> dict[str, Any]:
    """Which step last made the literal what it should not be; the true states decide, not the claimed ones."""
    wanted = violation.wanted
    true = steps[-1].after if steps else task.initial
    if (violation.atom in true) is wanted:
        return {"cause": "it holds in the true state; a state written before it is wrong"}
    for number in range(len(steps), 0, -1):
        before, after = violation.atom in steps[number - 1].before, violation.atom in steps[number - 1].after
        if before is wanted and after is not wanted:
            action = str(steps[number - 1].action)
            verb = "deleted" if wanted else "made true"
            return {"cause": f"{verb} by step {number}, {action}", "step": number, "by": action}
    return {"cause": "it was never true" if wanted else "it was true from the start"}
