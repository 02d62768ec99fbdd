"""The problems that an evaluation asks: rows of a corpus split or PlanBench's folders -> `Asked`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planlearn.errors import EngineError, PlanlearnError
from planlearn.files import numbered_json
from planlearn.planners import reference_plan
from planlearn.problems import domain_text, has_no_plans, load_named_domain, read_planbench
from val_bridge import Task, read_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One problem to be solved.

    domain: the folder in `domains/` whose problem it is, under whatever names. reference_length: steps of the reference plan, None where
    there is none. domain_text, problem_text: the task as PDDL. own_domain: the PDDL is not the named domain's (its names are
    changed), so that a prompt has to show it. solvable: False where no plan exists, which is then the right answer.
    """

    id: str
    domain: str
    size: str
    task: Task
    reference_length: int | None
    domain_text: str
    problem_text: str
    own_domain: bool = False
    solvable: bool = True


def asked_from_rows(rows: Iterable[dict[str, Any]]) -> list[Asked]:
    """Problems of a corpus split or a set. Raises KeyError for a field that a row lacks, UnknownDomain, SourceError.

    A row has id, domain, size, problem_pddl and steps (None where no plan is known); perhaps domain_pddl, where that is not the named
    domain's own text, and solvable (false where there is no plan).
    """
    return [_from_row(row) for row in rows]


def _from_row(row: dict[str, Any]) -> Asked:
    own = row.get("domain_pddl")
    text = domain_text(row["domain"])  # an unknown domain is said even where the row has PDDL of its own
    return Asked(
        id=row["id"], domain=row["domain"], size=str(row["size"]), reference_length=row["steps"],
        task=read_task(own or text, row["problem_pddl"], row["domain"] if own is None else f"{row['id']}: domain_pddl", f"{row['id']}: problem_pddl"),
        domain_text=own or text, problem_text=row["problem_pddl"], own_domain=own is not None, solvable=row.get("solvable", True),
    )


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
    if len({one.id for one in asked}) < len(asked):
        raise PlanlearnError(f"{path}: two rows have the same id")
    return asked


def asked_from_planbench(folder: Path, domain: str, *, renamed: bool = False, solvable: bool | None = None) -> list[Asked]:
    """Problems of a PlanBench folder, with the length of our reference plan where there is one.

    renamed: they are the domain's under other names, such as `obfuscated_randomized_logistics`; their own PDDL is shown. solvable: None
    takes it from the set's name, see `has_no_plans`. Raises PlanlearnError where a problem is of another domain: its actions are not the named domain's.
    """
    out = []
    actions = load_named_domain(domain).actions.keys()
    for problem in read_planbench(folder):
        task = problem.task()
        has_plan = not has_no_plans(problem.set) if solvable is None else solvable
        if not renamed and task.domain.actions.keys() != actions:
            raise PlanlearnError(
                f"{folder}: {problem.set}/{problem.id} is of domain {task.domain.name}, whose actions are not those of {domain}; "
                "name its set and its domain"
            )
        try:
            plan = reference_plan(domain, task) if has_plan else None
        except EngineError:
            plan = None
        out.append(Asked(
            id=f"{problem.set}-{problem.id}", domain=domain, size=str(len(task.objects)), task=task,
            reference_length=len(plan.calls) if plan is not None else None, domain_text=problem.domain_text,
            problem_text=problem.problem_text, own_domain=renamed, solvable=has_plan,
        ))
    return out


def asked_from_set(name: str, planbench: Path | None = None) -> list[Asked]:
    """Problems of one of planlearn's sets; of what PlanBench has in its place where its folder is given.

    Raises PlanlearnError where there is no such set, or nothing of PlanBench's matches it.
    """
    from planlearn.evaluate.sets import named_set, planbench_counterparts, read_set

    if planbench is None:
        return asked_from_rows(read_set(name))
    domain = named_set(name).domain
    counterparts = planbench_counterparts()[name]
    if not counterparts:
        raise PlanlearnError(f"PlanBench has no set like {name}")
    return [
        one
        for part in counterparts
        for one in asked_from_planbench(planbench / part.folder, domain, renamed=part.renamed)
        if part.takes(len(one.task.objects), one.reference_length)
    ]
