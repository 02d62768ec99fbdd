"""Formulas and expressions as functions of a world and a binding.

A formula is true, false, or None where a number in it does not exist and the rest does not decide it (Kleene's
strong logic), so that the order in which its parts stand never matters. Quantifiers run through the fitting
objects one binding at a time; nothing is grounded in advance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from operator import itemgetter

from val_bridge.pddl.formula import (
    EQUALS,
    And,
    Atom,
    Comparison,
    Exists,
    Expression,
    Fluent,
    Forall,
    Formula,
    Imply,
    Literal,
    Not,
    Number,
    Operation,
    Or,
    Parameter,
)
from val_bridge.semantics.numbers import NumericError, bounded, compare, divided, undefined

Names = tuple[str, ...]
Environment = list[str]
"""The names that the variables stand for, then those of constants; see `Slots`."""


class World:
    """What a formula is asked about: atoms, numbers, and the objects that fit some types."""

    __slots__ = ("holds", "values", "fitting", "tolerance")

    def __init__(
        self,
        holds: Callable[[Atom], bool],
        values: Mapping[Atom, Fraction],
        fitting: Callable[[Names], Names],
        tolerance: Fraction = Fraction(0),
    ) -> None:
        self.holds = holds
        self.values = values
        self.fitting = fitting
        self.tolerance = tolerance


Test = Callable[[World, Environment], bool | None]
Calculation = Callable[[World, Environment], Fraction]
"""Raises NumericError."""


class Slots:
    """Where an environment has each variable, in the order of declaration, and at its end each other name."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._places = {parameter.name: place for place, parameter in enumerate(parameters)}
        self._size = len(self._places)
        self._symbols: dict[str, int] = {}

    def declare(self, parameters: Sequence[Parameter]) -> slice:
        """The places of a quantifier's variables."""
        start = self._size
        self._places |= {parameter.name: start + index for index, parameter in enumerate(parameters)}
        self._size += len(parameters)
        return slice(start, self._size)

    def getter(self, atom: Atom) -> Callable[[Environment], Atom]:
        places = [self._place(name) for name in atom]
        if len(places) > 1:
            return itemgetter(*places)
        return lambda environment: (environment[places[0]],)

    def environment(self, arguments: Names) -> Environment:
        names = [*arguments, *[""] * (self._size - len(arguments))]
        names.extend(reversed(self._symbols))
        return names

    def binding(self, environment: Environment) -> dict[str, str]:
        """The variables that were declared last under their names, and what they stand for."""
        return {name: environment[place] for name, place in self._places.items()}

    def _place(self, name: str) -> int:
        if name in self._places:
            return self._places[name]
        # Counted from the end, because more variables may follow.
        return self._symbols.setdefault(name, -1 - len(self._symbols))


def test_of(formula: Formula, slots: Slots, positive: bool = True) -> Test:
    """Whether the formula, or its negation if not `positive`, is true."""
    match formula:
        case Literal(atom=atom, positive=sign):
            return _literal(slots.getter(atom), atom[0] == EQUALS, sign is positive)
        case Comparison():
            return _comparison(formula, slots, positive)
        case And(parts=parts) | Or(parts=parts):
            tests = tuple([test_of(part, slots, positive) for part in parts])
            return _junction(tests, isinstance(formula, Or) is positive)
        case Not(part=part):
            return test_of(part, slots, not positive)
        case Imply(premise=premise, conclusion=conclusion):
            tests = (test_of(premise, slots, not positive), test_of(conclusion, slots, positive))
            return _junction(tests, positive)
        case Exists(parameters=parameters, part=part) | Forall(parameters=parameters, part=part):
            places = slots.declare(parameters)
            test = test_of(part, slots, positive)
            return _quantifier(places, parameters, test, isinstance(formula, Exists) is positive)


def _literal(atom_in: Callable[[Environment], Atom], equation: bool, positive: bool) -> Test:
    if equation:
        return lambda world, environment: _equal(atom_in(environment)) is positive
    if positive:
        return lambda world, environment: world.holds(atom_in(environment))
    return lambda world, environment: not world.holds(atom_in(environment))


def _equal(equation: Atom) -> bool:
    return equation[1] == equation[2]


def _comparison(formula: Comparison, slots: Slots, positive: bool) -> Test:
    operator = formula.operator
    left, right = calculation_of(formula.left, slots), calculation_of(formula.right, slots)

    def test(world: World, environment: Environment) -> bool | None:
        try:
            values = left(world, environment), right(world, environment)
        except NumericError:
            return None
        return compare(operator, *values, world.tolerance) is positive

    return test


def _junction(tests: tuple[Test, ...], decisive: bool) -> Test:
    """A disjunction, which one true part decides, or a conjunction, which one false part decides."""

    def test(world: World, environment: Environment) -> bool | None:
        result: bool | None = not decisive
        for part in tests:
            value = part(world, environment)
            if value is decisive:
                return decisive
            if value is None:
                result = None
        return result

    return test


def _quantifier(places: slice, parameters: tuple[Parameter, ...], part: Test, decisive: bool) -> Test:
    types = [parameter.types for parameter in parameters]

    def test(world: World, environment: Environment) -> bool | None:
        result: bool | None = not decisive
        for names in product(*map(world.fitting, types)):
            environment[places] = names
            value = part(world, environment)
            if value is decisive:
                return decisive
            if value is None:
                result = None
        return result

    return test


def calculation_of(expression: Expression, slots: Slots) -> Calculation:
    match expression:
        case Number(value=value):
            return lambda world, environment: value
        case Fluent(atom=atom):
            return _fluent(slots.getter(atom))
        case Operation(operator=operator, operands=operands):
            return _operation(operator, tuple([calculation_of(operand, slots) for operand in operands]))


def _fluent(atom_in: Callable[[Environment], Atom]) -> Calculation:
    def calculate(world: World, environment: Environment) -> Fraction:
        fluent = atom_in(environment)
        value = world.values.get(fluent)
        if value is None:
            raise undefined(fluent)
        return value

    return calculate


def _operation(operator: str, operands: tuple[Calculation, ...]) -> Calculation:
    first, rest = operands[0], operands[1:]
    if not rest:
        return lambda world, environment: -first(world, environment)
    if operator == "-":
        return lambda world, environment: bounded(first(world, environment) - rest[0](world, environment))
    if operator == "/":
        return lambda world, environment: divided(first(world, environment), rest[0](world, environment))

    def calculate(world: World, environment: Environment) -> Fraction:
        value = first(world, environment)
        for operand in rest:
            other = operand(world, environment)
            value = bounded(value + other if operator == "+" else value * other)
        return value

    return calculate


def bound_atom(atom: Atom, binding: Mapping[str, str]) -> Atom:
    return (atom[0], *(binding.get(name, name) for name in atom[1:]))
