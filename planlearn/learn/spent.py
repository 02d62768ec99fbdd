"""The seconds that a training took so far, from its log; no torch, so that whoever only asks need not wait for it."""

from __future__ import annotations

from pathlib import Path

from planlearn.files import read_json_lines


def seconds_until(log: Path, step: float = float("inf")) -> float:
    """Seconds of training that a `Record`'s file tells of, killed starts included, until a step was first reached."""
    starts: dict[str, float] = {}
    for row in read_json_lines(log) if log.exists() else ():
        starts[row["start"]] = row["seconds"]
        if row["step"] >= step:
            break
    return sum(starts.values())
