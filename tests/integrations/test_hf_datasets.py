"""Corpora, problem sets and samples as the library datasets reads them; a folder that is there is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.errors import PlanlearnError
from planlearn.integrations import save_dataset
from tests.evaluate.answers import FRAME, GOAL_MISSED, INAPPLICABLE, UNREADABLE, VALID, record

datasets = pytest.importorskip("datasets", reason="the train extra is not installed")


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_problem_set_comes_back_as_it_was(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    given = [*rows, rows[0] | {"id": "none", "steps": None, "solvable": False}]
    assert save_dataset(lines(tmp_path / "set.jsonl", given), tmp_path / "out") == {"test": len(given)}
    back = datasets.load_from_disk(str(tmp_path / "out"))["test"]
    assert [{key: row[key] for key in rows[0]} for row in back] == [{key: row[key] for key in rows[0]} for row in given]
    assert back[-1]["solvable"] is False and back[0]["solvable"] is None


def test_samples_come_back_with_their_faults_as_text(tmp_path: Path) -> None:
    """Records of different kinds of faults have different fields, and Arrow has columns."""
    records = [record(text, f"p{n}") for n, text in enumerate((VALID, GOAL_MISSED, INAPPLICABLE, UNREADABLE, FRAME))]
    given = [{"run": "x"} | one.to_row() for one in records]
    for parquet in (False, True):
        out = tmp_path / f"out{parquet}"
        save_dataset(lines(tmp_path / "samples.jsonl", given), out, parquet=parquet)
        if parquet:
            back = datasets.Dataset.from_parquet(str(out / "test.parquet"), cache_dir=str(tmp_path / "cache"))
        else:
            back = datasets.load_from_disk(str(out))["test"]
        for row, original in zip(back, given, strict=True):
            assert json.loads(row["faults"]) == original["faults"]
            assert (json.loads(row["chain_faults"]) if row["chain_faults"] else None) == original["chain_faults"]
            assert {k: v for k, v in row.items() if "faults" not in k} == {k: v for k, v in original.items() if "faults" not in k}


def corpus(folder: Path) -> Path:
    folder.mkdir()
    for name in ("train", "validation", "test"):
        segments = [{"role": "prompt", "text": "p"}, {"role": "plan", "text": name}]
        lines(folder / f"{name}.jsonl", [{"prompt": "p", "completion": name, "segments": segments}])
    (folder / "README.md").write_text("the card")
    return folder


def test_a_corpus_keeps_its_splits_and_its_card(tmp_path: Path) -> None:
    assert save_dataset(corpus(tmp_path / "c"), tmp_path / "out") == {"train": 1, "validation": 1, "test": 1}
    back = datasets.load_from_disk(str(tmp_path / "out"))
    segments = [{"role": "prompt", "text": "p"}, {"role": "plan", "text": "validation"}]
    assert back["validation"][0] == {"prompt": "p", "completion": "validation", "segments": segments}
    assert (tmp_path / "out" / "README.md").read_text() == "the card"


def test_parquet_that_a_corpus_has_is_not_written_twice(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "c")
    save_dataset(folder, tmp_path / "out", parquet=True)
    for name in ("train", "validation", "test"):
        (tmp_path / "out" / f"{name}.parquet").rename(folder / f"{name}.parquet")
    with pytest.raises(PlanlearnError, match="Parquet beside its JSONL already"):
        save_dataset(folder, tmp_path / "again", parquet=True)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("text", "words"), [("", "holds no row"), ("[1]\n", r"x\.jsonl:1: expected a JSON object"), ('{"a": 1}\n{"a"\n', r"x\.jsonl:2")]
)
def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(PlanlearnError, match=words):
        save_dataset(tmp_path / "x.jsonl", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]


def test_a_folder_without_a_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanlearnError, match="holds no corpus"):
        save_dataset(tmp_path, tmp_path / "out")
