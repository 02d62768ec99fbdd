"""What each step of a true chain is for, found in the chain itself: no knowledge of the domain goes in.

This is means-ends reasoning read off a plan: this goal, therefore this subgoal, ..., therefore this step. What the open
goals take that can be made ready beforehand (see `preparation`) comes first: the first of it that does not hold is what
the step is for. Where all of it holds, the purpose begins at the first open goal by name and goes
down by way of goals that the plan reaches before that one and that share an object with it, to one that waits for no
other. From there on, what each literal takes is looked up in the state: the preconditions of the step that makes it true
next, up to the first that does not hold, which is looked into in turn. They stand in the schema's order, but what tells the
ways to the literal apart comes first (`telling_apart`): of a way that is passed over the facts that do not hold, of the way that is
taken its preconditions. So a model that writes it looks each fact up before the first word that depends on it. Where that way leads past the step, it
is tried from each other open goal by name; where none leads to the step, the purpose is its causal links (McAllester and
Rosenblitt 1991) to the goal reached first: a fact that the step makes true is needed by a later step with nothing
undoing it in between. A step without any such use has no purpose.

Rejected: causal links alone (data/LAB.md, 12: where `clear c` comes before `holding d`, nothing above the choice says so); the
schema's order alone (data/LAB.md, 26: `holding b no: on b a` or `clear b` was to be chosen before anything said what b lies on).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from planlearn.chains.preparation import Preparations
from planlearn.chains.ways import telling_apart
from val_bridge import Action, Atom, Chain, Literal, Lookup, State, Step, Task


class Sought(Enum):
    """What a level looks up: the goals that come before it; another goal, which the plan turns to all the same; the
    preconditions of what makes it true."""

    BEFORE = "before"
    OTHER_GOAL = "other goal"
    PRECONDITIONS = "preconditions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A literal that does not hold yet, and what was looked up for it.

    If the last of them does not hold, it is the next level's literal. On the last level all that hold are the preconditions of
    the step itself.
    """

    literal: Literal
    what: Sought
    lookups: tuple[Lookup, ...]


Purpose = tuple[Level, ...]
"""From a goal, or what one takes beforehand, down to what the step itself makes true; () where nothing that the step does is
of use."""


def purposes(task: Task, chain: Chain, prepare: Preparations | None = None) -> list[Purpose]:
    """For each step what it is for, as above; of several causal links the shortest.

    Every literal of a purpose is false before the step and the last one is true behind it: links by way of a fact that
    holds already give no reason for the step. prepare: the task's, where they are worked out already.
    """
    steps = chain.steps
    found: list[_Way | None] = [None] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        ways = [
            _Way(reached=reached, links=(*links, _Link(literal=effect, achiever=index)))
            for effect in _effects(steps[index])
            for reached, links in _uses(task, steps, index, effect, found)
            if not any(link.literal.holds_in(steps[index].before) for link in links)
        ]
        found[index] = min(ways, key=_Way.rank, default=None)
    goals, taken = _Goals(task, chain, prepare or Preparations(task)), _Taken(task, steps)
    return [_purpose(goals, taken, index, way.links if way else ()) for index, way in enumerate(found)]


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

    def __init__(self, task: Task, chain: Chain, prepare: Preparations) -> None:
        self.literals = task.goal_literals
        reached = {goal: _reached_for_good(goal, chain) for goal in self.literals}
        self.preparations = prepare
        self.before = {
            goal: [
                other
                for other in self.literals
                if reached[other] < reached[goal] and not set(other.atom[1:]).isdisjoint(goal.atom[1:])
            ]
            for goal in self.literals
        }

    def way(self, state: State) -> list[Literal]:
        """Open goals from the first by name down to one that waits for no other, each reached before the one in front."""
        way = [next(goal for goal in self.literals if not goal.holds_in(state))]
        while earlier := [goal for goal in self.before[way[-1]] if not goal.holds_in(state)]:
            way.append(earlier[0])
        return way


def _reached_for_good(goal: Literal, chain: Chain) -> int:
    """The number of the step from which on the goal holds; 0 if it holds throughout."""
    return max((number for number, step in enumerate(chain.steps, 1) if not goal.holds_in(step.before)), default=0)


