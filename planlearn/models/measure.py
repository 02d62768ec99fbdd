"""Let a model answer problems and judge what it wrote: plan validity, greedy, one attempt, no feedback."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle
from planlearn.evaluate import Asked, measure, measure_skill
from planlearn.models.generate import generate
from planlearn.models.load import LoadedModel


def evaluate(
    loaded: LoadedModel, asked: Iterable[Asked], style: ChainStyle, out: Path, *, batch: int, max_tokens: int,
    about: dict[str, Any], force: bool = False,
) -> dict[str, Any]:
    """Answer every problem greedily and write `results.json` and `samples.jsonl` in `out`; gives the results.

    Goes on where a killed evaluation stopped. Raises ResultExists where `out` holds a finished result, unless forced.
    """
    return measure(
        lambda prompts: generate(loaded, prompts, max_tokens=max_tokens, batch_size=batch), asked, style, out,
        max_tokens=max_tokens, about=about, hashes={"base_weights": loaded.base_hash}, force=force, said={"batch": batch},
    )


def evaluate_skill(
    loaded: LoadedModel, rows: Iterable[dict[str, Any]], out: Path, *, batch: int, max_tokens: int, about: dict[str, Any]
) -> dict[str, Any]:
    """Let the model judge held-out plans greedily; see `planlearn.evaluate.measure_skill`."""
    return measure_skill(
        lambda prompts: generate(loaded, prompts, max_tokens=max_tokens, batch_size=batch), rows, out, max_tokens=max_tokens,
        about=about, weights=loaded.base_hash,
    )
