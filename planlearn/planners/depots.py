"""Shortest plans for Depots, by A* over where crates and trucks are.

The estimate counts, crate by crate, the hoist's actions that cannot be saved (a crate that must move is lifted and put down; one
whose place changes is loaded and unloaded too), and a drive for each place that a truck must still arrive at. It never says too much,
so the first plan found is shortest. Trucks are alike but for where they are and what they carry, hoists of one place are alike:
states that differ in nothing else count as one. Rejected: breadth-first search over facts (10^5 states and seconds for three crates),
pyperplan (3 to 20 s a problem).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from planlearn.planners.roles import NotCovered, Roles
from val_bridge import Call, State, Task

NODES_PER_LIMIT = 10
"""States opened for each of the limit's nodes: one takes some 30 µs."""
HURRY = (2, 5)
"""The estimate's weights once the limit is met, one after the other."""

Move = tuple[str, tuple[str, ...]]
"""The model's action, and its arguments."""
Site = tuple[tuple[str, ...], tuple[str, ...]]
"""By crate the surface, truck or hoist that has it; by truck its place."""
_Key = tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]


def plan_depots(
    task: Task, roles: Roles, state: State, *, rng: random.Random | None = None, limit: int
) -> list[Call] | None:
    """A shortest plan, or None if there is none.

    limit: ten times as many states are opened; beyond them the plan is valid and good, no longer proven shortest.
    Raises NotCovered for a state that is no arrangement of crates, for goals other than `on`, and for what stays out of reach.
    """
    return _search(task, roles, state, rng, limit)[0]


def is_proven(task: Task, roles: Roles, *, limit: int) -> bool:
    """Whether the plan from the initial state is proven shortest within the limit. Raises NotCovered as `plan_depots` does."""
    return _search(task, roles, task.initial, None, limit)[1]


def _search(task: Task, roles: Roles, state: State, rng: random.Random | None, limit: int) -> tuple[list[Call] | None, bool]:
    yard, start = _Yard.read(task, roles, state, rng)
    if yard is None:
        return None, True
    for weight in (1, *HURRY):
        try:
            moves = yard.plan(start, weight, limit * NODES_PER_LIMIT)
        except _LimitMet:
            continue
        return (None if moves is None else [roles.call(name, *arguments) for name, arguments in moves]), weight == 1
    raise NotCovered("no plan within the limit")


