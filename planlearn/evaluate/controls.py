"""Controls without a model: what plan validity means beside a blind walk and beside a planner that was always there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planlearn.chains.grammar import PLAN_HEADER, UNSOLVABLE
from planlearn.errors import EngineError
from planlearn.evaluate.answers import Completion, Prompt, Stop
from planlearn.evaluate.arms import PLANNER, RANDOM_WALK, Turn
from planlearn.evaluate.asked import Asked
from planlearn.evaluate.scoring import Reader, SampleRecord
from planlearn.planners import engine_plan, reference_plan
from planlearn.problems import stream
from val_bridge import Task, progress, write_domain, write_problem

UNKNOWN_LIMIT = 60
"""Steps of a walk where no problem of the set has a reference plan."""


class _Made:
    """An arm whose answers are made here: one a problem, without a prompt."""

    name: str
    reader = Reader.STRICT
    first = ""

    def turns(self, asked: Asked, records: Sequence[SampleRecord]) -> Sequence[Turn]:
        return () if records else [Turn(asked=asked, attempt=1, prompt=Prompt(id=asked.id, text=""))]

    def complete(self, turns: Sequence[Turn]) -> Iterable[Completion]:
        for turn in turns:
            begun = time.perf_counter()
            text, reason = self.answer(turn.asked)
            yield Completion(
                id=turn.prompt.id, text=text, stop=Stop.MISSING if reason else Stop.END, reason=reason, prompt_tokens=0, tokens=0,
                seconds=time.perf_counter() - begun,
            )

    def answer(self, asked: Asked) -> tuple[str, str]:
        """(the answer, "") or ("", why there is none)."""
        raise NotImplementedError


def _plan_section(calls: Iterable[tuple[str, ...]]) -> str:
    return f"{PLAN_HEADER}\n" + "".join(" ".join(call) + "\n" for call in calls)


@dataclass(frozen=True, kw_only=True)
class RandomWalk(_Made):
    """Applicable actions, each as likely as any other, until the goal holds or the limit is met.

    limit: steps. It stops at the goal by itself, which no model is told, so it flatters the walk. The stream is named by seed, domain and problem.
    """

    limit: int
    seed: int = 0
    name: str = RANDOM_WALK

    @classmethod
    def for_problems(cls, asked: Iterable[Asked], seed: int = 0) -> RandomWalk:
        """With twice the steps of the longest reference plan among them."""
        longest = max((one.reference_length or 0 for one in asked), default=0)
        return cls(limit=2 * longest or UNKNOWN_LIMIT, seed=seed)

    @property
    def says(self) -> str:
        return f"random walk over applicable actions, at most {self.limit} steps, stops at the goal"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"limit": self.limit, "seed": self.seed}

    def answer(self, asked: Asked) -> tuple[str, str]:
        return _plan_section(self.walk(asked.task, asked.domain, asked.id)), ""

    def walk(self, task: Task, *path: str) -> list[tuple[str, ...]]:
        """The calls of a walk; shorter than the limit where the goal holds or nothing is applicable."""
        rng, state, calls = stream(self.seed, RANDOM_WALK, *path), task.initial, []
        while task.unmet_goals(state) and len(calls) < self.limit:
            choices = sorted(task.applicable_actions(state), key=lambda action: (action.name, action.arguments))
            if not choices:
                break
            action = rng.choice(choices)
            calls.append((action.name, *action.arguments))
            state = progress(state, action)
        return calls


@dataclass(frozen=True, kw_only=True)
class ClassicalPlanner(_Made):
    """A planner that solves the problem by search, with its wall time.

    engine: one of unified-planning's, e.g. "pyperplan", which gets so many seconds; "" for planlearn's own planner of the domain where it has one (then the
    reference lengths are its, so its plans are not longer), else pyperplan.
    """

    engine: str = ""
    seconds: float = 60.0
    name: str = PLANNER

    @property
    def says(self) -> str:
        return f"classical planner: {self.engine}" if self.engine else "planlearn's own planner, whose plans are the reference"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"engine": self.engine, "seconds": self.seconds}

    def answer(self, asked: Asked) -> tuple[str, str]:
        try:
            if self.engine:
                domain, problem = write_domain(asked.task.domain), write_problem(asked.task.problem)
                plan = engine_plan(domain, problem, engine=self.engine, seconds=self.seconds)
            else:
                plan = reference_plan(asked.domain, asked.task, seconds=self.seconds)
        except EngineError as error:  # it ran out of time, which is neither a plan nor a proof that there is none
            return "", f"no answer: {error}"
        if plan is None:
            return f"{PLAN_HEADER}\n{UNSOLVABLE}\n", ""
        return _plan_section((call.name, *call.arguments) for call in plan.calls), ""
