"""Somebody's text against a task: a verdict on the plan in it, and one number that rewards every step that holds."""

from __future__ import annotations

from dataclasses import dataclass

from planlearn.evaluate import Reader
from planlearn.evaluate.scoring import NO_PLAN_REASON
from val_bridge import Outcome, Task, Verdict, check_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """verdict: None where there is no plan in the text, or a line of it cannot be read. said: one sentence of it. progress: in [0, 1],
    1 for a valid plan, else e / (2 n) where e of its n steps can be executed, as `planlearn.refine.reward.plan_reward`.
    """

    verdict: Verdict | None
    said: str
    progress: float

    @property
    def is_valid(self) -> bool:
        return self.verdict is not None and self.verdict.outcome is Outcome.VALID


def judge_text(task: Task, text: str) -> Judgement:
    """The plan in a text, found as the evaluation's lenient reader finds it. Raises nothing because of what a model wrote."""
    found = Reader.LENIENT.read(task, text)
    if found.plan is None:
        return Judgement(verdict=None, said=found.problem or NO_PLAN_REASON, progress=0.0)
    verdict = check_plan(task, found.plan)
    calls = len(found.plan.calls)
    valid = verdict.outcome is Outcome.VALID
    return Judgement(
        verdict=verdict, said=str(verdict), progress=1.0 if valid else len(verdict.steps) / calls / 2 if calls else 0.0,
    )
