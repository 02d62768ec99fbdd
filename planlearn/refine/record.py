"""What happened in each round, as JSONL: written as it happens, read again by whatever goes on, draws or counts.

    rounds.jsonl               a row a round: {"schema", "round", "feedback", "objective", "weights", "attempts", "corrections",
                               "lessons", "stages", "validation", "seconds"}
    round-01/attempts.jsonl    a row an attempt: problem, prompt, answer, faults, feedback, tokens, seconds
    round-01/lessons-chain.jsonl, lessons-plan.jsonl    a row a lesson: the example's segments and their weights
    round-01/chain, plan       what a `Learner` leaves of a stage
    round-01/validation        results.json and samples.jsonl, greedy, no feedback
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.files import read_json_lines, write_text

SCHEMA = 1


class RowLog:
    """Rows of JSON, appended one by one; a last row that a kill tore is dropped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        if path.exists():
            try:
                self.rows = read_json_lines(path)
            except ValueError as error:
                raise PlanlearnError(f"{path}: not rows of JSON ({error}); mend or remove the file") from None
            if not path.read_bytes().endswith(b"\n"):
                write_text(path, "".join(map(_line, self.rows)))

    def append(self, row: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(row))
            file.flush()
        self.rows.append(row)


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """All rows of a file in one step. Raises DiskFull."""
    write_text(path, "".join(map(_line, rows)))


def finished_rounds(folder: Path) -> list[dict[str, Any]]:
    """The rows of `rounds.jsonl`. Raises PlanlearnError for those of another schema or out of order."""
    log = RowLog(folder / "rounds.jsonl")
    for number, row in enumerate(log.rows, start=1):
        if row.get("schema") != SCHEMA or row.get("round") != number:
            raise PlanlearnError(f"{log.path}:{number}: expected round {number} in schema {SCHEMA}, found round "
                                 f"{row.get('round')} in schema {row.get('schema')}")
    return log.rows
