"""Shortest plans for Blocksworld, without searching over its states.

A block must move if its goal is not where it is, if it lies on a block that must move, or if it lies where
another block or none shall lie. It is enough to move such blocks, each at most twice, by way of the table: a
move straight to a block's final place never does harm, nor does one to the table for a block that nobody
places or that stands above its own goal. Where no such move is left (a deadlock), one of the clear blocks
must go to the table first; which one is the only choice, and the search tries fewest such detours first.
Source: Slaney and Thiébaux 2001, "Blocks World revisited", extended to goals that place some of the blocks.
Rejected: A* over states (exponential from about 9 blocks on).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import reduce

from planlearn.planners.roles import NotCovered, Roles
from val_bridge import Call, State, Task, progress

TABLE = ""
Place = str
"""A block, or TABLE."""
Move = tuple[str, Place, Place]
"""Block, from where, to where."""


def plan_blocksworld(
    task: Task, roles: Roles, state: State, *, rng: random.Random | None = None, limit: int
) -> list[Call] | None:
    """A shortest plan, or None if there is none. Where a goal is `clear`, it may be one step longer.

    limit: deadlocks looked into; beyond it the plan is valid and good, no longer proven shortest.
    Raises NotCovered for a state that is no arrangement of blocks, for goals of holding and of absence.
    """
    world = _World.read(task, roles, state)
    goal = _Goal.read(task, roles)
    if goal is None:
        return None
    if task.goal <= state:
        return []
    ranking = sorted(task.objects)
    if rng is not None:
        rng.shuffle(ranking)
    calls = []
    if world.held is not None:
        calls.append(_put_away(world, goal, roles))
    for block, source, place in _solve(world, goal, ranking, limit)[0]:
        calls.append(roles.call("unstack", block, source) if source else roles.call("pick-up", block))
        calls.append(roles.call("stack", block, place) if place else roles.call("put-down", block))
    # Where blocks need only be clear, the last one may stay in the hand.
    if task.goal <= reduce(progress, map(task.bind, calls[:-1]), state):
        calls.pop()
    return calls


def is_proven(task: Task, roles: Roles, *, limit: int) -> bool:
    """Whether the plan from the initial state is proven shortest within the limit. Raises NotCovered as `plan_blocksworld` does."""
    world, goal = _World.read(task, roles, task.initial), _Goal.read(task, roles)
    if goal is None or task.goal <= task.initial:
        return True
    if world.held is not None or None in goal.above.values():
        return False  # where the hand is full, or blocks need only be clear, the last step is not accounted for
    return _solve(world, goal, sorted(task.objects), limit)[1]


def plan_clear_first(
    task: Task, roles: Roles, state: State, *, rng: random.Random | None = None, limit: int
) -> list[Call] | None:
    """A plan whose every step follows from few facts looked up in order; None if there is none.

    As long as a block of an open goal (the lower one, then the upper one, goal by goal by name) is not clear, the top of
    its tower goes to the table. Then the blocks go to their places, from the bottom up; one in the hand whose turn it is goes
    there at once. So no block is put on a tower that must come down again, without anybody having to see that beforehand;
    it costs steps where a block could have gone to its place earlier. No choice is left open: `rng` and `limit` change
    nothing. Goals that are not all places of blocks get a shortest plan. Raises NotCovered as `plan_blocksworld` does.
    """
    goal = _Goal.read(task, roles)
    if goal is None or None in goal.above.values():
        return plan_blocksworld(task, roles, state, rng=rng, limit=limit)
    world = _World.read(task, roles, state)
    order, by_name = goal.from_the_bottom(), sorted(goal.below)
    calls = []
    while open_goals := [block for block in by_name if world.below.get(block) != goal.below[block]]:
        wanted = [each for block in open_goals for each in (goal.below[block], block) if each in world.below]
        covering = next((top for each in wanted if (top := world.top(each)) != each), None)
        turn = next(block for block in order if block in open_goals)
        if world.held is not None:
            held, world.held = world.held, None
            place = goal.below[held] if held == turn and covering is None else TABLE
            world.below[held] = place
            calls.append(roles.call("stack", held, place) if place else roles.call("put-down", held))
            continue
        top = covering or turn
        source = world.below.pop(top)
        calls.append(roles.call("unstack", top, source) if source else roles.call("pick-up", top))
        world.held = top
    return calls


def _put_away(world: _World, goal: _Goal, roles: Roles) -> Call:
    """Put the held block where it shall be, if that can be its last place now, else on the table."""
    assert world.held is not None
    block, world.held = world.held, None
    place = goal.place_of(block)
    ready = place in world.below and place not in world.covered() and place not in world.must_move(goal)
    world.below[block] = place if ready else TABLE
    return roles.call("stack", block, place) if ready else roles.call("put-down", block)


@dataclass(slots=True)
class _World:
    """Where the blocks are; the held one is nowhere."""

    below: dict[str, Place]
    held: str | None = None

    @classmethod
    def read(cls, task: Task, roles: Roles, state: State) -> _World:
        facts = roles.facts(state)
        places = [*facts["on"], *((block, TABLE) for (block,) in facts["ontable"])]
        below, held = dict(places), [block for (block,) in facts["holding"]]
        covered = [lower for _, lower in facts["on"]]
        clear = {block for (block,) in facts["clear"]}
        if not (
            len(below) == len(places)
            and len(set(covered)) == len(covered)
            and len(held) == (0 if facts["handempty"] else 1)
            and sorted([*below, *held]) == sorted(task.objects)
            and clear == below.keys() - set(covered)
            and not _has_cycle(below)
            and below.keys() >= set(covered)
        ):
            raise NotCovered("the state is no arrangement of blocks")
        return cls(below=below, held=held[0] if held else None)

    def covered(self) -> set[Place]:
        return set(self.below.values())

    def must_move(self, goal: _Goal) -> set[str]:
        """The blocks that cannot stay where they are."""
        verdicts: dict[Place, bool] = {TABLE: False}
        for block in self.below:
            pile = []
            while block not in verdicts:
                pile.append(block)
                block = self.below[block]
            for upper in reversed(pile):
                lower = self.below[upper]
                verdicts[upper] = verdicts[lower] or goal.forbids(upper, lower)
        return {block for block, moves in verdicts.items() if moves}

    def top(self, block: str) -> str:
        """The block that is clear above this one, or this one."""
        above = {lower: upper for upper, lower in self.below.items()}
        while block in above:
            block = above[block]
        return block

    def stands_above(self, block: str, other: str) -> bool:
        while block := self.below[block]:
            if block == other:
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goal:
    """Where blocks shall be (TABLE included), and what shall be on top of a block (None: nothing)."""

    below: dict[str, Place]
    above: dict[str, str | None]

    @classmethod
    def read(cls, task: Task, roles: Roles) -> _Goal | None:
        """The goal; None if it contradicts itself."""
        facts = roles.facts(task.goal)
        if task.goal_negative or facts["holding"] or any(name not in roles.predicates for name in facts):
            raise NotCovered("the goal asks for more than places of blocks")
        places = [*facts["on"], *((block, TABLE) for (block,) in facts["ontable"])]
        tops = [
            *((lower, upper) for upper, lower in facts["on"]),
            *((block, None) for (block,) in facts["clear"]),
        ]
        below, above = dict(places), dict(tops)
        if len(below) < len(places) or len(above) < len(tops) or _has_cycle(below):
            return None
        return cls(below=below, above=above)

    def place_of(self, block: str) -> Place:
        """Where the block shall be; TABLE for a block that the goal does not place."""
        return self.below.get(block, TABLE)

    def from_the_bottom(self) -> list[str]:
        """The blocks that the goal places, by name, but each behind the one that it lies on."""
        order: dict[str, None] = {}
        for block in sorted(self.below):
            pile = []
            while block in self.below and block not in order:
                pile.append(block)
                block = self.below[block]
            order |= dict.fromkeys(reversed(pile))
        return list(order)

    def forbids(self, upper: str, lower: Place) -> bool:
        return self.below.get(upper, lower) != lower or self.above.get(lower, upper) != upper


def _has_cycle(below: dict[str, Place]) -> bool:
    safe = {TABLE}
    for block in below:
        path: set[str] = set()
        while block not in safe and block in below:
            if block in path:
                return True
            path.add(block)
            block = below[block]
        safe |= path
    return False


@dataclass(slots=True)
class _Search:
    goal: _Goal
    ranking: list[str]
    nodes: int
    seen: set[tuple[Place, ...]] = field(default_factory=set)

    def settle(self, world: _World) -> tuple[list[Move], list[str]]:
        """Make all harmless moves; gives them, and the blocks that may break the deadlock left."""
        moves: list[Move] = []
        while True:
            moving = world.must_move(self.goal)
            covered = world.covered()
            clear = [block for block in self.ranking if block in moving and block not in covered]
            for block in clear:
                place = self.goal.place_of(block)
                if place == TABLE or (place not in moving and place not in covered):
                    break
                if world.stands_above(block, place):
                    place = TABLE
                    break
            else:
                return moves, [block for block in clear if world.below[block] != TABLE]
            moves.append((block, world.below[block], place))
            world.below[block] = place

    def within(self, world: _World, detours: int) -> list[Move] | None:
        """Moves to the goal with at most so many detours, None if there are none; `world` is used up."""
        moves, candidates = self.settle(world)
        if not candidates:
            return moves
        key = tuple([world.below[block] for block in self.ranking])
        if detours == 0 or key in self.seen or self.nodes <= 0:
            return None
        self.seen.add(key)
        self.nodes -= 1
        for block in candidates:
            rest = self.within(_World(world.below | {block: TABLE}), detours - 1)
            if rest is not None:
                return [*moves, (block, world.below[block], TABLE), *rest]
        return None

    def greedy(self, world: _World) -> list[Move]:
        """Moves to the goal; each detour is the one that leaves the fewest blocks to move."""
        moves, candidates = self.settle(world)
        while candidates:
            block = min(candidates, key=lambda b: self._left(_World(world.below | {b: TABLE})))
            moves.append((block, world.below[block], TABLE))
            world.below[block] = TABLE
            more, candidates = self.settle(world)
            moves += more
        return moves

    def _left(self, world: _World) -> int:
        self.settle(world)
        return len(world.must_move(self.goal))


def _solve(world: _World, goal: _Goal, ranking: list[str], limit: int) -> tuple[list[Move], bool]:
    """Moves to the goal, and whether there are no fewer."""
    search = _Search(goal, ranking, limit)
    detours = 0
    while search.nodes > 0:
        moves = search.within(_World(dict(world.below)), detours)
        if moves is not None:
            return moves, True
        # A state reached with fewer detours left may lead to the goal with more.
        search.seen.clear()
        detours += 1
    return search.greedy(world), False
