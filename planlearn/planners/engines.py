"""unified-planning's engines, each run in a process of its own that is killed at the time limit.

The process is there because pyperplan ignores its timeout, because it is GPL-3+ and must not be imported into
planlearn, and because a planner that runs out of memory should not take a training run along.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from types import MappingProxyType

from planlearn.errors import EngineError
from val_bridge import Call, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One of unified-planning's engines: what to install, and its parameters for any and for shortest plans.

    complete: a search that ends without a plan proves that there is none, though the engine does not say so.
    """

    module: str
    extra: str
    complete: bool
    any_plan: Mapping[str, str]
    shortest: Mapping[str, str]


ENGINES: Mapping[str, Engine] = MappingProxyType({
    "pyperplan": Engine(
        module="up_pyperplan",
        extra="plan",
        complete=True,
        any_plan={"search": "gbf", "heuristic": "hff"},
        shortest={"search": "astar", "heuristic": "lmcut"},
    ),
    "fast-downward": Engine(
        module="up_fast_downward",
        extra="fd",
        complete=False,
        any_plan={"fast_downward_alias": "lama-first"},
        shortest={"fast_downward_search_config": "astar(lmcut())"},
    ),
})  # fmt: skip


def engine_plan(
    domain_text: str,
    problem_text: str,
    *,
    engine: str = "pyperplan",
    optimal: bool = False,
    seconds: float = 60.0,
) -> Plan | None:
    """A plan that the engine found, None if it proved that there is none. Nobody has checked the plan yet.

    seconds: wall clock, start-up of the process included (about 1 s).
    Raises EngineError: no such engine, not installed, failed, stopped at the limit.
    """
    chosen = _installed(engine)
    request = {
        "domain": domain_text,
        "problem": problem_text,
        "engine": engine,
        "complete": chosen.complete,
        "cpu_seconds": ceil(seconds) + 1,
        "parameters": dict(chosen.shortest if optimal else chosen.any_plan),
    }
    # -P: the script's own folder stays off the path, where search.py would hide other people's modules.
    # A fixed hash seed: pyperplan walks through sets, and its plans would differ from run to run.
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("engine_process.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"},
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(json.dumps(request), timeout=seconds)
    except BaseException as error:
        _kill(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise EngineError(f"engine {engine!r} was stopped after {seconds:g} s without a plan") from None
        raise
    try:
        answer = json.loads(output)
    except ValueError:
        raise EngineError(f"engine {engine!r} ended with code {process.returncode} and no answer") from None
    match answer["status"]:
        case "solved":
            return Plan(calls=tuple(Call(name=name, arguments=tuple(rest)) for name, *rest in answer["plan"]))
        case "unsolvable":
            return None
        case _:
            raise EngineError(f"engine {engine!r} failed: {answer['why']}")


def _installed(name: str) -> Engine:
    if name not in ENGINES:
        raise EngineError(f"no engine {name!r}; known are {', '.join(ENGINES)}")
    engine = ENGINES[name]
    if find_spec("unified_planning") is None or find_spec(engine.module) is None:
        raise EngineError(f"engine {name!r} is not installed: planlearn's extra [{engine.extra}] brings it")
    return engine


def _kill(process: subprocess.Popen[str]) -> None:
    """End a process that still runs, and all that it started, and wait for it."""
    # Fast Downward runs as a child of the child; both are in the session that was started for them.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
