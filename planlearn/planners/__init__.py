"""Reference plans: one checked plan for a task, the same in every process.

Takes a `Task` and gives a `Plan`. Blocksworld, Depots and Logistics have planners of their own, which know the domain
by its structure and so serve Mystery Blocksworld and any renaming; small tasks of other domains are searched
breadth-first over val_bridge's bit masks; the rest goes to unified-planning's engines. Every plan is judged
by `check_plan` before it is returned.

Rejected: engines for all (pyperplan needs seconds for seven packages, Fast Downward half a second to start,
and both would be needed to build a corpus); one general heuristic search (plans of 40 steps, hundreds a
second, are out of its reach in Python); shortest plans for Logistics (a hundred times the time for one step
in a thousand plans).
"""

from planlearn.planners.engines import ENGINES, Engine, engine_plan
from planlearn.planners.mutex import goal_conflict, is_conflict
from planlearn.planners.reference import PlannerFault, is_proven_shortest, plan, plan_from, reference_plan
from planlearn.planners.roles import Roles, recognise
from planlearn.planners.search import shortest_plan

__all__ = [
    "ENGINES",
    "Engine",
    "PlannerFault",
    "Roles",
    "engine_plan",
    "goal_conflict",
    "is_conflict",
    "is_proven_shortest",
    "plan",
    "plan_from",
    "recognise",
    "reference_plan",
    "shortest_plan",
]
