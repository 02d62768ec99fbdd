"""The task of a row of anybody's data set, and its problem as a request for a tool call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.problems import domain_text
from val_bridge import Task, read_task

PROBLEM, DOMAIN, NAME = "problem_pddl", "domain_pddl", "domain"
"""The columns: the problem as PDDL; the domain as PDDL, or the name of one that planlearn carries."""


def tool_request(domain_pddl: str, problem_pddl: str) -> str:
    """What a model is asked that hands its plan in by a tool call: the PDDL, and what `submit_plan` takes."""
    return (
        f"Here is a planning domain in PDDL:\n\n{domain_pddl.strip()}\n\nHere is a problem of it:\n\n{problem_pddl.strip()}\n\n"
        "Find a plan that leads from the initial state to the goal and hand it in with submit_plan: one action a line, each as "
        "(name argument ...), in the order in which they are executed."
    )


def domain_of(row: Mapping[str, Any]) -> str:
    """The row's domain as PDDL. Raises PlanlearnError where it has neither text nor name, UnknownDomain for another's name."""
    if row.get(DOMAIN):
        return str(row[DOMAIN])
    if row.get(NAME):
        return domain_text(row[NAME])
    raise PlanlearnError(f"a row has neither {DOMAIN} (the domain as PDDL) nor {NAME} (the name of a domain that planlearn carries)")


def read_row(row: Mapping[str, Any]) -> Task:
    """The task of a row with the columns PROBLEM and DOMAIN or NAME; the last ones are kept.

    Raises PlanlearnError for a row without them, SourceError for broken PDDL.
    """
    if not row.get(PROBLEM):
        raise PlanlearnError(f"a row has no {PROBLEM} (the problem as PDDL)")
    return _task(domain_of(row), str(row[PROBLEM]))


@lru_cache(maxsize=512)
def _task(domain_pddl: str, problem_pddl: str) -> Task:
    return read_task(domain_pddl, problem_pddl, DOMAIN, PROBLEM)
