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
    return _one((*schema.precondition, *schema.condition))


def written_goal(task: Task) -> Formula:
    problem = _written_problem(task.domain, task.problem)
    return _one((*problem.goal, *problem.goal_condition))


def _one(parts: tuple[Formula, ...]) -> Formula:
    return parts[0] if len(parts) == 1 else And(parts=parts)


@lru_cache(maxsize=16)
def _written_domain(domain: Domain) -> Domain:
    try:
        if read_domain(domain.text) == domain:
            return read_domain(domain.text, merge=False)
    except SourceError:
        pass
    return domain


@lru_cache(maxsize=16)
def _written_problem(domain: Domain, problem: Problem) -> Problem:
    try:
        if read_problem(problem.text, domain) == problem:
            return read_problem(problem.text, domain, merge=False)
    except SourceError:
        pass
    return problem
