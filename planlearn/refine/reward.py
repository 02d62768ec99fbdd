"""The checker's verdict on an answer as a number in [0, 1], for objective "policy" (GRPO: Shao et al. 2024, arXiv 2402.03300).

    stage "chain":  (right steps / steps claimed + goals that hold at its end / goals) / 2, the second 0 where a step is wrong
    stage "plan":   (steps that can be executed / steps + [the plan is valid]) / 2

Both are 1 for a right answer alone and 0 for one that cannot be read, and every step that is right counts, so that answers which all
fail differ. They stand for PDDL-Instruct's L_reasoning and L_final, which count the same errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planlearn.chains import read_answer
from planlearn.refine.learner import Stage
from val_bridge import FaultKind, Outcome, Task, Verdict, check_chain, check_plan

Reward = Callable[[str], float]
"""A model's whole answer -> its reward."""


def chain_reward(task: Task, text: str) -> float:
    """Of the ⟨s, a, s'⟩ that were written; the plan behind them counts for nothing."""
    chain = read_answer(text, task).chain
    if chain is None or not chain.claims:
        return 0.0
    verdict = check_chain(task, chain)
    wrong = [fault.step or 0 for fault in verdict.faults if fault.kind not in (FaultKind.GOAL, FaultKind.PLAN_MISMATCH)]
    right = min([len(chain.claims), *(max(0, step - 1) for step in wrong)])
    return (right / len(chain.claims) + (0.0 if wrong else _progress(verdict))) / 2


def plan_reward(task: Task, text: str) -> float:
    """Of the plan, whole as written; the chain before it counts for nothing."""
    plan = read_answer(text, task).plan
    if plan is None:
        return 0.0
    verdict = check_plan(task, plan)
    valid = verdict.outcome is Outcome.VALID
    return (len(verdict.steps) / len(plan.calls) + valid) / 2 if plan.calls else float(valid)


REWARDS: Mapping[Stage, Callable[[Task, str], float]] = {Stage.CHAIN: chain_reward, Stage.PLAN: plan_reward}


def _progress(verdict: Verdict) -> float:
    goals = len(verdict.satisfied_goals) + len(verdict.unmet_goals)
    return len(verdict.satisfied_goals) / goals if goals else 1.0
