"""The class of a problem: a hash that no renaming changes.

Two problems get one hash when their initial states and goals are equal up to the names of objects, predicates
and actions, across isomorphic domains too. Method: colour refinement (Weisfeiler and Leman 1968), first over
the schemas, which gives each predicate a colour without its name, then over the objects and facts of the
problem. Refinement may merge two classes that differ and never splits one, so leaving out a class leaves out
every renaming of its problems.

The hashes are those of `data/planbench/classes.txt`: what is hashed, and in which order, must not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from planlearn.errors import require_strips
from planlearn.resources import resource_path
from val_bridge import ActionSchema, Atom, Domain, Literal, Problem, Task, read_domain, read_problem
from val_bridge.pddl.syntax import OBJECT

Colour = str
_DOMAINS_KEPT = 64


def colour_of(*parts: object) -> Colour:
    """20 hex digits that stand for the parts; sets must be sorted by the caller."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaColours:
    """Colours of a domain's predicates (types as "type:<name>"), actions, and each action's parameters."""

    predicates: Mapping[str, Colour]
    actions: Mapping[str, Colour]
    parameters: Mapping[str, tuple[Colour, ...]]


class _Schema:
    """A schema as literals over parameters: ("pre" | "eff" | "type", sign, predicate, terms)."""

    def __init__(self, schema: ActionSchema) -> None:
        self.parameters = [parameter.name for parameter in schema.parameters]
        literals = [("pre", lit.positive, lit.atom) for lit in schema.precondition]
        literals += [("eff", lit.positive, lit.atom) for lit in schema.effect]
        literals += [
            ("type", True, (f"type:{kind}", parameter.name))
            for parameter in schema.parameters
            for kind in parameter.types
            if kind != OBJECT
        ]
        self.literals = [(part, sign, atom[0], atom[1:]) for part, sign, atom in literals]
        # (literal, its places that the parameter fills) for each parameter.
        self.uses = {
            name: [
                (literal, tuple(place for place, term in enumerate(literal[3]) if term == name))
                for literal in self.literals
                if name in literal[3]
            ]
            for name in self.parameters
        }

    def refine(self, predicates: Mapping[str, Colour]) -> dict[str, Colour]:
        """The parameters' colours under these colours of the predicates."""
        colours = {name: colour_of("var") for name in self.parameters}
        for _ in range(len(self.parameters) + 2):
            colours = {
                name: colour_of(
                    colours[name],
                    sorted(
                        (part, sign, predicates[predicate], places, _term_colours(terms, colours))
                        for (part, sign, predicate, terms), places in uses
                    ),
                )
                for name, uses in self.uses.items()
            }
        return colours


def _term_colours(terms: tuple[str, ...], colours: Mapping[str, Colour]) -> tuple[Colour, ...]:
    return tuple([colours.get(term, "const") for term in terms])


@lru_cache(maxsize=_DOMAINS_KEPT)
def schema_colours(domain: Domain) -> SchemaColours:
    """The colours of everything that the domain's actions mention; 5 to 20 ms, kept for the next problem."""
    schemas = {name: _Schema(schema) for name, schema in domain.actions.items()}
    predicates = {
        predicate: colour_of(len(terms))
        for schema in schemas.values()
        for _, _, predicate, terms in schema.literals
    }
    actions: dict[str, Colour] = {}
    parameters: dict[str, dict[str, Colour]] = {}
    for _ in range(len(predicates) + 3):
        seen: dict[str, list[tuple[str, bool, Colour, tuple[Colour, ...]]]] = {
            name: [] for name in predicates
        }
        for name, schema in schemas.items():
            colours = parameters[name] = schema.refine(predicates)
            literals = [
                (part, sign, predicate, _term_colours(terms, colours))
                for part, sign, predicate, terms in schema.literals
            ]
            actions[name] = colour_of(sorted((s, p, predicates[name_], t) for s, p, name_, t in literals))
            for part, sign, predicate, terms_ in literals:
                seen[predicate].append((part, sign, actions[name], terms_))
        predicates = {name: colour_of(colour, sorted(seen[name])) for name, colour in predicates.items()}
    return SchemaColours(
        predicates=predicates,
        actions=actions,
        parameters={name: tuple(colours.values()) for name, colours in parameters.items()},
    )


_read_domain = lru_cache(maxsize=_DOMAINS_KEPT)(read_domain)


def problem_class(domain: Task | Domain | str, problem: Problem | str | None = None) -> str:
    """The class of a task, or of a domain and a problem (values or PDDL texts): 20 hex digits.

    Raises SourceError for texts that cannot be read, TypeError for a domain without a problem, BeyondStrips for
    what is more than literals.
    """
    if isinstance(domain, Task):
        domain, problem = domain.domain, domain.problem
    if problem is None:
        raise TypeError("problem_class needs a task, or a domain and a problem")
    if isinstance(domain, str):
        domain = _read_domain(domain)
    if isinstance(problem, str):
        problem = read_problem(problem, domain)
    require_strips(domain, domain.name, "classes")
    require_strips(problem, problem.name, "classes")
    return _class_of(schema_colours(domain), problem)


def _class_of(schemas: SchemaColours, problem: Problem) -> str:
    facts: list[tuple[str, Atom]] = [("init", atom) for atom in problem.initial]
    facts += [("type", (f"type:{kind}", name)) for name, kind in problem.objects.items() if kind != OBJECT]
    facts += [_goal_fact(literal) for literal in problem.goal]
    # A predicate that no action mentions has no colour of its own; its arity stands in.
    edges = [
        (part, schemas.predicates.get(atom[0]) or colour_of("static", len(atom) - 1), atom[1:])
        for part, atom in facts
    ]
    uses: dict[str, list[tuple[str, Colour, tuple[int, ...], Atom]]] = {name: [] for name in problem.objects}
    for part, colour, arguments in edges:
        for name in dict.fromkeys(arguments):
            places = tuple([place for place, argument in enumerate(arguments) if argument == name])
            uses.setdefault(name, []).append((part, colour, places, arguments))
    colours = dict.fromkeys(uses, colour_of("object"))
    distinct = 0
    while len(set(colours.values())) > distinct:
        distinct = len(set(colours.values()))
        colours = {
            name: colour_of(
                colours[name],
                sorted(
                    [
                        (p, c, places, tuple([colours[a] for a in arguments]))
                        for p, c, places, arguments in of_name
                    ]
                ),
            )
            for name, of_name in uses.items()
        }
    return colour_of(
        sorted([(p, c, tuple([colours[a] for a in arguments])) for p, c, arguments in edges]),
        sorted(colours.values()),
    )


def _goal_fact(literal: Literal) -> tuple[str, Atom]:
    return ("goal" if literal.positive else "not-goal", literal.atom)


@lru_cache(maxsize=1)
def planbench_classes() -> frozenset[str]:
    """The classes of all PlanBench instances, which no training problem may have."""
    return frozenset(resource_path("data", "planbench", "classes.txt").read_text(encoding="ascii").split())
