"""Exact numbers: the values of fluents, and how effects change them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from val_bridge.pddl.formula import Atom, NumericEffect, atom_text, number_text

_BITS = 1 << 16
"""Numbers beyond 65,536 bits are refused: repeated squaring would fill the memory within some forty steps."""

NumericErrorKind = Literal["undefined", "conflict"]


class NumericError(ArithmeticError):
    """A number that does not exist, or two effects that disagree about one.

    `expression` is what was evaluated, `fluent` what has no value or two, `values` the numbers involved, all as
    text; `fluent` is "" where no single fluent is at fault, `expression` where several effects are.
    """

    def __init__(
        self,
        kind: NumericErrorKind,
        expected: str,
        found: str,
        fluent: str = "",
        values: tuple[str, ...] = (),
        expression: str = "",
    ) -> None:
        super().__init__(kind, expected, found, fluent, values, expression)
        self.kind: NumericErrorKind = kind
        self.expected = expected
        self.found = found
        self.fluent = fluent
        self.values = values
        self.expression = expression

    def within(self, expression: str) -> NumericError:
        """The same error, naming the whole effect or comparison that was evaluated."""
        return NumericError(self.kind, self.expected, self.found, self.fluent, self.values, expression)

    def __str__(self) -> str:
        place = f" in {self.expression}" if self.expression else ""
        return f"expected {self.expected}, found {self.found}{place}"


class Values(Mapping[Atom, Fraction]):
    """The value of each fluent that has one. Never changed; `updated` gives another."""

    __slots__ = ("_values", "_hash")

    def __init__(self, values: Mapping[Atom, Fraction] | Iterable[tuple[Atom, Fraction]] = ()) -> None:
        self._values = dict(values)
        self._hash: int | None = None

    def __getitem__(self, fluent: Atom) -> Fraction:
        return self._values[fluent]

    def __iter__(self) -> Iterator[Atom]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._values.items()))
        return self._hash

    def __repr__(self) -> str:
        values = ", ".join(f"{atom_text(f)}: {number_text(v)}" for f, v in sorted(self._values.items()))
        return f"Values({values})"

    def __reduce__(self) -> tuple[type[Values], tuple[dict[Atom, Fraction]]]:
        return Values, (self._values,)

    def updated(self, changes: Mapping[Atom, Fraction]) -> Values:
        return Values({**self._values, **changes}) if changes else self


NO_VALUES = Values()


def bounded(value: Fraction) -> Fraction:
    """The value. Raises NumericError if it is too long to calculate with."""
    if value.numerator.bit_length() > _BITS or value.denominator.bit_length() > _BITS:
        raise NumericError("undefined", f"a number of at most {_BITS} bits", "a longer one")
    return value


def divided(left: Fraction, right: Fraction) -> Fraction:
    """Raises NumericError instead of ZeroDivisionError."""
    if not right:
        raise NumericError("undefined", "a divisor other than 0", f"{number_text(left)} divided by 0")
    return bounded(left / right)


def compare(operator: str, left: Fraction, right: Fraction, tolerance: Fraction) -> bool:
    """Whether a comparison holds, or misses by less than `tolerance` (by no more, where equality suffices).

    With the tolerance 0 it is exact; with 0.0001 it is VAL's.
    """
    match operator:
        case "<":
            return left < right + tolerance
        case "<=":
            return left <= right + tolerance
        case "=":
            return abs(left - right) <= tolerance
        case ">=":
            return left >= right - tolerance
        case ">":
            return left > right - tolerance
    raise ValueError(f"no comparison: {operator!r}")


class Update(NamedTuple):
    """A numeric effect of a ground action: by how much a fluent changes, in the state before it."""

    effect: NumericEffect
    fluent: Atom
    amount: Fraction

    def __str__(self) -> str:
        return f"({self.effect.operator} {atom_text(self.fluent)} {number_text(self.amount)})"


_FAMILY = {
    "assign": "assign",
    "increase": "add",
    "decrease": "add",
    "scale-up": "scale",
    "scale-down": "scale",
}


def changed_values(values: Mapping[Atom, Fraction], updates: Iterable[Update]) -> dict[Atom, Fraction]:
    """The new value of each fluent that the updates name; all of them happen at once.

    Increases and decreases of one fluent are summed, scalings multiplied, equal assignments are one. Raises
    NumericError: `conflict` for two different assignments, or effects of different kinds on one fluent;
    `undefined` for the change of a fluent without a value, and for scaling down by 0.
    """
    by_fluent: dict[Atom, list[Update]] = {}
    for update in updates:
        by_fluent.setdefault(update.fluent, []).append(update)
    return {fluent: _changed(fluent, values.get(fluent), group) for fluent, group in by_fluent.items()}


def _changed(fluent: Atom, old: Fraction | None, updates: list[Update]) -> Fraction:
    name = atom_text(fluent)
    families = {_FAMILY[update.effect.operator] for update in updates}
    amounts = {update.amount for update in updates}
    if len(families) > 1 or (families == {"assign"} and len(amounts) > 1):
        texts = sorted(set(map(str, updates)))
        raise NumericError(
            "conflict",
            f"effects on {name} that agree",
            " and ".join(texts[:4]) + (" ..." if len(texts) > 4 else ""),
            name,
            tuple(number_text(update.amount) for update in updates),
        )
    if families == {"assign"}:
        return updates[0].amount
    if old is None:
        raise undefined(fluent).within(str(updates[0]))
    value = old
    for update in updates:
        match update.effect.operator:
            case "increase":
                value = bounded(value + update.amount)
            case "decrease":
                value = bounded(value - update.amount)
            case "scale-up":
                value = bounded(value * update.amount)
            case _:
                try:
                    value = divided(value, update.amount)
                except NumericError as error:
                    raise error.within(str(update)) from None
    return value


def undefined(fluent: Atom) -> NumericError:
    """The error of asking for a value that was never given."""
    name = atom_text(fluent)
    return NumericError("undefined", f"a value of {name}", "none", name)
