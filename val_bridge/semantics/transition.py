"""What happens when an action is applied: on sets for the outside, on bit masks for speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from val_bridge.pddl.formula import Formula
from val_bridge.pddl.syntax import EQUALS, Atom, Key, Literal
from val_bridge.semantics.explain import ask, literals_of
from val_bridge.semantics.formulas import World
from val_bridge.semantics.ground import Action
from val_bridge.semantics.numbers import NO_VALUES, Values, changed_values
from val_bridge.semantics.state import State

if TYPE_CHECKING:
    from val_bridge.semantics.task import Task

_atom_of = attrgetter("atom")

Move = tuple[int, int, int, int]
"""Masks of an action: what must be true, what must be false, what it adds, what it deletes."""

Stride = tuple[int, int, int, int]
"""The same for walking through a plan: of which bits it matters what they are, what these must be, what is added,
what is kept."""


def applicable(state: State, action: Action, values: Values = NO_VALUES) -> bool:
    """Whether the precondition holds. A number in it that does not exist makes it false, unless the rest
    decides."""
    general = action.general
    if general is None:
        return action.precondition <= state and action.negative.isdisjoint(state)
    derived = general.task.domain.derived
    # Those of derived predicates are among the formulas, which come last since they take longest.
    if any(atom[0] not in derived for atom in action.precondition - state):
        return False
    return action.negative.isdisjoint(state) and bool(general.holds(general.task.world(state, values)))


def progress(state: State, action: Action, values: Values = NO_VALUES) -> State:
    """The state after the action; whether it was applicable is not asked.

    Raises NumericError where the action is not of STRIPS and needs a number that does not exist.
    """
    # Delete, then add: an atom in both lists ends true.
    if action.general is None:
        return (state - action.delete) | action.add
    return successor(state, action, values)[0]


def successor(state: State, action: Action, values: Values) -> tuple[State, Values]:
    """State and values after the action; whether it was applicable is not asked. Raises NumericError."""
    general = action.general
    if general is None:
        return (state - action.delete) | action.add, values
    changes = general.changes(general.task.world(state, values))
    after = state.difference(action.delete, changes.delete).union(action.add, changes.add)
    return after, values.updated(changed_values(values, changes.updates))


def effects(
    state: State, action: Action, values: Values = NO_VALUES
) -> tuple[frozenset[Atom], frozenset[Atom]]:
    """What the action adds and what it deletes in this state. Raises NumericError."""
    if action.general is None:
        return action.add, action.delete
    changes = action.general.changes(action.general.task.world(state, values))
    return action.add.union(changes.add), action.delete.union(changes.delete)


def regress(goal: frozenset[Atom], action: Action) -> frozenset[Atom] | None:
    """The weakest condition, as a set of atoms, under which the action leads into `goal`.

    None if the action destroys an atom of `goal`. Negative preconditions are left to `applicable`.
    Source: Rintanen 2008, "Regression for classical and nondeterministic planning".
    """
    if (action.delete - action.add) & goal:
        return None
    return (goal - action.add) | action.precondition


class Unmet(NamedTuple):
    """What of a condition does not hold. `undecided`: nothing is false, but a number in it does not exist."""

    literals: tuple[Literal, ...]
    undecided: bool = False


def unmet(state: State, action: Action, values: Values = NO_VALUES) -> tuple[Literal, ...]:
    """What of the precondition does not hold; () if the action is applicable.

    First the literals of its conjunction, sorted by atom; then those of its other parts, in the order of the
    text, comparisons among them with expressions as names.
    """
    return unmet_precondition(state, action, values).literals


def unmet_precondition(state: State, action: Action, values: Values) -> Unmet:
    general = action.general
    if general is None:
        return Unmet(unmet_literals(state, action.precondition, action.negative))
    task = general.task
    world = task.world(state, values)
    literals = unmet_in(world, action.precondition, action.negative)
    return with_parts(literals, general.parts.schema.condition, general.binding, world)


def unmet_goal(task: Task, state: State, values: Values = NO_VALUES) -> Unmet:
    """What of the goal does not hold in a state: its own literals, sorted, then those of its other parts."""
    world = task.world(state, values)
    return with_parts(unmet_in(world, task.goal, task.goal_negative), task.problem.goal_condition, {}, world)


def with_parts(
    literals: tuple[Literal, ...], parts: Iterable[Formula], binding: Mapping[str, str], world: World
) -> Unmet:
    """The unmet literals of a conjunction, and behind them those of its other parts, each once."""
    # Told apart as tuples: comparing a million literals takes seconds.
    leaves = dict.fromkeys((literal.atom, literal.positive) for literal in literals)
    truths = {False} if literals else set()
    for part in parts:
        asked = ask(part, binding, world)
        if not asked.holds:
            truths.add(asked.holds)
            leaves.update(dict.fromkeys(asked.failing))
    return Unmet((*literals, *literals_of(list(leaves)[len(literals) :])), truths == {None})


def unmet_literals(state: State, positive: frozenset[Atom], negative: frozenset[Atom]) -> tuple[Literal, ...]:
    """The literals of a condition that `state` does not satisfy, sorted by atom."""
    return _as_literals(positive - state, negative & state)


def unmet_in(world: World, positive: Iterable[Atom], negative: Iterable[Atom]) -> tuple[Literal, ...]:
    """`unmet_literals` in a world, derived atoms included."""
    return _as_literals([a for a in positive if not world.holds(a)], [a for a in negative if world.holds(a)])


def _as_literals(false: Iterable[Atom], true: Iterable[Atom]) -> tuple[Literal, ...]:
    """What is unmet where these atoms are false and true, and ought to be otherwise; sorted by atom."""
    literals = [Literal(atom=atom, positive=not _inequality(atom)) for atom in false]
    literals += [Literal(atom=atom, positive=False) for atom in true]
    literals.sort(key=_atom_of)
    return tuple(literals)


def _inequality(atom: Atom) -> bool:
    # Only equations that fail are kept; (= a a) can fail only where it was negated.
    return atom[0] == EQUALS and atom[1] == atom[2]


class Masks:
    """States and actions of a task as bit masks in Python integers.

    Each atom gets its bit when it is first met: the initial state's, then the goal's, then those of actions
    as they are called, so that a mask stays as short as what the plans touch. Masks hold no derived atoms; what
    an action asks and does beyond literals stays with the action.
    """

    __slots__ = ("task", "_bits", "_atoms", "initial", "goal", "goal_negative", "_goals", "_moves", "_derived", "calls")

    def __init__(self, task: Task) -> None:
        self.task = task
        self._bits: dict[Atom, int] = {}
        self._atoms: list[Atom] = []
        self._moves: dict[Action, Move] = {}
        self.calls: dict[Key, Stride] = {}
        self.initial = self.encode(task.initial)
        self._derived = task.domain.derived
        self.goal = self.encode(atom for atom in task.goal if atom[0] not in self._derived)
        self.goal_negative = self.encode(atom for atom in task.goal_negative if atom[0] not in self._derived)
        # Each goal, what is cut out of a state for it, and what that must give.
        self._goals = [
            (atom, bit, bit if positive else 0)
            for atoms, positive in ((task.goal, True), (task.goal_negative, False))
            for atom in atoms
            if (bit := self._bits.get(atom))
        ]

    def holds(self, state: int, atom: Atom) -> bool:
        return bool(state & self._bits.get(atom, 0))

    def unmet(
        self, state: int, positive: Iterable[Atom], negative: Iterable[Atom]
    ) -> tuple[Literal, ...]:
        """`unmet_literals` for a masked state, where no atom is derived."""
        false = {atom for atom in positive if not self.holds(state, atom)}
        return _as_literals(false, {atom for atom in negative if self.holds(state, atom)})

    def unmet_goals(self, state: int) -> frozenset[Atom]:
        """`Task.unmet_goals` for a masked state, where no atom is derived."""
        return frozenset([atom for atom, bit, wanted in self._goals if state & bit != wanted])

    def encode(self, atoms: Iterable[Atom]) -> int:
        mask = 0
        bits = self._bits
        for atom in atoms:
            bit = bits.get(atom)
            if bit is None:
                bit = bits[atom] = 1 << len(self._atoms)
                self._atoms.append(atom)
            mask |= bit
        return mask

    def decode(self, mask: int) -> State:
        bits = reversed(f"{mask:b}")
        # A mask ends with its highest bit, which may not be the last that was given.
        return frozenset([atom for atom, bit in zip(self._atoms, bits, strict=False) if bit == "1"])

    def atoms(self, mask: int) -> tuple[Atom, ...]:
        """The atoms of a mask with few of them, sorted."""
        atoms = []
        while mask:
            lowest = mask & -mask
            atoms.append(self._atoms[lowest.bit_length() - 1])
            mask ^= lowest
        return tuple(sorted(atoms))

    def action_masks(self, action: Action) -> Move:
        move = self._moves.get(action)
        if move is None:
            encode = self.encode
            derived = self._derived
            move = self._moves[action] = (
                encode(
                    [a for a in action.precondition if a[0] not in derived]
                    if derived
                    else action.precondition
                ),
                encode([a for a in action.negative if a[0] not in derived] if derived else action.negative),
                encode(action.add),
                encode(action.delete),
            )
        return move

    def stride(self, key: Key) -> Stride:
        """The masks of the action that a call of a plain task names. Raises BindError."""
        name, arguments = key
        stride = self.calls.get(key)
        if stride is None:
            # No `Action` is made: most calls need no more than these masks.
            grounder = self.task.grounder(name, arguments)
            positive, negative = map(self.encode, grounder.precondition(arguments))
            add, delete = map(self.encode, grounder.effect(arguments))
            # What must be both true and false never is: no masked state is -1.
            wanted = -1 if positive & negative else positive
            stride = self.calls[key] = (positive | negative, wanted, add, ~delete)
        return stride
