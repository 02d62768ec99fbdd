"""A recorded training -> what the report shows of it: curves of loss and validity, its evaluations, its rounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.evaluate.saved import SAMPLES_FILE
from planlearn.files import RowLog
from planlearn.progress import clock
from planlearn.report.entries import Entry
from planlearn.report.evaluation import evaluation, skill_section
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
        except (ValueError, KeyError, TypeError, AttributeError) as error:
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
            part, some = evaluation(path, f"Evaluation: {path.name}", {"split": path.name})
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
        loss = _loss(RowLog(log).rows) if log.exists() else []
        snapshots = RowLog(curve).rows if curve.exists() else []
        if not loss and not snapshots:
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
                chart("line", "Loss against minutes", x="minutes of training", y="loss", series={"loss": loss}),
                chart("line", "Error classes against examples", x="examples", y="answers", series={
                    cause: [[row["examples"], row["causes"].get(cause, 0)] for row in snapshots] for cause in causes
                }),
            ],
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise PlanlearnError(f"{folder}: training.jsonl or curve.jsonl is not a record of a training ({error!r})") from None


def _loss(rows: list[Json]) -> list[list[float]]:
    """(minutes, loss), minutes over all starts of a training that was killed."""
    points: list[list[float]] = []
    before, start, last = 0.0, None, 0.0
    for row in rows:
        if row["start"] != start:
            before, start = before + last, row["start"]
        last = float(row["seconds"])
        if isinstance(row.get("loss"), int | float):
            points.append([round((before + last) / 60, 3), row["loss"]])
    every = -(-len(points) // MOST_POINTS) or 1
    return points[::every]