class _Taken:
    """What a literal takes where a step of the chain makes it true."""

    def __init__(self, task: Task, steps: tuple[Step, ...]) -> None:
        self.task, self.steps = task, steps
        self._telling: dict[Atom, tuple[Atom, ...]] = {}

    def preconditions(self, link: _Link) -> list[Literal]:
        """Those of the step that actions may change: what tells the literal's ways apart first, then in the schema's order."""
        needed = _preconditions(self.task, self.steps[link.achiever].action)
        telling = self._apart(link.literal)
        return sorted(needed, key=lambda each: not (each.positive and each.atom in telling))

    def passed(self, link: _Link, state: State) -> list[Literal]:
        """What another way to the literal would take that does not hold and that this one does not."""
        own = self.steps[link.achiever].action.precondition
        return [
            Literal(atom=atom, positive=True) for atom in self._apart(link.literal) if atom not in own and atom not in state
        ]

    def _apart(self, literal: Literal) -> tuple[Atom, ...]:
        if not literal.positive:
            return ()
        if literal.atom not in self._telling:
            self._telling[literal.atom] = telling_apart(self.task, literal.atom)
        return self._telling[literal.atom]


def _purpose(goals: _Goals, taken: _Taken, index: int, causal: tuple[_Link, ...]) -> Purpose:
    """The descent to the step from the first preparation that does not hold; else the goals down to one that waits
    for no other, then the descent from there or from another open goal; else the causal links. () where there are none, and
    behind the last goal.
    """
    state = taken.steps[index].before
    if not taken.task.unmet_goals(state):
        return ()
    wanted = [each for prepared in goals.preparations.wanted(state).values() for each in prepared]
    missing = next((each for each in wanted if not each.holds_in(state)), None)
    links = _descent(taken, index, missing) if missing else ()
    if links:
        return tuple(_descending(taken, links, state))
    if not causal:
        return ()
    way = goals.way(state)
    starts = dict.fromkeys([way[-1], *(goal for goal in goals.literals if not goal.holds_in(state))])
    links = next(filter(None, (_descent(taken, index, start) for start in starts)), causal)
    levels = []
    for goal, following in zip(way, [*way[1:], None], strict=True):
        if before := goals.before[goal]:
            levels.append(_level(goal, Sought.BEFORE, before, following, state))
    if way[-1] != links[0].literal:
        levels.append(_level(way[-1], Sought.OTHER_GOAL, [], links[0].literal, state))
    return (*levels, *_descending(taken, links, state))


def _descending(taken: _Taken, links: tuple[_Link, ...], state: State) -> list[Level]:
    """A level for each link: why other ways are passed over, then what the step that makes it true takes, up to the next
    link's literal."""
    levels = []
    for link, below in zip(links, [*links[1:], None], strict=True):
        following = below.literal if below else None
        passed = [each for each in taken.passed(link, state) if each != following]
        levels.append(_level(link.literal, Sought.PRECONDITIONS, [*passed, *taken.preconditions(link)], following, state))
    return levels


def _descent(taken: _Taken, index: int, goal: Literal) -> tuple[_Link, ...]:
    """Links from an open goal down to the step, always by the first literal that does not hold; () if they lead past it."""
    steps, state = taken.steps, taken.steps[index].before
    links: list[_Link] = []
    literal: Literal | None = goal
    while literal is not None:
        achiever = next((k for k in range(index, len(steps)) if literal.holds_in(steps[k].after)), None)
        if achiever is None:
            return ()
        links.append(_Link(literal=literal, achiever=achiever))
        if achiever == index:
            return tuple(links)
        # It becomes true before its achiever, so the descent comes to an end.
        literal = next((each for each in taken.preconditions(links[-1]) if not each.holds_in(state)), None)
    return ()


def _level(literal: Literal, what: Sought, wanted: list[Literal], following: Literal | None, state: State) -> Level:
    """What is wanted up to what follows, which is put behind the others where it is not among them."""
    if following is not None:
        wanted = [*(wanted[: wanted.index(following)] if following in wanted else wanted), following]
    lookups = tuple(Lookup(literal=each, holds=each.holds_in(state)) for each in wanted)
    return Level(literal=literal, what=what, lookups=lookups)


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
        if not effect.holds_in(steps[later].after):
            return
    wanted: frozenset[Atom] = task.goal if effect.positive else task.goal_negative
    if effect.atom in wanted:
        yield index, ()


def _needs(step: Step, literal: Literal) -> bool:
    return literal.atom in (step.action.precondition if literal.positive else step.action.negative)
