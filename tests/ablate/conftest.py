"""Folders as finished commands leave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from planlearn.ablate import ARMS, Places
from planlearn.evaluate import wilson
from planlearn.files import write_json, write_json_lines
from planlearn.refine import SCHEMA


def summary(hits: int, n: int, seconds: float = 2.0) -> dict[str, Any]:
    """What an evaluation says of a domain, as far as an ablation reads it."""
    return {
        "plan_validity": wilson(hits, n).to_dict(), "outcomes": {"valid": hits, "invalid": n - hits - 1, "unreadable": 1},
        "causes": {"precondition": n - hits - 1, "effect": 0, "frame": 0, "goal": 0, "other": 0}, "chain": {"n": n},
        "seconds": {"mean": seconds},
    }  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(out=tmp_path / "ablation", trained="model")


@pytest.fixture
def finished(places: Places) -> Callable[..., None]:
    """finished(arm, seed, valid): the arm is measured on 10 problems; `valid` says of each whether its plan was."""

    def make(arm: str, seed: int, valid: Sequence[bool], rounds: Sequence[int] = (5, 6, 8), tokens: int = 1_000_000) -> None:
        one = ARMS[arm]
        start = places.start(one.start, seed)
        write_json(start / "model" / "training.json", {"examples": 1000, "tokens": tokens})
        write_json_lines(start / "training.jsonl", [{"start": "a", "step": 5, "seconds": 300.0}, {"start": "b", "step": 9, "seconds": 200.0}])
        write_json(places.measured(arm, seed) / "results.json", {"results": {"blocksworld": {"greedy": summary(sum(valid), len(valid))}}})
        rows = [
            {"id": f"p{number}", "prompt": "Init:", "outcome": "valid" if right else "invalid"} for number, right in enumerate(valid)
        ]
        write_json_lines(places.measured(arm, seed) / "samples.jsonl", rows)
        if one.rounds is not None:
            folder = places.rounds(arm, seed) / "refine"
            write_json(places.model(one, seed) / "training.json", {"rounds": len(rounds) - 1, "round": len(rounds) - 1})
            first = {"results": {"blocksworld": {"greedy": summary(rounds[0], 10)}}}
            write_json(folder / "round-00" / "validation" / "results.json", first)
            write_json_lines(folder / "rounds.jsonl", [
                {"schema": SCHEMA, "round": number, "validation": summary(hits, 10), "seconds": {"model": 50.0, "checking": 10.0},
                 "stages": {"chain": {"tokens": 80_000}, "plan": {"tokens": 20_000}}}
                for number, hits in enumerate(rounds[1:], start=1)
            ])  # fmt: skip

    return make
