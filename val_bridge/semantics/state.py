"""Atoms and states as the outside sees them: tuples of names, and sets of those."""

from __future__ import annotations

from collections.abc import Iterable

from val_bridge.pddl.read import read_atom
from val_bridge.pddl.syntax import Atom, Literal, atom_text

State = frozenset[Atom]
"""The atoms that are true; all others are false."""


def state_text(atoms: Iterable[Atom]) -> str:
    """`(clear a) (on a b)`, sorted."""
    return " ".join(map(atom_text, sorted(atoms)))


__all__ = ["Atom", "Literal", "State", "atom_text", "read_atom", "state_text"]
