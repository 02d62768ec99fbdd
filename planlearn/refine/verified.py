"""Verified attempts: at test time the checker says what is wrong with a plan and the model tries again, up to η attempts.

An arm of its own beside the model alone: what it reaches is what model and checker reach together. The first attempts are the greedy arm's.
Later ones are drawn at a temperature, since a greedy model that is told the same writes the same; level "none" tells nothing, so what feedback is worth
is the difference from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planlearn.chains import ChainStyle, find_plan
from planlearn.corpus.mend import mending_segments
from planlearn.evaluate import Asked, Complete, Completion, Prompt, Reader, Result, SampleRecord, Shot, Stop, Turn, chain_prompt, lost_cause, plan_prompt
from planlearn.evaluate.arms import GREEDY, VERIFIED, turn_id
from planlearn.feedback import binary_feedback, detailed_feedback
from planlearn.refine.attempt import FeedbackLevel, feedback_on, given_up, judge_attempt, written
from val_bridge import Task, check_plan

Again = Callable[[Asked, SampleRecord, FeedbackLevel], str]
"""The prompt for another attempt: the problem, the last attempt, how much is told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The arm "verified-<level>". eta: η, attempts in all. answer: draws at `settings["temperature"]`. again: makes the prompts."""

    level: FeedbackLevel
    eta: int
    answer: Complete
    again: Again
    reader: Reader
    settings: Mapping[str, Any]
    first: str = GREEDY

    @property
    def name(self) -> str:
        return f"{VERIFIED}-{self.level}"

    @property
    def says(self) -> str:
        told = {"none": "tried again without a word", "binary": "told the failing step", "detailed": "told what failed and why"}[self.level]
        return f"with the checker's help: up to {self.eta} attempts, {told}; later ones drawn at T = {self.settings.get('temperature')}"

    def turns(self, asked: Asked, records: Sequence[SampleRecord]) -> Sequence[Turn]:
        """Another attempt where the checker refuses the last one; what is no plan but a claim that there is none is not refused on
        a solvable problem, since no checker of plans could."""
        if not records or len(records) >= self.eta:
            return ()
        last = records[-1]
        if last.outcome in (Result.VALID, Result.UNSOLVABLE, Result.CHECKER_ERROR):
            return ()
        number = last.sample.attempt + 1
        prompt = Prompt(id=turn_id(asked, number), text=self.again(asked, last, self.level), hopeless=lost_cause(asked.task) if self.reader is Reader.STRICT else None)
        return [Turn(asked=asked, attempt=number, prompt=prompt)]

    def complete(self, turns: Sequence[Turn]) -> Iterable[Completion]:
        return self.answer([turn.prompt for turn in turns])


def mending(style: ChainStyle) -> Again:
    """In our own format: the form that the rounds teach, with the last chain up to the end of its first wrong step."""

    def again(asked: Asked, last: SampleRecord, level: FeedbackLevel) -> str:
        if level == "none":
            return chain_prompt(asked, style)
        completion = _as_rounds_show(asked.task, last)
        told = feedback_on(asked.task, judge_attempt(asked.task, asked.id, last.sample.attempt - 1, completion), level)
        return "".join(segment.text for segment in mending_segments(asked.task, style, written(completion), told))

    return again


def _as_rounds_show(task: Task, last: SampleRecord) -> Completion:
    """An attempt as the rounds know it: given up at the end of the step that is wrong or leads back."""
    sample, hopeless = last.sample, given_up(task)
    stop, text, end = Stop(sample.stop), sample.answer, 0
    while (end := sample.answer.find("\n", end) + 1) > 0:
        if hopeless(sample.answer[:end]) is not None:
            stop, text = Stop.HOPELESS, sample.answer[:end]
            break
    return Completion(id=sample.id, text=text, stop=stop, prompt_tokens=sample.prompt_tokens, tokens=sample.tokens, seconds=sample.seconds)


def correcting(shots: Callable[[Asked], tuple[Shot, ...]] = lambda _: ()) -> Again:
    """In words that any model may know: the answer as it was and the feedback on the plan found in it. shots: the solved problems shown."""

    def again(asked: Asked, last: SampleRecord, level: FeedbackLevel) -> str:
        if level == "none":
            return plan_prompt(asked, shots(asked))
        plan = find_plan(last.sample.answer, asked.task).plan
        if plan is None:
            told = "The plan is unreadable."
        else:
            verdict = check_plan(asked.task, plan)
            told = (detailed_feedback(verdict, asked.task) if level == "detailed" else binary_feedback(verdict)).text
        return plan_prompt(asked, shots(asked), previous=last.sample.answer, feedback=told)

    return again
