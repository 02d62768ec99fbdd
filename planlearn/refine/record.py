"""What happened in each round, as JSONL: written as it happens, read again by whatever goes on, draws or counts.

    rounds.jsonl               a row a round: {"schema", "round", "feedback", "objective", "weights", "attempts", "corrections",
                               "lessons", "stages", "validation", "seconds"}
    round-01/problems.jsonl    a row a problem: {"id", "domain", "size", "problem_class", "problem_pddl"}
    round-01/attempts.jsonl    a row an attempt: problem, prompt, answer, faults, feedback, tokens, seconds
    round-01/lessons-chain.jsonl, lessons-plan.jsonl    a row a lesson: the example's segments and their weights
    round-01/chain, plan       what a `Learner` leaves of a stage
    round-01/validation        results.json and samples.jsonl, greedy, no feedback
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.files import RowLog

SCHEMA = 1
PROBLEMS_FILE = "problems.jsonl"


def rounds_log(folder: Path) -> RowLog:
    """`rounds.jsonl` of a run. Raises PlanlearnError for rows of another schema or out of order."""
    log = RowLog(folder / "rounds.jsonl")
    for number, row in enumerate(log.rows, start=1):
        if not isinstance(row, dict):
            raise PlanlearnError(f"{log.path}:{number}: expected the row of a round, a JSON object")
        if row.get("schema") != SCHEMA or row.get("round") != number:
            raise PlanlearnError(f"{log.path}:{number}: expected round {number} in schema {SCHEMA}, found round "
                                 f"{row.get('round')} in schema {row.get('schema')}")
    return log


def finished_rounds(folder: Path) -> list[dict[str, Any]]:
    """The rows of `rounds.jsonl`; raises as `rounds_log`."""
    return rounds_log(folder).rows
