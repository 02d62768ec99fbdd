"""Goals that can never hold together, shown without a search through the states.

Pairs of facts that no state reached from the initial one holds, as h² computes them (Haslum and Geffner 2000): a pair is within reach if
it holds at the start, or an action whose preconditions are within reach pair by pair adds both, or adds one and keeps the other. What
is left is never true. Of more than two facts that are possible pair by pair, as three blocks in a ring are, it is asked which one could
become true last: where none could, they never hold together. Negative preconditions are left out, so that what is called impossible is so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from planlearn.errors import require_strips
from val_bridge import Atom, Task

def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


class Reach:
    """What the initial state of a task leads to, pair by pair. Raises BeyondStrips where literals do not say all."""

    def __init__(self, task: Task) -> None:
        require_strips(task, task.problem.name, "planners")
        self.task = task
        masks = task.masks
        self.moves = []
        for action in task.actions:
            positive, _, add, delete = masks.action_masks(action)
            self.moves.append((positive, add, delete & ~add))
        # Fact -> the facts that may hold together with it, itself among them.
        self.together: dict[int, int] = dict.fromkeys(_bits(masks.initial), masks.initial)
        moves = [(positive, tuple(_bits(positive)), add, delete) for positive, add, delete in self.moves]
        while any([self._extended(*move) for move in moves]):
            pass

    def _extended(self, precondition: int, needed: tuple[int, ...], add: int, delete: int) -> bool:
        """Whether a move brought a new pair within reach."""
        together = self.together
        kept = -1 if needed else sum(together)  # of all facts within reach, each of which is a bit
        for bit in needed:
            beside = together.get(bit, 0)
            if beside & precondition != precondition:
                return False
            kept &= beside
        holding = kept & ~delete | add
        changed = False
        for bit in _bits(add):
            if new := holding & ~together.get(bit, 0):
                together[bit] = together.get(bit, 0) | new
                for other in _bits(new):
                    together[other] = together.get(other, 0) | bit
                changed = True
        return changed

    def possible(self, facts: int) -> bool:
        """Whether each two of the facts, and each alone, are within reach."""
        return all(self.together.get(bit, 0) & facts == facts for bit in _bits(facts))

    def stuck(self, atoms: Collection[Atom]) -> list[Atom]:
        """Of atoms that are possible pair by pair, those that never hold together, in their order; none where that is not shown.

        Atoms are taken out one by one that an action can make true behind all the others. Where none can be the last of those that are
        left, no action ever makes them all true: so they are true at the start, or never.
        """
        encode = self.task.masks.encode
        left = list(atoms)
        while (facts := encode(left)) and (last := next((atom for atom in left if self._last(encode([atom]), facts)), None)):
            left.remove(last)
        return left if facts & self.task.masks.initial != facts else []

    def _last(self, fact: int, facts: int) -> bool:
        """Whether some action adds the fact where the others hold and keeps these, as far as pairs show."""
        return any(
            add & fact and not delete & facts and self.possible(facts & ~add | precondition)
            for precondition, add, delete in self.moves
        )

    def never(self, atoms: Collection[Atom]) -> bool:
        """Whether it is shown that the atoms never hold together."""
        return not self.possible(self.task.masks.encode(atoms)) or bool(self.stuck(atoms))


def goal_conflict(task: Task) -> tuple[Atom, ...] | None:
    """Goals that can never hold together, sorted: one that is never reached, else two, else more of which none can be left out.

    The same for the same task: the first in the order of names. None where nothing is found: most often because there is a plan, but a
    task without one need not have such goals. Goals that must be false are left out. Raises BeyondStrips.
    """
    reach = Reach(task)
    goals = sorted(task.goal)
    for size in (1, 2):
        for some in combinations(goals, size):
            if not reach.possible(task.masks.encode(some)):
                return some
    conflict = reach.stuck(goals)
    for atom in conflict[::-1]:
        if fewer := reach.stuck([other for other in conflict if other != atom]):
            conflict = fewer
    return tuple(conflict) or None


def is_conflict(task: Task, atoms: Collection[Atom]) -> bool:
    """Whether the atoms are goals, one or more, of which it is shown that they never hold together. Raises BeyondStrips."""
    return bool(atoms) and task.goal.issuperset(atoms) and Reach(task).never(atoms)
