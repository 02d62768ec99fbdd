"""What a domain and a problem file say, as values. Names are in lower case; places never change identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, field
from fractions import Fraction
from typing import NoReturn

from val_bridge.pddl.formula import (
    EQUALS,
    OBJECT,
    Atom,
    ConditionalEffect,
    Expression,
    Formula,
    Literal,
    NumericEffect,
    Parameter,
    atom_text,
    type_text,
)
from val_bridge.pddl.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    name: str
    parameters: tuple[Parameter, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def arity(self) -> int:
        return len(self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A numeric function, which with arguments becomes a fluent."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axiom:
    """A rule `(:derived (predicate ?x ...) body)`: the atom is true wherever the body is."""

    predicate: str
    parameters: tuple[Parameter, ...] = ()
    body: Formula
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def head(self) -> Atom:
        return (self.predicate, *(parameter.name for parameter in self.parameters))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSchema:
    """A lifted action, each part in the order of the text.

    `precondition` has the literals of the precondition's conjunction, `condition` its other parts. `effect`
    has the literals that always happen, `numeric` the changes of fluents that always happen, `conditional`
    what stands under `when` or `forall`.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    precondition: tuple[Literal, ...] = ()
    effect: tuple[Literal, ...] = ()
    condition: tuple[Formula, ...] = ()
    conditional: tuple[ConditionalEffect, ...] = ()
    numeric: tuple[NumericEffect, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def is_strips(self) -> bool:
        """Whether precondition and effect are conjunctions of literals and nothing else."""
        return not (self.condition or self.conditional or self.numeric)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain. `types` maps each declared type to its parent, `constants` each constant to its type.

    The predicates that `axioms` derive are among `predicates`. `text` is what it was read from, "" if it was made
    otherwise; it says nothing about a domain that was changed since, and never changes identity.
    """

    name: str
    requirements: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    predicates: dict[str, Predicate] = field(default_factory=dict)
    actions: dict[str, ActionSchema] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    axioms: tuple[Axiom, ...] = ()
    text: str = field(default="", compare=False, repr=False)
    _descents: dict[str, tuple[int, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_strips(self) -> bool:
        """Whether it has no axioms, no functions, and actions of literals alone.

        Types, `either`, constants, negative literals and equations are all allowed.
        """
        return not (self.axioms or self.functions) and all(a.is_strips for a in self.actions.values())

    @property
    def derived(self) -> frozenset[str]:
        """The predicates that axioms derive."""
        return frozenset([axiom.predicate for axiom in self.axioms])

    def __hash__(self) -> int:
        return hash((self.name, *self.actions))

    def is_subtype(self, kind: str, ancestor: str) -> bool:
        """Whether every object of type `kind` is an object of type `ancestor`. The types must be complete."""
        if kind == ancestor:
            return True
        if not self._descents:
            self._descents.update(_descents(self.types))
        place, (first, last) = self._descents.get(kind, (0, 0)), self._descents.get(ancestor, (0, 0))
        return first < place[0] <= last

    def fits(self, kind: str, parameter: Parameter) -> bool:
        """Whether an object of type `kind` may stand for `parameter`."""
        return any(self.is_subtype(kind, wanted) for wanted in parameter.types)


def _descents(parents: dict[str, str]) -> dict[str, tuple[int, int]]:
    """(own number, last number below it) of each type, counted from 1 in preorder: a subtype's lies between them.

    So no question costs a walk through the levels above a type, of which a text can have very many.
    """
    children: dict[str, list[str]] = {}
    for kind, parent in parents.items():
        children.setdefault(parent, []).append(kind)
    numbers: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    waiting = [(kind, False) for kind in children if kind not in parents]
    while waiting:
        kind, left = waiting.pop()
        if left:
            found[kind] = numbers[kind], len(numbers)
            continue
        numbers[kind] = len(numbers) + 1
        waiting.append((kind, True))
        waiting.extend((child, False) for child in children.get(kind, ()))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a problem asks for; `(total-time)` in it is the number of steps."""

    minimize: bool
    expression: Expression
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{'minimize' if self.minimize else 'maximize'} {self.expression}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem. `objects` maps each name to its type, without the domain's constants.

    `goal` has the literals of the goal's conjunction, `goal_condition` its other parts; `values` the initial
    value of each fluent that has one. `text` is as that of a domain.
    """

    name: str
    domain_name: str
    objects: dict[str, str] = field(default_factory=dict)
    initial: frozenset[Atom] = frozenset()
    goal: tuple[Literal, ...] = ()
    goal_condition: tuple[Formula, ...] = ()
    values: dict[Atom, Fraction] = field(default_factory=dict)
    metric: Metric | None = None
    text: str = field(default="", compare=False, repr=False)

    @property
    def is_strips(self) -> bool:
        """Whether goal and initial state are literals alone; a metric is no part of this."""
        return not (self.goal_condition or self.values)

    def __hash__(self) -> int:
        return hash((self.name, self.domain_name, self.initial))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as a plan writes it: names that may or may not exist."""

    name: str
    arguments: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return atom_text((self.name, *self.arguments))


Key = tuple[str, tuple[str, ...]]
"""A call without its place: name and arguments."""


class Plan:
    """A plan as it was written; nobody has judged it yet. Two are equal whose calls are, wherever those stand.

    `keys` are the calls without their places. A plan that was read makes a `Call` when somebody asks for it: most are never
    looked at.
    """

    __slots__ = ("keys", "_calls", "_places")

    keys: tuple[Key, ...]

    def __init__(self, *, calls: tuple[Call, ...] = ()) -> None:
        self._set(tuple([(call.name, call.arguments) for call in calls]), calls, None)

    @classmethod
    def of_keys(cls, keys: tuple[Key, ...], places: Callable[[int], Iterator[Span]]) -> Plan:
        """A plan of these calls; `places` looks up where they stand, from that with the index given on."""
        plan = cls.__new__(cls)
        plan._set(keys, None, places)
        return plan

    def _set(
        self, keys: tuple[Key, ...], calls: tuple[Call, ...] | None, places: Callable[[int], Iterator[Span]] | None
    ) -> None:
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "_calls", calls)
        object.__setattr__(self, "_places", places)

    @property
    def calls(self) -> tuple[Call, ...]:
        if self._calls is None:
            places = zip(self.keys, self._places(0), strict=True)
            calls = tuple([Call(name=name, arguments=arguments, span=span) for (name, arguments), span in places])
            self._set(self.keys, calls, None)
        return self._calls

    def call(self, index: int) -> Call:
        """One of `calls`, counted from 0; the others need not be made."""
        if self._calls is not None:
            return self._calls[index]
        name, arguments = self.keys[index]
        return Call(name=name, arguments=arguments, span=next(self._places(index)))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __len__(self) -> int:
        return len(self.keys)

    def __eq__(self, other: object) -> bool:
        return self.keys == other.keys if isinstance(other, Plan) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.keys)

    def __reduce__(self) -> tuple[Callable[[tuple[Call, ...]], Plan], tuple[tuple[Call, ...]]]:
        return _plan, (self.calls,)

    def __repr__(self) -> str:
        return f"Plan(calls={self.calls!r})"

    def __str__(self) -> str:
        return "\n".join(map(str, self.calls))


def _plan(calls: tuple[Call, ...]) -> Plan:
    return Plan(calls=calls)


def article(*nouns: str) -> str:
    """`a block`, `an object`, `a truck or an airplane`."""
    return " or ".join(f"an {noun}" if noun[0] in "aeiou" else f"a {noun}" for noun in nouns)


def counted(parameters: tuple[Parameter, ...]) -> str:
    """What a call or an atom must be given: `2 arguments (?x ?y)`."""
    names = f" ({' '.join(parameter.name for parameter in parameters)})" if parameters else ""
    return f"{len(parameters)} argument{'' if len(parameters) == 1 else 's'}{names}"


__all__ = [
    "ActionSchema",
    "Atom",
    "Axiom",
    "Call",
    "Domain",
    "EQUALS",
    "Function",
    "Literal",
    "Metric",
    "OBJECT",
    "Parameter",
    "Plan",
    "Predicate",
    "Problem",
    "article",
    "atom_text",
    "counted",
    "type_text",
]
