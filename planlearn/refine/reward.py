"""The checker's verdict on an answer as a number in [0, 1], for objective "policy" (GRPO: Shao et al. 2024, arXiv 2402.03300).

    stage "chain":  g where no step is wrong, else r / (2 n)      g: the share of the goals that hold at its end; r of n steps are right
    stage "plan":   1 for a valid plan, else e / (2 n)            e of n steps can be executed

So a chain that stops early has what it reached of the goal and nothing for being short, a chain with a fault and a plan that fails at
most a half, and every step before that counts. 1 is for a chain that is right and reaches the goal, and for a valid plan, alone. They stand for PDDL-Instruct's L_reasoning and L_final, which count the same errors.
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
    return right / len(chain.claims) / 2 if wrong else _progress(verdict)


def plan_reward(task: Task, text: str) -> float:
    """Of the plan, whole as written; the chain before it counts for nothing."""
    plan = read_answer(text, task).plan
    if plan is None:
        return 0.0
    verdict = check_plan(task, plan)
    if verdict.outcome is Outcome.VALID:
        return 1.0
    return len(verdict.steps) / len(plan.calls) / 2 if plan.calls else 0.0


REWARDS: Mapping[Stage, Callable[[Task, str], float]] = {Stage.CHAIN: chain_reward, Stage.PLAN: plan_reward}


def _progress(verdict: Verdict) -> float:
    goals = len(verdict.satisfied_goals) + len(verdict.unmet_goals)
    return len(verdict.satisfied_goals) / goals if goals else 1.0
