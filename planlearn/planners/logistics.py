"""Short plans for Logistics: routes first, loads follow.

Which packages are loaded where follows from the routes, since vehicles hold any number: a truck takes what
waits where it stops and drops what belongs there. So only drives and flights are searched: A* over the stops
of each city's truck, A* over flights, and between them one choice a city: which outgoing packages the truck
brings to the airport before it waits there for incoming ones. Bringing all of them first always works; a
later pick-up may save drives, at the price of flights that must wait. Shortest in nearly all cases; not
examined are packages that change planes, and waiting for some of a city's incoming packages only. Rejected:
search over states (plans of 40 steps, thousands of equivalent orders).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple, TypeVar

from planlearn.planners.roles import NotCovered, Roles
from val_bridge import Call, State, Task

_HASTE = 5
"""The estimate's weight once the limit is reached."""

Node = TypeVar("Node")
Step = TypeVar("Step")


def plan_logistics(
    task: Task, roles: Roles, state: State, *, rng: random.Random | None = None, limit: int
) -> list[Call]:
    """A short plan, steps of one vehicle kept together.

    limit: nodes of each search for the fewest flights; beyond it any good flights are taken.
    Raises NotCovered unless each city has one truck and at most one airport, and each goal is a package at a
    location that can be reached.
    """
    names = sorted(task.objects)
    if rng is not None:
        rng.shuffle(names)
    world = _World.read(task, roles, state, {name: index for index, name in enumerate(names)})
    return list(_Execution(world, roles, *_choose_routes(world, limit)).run())


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """The task as places. `rank` orders names wherever something must come first."""

    rank: Mapping[str, int]
    city_of: Mapping[str, str]
    airport_of: Mapping[str, str]
    truck_of: Mapping[str, str]
    at: Mapping[str, str]  # vehicles and packages on the ground -> location
    inside: Mapping[str, str]  # packages in vehicles
    goal: Mapping[str, str]  # packages that are not where they shall be -> location
    airplanes: tuple[str, ...]

    @classmethod
    def read(cls, task: Task, roles: Roles, state: State, rank: Mapping[str, int]) -> _World:
        facts = roles.facts(state)
        kinds = {
            kind: {name for (name,) in facts[kind]}
            for kind in ("truck", "airplane", "obj", "location", "airport")
        }
        movable = (kinds["truck"], kinds["airplane"], kinds["obj"])
        at, inside, city_of = dict(facts["at"]), dict(facts["in"]), dict(facts["in-city"])
        truck_of = {city_of.get(at.get(truck, ""), ""): truck for truck in kinds["truck"]}
        airport_of = {city_of.get(airport, ""): airport for airport in kinds["airport"]}
        _require(sum(map(len, movable)) == len(set().union(*movable)), "something is of two kinds")
        _require(
            len(at) == len(facts["at"]) and len(inside) == len(facts["in"]), "something is at two places"
        )
        _require(len(city_of) == len(facts["in-city"]), "a location in two cities")
        _require({c for (c,) in facts["city"]} >= set(city_of.values()), "a city that is none")
        _require(set().union(*movable) == at.keys() ^ inside.keys(), "something is nowhere or at two places")
        _require(
            inside.keys() <= kinds["obj"] and set(inside.values()) <= movable[0] | movable[1], "an odd load"
        )
        _require(set(at.values()) <= kinds["location"] & city_of.keys(), "a location without a city")
        _require(kinds["airport"] <= kinds["location"] & city_of.keys(), "an airport without a city")
        _require(
            all(at[plane] in kinds["airport"] for plane in kinds["airplane"]), "an airplane off the airports"
        )
        _require(
            len(truck_of) == len(kinds["truck"]) and truck_of.keys() == set(city_of.values()),
            "one truck a city",
        )
        _require(len(airport_of) == len(kinds["airport"]), "two airports in a city")

        goals = roles.facts(task.goal)
        goal = dict(goals.pop("at"))
        _require(not any(goals.values()) and not task.goal_negative, "a goal that is not at")
        _require(
            len(goal) == len(task.goal) and goal.keys() <= kinds["obj"],
            "a goal about no package, or two of one",
        )
        _require(set(goal.values()) <= kinds["location"] & city_of.keys(), "a goal at no location")
        open_goals = {package: place for package, place in goal.items() if at.get(package) != place}
        airplanes = tuple(sorted(kinds["airplane"], key=rank.__getitem__))
        for package, place in open_goals.items():
            here = city_of[at[inside.get(package, package)]]
            if inside.get(package) in kinds["airplane"] or here != city_of[place]:
                _require(
                    bool(airplanes) and {here, city_of[place]} <= airport_of.keys(),
                    "a city off the air routes",
                )
        return cls(
            rank=rank, city_of=city_of, airport_of=airport_of, truck_of=truck_of, at=at, inside=inside,
            goal=open_goals, airplanes=airplanes,
        )  # fmt: skip

    def by_rank(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=self.rank.__getitem__)

    def city_at(self, thing: str) -> str:
        """The city that a vehicle or package is in at the start."""
        return self.city_of[self.at[self.inside.get(thing, thing)]]

    def flies(self, package: str) -> bool:
        return (
            self.inside.get(package) in self.airplanes
            or self.city_at(package) != self.city_of[self.goal[package]]
        )


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotCovered(otherwise)


