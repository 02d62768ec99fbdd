"""What a round teaches: attempts and corrections -> lessons, weighted by stage and objective.

Where a correction comes from (`corrected`): the model's own valid attempt; else what is right of its first attempt, continued by
the reference planner. What is right ends at the first fault, and earlier where going on from there would make the plan longer
than the planner's from the start: a true step that leads astray is no step to learn from. PDDL-Instruct does not say where
its corrections come from.

A round's lessons:
- *fresh*: the problem -> the chain and the plan, own or corrected;
- *mend*: the problem, the attempt that failed and the feedback on it -> the corrected chain and plan;
- *judge*: a plan that the model wrote -> the reasoning and VALID or INVALID, for failed attempts and as many good ones;
- *wrong*: the problem and the model's own chain -> the invalid plan behind it, for unlikelihood in stage "plan" alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Literal

from planlearn.chains import ChainStyle, Role, Segment, answer_segments, chain_stretches, plan_text, problem_prompt
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.corpus import Example
from planlearn.corpus.judge import plan_judgement_segments
from planlearn.corpus.mend import mending_segments
from planlearn.planners import reference_plan
from planlearn.problems import shuffled_names
from planlearn.refine.attempt import Attempt, FeedbackLevel, correct_actions, without_detours, written
from planlearn.refine.learner import Lesson, Stage
from val_bridge import Action, BindError, Call, Chain, Fault, FaultKind, Outcome, Plan, Task, execute, write_problem

Origin = Literal["own", "own after feedback", "prefix and planner", "planner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem of D2: no solution comes with it."""

    id: str
    domain: str
    size: str
    problem_class: str
    problem_pddl: str
    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A true chain that reaches the goal. kept: how many of its first steps are those of the failed attempt before its fault."""

    chain: Chain
    origin: Origin
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """Weights of objective "weighted"; "nll" weighs every token 1 and leaves out what is wrong.

    The step that corrects a failed one weighs 1 + fault_weight * |s △ s*| + penalty(error), where |s △ s*| counts the facts in
    which the state that was written differs from the true one: the surrogate of L_reasoning (PDDL-Instruct, Phase 2, stage
    1), whose sum has no gradient through sampled text. Binary feedback knows the step alone: 1 + penalty. Without feedback nothing
    is known, all steps weigh 1 and nothing wrong is made unlikely. Of binary feedback it is the mean penalty. unlikelihood is β and verdict the factor of the BCE of L_final (stage 2). No unit.
    """

    objective: Literal["weighted", "nll"] = "weighted"
    fault_weight: float = 0.25
    penalties: Mapping[str, float] = field(default_factory=dict)
    unlikelihood: float = 0.5
    verdict: float = 1.0


def corrected(problem: Problem, first: Attempt, later: Sequence[Attempt], source: Literal["own", "reference"]) -> Correction | None:
    """The correction of a failed attempt, None where the planner finds none. later: attempts made with feedback on it."""
    task, right = problem.task, correct_actions(problem.task, first)

    def correction(actions: list[Action], origin: Origin) -> Correction:
        return Correction(chain=execute(task, actions), origin=origin, kept=_shared(right, actions))

    for attempt in later if source == "own" else ():
        if attempt.is_valid:
            return correction(own_actions(task, attempt), "own after feedback")
    plan = reference_plan(problem.domain, task, to_teach=True)
    if plan is None:
        return None
    whole = [task.bind(call) for call in plan.calls]
    continued = _continued(problem, without_detours(task, right), len(whole)) if source == "own" else None
    return correction(continued, "prefix and planner") if continued else correction(whole, "planner")


def own_actions(task: Task, attempt: Attempt) -> list[Action]:
    """The actions of a valid attempt, without detours."""
    assert attempt.answer.plan is not None
    return without_detours(task, map(task.bind, attempt.answer.plan.calls))


def _shared(one: Sequence[Action] | Sequence[Call], other: Sequence[Action] | Sequence[Call]) -> int:
    """How many elements both begin with."""
    count = 0
    for a, b in zip(one, other):
        if a != b:
            break
        count += 1
    return count


def _continued(problem: Problem, actions: list[Action], longest: int) -> list[Action] | None:
    """The most of the actions that the planner can continue to a plan of so many steps at most; None where that is none."""
    task = problem.task
    states = [task.initial, *(step.after for step in execute(task, actions).steps)]
    for kept in range(len(actions), 0, -1):
        ahead = Task(task.domain, replace(task.problem, initial=states[kept]))
        plan = reference_plan(problem.domain, ahead, to_teach=True)
        if plan is not None and kept + len(plan.calls) <= longest:
            return [*actions[:kept], *map(task.bind, plan.calls)]
    return None


def error_of(fault: Fault) -> str:
    """The paper's error type of a fault, as `Weighing.penalties` names them."""
    match fault.kind:
        case FaultKind.PRECONDITION | FaultKind.GOAL:
            return fault.kind.value
        case FaultKind.TRANSITION | FaultKind.INITIAL_STATE | FaultKind.STATE_FACT:
            return "effect"
        case _:
            return "other"


