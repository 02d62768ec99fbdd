"""One plan for a task: by the domain's own planner, by search where it is small, else by an engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from planlearn.errors import EngineError, require_strips
from planlearn.planners import blocksworld, depots
from planlearn.planners.blocksworld import plan_blocksworld, plan_clear_first
from planlearn.planners.depots import plan_depots
from planlearn.planners.engines import engine_plan
from planlearn.planners.logistics import plan_logistics
from planlearn.planners.roles import NotCovered, recognise
from planlearn.planners.search import shortest_plan
from val_bridge import Call, Outcome, Plan, State, Task, atom_text, check_plan, write_domain, write_problem

LIMIT = 3000
"""Nodes of the search inside a domain's own planner; beyond it plans are good, no longer its best."""
STATES = 20_000
"""States that breadth-first search keeps before it gives up."""

_PLANNERS = {"blocksworld": plan_blocksworld, "logistics": plan_logistics, "depots": plan_depots}
_TEACHERS = {"blocksworld": plan_clear_first}
_PROOFS: Mapping[str, Callable[..., bool]] = {"blocksworld": blocksworld.is_proven, "depots": depots.is_proven}


class PlannerFault(Exception):
    """A planner gave a plan that does not hold: a defect of planlearn, or of an engine."""


def plan(
    task: Task, *, rng: random.Random | None = None, limit: int = LIMIT, to_teach: bool = False
) -> Plan | None:
    """A plan from the initial state; see `plan_from`."""
    return plan_from(task, task.initial, rng=rng, limit=limit, to_teach=to_teach)


def plan_from(
    task: Task, state: State, *, rng: random.Random | None = None, limit: int = LIMIT, to_teach: bool = False
) -> Plan | None:
    """A checked plan from `state` (all facts, static ones too) to the task's goal, None if there is none.

    Blocksworld and Depots: shortest unless the limit is met. Logistics: nearly shortest. Any words may stand for those
    of the three domains. Other tasks: shortest, by breadth-first search. The same task and state give the same
    plan in every process; `rng` chooses among equally good ones instead. `to_teach`: where the domain has one, by a
    planner whose every step follows from few facts; its plans may be a little longer.
    Raises EngineError where breadth-first search meets its limit, BeyondStrips for a task that it cannot treat.
    """
    require_strips(task, task.problem.name, "planners")
    calls: list[Call] | None
    roles = recognise(task.domain)
    try:
        if roles is None:
            raise NotCovered("no planner of its own")
        planners = _PLANNERS | _TEACHERS if to_teach else _PLANNERS
        calls = planners[roles.model](task, roles, state, rng=rng, limit=limit)
    except NotCovered:
        calls = shortest_plan(task, state, rng=rng, limit=STATES)
    return None if calls is None else _checked(_starting_at(task, state), Plan(calls=tuple(calls)))


def is_proven_shortest(task: Task, *, limit: int = LIMIT) -> bool:
    """Whether the plan that `plan` gives is proven shortest: no plan of the task has fewer steps.

    False where nothing is proven: in Logistics, where a limit is met, and for plans of engines. Raises BeyondStrips as `plan` does.
    """
    require_strips(task, task.problem.name, "planners")
    roles = recognise(task.domain)
    try:
        if roles is not None:
            return roles.model in _PROOFS and _PROOFS[roles.model](task, roles, limit=limit)
    except NotCovered:
        pass
    try:
        shortest_plan(task, task.initial, limit=STATES)
    except EngineError:
        return False
    return True


def reference_plan(
    domain: str,
    task: Task,
    *,
    rng: random.Random | None = None,
    engine: str = "pyperplan",
    seconds: float = 60.0,
    to_teach: bool = False,
) -> Plan | None:
    """A checked plan for a task of any domain, None if there is none; `domain` is its name in errors.

    As `plan`; where that gives up, unified-planning's engine gets so many seconds.
    Raises EngineError if it is missing, fails or is stopped, BeyondStrips as `plan` does.
    """
    try:
        return plan(task, rng=rng, to_teach=to_teach)
    except EngineError:
        pass
    try:
        found = engine_plan(
            write_domain(task.domain), write_problem(task.problem), engine=engine, seconds=seconds
        )
    except EngineError as error:
        raise EngineError(f"{domain}, problem {task.problem.name}: {error}") from None
    return None if found is None else _checked(task, found)


def _starting_at(task: Task, state: State) -> Task:
    return task if state == task.initial else Task(task.domain, replace(task.problem, initial=state))


def _checked(task: Task, found: Plan) -> Plan:
    verdict = check_plan(task, found)
    if verdict.outcome is not Outcome.VALID:
        goal = " ".join(map(atom_text, sorted(task.goal)))
        raise PlannerFault(
            f"{task.problem.name}: the plan for {goal} does not hold: {verdict.first}\n{found}"
        )
    return found
