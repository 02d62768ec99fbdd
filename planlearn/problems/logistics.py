"""Logistics problems as PlanBench draws them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from planlearn.errors import RecipeError
from planlearn.problems.generated import GeneratedProblem, SizeChoice, draw_size, generated_problem
from val_bridge import Atom


@dataclass(frozen=True, slots=True, order=True)
class LogisticsSize:
    """Cities, locations a city, packages, airplanes: one or more of each, two locations or more in all."""

    cities: int
    locations: int
    packages: int
    airplanes: int

    @classmethod
    def parse(cls, value: str | int) -> LogisticsSize:
        match = re.fullmatch(r"c([1-9]\d*)-s([1-9]\d*)-p([1-9]\d*)-a([1-9]\d*)", str(value))
        size = cls(*map(int, match.groups())) if match else None
        if size is None or size.cities * size.locations < 2:
            raise RecipeError(
                "logistics size: expected cities, locations a city, packages and airplanes as in "
                f"'c3-s2-p5-a1', with two locations or more in all, found {value!r}"
            )
        return size

    def __str__(self) -> str:
        return f"c{self.cities}-s{self.locations}-p{self.packages}-a{self.airplanes}"


def _sweep(cities: range, locations: range, packages: range) -> list[LogisticsSize]:
    """All sizes within the ranges, with no more packages than locations and no more airplanes than cities."""
    return [
        LogisticsSize(c, s, p, a)
        for c in cities
        for s in locations
        for p in packages
        if p <= c * s
        for a in range(1, c + 1)
    ]


def _planbench_weights() -> dict[LogisticsSize, float]:
    """PlanBench counts once through all sizes, repeats the later ones, and stays at its last, c3-s3-p7-a2."""
    weights = dict.fromkeys(_sweep(range(2, 4), range(1, 4), range(1, 8)), 1.0)
    weights |= dict.fromkeys(_sweep(range(3, 4), range(2, 3), range(5, 7)), 3.0)
    weights |= dict.fromkeys(_sweep(range(3, 4), range(3, 4), range(4, 7)), 3.0)
    last = LogisticsSize(3, 3, 7, 2)
    del weights[LogisticsSize(3, 3, 7, 3)]
    return weights | {LogisticsSize(3, 3, 7, 1): 3.0, last: 47.0}


_SMALL = (
    "c1-s2-p1-a1",
    "c1-s2-p2-a1",
    "c2-s1-p1-a1",
    "c2-s1-p2-a1",
    "c2-s2-p1-a1",
    "c2-s2-p2-a1",
    "c2-s2-p3-a1",
)

TIERS: Mapping[str, Mapping[LogisticsSize, float]] = MappingProxyType({
    "in_distribution": _planbench_weights(),
    "small": dict.fromkeys(map(LogisticsSize.parse, _SMALL), 1.0),
    "larger": dict.fromkeys(_sweep(range(3, 5), range(3, 5), range(8, 16)), 1.0),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticsGenerator:
    """Airplanes a0, ..., cities c0, ..., trucks t0, ... (one a city), locations l<city>-<number> (0 is the
    airport), packages p0, ...; every package has a goal, which may be where it starts.
    """

    name: str = "logistics"

    @property
    def tiers(self) -> tuple[str, ...]:
        return tuple(TIERS)

    def generate(self, rng: random.Random, size: SizeChoice = "in_distribution") -> GeneratedProblem:
        """Raises RecipeError for a size that is neither a tier nor of the form "c3-s2-p5-a1"."""
        drawn = draw_size(rng, size, TIERS, LogisticsSize.parse)
        cities = range(drawn.cities)
        places = {c: [f"l{c}-{i}" for i in range(drawn.locations)] for c in cities}
        airports = [places[c][0] for c in cities]
        locations = [place for c in cities for place in places[c]]
        airplanes = [f"a{i}" for i in range(drawn.airplanes)]
        packages = [f"p{i}" for i in range(drawn.packages)]

        trucks_at = [("at", f"t{c}", rng.choice(places[c])) for c in cities]
        airplanes_at = [("at", airplane, rng.choice(airports)) for airplane in airplanes]
        while True:
            packages_at = [("at", package, rng.choice(locations)) for package in packages]
            goal = [("at", package, rng.choice(locations)) for package in packages]
            if packages_at != goal:
                break
        kinds: list[Atom] = [("airplane", airplane) for airplane in airplanes]
        kinds += [("city", f"c{c}") for c in cities] + [("truck", f"t{c}") for c in cities]
        for c in cities:
            kinds += [
                fact for place in places[c] for fact in (("location", place), ("in-city", place, f"c{c}"))
            ]
        kinds += [("airport", airport) for airport in airports] + [("obj", package) for package in packages]
        return generated_problem(
            domain=self.name,
            domain_name="logistics-strips",
            name=f"logistics-{drawn}",
            size=drawn,
            objects=[
                *airplanes,
                *(f"c{c}" for c in cities),
                *(f"t{c}" for c in cities),
                *locations,
                *packages,
            ],
            initial=[*kinds, *trucks_at, *packages_at, *airplanes_at],
            goal=goal,
        )


LOGISTICS = LogisticsGenerator()
