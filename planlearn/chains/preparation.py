"""What a goal takes that can be made ready beforehand: facts that each way to it needs, and that can hold at the same time.

Backchaining over schemas finds facts that every plan must make true on the way to a goal (landmarks; Zhu and Givan 2003,
Hoffmann, Porteous and Sebastia 2004): the preconditions that all schemas which add the goal share, then those of these facts in
turn. Those about the goal's own objects count. Of them are preparations those that need not be undone for another of them:
`holding a` is none for `on a b`, since whatever makes it true deletes `clear a`. For `on a b` that leaves `clear b` and
`clear a`, and while `holding a` holds, which uses `clear a` up, it is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from planlearn.chains.ways import ways
from val_bridge import Atom, Literal, State, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """A fact to be made ready for a goal, and the facts about its own objects that use it up: whatever makes one of them
    true needs and deletes it. While one of them holds, it is not asked for.
    """

    literal: Literal
    used_up_by: tuple[Atom, ...]


class Preparations:
    """What each goal of a task takes beforehand, worked out once."""

    def __init__(self, task: Task) -> None:
        self._of = {goal: preparations(task, goal) for goal in task.goal_literals}

    def wanted(self, state: State) -> dict[Literal, tuple[Literal, ...]]:
        """For each open goal, in the order of the prompt, its preparations but those that are used up.

        What two goals take stands with both: to leave it out, a model would have to look back at what it wrote.
        """
        return {
            goal: tuple(one.literal for one in each if state.isdisjoint(one.used_up_by))
            for goal, each in self._of.items()
            if not goal.holds_in(state)
        }


def preparations(task: Task, goal: Literal) -> list[Preparation]:
    """The goal's preparations in the order in which its own schemas' preconditions name them, depth first; [] for none.

    Facts that no action changes are left out, and so are negated literals. A goal that something be false takes nothing.
    """
    if not goal.positive:
        return []
    found: dict[Atom, None] = {}
    _collect(task, goal.atom, found)
    atoms = [atom for atom in found if len(atom) > 1 and set(atom[1:]) <= set(goal.atom[1:])]
    undoes = {atom: [other for other in atoms if other != atom and _always_undone(task, other, atom)] for atom in atoms}
    return [
        Preparation(literal=Literal(atom=atom, positive=True), used_up_by=tuple(_users(task, atom)))
        for atom in atoms
        if not undoes[atom]
    ]


def _users(task: Task, atom: Atom) -> Iterator[Atom]:
    """The facts about the atom's objects, some or all of them, that only come true by what needs and deletes the atom."""
    for predicate in task.domain.predicates.values():
        for objects in permutations(dict.fromkeys(atom[1:]), len(predicate.parameters)):
            user = (predicate.name, *objects)
            found = list(ways(task, user)) if objects and user != atom else []
            if found and all(atom in needed and atom in deletes for needed, deletes in found):
                yield user


def _collect(task: Task, atom: Atom, found: dict[Atom, None]) -> None:
    """Adds what every way to the atom needs, each fact behind those that it needs itself in turn."""
    needs = [needed for needed, _ in ways(task, atom)]
    shared = [each for each in needs[0] if all(each in one for one in needs)] if needs else []
    for each in shared:
        if each not in found and each != atom:
            found[each] = None
            _collect(task, each, found)


def _always_undone(task: Task, other: Atom, atom: Atom) -> bool:
    """Whether whatever makes the atom true deletes the other one."""
    deleted = [deletes for _, deletes in ways(task, atom)]
    return bool(deleted) and all(other in each for each in deleted)