class _LimitMet(Exception):
    """As many states were opened as the limit allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Yard:
    """What no action changes, and the goal. All sequences are in the order in which ways are tried."""

    places: tuple[str, ...]
    crates: tuple[str, ...]
    trucks: tuple[str, ...]
    hoist_place: dict[str, str]
    pallet_place: dict[str, str]
    goal: dict[str, str]
    wanted_on: dict[str, str]
    goal_place: dict[str, str]
    """Of crates whose goal is to stand, on each other, on a pallet: the pallet's place."""

    @classmethod
    def read(cls, task: Task, roles: Roles, state: State, rng: random.Random | None) -> tuple[_Yard | None, Site]:
        """The yard and its state; None for a goal that contradicts itself."""
        facts, goals = roles.facts(state), roles.facts(task.goal)
        if task.goal_negative or any(found for name, found in goals.items() if name != "on"):
            raise NotCovered("the goal asks for more than what crates stand on")
        named = {kind: _of_type(task, roles.types[kind]) for kind in ("place", "truck", "hoist", "surface", "crate")}
        order = sorted(task.objects)
        if rng is not None:
            rng.shuffle(order)
        places, crates, trucks, hoists, surfaces = (
            tuple([name for name in order if name in named[kind]]) for kind in ("place", "crate", "truck", "hoist", "surface")
        )
        at = dict(facts["at"])
        has: dict[str, str] = dict([*facts["on"], *facts["in"], *((crate, hoist) for hoist, crate in facts["lifting"])])
        goal = dict(goals["on"])
        contradicts = len(goal) < len(goals["on"]) or len(set(goal.values())) < len(goal) or _has_cycle(goal)
        pallet_place = {name: at.get(name, "") for name in surfaces if name not in named["crate"]}
        foot = {} if contradicts else {crate: _foot(crate, goal) for crate in goal}
        yard = cls(
            places=places, crates=crates, trucks=trucks,
            hoist_place={hoist: at.get(hoist, "") for hoist in hoists},
            pallet_place=pallet_place, goal=goal, wanted_on={lower: upper for upper, lower in goal.items()},
            goal_place={crate: pallet_place[name] for crate, name in foot.items() if name in pallet_place},
        )
        site = tuple([has.get(crate, "") for crate in crates]), tuple([at.get(truck, "") for truck in trucks])
        if not set(crates) <= named["surface"] or sum(map(len, named.values())) - len(crates) != len(task.objects):
            raise NotCovered("types that are not those of the domain")
        if "" in (*site[0], *site[1], *yard.hoist_place.values(), *yard.pallet_place.values()) or yard._facts(site) != facts:
            raise NotCovered("the state is no arrangement of crates")
        return (None if contradicts else yard), site

    def _facts(self, site: Site) -> dict[str, list[tuple[str, ...]]]:
        """The facts of a state, as `Roles.facts` gives them."""
        on, held, aboard = self._split(site)
        covered = {*on.values(), *held}
        where = self._crate_places(on)
        return {
            "at": sorted([
                *self.hoist_place.items(), *self.pallet_place.items(), *zip(self.trucks, site[1], strict=True), *where.items(),
            ]),
            "on": sorted(on.items()),
            "in": sorted(aboard.items()),
            "lifting": sorted((hoist, crate) for crate, hoist in held.items()),
            "available": sorted((hoist,) for hoist in self.hoist_place if hoist not in held.values()),
            "clear": sorted((name,) for name in (*self.pallet_place, *where) if name not in covered),
        }  # fmt: skip

    def _split(self, site: Site) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Crate -> surface, crate -> hoist, crate -> truck."""
        on, held, aboard = {}, {}, {}
        for crate, by in zip(self.crates, site[0], strict=True):
            if by in self.hoist_place:
                held[crate] = by
            elif by in self.trucks:
                aboard[crate] = by
            else:
                on[crate] = by
        return on, held, aboard

    def _crate_places(self, on: dict[str, str]) -> dict[str, str]:
        """Crate -> place of those that stand on something that stands; others are left out."""
        found = {}
        for crate in on:
            below, steps = crate, 0
            while below in on and steps <= len(on):
                below, steps = on[below], steps + 1
            if below in self.pallet_place:
                found[crate] = self.pallet_place[below]
        return found

    def plan(self, start: Site, weight: int, limit: int) -> list[Move] | None:
        """The moves to the goal, None if there are none. Raises _LimitMet."""
        ticket = count()
        heap = [(weight * self._estimate(start), 0, next(ticket), start)]
        cost: dict[_Key, int] = {self._key(start): 0}
        came: dict[_Key, tuple[Move, _Key] | None] = {self._key(start): None}
        done: set[_Key] = set()
        while heap:
            _, minus_steps, _, site = heappop(heap)
            key = self._key(site)
            if key in done:
                continue
            done.add(key)
            if self._reached(site):
                moves: list[Move] = []
                while (step := came[key]) is not None:
                    move, key = step
                    moves.append(move)
                return moves[::-1]
            if len(done) >= limit:
                raise _LimitMet
            steps = 1 - minus_steps
            for move, after in self._ways(site):
                after_key = self._key(after)
                if after_key not in done and steps < cost.get(after_key, steps + 1):
                    cost[after_key], came[after_key] = steps, (move, key)
                    # Of equal sums the one with most steps behind it: it is nearest to the goal.
                    heappush(heap, (steps + weight * self._estimate(after), -steps, next(ticket), after))
        return None

    def _key(self, site: Site) -> _Key:
        """Equal for sites that differ only in which of several like trucks or hoists does what."""
        cargo: dict[str, list[str]] = {truck: [] for truck in self.trucks}
        by_crate = []
        for crate, by in zip(self.crates, site[0], strict=True):
            if by in cargo:
                cargo[by].append(crate)
                by_crate.append("")
            else:
                by_crate.append(self.hoist_place.get(by, by))
        return tuple(by_crate), tuple(sorted(zip(site[1], map(tuple, cargo.values()), strict=True)))

    def _reached(self, site: Site) -> bool:
        return all(self.goal.get(crate, by) == by for crate, by in zip(self.crates, site[0], strict=True))

    def _ways(self, site: Site) -> Iterator[tuple[Move, Site]]:
        """The moves that a site allows, one for each group of like ones, and where each leads."""
        crates_by, truck_places = site
        on, held, aboard = self._split(site)
        where = self._crate_places(on)
        covered = set(on.values())
        clear = [name for name in (*self.pallet_place, *where) if name not in covered]
        place_of = self.pallet_place | where
        free = {self.hoist_place[hoist]: hoist for hoist in reversed(self.hoist_place) if hoist not in held.values()}
        like_trucks = {
            (place, tuple(crate for crate in self.crates if aboard.get(crate) == truck)): index
            for index, (truck, place) in reversed(list(enumerate(zip(self.trucks, truck_places, strict=True))))
        }
        trucks = sorted(like_trucks.values())

        def moved(crate: str, by: str) -> Site:
            index = self.crates.index(crate)
            return (*crates_by[:index], by, *crates_by[index + 1 :]), truck_places

        for crate, hoist in held.items():
            place = self.hoist_place[hoist]
            for surface in clear:
                if place_of[surface] == place:
                    yield ("drop", (hoist, crate, surface, place)), moved(crate, surface)
            for index in trucks:
                if truck_places[index] == place:
                    yield ("load", (hoist, crate, self.trucks[index], place)), moved(crate, self.trucks[index])
        for crate, surface in on.items():
            if crate not in covered and (place := where[crate]) in free:
                yield ("lift", (free[place], crate, surface, place)), moved(crate, free[place])
        for crate, truck in aboard.items():
            if (place := truck_places[self.trucks.index(truck)]) in free:
                yield ("unload", (free[place], crate, truck, place)), moved(crate, free[place])
        for index in trucks:
            for place in self.places:
                if place != truck_places[index]:
                    places = (*truck_places[:index], place, *truck_places[index + 1 :])
                    yield ("drive", (self.trucks[index], truck_places[index], place)), (crates_by, places)

    def _estimate(self, site: Site) -> int:
        """No more than the steps that are left; a step lowers it by one at most."""
        on, held, aboard = self._split(site)
        where = self._crate_places(on)
        steps = 0
        arrivals: set[str] = set()
        must: dict[str, bool] = dict.fromkeys(self.pallet_place, False)
        for crate in on:
            pile = []
            below = crate
            while below not in must:
                pile.append(below)
                below = on[below]
            for upper in reversed(pile):
                lower = on[upper]
                must[upper] = must[lower] or self.goal.get(upper, lower) != lower or self.wanted_on.get(lower, upper) != upper
        for crate in self.crates:
            is_needed = crate in self.goal or crate in self.wanted_on
            target = self.goal_place.get(crate, "")
            if crate in aboard:
                if is_needed:
                    steps += 2
                    if target and site[1][self.trucks.index(aboard[crate])] != target:
                        arrivals.add(target)
                continue
            if crate in held:
                if not is_needed:
                    continue
                steps += 1
                place = self.hoist_place[held[crate]]
            else:
                if not must[crate]:
                    continue
                steps += 2 if is_needed else 1
                place = where[crate]
            if target and place != target:
                steps += 2
                arrivals.add(target)
                if place not in site[1]:
                    arrivals.add(place)
        return steps + len(arrivals)


def _of_type(task: Task, kind: str) -> set[str]:
    return {name for name, its in task.objects.items() if task.domain.is_subtype(its, kind)}


def _foot(crate: str, below: dict[str, str]) -> str:
    """What the stack of a crate ends on."""
    while crate in below:
        crate = below[crate]
    return crate


def _has_cycle(below: dict[str, str]) -> bool:
    for start in below:
        name, steps = start, 0
        while name in below and steps <= len(below):
            name, steps = below[name], steps + 1
        if steps > len(below):
            return True
    return False
