"""The ways to make a fact true: the schemas that add it, as far as the fact names their objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from val_bridge import ActionSchema, Atom, Parameter, Task


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
            if effect.positive and effect.atom[0] == atom[0] and len(effect.atom) == len(atom):
                bound = dict(zip(effect.atom[1:], atom[1:], strict=True))
                # One object for each parameter; a constant stands for itself.
                if all(
                    bound[word] == name and (word.startswith("?") or word == name)
                    for word, name in zip(effect.atom[1:], atom[1:], strict=True)
                ) and all(_fits(task, bound[each.name], each) for each in schema.parameters if each.name in bound):
                    needed = (literal.atom for literal in schema.precondition if literal.positive)
                    deletes = (literal.atom for literal in schema.effect if not literal.positive)
                    yield _named(task, schema, needed, bound), _named(task, schema, deletes, bound)


def _fits(task: Task, name: str, parameter: Parameter) -> bool:
    return name in task.objects and task.domain.fits(task.objects[name], parameter)


def _named(task: Task, schema: ActionSchema, atoms: Iterable[Atom], bound: dict[str, str]) -> list[Atom]:
    """The atoms that change and whose parameters are all bound, under their objects' names."""
    free = {parameter.name for parameter in schema.parameters} - bound.keys()
    return [
        (atom[0], *(bound.get(word, word) for word in atom[1:]))
        for atom in atoms
        if atom[0] not in task.static and free.isdisjoint(atom[1:])
    ]
