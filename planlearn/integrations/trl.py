"""Reward functions and an environment for TRL's GRPOTrainer; tested with trl 1.16.

    GRPOTrainer(model=..., reward_funcs=plan_validity_reward, train_dataset=rows)             # one answer, a reward
    GRPOTrainer(model=..., environment_factory=SubmitPlan, train_dataset=rows)                # tool calls, with feedback between them

Rows have `prompt`, `problem_pddl`, and `domain_pddl` or the name of a carried domain as `domain`; a corpus of `planlearn data build` has
them. TRL itself is not imported here. `environment_factory` is marked experimental in TRL, and takes a model whose chat template knows
tools.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from planlearn.feedback import Level, binary_feedback, detailed_feedback
from planlearn.integrations.judge import Judgement, judge_text
from planlearn.integrations.request import DOMAIN, NAME, PROBLEM, domain_of, read_row, tool_request
from val_bridge import Task

Completion = str | Sequence[dict[str, Any]]
"""What TRL gives of an answer: the text, or in conversations its messages."""


def plan_validity_reward(
    completions: Sequence[Completion], problem_pddl: Sequence[str], domain_pddl: Sequence[str] | None = None,
    domain: Sequence[str] | None = None, log_extra: Callable[[str, list[Any]], None] | None = None, **_: Any,
) -> list[float | None]:
    """1.0 where the plan in an answer is valid, else 0.0; None, which TRL leaves out, where the checker failed.

    Also gives TRL's table of completions a column `plan_verdict` with what the checker says. Raises PlanlearnError for rows without a
    domain, SourceError for broken PDDL.
    """
    return _rewards(lambda judged: float(judged.is_valid), completions, problem_pddl, domain_pddl, domain, log_extra)


def plan_progress_reward(
    completions: Sequence[Completion], problem_pddl: Sequence[str], domain_pddl: Sequence[str] | None = None,
    domain: Sequence[str] | None = None, log_extra: Callable[[str, list[Any]], None] | None = None, **_: Any,
) -> list[float | None]:
    """As `plan_validity_reward`, but a plan that fails has up to a half, by the share of its steps that can be executed."""
    return _rewards(lambda judged: judged.progress, completions, problem_pddl, domain_pddl, domain, log_extra)


def _rewards(
    reward: Callable[[Judgement], float], completions: Sequence[Completion], problems: Sequence[str], domain_texts: Sequence[str] | None,
    domain_names: Sequence[str] | None, log_extra: Callable[[str, list[Any]], None] | None,
) -> list[float | None]:
    texts, names = domain_texts or [None] * len(problems), domain_names or [None] * len(problems)
    rewards: list[float | None] = []
    said: list[str] = []
    for completion, problem, text, name in zip(completions, problems, texts, names, strict=True):
        task = read_row({PROBLEM: problem, DOMAIN: text, NAME: name})
        try:
            judged = judge_text(task, answer_text(completion))
        except Exception as error:  # a defect of the checker is no wrong plan, and must not end a training
            rewards.append(None)
            said.append(f"checker error: {type(error).__name__}: {error}")
        else:
            rewards.append(reward(judged))
            said.append(judged.said)
    if log_extra is not None:
        log_extra("plan_verdict", said)
    return rewards


def answer_text(completion: Completion) -> str:
    """The text of an answer; of a conversation its last message from the assistant, "" without one."""
    if isinstance(completion, str):
        return completion
    spoken = [message.get("content") or "" for message in completion if message.get("role") == "assistant"]
    last = spoken[-1] if spoken else ""
    return last if isinstance(last, str) else "".join(part.get("text", "") for part in last)


class SubmitPlan:
    """An environment with one tool, `submit_plan`, which answers with the checker's feedback.

    TRL makes one a rollout, without arguments, and uses it again: other settings are given by `partial(SubmitPlan, attempts=5)`. Every
    public method but `reset` and `get_reward` would be a tool, so there is none.

    attempts: how many plans may be handed in. feedback: what is said of a wrong one. discount: the factor of the reward for each plan
    before the valid one; 1.0 pays a late plan like an early one. dense: without a valid plan the best `Judgement.progress`, below a half,
    instead of 0. valid_at: the attempt that was valid, from 1, None without one. said: the feedback so far.
    """

    def __init__(self, *, attempts: int = 3, feedback: str = Level.DETAILED.value, discount: float = 1.0, dense: bool = False) -> None:
        if attempts < 1 or not 0 < discount <= 1:
            raise ValueError("attempts must be positive and discount in (0, 1]")
        self.attempts, self.level, self.discount, self.dense = attempts, Level(feedback), discount, dense
        self.task: Task | None = None
        self._begin()

    def _begin(self) -> None:
        self.used, self.best, self.failed = 0, 0.0, False
        self.valid_at: int | None = None
        self.said: list[str] = []

    def reset(self, **row: Any) -> str:
        """Begin the problem of a row; gives the request, which TRL appends to the prompt's last message.

        Raises PlanlearnError for a row without problem or domain, SourceError for broken PDDL.
        """
        self.task = read_row(row)
        self._begin()
        return tool_request(domain_of(row), str(row[PROBLEM]))

    def submit_plan(self, plan: str) -> str:
        """
        Hand in a plan and learn whether it is valid.

        Args:
            plan: The plan, one action a line, each as (name argument ...), in the order of execution.

        Returns:
            Whether the plan is valid, and if not, what is wrong with it.
        """
        if self.task is None:
            raise ValueError("reset comes before submit_plan")
        if self.valid_at is not None:
            return "A valid plan was handed in already."
        if self.used == self.attempts:
            return "No attempt is left."
        try:
            judged = judge_text(self.task, plan)
            said = _feedback(judged, self.task, self.level)
        except Exception:
            self.failed = True  # then there is no reward rather than a wrong one
            raise
        self.used += 1
        self.best = max(self.best, judged.progress)
        if judged.is_valid:
            self.valid_at = self.used
        self.said.append(said)
        return said

    def get_reward(self) -> float | None:
        """1.0 for a plan that was valid at once, times `discount` for each one before it; None, which TRL leaves out, where the checker
        failed."""
        if self.valid_at is not None:
            return self.discount ** (self.valid_at - 1)
        if self.failed:
            return None
        return self.best if self.dense else 0.0


def _feedback(judged: Judgement, task: Task, level: Level) -> str:
    if judged.verdict is None:
        return "The plan is unreadable." if level is Level.BINARY else f"The plan is unreadable: {judged.said}"
    return (detailed_feedback(judged.verdict, task) if level is Level.DETAILED else binary_feedback(judged.verdict)).text
