"""Verdicts as the JSON objects that `check` and `check-chain` print; every key is always there.

`valid` is None where nothing could be judged. Whatever costs time (steps, trees, causes) is worked out here and not
while judging.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from val_bridge.check.evidence import Evidence, facts_about
from val_bridge.check.faults import Fault, FaultKind, Outcome, Verdict, Violation
from val_bridge.check.plan import Change, Trace, changes_of, last_changing
from val_bridge.check.sources import achievable
from val_bridge.pddl.collecting import uncollected
from val_bridge.pddl.errors import SourceError
from val_bridge.pddl.formula import number_json
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import Atom, Literal, atom_text
from val_bridge.semantics.chain import Step
from val_bridge.semantics.state import State
from val_bridge.semantics.task import Task

MOST_LATER = 100
"""Later errors that are listed; nobody reads on."""

_LACKS_EFFECT = {"missing_add": True, "missing_delete": False}
_FRAME = ("frame_lost", "frame_gained")
_UNSATISFIED = ("unsatisfied", "unsatisfied_goal")


@uncollected
def plan_answer(task: Task, verdict: Verdict) -> dict[str, Any]:
    """For JSON. `failing_step` counts from 1; it is None for a valid plan, an unreadable one and an unmet goal.

    failing_literals, satisfied_literals: of the precondition that failed, or of the goal; all literals and comparisons of
        its formulas.
    unmet_goals: those of the goal that do not hold in the state that was reached, where the plan stops at a step too.
    goal_progress: how many of the goal's conjuncts hold there, `{"satisfied": 2, "total": 3}`; None for an unreadable plan.
    tree: the and-or tree of the failed condition; it shows some of very many objects.
    causes: for each failing literal which step made it false, with its action; None if it was never true.
    sources: for each failing literal, comparisons too, what the domain (for a goal the problem) calls it, with its place:
        `{"(clear a)": {"text": "(clear ?x)", "file": ..., "line": ..., "column": ..., "start": ..., "end": ...}}`.
    achievable: for each failing literal whether an effect of some action can make it hold, of a comparison whether one
        changes a number in it; None for a derived atom, which `repair` explains where that is simple.
    repair: see `Fault.repair`. facts: what is true of the objects concerned.
    steps: of each executed action the net changes, and the numbers before and after.
    nearest: declared names like an unknown one.
    later_errors: the calls behind the failing step that name no action whatever the state, at most 100, in order, each with
        step, error, action, expected, found, nearest, argument and place.
    """
    first = verdict.first
    answer = _empty() | {
        "valid": verdict.outcome is Outcome.VALID,
        "message": str(verdict),
        "warnings": list(verdict.warnings),
        "plan_length": None if verdict.outcome is Outcome.UNREADABLE else verdict.plan_length,
        "metric": None if verdict.metric is None else number_json(Fraction(verdict.metric)),
        "steps": [_step(change) for change in changes_of(verdict.steps)],
        "unmet_goals": _unmet_goals(task, verdict),
    }
    if verdict.outcome is not Outcome.UNREADABLE:
        satisfied, total = _goal(task, verdict).progress()
        answer["goal_progress"] = {"satisfied": satisfied, "total": total}
    if first is None:
        return answer
    answer |= _named(first) | {"failing_literals": list(first.failing_literals)}
    if isinstance(verdict.steps, Trace):
        answer["later_errors"] = [_later(fault) for fault in verdict.steps.later_faults(MOST_LATER)]
    if first.evidence is not None and first.kind in (FaultKind.PRECONDITION, FaultKind.GOAL):
        literals = [violation.literal for violation in first.violations]
        answer |= {
            "repair": first.repair,
            "tree": first.tree,
            "satisfied_literals": list(first.satisfied_literals),
            "causes": {
                str(violation.literal): last_change(task, verdict.steps, violation)
                for violation in first.violations
                if violation.atom[0] in task.domain.predicates or _fluents(task, violation)
            },
            "sources": {
                str(literal): {"text": str(lifted), **(_span(lifted.span) if lifted.span else {})}
                for literal, lifted in first.evidence.sources(literals).items()
            },
            "achievable": {str(literal): achievable(task, literal) for literal in literals},
            "facts": [atom_text(atom) for atom in facts_about(task, _reached(task, verdict), _objects(first))],
        }
    return answer


def source_answer(error: SourceError) -> dict[str, Any]:
    """The answer where a domain, a problem or a plan cannot be read; only a plan that cannot be read is invalid."""
    return _empty() | {
        "valid": False if error.kind == "plan_syntax" else None,
        "error": error.kind,
        "message": str(error),
        "expected": error.expected,
        "found": error.found,
        "nearest": [error.hint] if error.hint else [],
        "place": _span(error.span),
    }


def no_answer(message: str) -> dict[str, Any]:
    """The answer where nothing was judged, for another reason than the texts."""
    return _empty() | {"message": message}


def _empty() -> dict[str, Any]:
    """Every key of an answer, with what stands there if there is nothing to say."""
    return {
        "valid": None, "error": None, "failing_step": None, "failing_literals": [], "action": None, "message": "",
        "warnings": [], "plan_length": None, "metric": None, "steps": [], "unmet_goals": [], "repair": None,
        "satisfied_literals": [], "tree": None, "causes": {}, "sources": {}, "achievable": {},
        "facts": [], "expected": None, "found": None, "nearest": [],
        "argument": None, "expression": None, "fluent": None, "values": [], "place": None,
        "goal_progress": None, "later_errors": [],
    }  # fmt: skip


def _named(fault: Fault) -> dict[str, Any]:
    return {
        "error": fault.kind.value,
        "failing_step": fault.step,
        "action": fault.action,
        "expected": fault.expected or None,
        "found": fault.found or None,
        "nearest": [fault.hint] if fault.hint else [],
        "argument": fault.argument,
        "expression": fault.expression or None,
        "fluent": fault.fluent or None,
        "values": list(fault.values),
        "place": _span(fault.span) if fault.span else None,
    }


def _later(fault: Fault) -> dict[str, Any]:
    named = _named(fault)
    step = {"step": named["failing_step"]}
    return step | {key: named[key] for key in ("error", "action", "expected", "found", "nearest", "argument", "place")}


def _span(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column, "start": span.start, "end": span.end}


def _reached(task: Task, verdict: Verdict) -> State:
    return verdict.steps[-1].after if verdict.steps else task.initial


def _called(fault: Fault) -> tuple[str, tuple[str, ...]]:
    """Name and arguments of the fault's action; names hold no spaces."""
    name, *arguments = (fault.action or "()")[1:-1].split() or [""]
    return name, tuple(arguments)


