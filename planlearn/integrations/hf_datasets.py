"""A corpus, a problem set or a samples file for the library `datasets`: a folder for `load_from_disk`, or Parquet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.files import numbered_json, whole_folder

SPLITS = ("train", "validation", "test")
AS_TEXT = ("faults", "chain_faults")
"""Columns of samples whose records differ from kind to kind of fault, which Arrow's columns cannot: they become JSON as text."""


def save_dataset(source: Path, out: Path, *, parquet: bool = False, force: bool = False) -> dict[str, int]:
    """Write `out`, whole or not at all; gives the rows of each split.

    source: a corpus's folder, whose splits keep their names, or a JSONL file of problems or samples, which becomes split "test" (or the
    split whose name it has). parquet: a file a split instead of a folder for `load_from_disk`.
    Raises PlanlearnError for what cannot be read (file and line), where `datasets` is missing, and for Parquet that a corpus has already;
    ResultExists where `out` is there, unless forced.
    """
    files = _files(source)
    if parquet and source.is_dir() and all(path.with_suffix(".parquet").exists() for path in files.values()):
        raise PlanlearnError(f"{source} holds Parquet beside its JSONL already; copy it, or leave out the wish for Parquet")
    try:
        from datasets import Dataset, DatasetDict, disable_progress_bars
    except ImportError:
        raise PlanlearnError("datasets is missing; planlearn's extra [train] brings it") from None
    disable_progress_bars()  # they would mix with our own lines
    with whole_folder(out, force=force) as work:
        splits = DatasetDict({name: Dataset.from_list(_rows(path)) for name, path in files.items()})
        if parquet:
            for name, split in splits.items():
                split.to_parquet(str(work / f"{name}.parquet"))
        else:
            splits.save_to_disk(str(work))
        card = source / "README.md"
        if card.is_file():
            (work / card.name).write_bytes(card.read_bytes())
    return {name: len(split) for name, split in splits.items()}


def _files(source: Path) -> dict[str, Path]:
    if source.is_file():
        return {source.stem if source.stem in SPLITS else "test": source}
    found = {name: source / f"{name}.jsonl" for name in SPLITS if (source / f"{name}.jsonl").exists()}
    if not found:
        raise PlanlearnError(f"{source} holds no corpus (train.jsonl, validation.jsonl, test.jsonl) and is no JSONL file")
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, row in numbered_json(path):
        if not isinstance(row, dict):
            raise PlanlearnError(f"{path}:{number}: expected a JSON object, a row of a corpus, a problem set or samples")
        rows.append(row | {name: json.dumps(row[name], ensure_ascii=False) for name in AS_TEXT if row.get(name) is not None})
    if not rows:
        raise PlanlearnError(f"{path} holds no row")
    # `Dataset.from_list` takes the columns of the first row and drops those that a later one has besides.
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]