def _a_star(
    start: Node,
    estimate: Callable[[Node], int],
    successors: Callable[[Node], Iterable[tuple[Step, Node]]],
    *,
    limit: int | None = None,
    weight: int = 1,
) -> list[Step] | None:
    """The fewest steps to a node of estimate 0; None if there is no way, or none within the limit of nodes.

    The estimate must never exceed the steps left, nor fall by more than one a step. Ties: the deepest, then
    the oldest. A weight above 1 looks where the estimate is low, and finds some way sooner.
    """
    came: dict[Node, tuple[Node, Step] | None] = {start: None}
    depth_of = {start: 0}
    queue = [(weight * estimate(start), 0, 0, start)]
    made = 0
    done: set[Node] = set()
    while queue:
        total, _, _, here = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        depth = depth_of[here]
        if total == depth:
            steps: list[Step] = []
            while edge := came[here]:
                here, step = edge
                steps.append(step)
            return steps[::-1]
        if limit is not None and len(done) > limit:
            return None
        for step, after in successors(here):
            if depth + 1 < depth_of.get(after, depth + 2):
                depth_of[after] = depth + 1
                came[after] = (here, step)
                made += 1
                heapq.heappush(queue, (depth + 1 + weight * estimate(after), -depth, made, after))
    return None


# --- a city's truck -----------------------------------------------------------------------------------------

Job = tuple[str, str]
"""From location, to location."""


class _TruckState(NamedTuple):
    place: str
    waiting: frozenset[Job]
    aboard: frozenset[str]
    incoming: bool

    def needed(self) -> set[str]:
        return {job[0] for job in self.waiting} | self.aboard


@dataclass(frozen=True, slots=True, kw_only=True)
class _TruckRoute:
    """Locations in order, the start first; at stop number `wait` the truck waits for what comes by air.

    late: locations whose outgoing packages reach the airport only after that.
    """

    stops: tuple[str, ...]
    wait: int | None
    late: frozenset[str]

    @property
    def drives(self) -> int:
        return len(self.stops) - 1


class _City:
    """What one truck has to do."""

    def __init__(self, world: _World, city: str) -> None:
        self.world = world
        self.truck = world.truck_of[city]
        self.airport = world.airport_of.get(city, "")
        self.start = world.at[self.truck]
        self.jobs: dict[str, tuple[str | None, str]] = {}  # package -> (location, None if aboard; location)
        self.outgoing: list[str] = []
        self.incoming: list[str] = []  # packages that the truck fetches from the airport
        for package in world.by_rank(world.goal):
            place, goal = world.at.get(package), world.goal[package]
            carrier = world.inside.get(package)
            if world.flies(package):
                if carrier not in world.airplanes and world.city_at(package) == city:
                    self.outgoing.append(package)
                    if place != self.airport:
                        self.jobs[package] = (place, self.airport)
                if world.city_of[goal] == city and goal != self.airport:
                    self.incoming.append(package)
            elif world.city_of[goal] == city:
                self.jobs[package] = (place, goal)
        self.drops = frozenset(world.goal[package] for package in self.incoming)
        self.first = _TruckState(
            place=self.start,
            waiting=frozenset((source, to) for source, to in self.jobs.values() if source is not None),
            aboard=frozenset(to for source, to in self.jobs.values() if source is None),
            incoming=bool(self.incoming),
        )

    def arrive(self, state: _TruckState, place: str, early: frozenset[str]) -> _TruckState:
        """Unload and load at the place; fetch what comes by air once the locations in `early` are cleared."""
        taken = frozenset(job for job in state.waiting if job[0] == place)
        waiting = state.waiting - taken
        aboard = (state.aboard | {to for _, to in taken}) - {place}
        incoming = state.incoming
        if incoming and place == self.airport and not any((source, place) in waiting for source in early):
            aboard, incoming = (aboard | self.drops) - {place}, False
        return _TruckState(place, waiting, aboard, incoming)

    def routes(self) -> list[_TruckRoute]:
        """Routes of which each later one saves drives by bringing more of the outgoing packages late."""
        sources = frozenset(source for source, to in self.first.waiting if to == self.airport)
        best = [self.route(sources)]
        if not (self.incoming and sources) or self.route(frozenset()).drives == best[0].drives:
            return best
        for size in range(len(sources) - 1, -1, -1):
            for early in combinations(self.world.by_rank(sources), size):
                route = self.route(frozenset(early))
                if all(route.drives < other.drives or not other.late <= route.late for other in best):
                    best.append(route)
        return best

    def route(self, early: frozenset[str]) -> _TruckRoute:
        """The fewest drives, if incoming packages wait for those of the locations in `early` alone."""

        def needed(state: _TruckState) -> set[str]:
            places = state.needed() | {to for _, to in state.waiting}
            if state.incoming:
                places |= self.drops | {self.airport}
            return places

        def successors(state: _TruckState) -> Iterator[tuple[str, _TruckState]]:
            places = state.needed() | ({self.airport} if state.incoming else set())
            for place in self.world.by_rank(places - {state.place}):
                yield place, self.arrive(state, place, early)

        first = self.arrive(self.first, self.start, early)
        stops = _a_star(first, lambda state: len(needed(state) - {state.place}), successors)
        assert stops is not None, "one truck reaches all of its city"
        state, wait, late = self.first, None, frozenset[str]()
        for number, place in enumerate((self.start, *stops)):
            after = self.arrive(state, place, early)
            if state.incoming and not after.incoming:
                wait, late = number, frozenset(source for source, to in after.waiting if to == self.airport)
            state = after
        return _TruckRoute(stops=(self.start, *stops), wait=wait, late=late)


