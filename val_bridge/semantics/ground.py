"""Lifted schemas, prepared for fast grounding.

An equation that holds is left out of the ground action. One that fails stays in the precondition, as an atom
that no state contains: so the action is never applicable, and the reason can be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from val_bridge.pddl.syntax import EQUALS, ActionSchema, Atom, Domain, Literal
from val_bridge.semantics.general import General, GeneralSchema

if TYPE_CHECKING:
    from val_bridge.semantics.task import Task

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A ground action. `negative` must be false for it to apply; applying deletes, then adds.

    `general` is what it asks and does beyond these literals, None for an action of STRIPS.
    """

    name: str
    arguments: tuple[str, ...] = ()
    # Name and arguments decide the rest within a task, so hashing them is enough.
    precondition: frozenset[Atom] = field(default=frozenset(), hash=False)
    negative: frozenset[Atom] = field(default=frozenset(), hash=False)
    add: frozenset[Atom] = field(default=frozenset(), hash=False)
    delete: frozenset[Atom] = field(default=frozenset(), hash=False)
    cost: int = 1
    general: General | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"({' '.join((self.name, *self.arguments))})"


class Template:
    """The atoms of one part of a schema, as functions of the arguments."""

    __slots__ = ("symbols", "getters")

    def __init__(self, schema: ActionSchema, atoms: Sequence[Atom]) -> None:
        places = {parameter.name: index for index, parameter in enumerate(schema.parameters)}
        fixed = sorted({name for atom in atoms for name in atom if name not in places})
        # Arguments first, then predicates and constants: one itemgetter builds one atom.
        places |= {name: len(places) + index for index, name in enumerate(fixed)}
        self.symbols: Names = tuple(fixed)
        self.getters = tuple(_getter([places[name] for name in atom]) for atom in atoms)

    def ground(self, arguments: Names) -> list[Atom]:
        names = arguments + self.symbols
        return [get(names) for get in self.getters]


def _getter(places: list[int]) -> Callable[[Names], Atom]:
    # itemgetter of one index gives the bare item; of a slice, a tuple.
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


class Grounder:
    """One schema, ready to be called with arguments that fit its parameters."""

    __slots__ = ("schema", "_precondition", "_negative", "_add", "_delete", "_equal", "_unequal", "_general")

    def __init__(self, schema: ActionSchema, derived: frozenset[str] = frozenset()) -> None:
        self.schema = schema
        plain = schema.is_strips and not any(literal.atom[0] in derived for literal in schema.precondition)
        self._general = None if plain else GeneralSchema(schema, derived)

        def part(literals: Iterable[Literal], positive: bool, equations: bool) -> Template:
            wanted = [
                literal.atom
                for literal in literals
                if literal.positive is positive and (literal.atom[0] == EQUALS) is equations
            ]
            return Template(schema, wanted)

        self._precondition = part(schema.precondition, True, False)
        self._negative = part(schema.precondition, False, False)
        self._add = part(schema.effect, True, False)
        self._delete = part(schema.effect, False, False)
        self._equal = part(schema.precondition, True, True)
        self._unequal = part(schema.precondition, False, True)

    def failing_equations(self, arguments: Names) -> list[Atom]:
        failing = [atom for atom in self._equal.ground(arguments) if atom[1] != atom[2]]
        return failing + [atom for atom in self._unequal.ground(arguments) if atom[1] == atom[2]]

    def precondition(self, arguments: Names) -> tuple[list[Atom], list[Atom]]:
        """The atoms that must be true, and those that must be false."""
        positive = self._precondition.ground(arguments)
        if self._equal.getters or self._unequal.getters:
            positive += self.failing_equations(arguments)
        return positive, self._negative.ground(arguments)

    def effect(self, arguments: Names) -> tuple[list[Atom], list[Atom]]:
        """The atoms that are added, and those that are deleted."""
        return self._add.ground(arguments), self._delete.ground(arguments)

    def ground(self, arguments: Names, task: Task) -> Action:
        positive, negative = self.precondition(arguments)
        add, delete = self.effect(arguments)
        return Action(
            name=self.schema.name,
            arguments=arguments,
            precondition=frozenset(positive),
            negative=frozenset(negative),
            add=frozenset(add),
            delete=frozenset(delete),
            general=self._general and General(self._general, arguments, task),
        )


