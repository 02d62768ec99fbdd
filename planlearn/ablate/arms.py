"""The arms of the ablation, as commands of planlearn, each of which could be typed alone.

`planlearn train --eta 0` makes what arms start from, `planlearn refine` the rounds, and `planlearn eval` measures every arm's last
model on the same problems.

Every arm reads as many tokens (prompts included) as phase 1 and its rounds do together:

    total = P + η · tokens · (1 + plan_share)        P: tokens of phase 1, tokens and plan_share: of the recipe's block refine

Only `base` and `phase1`, which others start from, read less.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from planlearn.errors import RecipeError
from planlearn.recipes import Recipe, mistakes

Start = Literal["base", "phase1", "longer", "shuffled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """start: the trained folder that it begins with or is. rounds: keys of the recipe for its rounds; None where it has none."""

    name: str
    says: str
    start: Start
    rounds: Mapping[str, str] | None = None


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm(name="base", says="the base model, nothing learned", start="base"),
        Arm(name="phase1", says="phase 1 alone; where the rounds begin", start="phase1"),
        Arm(name="longer", says="phase 1 alone, with the rounds' tokens too", start="longer"),
        Arm(name="phase2", says="rounds alone, detailed feedback", start="base", rounds={"feedback": "detailed"}),
        Arm(name="none", says="rounds, the same problems and corrections, no feedback", start="phase1", rounds={"feedback": "none"}),
        Arm(name="binary", says="rounds, binary feedback", start="phase1", rounds={"feedback": "binary"}),
        Arm(name="detailed", says="rounds, detailed feedback", start="phase1", rounds={"feedback": "detailed"}),
        Arm(name="nll", says="rounds, detailed feedback, plain likelihood", start="phase1", rounds={"feedback": "detailed", "objective": "nll"}),
        Arm(name="shuffled", says="phase 1 with shuffled chains, with the rounds' tokens too", start="shuffled"),
    )
}  # fmt: skip

PAIRS: tuple[tuple[str, str], ...] = (
    ("detailed", "none"), ("binary", "none"), ("detailed", "binary"), ("detailed", "nll"), ("detailed", "longer"), ("longer", "shuffled"),
)  # fmt: skip
"""The arms that are compared, problem by problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the arms read. examples, tokens: of phase 1. eta: η. a_round: tokens of a round's two stages together."""

    examples: int
    tokens: int
    eta: int
    a_round: int

    @property
    def longer(self) -> int:
        """Examples of phase 1 that have as many tokens as phase 1 and the rounds."""
        return round(self.examples * (1 + self.eta * self.a_round / self.tokens))

    def alone(self, plan_share: float) -> int:
        """`refine.tokens` with which rounds without phase 1 read what is read elsewhere in both."""
        return round((self.tokens / self.eta + self.a_round) / (1 + plan_share))


