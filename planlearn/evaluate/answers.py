"""What a model is asked and what it wrote; no torch here, so that whatever writes can stand behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from planlearn.chains import read_plan_section
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.chains.read import plan_header
from val_bridge import Outcome, Task, check_plan

# Told the text so far, says why it can no longer become a right answer, or None while it still can.
Hopeless = Callable[[str], str | None]


# Told the text so far, up to the end of a line, gives the lines one of which comes next, "" for the end; None: anything may come.
Mask = Callable[[str], Sequence[str] | None]


class Stop(StrEnum):
    """Why an answer ended: at the model's own end mark, at the limit of tokens, given up as hopeless; or that none came."""

    END = "end"
    CAP = "cap"
    HOPELESS = "hopeless"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text to continue. `hopeless` and `mask` are asked when a token with a newline was written, the mask at the start too.

    words: two words of which the answer says one, where it matters how likely the model found them.
    """

    id: str
    text: str
    hopeless: Hopeless | None = field(default=None, compare=False)
    mask: Mask | None = field(default=None, compare=False)
    words: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model wrote behind a prompt, without the end mark.

    reason: what `hopeless` said, or why no answer came; "" for the other stops. prompt_tokens, tokens: read and generated, the end
    mark included. seconds: wall time, divided among the rows at work at each moment, so that a run's
    completions add up to it; of an endpoint, the time of the request. cost: in the price's currency, None where no price is known.
    probability: of the first of the prompt's two `words` against the second, where a line of the answer last began with one of them, in
    [0, 1]; None where none did or it is not known.
    """

    id: str
    text: str
    stop: Stop
    reason: str = ""
    prompt_tokens: int
    tokens: int
    seconds: float = field(compare=False)
    cost: float | None = None
    probability: float | None = None


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
            return problem or None  # it says that there is no plan, which may be right
        verdict = check_plan(task, plan)
        if verdict.outcome is not Outcome.VALID and verdict.first is not None and verdict.first.step is not None:
            return f"step {verdict.first.step} of the plan cannot be applied"
        return None

    return hopeless
