"""The problems that an evaluation asks: rows of a corpus split or PlanBench's folders -> `Asked`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planlearn.errors import EngineError, PlanlearnError
from planlearn.files import numbered_json
from planlearn.planners import reference_plan
from planlearn.problems import domain_text, load_named_domain, read_planbench
from val_bridge import Task, read_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One problem to be solved: its task, and the reference plan's length where there is one."""

    id: str
    domain: str
    size: str
    task: Task
    reference_length: int | None


def asked_from_rows(rows: Iterable[dict[str, Any]]) -> list[Asked]:
    """Problems of a corpus split. Raises KeyError for a field that a row lacks, UnknownDomain, SourceError."""
    return [
        Asked(
            id=row["id"], domain=row["domain"], size=str(row["size"]), reference_length=row["steps"],
            task=read_task(domain_text(row["domain"]), row["problem_pddl"], row["domain"], f"{row['id']}: problem_pddl"),
        )
        for row in rows
    ]


def asked_from_file(path: Path) -> list[Asked]:
    """Problems of a corpus split's JSONL file. Raises PlanlearnError, which names file and line; SourceError."""
    asked: list[Asked] = []
    for number, row in numbered_json(path):
        try:
            asked += asked_from_rows([row])
        except KeyError as error:
            raise PlanlearnError(f"{path}:{number}: not a row of a corpus, field {error} is missing") from None
        except (TypeError, AttributeError):
            raise PlanlearnError(f"{path}:{number}: expected a row of a corpus, a JSON object of texts") from None
        except PlanlearnError as error:
            raise PlanlearnError(f"{path}:{number}: {error}") from None
    if len({(one.domain, one.id) for one in asked}) < len(asked):
        raise PlanlearnError(f"{path}: two rows have the same id")
    return asked


def asked_from_planbench(folder: Path, domain: str) -> list[Asked]:
    """Problems of a PlanBench folder, with the length of our reference plan where there is one.

    Raises PlanlearnError where a problem is of another domain: its actions are not the named domain's.
    """
    out = []
    actions = load_named_domain(domain).actions.keys()
    for problem in read_planbench(folder):
        task = problem.task()
        if task.domain.actions.keys() != actions:
            raise PlanlearnError(
                f"{folder}: {problem.set}/{problem.id} is of domain {task.domain.name}, whose actions are not those of {domain}; "
                "name its set and its domain"
            )
        try:
            plan = reference_plan(domain, task)
        except EngineError:
            plan = None
        out.append(Asked(
            id=f"{problem.set}-{problem.id}", domain=domain, size=str(len(task.objects)), task=task,
            reference_length=len(plan.calls) if plan is not None else None,
        ))
    return out
