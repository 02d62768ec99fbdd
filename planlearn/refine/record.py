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

import json
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.files import RowLog

SCHEMA = 1
PROBLEMS_FILE = "problems.jsonl"
ROUNDS_FILE = "rounds.jsonl"


def rounds_log(folder: Path) -> RowLog:
    """`rounds.jsonl` of a run, to go on with. Raises PlanlearnError for rows of another schema or out of order."""
    log = RowLog(folder / ROUNDS_FILE)
    _refuse_others(log.path, log.rows)
    return log


def finished_rounds(folder: Path) -> list[dict[str, Any]]:
    """The rows of `rounds.jsonl`, [] where there is none; raises as `rounds_log`, and leaves the file as it is."""
    path = folder / ROUNDS_FILE
    rows = whole_rows(path) if path.exists() else []
    _refuse_others(path, rows)
    return rows


def whole_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a log as `RowLog` reads them, for somebody who only looks: another process may be in the middle of the last row.

    Raises PlanlearnError for a line that is no JSON.
    """
    whole, newline, _ = path.read_bytes().rpartition(b"\n")
    try:
        return [json.loads(line) for line in whole.decode("utf-8").split("\n")] if newline else []
    except (ValueError, RecursionError) as error:
        raise PlanlearnError(f"{path}: not rows of JSON ({error}); mend or remove the file") from None


def _refuse_others(path: Path, rows: list[dict[str, Any]]) -> None:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise PlanlearnError(f"{path}:{number}: expected the row of a round, a JSON object")
        if row.get("schema") != SCHEMA or row.get("round") != number:
            raise PlanlearnError(f"{path}:{number}: expected round {number} in schema {SCHEMA}, found round "
                                 f"{row.get('round')} in schema {row.get('schema')}")
