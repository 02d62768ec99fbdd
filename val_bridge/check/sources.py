"""Where the failing literals of a condition stand in the text, and whether an action can bring them about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from val_bridge.pddl.formula import Atom, Comparison, Formula, Literal, Parameter, atom_text, leaves_in
from val_bridge.semantics.explain import bound_text
from val_bridge.semantics.formulas import bound_atom
from val_bridge.semantics.task import Task

_OPEN = re.compile(r"\\\?[a-z0-9_-]+")


def sources(
    parts: tuple[Formula, ...], binding: Mapping[str, str], literals: Iterable[Literal]
) -> dict[Literal, Literal | Comparison]:
    """For each ground literal or comparison the first lifted one of a condition that it is an instance of.

    A whole formula, which is named where there is no object to try, has none.
    """
    leaves: dict[tuple[str, bool], list[tuple[Literal | Comparison, Atom, re.Pattern[str] | None]]] = {}
    for leaf, positive in leaves_in(parts):
        if isinstance(leaf, Literal):
            atom, pattern = bound_atom(leaf.atom, binding), None
        else:
            text = re.escape(bound_text(leaf, binding))
            atom, pattern = (leaf.operator,), re.compile(_OPEN.sub(r"[^ ()]+", text))
        leaves.setdefault((atom[0], positive), []).append((leaf, atom, pattern))
    found: dict[Literal, Literal | Comparison] = {}
    for literal in literals:
        for leaf, atom, pattern in leaves.get((literal.atom[0], literal.positive), ()):
            if is_instance(atom, literal.atom) if pattern is None else pattern.fullmatch(atom_text(literal.atom)):
                found[literal] = leaf
                break
    return found


def is_instance(lifted: Atom, atom: Atom) -> bool:
    """Whether objects for the variables make the one of the other."""
    if len(lifted) != len(atom):
        return False
    objects: dict[str, str] = {}
    return all(
        objects.setdefault(term, name) == name if term[0] == "?" else term == name
        for term, name in zip(lifted, atom, strict=True)
    )


def achievable(task: Task, literal: Literal) -> bool | None:
    """Whether an effect of some action can make a literal hold; None for a derived atom, where it depends on others.

    Of a comparison, whether some action changes one of its numbers. That the action can ever be applied is not asked.
    """
    name = literal.atom[0]
    if name in task.domain.derived:
        return None
    if name not in task.domain.predicates:
        text = atom_text(literal.atom)[1:]
        return any(f"({function}{end}" in text for function in task.changing_functions for end in " )")
    return any(
        is_instance(effect.atom, literal.atom) and fits_parameters(task, effect.atom, literal.atom, parameters)
        for effect, parameters in _effects(task, name, literal.positive)
    )


def _effects(task: Task, name: str, positive: bool) -> Iterator[tuple[Literal, tuple[Parameter, ...]]]:
    for schema in task.domain.actions.values():
        added = {effect.atom for effect in schema.effect if effect.positive}
        for effect in schema.effect:
            # Delete, then add: what an action also adds, it does not make false.
            if effect.atom[0] == name and effect.positive is positive and (positive or effect.atom not in added):
                yield effect, schema.parameters
        for conditional in schema.conditional:
            for effect in conditional.literals:
                if effect.atom[0] == name and effect.positive is positive:
                    yield effect, schema.parameters + conditional.parameters


def fits_parameters(task: Task, lifted: Atom, atom: Atom, parameters: tuple[Parameter, ...]) -> bool:
    """Whether an atom's objects are objects of the task, of the types of the parameters that they stand for in `lifted`."""
    types = {parameter.name: parameter for parameter in parameters}
    return all(
        name in task.objects and task.domain.fits(task.objects[name], types[term])
        for term, name in zip(lifted, atom, strict=True)
        if term in types
    )
