"""Rows of a samples.jsonl as somebody brings them: of this version or an older one, finished or still growing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from planlearn.evaluate.samples import SamplesError

SAMPLES_FILE = "samples.jsonl"
NEEDED = ("domain", "arm", "id", "size", "prompt", "answer", "outcome")
"""Fields that rows of every version have; `planlearn.evaluate.scoring` says what stands in them."""

SavedRows = list[tuple[int, dict[str, Any]]]
"""(line number, row), in the file's order."""


def samples_file(path: Path) -> Path:
    """The file itself, or the one in a run's folder. Raises SamplesError for a folder without one, OSError for nothing there."""
    if not path.is_dir():
        return path
    if not (path / SAMPLES_FILE).exists():
        raise SamplesError(f"{path}: no {SAMPLES_FILE} in this folder; name a run's folder or its samples")
    return path / SAMPLES_FILE


def holds_samples(path: Path) -> bool:
    """Whether a file's first row is one of samples.jsonl: it says what was answered, and already with which outcome."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "instance_set" not in row and {"answer", "outcome"} <= row.keys()


def saved_rows(path: Path) -> SavedRows:
    """Every row, each with the fields of NEEDED; a last line that a kill tore is left out.

    Raises SamplesError, which names the file and the line: for what is no row, for a second row of one answer, and where there is none.
    """
    rows: SavedRows = []
    seen: dict[tuple[Any, ...], int] = {}
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == len(lines) and rows:
                break
            raise SamplesError(f"{path}:{number}: not a row of samples ({error})") from None
        missing = [name for name in NEEDED if name not in row] if isinstance(row, dict) else ["answer"]
        if missing:
            raise SamplesError(f"{path}:{number}: not a row of samples, field {missing[0]!r} is missing")
        if not all(isinstance(row[name], str) for name in NEEDED):
            wrong = next(name for name in NEEDED if not isinstance(row[name], str))
            raise SamplesError(f"{path}:{number}: {wrong}: expected a text")
        key = row["domain"], row["arm"], row["id"], row.get("attempt", 1)
        if key in seen:
            raise SamplesError(f"{path}:{number}: the same answer ({'/'.join(map(str, key))}) as in line {seen[key]}")
        seen[key] = number
        rows.append((number, row))
    if not rows:
        raise SamplesError(f"{path}: no row of samples in it")
    return rows
