"""Fills the templates: facts in, wording out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from planlearn.feedback.advice import Advice, advise
from planlearn.feedback.condition import literals_text, unmet_parts
from val_bridge import (
    Fault,
    FaultKind,
    State,
    Step,
    Task,
    Verdict,
    atom_text,
    number_text,
)
from val_bridge.check.plan import changes_of

TEMPLATES = Path(__file__).parent / "templates"

# These kinds are about what a chain writes; the plan itself may be valid all the same.
CHAIN_KINDS = frozenset(
    {
        FaultKind.INITIAL_STATE,
        FaultKind.STATE_FACT,
        FaultKind.TRANSITION,
        FaultKind.CLAIM,
        FaultKind.PLAN_MISMATCH,
    }
)


class Level(StrEnum):
    BINARY = "binary"
    DETAILED = "detailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A verdict in words; the text has no newline at its end."""

    level: Level
    text: str
    verdict: Verdict


def binary_feedback(verdict: Verdict) -> Feedback:
    """Whether the plan or chain is valid, and where it first fails: one sentence."""
    return Feedback(level=Level.BINARY, text=_render("binary.jinja", _judgement(verdict)), verdict=verdict)


def detailed_feedback(verdict: Verdict, task: Task) -> Feedback:
    """The binary sentence, what each truly executed step changed, every fault with its facts, and advice.

    task: the one that was judged; a verdict on another task gives text about nothing.
    """
    context = _judgement(verdict) | {
        "steps": [
            {
                "action": change.action,
                "deleted": " ".join(change.delete),
                "added": " ".join(change.add),
                "numbers": [
                    f"{atom_text(fluent)} {'undefined' if old is None else number_text(old)} -> {number_text(new)}"
                    for fluent, (old, new) in change.values.items()
                ],
            }
            for change in changes_of(verdict.steps)
        ],
        "goals": literals_text(task.goal_literals),
        "faults": [_explained(fault, verdict, task) for fault in verdict.faults],
    }
    return Feedback(level=Level.DETAILED, text=_render("detailed.jinja", context), verdict=verdict)


def _judgement(verdict: Verdict) -> dict[str, Any]:
    about_chain = any(fault.kind in CHAIN_KINDS for fault in verdict.faults)
    return {
        "outcome": verdict.outcome.value,
        "subject": "chain" if about_chain else "plan",
        "first": verdict.first,
    }


class Explained(NamedTuple):
    """What the template of a fault's kind is given; atoms and literals as text.

    atoms: by kind of violation. unmet: the parts of a precondition or goal that do not hold, [] in other kinds.
    satisfied: the goal's other literals.
    """

    fault: Fault
    atoms: dict[str, str]
    unmet: list[str]
    satisfied: str
    advice: list[Advice]


def _explained(fault: Fault, verdict: Verdict, task: Task) -> Explained:
    unmet = [violation.literal for violation in fault.violations if violation.kind.startswith("unsatisfied")]
    before = verdict.plan_length if fault.step is None else fault.step - 1
    true = tuple(verdict.steps[: max(before, 0)])
    state = _state_after(task, true) if len(true) == before else None
    kinds = {violation.kind for violation in fault.violations}
    return Explained(
        fault=fault,
        atoms={kind: literals_text(v.literal for v in fault.violations if v.kind == kind) for kind in kinds},
        unmet=unmet_parts(fault),
        satisfied=literals_text(set(task.goal_literals) - set(unmet)),
        # Advice knows schemas of literals alone.
        advice=[advise(task, literal, true, state) for literal in unmet] if task.is_strips else [],
    )


def _state_after(task: Task, steps: tuple[Step, ...]) -> State:
    return steps[-1].after if steps else task.initial


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Text for models, not for browsers: nothing is escaped.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        auto_reload=False,
    )
    environment.filters["atom"] = atom_text
    return environment


def _render(name: str, context: dict[str, Any]) -> str:
    return _environment().get_template(name).render(context).rstrip("\n")


def template_hash() -> str:
    """sha256 over names and bytes of all templates, hex: two runs with the same hash word their feedback
    alike."""
    digest = sha256()
    for path in sorted(TEMPLATES.rglob("*.jinja")):
        text = path.read_bytes()
        digest.update(f"{path.relative_to(TEMPLATES).as_posix()}\0{len(text)}\0".encode() + text)
    return digest.hexdigest()
