"""Phase 2 examples: a chain that the model wrote, feedback on it, and the corrected chain and plan (PDDL-Instruct, Phase 2).

    prompt = instruction, schemas, problem, "Chain:" the lines that the model wrote, "Feedback:" the text, "Chain:"
    answer = chain and plan, as behind a plain prompt
"""

from __future__ import annotations

from planlearn.chains import ChainStyle, Role, Segment, problem_prompt
from planlearn.chains.grammar import CHAIN_HEADER
from val_bridge import Task

INSTRUCTION = "Mend the chain of steps, then the plan."
FEEDBACK_HEADER = "Feedback:"


def mending_segments(task: Task, style: ChainStyle, previous: str, feedback: str) -> tuple[Segment, ...]:
    """PROMPT, FEEDBACK and PROMPT: all that is given. previous: lines of a chain, and its plan where that is shown."""
    prompt = problem_prompt(task, style, INSTRUCTION)
    return (
        Segment(role=Role.PROMPT, text=f"{prompt}{_line_end(previous)}{FEEDBACK_HEADER}\n"),
        Segment(role=Role.FEEDBACK, text=_line_end(feedback)),
        Segment(role=Role.PROMPT, text=f"{CHAIN_HEADER}\n"),
    )


def _line_end(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"
