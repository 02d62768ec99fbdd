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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from planlearn.chains import ChainStyle, Role, Segment, answer_segments, chain_stretches, plan_text, problem_prompt
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.corpus import Example
from planlearn.corpus.judge import plan_judgement_segments
from planlearn.corpus.mend import mending_segments
from planlearn.planners import reference_plan
from planlearn.refine.attempt import Attempt, FeedbackLevel, correct_actions, true_chain, without_detours
from planlearn.refine.learner import Lesson, Stage
from val_bridge import Action, BindError, Chain, Fault, FaultKind, Outcome, Plan, Task

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
    """A true chain that reaches the goal. kept: how many of its first steps are the failed attempt's."""

    chain: Chain
    origin: Origin
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """Weights of objective "weighted"; "nll" weighs every token 1 and leaves out what is wrong.

    The step that corrects a failed one weighs 1 + fault_weight * |s △ s*| + penalty(error), where |s △ s*| counts the facts in
    which the state that was written differs from the true one: the surrogate of L_reasoning (PDDL-Instruct, Phase 2, stage
    1), whose sum has no gradient through sampled text. Binary feedback knows the step alone: 1 + penalty. Without feedback nothing
    is known, and all steps weigh 1. unlikelihood is β and verdict the factor of the BCE of L_final (stage 2). No unit.
    """

    objective: Literal["weighted", "nll"] = "weighted"
    fault_weight: float = 0.25
    penalties: Mapping[str, float] = field(default_factory=dict)
    unlikelihood: float = 0.5
    verdict: float = 1.0


def corrected(problem: Problem, first: Attempt, later: Sequence[Attempt], source: Literal["own", "reference"]) -> Correction | None:
    """The correction of a failed attempt, None where the planner finds none. later: attempts made with feedback on it."""
    task = problem.task
    if source == "reference":
        plan = reference_plan(problem.domain, task, to_teach=True)
        return None if plan is None else Correction(chain=true_chain(task, map(task.bind, plan.calls)), origin="planner", kept=0)
    for attempt in later:
        if attempt.is_valid:
            actions = own_actions(task, attempt)
            shared = _shared(correct_actions(task, first), actions)
            return Correction(chain=true_chain(task, actions), origin="own after feedback", kept=shared)
    return _continued(problem, without_detours(task, correct_actions(task, first)))


def own_actions(task: Task, attempt: Attempt) -> list[Action]:
    """The actions of a valid attempt, without detours."""
    assert attempt.answer.plan is not None
    return without_detours(task, map(task.bind, attempt.answer.plan.calls))


def _shared(one: Sequence[Action], other: Sequence[Action]) -> int:
    count = 0
    for a, b in zip(one, other):
        if a != b:
            break
        count += 1
    return count


def _continued(problem: Problem, actions: list[Action]) -> Correction | None:
    task = problem.task
    states = [task.initial, *(step.after for step in true_chain(task, actions).steps)]

    def rest(kept: int) -> list[Action] | None:
        ahead = Task(task.domain, replace(task.problem, initial=states[kept]))
        plan = reference_plan(problem.domain, ahead, to_teach=True)
        return None if plan is None else [task.bind(call) for call in plan.calls]

    whole = rest(0)
    if whole is None:
        return None
    for kept in range(len(actions), 0, -1):
        more = rest(kept)
        if more is not None and kept + len(more) <= len(whole):
            return Correction(chain=true_chain(task, [*actions[:kept], *more]), origin="prefix and planner", kept=kept)
    return Correction(chain=true_chain(task, whole), origin="planner", kept=0)


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
    faults = attempt.verdict.faults if attempt.verdict is not None else ()
    penalty = max((weighing.penalties.get(error_of(fault), 0.0) for fault in faults), default=0.0)
    if level == "binary" or not faults:
        return 1.0 + penalty
    wrong = sum(
        len(fault.violations) for fault in faults
        if fault.step == faults[0].step and fault.kind in (FaultKind.TRANSITION, FaultKind.INITIAL_STATE)
    )
    return 1.0 + weighing.fault_weight * wrong + penalty


