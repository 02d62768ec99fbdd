"""What would take too long to judge: quantifiers within quantifiers ask about every combination of objects.

A text of three kilobytes can ask for more combinations than there are atoms, so a task is refused at its making and not
stopped while it is judged: the answer must not depend on the machine. Of an axiom only what is tested behind the join
counts here: how many bindings the join has depends on the state, so `Derivation` counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod

from val_bridge.pddl.errors import SourceError
from val_bridge.pddl.formula import And, Exists, Forall, Formula, Imply, Not, Or, Parameter
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import Domain, Problem

MOST = 250_000
"""Combinations of objects for one condition or effect; to name all that fails in them takes about a second."""

Fitting = Callable[[tuple[str, ...]], tuple[str, ...]]


def refuse_heavy(domain: Domain, problem: Problem, fitting: Fitting) -> None:
    """Raises SourceError of kind unsupported_feature at a condition or an effect that asks for more than `MOST`."""
    for span, parameters, parts in _asked(domain, problem):
        count = _combinations(parameters, fitting) * max((combinations_in(part, fitting) for part in parts), default=1)
        if count > MOST:
            place = span or Span(file=domain.name, line=1, column=1, start=0, end=0)
            found = f"{count:,}" if count < MOST**2 else f"more than {MOST**2:,}"
            raise SourceError("unsupported_feature", place, f"at most {MOST:,} combinations of objects to try", found)


def _asked(
    domain: Domain, problem: Problem
) -> Iterator[tuple[Span | None, tuple[Parameter, ...], tuple[Formula, ...]]]:
    """The place of each condition and effect, the variables that it runs through, and what is tested for each."""
    for schema in domain.actions.values():
        for part in schema.condition:
            yield part.span, (), (part,)
        for effect in schema.conditional:
            yield effect.span, effect.parameters, effect.condition
    for axiom in domain.axioms:
        yield from ((part.span, (), (part,)) for part in _tested(axiom.body))
    for part in problem.goal_condition:
        yield part.span, (), (part,)


def _tested(body: Formula) -> Iterator[Formula]:
    """The parts of an axiom below the disjunctions, quantifiers and the conjunction at its top."""
    match body:
        case Or(parts=parts):
            for part in parts:
                yield from _tested(part)
        case Exists(part=part):
            yield from _tested(part)
        case And(parts=parts):
            yield from parts
        case _:
            yield body


def combinations_in(formula: Formula, fitting: Fitting) -> int:
    """The combinations of the quantifiers that stand within each other."""
    match formula:
        case And(parts=parts) | Or(parts=parts):
            return max((combinations_in(part, fitting) for part in parts), default=1)
        case Not(part=part):
            return combinations_in(part, fitting)
        case Imply(premise=premise, conclusion=conclusion):
            return max(combinations_in(premise, fitting), combinations_in(conclusion, fitting))
        case Exists(parameters=parameters, part=part) | Forall(parameters=parameters, part=part):
            return _combinations(parameters, fitting) * combinations_in(part, fitting)
        case _:
            return 1


def _combinations(parameters: Iterable[Parameter], fitting: Fitting) -> int:
    return prod(len(fitting(parameter.types)) for parameter in parameters)
