"""The laws of a cache with free columns: it remembers what transformers' own does, and copies less."""

from __future__ import annotations

from random import Random

import pytest
import torch
from transformers.cache_utils import DynamicLayer

from planlearn.models.cache import SPARE, RoomyLayer

HEADS, WIDTH = 2, 3


def states(rows: int, columns: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    made = torch.randn(2, rows, HEADS, columns, WIDTH, generator=generator)
    return made[0], made[1]


@pytest.mark.parametrize("seed", range(8))
def test_any_sequence_of_steps_leaves_what_copying_anew_leaves(seed: int) -> None:
    rng = Random(seed)
    layer = RoomyLayer()
    keys, values = states(3, rng.randint(1, 9), seed)
    shown = layer.update(keys, values)
    for step in range(3 * SPARE):
        assert torch.equal(shown[0], keys) and torch.equal(shown[1], values), step
        rows, columns = keys.shape[0], keys.shape[2]
        match rng.choice(["update"] * 20 + ["keep"]):
            case "update":
                new = states(rows, rng.choice([1, 1, 1, SPARE + 5]), step)
                shown = layer.update(*new)
                keys, values = (torch.cat(pair, 2) for pair in zip((keys, values), new, strict=True))
            case "keep" if rows > 1:
                kept, begin = sorted(rng.sample(range(rows), rows - 1)), rng.randrange(columns)
                layer.keep(torch.tensor(kept), begin)
                shown = layer.keys, layer.values
                keys, values = keys[kept, :, begin:], values[kept, :, begin:]
        assert layer.get_seq_length() == keys.shape[2]


def copies(layer: DynamicLayer, steps: int) -> int:
    """How often the layer's columns moved to another place in memory."""
    layer.update(*states(2, 4, 0))
    moved = 0
    for step in range(steps):
        before = layer.keys.data_ptr()
        layer.update(*states(2, 1, step))
        moved += layer.keys.data_ptr() != before
    return moved


def test_a_step_copies_its_own_column_alone() -> None:
    assert copies(RoomyLayer(), 4 * SPARE) <= 4
    assert copies(DynamicLayer(), 4 * SPARE) > 4 * SPARE // 2, "the peer copies: this test can fail"
