"""The ways to make a fact true: the schemas that add it, as far as the fact names their objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from val_bridge import ActionSchema, Atom, Task
from val_bridge.check.sources import fits_parameters, is_instance


def telling_apart(task: Task, atom: Atom) -> tuple[Atom, ...]:
    """The other facts about the atom's own objects that some of its ways need and others do not, in the schemas' order.

    Which way to take may follow from them: b is taken up from the table where `ontable b` holds, and off another block where it does not.
    """
    needs = [needed for needed, _ in ways(task, atom)]
    named = dict.fromkeys(each for needed in needs for each in needed)
    return tuple(
        each
        for each in named
        if each != atom and len(each) > 1 and set(each[1:]) <= set(atom[1:]) and not all(each in one for one in needs)
    )


def ways(task: Task, atom: Atom) -> Iterator[tuple[list[Atom], list[Atom]]]:
    """(precondition, delete effect) of each schema that adds the atom, as far as the atom names their objects.

    None of an atom about an object that the task does not have, or of another type than the schema's parameter.
    """
    for schema in task.domain.actions.values():
        for effect in schema.effect:
            if not effect.positive or not is_instance(effect.atom, atom):
                continue
            if fits_parameters(task, effect.atom, atom, schema.parameters):
                bound = dict(zip(effect.atom[1:], atom[1:], strict=True))
                needed = (literal.atom for literal in schema.precondition if literal.positive)
                deletes = (literal.atom for literal in schema.effect if not literal.positive)
                yield _named(task, schema, needed, bound), _named(task, schema, deletes, bound)


def _named(task: Task, schema: ActionSchema, atoms: Iterable[Atom], bound: dict[str, str]) -> list[Atom]:
    """The atoms that change and whose parameters are all bound, under their objects' names."""
    free = {parameter.name for parameter in schema.parameters} - bound.keys()
    return [
        (atom[0], *(bound.get(word, word) for word in atom[1:]))
        for atom in atoms
        if atom[0] not in task.static and free.isdisjoint(atom[1:])
    ]
