"""What conditions and effects are made of: literals, formulas over them, numeric expressions and effects.

All are frozen values whose text is PDDL; places never change identity. Formulas are at most `DEEPEST` levels
deep (the reader sees to it), so that comparing, hashing, pickling and walking them may be recursive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from val_bridge.pddl.span import Span

Atom = tuple[str, ...]
"""A predicate and its arguments, `("on", "a", "b")`; in a schema also variables, `("on", "?x", "a")`."""

OBJECT = "object"
"""The type above all types."""

EQUALS = "="

COMPARISONS = ("<", "<=", "=", ">=", ">")
NUMERIC_EFFECTS = ("assign", "increase", "decrease", "scale-up", "scale-down")

DEEPEST = 100
"""Levels of a formula, an effect or an expression, once nested conjunctions and sums have been merged."""


def atom_text(atom: Atom) -> str:
    """`("on", "a", "b")` -> `(on a b)`."""
    return f"({' '.join(atom)})"


def type_text(types: tuple[str, ...]) -> str:
    """`("block",)` -> `block`; `("a", "b")` -> `(either a b)`."""
    return types[0] if len(types) == 1 else f"(either {' '.join(types)})"


def number_text(value: Fraction) -> str:
    """`3`, `-2.5`, `1/3`: exact. A number beyond 300 digits is only estimated, `about 2^4096`."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 1000:
        power = value.numerator.bit_length() - value.denominator.bit_length()
        return f"about {'-' if value < 0 else ''}2^{power}"
    places, rest = 0, value.denominator
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        places = max(places, count)
    if rest != 1:
        return str(value)
    if not places:
        return str(value.numerator)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def number_json(value: Fraction) -> int | float | str:
    """An integer or the nearest float; the text of `number_text` where a float cannot hold it."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 1000:
        return number_text(value)
    return value.numerator if value.denominator == 1 else float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A variable, `?x`, and its types: more than one after `(either ...)`."""

    name: str
    types: tuple[str, ...] = (OBJECT,)
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name} - {type_text(self.types)}"


def parameters_text(parameters: tuple[Parameter, ...]) -> str:
    """`?x ?y`, or `?x - block ?y - object` if one of them has a type."""
    typed = any(parameter.types != (OBJECT,) for parameter in parameters)
    return " ".join(str(parameter) if typed else parameter.name for parameter in parameters)


# Numeric expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    value: Fraction

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fluent:
    """A function with its arguments, `("fuel", "?v")`."""

    atom: Atom
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return atom_text(self.atom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`+` and `*` of two or more operands, `/` of two, `-` of one or two."""

    operator: str
    operands: tuple[Expression, ...]
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"({self.operator} {' '.join(map(str, self.operands))})"


Expression = Number | Fluent | Operation


# Formulas


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """An atom that is wanted true, or false if not `positive`."""

    atom: Atom
    positive: bool = True
    span: Span | None = field(default=None, compare=False, repr=False)

    def holds_in(self, state: Collection[Atom]) -> bool:
        """Whether it does in a state that says all of its atoms."""
        return (self.atom in state) is self.positive

    def __str__(self) -> str:
        return atom_text(self.atom) if self.positive else f"(not {atom_text(self.atom)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`operator` is one of `COMPARISONS`."""

    operator: str
    left: Expression
    right: Expression
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"({self.operator} {self.left} {self.right})"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """True if it has no parts."""

    parts: tuple[Formula, ...]
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        # As for a disjunction.
        return conjunction_text(self.parts) if len(self.parts) != 1 else f"(and {self.parts[0]} (and))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """False if it has no parts."""

    parts: tuple[Formula, ...]
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        # A disjunction of one part reads back as that part; with an empty one beside it, as itself.
        parts = self.parts if len(self.parts) != 1 else (*self.parts, "(or)")
        return f"({' '.join(('or', *map(str, parts)))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The negation of anything but an atom, whose negation is a `Literal`."""

    part: Formula
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"(not {self.part})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imply:
    premise: Formula
    conclusion: Formula
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"(imply {self.premise} {self.conclusion})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists:
    """No variable is one that an enclosing schema or quantifier has: the reader renames such."""

    parameters: tuple[Parameter, ...]
    part: Formula
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"(exists ({parameters_text(self.parameters)}) {self.part})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forall:
    """As `Exists`."""

    parameters: tuple[Parameter, ...]
    part: Formula
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"(forall ({parameters_text(self.parameters)}) {self.part})"


Formula = Literal | Comparison | And | Or | Not | Imply | Exists | Forall


def conjunction_text(parts: tuple[Formula | NumericEffect | ConditionalEffect, ...]) -> str:
    """`(and ...)` around any number of formulas or effects."""
    return f"({' '.join(('and', *map(str, parts)))})"


def literals_in(parts: tuple[Formula, ...], positive: bool = True) -> Iterator[Literal]:
    """Every literal of the formulas, negated where it stands below an odd number of negations."""
    for leaf, wanted in leaves_in(parts, positive):
        if isinstance(leaf, Literal):
            yield leaf if leaf.positive is wanted else Literal(atom=leaf.atom, positive=wanted, span=leaf.span)


def leaves_in(parts: tuple[Formula, ...], positive: bool = True) -> Iterator[tuple[Literal | Comparison, bool]]:
    """Every literal and comparison, and whether it is wanted true."""
    for part in parts:
        match part:
            case Literal(positive=sign):
                yield part, sign is positive
            case Comparison():
                yield part, positive
            case And(parts=inner) | Or(parts=inner):
                yield from leaves_in(inner, positive)
            case Not(part=inner):
                yield from leaves_in((inner,), not positive)
            case Imply(premise=premise, conclusion=conclusion):
                yield from leaves_in((premise,), not positive)
                yield from leaves_in((conclusion,), positive)
            case Exists(part=inner) | Forall(part=inner):
                yield from leaves_in((inner,), positive)


def quantifiers_in(parts: Iterable[Formula]) -> Iterator[Exists | Forall]:
    """Every quantifier of the formulas, an outer one before those in it."""
    for part in parts:
        match part:
            case And(parts=inner) | Or(parts=inner):
                yield from quantifiers_in(inner)
            case Not(part=inner):
                yield from quantifiers_in((inner,))
            case Imply(premise=premise, conclusion=conclusion):
                yield from quantifiers_in((premise, conclusion))
            case Exists(part=inner) | Forall(part=inner):
                yield part
                yield from quantifiers_in((inner,))
            case Literal() | Comparison():
                pass


def fluents_in(expression: Expression) -> Iterator[Atom]:
    """Every fluent of an expression, in the text's order."""
    match expression:
        case Fluent(atom=atom):
            yield atom
        case Operation(operands=operands):
            for operand in operands:
                yield from fluents_in(operand)


# Effects


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericEffect:
    """`operator` is one of `NUMERIC_EFFECTS`; the value is that in the state before."""

    operator: str
    fluent: Atom
    value: Expression
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"({self.operator} {atom_text(self.fluent)} {self.value})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalEffect:
    """What happens for all objects that `parameters` may be and for which all of `condition` holds before.

    Nested `when` and `forall` are merged into one such effect.
    """

    parameters: tuple[Parameter, ...] = ()
    condition: tuple[Formula, ...] = ()
    literals: tuple[Literal, ...] = ()
    numeric: tuple[NumericEffect, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        text = conjunction_text((*self.literals, *self.numeric))
        if self.condition or not self.parameters:
            text = f"(when {conjunction_text(self.condition)} {text})"
        return f"(forall ({parameters_text(self.parameters)}) {text})" if self.parameters else text
