"""A recorded training -> what the report shows of it: curves of loss and validity, its evaluations, its rounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.evaluate.saved import SAMPLES_FILE
from planlearn.progress import clock
from planlearn.refine.record import whole_rows
from planlearn.report.entries import Entry
from planlearn.report.evaluation import measured, results_of, skill_section
from planlearn.report.figures import Json, chart, point, section, share, table
from planlearn.report.refinement import is_refinement, refinement

MOST_POINTS = 400
"""Points of a loss curve that are drawn; of longer ones every so many-th."""


def is_training(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("training.jsonl", "curve.jsonl", "record.json", "refine", "evaluation"))


def training_facts(folder: Path) -> list[tuple[str, str]]:
    """(what, its value) of recipe.yaml and record.json. Raises PlanlearnError."""
    facts = []
    recipe = _recipe(folder / "recipe.yaml")
    for key, value in _flat(recipe):
        if key in ("domain", "model", "seed", "minutes"):
            facts.append((key, value))
    if recipe:
        facts.append(("recipe", "; ".join(f"{key}={value}" for key, value in _flat(recipe))))
    record = folder / "record.json"
    if record.exists():
        try:
            seconds = json.loads(record.read_text(encoding="utf-8"))["seconds"]
            facts.append(("time", ", ".join(f"{part} {clock(float(spent))}" for part, spent in seconds.items())))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise PlanlearnError(f"{record}: not the record of a run ({error})") from None
    return facts


def _recipe(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError):
        raise PlanlearnError(f"{path}: not YAML") from None


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(one, f"{prefix}.{key}" if prefix else str(key))
    elif value is not None:
        yield prefix, value if isinstance(value, str) else json.dumps(value, default=str)


def training(folder: Path) -> tuple[list[Json], list[Entry]]:
    """(sections, entries). Raises PlanlearnError, OSError."""
    sections: list[Json] = []
    entries: list[Entry] = []
    if (curves := _curves(folder)) is not None:
        sections.append(curves)
    evaluations = folder / "evaluation"
    for path in sorted(evaluations.iterdir()) if evaluations.is_dir() else ():
        if (path / "skill.json").exists():
            sections.append(skill_section(path))
        elif (path / SAMPLES_FILE).exists():
            part, some = measured(path, f"Evaluation: {path.name}", {"split": path.name})
            sections.append(part)
            entries += some
    if is_refinement(folder / "refine"):
        part, some = refinement(folder / "refine", "Rounds of refinement", {})
        sections.append(part)
        entries += some
    return sections, entries


def _curves(folder: Path) -> Json | None:
    log, curve = folder / "training.jsonl", folder / "curve.jsonl"
    try:
        loss, none = _loss(whole_rows(log)) if log.exists() else ([], 0)
        snapshots = whole_rows(curve) if curve.exists() else []
        by_step = [] if snapshots else _measured_so_far(folder / "evaluation" / "curve")
        if not loss and not none and not snapshots and not by_step:
            return None
        valid = {what: [one for row in snapshots for one in point(row[what], row["plan_validity"])] for what in ("minutes", "examples")}
        causes = sorted({cause for row in snapshots for cause, count in row["causes"].items() if count})
        rows = [
            (False, [f"{row['minutes']}", f"{row['examples']:,}", f"{row['tokens']:,}", share(row["plan_validity"]), str(row["plan_validity"]["n"])])
            for row in snapshots if row["plan_validity"] is not None
        ]  # fmt: skip
        return section(
            "Training (phase 1)",
            tables=[table("Snapshots on validation problems", ["minutes", "examples", "tokens", "plan validity", "n"], rows)] if rows else [],
            charts=[
                chart("line", "Plan validity against minutes", x="minutes of training", y="plan validity", percent=True, series={"validation": valid["minutes"]}),
                chart("line", "Plan validity against examples", x="examples", y="plan validity", percent=True, series={"validation": valid["examples"]}),
                chart("line", "Plan validity against steps", x="steps of training", y="plan validity", percent=True, series={"validation": by_step}),
                chart("line", "Loss against minutes", x="minutes of training", y="loss", series={"loss": loss}),
                chart("line", "Error classes against examples", x="examples", y="answers", series={
                    cause: [[row["examples"], row["causes"].get(cause, 0)] for row in snapshots] for cause in causes
                }),
            ],
            notes=[f"{none:,} losses are no numbers (NaN or infinite) and not drawn."] if none else [],
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PlanlearnError(f"{folder}: training.jsonl or curve.jsonl is not a record of a training ({error!r})") from None


def _measured_so_far(folder: Path) -> list[list[float]]:
    """Validity against steps by the snapshots that are measured already, each in a folder of its own: step-900."""
    steps = sorted((int(path.name[5:]), path) for path in folder.glob("step-*") if path.name[5:].isdecimal())
    return [
        one for step, path in steps for arms in results_of(path).get("results", {}).values() if "greedy" in arms
        for one in point(step, arms["greedy"]["plan_validity"])
    ]  # fmt: skip


def _loss(rows: list[Json]) -> tuple[list[list[float]], int]:
    """((minutes, loss) of each row, minutes over all starts of a training that was killed; how many losses are no numbers)."""
    points: list[list[float]] = []
    before, start, last, none = 0.0, None, 0.0, 0
    for row in rows:
        if row["start"] != start:
            before, start = before + last, row["start"]
        last = float(row["seconds"])
        loss = row.get("loss")
        if isinstance(loss, int | float) and math.isfinite(loss):
            points.append([round((before + last) / 60, 3), loss])
        elif isinstance(loss, float):
            none += 1
    every = -(-len(points) // MOST_POINTS) or 1
    return points[::every], none
