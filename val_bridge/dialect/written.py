"""Conditions as their author wrote them.

Judging merges nested conjunctions and disjunctions and drops those of one part; VAL's advice shows each as a list of
its own. So the texts are read once more, without merging. Where that cannot be done, because domain or problem were
made or changed by a program, or nest deeper than the language allows, the merged formulas stand in.
"""

from __future__ import annotations

from functools import lru_cache

from val_bridge.pddl import Domain, Problem, SourceError, read_domain, read_problem
from val_bridge.pddl.formula import And, Formula
from val_bridge.semantics import Task


def written_precondition(task: Task, name: str) -> Formula:
    """The precondition of an action of the task."""
    schema = _written_domain(task.domain).actions[name]
    return _formula((*schema.precondition, *schema.condition), schema is not task.domain.actions[name])


def written_goal(task: Task) -> Formula:
    problem = _written_problem(task.domain, task.problem)
    return _formula((*problem.goal, *problem.goal_condition), problem is not task.problem)


def _formula(parts: tuple[Formula, ...], written: bool) -> Formula:
    """What is written is one formula, if there is any; a program would write a conjunction."""
    return parts[0] if written and parts else And(parts=parts)


def _written_domain(domain: Domain) -> Domain:
    merged, written = _readings(domain.text)
    return written if written and merged == domain else domain


def _written_problem(domain: Domain, problem: Problem) -> Problem:
    try:
        if read_problem(problem.text, domain) == problem:
            return read_problem(problem.text, domain, merge=False)
    except SourceError:
        pass
    return problem


@lru_cache(maxsize=16)
def _readings(text: str) -> tuple[Domain | None, Domain | None]:
    """A domain's text, read for judging and for showing; None if it cannot be read so."""
    try:
        return read_domain(text), read_domain(text, merge=False)
    except SourceError:
        return None, None
