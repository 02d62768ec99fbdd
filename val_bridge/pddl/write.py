"""`Domain`, `Problem`, `Plan` -> PDDL text that reads back as the same value."""

from __future__ import annotations

from collections.abc import Iterable

from val_bridge.pddl.formula import conjunction_text, number_text, parameters_text
from val_bridge.pddl.syntax import OBJECT, ActionSchema, Axiom, Domain, Parameter, Plan, Problem, atom_text


def write_domain(domain: Domain) -> str:
    lines = [f"(define (domain {domain.name})"]
    if domain.requirements:
        lines.append(f"  (:requirements {' '.join(domain.requirements)})")
    if domain.types:
        lines += _block(":types", _typed(domain.types))
    if domain.constants:
        lines += _block(":constants", _typed(domain.constants))
    lines += _block(":predicates", (_symbol(p.name, p.parameters) for p in domain.predicates.values()))
    if domain.functions:
        lines += _block(":functions", (_symbol(f.name, f.parameters) for f in domain.functions.values()))
    for axiom in domain.axioms:
        lines += ["", *_axiom(axiom)]
    for schema in domain.actions.values():
        lines += ["", *_action(schema)]
    return "\n".join(lines) + "\n)\n"


def write_problem(problem: Problem) -> str:
    lines = [f"(define (problem {problem.name})", f"  (:domain {problem.domain_name})"]
    lines += _block(":objects", _typed(problem.objects))
    values = [
        f"(= {atom_text(fluent)} {number_text(value)})" for fluent, value in sorted(problem.values.items())
    ]
    lines += _block(":init", [*map(atom_text, sorted(problem.initial)), *values])
    lines.append(f"  (:goal {conjunction_text((*problem.goal, *problem.goal_condition))})")
    if problem.metric:
        lines.append(f"  (:metric {problem.metric})")
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


def _symbol(name: str, parameters: tuple[Parameter, ...]) -> str:
    """A predicate or a function as it is declared."""
    return f"({' '.join(filter(None, (name, parameters_text(parameters))))})"


def _axiom(axiom: Axiom) -> list[str]:
    return [f"  (:derived {_symbol(axiom.predicate, axiom.parameters)}", f"    {axiom.body})"]


def _action(schema: ActionSchema) -> list[str]:
    effects = (*schema.effect, *schema.numeric, *schema.conditional)
    return [
        f"  (:action {schema.name}",
        f"    :parameters ({parameters_text(schema.parameters)})",
        f"    :precondition {conjunction_text((*schema.precondition, *schema.condition))}",
        f"    :effect {conjunction_text(effects)})",
    ]
