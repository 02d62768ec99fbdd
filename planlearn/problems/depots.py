"""Depots problems as PlanBench draws them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from planlearn.errors import RecipeError
from planlearn.problems.generated import GeneratedProblem, SizeChoice, draw_size, generated_problem
from val_bridge import Atom


@dataclass(frozen=True, slots=True, order=True)
class DepotsSize:
    """Depots, distributors, trucks, crates: one or more of each. Every place has a pallet and a hoist."""

    depots: int
    distributors: int
    trucks: int
    crates: int

    @classmethod
    def parse(cls, value: str | int) -> DepotsSize:
        match = re.fullmatch(r"d([1-9]\d*)-r([1-9]\d*)-t([1-9]\d*)-c([1-9]\d*)", str(value))
        if match is None:
            raise RecipeError(
                "depots size: expected depots, distributors, trucks and crates as in 'd3-r1-t3-c3', one or more of each, "
                f"found {value!r}"
            )
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"d{self.depots}-r{self.distributors}-t{self.trucks}-c{self.crates}"


def _tier(*names: str) -> Mapping[DepotsSize, float]:
    return MappingProxyType(dict.fromkeys(map(DepotsSize.parse, names), 1.0))


TIERS: Mapping[str, Mapping[DepotsSize, float]] = MappingProxyType({
    "in_distribution": _tier("d3-r1-t3-c3"),
    "small": _tier("d1-r1-t1-c1", "d1-r1-t1-c2", "d1-r1-t2-c2", "d2-r1-t1-c2", "d2-r1-t2-c2"),
    "larger": _tier("d3-r1-t3-c4", "d3-r2-t3-c4", "d3-r2-t3-c5"),
})  # fmt: skip

# How many crates the goal leaves out, in PlanBench's shares; never all of them.
_LEFT_OUT = (0.73, 0.265, 0.005)


def random_stacks(rng: random.Random, crates: Iterable[str], pallets: Sequence[str]) -> dict[str, str]:
    """Crate -> what it stands on: the crates come in their order, each onto the stack of a pallet drawn uniformly."""
    tops = {pallet: pallet for pallet in pallets}
    below = {}
    for crate in crates:
        pallet = rng.choice(pallets)
        below[crate], tops[pallet] = tops[pallet], crate
    return below


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotsGenerator:
    """Places depot0, ..., distributor0, ...; pallet i and hoist i stand at place i, depots first; trucks truck0, ..., crates
    crate0, ... The goal names `on` facts alone.
    """

    name: str = "depots"

    @property
    def tiers(self) -> tuple[str, ...]:
        return tuple(TIERS)

    def generate(self, rng: random.Random, size: SizeChoice = "in_distribution") -> GeneratedProblem:
        """Raises RecipeError for a size that is neither a tier nor of the form "d3-r1-t3-c3"."""
        drawn = draw_size(rng, size, TIERS, DepotsSize.parse)
        depots = [f"depot{i}" for i in range(drawn.depots)]
        distributors = [f"distributor{i}" for i in range(drawn.distributors)]
        places = [*depots, *distributors]
        trucks = [f"truck{i}" for i in range(drawn.trucks)]
        pallets = {f"pallet{i}": place for i, place in enumerate(places)}
        hoists = {f"hoist{i}": place for i, place in enumerate(places)}
        crates = [f"crate{i}" for i in range(drawn.crates)]

        trucks_at = [("at", truck, rng.choice(places)) for truck in trucks]
        while True:
            below = random_stacks(rng, crates, list(pallets))
            left_out = min(rng.choices(range(len(_LEFT_OUT)), _LEFT_OUT)[0], len(crates) - 1)
            wanted = random_stacks(rng, rng.sample(crates, len(crates) - left_out), list(pallets))
            if not wanted.items() <= below.items():
                break
        at = dict(pallets)
        for crate, surface in below.items():
            at[crate] = at[surface]
        initial: list[Atom] = [("at", thing, place) for thing, place in at.items()] + trucks_at
        initial += [fact for hoist, place in hoists.items() for fact in (("at", hoist, place), ("available", hoist))]
        initial += [("on", crate, surface) for crate, surface in below.items()]
        initial += [("clear", surface) for surface in at if surface not in below.values()]
        return generated_problem(
            domain=self.name,
            domain_name="depots",
            name=f"depots-{drawn}",
            size=drawn,
            objects=[
                f"{' '.join(names)} - {kind}"
                for kind, names in (
                    ("depot", depots), ("distributor", distributors), ("truck", trucks), ("pallet", pallets), ("hoist", hoists),
                    ("crate", crates),
                )
            ],
            initial=initial,
            goal=[("on", crate, wanted[crate]) for crate in crates if crate in wanted],
        )


DEPOTS = DepotsGenerator()