# --- airplanes ----------------------------------------------------------------------------------------------

Cargo = tuple[str, str, bool]
"""From city, to city, and whether it is brought to the airport only after all that comes into its city."""
Flight = tuple[int, str, str, frozenset[Cargo]]
"""Number of the airplane, from city, to city, and what it takes along from there."""


class _AirState(NamedTuple):
    cities: tuple[str, ...]  # of the airplanes
    aboard: tuple[frozenset[str], ...]  # cities that each airplane's load goes to
    waiting: frozenset[Cargo]

    def awaited(self) -> set[str]:
        """The cities that something is on its way to."""
        return {to for _, to, _ in self.waiting}.union(*self.aboard)

    def estimate(self) -> int:
        """The cities that must be flown to."""
        return len(self.awaited() | ({origin for origin, _, _ in self.waiting} - set(self.cities)))


def _fly(world: _World, cargo: frozenset[Cargo], limit: int | None, weight: int = 1) -> list[Flight] | None:
    """The fewest flights, or None if the late cargo waits in a circle, or if the limit is reached."""
    cities = tuple(world.city_at(plane) for plane in world.airplanes)
    loads = [
        frozenset(
            world.city_of[world.goal[p]]
            for p, carrier in world.inside.items()
            if carrier == plane and p in world.goal
        )
        for plane in world.airplanes
    ]
    start = _AirState(cities, tuple(load - {city} for load, city in zip(loads, cities, strict=True)), cargo)

    def successors(state: _AirState) -> Iterator[tuple[Flight, _AirState]]:
        awaited = state.awaited()
        ready = {c for c in state.waiting if not (c[2] and c[0] in awaited)}
        tried: set[tuple[str, frozenset[str]]] = set()
        for number, (city, load) in enumerate(zip(state.cities, state.aboard, strict=True)):
            # Airplanes with equal loads in one city are interchangeable.
            if (city, load) in tried:
                continue
            tried.add((city, load))
            here = frozenset(c for c in ready if c[0] == city)
            fetch = {c[0] for c in state.waiting} - set(state.cities)
            for to in world.by_rank((awaited | fetch) - {city}):
                choices = {here, frozenset(c for c in here if c[1] == to)} if len(cities) > 1 else {here}
                for taken in sorted(choices, key=len, reverse=True):
                    carried = load | {c[1] for c in taken}
                    if to in carried or to in fetch:
                        cities_after = _put(state.cities, number, to)
                        aboard = _put(state.aboard, number, carried - {to})
                        yield (
                            (number, city, to, taken),
                            _AirState(cities_after, aboard, state.waiting - taken),
                        )

    return _a_star(start, _AirState.estimate, successors, limit=limit, weight=weight)


Item = TypeVar("Item")


def _put(items: tuple[Item, ...], index: int, item: Item) -> tuple[Item, ...]:
    return (*items[:index], item, *items[index + 1 :])


# --- both ---------------------------------------------------------------------------------------------------


