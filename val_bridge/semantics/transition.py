"""What happens when an action is applied: on sets for the outside, on bit masks for speed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from val_bridge.pddl.syntax import EQUALS, Atom, Call, Literal
from val_bridge.semantics.ground import Action
from val_bridge.semantics.state import State

if TYPE_CHECKING:
    from val_bridge.semantics.task import Task

Move = tuple[int, int, int, int]
"""Masks of an action: what must be true, what must be false, what it adds, what it deletes."""


def applicable(state: State, action: Action) -> bool:
    return action.precondition <= state and action.negative.isdisjoint(state)


def progress(state: State, action: Action) -> State:
    """The state after the action; whether it was applicable is not asked."""
    # Delete, then add: an atom in both lists ends true.
    return (state - action.delete) | action.add


def regress(goal: frozenset[Atom], action: Action) -> frozenset[Atom] | None:
    """The weakest condition, as a set of atoms, under which the action leads into `goal`.

    None if the action destroys an atom of `goal`. Negative preconditions are left to `applicable`.
    Source: Rintanen 2008, "Regression for classical and nondeterministic planning".
    """
    if (action.delete - action.add) & goal:
        return None
    return (goal - action.add) | action.precondition


def unmet(state: State, action: Action) -> tuple[Literal, ...]:
    """The literals of the precondition that do not hold, sorted by atom; () if the action is applicable."""
    return unmet_literals(state, action.precondition, action.negative)


def unmet_literals(state: State, positive: frozenset[Atom], negative: frozenset[Atom]) -> tuple[Literal, ...]:
    """The literals of a condition that `state` does not satisfy, sorted by atom."""
    false = [Literal(atom=atom, positive=not _inequality(atom)) for atom in positive - state]
    true = [Literal(atom=atom, positive=False) for atom in negative & state]
    return tuple(sorted(false + true, key=lambda literal: literal.atom))


def _inequality(atom: Atom) -> bool:
    # Only equations that fail are kept; (= a a) can fail only where it was negated.
    return atom[0] == EQUALS and atom[1] == atom[2]


class Masks:
    """States and actions of a task as bit masks in Python integers.

    Each atom gets its bit when it is first met: the initial state's, then the goal's, then those of actions
    as they are called, so that a mask stays as short as what the plans touch.
    """

    __slots__ = ("task", "_bits", "_atoms", "initial", "goal", "goal_negative", "_moves", "calls")

    def __init__(self, task: Task) -> None:
        self.task = task
        self._bits: dict[Atom, int] = {}
        self._atoms: list[Atom] = []
        self._moves: dict[Action, Move] = {}
        self.calls: dict[tuple[str, tuple[str, ...]], Move] = {}
        self.initial = self.encode(task.initial)
        self.goal = self.encode(task.goal)
        self.goal_negative = self.encode(task.goal_negative)

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

    def action_masks(self, action: Action) -> Move:
        move = self._moves.get(action)
        if move is None:
            encode = self.encode
            move = self._moves[action] = (
                encode(action.precondition),
                encode(action.negative),
                encode(action.add),
                encode(action.delete),
            )
        return move

    def call_masks(self, call: Call) -> Move:
        """The masks of the action that a call names. Raises BindError."""
        key = (call.name, call.arguments)
        move = self.calls.get(key)
        if move is None:
            move = self.calls[key] = self.action_masks(self.task.bind(call))
        return move