class Work(StrEnum):
    """What a command does; `measure` finishes an arm."""

    PROBLEMS = "problems"
    TRAIN = "train"
    ROUNDS = "rounds"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command. of: the arm, or the start that arms share, or "". arguments: behind `planlearn`, asked when its turn has come."""

    work: Work
    of: str
    seed: int
    arguments: Callable[[], list[str]]
    is_done: Callable[[], bool]

    def __str__(self) -> str:
        return f"{self.work} {self.of}".strip() + f", seed {self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of an ablation are. trained: what a trained folder is called, "adapter" or "model"."""

    out: Path
    trained: str

    def problems(self, seed: int) -> Path:
        """The problems on which all arms of a seed are measured."""
        return self.out / f"s{seed}" / "problems.jsonl"

    def start(self, start: str, seed: int) -> Path:
        """The run of `planlearn train` whose trained folder arms start from."""
        return self.out / f"s{seed}" / f"start-{start}"

    def rounds(self, arm: str, seed: int) -> Path:
        """The run of `planlearn refine`."""
        return self.out / f"s{seed}" / arm

    def model(self, arm: Arm, seed: int) -> Path:
        """The trained folder that the arm ends with."""
        return (self.start(arm.start, seed) if arm.rounds is None else self.rounds(arm.name, seed)) / self.trained

    def measured(self, arm: str, seed: int) -> Path:
        """`results.json` and `samples.jsonl` of the arm."""
        return self.out / f"s{seed}" / "measured" / arm

    def budget(self, seed: int, eta: int, a_round: int) -> Budget:
        """Raises FileNotFoundError before phase 1 is there."""
        facts = trained_facts(self.start("phase1", seed) / self.trained)
        return Budget(examples=facts["examples"], tokens=facts["tokens"], eta=eta, a_round=a_round)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked: see `planlearn ablate`. given: options that say domain, model and recipe; base: those that say an adapter's base. keys:
    `key=value` for all commands.

    a_round: tokens of a round's two stages. plan_share: of the recipe's block refine. problems: how many each arm is measured on.
    """

    arms: Sequence[Arm]
    seeds: Sequence[int]
    eta: int
    problems: int
    given: Sequence[str]
    base: Sequence[str]
    keys: Sequence[str]
    a_round: int
    plan_share: float

    def steps(self, places: Places) -> list[Step]:
        """All commands, in an order in which each finds what it needs."""
        return [step for seed in self.seeds for step in self._of_seed(places, seed)]

    def _of_seed(self, places: Places, seed: int) -> Iterator[Step]:
        yield self._problems(places, seed)
        begun: set[Start] = set()
        for arm in self.arms:
            by_budget = arm.start in ("longer", "shuffled") or (arm.start == "base" and arm.rounds is not None)
            for start in (*(("phase1",) if by_budget else ()), arm.start):  # phase 1's tokens decide the budget
                if start not in begun:
                    begun.add(start)
                    yield self._train(places, start, seed)
            if arm.rounds is not None:
                yield self._rounds(places, arm, seed)
            yield self._measure(places, arm, seed)

    def _problems(self, places: Places, seed: int) -> Step:
        file = places.problems(seed)
        arguments = ["data", "problems", *self.given, "--seed", str(seed), "--count", str(self.problems), "--out", str(file), *self.keys]
        return Step(work=Work.PROBLEMS, of="", seed=seed, arguments=lambda: arguments, is_done=file.exists)

    def _train(self, places: Places, start: Start, seed: int) -> Step:
        folder = places.start(start, seed)

        def own() -> list[str]:
            longer = [] if start in ("base", "phase1") else [f"corpus.examples={places.budget(seed, self.eta, self.a_round).longer}"]
            return longer + {"base": ["phase1=false"], "shuffled": ["corpus.shuffled=true"]}.get(start, [])

        return Step(
            work=Work.TRAIN, of=start, seed=seed, is_done=(folder / "evaluation" / "test" / "results.json").exists,
            arguments=lambda: [
                "train", *self.given, "--seed", str(seed), "--eta", "0", "--out", str(folder), *self.keys, *own(),
                "corpus.test=1", "evaluation.curve=0",  # its test is the arm's measurement
            ],
        )  # fmt: skip

    def _rounds(self, places: Places, arm: Arm, seed: int) -> Step:
        folder = places.rounds(arm.name, seed)

        def arguments() -> list[str]:
            own = [f"refine.{key}={value}" for key, value in (arm.rounds or {}).items()]
            if arm.start == "base":
                own.append(f"refine.tokens={places.budget(seed, self.eta, self.a_round).alone(self.plan_share)}")
            adapter = places.start(arm.start, seed) / places.trained
            line = ["refine", "--adapter", str(adapter), *self.base, "--seed", str(seed), "--eta", str(self.eta), "--out", str(folder)]
            return [*line, *self.keys, *own]

        return Step(
            work=Work.ROUNDS, of=arm.name, seed=seed, arguments=arguments,
            is_done=lambda: _rounds_behind(folder / places.trained) >= self.eta,
        )

    def _measure(self, places: Places, arm: Arm, seed: int) -> Step:
        out = places.measured(arm.name, seed)
        arguments = [
            "eval", "--adapter", str(places.model(arm, seed)), *self.base, "--instances", str(places.problems(seed)), "--out", str(out),
            "--controls", "none",
        ]
        return Step(work=Work.MEASURE, of=arm.name, seed=seed, arguments=lambda: arguments, is_done=(out / "results.json").exists)


def trained_facts(trained: Path) -> dict[str, Any]:
    """What a trained folder says of its training. Raises FileNotFoundError where it is not there."""
    return json.loads((trained / "training.json").read_text(encoding="utf-8"))


def _rounds_behind(trained: Path) -> int:
    """How many rounds are behind the model of a `planlearn refine`; -1 where that is not finished."""
    return int(trained_facts(trained)["rounds"]) if trained.exists() else -1


def refuse_unequal(recipe: Recipe) -> None:
    """Raise RecipeError for a recipe whose arms would not be compared at equal tokens, or would be the same."""
    refine, problems = recipe.refine, []
    if refine is None:
        raise RecipeError("the recipe has no block refine, so there are no rounds to compare")
    if refine.tokens is None:
        problems.append("refine.tokens: the arms are compared at equal tokens; say how many a round reads, e.g. refine.tokens=300000")
    if refine.patience is not None:
        problems.append("refine.patience: rounds that stop early read less than others, leave it out")
    if refine.objective != "weighted":
        problems.append(f"refine.objective: expected weighted, which the arms compare with nll, found {refine.objective}")
    if recipe.corpus.shuffled:
        problems.append("corpus.shuffled: is what one arm alone has, leave it out")
    if not recipe.phase1:
        problems.append("phase1: is what two arms alone leave out, leave it true")
    if recipe.minutes is not None:
        problems.append("minutes: would cut the longer arms short, give corpus.examples instead")
    if recipe.training.get("num_train_epochs", 1) != 1:
        problems.append("training.num_train_epochs: the budget counts examples once, give more examples instead")
    if problems:
        raise mistakes(problems)


def chosen(names: str | None) -> list[Arm]:
    """The arms of a list "a,b"; all of them for None. Raises RecipeError for a name that there is not."""
    if names is None:
        return list(ARMS.values())
    asked = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in asked if name not in ARMS]
    if unknown or not asked:
        raise RecipeError(f"--arms: expected some of {', '.join(ARMS)}, found {', '.join(unknown) or 'none'}")
    return [arm for name, arm in ARMS.items() if name in asked]