def step_weight(attempt: Attempt, level: FeedbackLevel, weighing: Weighing) -> float:
    """What the step weighs that stands where the attempt failed; no unit, at least 1."""
    if level == "none" or weighing.objective == "nll":
        return 1.0
    if level == "binary":  # which says where, not what
        return 1.0 + sum(weighing.penalties.values()) / max(1, len(weighing.penalties))
    first = [fault for fault in attempt.faults if fault.step == attempt.faults[0].step]
    wrong = sum(len(fault.violations) for fault in first if fault.kind in (FaultKind.TRANSITION, FaultKind.INITIAL_STATE))
    penalty = max((weighing.penalties.get(error_of(fault), 0.0) for fault in first), default=0.0)
    return 1.0 + weighing.fault_weight * wrong + penalty


def at_the_start(attempt: Attempt) -> bool:
    """Whether the first state, or what is said of it, is what was wrong first."""
    return bool(attempt.faults) and attempt.faults[0].step == 0


_VERDICT = re.compile(r"((?:IN)?VALID)(.*)", re.DOTALL)


class LessonMaker:
    """Makes the lessons of a round, in one style."""

    def __init__(self, style: ChainStyle, level: FeedbackLevel, weighing: Weighing, seed: int) -> None:
        self.style, self.level, self.weighing, self.seed = style, level, weighing, seed

    def fresh(self, problem: Problem, name: str, chain: Chain, heavy_at: int | None = None, heavy: float = 1.0) -> Taught:
        """The problem -> the chain and the plan. heavy_at, heavy: the step of that number (0: the first state) weighs that much."""
        segments, weights = self._answer(problem.task, chain, heavy_at, heavy)
        given = answer_segments(problem.task, chain, self.style)[:1]
        return self._taught(problem, f"{name}-fresh", "chain", chain.plan, (*given, *segments), (0.0, *weights))

    def under_other_names(
        self, problem: Problem, name: str, correction: Correction, heavy_at: int, heavy: float, rng: Random
    ) -> Taught | None:
        """`fresh` for the problem with its objects' names shuffled, and the planner's plan for these: plans go by names.

        The step weighs `heavy` where that plan does the same up to there. None where the planner finds no plan.
        """
        task, renaming = shuffled_names(problem.task, rng)
        other = replace(problem, problem_pddl=write_problem(task.problem), task=task)
        plan = reference_plan(problem.domain, task, to_teach=True)
        if plan is None:
            return None
        same = _shared(renaming.of_plan(correction.chain.plan).calls, plan.calls)
        at = heavy_at if heavy_at <= same else None
        return self.fresh(other, name, execute(task, plan.calls), at, heavy)

    def mend(
        self, problem: Problem, name: str, previous: str, feedback: str, chain: Chain, heavy_at: int | None = None, heavy: float = 1.0
    ) -> Taught:
        """The problem, what was written and the feedback on it -> the corrected chain and the plan; weights as of `fresh`."""
        segments, weights = self._answer(problem.task, chain, heavy_at, heavy)
        given = mending_segments(problem.task, self.style, previous, feedback)
        return self._taught(problem, f"{name}-mend", "mend", chain.plan, (*given, *segments), (*[0.0] * len(given), *weights))

    def judge(self, problem: Problem, name: str, attempt: Attempt) -> Taught | None:
        """The plan that was written, or the chain's calls where there is none; None where one of them is no action."""
        answer = attempt.answer
        plan = answer.plan or (Plan(calls=tuple(c.call for c in answer.chain.claims)) if answer.chain else None)
        if plan is None:
            return None
        try:
            segments = plan_judgement_segments(problem.task, plan, self.style)
        except BindError:
            return None
        *before, verdict = segments
        word, rest = _VERDICT.fullmatch(verdict.text).groups()  # type: ignore[union-attr]
        parts = [Segment(role=Role.VERDICT, text=text) for text in (word, rest) if text]
        factor = self.weighing.verdict if self.weighing.objective == "weighted" else 1.0
        weights = (0.0, *[1.0] * (len(before) - 1), factor, *[1.0] * (len(parts) - 1))
        taught = self._taught(problem, f"{name}-judge", "judge", plan, (*before, *parts), weights)
        return replace(taught, verdict=word == "VALID", end=1.0)

    def wrong(self, problem: Problem, name: str, attempt: Attempt) -> Taught | None:
        """The model's own chain and, behind it, its invalid plan up to the first word that departs from the chain and fails.

        That word, or the end mark where the plan stops before the chain does, is made unlikely. None where the plan says what the
        chain says: then the chain is what is wrong.
        """
        verdict, plan, chain = attempt.plan, attempt.answer.plan, attempt.answer.chain
        if plan is None or chain is None or verdict is None or verdict.outcome is not Outcome.INVALID:
            return None
        text = written(attempt.completion)
        head = text[: text.index(f"{PLAN_HEADER}\n")]
        failing = verdict.first.step if verdict.first is not None else None
        right = plan.calls[: failing - 1] if failing else plan.calls
        said = [" ".join((call.name, *call.arguments)) for call in right]
        segments = [
            Segment(role=Role.PROMPT, text=problem_prompt(problem.task, self.style)), Segment(role=Role.CHAIN, text=head),
        ]
        if failing is None:
            if len(chain.claims) <= len(plan.calls):
                return None
            segments.append(Segment(role=Role.PLAN, text="\n".join([PLAN_HEADER, *said])))
            taught = self._taught(problem, f"{name}-wrong", "wrong", plan, tuple(segments), (0.0, 0.0, 0.0))
            return replace(taught, end=-self.weighing.unlikelihood)
        call = plan.calls[failing - 1]
        words = [call.name, *call.arguments]
        wanted = [] if failing > len(chain.claims) else [chain.claims[failing - 1].call.name, *chain.claims[failing - 1].call.arguments]
        if words == wanted:
            return None
        alike = next((at for at, pair in enumerate(zip(words, wanted)) if pair[0] != pair[1]), min(len(words), len(wanted)))
        if alike == len(words):
            return None  # it lacks an object: nothing that was written is wrong
        before = "\n".join([PLAN_HEADER, *said, " ".join(words[:alike])])
        segments += [
            Segment(role=Role.PLAN, text=before), Segment(role=Role.PLAN, text=f"{' ' if alike else ''}{words[alike]}"),
        ]
        taught = self._taught(
            problem, f"{name}-wrong", "wrong", plan, tuple(segments), (0.0, 0.0, 0.0, -self.weighing.unlikelihood)
        )
        return replace(taught, end=0.0)

    def _answer(self, task: Task, chain: Chain, heavy_at: int | None, heavy: float) -> tuple[list[Segment], list[float]]:
        stretches = chain_stretches(task, chain, self.style)
        segments = [Segment(role=Role.CHAIN, text=text) for text in stretches if text]
        weights = [heavy if number == heavy_at else 1.0 for number, text in enumerate(stretches) if text]
        segments.append(Segment(role=Role.PLAN, text=f"{PLAN_HEADER}\n{plan_text(chain.plan)}"))
        return segments, [*weights, 1.0]

    def _taught(
        self, problem: Problem, name: str, kind: str, plan: Plan, segments: tuple[Segment, ...], weights: tuple[float, ...]
    ) -> Taught:
        example = Example(
            id=name, kind=kind, domain=problem.domain, size=problem.size, split="d2", seed=self.seed,
            problem_class=problem.problem_class, problem_pddl=problem.problem_pddl, plan=plan_text(plan),
            steps=len(plan.calls), error="", segments=segments,
        )
        return Taught(example=example, weights=weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A lesson before it is known in which stage it stands: weights as if all roles counted. end: of the end mark, where it
    is not that of the last segment.
    """

    example: Example
    weights: tuple[float, ...]
    verdict: bool | None = None
    end: float | None = None

    def in_stage(self, stage: Stage, weighing: Weighing) -> Lesson | None:
        """The lesson with the weights of its stage's roles alone; None where nothing is left.

        Stage "chain" has the CHAIN segments; stage "plan" has PLAN and VERDICT, and the end mark, which ends the plan.
        """
        roles = (Role.CHAIN,) if stage is Stage.CHAIN else (Role.PLAN, Role.VERDICT)
        weights = tuple(
            weight if segment.role in roles else 0.0
            for weight, segment in zip(self.weights, self.example.segments, strict=True)
        )
        end = 0.0 if stage is Stage.CHAIN else self.weights[-1] if self.end is None else self.end
        if weighing.objective == "nll":
            weights, end = tuple(max(weight, 0.0) for weight in weights), max(end, 0.0)
        if not any(weights) and not end:
            return None
        two_way = self.verdict if stage is Stage.PLAN and weighing.objective == "weighted" and weighing.verdict else None
        return Lesson(example=self.example, weights=weights, end=end, verdict=two_way)


class Draft:
    """A lesson that is made when it is first asked for: of many names few are read."""

    def __init__(self, make: Callable[[], Taught | None]) -> None:
        self._make = make

    @cached_property
    def taught(self) -> Taught | None:
        """None where there is nothing to teach."""
        return self._make()


def in_order(
    drafts: Sequence[Draft], rng: Random, length: Callable[[Draft], int | None], tokens: int | None
) -> Iterator[Taught]:
    """The lessons shuffled, once; or, where so many tokens are to be read, again and again until they are (the last one
    that would pass the mark is left out). length: in tokens, None for a lesson that is not to be read.
    """
    done = 0
    while True:
        before = done
        for draft in rng.sample(list(drafts), len(drafts)):
            its = length(draft)
            if its is None:
                continue
            done += its
            if tokens is not None and done > tokens:
                return
            assert draft.taught is not None
            yield draft.taught
        if tokens is None or done == before:
            return
