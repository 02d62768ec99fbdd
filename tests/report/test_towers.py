"""Towers of blocks in text: what stands on what, in any state."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from planlearn.report.pictures import picture_of
from planlearn.report.towers import draws_towers, towers
from tests.walks import walk
from val_bridge import atom_text

WORDS = {"blocksworld": ("on", "ontable", "holding"), "mystery_blocksworld": ("craves", "planet", "pain")}


def test_a_drawing() -> None:
    picture = picture_of("blocksworld")
    facts = ["(on red blue)", "(ontable blue)", "(ontable green)", "(handempty)", "(clear red)", "(clear green)"]
    assert towers(picture, ["red", "blue", "green"], facts) == ["[red ]", "[blue]  [green]  hand: empty", "==============="]
    facts = ["(holding red)", "(ontable blue)"]
    assert towers(picture, ["red", "blue"], facts) == ["[blue]  hand: [red]", "======"]
    assert towers(picture, ["red"], ["(holding red)"]) == ["      hand: [red]", "===="]


@pytest.mark.parametrize("name", WORDS)
@given(seed=st.integers(0, 10_000), step=st.integers(0, 6))
def test_every_block_is_drawn_once_and_where_it_is(name: str, seed: int, step: int) -> None:
    on, ontable, holding = WORDS[name]
    task, chain = walk(name, seed)
    state = [task.initial, *(one.after for one in chain.steps)][min(step, len(chain.steps))]
    *levels, ground = towers(picture_of(name), task.objects, map(atom_text, state))
    assert set(ground) == {"="}
    place: dict[str, tuple[int, int]] = {}
    for height, line in enumerate(reversed(levels)):
        drawn, _, hand = line.partition(f"  {'hand' if name == 'blocksworld' else 'pain'}: ")
        at = 0
        while (at := drawn.find("[", at)) >= 0:
            block = drawn[at + 1 : drawn.index("]", at)].strip()
            assert block not in place
            place[block] = (at, height)
            at += 1
        if height == 0:
            held = {atom[1] for atom in state if atom[0] == holding}
            assert hand == (f"[{held.pop()}]" if held else "empty")
    assert set(place) == {block for atom in state if atom[0] in (on, ontable) for block in atom[1:2]}
    for atom in state:
        if atom[0] == ontable:
            assert place[atom[1]][1] == 0
        if atom[0] == on:
            column, height = place[atom[2]]
            assert place[atom[1]] == (column, height + 1)


def test_other_pictures_are_none_for_a_terminal() -> None:
    assert draws_towers(picture_of("blocksworld")) and draws_towers(picture_of("mystery_blocksworld"))
    assert not any(map(draws_towers, (None, picture_of("logistics"), picture_of("depots"))))
