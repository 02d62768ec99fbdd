"""The process that a planning engine runs in. Started by `engines`, by path: it imports nothing of planlearn.

Reads one JSON object from standard input (domain, problem, engine, complete, parameters, cpu_seconds) and
writes one to standard output: {"status": "solved", "plan": [[name, argument, ...], ...]},
{"status": "unsolvable"} or {"status": "failed", "why": ...}. pyperplan is GPL-3+: it is imported here alone,
behind a process boundary.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    request = json.load(sys.stdin)
    # Should the parent be killed, nobody ends this process or what the engine starts: they end themselves.
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_seconds"], request["cpu_seconds"]))
    # Engines print what they like; only the answer may reach the parent.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        result = solve(request)
    except Exception as error:  # whatever an engine raises is its failure, not the parent's
        result = {"status": "failed", "why": f"{type(error).__name__}: {error}".splitlines()[0]}
    json.dump(result, answer)
    answer.close()


def solve(request: dict[str, Any]) -> dict[str, Any]:
    from unified_planning.engines import PlanGenerationResultStatus as Status
    from unified_planning.io import PDDLReader
    from unified_planning.shortcuts import OneshotPlanner, get_environment

    get_environment().credits_stream = None
    problem = PDDLReader().parse_problem_string(request["domain"], request["problem"])
    with OneshotPlanner(name=request["engine"], params=request["parameters"]) as planner:
        result = planner.solve(problem)
    if result.plan is not None:
        steps = [[a.action.name, *map(str, a.actual_parameters)] for a in result.plan.actions]
        return {"status": "solved", "plan": [[name.lower() for name in step] for step in steps]}
    exhausted = request["complete"] and result.status == Status.UNSOLVABLE_INCOMPLETELY
    if exhausted or result.status == Status.UNSOLVABLE_PROVEN:
        return {"status": "unsolvable"}
    return {"status": "failed", "why": result.status.name.lower().replace("_", " ")}


if __name__ == "__main__":
    main()
