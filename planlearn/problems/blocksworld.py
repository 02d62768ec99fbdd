"""Blocksworld problems as PlanBench draws them, and the same under Mystery Blocksworld's words."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import comb, factorial
from string import ascii_lowercase
from types import MappingProxyType

from planlearn.errors import RecipeError
from planlearn.problems.generated import GeneratedProblem, SizeChoice, draw_size, generated_problem
from planlearn.problems.renaming import Renaming
from val_bridge import Atom


@dataclass(frozen=True, slots=True, order=True)
class BlocksSize:
    """Number of blocks, 2 to 26 (blocks are named by single letters)."""

    blocks: int

    @classmethod
    def parse(cls, value: str | int) -> BlocksSize:
        text = str(value)
        if not text.isdecimal() or not 2 <= int(text) <= len(ascii_lowercase):
            raise RecipeError(f"blocksworld size: expected a number of blocks from 2 to 26, found {value!r}")
        return cls(int(text))

    def __str__(self) -> str:
        return str(self.blocks)


def _sizes(weights: Mapping[int, float]) -> Mapping[BlocksSize, float]:
    return MappingProxyType({BlocksSize(blocks): weight for blocks, weight in weights.items()})


TIERS: Mapping[str, Mapping[BlocksSize, float]] = MappingProxyType({
    # PlanBench fills its 501 instances with all it finds of 4 blocks, then with 5.
    "in_distribution": _sizes({4: 0.89, 5: 0.11}),
    "small": _sizes({3: 1.0}),
    "larger": _sizes({n: 1.0 for n in range(6, 13)}),
    "hard": _sizes({n: 1.0 for n in range(6, 16)}),
})  # fmt: skip

MYSTERY = Renaming(
    domain="mystery-4ops",
    predicates={
        "clear": "province", "ontable": "planet", "handempty": "harmony", "holding": "pain", "on": "craves",
    },
    actions={"pick-up": "attack", "put-down": "succumb", "stack": "overcome", "unstack": "feast"},
)  # fmt: skip
"""PlanBench's words for Blocksworld."""


def random_towers(rng: random.Random, blocks: str) -> list[str]:
    """Towers of the blocks, each written from the table up, drawn uniformly from all states of these blocks.

    n blocks stand in k towers in comb(n-1, k-1) n!/k! ways (Lah numbers); a random order, cut at k-1 random
    places, gives each way equally often.
    """
    n = len(blocks)
    ways = [comb(n - 1, k - 1) * factorial(n) // factorial(k) for k in range(1, n + 1)]
    k = rng.choices(range(1, n + 1), ways)[0]
    order = "".join(rng.sample(blocks, n))
    cuts = [0, *sorted(rng.sample(range(1, n), k - 1)), n]
    return [order[start:end] for start, end in pairwise(cuts)]


def _position(towers: list[str]) -> dict[str, str]:
    """Block -> the block below it; blocks on the table are left out."""
    return {upper: lower for tower in towers for lower, upper in pairwise(tower)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksworldGenerator:
    """Blocks a, b, c, ...; initial and goal state uniform; the goal names the goal state's `on` facts."""

    name: str = "blocksworld"
    problem_name: str = "bw-rand"
    renaming: Renaming = Renaming(domain="blocksworld-4ops")

    @property
    def tiers(self) -> tuple[str, ...]:
        return tuple(TIERS)

    def generate(self, rng: random.Random, size: SizeChoice = "in_distribution") -> GeneratedProblem:
        """Raises RecipeError for a size that is neither a tier nor a number of blocks from 2 to 26."""
        drawn = draw_size(rng, size, TIERS, BlocksSize.parse)
        blocks = ascii_lowercase[: drawn.blocks]
        while True:
            towers = random_towers(rng, blocks)
            below, wanted = _position(towers), _position(random_towers(rng, blocks))
            if not wanted.items() <= below.items():
                break
        initial: list[Atom] = [("handempty",)]
        initial += [("on", block, below[block]) if block in below else ("ontable", block) for block in blocks]
        initial += [("clear", block) for block in blocks if block not in below.values()]
        goal = [("on", block, wanted[block]) for block in blocks if block in wanted]
        return generated_problem(
            domain=self.name,
            domain_name=self.renaming.domain,
            name=f"{self.problem_name}-{drawn}",
            size=drawn,
            objects=blocks,
            initial=map(self.renaming.atom, initial),
            goal=map(self.renaming.atom, goal),
        )


BLOCKSWORLD = BlocksworldGenerator()
MYSTERY_BLOCKSWORLD = BlocksworldGenerator(
    name="mystery_blocksworld", problem_name="my-rand", renaming=MYSTERY
)