class LessonMaker:
    """Makes the lessons of a round, in one style."""

    def __init__(self, style: ChainStyle, level: FeedbackLevel, weighing: Weighing, seed: int) -> None:
        self.style, self.level, self.weighing, self.seed = style, level, weighing, seed

    def fresh(self, problem: Problem, name: str, chain: Chain, kept: int | None = None, heavy: float = 1.0) -> Taught:
        """The problem -> the chain and the plan. kept, heavy: the step behind so many weighs that much; None: no step does."""
        segments, weights = self._answer(problem.task, chain, kept, heavy)
        given = answer_segments(problem.task, chain, self.style)[:1]
        return self._taught(problem, f"{name}-fresh", "chain", chain.plan, (*given, *segments), (0.0, *weights))

    def mend(self, problem: Problem, name: str, previous: str, feedback: str, correction: Correction, heavy: float) -> Taught:
        segments, weights = self._answer(problem.task, correction.chain, correction.kept, heavy)
        given = mending_segments(problem.task, self.style, previous, feedback)
        return self._taught(
            problem, f"{name}-mend", "mend", correction.chain.plan, (*given, *segments), (*[0.0] * len(given), *weights)
        )

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
        valid = segments[-1].text.startswith("VALID")
        taught = self._taught(problem, f"{name}-judge", "judge", plan, segments, (0.0, *[1.0] * (len(segments) - 1)))
        return replace(taught, verdict=valid)

    def wrong(self, problem: Problem, name: str, attempt: Attempt) -> Taught | None:
        """The invalid plan behind the model's own chain: what it wrote up to the first call that fails, and that call apart."""
        verdict, plan = attempt.plan, attempt.answer.plan
        if plan is None or verdict is None or verdict.outcome is not Outcome.INVALID:
            return None
        text = attempt.completion.text
        head = text[: text.index(f"{PLAN_HEADER}\n")] if f"{PLAN_HEADER}\n" in text else ""
        failing = verdict.first.step if verdict.first is not None else None
        lines = [line + "\n" for line in plan_text(plan).split("\n")] if plan.calls else []
        right = lines[: failing - 1] if failing else lines
        segments = [
            Segment(role=Role.PROMPT, text=problem_prompt(problem.task, self.style)),
            Segment(role=Role.CHAIN, text=head), Segment(role=Role.PLAN, text=f"{PLAN_HEADER}\n{''.join(right)}".rstrip("\n")),
        ]
        weights = [0.0, 0.0, 0.0]
        if failing:
            segments.append(Segment(role=Role.PLAN, text="\n" + lines[failing - 1].rstrip("\n")))
            weights.append(-self.weighing.unlikelihood)
        taught = self._taught(problem, f"{name}-wrong", "chain", plan, tuple(segments), tuple(weights))
        # A plan that can be executed stopped too early: what was wrong is its end.
        return replace(taught, end=0.0 if failing else -self.weighing.unlikelihood)

    def _answer(self, task: Task, chain: Chain, kept: int | None, heavy: float) -> tuple[list[Segment], list[float]]:
        stretches = chain_stretches(task, chain, self.style)
        segments = [Segment(role=Role.CHAIN, text=text) for text in stretches if text]
        # Stretch 0 is the first state: where that was wrong, it is what the correction corrects, with the first step.
        weights = [
            heavy if kept is not None and (number == kept + 1 or (number == kept == 0)) else 1.0
            for number, text in enumerate(stretches) if text
        ]
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


def in_order(taught: Sequence[Taught], rng: Random, length: Iterable[int], tokens: int | None) -> Iterator[Taught]:
    """The lessons shuffled, once; or, where so many tokens are to be read, again and again until they are (the last one
    that would pass the mark is left out)."""
    lengths = dict(zip((one.example.id for one in taught), length, strict=True))
    done = 0
    while taught:
        for one in rng.sample(list(taught), len(taught)):
            done += lengths[one.example.id]
            if tokens is not None and done > tokens:
                return
            yield one
        if tokens is None:
            return
