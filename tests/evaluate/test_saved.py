"""Samples files as they come: torn, doubled, damaged, of older releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.evaluate.samples import SamplesError
from planlearn.evaluate.saved import holds_samples, samples_file, saved_rows

ROW = {"domain": "blocksworld", "arm": "greedy", "id": "p1", "size": "5", "prompt": "ask", "answer": "Plan:", "outcome": "valid"}


def written(path: Path, *rows: Any, end: str = "\n") -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + end)
    return path


def test_rows_have_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "samples.jsonl", ROW, "", ROW | {"attempt": 2}, ROW | {"arm": "base"})
    assert [(number, row["arm"], row.get("attempt", 1)) for number, row in saved_rows(path)] == [(1, "greedy", 1), (3, "greedy", 2), (4, "base", 1)]


def test_a_torn_last_line_is_left_out_and_a_whole_one_without_its_end_is_not(tmp_path: Path) -> None:
    torn = written(tmp_path / "torn.jsonl", ROW, '{"domain": "blo', end="")
    assert len(saved_rows(torn)) == 1
    whole = written(tmp_path / "whole.jsonl", ROW, ROW | {"id": "p2"}, end="")
    assert len(saved_rows(whole)) == 2


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (['{"domain": "blo', ROW], ":1: not a row of samples"),
        ([ROW, [1]], ":2: not a row of samples, field 'answer' is missing"),
        ([ROW, {key: ROW[key] for key in ROW if key != "outcome"}], ":2: not a row of samples, field 'outcome' is missing"),
        ([ROW | {"id": 7}], ":1: id: expected a text"),
        ([ROW, ROW | {"answer": "other"}], r":2: the same answer \(blocksworld/greedy/p1/1\) as in line 1"),
        ([""], ": no row of samples in it"),
        (["{"], ":1: not a row of samples"),
    ],
)
def test_what_is_no_row_is_named(tmp_path: Path, rows: list[Any], sentence: str) -> None:
    path = written(tmp_path / "samples.jsonl", *rows, end="" if rows == ["{"] else "\n")
    with pytest.raises(SamplesError, match=f"samples.jsonl{sentence}"):
        saved_rows(path)


def test_a_runs_folder_stands_for_its_samples(tmp_path: Path) -> None:
    with pytest.raises(SamplesError, match=r"no samples.jsonl in this folder"):
        samples_file(tmp_path)
    path = written(tmp_path / "samples.jsonl", ROW)
    assert samples_file(tmp_path) == samples_file(path) == path


@pytest.mark.parametrize(
    ("first", "is_one"),
    [
        (ROW, True), ({"instance_set": "s", "instance_id": 1, "response": ""}, False), ({"answer": "", "outcome": "valid", "instance_set": "s"}, False),
        ("{", False), ([], False),
    ],  # fmt: skip
)
def test_samples_are_told_from_recorded_answers_by_their_first_row(tmp_path: Path, first: Any, is_one: bool) -> None:
    assert holds_samples(written(tmp_path / "a.jsonl", "", first)) is is_one