def _choose_routes(
    world: _World, limit: int
) -> tuple[dict[str, _City], dict[str, _TruckRoute], list[Flight]]:
    """The cities' routes and the flights with the fewest drives and flights together."""
    cities = {city: _City(world, city) for city in world.by_rank(world.truck_of)}
    options = [city.routes() for city in cities.values()]
    # The first combination brings everything first: nothing waits, so no other needs fewer flights.
    cargo = _cargo(world, cities, [routes[0] for routes in options])
    flights = _fly(world, cargo, limit)
    if flights is None:
        flights = _fly(world, cargo, None, weight=_HASTE)
    assert flights is not None, "airplanes reach all airports"
    fewest = len(flights)
    best = (
        sum(routes[0].drives for routes in options) + fewest,
        tuple(routes[0] for routes in options),
        flights,
    )
    for routes in sorted(product(*options), key=lambda choice: sum(route.drives for route in choice)):
        drives = sum(route.drives for route in routes)
        if drives + fewest >= best[0]:
            break
        found = _fly(world, _cargo(world, cities, routes), limit)
        if found is not None and drives + len(found) < best[0]:
            best = (drives + len(found), routes, found)
    return cities, dict(zip(cities, best[1], strict=True)), best[2]


def _cargo(world: _World, cities: Mapping[str, _City], routes: Iterable[_TruckRoute]) -> frozenset[Cargo]:
    return frozenset(
        (name, world.city_of[world.goal[package]], world.at.get(package) in route.late)
        for (name, city), route in zip(cities.items(), routes, strict=True)
        for package in city.outgoing
    )


class _Execution:
    """Runs the routes: each truck as far as it can, then the flights as far as they can, and again."""

    def __init__(
        self,
        world: _World,
        roles: Roles,
        cities: dict[str, _City],
        routes: dict[str, _TruckRoute],
        flights: list[Flight],
    ) -> None:
        self.world, self.roles, self.cities, self.routes, self.flights = world, roles, cities, routes, flights
        self.at = dict(world.at)
        self.inside = dict(world.inside)
        self.stop = dict.fromkeys(cities, 0)

    def run(self) -> Iterator[Call]:
        for plane in self.world.airplanes:
            yield from self._unload_airplane(plane)
        waiting = list(self.flights)
        while True:
            before = (len(waiting), sum(self.stop.values()))
            for city in self.cities:
                yield from self._run_truck(city)
            while waiting and (packages := self._cargo_ready(waiting[0])) is not None:
                yield from self._run_flight(waiting.pop(0), packages)
            if before == (len(waiting), sum(self.stop.values())):
                return

    def _run_truck(self, name: str) -> Iterator[Call]:
        city, route = self.cities[name], self.routes[name]
        while True:
            number = self.stop[name]
            yield from self._serve(city, route.stops[number])
            if number == route.wait:
                if any(self.at.get(package) != city.airport for package in city.incoming):
                    return
                yield from self._load(city, city.incoming)
            if number == route.drives:
                return
            here, there = route.stops[number : number + 2]
            yield self.roles.call("drive-truck", city.truck, here, there, name)
            self.at[city.truck] = there
            self.stop[name] += 1

    def _serve(self, city: _City, place: str) -> Iterator[Call]:
        for package in self.world.by_rank(p for p, carrier in self.inside.items() if carrier == city.truck):
            to = city.jobs[package][1] if package in city.jobs else self.world.goal.get(package)
            if to == place:
                yield self.roles.call("unload-truck", package, city.truck, place)
                self.at[package] = place
                del self.inside[package]
        yield from self._load(
            city, [p for p, (source, _) in city.jobs.items() if source == place == self.at.get(p)]
        )

    def _load(self, city: _City, packages: list[str]) -> Iterator[Call]:
        for package in packages:
            yield self.roles.call("load-truck", package, city.truck, self.at.pop(package))
            self.inside[package] = city.truck

    def _cargo_ready(self, flight: Flight) -> list[str] | None:
        """The packages of a flight, None if one of them is not yet at the airport."""
        _, city, _, taken = flight
        wanted = [
            package
            for package in self.cities[city].outgoing
            if (
                city,
                self.world.city_of[self.world.goal[package]],
                self.world.at.get(package) in self.routes[city].late,
            )
            in taken
        ]
        airport = self.world.airport_of[city]
        return wanted if all(self.at.get(package) == airport for package in wanted) else None

    def _run_flight(self, flight: Flight, packages: list[str]) -> Iterator[Call]:
        number, city, to, _ = flight
        plane, airport = self.world.airplanes[number], self.world.airport_of[city]
        for package in packages:
            yield self.roles.call("load-airplane", package, plane, airport)
            del self.at[package]
            self.inside[package] = plane
        yield self.roles.call("fly-airplane", plane, airport, self.world.airport_of[to])
        self.at[plane] = self.world.airport_of[to]
        yield from self._unload_airplane(plane)

    def _unload_airplane(self, plane: str) -> Iterator[Call]:
        place = self.at[plane]
        for package in self.world.by_rank(p for p, carrier in self.inside.items() if carrier == plane):
            goal = self.world.goal.get(package)
            if goal is not None and self.world.city_of[goal] == self.world.city_of[place]:
                yield self.roles.call("unload-airplane", package, plane, place)
                self.at[package] = place
                del self.inside[package]
