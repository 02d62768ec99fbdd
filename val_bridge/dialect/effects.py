"""What a step does, as VAL tells it: its deletions, additions and updates, and its warnings about them.

VAL works through an effect level by level: what is added there, what is deleted, then what stands under `when`, the
changes of numbers, and what stands under `forall`, object by object. The tasks hold conditional effects as a flat list;
the places in the text tell which stands below which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from val_bridge.dialect.numbers import long_number
from val_bridge.dialect.world import world_of
from val_bridge.pddl import Atom, atom_text
from val_bridge.pddl.formula import Formula, Parameter
from val_bridge.semantics import Action, State, Task, Values
from val_bridge.semantics.general import Firing
from val_bridge.semantics.numbers import Update, changed_values

_ADDS, _DELETES, _WHEN, _NUMBERS, _FORALL = range(5)
"""What comes first at one level of an effect."""

_MANNERS = {
    "assign": "assignment",
    "increase": "increase",
    "decrease": "decrease",
    "scale-up": "scale up",
    "scale-down": "scale down",
}

Key = tuple[int, ...]
"""Where an effect stands in VAL's order."""


class _Change(NamedTuple):
    """Atoms or an update; `conditional` if it stands under `when`."""

    key: Key
    conditional: bool
    add: tuple[Atom, ...] = ()
    delete: tuple[Atom, ...] = ()
    update: Update | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What an action does in one state, in VAL's order and as often as the text says it.

    `violation` is why VAL does not execute it, "" if it does: a number that is assigned and changed again.
    `conditional` says whether that stands under `when`, and `warned` how many of the warnings come before it.
    """

    add: tuple[Atom, ...]
    delete: tuple[Atom, ...]
    updates: tuple[Update, ...]
    warnings: tuple[str, ...]
    violation: str = ""
    conditional: bool = False
    warned: int = 0

    def lines(self, values: Mapping[Atom, Fraction]) -> Iterator[str]:
        """VAL's lines on a step that is executed; `values` are those before it. What changes nothing is told too."""
        yield from self.warnings
        yield from (f"Deleting {atom_text(atom)}" for atom in self.delete)
        yield from (f"Adding {atom_text(atom)}" for atom in self.add)
        present = dict(values)
        for update in self.updates:
            # A number without a value is 0 to VAL.
            old = present.get(update.fluent, Fraction(0))
            manner = _MANNERS[update.effect.operator]
            yield (
                f"Updating {atom_text(update.fluent)} ({long_number(old)}) by {long_number(update.amount)} {manner}"
            )
            present |= changed_values({update.fluent: old}, [update])

    def violation_lines(self) -> Iterator[str]:
        """VAL's lines on a step that it does not execute."""
        yield from self.warnings[: self.warned]
        yield self.violation


def effects_of(task: Task, action: Action, state: State, values: Values) -> Effects:
    """What an action does in a state. Raises NumericError."""
    changes = sorted(_changes(task, action, state, values), key=lambda change: change.key)
    warnings: list[str] = []
    violation, conditional, warned = "", False, 0
    atoms: dict[Atom, str] = {}
    fluents: dict[Atom, bool] = {}
    for change in changes:
        warnings += _atom_warnings(action, change, atoms)
        warning, error = _update_warning(action, change.update, fluents)
        warnings += warning
        if error and not violation:
            violation, conditional, warned = error, change.conditional, len(warnings)
    return Effects(
        add=tuple([atom for change in changes for atom in change.add]),
        delete=tuple([atom for change in changes for atom in change.delete]),
        updates=tuple([change.update for change in changes if change.update]),
        warnings=tuple(warnings),
        violation=violation,
        conditional=conditional,
        warned=warned,
    )


def _atom_warnings(action: Action, change: _Change, owned: dict[Atom, str]) -> Iterator[str]:
    """Warnings of atoms that were added or deleted before; the first use counts."""
    for verb, atoms in (("adds", change.add), ("deletes", change.delete)):
        for atom in atoms:
            earlier = owned.setdefault(atom, "")
            if earlier == verb:
                yield f"WARNING: {action} {verb} the literal {atom_text(atom)} twice"
            elif earlier:
                yield f"WARNING: {action} adds and deletes the literal {atom_text(atom)}"
            else:
                owned[atom] = verb


def _update_warning(
    action: Action, update: Update | None, owned: dict[Atom, bool]
) -> tuple[tuple[str, ...], str]:
    """A warning of a number that is increased or decreased again, or why VAL goes no further.

    `owned` says of each number that was changed whether it was only increased or decreased.
    """
    if update is None:
        return (), ""
    adds = update.effect.operator in ("increase", "decrease")
    fluent = atom_text(update.fluent)
    if update.fluent not in owned:
        owned[update.fluent] = adds
        return (), ""
    if not owned[update.fluent]:
        return (), f"{action} assigns to expression {fluent} twice"
    if not adds:
        return (), f"{action} both assigns to and updates expression {fluent}"
    # The missing blank is VAL's.
    return (f"WARNING: {action} assigns to expression {fluent}twice",), ""


def _changes(task: Task, action: Action, state: State, values: Values) -> Iterator[_Change]:
    literals = list(ground(task, action))
    yield _Change(key=(_ADDS,), conditional=False, add=tuple([atom for atom, positive in literals if positive]))
    yield _Change(
        key=(_DELETES,), conditional=False, delete=tuple([atom for atom, positive in literals if not positive])
    )
    if action.general is None:
        return
    order = {name: index for index, name in enumerate(sorted(task.objects))}
    for firing in action.general.firings(world_of(task, state, values)):
        key = _key(firing, order)
        conditional = _WHEN in key[::3]
        yield _Change(key=(*key, _ADDS), conditional=conditional, add=tuple(firing.changes.add))
        yield _Change(key=(*key, _DELETES), conditional=conditional, delete=tuple(firing.changes.delete))
        for update in firing.changes.updates:
            yield _Change(key=(*key, _NUMBERS), conditional=conditional, update=update)


def ground(task: Task, action: Action) -> Iterator[tuple[Atom, bool]]:
    """What an action always does, in the order of the text: atoms, and whether they are added."""
    schema = task.domain.actions[action.name]
    names = [parameter.name for parameter in schema.parameters]
    binding = dict(zip(names, action.arguments, strict=True))
    for literal in schema.effect:
        yield tuple([binding.get(term, term) for term in literal.atom]), literal.positive


def _key(firing: Firing, order: Mapping[str, int]) -> Key:
    """The place of the level on which a conditional effect stands: for whatever is around it kind, place and object."""
    effect = firing.effect
    around = [(_start(part), _WHEN, 0) for part in effect.condition]
    around += [
        (_start(parameter), _FORALL, order[name])
        for parameter, name in zip(effect.parameters, firing.objects, strict=True)
    ]
    return tuple([number for start, kind, index in sorted(around) for number in (kind, start, index)])


def _start(part: Formula | Parameter) -> int:
    return part.span.start if part.span else 0


__all__ = ["Effects", "effects_of"]