def _objects(fault: Fault) -> set[str]:
    """The objects that a failed precondition or goal is about."""
    return {*_called(fault)[1], *(name for violation in fault.violations for name in violation.atom[1:])}


def _step(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "add": list(change.add),
        "delete": list(change.delete),
        "values": {
            atom_text(fluent): [None if before is None else number_json(before), number_json(after)]
            for fluent, (before, after) in change.values.items()
        },
    }


def _unmet_goals(task: Task, verdict: Verdict) -> list[str]:
    """All literals of the goal that do not hold in the state that was reached."""
    if verdict.outcome is not Outcome.INVALID:
        return []
    return [str(literal) for literal in _goal(task, verdict).unmet_goal()]


def _goal(task: Task, verdict: Verdict) -> Evidence:
    return verdict.goal or Evidence(task=task, reached=_reached(task, verdict))


def last_change(task: Task, steps: Sequence[Step], violation: Violation) -> dict[str, Any] | None:
    """The executed step that last made a literal false, `{"step": 2, "action": "(pick-up b)"}`; None if it never held.

    Of a comparison the step that last changed one of its numbers, None if none did.
    """
    if fluents := _fluents(task, violation):
        changed = (number for number in range(len(steps), 0, -1) if fluents & steps[number - 1].changed_values.keys())
        number = next(changed, None)
    else:
        number = last_changing(task, steps, violation.atom, violation.wanted)
    return None if number is None else {"step": number, "action": str(steps[number - 1].action)}


