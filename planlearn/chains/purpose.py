"""What each step of a true chain is for, found in the chain itself: no knowledge of the domain goes in.

A step makes facts true. One of them is a goal that stays reached, or the precondition of a later step with nothing
undoing it in between: a causal link (McAllester and Rosenblitt 1991). Followed to their ends the links lead from the
step to a goal; read backwards they are means-ends reasoning: this goal, therefore this subgoal, ..., therefore this step.

A purpose says how each of these is found. It begins at the first open goal by name and goes by way of goals that the plan
reaches before it and that share an object with it. From there on, what each literal takes is looked up in the state: the
preconditions of the action that makes it true, in the schema's order, up to the one that the plan turns to next. So a
model that writes it looks each fact up before the first word that depends on it. Rejected: the links alone
(data/LAB.md, 12: where `clear c` comes before `holding d`, nothing above the choice says so).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from val_bridge import Action, Atom, Chain, Literal, Lookup, State, Step, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A literal that does not hold yet, and what was looked up for it.

    goals: whether these are goals to be reached before it, else preconditions of what makes it true. If the last of them
    does not hold, it is the next level's literal. On the last level all are preconditions of the step itself.
    """

    literal: Literal
    goals: bool
    lookups: tuple[Lookup, ...]


Purpose = tuple[Level, ...]
"""From a goal down to what the step itself makes true; () where nothing that the step does is of use."""


def purposes(task: Task, chain: Chain) -> list[Purpose]:
    """For each step the links that lead to the goal reached first; among those the shortest.

    Every literal of a purpose is false before the step and the last one is true behind it: links by way of a fact that
    holds already give no reason for the step. Where another open goal comes first by name, the purpose begins there.
    """
    steps = chain.steps
    found: list[_Way | None] = [None] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        ways = [
            _Way(reached=reached, links=(*links, _Link(literal=effect, achiever=index)))
            for effect in _effects(steps[index])
            for reached, links in _uses(task, steps, index, effect, found)
            if not any(_holds(link.literal, steps[index].before) for link in links)
        ]
        found[index] = min(ways, key=_Way.rank, default=None)
    goals = _Goals(task, chain)
    return [
        _purpose(task, steps, step.before, goals, way.links) if way else ()
        for step, way in zip(steps, found, strict=True)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A literal, and the index of the step that makes it true."""

    literal: Literal
    achiever: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Links from a goal down to an effect, and the number of the step that reaches the goal."""

    reached: int
    links: tuple[_Link, ...]

    def rank(self) -> tuple[int, int, str]:
        return self.reached, len(self.links), " ".join(str(link.literal) for link in self.links)


class _Goals:
    """A chain's goals in the order of their names, and which of them the plan reaches before which."""

    def __init__(self, task: Task, chain: Chain) -> None:
        atoms = [(atom, True) for atom in task.goal] + [(atom, False) for atom in task.goal_negative]
        atoms.sort(key=lambda goal: (not goal[1], goal[0]))  # as in the prompt
        self.literals = [Literal(atom=atom, positive=positive) for atom, positive in atoms]
        reached = {goal: _reached_for_good(goal, chain) for goal in self.literals}
        self.before = {
            goal: [
                other
                for other in self.literals
                if reached[other] < reached[goal] and not set(other.atom[1:]).isdisjoint(goal.atom[1:])
            ]
            for goal in self.literals
        }

    def path(self, state: State, target: Literal) -> list[Literal]:
        """Open goals from the first by name to the target, each one reached before the one in front of it; if none
        lead there, those two alone.
        """
        root = next(goal for goal in self.literals if not _holds(goal, state))
        came: dict[Literal, Literal | None] = {root: None}
        waiting = deque([root])
        while waiting:
            goal = waiting.popleft()
            for other in self.before[goal]:
                if other not in came and not _holds(other, state):
                    came[other] = goal
                    waiting.append(other)
        if target not in came:
            return [root, target]
        path, goal = [], target
        while goal is not None:
            path.append(goal)
            goal = came[goal]
        return path[::-1]


def _reached_for_good(goal: Literal, chain: Chain) -> int:
    """The number of the step from which on the goal holds; 0 if it holds throughout."""
    return max((number for number, step in enumerate(chain.steps, 1) if not _holds(goal, step.before)), default=0)


def _purpose(task: Task, steps: tuple[Step, ...], state: State, goals: _Goals, links: tuple[_Link, ...]) -> Purpose:
    """The links as levels, those of the goals in front of them included."""
    levels = []
    path = goals.path(state, links[0].literal)
    for goal, following in zip(path, [*path[1:], None], strict=True):
        # An open goal that the plan does not turn to now is left out: what stands last and is open is turned to.
        wanted = [other for other in goals.before[goal] if other == following or _holds(other, state)]
        if wanted or following:
            levels.append(_level(goal, True, wanted, following, state))
    for link, below in zip(links, [*links[1:], None], strict=True):
        wanted = _preconditions(task, steps[link.achiever].action)
        levels.append(_level(link.literal, False, wanted, below.literal if below else None, state))
    return tuple(levels)


def _level(literal: Literal, goals: bool, wanted: list[Literal], following: Literal | None, state: State) -> Level:
    """What is wanted up to what follows, which is put behind the others where it is not among them."""
    if following is not None:
        wanted = [*(wanted[: wanted.index(following)] if following in wanted else wanted), following]
    lookups = tuple(Lookup(literal=each, holds=_holds(each, state)) for each in wanted)
    return Level(literal=literal, goals=goals, lookups=lookups)


def _preconditions(task: Task, action: Action) -> list[Literal]:
    """The preconditions that actions may change, in the order of the schema."""
    schema = task.domain.actions[action.name]
    names = dict(zip((parameter.name for parameter in schema.parameters), action.arguments, strict=True))
    atoms: list[tuple[Atom, bool]] = [
        (tuple(names.get(word, word) for word in literal.atom), literal.positive) for literal in schema.precondition
    ]
    true = {True: action.precondition, False: action.negative}
    # An equation is no fact; a literal may be written twice.
    return [
        Literal(atom=atom, positive=positive)
        for atom, positive in dict.fromkeys(atoms)
        if atom in true[positive] and atom[0] not in task.static
    ]


def _holds(literal: Literal, state: State) -> bool:
    return (literal.atom in state) is literal.positive


def _effects(step: Step) -> list[Literal]:
    """What the step makes true that was not, sorted; what it makes false, as negated literals, behind."""
    made = [Literal(atom=atom, positive=True) for atom in sorted(step.after - step.before)]
    return made + [Literal(atom=atom, positive=False) for atom in sorted(step.before - step.after)]


def _uses(
    task: Task, steps: tuple[Step, ...], index: int, effect: Literal, found: list[_Way | None]
) -> Iterator[tuple[int, tuple[_Link, ...]]]:
    """(step that reaches the goal, links from it down to the user of the effect) for each use of the step's effect."""
    for later in range(index + 1, len(steps)):
        way = found[later]
        if way is not None and _needs(steps[later], effect):
            yield way.reached, way.links
        if not _holds(effect, steps[later].after):
            return
    wanted: frozenset[Atom] = task.goal if effect.positive else task.goal_negative
    if effect.atom in wanted:
        yield index, ()


def _needs(step: Step, literal: Literal) -> bool:
    return literal.atom in (step.action.precondition if literal.positive else step.action.negative)
