"""What a domain and a problem file say, as values. Names are in lower case; places never change identity."""

from __future__ import annotations

from dataclasses import dataclass, field

from val_bridge.pddl.span import Span

Atom = tuple[str, ...]
"""A predicate and its arguments, `("on", "a", "b")`; in a schema also variables, `("on", "?x", "a")`."""

OBJECT = "object"
"""The type above all types."""

EQUALS = "="


def atom_text(atom: Atom) -> str:
    """`("on", "a", "b")` -> `(on a b)`."""
    return f"({' '.join(atom)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """An atom that is wanted true, or false if not `positive`."""

    atom: Atom
    positive: bool = True
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return atom_text(self.atom) if self.positive else f"(not {atom_text(self.atom)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A variable, `?x`, and its types: more than one after `(either ...)`."""

    name: str
    types: tuple[str, ...] = (OBJECT,)
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name} - {type_text(self.types)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    name: str
    parameters: tuple[Parameter, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def arity(self) -> int:
        return len(self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSchema:
    """A lifted action. `precondition` and `effect` are conjunctions of literals, in the order of the text."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    precondition: tuple[Literal, ...] = ()
    effect: tuple[Literal, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain. `types` maps each declared type to its parent, `constants` each constant to its type."""

    name: str
    requirements: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    predicates: dict[str, Predicate] = field(default_factory=dict)
    actions: dict[str, ActionSchema] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, *self.actions))

    def is_subtype(self, kind: str, ancestor: str) -> bool:
        """Whether every object of type `kind` is an object of type `ancestor`."""
        while kind != ancestor and kind in self.types:
            kind = self.types[kind]
        return kind == ancestor

    def fits(self, kind: str, parameter: Parameter) -> bool:
        """Whether an object of type `kind` may stand for `parameter`."""
        return any(self.is_subtype(kind, wanted) for wanted in parameter.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem. `objects` maps each name to its type, without the domain's constants."""

    name: str
    domain_name: str
    objects: dict[str, str] = field(default_factory=dict)
    initial: frozenset[Atom] = frozenset()
    goal: tuple[Literal, ...] = ()

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as it was written; nobody has judged it yet."""

    calls: tuple[Call, ...] = ()

    def __len__(self) -> int:
        return len(self.calls)

    def __str__(self) -> str:
        return "\n".join(map(str, self.calls))


def type_text(types: tuple[str, ...]) -> str:
    """`("block",)` -> `block`; `("a", "b")` -> `(either a b)`."""
    return types[0] if len(types) == 1 else f"(either {' '.join(types)})"


def article(*nouns: str) -> str:
    """`a block`, `an object`, `a truck or an airplane`."""
    return " or ".join(f"an {noun}" if noun[0] in "aeiou" else f"a {noun}" for noun in nouns)


def counted(parameters: tuple[Parameter, ...]) -> str:
    """What a call or an atom must be given: `2 arguments (?x ?y)`."""
    names = f" ({' '.join(parameter.name for parameter in parameters)})" if parameters else ""
    return f"{len(parameters)} argument{'' if len(parameters) == 1 else 's'}{names}"
