"""How well a model judges plans (Phase 1's own skill): VALID or INVALID, the failing step, the error class, a named atom.

The model is given held-out plans, half of them spoiled in one known way, and writes the judgement greedily; its last lines are
read by `planlearn.corpus.judge.read_judgement`. What cannot be read counts as wrong everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from planlearn.corpus.judge import Judgement, read_judgement
from planlearn.errors import PlanlearnError
from planlearn.evaluate.answers import Prompt
from planlearn.evaluate.intervals import wilson
from planlearn.evaluate.arms import Complete
from planlearn.evaluate.results import versions
from planlearn.files import RowLog, write_json
from planlearn.progress import Progress

SCHEMA = 1


def judged(row: Mapping[str, Any], answer: str) -> dict[str, Any]:
    """A row of samples.jsonl: what was planted, what was said, and which parts of it are right.

    row: a judged example of a corpus. step, error and atom are None where the plan is valid: there is nothing to name.
    """
    truth = read_judgement(str(row["completion"]))
    said = read_judgement(answer)
    assert truth.valid is not None, "a corpus holds judgements that can be read"
    right = {"verdict": said.valid is truth.valid, "step": None, "error": None, "atom": None}
    if not truth.valid:
        named = said.valid is False
        right |= {
            "step": named and said.step == truth.step and said.error is not None, "error": named and said.error is truth.error,
            "atom": named and bool(set(said.atoms) & set(truth.atoms)),
        }
    return {
        "id": row["id"], "error": truth.error.value if truth.error else "", "answer": answer, "said": _plain(said), "truth": _plain(truth),
        "right": right,
    }


def _plain(judgement: Judgement) -> dict[str, Any]:
    return {
        "valid": judgement.valid, "step": judgement.step, "error": judgement.error.value if judgement.error else None,
        "atoms": [" ".join(atom) for atom in judgement.atoms],
    }


def skill(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shares with Wilson intervals, over all rows of `judged` and by what was planted ("valid": nothing)."""

    def shares(some: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for part in ("verdict", "step", "error", "atom"):
            told = [row["right"][part] for row in some if row["right"][part] is not None]
            found[part] = wilson(sum(told), len(told)).to_dict() if told else None
        return found

    classes = sorted({row["error"] for row in rows})
    return {
        "n": len(rows), **shares(rows), "unreadable": sum(row["said"]["valid"] is None for row in rows),
        "by_error": {name or "valid": shares([row for row in rows if row["error"] == name]) for name in classes},
    }


def measure_skill(
    complete: Complete, rows: Iterable[Mapping[str, Any]], out: Path, *, max_tokens: int, about: Mapping[str, Any], weights: str
) -> dict[str, Any]:
    """Let the model judge each row's plan once; writes `samples.jsonl` and `skill.json` in `out` and gives the latter.

    Goes on where a killed one stopped, does nothing where it is finished. Raises PlanlearnError where `out` holds answers that
    another model or other plans gave.
    """
    rows = list(rows)
    path, samples = out / "skill.json", out / "samples.jsonl"
    asked = json.dumps([dict(about), max_tokens, weights, [[row["id"], row["prompt"]] for row in rows]], sort_keys=True)
    run = hashlib.sha256(asked.encode()).hexdigest()[:16]
    finished = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    if finished is not None and finished["run"] != run:
        raise PlanlearnError(f"{path}: of another model or other plans; choose another folder")
    if finished is not None:
        return finished
    log = RowLog(samples)
    done = log.rows
    if any(row["run"] != run for row in done):
        raise PlanlearnError(f"{samples}: written with other settings; choose another folder")
    known = {row["id"] for row in done}
    todo = {row["id"]: row for row in rows if row["id"] not in known}
    progress = Progress("judge", len(rows), "plans", start=len(done))
    for completion in complete([Prompt(id=name, text=row["prompt"]) for name, row in todo.items()]) if todo else ():
        log.append({"run": run, "tokens": completion.tokens, **judged(todo[completion.id], completion.text)})
        progress.update(len(done), f"{sum(one['right']['verdict'] for one in done)} right")
    progress.done, progress.note = len(done), f"{sum(one['right']['verdict'] for one in done)} right"
    progress.close()
    results = {"schema": SCHEMA, "run": run, "about": dict(about), "versions": versions(), "hashes": {"base_weights": weights}, "skill": skill(done)}
    write_json(path, results)
    return results


def skill_table(found: Mapping[str, Any]) -> str:
    """A line for all plans and one for each error class: percent right, with intervals."""
    from planlearn.evaluate.table import text_table

    def cell(share: Mapping[str, Any] | None) -> str:
        return "" if share is None else f"{100 * share['value']:.0f} ({100 * share['low']:.0f}-{100 * share['high']:.0f})"

    lines = [
        (name, shares["verdict"]["n"], *(cell(shares[part]) for part in ("verdict", "step", "error", "atom")))
        for name, shares in [("all", found), *found["by_error"].items()]
    ]
    return text_table(("plans", "n", "verdict %", "step %", "class %", "atom %"), lines)
