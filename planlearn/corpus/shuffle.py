"""The shuffled-chain control: every chain says what another example's chain says, but for its actions.

If a model learns to plan from such chains as well as from true ones, what the chains say is not what helps (data that was spoiled
so taught about as well in other domains: arXiv 2505.13775). The problem, the actions, the plan and the number of lines stay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from planlearn.chains import Role
from planlearn.corpus.example import Example


def shuffle_chains(examples: Sequence[Example], rng: Random) -> tuple[list[Example], int]:
    """(the examples, how many kept their own chain): among plain chains of one size and length each gets the words of another one.

    Alone in its kind, an example keeps its own.
    """
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        if example.kind == "chain" and example.steps:
            alike[example.size, example.steps].append(place)
    shuffled = list(examples)
    for places in alike.values():
        rng.shuffle(places)
        for place, other in zip(places, [*places[1:], places[0]]):
            shuffled[place] = _in_words_of(examples[place], examples[other])
    return shuffled, sum(len(places) for places in alike.values() if len(places) == 1)


def _in_words_of(example: Example, other: Example) -> Example:
    """The example with the chain of another one of as many steps, in which its own actions stand."""
    text = next(segment.text for segment in other.segments if segment.role is Role.CHAIN)
    parts, place = [], 0
    for own, theirs in zip(example.plan.splitlines(), other.plan.splitlines(), strict=True):
        found = re.compile(rf"^{re.escape(theirs)}(?![^\s])", re.MULTILINE).search(text, place)
        assert found is not None, f"{other.id}: no step {theirs!r} in its chain"
        parts += [text[place : found.start()], own]
        place = found.end()
    chain = "".join([*parts, text[place:]])
    segments = tuple(replace(s, text=chain) if s.role is Role.CHAIN else s for s in example.segments)
    return replace(example, segments=segments)
