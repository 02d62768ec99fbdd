"""`Domain`, `Problem`, `Plan` -> PDDL text that reads back as the same value."""

from __future__ import annotations

from collections.abc import Iterable

from val_bridge.pddl.syntax import (
    OBJECT,
    ActionSchema,
    Domain,
    Literal,
    Parameter,
    Plan,
    Predicate,
    Problem,
    atom_text,
    type_text,
)


def write_domain(domain: Domain) -> str:
    lines = [f"(define (domain {domain.name})"]
    if domain.requirements:
        lines.append(f"  (:requirements {' '.join(domain.requirements)})")
    if domain.types:
        lines += _block(":types", _typed(domain.types))
    if domain.constants:
        lines += _block(":constants", _typed(domain.constants))
    lines += _block(":predicates", map(_predicate, domain.predicates.values()))
    for schema in domain.actions.values():
        lines += ["", *_action(schema)]
    return "\n".join(lines) + "\n)\n"


def write_problem(problem: Problem) -> str:
    lines = [f"(define (problem {problem.name})", f"  (:domain {problem.domain_name})"]
    lines += _block(":objects", _typed(problem.objects))
    lines += _block(":init", map(atom_text, sorted(problem.initial)))
    lines.append(f"  (:goal {_conjunction(problem.goal)})")
    return "\n".join(lines) + "\n)\n"


def write_plan(plan: Plan) -> str:
    """One call a line, and a line break after each."""
    return "".join(f"{call}\n" for call in plan.calls)


def _block(key: str, lines: Iterable[str]) -> list[str]:
    return [f"  ({key}", *(f"    {line}" for line in lines), "  )"]


def _typed(names: dict[str, str]) -> list[str]:
    """`a b - block`, a line for each type, in the order of first appearance; untyped names last."""
    groups: dict[str, list[str]] = {}
    for name, kind in names.items():
        groups.setdefault(kind, []).append(name)
    untyped = groups.pop(OBJECT, [])
    lines = [f"{' '.join(group)} - {kind}" for kind, group in groups.items()]
    return [*lines, " ".join(untyped)] if untyped else lines


def _parameters(parameters: tuple[Parameter, ...]) -> str:
    typed = any(parameter.types != (OBJECT,) for parameter in parameters)
    return " ".join(f"{p.name} - {type_text(p.types)}" if typed else p.name for p in parameters)


def _predicate(predicate: Predicate) -> str:
    return f"({' '.join(filter(None, (predicate.name, _parameters(predicate.parameters))))})"


def _action(schema: ActionSchema) -> list[str]:
    return [
        f"  (:action {schema.name}",
        f"    :parameters ({_parameters(schema.parameters)})",
        f"    :precondition {_conjunction(schema.precondition)}",
        f"    :effect {_conjunction(schema.effect)})",
    ]


def _conjunction(literals: tuple[Literal, ...]) -> str:
    return f"(and {' '.join(map(str, literals))})" if literals else "(and)"
