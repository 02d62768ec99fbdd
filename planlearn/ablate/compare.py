"""What the arms came to: validity of each, by round, and the same problems answered by two arms."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planlearn.ablate.arms import ARMS, Arm, Places, trained_facts
from planlearn.errors import PlanlearnError
from planlearn.evaluate.paired import Comparison
from planlearn.files import read_json_lines
from planlearn.learn.spent import seconds_until
from planlearn.refine import finished_rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An arm of a seed, measured on the problems that all arms of the seed answered, the model alone.

    results: the domain's summary in `results.json`. best: the round whose model it is, by the validation problems. tokens: read, phase 1's
    and prompts included. training: seconds of phase 1's training, or of what stands in its place. seconds: of the rounds, with their
    attempts and measurements. samples: the answers. rounds: summaries of the validation problems, before round 1 and behind each round;
    none without rounds.
    """

    arm: str
    seed: int
    results: Mapping[str, Any]
    best: int
    tokens: int
    training: float
    seconds: float
    samples: Path
    rounds: Sequence[Mapping[str, Any]]

    def to_row(self) -> dict[str, Any]:
        def short(summary: Mapping[str, Any]) -> dict[str, Any]:
            return {key: summary[key] for key in ("plan_validity", "outcomes", "causes", "chain")}

        return {
            "arm": self.arm, "seed": self.seed, "best_round": self.best, "tokens": self.tokens, "training_seconds": round(self.training, 1),
            "seconds": round(self.seconds, 1), "measured": short(self.results),
            "rounds": [short(one) for one in self.rounds],
        }  # fmt: skip


def measured(places: Places, arm: Arm, seed: int) -> Measured | None:
    """An arm's measurement; None where it is not finished."""
    out = places.measured(arm.name, seed)
    if not (out / "results.json").exists():
        return None
    start = places.start(arm.start, seed)
    tokens, seconds = int(trained_facts(start / places.trained)["tokens"]), 0.0
    rounds: list[Mapping[str, Any]] = []
    best = 0
    if arm.rounds is not None:
        folder = places.rounds(arm.name, seed) / "refine"
        best = trained_facts(places.model(arm, seed))["round"]
        rounds.append(summary_in(folder / "round-00" / "validation" / "results.json"))
        for row in finished_rounds(folder):
            rounds.append(row["validation"])
            tokens += sum(stage["tokens"] for stage in row["stages"].values())
            seconds += row["seconds"]["model"] + row["seconds"]["checking"]
    return Measured(
        arm=arm.name, seed=seed, results=summary_in(out / "results.json"), best=best, tokens=tokens,
        training=seconds_until(start / "training.jsonl"), seconds=seconds, samples=out / "samples.jsonl", rounds=rounds,
    )


def summary_in(results: Path) -> Mapping[str, Any]:
    """What a `results.json` of one domain says of it."""
    (domain,) = json.loads(results.read_text(encoding="utf-8"))["results"].values()
    return domain["greedy"]


def collect(places: Places, seeds: Iterable[int]) -> list[Measured]:
    """All arms that are finished so far, arm by arm."""
    every = (measured(places, arm, seed) for arm in ARMS.values() for seed in seeds)
    return [one for one in every if one is not None]


def compared(first: Measured, second: Measured) -> Comparison:
    """Raises PlanlearnError where the two did not answer the same problems."""
    one, other = (
        {f"{row['id']}\n{row['prompt']}": row["outcome"] == "valid" for row in read_json_lines(arm.samples)} for arm in (first, second)
    )
    if one.keys() != other.keys():
        raise PlanlearnError(f"{first.samples} and {second.samples} answer different problems; remove what was measured on old ones")
    return Comparison(
        n=len(one), first=sum(one[key] and not other[key] for key in one), second=sum(other[key] and not one[key] for key in one),
    )
