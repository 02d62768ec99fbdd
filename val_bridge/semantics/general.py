"""What ground actions do beyond STRIPS: formulas as preconditions, conditional effects, numbers.

Every condition and every number is read in the state before the action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from val_bridge.pddl.formula import Atom, ConditionalEffect, NumericEffect, atom_text
from val_bridge.pddl.syntax import ActionSchema
from val_bridge.semantics.explain import bound_text, explain
from val_bridge.semantics.formulas import (
    Environment,
    Names,
    Slots,
    World,
    bound_atom,
    calculation_of,
    test_of,
)
from val_bridge.semantics.numbers import NumericError, Update, bounded

if TYPE_CHECKING:
    from val_bridge.semantics.task import Task


class Changes(NamedTuple):
    """What an action does in one state, beyond what it always adds and deletes."""

    add: list[Atom]
    delete: list[Atom]
    updates: list[Update]


class Firing(NamedTuple):
    """A conditional effect that happens in one state: for the objects that its parameters are, in their order.

    The numeric effects that always happen are one without parameters and conditions.
    """

    effect: ConditionalEffect
    objects: Names
    changes: Changes


class _Effect:
    """A conditional effect, or the numeric effects that always happen, of one schema."""

    def __init__(self, schema: ActionSchema, effect: ConditionalEffect) -> None:
        self._slots = Slots(schema.parameters)
        self._places = self._slots.declare(effect.parameters)
        self._types = [parameter.types for parameter in effect.parameters]
        self._effect = effect
        self._tests = [test_of(part, self._slots) for part in effect.condition]
        self._add = [self._slots.getter(lit.atom) for lit in effect.literals if lit.positive]
        self._delete = [self._slots.getter(lit.atom) for lit in effect.literals if not lit.positive]
        self._numeric = [
            (numeric, self._slots.getter(numeric.fluent), calculation_of(numeric.value, self._slots))
            for numeric in effect.numeric
        ]

    def happen(self, world: World, arguments: Names, changes: Changes) -> None:
        """Adds to the changes. Raises NumericError."""
        for environment in self._bindings(world, arguments):
            self._change(world, environment, changes)

    def firings(self, world: World, arguments: Names) -> Iterator[Firing]:
        """What `happen` adds, apart for each binding of the parameters. Raises NumericError."""
        for environment in self._bindings(world, arguments):
            firing = Firing(self._effect, tuple(environment[self._places]), Changes([], [], []))
            self._change(world, environment, firing.changes)
            yield firing

    def _bindings(self, world: World, arguments: Names) -> Iterator[Environment]:
        """The same list each time, with other objects in it."""
        environment = self._slots.environment(arguments)
        for names in product(*map(world.fitting, self._types)):
            environment[self._places] = names
            if self._applies(world, environment):
                yield environment

    def _change(self, world: World, environment: Environment, changes: Changes) -> None:
        changes.add.extend([atom_in(environment) for atom_in in self._add])
        changes.delete.extend([atom_in(environment) for atom_in in self._delete])
        for numeric, fluent_in, calculate in self._numeric:
            try:
                amount = bounded(calculate(world, environment))
            except NumericError as error:
                raise error.within(self._text(numeric, environment)) from None
            changes.updates.append(Update(numeric, fluent_in(environment), amount))

    def _applies(self, world: World, environment: Environment) -> bool:
        unknown = None
        for part, test in zip(self._effect.condition, self._tests, strict=True):
            value = test(world, environment)
            if value is False:
                return False
            if value is None and unknown is None:
                unknown = part
        if unknown is not None:
            binding = self._slots.binding(environment)
            raise explain(unknown, binding, world).undefined_number()
        return True

    def _text(self, numeric: NumericEffect, environment: Environment) -> str:
        binding = self._slots.binding(environment)
        fluent = atom_text(bound_atom(numeric.fluent, binding))
        return f"({numeric.operator} {fluent} {bound_text(numeric.value, binding)})"


class GeneralSchema:
    """The parts of a schema that are no conjunctions of literals, ready to be asked.

    `condition` has the precondition's literals of derived predicates too, since no mask can hold them.
    """

    def __init__(self, schema: ActionSchema, derived: frozenset[str]) -> None:
        self.schema = schema
        literals = tuple(lit for lit in schema.precondition if lit.atom[0] in derived)
        self.condition = (*literals, *schema.condition)
        self._slots = Slots(schema.parameters)
        self._tests = [test_of(part, self._slots) for part in self.condition]
        self._effects = [_Effect(schema, effect) for effect in schema.conditional]
        if schema.numeric:
            self._effects.append(_Effect(schema, ConditionalEffect(numeric=schema.numeric)))

    def holds(self, world: World, arguments: Names) -> bool | None:
        """Whether the condition holds; None if a number that decides it does not exist."""
        environment = self._slots.environment(arguments)
        result: bool | None = True
        for test in self._tests:
            value = test(world, environment)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    def changes(self, world: World, arguments: Names) -> Changes:
        """Raises NumericError."""
        changes = Changes([], [], [])
        for effect in self._effects:
            effect.happen(world, arguments, changes)
        return changes

    def firings(self, world: World, arguments: Names) -> Iterator[Firing]:
        """Raises NumericError."""
        for effect in self._effects:
            yield from effect.firings(world, arguments)


@dataclass(frozen=True, slots=True, eq=False)
class General:
    """What one ground action asks and does beyond its literals."""

    parts: GeneralSchema
    arguments: Names
    task: Task

    def __reduce__(self) -> tuple[Callable[..., General | None], tuple[Task, str, Names]]:
        # What was compiled cannot be pickled; the task makes it again.
        return _general, (self.task, self.parts.schema.name, self.arguments)

    def holds(self, world: World) -> bool | None:
        return self.parts.holds(world, self.arguments)

    def changes(self, world: World) -> Changes:
        """Raises NumericError."""
        return self.parts.changes(world, self.arguments)

    def firings(self, world: World) -> Iterator[Firing]:
        """The changes, apart for each conditional effect that happens and for each of its bindings.

        Raises NumericError.
        """
        return self.parts.firings(world, self.arguments)

    @property
    def binding(self) -> dict[str, str]:
        names = [parameter.name for parameter in self.parts.schema.parameters]
        return dict(zip(names, self.arguments, strict=True))


def _general(task: Task, name: str, arguments: Names) -> General | None:
    return task.action(name, arguments).general
