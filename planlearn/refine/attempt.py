"""One attempt at a problem of a round: what was asked and written, what the checker says of it, the feedback on it.

Every ⟨s, a, s'⟩ and the plan are judged. A chain is given up at the end of the first step that is wrong or leads back to a
state where it has been: the feedback speaks of the first fault, and what stands behind it would be written for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from planlearn.chains import Answer, read_answer
from planlearn.chains.grammar import FOR, GOALS, PLAN_HEADER, STATE
from planlearn.corpus.mend import open_chain
from planlearn.evaluate import Completion, Hopeless, Stop, lost_cause
from planlearn.feedback import binary_feedback, detailed_feedback
from val_bridge import Action, Fault, FaultKind, Outcome, State, Task, Verdict, check_chain, check_plan, progress

FeedbackLevel = Literal["none", "binary", "detailed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was written and the judgements of it.

    problem: the id of the problem. number: 0 for the first attempt, which is made without feedback. chain: of the claims, None
    where no step could be read. plan: None where no plan could be read.
    """

    problem: str
    number: int
    completion: Completion
    answer: Answer
    chain: Verdict | None
    plan: Verdict | None

    @property
    def is_valid(self) -> bool:
        """The plan, whole as written, is valid."""
        return self.plan is not None and self.plan.outcome is Outcome.VALID

    @property
    def verdict(self) -> Verdict | None:
        """What feedback speaks of: the chain where it has a fault, else the plan; None where nothing can be read.

        See `open_chain` for a chain without plan.
        """
        if self.chain is None or self.chain.outcome is Outcome.VALID:
            return self.chain if self.plan is None else self.plan
        return open_chain(self.chain) if self.answer.plan is None else self.chain

    def to_row(self) -> dict[str, Any]:
        first = self.faults[0] if self.faults else None
        c = self.completion
        return {
            "problem": self.problem, "number": self.number, "answer": c.text, "stop": c.stop.value, "reason": c.reason,
            "prompt_tokens": c.prompt_tokens, "tokens": c.tokens, "seconds": c.seconds, "valid": self.is_valid,
            "error": first.kind.value if first else None if self.is_valid else "unreadable",
            "failing_step": first.step if first else None, "faults": [fault.to_dict() for fault in self.faults],
        }

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self.verdict.faults if self.verdict is not None else ()


def written(completion: Completion) -> str:
    """What of an answer is judged and shown again: all of it, but for a line that the cap tore in the middle of a chain."""
    text = completion.text
    if completion.stop is Stop.END or f"{PLAN_HEADER}\n" in text:
        return text
    return text[: text.rfind("\n") + 1]


def judge_attempt(task: Task, problem: str, number: int, completion: Completion) -> Attempt:
    """Read and judge what was written. Never raises on a text."""
    answer = read_answer(written(completion), task)
    return Attempt(
        problem=problem, number=number, completion=completion, answer=answer,
        chain=check_chain(task, answer.chain) if answer.chain is not None else None,
        plan=check_plan(task, answer.plan) if answer.plan is not None else None,
    )


def attempt_from_row(task: Task, row: dict[str, Any]) -> Attempt:
    """The attempt of `to_row`, judged anew."""
    completion = Completion(
        id=f"{row['problem']}#{row['number']}", text=row["answer"], stop=Stop(row["stop"]), reason=row["reason"],
        prompt_tokens=row["prompt_tokens"], tokens=row["tokens"], seconds=row["seconds"],
    )
    return judge_attempt(task, row["problem"], row["number"], completion)


def given_up(task: Task) -> Hopeless:
    """A test for generation: why there is nothing more to learn from an attempt, or None while it may come out right."""
    lost = lost_cause(task)

    def hopeless(text: str) -> str | None:
        if f"{PLAN_HEADER}\n" in text:
            return lost(text)
        lines = text[: text.rfind("\n") + 1]
        if not _ends_step(lines):
            return None
        chain = read_answer(lines, task).chain
        if chain is None:
            return None
        verdict = check_chain(task, chain)
        wrong = [fault for fault in verdict.faults if fault.kind is not FaultKind.GOAL]
        if wrong:
            return f"step {wrong[0].step} of the chain is wrong"
        states = [task.initial, *(step.after for step in verdict.steps)]
        if len(states) > 1 and states[-1] in states[:-1]:
            return f"step {len(chain.claims)} leads back to an earlier state"
        return None

    return hopeless


def _ends_step(lines: str) -> bool:
    """Whether the last line ends a step; judging at every line would cost four times as much and say the same.

    Where states are written, `goals` ends a step of a chain with purposes, else `state` does; elsewhere a step is one line, perhaps with
    `for` above it, and `goals` where they change.
    """
    last = lines[lines[:-1].rfind("\n") + 1 :]
    if lines.startswith(f"{STATE} "):
        return last.startswith(f"{GOALS} " if f"\n{FOR} " in lines else f"{STATE} ")
    return not last.startswith((f"{GOALS} ", f"{FOR} "))


def feedback_on(task: Task, attempt: Attempt, level: FeedbackLevel) -> str:
    """The feedback's text; "" at level "none". Of a text without chain and plan it says that alone."""
    if level == "none":
        return ""
    verdict = attempt.verdict
    if verdict is None or (verdict.outcome is Outcome.VALID and not attempt.is_valid):
        return "The plan is unreadable."  # or there is none behind a chain that is right
    return (detailed_feedback(verdict, task) if level == "detailed" else binary_feedback(verdict)).text


def correct_actions(task: Task, attempt: Attempt) -> list[Action]:
    """The actions before the first fault: of the chain, or of the plan where there is no chain."""
    verdict = attempt.plan if attempt.chain is None else attempt.chain
    if verdict is None:
        return []
    executed = [step.action for step in verdict.steps]
    if attempt.answer.chain is None:
        return executed
    # A plan that departs from the chain says nothing against the chain.
    at = [fault.step for fault in verdict.faults if fault.step is not None and fault.kind is not FaultKind.PLAN_MISMATCH]
    return executed[: max(min(at, default=len(executed) + 1) - 1, 0)]


def without_detours(task: Task, actions: Iterable[Action]) -> list[Action]:
    """The actions up to the first state in which the goal holds, without what leads back to a state that was there before."""
    state: State = task.initial
    kept: list[Action] = []
    states = [state]
    for action in actions:
        if not task.unmet_goals(state):
            break
        state = progress(state, action)
        if state in states:
            place = states.index(state)
            kept, states = kept[:place], states[: place + 1]
        else:
            kept.append(action)
            states.append(state)
    return kept
