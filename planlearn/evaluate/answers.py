"""What a model is asked and what it wrote; no torch here, so that whatever writes can stand behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from planlearn.chains import read_plan_section
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.chains.read import plan_header
from val_bridge import Outcome, Task, check_plan

# Told the text so far, says why it can no longer become a right answer, or None while it still can.
Hopeless = Callable[[str], str | None]


class Stop(StrEnum):
    """Why an answer ended: at the model's own end mark, at the limit of tokens, or given up as hopeless."""

    END = "end"
    CAP = "cap"
    HOPELESS = "hopeless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text to continue. `hopeless` is asked when a token with a newline was written, at no other time."""

    id: str
    text: str
    hopeless: Hopeless | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model wrote behind a prompt, without the end mark.

    reason: what `hopeless` said, "" for the other stops. prompt_tokens, tokens: read and generated, the end
    mark included. seconds: wall time, divided among the rows at work at each moment, so that a run's
    completions add up to it.
    """

    id: str
    text: str
    stop: Stop
    reason: str = ""
    prompt_tokens: int
    tokens: int
    seconds: float = field(compare=False)


def lost_cause(task: Task) -> Hopeless:
    """A test for generation: why the answer so far can no longer become a valid plan, or None.

    Only the plan section decides validity, so only there can an answer be lost: at a call that cannot be read or
    applied. What was written is kept and judged as it stands.
    """
    def hopeless(text: str) -> str | None:
        if f"{PLAN_HEADER}\n" not in text:
            return None
        lines = text[: text.rfind("\n") + 1]
        header = plan_header(lines)
        if header is None:
            return None
        plan, problem = read_plan_section(lines, header.end())
        if plan is None:
            return problem
        verdict = check_plan(task, plan)
        if verdict.outcome is not Outcome.VALID and verdict.first is not None and verdict.first.step is not None:
            return f"step {verdict.first.step} of the plan cannot be applied"
        return None

    return hopeless