_INNERMOST = re.compile(r"\(([^()]*)\)")


def _fluents(task: Task, violation: Violation) -> set[Atom]:
    """The numeric fluents in a comparison; none in a literal."""
    if violation.atom[0] in task.domain.predicates:
        return set()
    # The expressions of such an atom are texts: "(+ 3 (fuel t))".
    found = (tuple(text.split()) for side in violation.atom[1:] for text in _INNERMOST.findall(side))
    return {fluent for fluent in found if fluent and fluent[0] in task.domain.functions}


@uncollected
def chain_answer(task: Task, verdict: Verdict) -> dict[str, Any]:
    """For JSON. `failing_step` 0 is the first state; None where only the goal, or the whole text, is at fault.

    `violations`: all of the first failing step, each with its cause; `later`: the failing steps behind it. `executed`:
    how many steps can truly be executed from the initial state.
    """
    steps = [_step_answer(task, verdict, list(faults)) for _, faults in groupby(verdict.faults, key=_place)]
    return {
        **no_chain_answer(str(verdict)),
        "valid": verdict.outcome is Outcome.VALID,
        **(steps[0] if steps else {}),
        "later": steps[1:],
        "chain_length": verdict.plan_length,
        "executed": len(verdict.steps),
        "unmet_goals": _unmet_goals(task, verdict),
        "warnings": list(verdict.warnings),
    }


def no_chain_answer(message: str, error: str | None = None) -> dict[str, Any]:
    """The answer where no chain was judged: every key, with what stands there if there is nothing to say.

    error: the kind of the error in the domain or the problem; None where something else stood in the way.
    """
    return {
        "valid": None, "failing_step": None, "error": error, "action": None, "message": message, "violations": [],
        "later": [], "chain_length": None, "executed": 0, "unmet_goals": [], "warnings": [],
    }  # fmt: skip


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
    if violation.kind in _LACKS_EFFECT and fault.applied is not None:
        wanted = Literal(atom=violation.atom, positive=_LACKS_EFFECT[violation.kind])
        effect, where = fault.applied.effect_of(wanted) or (None, "")
        if effect is not None and effect.span is not None:
            return {
                "cause": f"the effect {effect} of {fault.action}{where}",
                "file": effect.span.file, "line": effect.span.line, "column": effect.span.column,
            }  # fmt: skip
    if violation.kind == "unknown_predicate" and violation.atom[0] in task.domain.predicates:
        return {"cause": "axioms derive it, so states do not claim it"}
    if violation.kind in _FRAME:
        return {"cause": f"no effect of {fault.action} changes it"}
    if violation.kind in _UNSATISFIED:
        before = verdict.plan_length if fault.step is None else fault.step - 1
        # Where a step before it cannot be executed, nobody knows what was true.
        return _undone(task, verdict.steps[:before], violation) if len(verdict.steps) >= before else {}
    if fault.hint:
        return {"cause": f"did you mean '{fault.hint}'?"}
    return {}


def _undone(task: Task, steps: Sequence[Step], violation: Violation) -> dict[str, Any]:
    """Why a literal does not hold; the true states decide, not the claimed ones."""
    wanted = violation.wanted
    if violation.atom[0] not in task.domain.predicates:
        # Nobody undid an equation, and a comparison says itself which numbers matter.
        return {}
    world = task.world(steps[-1].after, steps[-1].values_after) if steps else task.world(task.initial, task.values)
    if world.holds(violation.atom) is wanted:
        return {"cause": "it holds in the true state; a state written before it is wrong"}
    change = last_change(task, steps, violation)
    if change is None:
        return {"cause": "it was never true" if wanted else "it was true from the start"}
    verb = "deleted" if wanted else "made true"
    return {"cause": f"{verb} by step {change['step']}, {change['action']}", "step": change["step"], "by": change["action"]}