@lru_cache(maxsize=64)
def grounders(domain: Domain) -> dict[str, Grounder]:
    """A grounder for each action of the domain; kept, since many problems share a domain."""
    derived = domain.derived
    return {name: Grounder(schema, derived) for name, schema in domain.actions.items()}


@lru_cache(maxsize=64)
def static_predicates(domain: Domain) -> frozenset[str]:
    """The predicates that no action changes and no axiom derives."""
    changed = {
        literal.atom[0]
        for schema in domain.actions.values()
        for literals in (schema.effect, *(effect.literals for effect in schema.conditional))
        for literal in literals
    }
    return frozenset(domain.predicates.keys() - changed - domain.derived)


@lru_cache(maxsize=64)
def changing_functions(domain: Domain) -> frozenset[str]:
    """The functions that some action changes."""
    return frozenset(
        numeric.fluent[0]
        for schema in domain.actions.values()
        for effects in (schema.numeric, *(effect.numeric for effect in schema.conditional))
        for numeric in effects
    )


def static_bindings(
    schema: ActionSchema,
    domain: Domain,
    objects: dict[str, str],
    facts: Iterable[Atom],
    static: frozenset[str],
) -> list[Names]:
    """All arguments that fit the parameters' types and make the static preconditions true, in no order.

    A join: each static precondition, that with the fewest unbound variables first, extends the partial
    bindings by the facts that match it; parameters that no static precondition names are then multiplied out.
    """
    columns = {parameter.name: index for index, parameter in enumerate(schema.parameters)}
    fitting = [{name for name, kind in objects.items() if domain.fits(kind, p)} for p in schema.parameters]
    extension: dict[str, list[Atom]] = {name: [] for name in static}
    for fact in facts:
        if fact[0] in extension:
            extension[fact[0]].append(fact)
    conditions = [lit for lit in schema.precondition if lit.atom[0] in static]
    rows: list[dict[int, str]] = [{}]
    bound: set[int] = set()
    waiting = [lit.atom for lit in conditions if lit.positive]

    def cost(atom: Atom) -> tuple[int, int]:
        unbound = {term for term in atom[1:] if term in columns and columns[term] not in bound}
        return len(unbound), len(extension[atom[0]])

    while waiting:
        atom = min(waiting, key=cost)
        waiting.remove(atom)
        rows = _join(rows, atom, extension[atom[0]], columns, bound, fitting)
        bound |= {columns[term] for term in atom[1:] if term in columns}
    for column, names in enumerate(fitting):
        if column not in bound:
            rows = [{**row, column: name} for row in rows for name in names]
    arguments = [tuple([row[column] for column in range(len(columns))]) for row in rows]
    negative = Template(schema, [lit.atom for lit in conditions if not lit.positive])
    if negative.getters:
        true = {fact for group in extension.values() for fact in group}
        arguments = [names for names in arguments if true.isdisjoint(negative.ground(names))]
    return arguments


def _join(
    rows: list[dict[int, str]],
    atom: Atom,
    facts: list[Atom],
    columns: dict[str, int],
    bound: set[int],
    fitting: list[set[str]],
) -> list[dict[int, str]]:
    matches: dict[Names, list[dict[int, str]]] = {}
    known = sorted({columns[term] for term in atom[1:] if columns.get(term) in bound})
    for fact in facts:
        binding: dict[int, str] = {}
        for term, name in zip(atom[1:], fact[1:], strict=True):
            column = columns.get(term)
            if column is None:
                if term != name:
                    break
            elif binding.setdefault(column, name) != name or name not in fitting[column]:
                break
        else:
            matches.setdefault(tuple([binding[column] for column in known]), []).append(binding)
    return [
        {**row, **binding}
        for row in rows
        for binding in matches.get(tuple([row[column] for column in known]), ())
    ]
