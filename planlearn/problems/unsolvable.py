"""Problems that no plan solves, for models that have to say so.

A problem is drawn as its domain's generator draws it, then its goal, and in Logistics its initial state, is changed so that part of the
goal can never hold: the conflict, one to several goals. Outside of Logistics the goal can be reached with any of these left out. Each
kind of conflict rests on an invariant of the domain that every action keeps, so no search is needed to know that there is no plan:

- Blocksworld: a block is in exactly one place (the table, a block, the hand), carries at most one block, is clear where it carries none
  and is not held; the hand holds at most one block and is empty where it holds none; what lies on a block is above it, so never below.
- Depots: the same of crates on pallets, crates and hoists, and in trucks.
- Logistics: a package is in exactly one place or vehicle, a truck stays in its city, an airplane at airports.

PlanBench's unsolvable problems have the first three kinds of Blocksworld: its goals name `on` facts alone. Most of what is drawn here is
of these; the others keep a model from learning that only `on` facts contradict one another. `decoy_problem` gives the solvable ones to
set beside them, whose goals look alike. `planlearn.planners.goal_conflict` finds the
conflict of a task without knowing its domain.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from planlearn.errors import RecipeError
from planlearn.problems.blocksworld import BLOCKSWORLD, MYSTERY_BLOCKSWORLD, BlocksSize, BlocksworldGenerator
from planlearn.problems.depots import DEPOTS, DepotsSize
from planlearn.problems.generate import get_generator
from planlearn.problems.generated import GeneratedProblem, Generator, SizeChoice, generated_problem
from planlearn.problems.logistics import LOGISTICS, LogisticsSize
from val_bridge import Atom, atom_text

_TRIES = 1000
_STATES = 12
"""States that are drawn to find a goal that holds together with others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsolvableProblem:
    """kind: of the conflict, e.g. "cycle". conflict: the goals that never hold together, or the one that never holds. reason: why not,
    in a sentence.
    """

    problem: GeneratedProblem
    kind: str
    conflict: tuple[Atom, ...]
    reason: str


Goals = list[Atom]
Conflict = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class _Stacks:
    """What is to stand where. movable: blocks, crates. carriers: what these may stand on, themselves among them. below: thing -> what it
    is to stand on.
    """

    movable: list[str]
    carriers: list[str]
    below: dict[str, str]

    def above(self, thing: str) -> set[str]:
        """All that is to stand on the thing, at any height."""
        carried = {lower: upper for upper, lower in self.below.items()}
        found: set[str] = set()
        while thing in carried:
            thing = carried[thing]
            found.add(thing)
        return found

    def on(self, *, never: Collection[str] = (), never_on: Collection[str] = ()) -> Goals:
        """The `on` facts, but for those of the things of `never` and those on one of `never_on`."""
        return [("on", upper, lower) for upper, lower in self.below.items() if upper not in never and lower not in never_on]


StacksKind = Callable[[random.Random, _Stacks], "tuple[Goals, Conflict] | None"]
"""Gives the goals, the conflict's among them; None where it takes other stacks."""


