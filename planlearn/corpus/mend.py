"""Examples of mending: a chain with a fault, feedback on it, and the corrected chain and plan (PDDL-Instruct, Phase 2).

    prompt = instruction, schemas, problem, "Chain:" the lines that were written, "Feedback:" the text, "Chain:"
    answer = chain and plan, as behind a plain prompt

In Phase 2 the faulty chain is the model's own. In Phase 1 some are made (`spoiled_start`), so that the form is known when the rounds
begin: to a small model that never saw it, it is a task of its own, whose loss drowns all else (data/LAB.md, 27).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from planlearn.chains import ChainStyle, Role, Segment, answer_segments, chain_stretches, problem_prompt, read_answer
from planlearn.chains.grammar import CHAIN_HEADER, NO, STATE, YES
from planlearn.feedback import binary_feedback, detailed_feedback
from val_bridge import Chain, FaultKind, Task, Verdict, check_chain

INSTRUCTION = "Mend the chain of steps, then the plan."
FEEDBACK_HEADER = "Feedback:"
TRIES = 12
LONGEST = 10
"""Steps of a chain that is made faulty to be mended: such an example holds two chains, and of longer ones twice as much as any other."""


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


def open_chain(verdict: Verdict) -> Verdict:
    """The verdict on a chain that ends in the middle: it has not reached its goal, which is said only where nothing else is wrong."""
    others = tuple(fault for fault in verdict.faults if fault.kind is not FaultKind.GOAL)
    return replace(verdict, faults=others) if others else verdict


def spoiled_mending(task: Task, chain: Chain, style: ChainStyle, rng: Random) -> tuple[Segment, ...] | None:
    """An example of mending: a true chain's start with a fault in its last step, feedback on that, the chain; None where no
    fault could be made that the checker finds in that step, or the chain has more than `LONGEST` steps. Half of the feedback is
    binary, half detailed.
    """
    found = spoiled_start(task, chain, style, rng) if len(chain) <= LONGEST else None
    if found is None:
        return None
    previous, verdict = found
    feedback = detailed_feedback(verdict, task) if rng.random() < 0.5 else binary_feedback(verdict)
    return (*mending_segments(task, style, previous, feedback.text), *answer_segments(task, chain, style)[1:])


def spoiled_start(task: Task, chain: Chain, style: ChainStyle, rng: Random) -> tuple[str, Verdict] | None:
    """(the lines of a true chain up to a step with one fault, the verdict on them); None where none of some tries is one.

    The fault is a slip as models make it: another object, "yes" for "no", a fact that a state lacks.
    """
    stretches = chain_stretches(task, chain, style)
    objects = sorted(task.objects)
    for _ in range(TRIES):
        # Step 0 is the first state with its goals; where nothing is written there it cannot be wrong.
        number = rng.choice([at for at, text in enumerate(stretches) if text])
        spoiled = _slip(stretches[number], objects, rng)
        text = "".join(stretches[:number]) + spoiled
        parsed = read_answer(text, task).chain
        if spoiled == stretches[number]:
            continue
        if parsed is None:  # the first state alone, of no step yet: the first step shows what is wrong there
            if len(stretches) == 1:
                return None
            text += stretches[1]
            parsed = read_answer(text, task).chain
        if parsed is None or parsed.unread:
            continue
        verdict = check_chain(task, parsed)
        first = verdict.first
        if first is not None and first.kind is not FaultKind.GOAL and first.step == number:
            return text, open_chain(verdict)
    return None


def _slip(text: str, objects: Sequence[str], rng: Random) -> str:
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    line = lines[at]
    facts = line.split(", ")
    if line.startswith(f"{STATE} ") and len(facts) > 1 and rng.random() < 0.5:
        facts.pop(rng.randrange(1, len(facts)))
        lines[at] = ", ".join(facts)
    else:
        names = "|".join(map(re.escape, objects))
        places = list(re.finditer(rf"(?<![\w-])(?:{names}|{YES}|{NO})(?![\w-])", line))
        if places:
            place = rng.choice(places)
            others = {YES: [NO], NO: [YES]}.get(place[0]) or [name for name in objects if name != place[0]]
            if others:
                lines[at] = line[: place.start()] + rng.choice(others) + line[place.end() :]
    return "".join(f"{one}\n" for one in lines)
