"""What each step of a true chain is for, found in the chain itself: no knowledge of the domain goes in.

A step makes facts true. One of them is a goal that stays reached, or the precondition of a later step with nothing
undoing it in between: a causal link (McAllester and Rosenblitt 1991). Followed to their ends the links lead from the
step to a goal; read backwards they are means-ends reasoning: this goal, therefore this subgoal, ..., therefore this step.
A model that writes them before the action takes each decision one lookup at a time. Rejected: only the goal, which
leaves all lookups to one choice of a word; the names of the later actions too, which the facts already say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from val_bridge import Atom, Chain, Literal, State, Step, Task

Purpose = tuple[Literal, ...]
"""From a goal down to what the step itself makes true; () where nothing that the step does is of use."""


def purposes(task: Task, chain: Chain) -> list[Purpose]:
    """For each step the links that lead to the goal reached first; among those the shortest.

    Every literal of a purpose is false before the step and the last one is true behind it: links by way of a fact that
    holds already give no reason for the step.
    """
    steps = chain.steps
    found: list[_Way | None] = [None] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        ways = [
            _Way(reached=reached, links=(*links, effect))
            for effect in _effects(steps[index])
            for reached, links in _uses(task, steps, index, effect, found)
            if not any(_holds(literal, steps[index].before) for literal in links)
        ]
        found[index] = min(ways, key=_Way.rank, default=None)
    return [way.links if way else () for way in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Links from a goal down to an effect, and the number of the step that reaches the goal."""

    reached: int
    links: Purpose

    def rank(self) -> tuple[int, int, str]:
        return self.reached, len(self.links), str(self.links)


def _holds(literal: Literal, state: State) -> bool:
    return (literal.atom in state) is literal.positive


def _effects(step: Step) -> list[Literal]:
    """What the step makes true that was not, sorted; what it makes false, as negated literals, behind."""
    made = [Literal(atom=atom, positive=True) for atom in sorted(step.after - step.before)]
    return made + [Literal(atom=atom, positive=False) for atom in sorted(step.before - step.after)]


def _uses(
    task: Task, steps: tuple[Step, ...], index: int, effect: Literal, found: list[_Way | None]
) -> Iterator[tuple[int, Purpose]]:
    """(step that reaches the goal, links from it down to the user of the effect) for each use of the step's effect."""
    for later in range(index + 1, len(steps)):
        way = found[later]
        if way is not None and _needs(steps[later], effect):
            yield way.reached, way.links
        if not _holds(effect, steps[later].after):
            return
    wanted: frozenset[Atom] = task.goal if effect.positive else task.goal_negative
    if effect.atom in wanted:
        yield index, ()


def _needs(step: Step, literal: Literal) -> bool:
    return literal.atom in (step.action.precondition if literal.positive else step.action.negative)