def _two_places(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    thing = rng.choice(sorted(stacks.below))
    free = sorted({*stacks.carriers} - {thing, stacks.below[thing]} - stacks.above(thing))
    if not free:
        return None
    other = rng.choice(free)
    conflict = (("on", thing, stacks.below[thing]), ("on", thing, other))
    return [*stacks.on(never_on=[other]), conflict[1]], conflict


def _two_on_one(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    thing = rng.choice(sorted(stacks.below))
    carrier = stacks.below[thing]
    free = [one for one in stacks.movable if one not in (thing, carrier) and carrier not in stacks.above(one)]
    if not free:
        return None
    other = rng.choice(free)
    conflict = (("on", thing, carrier), ("on", other, carrier))
    return [*stacks.on(never=[other]), conflict[1]], conflict


def _cycle(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    carrying = sorted({*stacks.below.values()}.intersection(stacks.movable))
    if not carrying:
        return None
    bottom = rng.choice(carrying)
    top = rng.choice(sorted(stacks.above(bottom)))
    ring, here = [("on", bottom, top)], top
    while here != bottom:
        ring.append(("on", here, stacks.below[here]))
        here = stacks.below[here]
    return [*stacks.on(never=[bottom], never_on=[top]), ring[0]], tuple(ring)


def _on_table_too(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    block = rng.choice(sorted(stacks.below))
    conflict = (("on", block, stacks.below[block]), ("ontable", block))
    return [*stacks.on(), conflict[1]], conflict


def _clear_and_covered(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    thing = rng.choice(sorted(stacks.below))
    conflict = (("on", thing, stacks.below[thing]), ("clear", stacks.below[thing]))
    return [*stacks.on(), conflict[1]], conflict


def _held_and_placed(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    block = rng.choice(sorted(stacks.below))
    conflict = (("on", block, stacks.below[block]), ("holding", block))
    return [*stacks.on(never_on=[block]), conflict[1]], conflict


def _held_and_covered(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    block = rng.choice(sorted(stacks.below))
    conflict = (("on", block, stacks.below[block]), ("holding", stacks.below[block]))
    return [*stacks.on(never=[stacks.below[block]]), conflict[1]], conflict


def _held_and_clear(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    block = rng.choice(stacks.movable)
    conflict = (("clear", block), ("holding", block))
    return [*stacks.on(never=[block], never_on=[block]), *conflict], conflict


def _held_and_hand_empty(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    block = rng.choice(stacks.movable)
    conflict = (("holding", block), ("handempty",))
    return [*stacks.on(never=[block], never_on=[block]), *conflict], conflict


def _two_held(rng: random.Random, stacks: _Stacks) -> tuple[Goals, Conflict] | None:
    held = sorted(rng.sample(stacks.movable, 2))
    conflict = tuple(("holding", block) for block in held)
    return [*stacks.on(never=held, never_on=held), *conflict], conflict


_PLACE = "a block is in one place at a time"
_BLOCKS_KINDS: Mapping[str, tuple[float, int, str, StacksKind]] = MappingProxyType({
    # weight, fewest blocks, why
    "cycle": (3.0, 2, "no block is above itself", _cycle),
    "two-on-one": (2.5, 3, "a block carries one block at most", _two_on_one),
    "two-places": (1.5, 3, _PLACE, _two_places),
    "on-table-too": (0.5, 2, _PLACE, _on_table_too),
    "clear-and-covered": (0.5, 2, "a block that carries another one is not clear", _clear_and_covered),
    "held-and-placed": (0.5, 2, _PLACE, _held_and_placed),
    "held-and-covered": (0.5, 2, "a block that carries another one is not held", _held_and_covered),
    "held-and-clear": (0.25, 2, "a block that is held is not clear", _held_and_clear),
    "held-and-hand-empty": (0.25, 2, "a hand that holds a block is not empty", _held_and_hand_empty),
    "two-held": (0.5, 2, "the hand holds one block at most", _two_held),
})  # fmt: skip
_DEPOTS_KINDS: Mapping[str, tuple[float, int, str, StacksKind]] = MappingProxyType({
    "cycle": (3.0, 2, "no crate is above itself", _cycle),
    "two-on-one": (2.5, 2, "a pallet or a crate carries one crate at most", _two_on_one),
    "two-places": (2.5, 1, "a crate is in one place at a time", _two_places),
    "clear-and-covered": (1.0, 1, "what carries a crate is not clear", _clear_and_covered),
})  # fmt: skip


def _facts(made: GeneratedProblem) -> tuple[list[str], list[Atom], list[Atom]]:
    """(objects, initial facts, goals) in the order of a generated text, which has one fact a line."""
    head, rest = made.problem_text.split("(:init\n")
    initial, goal = rest.split("(:goal (and\n")
    objects = head.split("(:objects ")[1].split(")")[0].split()
    lines = ([line for line in part.splitlines() if line.startswith("    ")] for part in (initial, goal))
    return objects, *([tuple(line.strip(" ()").split()) for line in each] for each in lines)


def _by_objects(objects: Sequence[str]) -> Callable[[Atom], tuple[list[int], str]]:
    return lambda atom: ([objects.index(name) for name in atom[1:]], atom[0])


def _sentence(conflict: Conflict, why: str) -> str:
    named = " and ".join(map(atom_text, conflict))
    return f"{named} {'never hold together' if len(conflict) > 1 else 'is never reached'}{': ' if why else ''}{why}"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Of a problem whose goal was given a conflict."""

    made: GeneratedProblem
    objects: list[str]
    initial: list[Atom]
    goals: Goals
    kind: str
    why: str
    conflict: Conflict


def _stacks_of(objects: Sequence[str], goal: Goals) -> _Stacks:
    crates, pallets = ([name for name in objects if name.startswith(kind) and name != kind] for kind in ("crate", "pallet"))
    movable = crates or [*objects]
    return _Stacks(movable, [*movable, *pallets], {upper: lower for _, upper, lower in goal})


def _with_conflict(
    generator: Generator, kinds: Mapping[str, tuple[float, int, str, StacksKind]], rng: random.Random, size: SizeChoice
) -> _Drawn:
    """A problem whose goal is of `on` facts, blocks on blocks or crates on crates and pallets, with a conflict in it."""
    made = generator.generate(rng, size)
    objects, initial, goal = _facts(made)
    count = len(_stacks_of(objects, goal).movable)
    fitting = {kind: each for kind, each in kinds.items() if each[1] <= count}
    kind = rng.choices([*fitting], [weight for weight, *_ in fitting.values()])[0]
    _, _, why, change = fitting[kind]
    for _ in range(_TRIES):
        if found := change(rng, _stacks_of(objects, goal)):
            goals, conflict = found
            # The order of a solvable problem: by the objects. Where a conflict's goals stand must say nothing.
            goals.sort(key=_by_objects(objects))
            return _Drawn(made, objects, initial, goals, kind, why, conflict)
        made = generator.generate(rng, made.size_name)
        objects, initial, goal = _facts(made)
    raise AssertionError(f"no goal of size {made.size_name} takes a conflict of kind {kind}")


def _blocksworld(generator: BlocksworldGenerator, rng: random.Random, size: SizeChoice) -> UnsolvableProblem:
    drawn = _with_conflict(BLOCKSWORLD, _BLOCKS_KINDS, rng, size)
    exact, name = BlocksSize.parse(drawn.made.size_name), generator.renaming.atom
    problem = generated_problem(
        domain=generator.name, domain_name=generator.renaming.domain, name=f"{generator.problem_name}-{exact}", size=exact,
        objects=drawn.objects, initial=map(name, drawn.initial), goal=map(name, drawn.goals),
    )
    conflict = tuple(map(name, drawn.conflict))
    # Nothing is said of blocks where the words say nothing of blocks.
    reason = _sentence(conflict, drawn.why if generator is BLOCKSWORLD else "")
    return UnsolvableProblem(problem=problem, kind=drawn.kind, conflict=conflict, reason=reason)


def _state_with(rng: random.Random, blocks: Sequence[str], goals: Goals) -> set[Atom]:
    """The facts of a random state in which the goals hold; they must not contradict one another."""
    below = {atom[1]: atom[2] for atom in goals if atom[0] == "on"}
    named = {name: {atom[1] for atom in goals if atom[0] == name} for name in ("ontable", "clear", "holding")}
    tops = [block for block in blocks if block not in below.values() and block not in named["clear"] | named["holding"]]
    held = sorted(named["holding"])
    if not held and ("handempty",) not in goals and rng.random() < 0.5:
        held = [block for block in tops if block not in below and block not in named["ontable"]][:1]
    for block in rng.sample(blocks, len(blocks)):
        above = _Stacks([*blocks], [*blocks], below).above(block)
        free = [top for top in tops if top not in {block, *below.values(), *held} | above]
        if block not in {*below, *named["ontable"], *held} and free and rng.random() < 0.5:
            below[block] = rng.choice(free)
    facts: set[Atom] = {("on", upper, lower) for upper, lower in below.items()}
    facts |= {("ontable", block) for block in blocks if block not in {*below, *held}}
    facts |= {("clear", block) for block in blocks if block not in {*below.values(), *held}}
    facts |= {("holding", block) for block in held} or {("handempty",)}
    return facts


def _decoy(generator: BlocksworldGenerator, rng: random.Random, size: SizeChoice) -> GeneratedProblem:
    for _ in range(_TRIES):
        drawn = _with_conflict(BLOCKSWORLD, _BLOCKS_KINDS, rng, size)
        left_out = rng.choice(drawn.conflict)
        goals = [atom for atom in drawn.goals if atom != left_out]
        states = [_state_with(rng, drawn.objects, goals) for _ in range(_STATES)]
        others = sorted({atom for state in states for atom in state if atom[0] == left_out[0] and atom not in goals})
        goals = sorted([*goals, *rng.sample(others, min(1, len(others)))], key=_by_objects(drawn.objects))
        if set(goals) <= set(drawn.initial):
            continue
        exact, name = BlocksSize.parse(drawn.made.size_name), generator.renaming.atom
        return generated_problem(
            domain=generator.name, domain_name=generator.renaming.domain, name=f"{generator.problem_name}-{exact}", size=exact,
            objects=drawn.objects, initial=map(name, drawn.initial), goal=map(name, goals),
        )
    raise AssertionError(f"no decoy of size {size} found")


def _depots(rng: random.Random, size: SizeChoice) -> UnsolvableProblem:
    drawn = _with_conflict(DEPOTS, _DEPOTS_KINDS, rng, size)
    problem = generated_problem(
        domain="depots", domain_name="depots", name=drawn.made.name, size=DepotsSize.parse(drawn.made.size_name), objects=drawn.objects,
        initial=drawn.initial, goal=drawn.goals,
    )
    return UnsolvableProblem(problem=problem, kind=drawn.kind, conflict=drawn.conflict, reason=_sentence(drawn.conflict, drawn.why))


@dataclass(slots=True)
class _World:
    """A Logistics problem to be changed. places: city -> its locations, the airport first."""

    initial: Goals
    goal: Goals
    places: dict[str, list[str]]
    packages: list[str]

    def want(self, package: str, location: str) -> None:
        self.goal = [("at", package, location) if atom[1] == package else atom for atom in self.goal]

    def elsewhere(self, city: str) -> list[str]:
        return [place for other, places in self.places.items() if other != city for place in places]

    def move(self, thing: str, location: str) -> None:
        self.initial = [("at", thing, location) if atom[:2] == ("at", thing) else atom for atom in self.initial]

    def across(self, rng: random.Random, inside: Sequence[str], outside: Sequence[str]) -> Atom:
        """The goal of a package that is made to start at one of the locations inside and to go to one outside, or back."""
        package = rng.choice(self.packages)
        pair = [rng.choice(inside), rng.choice(outside)]
        rng.shuffle(pair)
        self.move(package, pair[0])
        self.want(package, pair[1])
        return "at", package, pair[1]


LogisticsKind = Callable[[random.Random, _World], tuple[Conflict, str]]
"""Changes a world; gives the conflict and why."""


def _package_at_two(rng: random.Random, world: _World) -> tuple[Conflict, str]:
    at = rng.randrange(len(world.goal))
    _, package, first = world.goal[at]
    second = rng.choice([place for places in world.places.values() for place in places if place != first])
    world.goal.insert(at + 1, ("at", package, second))
    return (world.goal[at], world.goal[at + 1]), "a package is in one place at a time"


def _no_airport(rng: random.Random, world: _World) -> tuple[Conflict, str]:
    city = rng.choice([*world.places])
    world.initial.remove(("airport", world.places[city][0]))
    goal = world.across(rng, world.places[city], world.elsewhere(city))
    return (goal,), f"city {city} has no airport"


def _no_truck(rng: random.Random, world: _World) -> tuple[Conflict, str]:
    city = rng.choice([*world.places])
    truck = f"t{city[1:]}"
    world.move(truck, rng.choice(world.elsewhere(city)))
    goal = world.across(rng, world.places[city][1:], world.elsewhere(city))
    return (goal,), f"city {city} has no truck"


def _truck_abroad(rng: random.Random, world: _World) -> tuple[Conflict, str]:
    city = rng.choice([*world.places])
    goal = ("at", f"t{city[1:]}", rng.choice(world.elsewhere(city)))
    world.goal.append(goal)
    return (goal,), "a truck stays in its city"


def _airplane_off_airport(rng: random.Random, world: _World) -> tuple[Conflict, str]:
    airplane = rng.choice([atom[1] for atom in world.initial if atom[0] == "airplane"])
    goal = ("at", airplane, rng.choice([place for places in world.places.values() for place in places[1:]]))
    world.goal.append(goal)
    return (goal,), "an airplane is at airports alone"


_LOGISTICS_KINDS: Mapping[str, tuple[float, int, int, LogisticsKind]] = MappingProxyType({
    # weight, fewest cities, fewest locations a city
    "two-places": (3.0, 1, 1, _package_at_two),
    "no-airport": (3.0, 2, 1, _no_airport),
    "no-truck": (3.0, 2, 2, _no_truck),
    "truck-abroad": (0.75, 2, 1, _truck_abroad),
    "airplane-off-airport": (0.75, 1, 2, _airplane_off_airport),
})  # fmt: skip


def _logistics(rng: random.Random, size: SizeChoice) -> UnsolvableProblem:
    made = LOGISTICS.generate(rng, size)
    exact = LogisticsSize.parse(made.size_name)
    fitting = {k: e for k, e in _LOGISTICS_KINDS.items() if e[1] <= exact.cities and e[2] <= exact.locations}
    kind = rng.choices([*fitting], [weight for weight, *_ in fitting.values()])[0]
    objects, initial, goal = _facts(made)
    places: dict[str, list[str]] = {}
    for atom in initial:
        if atom[0] == "in-city":
            places.setdefault(atom[2], []).append(atom[1])
    world = _World(initial, goal, places, [atom[1] for atom in initial if atom[0] == "obj"])
    conflict, why = fitting[kind][3](rng, world)
    problem = generated_problem(
        domain=made.domain, domain_name="logistics-strips", name=made.name, size=exact, objects=objects, initial=world.initial,
        goal=world.goal,
    )
    return UnsolvableProblem(problem=problem, kind=kind, conflict=conflict, reason=_sentence(conflict, why))


UNSOLVABLE_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "blocksworld": tuple(_BLOCKS_KINDS), "depots": tuple(_DEPOTS_KINDS), "logistics": tuple(_LOGISTICS_KINDS),
    "mystery_blocksworld": tuple(_BLOCKS_KINDS),
})  # fmt: skip
"""The kinds of conflict by domain."""


def unsolvable_problem(domain: str, rng: random.Random, size: SizeChoice = "in_distribution") -> UnsolvableProblem:
    """A problem without a plan, of a size as the domain's generator takes it; the same stream gives the same problem.

    Raises UnknownDomain, and RecipeError for a domain of which no such problems are made and for a size that it cannot have.
    """
    if domain == "logistics":
        return _logistics(rng, size)
    if domain == "depots":
        return _depots(rng, size)
    for generator in (BLOCKSWORLD, MYSTERY_BLOCKSWORLD):
        if domain == generator.name:
            return _blocksworld(generator, rng, size)
    get_generator(domain)
    raise RecipeError(f"domain {domain}: no unsolvable problems are made of it; they are of {', '.join(UNSOLVABLE_KINDS)}")


def decoy_problem(domain: str, rng: random.Random, size: SizeChoice = "in_distribution") -> GeneratedProblem:
    """A solvable problem that looks like an unsolvable one, so that neither the words of a goal nor their number tell which is which.

    It is an unsolvable one with one goal of its conflict exchanged for another of the same predicate that holds together with the rest; left
    out where there is no such goal (of n blocks, n goals `on` are always a conflict). No goal state is the initial one. Raises
    UnknownDomain, and RecipeError for a domain other than Blocksworld and Mystery Blocksworld and for a size that it cannot have.
    """
    for generator in (BLOCKSWORLD, MYSTERY_BLOCKSWORLD):
        if domain == generator.name:
            return _decoy(generator, rng, size)
    get_generator(domain)
    raise RecipeError(f"domain {domain}: no decoys are made of it; they are of {BLOCKSWORLD.name}, {MYSTERY_BLOCKSWORLD.name}")
