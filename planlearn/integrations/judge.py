"""Somebody's text against a task: a verdict on the plan in it, and one number that rewards every step that holds."""

from __future__ import annotations

from dataclasses import dataclass

from planlearn.chains import find_plan
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
    """The plan in a text, found as `planlearn.evaluate.judge_answer` finds it. Raises nothing because of what a model wrote."""
    found = find_plan(text, task)
    if found.plan is None:
        return Judgement(verdict=None, said=str(found.error) if found.error is not None else "there is no plan in the answer", progress=0.0)
    verdict = check_plan(task, found.plan)
    calls = len(found.plan.calls)
    valid = verdict.outcome is Outcome.VALID
    return Judgement(
        verdict=verdict, said=str(verdict), progress=1.0 if valid else len(verdict.steps) / calls / 2 if calls else 0.0,
    )
