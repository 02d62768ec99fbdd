"""Phase 2: up to η rounds of attempts, judgement, feedback, and two stages of learning from them.

PDDL-Instruct, arXiv 2509.13351, Phase 2. In each round the current model attempts problems without solutions (D2); the checker
judges every ⟨s, a, s'⟩ and the plan; feedback is rendered, and the round becomes lessons (`lessons`); stage "chain" learns the
reasoning, stage "plan" the final plan; validity is measured on fixed validation problems, the model alone.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle, problem_prompt
from planlearn.corpus.build import ProblemSource
from planlearn.corpus.mend import mending_segments
from planlearn.errors import PlanlearnError
from planlearn.evaluate import Asked, Hopeless, Prompt, measure
from planlearn.files import RowLog, write_json_lines
from planlearn.problems import stream
from planlearn.progress import Progress, clock
from planlearn.recipes import RefineRecipe
from planlearn.refine.attempt import Attempt, attempt_from_row, feedback_on, given_up, judge_attempt, written
from planlearn.refine.learner import Fitted, Learner, Posed, Stage
from planlearn.refine.lessons import (
    Draft,
    LessonMaker,
    Problem,
    Taught,
    Weighing,
    at_the_start,
    corrected,
    in_order,
    own_actions,
    step_weight,
)
from planlearn.refine.record import PROBLEMS_FILE, SCHEMA, rounds_log
from planlearn.refine.reward import REWARDS, Reward
from val_bridge import Task, execute


def d2_problems(domain: str, seed: int, recipe: RefineRecipe) -> Iterator[list[Problem]]:
    """The problems of round after round, without end; always the same for a seed, however many rounds there are.

    Raises PlanlearnError where no size has a problem that may be learned from, RecipeError where names cannot be shuffled.
    """
    source = ProblemSource(domain, seed, "d2", fresh_classes=False)
    if recipe.names:
        source.need_free_names("refine.names")
    start = 0
    while True:
        problems = []
        for index in range(start, start + recipe.problems):
            drawn = source.draw(index, recipe.sizes, recipe.max_steps)
            if drawn is None:
                raise PlanlearnError(f"refine.sizes: found no problem of sizes {', '.join(recipe.sizes)} whose class is D2's")
            problems.append(Problem(  # without the plan that it was drawn with
                id=f"{domain}-d2-{seed}-{index}", domain=domain, size=drawn.size, problem_class=drawn.problem_class,
                problem_pddl=drawn.problem_pddl, task=drawn.task,
            ))
        yield problems
        start += recipe.problems


class Refinement:
    """The rounds of one run in a folder; whatever was finished there is not done again.

    learner: None where all is finished and is only to be read. told: is told each round's number and the summary of its validation, once it is
    finished; 0 is before the first.
    """

    def __init__(
        self, learner: Learner | None, recipe: RefineRecipe, folder: Path, *, domain: str, seed: int, style: ChainStyle,
        validation: Sequence[Asked], max_tokens: int, told: Callable[[int, dict[str, Any]], None] = lambda number, validation: None,
    ) -> None:
        self._learner, self.recipe, self.folder = learner, recipe, folder
        self.domain, self.seed, self.style, self.max_tokens = domain, seed, style, max_tokens
        self.validation = list(validation)[: recipe.validation]
        self.weighing = Weighing(
            objective="nll" if recipe.objective == "policy" else recipe.objective, fault_weight=recipe.fault_weight, penalties=recipe.penalties,
            unlikelihood=recipe.unlikelihood, verdict=recipe.verdict,
        )
        self.maker = LessonMaker(style, recipe.feedback, self.weighing, seed)
        self.log = rounds_log(folder)
        self.checking, self.told = 0.0, told

    def taught_by(self, learner: Learner | None) -> None:
        self._learner = learner

    @property
    def learner(self) -> Learner:
        assert self._learner is not None, "there is something to do, but nobody to do it"
        return self._learner

    @property
    def is_finished(self) -> bool:
        """Whether `run` would do nothing."""
        rows = self.log.rows
        return bool(rows) and (len(rows) >= self.recipe.rounds or self._is_over(rows))

    def run(self) -> list[dict[str, Any]]:
        """All rounds' rows, those of earlier starts first. Round 0 is the validation before the first."""
        done = self.log.rows
        if self.is_finished:
            return done
        if done:
            self.learner.load(self.weights_folder(len(done)))
        else:
            self.told(0, self.start())
        drawn = d2_problems(self.domain, self.seed, self.recipe)
        for number in range(1, self.recipe.rounds + 1):
            problems = next(drawn)
            if number <= len(done):
                continue
            if self._is_over(done):
                break
            self.log.append(self._round(number, problems))
            self.told(number, done[-1]["validation"])
            self._clear(done)
        return done

    def best(self, rows: Sequence[dict[str, Any]]) -> int:
        """The first round with the highest validity on the validation problems; 0 where no round beats the start."""
        values = [self.start()["plan_validity"]["value"], *(row["validation"]["plan_validity"]["value"] for row in rows)]
        return max(range(len(values)), key=lambda number: (values[number], -number))

    def start(self) -> dict[str, Any]:
        """The summary of the validation problems before the first round, which must have been measured."""
        return self._measure(self.folder / "round-00", "validation before round 1")

    def weights_folder(self, number: int) -> Path:
        """Where the weights behind a finished round are; those of earlier rounds than the last two are kept for the best alone."""
        return self._round_folder(number) / Stage.PLAN

    def _is_over(self, rows: Sequence[dict[str, Any]]) -> bool:
        return self.recipe.patience is not None and len(rows) - self.best(rows) >= self.recipe.patience

    def _round_folder(self, number: int) -> Path:
        return self.folder / f"round-{number:02}"

    def _round(self, number: int, problems: Sequence[Problem]) -> dict[str, Any]:
        folder, began, self.checking = self._round_folder(number), time.monotonic(), 0.0
        label = f"round {number}/{self.recipe.rounds} (best so far {self._best_share():.1%})"
        by_id = {problem.id: problem for problem in problems}
        write_json_lines(folder / PROBLEMS_FILE, [
            {"id": one.id, "domain": one.domain, "size": one.size, "problem_class": one.problem_class, "problem_pddl": one.problem_pddl}
            for one in problems
        ])  # fmt: skip
        log = RowLog(folder / "attempts.jsonl")
        first = self._attempts(label, number, by_id, log, 0, {p.id: problem_prompt(p.task, self.style) for p in problems})
        failed = {name: attempt for name, attempt in first.items() if not attempt.is_valid}
        feedback = {name: feedback_on(by_id[name].task, one, self.recipe.feedback) for name, one in failed.items()}
        later: dict[str, list[Attempt]] = {name: [] for name in failed}
        by_reward = self.recipe.objective == "policy"
        for again in range(1, self.recipe.attempts + 1 if self.recipe.correction == "own" and not by_reward else 1):
            open_ones = [name for name, tried in later.items() if not any(attempt.is_valid for attempt in tried)]
            prompts = {name: self._mending_prompt(by_id[name], failed[name], feedback[name]) for name in open_ones}
            for name, attempt in self._attempts(label, number, by_id, log, again, prompts).items():
                later[name].append(attempt)
        with self._checked():
            drafts, corrections = ([], Counter()) if by_reward else self._drafts(number, by_id, first, failed, feedback, later)
        read: set[tuple[str, str]] = set()
        stages = {}
        for stage in Stage:
            if by_reward:
                fitted = self._reinforce(label, number, stage, problems, folder)
            else:
                fitted, lessons = self._fit(label, number, stage, drafts, folder)
                read |= lessons
            stages[stage.value] = fitted.to_dict()
        validation = self._measure(folder, f"{label}, validation")
        attempts = [*first.values(), *(attempt for tried in later.values() for attempt in tried)]
        model = sum(a.completion.seconds for a in attempts) + sum(s["seconds"] for s in stages.values())
        model += validation["seconds"]["total"]
        row = {
            "schema": SCHEMA, "round": number, "feedback": self.recipe.feedback, "objective": self.recipe.objective,
            "weights": self.learner.weights,
            "attempts": {
                "problems": len(first), "valid": len(first) - len(failed),
                "valid_after_feedback": sum(any(a.is_valid for a in tried) for tried in later.values()),
                "errors": dict(sorted(Counter(log_row["error"] for log_row in log.rows if log_row["number"] == 0 and log_row["error"]).items())),
                "tokens": sum(a.completion.prompt_tokens + a.completion.tokens for a in attempts),
                "seconds": round(sum(a.completion.seconds for a in attempts), 2),
            },
            "corrections": dict(sorted(corrections.items())), "lessons": dict(sorted(Counter(kind for kind, _ in read).items())),
            "stages": stages, "validation": validation,
            # Of the model with those of killed starts; the others of the start that finished the round.
            "seconds": {
                "model": round(model, 2), "checking": round(self.checking, 2), "wall": round(time.monotonic() - began, 2),
            },
        }
        share = validation["plan_validity"]
        print(
            f"round {number}/{self.recipe.rounds}: {share['value']:.1%} of {share['n']} validation problems valid "
            f"({share['low']:.1%}-{share['high']:.1%}), {clock(row['seconds']['wall'])}{self._left(number, row['seconds']['wall'])}",
            file=sys.stderr, flush=True,
        )
        return row

    def _best_share(self) -> float:
        rows = self.log.rows
        best = self.best(rows)
        summary = rows[best - 1]["validation"] if best else self.start()
        return float(summary["plan_validity"]["value"])

    def _left(self, number: int, seconds: float) -> str:
        """How long the rounds still take if they take as long as this one; "" behind the last."""
        left = self.recipe.rounds - number
        return f", {clock(left * seconds)} left for {left} more" if left else ""

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Counts the seconds of judging, correcting, rendering and recording."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.checking += time.perf_counter() - began

    def _timed(self, hopeless: Hopeless) -> Hopeless:
        def timed(text: str) -> str | None:
            with self._checked():
                return hopeless(text)

        return timed

    def _attempts(
        self, label: str, number: int, problems: dict[str, Problem], log: RowLog, again: int, prompts: dict[str, str]
    ) -> dict[str, Attempt]:
        """The attempts of one kind, by problem, in the prompts' order; those in the log are read from there."""
        made = {
            row["problem"]: attempt_from_row(problems[row["problem"]].task, row)
            for row in log.rows if row["number"] == again and row["problem"] in prompts
        }
        asked = [
            Prompt(id=f"{name}#{again}", text=text, hopeless=self._timed(given_up(problems[name].task)))
            for name, text in prompts.items() if name not in made
        ]
        what = f"{label}, {'attempts with feedback' if again and self.recipe.feedback != 'none' else 'attempts'}"
        bar = Progress(what, len(prompts), "problems", start=len(made))
        seed = stream(self.seed, "attempts", number).getrandbits(32)
        answers = self.learner.complete(asked, max_tokens=self.max_tokens, temperature=self.recipe.temperature, seed=seed)
        for completion in answers if asked else ():
            name = completion.id.rpartition("#")[0]
            with self._checked():
                one = made[name] = judge_attempt(problems[name].task, name, again, completion)
                told = "" if one.is_valid else feedback_on(problems[name].task, one, self.recipe.feedback)
                log.append(one.to_row() | {"feedback": told, "prompt": prompts[name]})
            bar.update(len(made), f"{sum(attempt.is_valid for attempt in made.values())} valid")
        bar.done, bar.note = len(made), f"{sum(attempt.is_valid for attempt in made.values())} valid"
        if prompts:
            bar.close()
        return {name: made[name] for name in prompts}

    def _mending_prompt(self, problem: Problem, attempt: Attempt, feedback: str) -> str:
        if self.recipe.feedback == "none":
            return problem_prompt(problem.task, self.style)
        return "".join(s.text for s in mending_segments(problem.task, self.style, written(attempt.completion), feedback))

    def _drafts(
        self, number: int, problems: dict[str, Problem], first: dict[str, Attempt], failed: dict[str, Attempt],
        feedback: dict[str, str], later: dict[str, list[Attempt]],
    ) -> tuple[list[Draft], Counter[str]]:
        """What the round teaches, and where its corrections come from."""
        maker, told = self.maker, self.recipe.feedback != "none"
        drafts: list[Draft] = []
        origins: Counter[str] = Counter()

        def add(make: Callable[..., Taught | None], *given: Any) -> None:
            drafts.append(Draft(partial(make, *given)))

        for name, attempt in failed.items():
            problem = problems[name]
            correction = corrected(problem, attempt, later[name], self.recipe.correction)
            if correction is None:
                origins["none"] += 1
                continue
            origins[correction.origin] += 1
            heavy = step_weight(attempt, self.recipe.feedback, self.weighing)
            at = 0 if at_the_start(attempt) else correction.kept + 1
            add(maker.fresh, problem, name, correction.chain, at, heavy)
            for copy in range(self.recipe.names):
                rng = stream(self.seed, "names", number, name, copy)
                add(maker.under_other_names, problem, f"{name}-names{copy}", correction, at, heavy, rng)
            if told and stream(self.seed, "mend", number, name).random() < self.recipe.mend:
                said = self._told(number, name, feedback)
                add(maker.mend, problem, name, written(attempt.completion), said, correction.chain, at, heavy)
            if told:
                add(maker.wrong, problem, name, attempt)
        solved = [name for name in first if name not in failed]
        for name in solved if self.recipe.keep_valid else ():
            chain = execute(problems[name].task, own_actions(problems[name].task, first[name]))
            add(maker.fresh, problems[name], name, chain)
        if self.recipe.judge and told:
            judged = [Draft(partial(maker.judge, problems[name], name, attempt)) for name, attempt in failed.items()]
            known = [one for one in judged if one.taught is not None]
            drafts += known
            for name in stream(self.seed, "judged", number).sample(solved, min(len(solved), len(known))):
                add(maker.judge, problems[name], name, first[name])
        return drafts, origins

    def _told(self, number: int, name: str, feedback: dict[str, str]) -> str:
        """The feedback on an attempt, or that on another one where the recipe alters it."""
        rng = stream(self.seed, "altered", number, name)
        others = [other for other in feedback if other != name]
        return feedback[rng.choice(others)] if others and rng.random() < self.recipe.altered else feedback[name]

    def _fit(self, label: str, number: int, stage: Stage, drafts: Sequence[Draft], folder: Path) -> tuple[Fitted, set[tuple[str, str]]]:
        """What came of a stage, and (kind, id) of its lessons."""
        recipe = self.recipe

        @cache
        def length(draft: Draft) -> int | None:
            one = draft.taught
            if one is None or one.in_stage(stage, self.weighing) is None:
                return None
            tokens = self.learner.length(one.example)
            return tokens if tokens <= self.learner.longest else None

        with self._checked():
            budget = recipe.tokens
            if stage is Stage.PLAN:
                whole = budget if budget is not None else sum(length(draft) or 0 for draft in drafts)
                budget = round(recipe.plan_share * whole)
            chosen = in_order(drafts, stream(self.seed, "lessons", number, stage.value), length, budget)
            lessons = [lesson for one in chosen if (lesson := one.in_stage(stage, self.weighing)) is not None]
            rows = [
                {"id": lesson.example.id, "kind": lesson.example.kind, "weights": lesson.weights, "end": lesson.end,
                 "verdict": lesson.verdict, "segments": [{"role": s.role.value, "text": s.text} for s in lesson.example.segments]}
                for lesson in lessons
            ]  # fmt: skip
            write_json_lines(folder / f"lessons-{stage.value}.jsonl", rows)
        fitted = self.learner.fit(
            lessons, rate=self._rate(number, stage), falls_to=recipe.decay, seed=self.seed, folder=folder / stage.value,
            what=f"{label}, stage {stage.value}",
        )
        return fitted, {(lesson.example.kind, lesson.example.id) for lesson in lessons}

    def _reinforce(self, label: str, number: int, stage: Stage, problems: Sequence[Problem], folder: Path) -> Fitted:
        def reward(task: Task) -> Reward:
            def timed(text: str) -> float:
                with self._checked():
                    return REWARDS[stage](task, text)

            return timed

        posed = [Posed(id=one.id, prompt=problem_prompt(one.task, self.style), reward=reward(one.task)) for one in problems]
        return self.learner.reinforce(
            posed, rate=self._rate(number, stage), falls_to=self.recipe.decay, seed=self.seed, folder=folder / stage.value,
            what=f"{label}, stage {stage.value}",
        )

    def _rate(self, number: int, stage: Stage) -> float:
        """With which a stage of a round begins."""
        first = self.recipe.chain_rate if stage is Stage.CHAIN else self.recipe.plan_rate
        return first * (self.recipe.decay ** (number - 1) if self.recipe.decay else 1.0)

    def _measure(self, folder: Path, what: str) -> dict[str, Any]:
        """The summary of the validation problems, greedy, no feedback; read where it is finished."""
        out = folder / "validation"
        if not (out / "results.json").exists():
            measure(
                lambda prompts: self.learner.complete(prompts, max_tokens=self.max_tokens), self.validation, self.style, out,
                max_tokens=self.max_tokens, about={"round": folder.name, "start": self.learner.weights, "decoding": "greedy, whole vocabulary, one attempt, no feedback"},
                hashes={"start_weights": self.learner.weights}, what=what,
            )
        return json.loads((out / "results.json").read_text(encoding="utf-8"))["results"][self.domain]["greedy"]

    def _clear(self, rows: Sequence[dict[str, Any]]) -> None:
        """Remove weights that nothing needs: the round's first stage, and older rounds' but the best."""
        last, best = len(rows), self.best(rows)
        shutil.rmtree(self._round_folder(last) / Stage.CHAIN, ignore_errors=True)
        for number in range(1, last - 1):
            if number != best:
                shutil.rmtree(self.weights_folder(number), ignore_errors=True)
