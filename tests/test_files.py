"""A folder that is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planlearn.errors import PlanlearnError, ResultExists
from planlearn.files import whole_folder


def test_a_folder_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with whole_folder(out) as work:  # an empty one is nobody's work
        (work / "a").write_text("1")
    with pytest.raises(ResultExists), whole_folder(out):
        pass
    with whole_folder(out, force=True) as work:
        assert (out / "a").read_text() == "1", "it stands until it is replaced"
        (work / "b").write_text("2")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "b"]


@pytest.mark.parametrize("there", [False, True])
def test_work_that_fails_leaves_what_was_there(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "out"
    if there:
        out.mkdir()
        (out / "a").write_text("1")
    with pytest.raises(KeyboardInterrupt), whole_folder(out, force=True) as work:
        (work / "b").write_text("2")
        raise KeyboardInterrupt
    assert sorted(path.name for path in tmp_path.rglob("*")) == (["a", "out"] if there else [])


def test_what_was_there_comes_back_when_the_new_one_cannot_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("1")
    real, asked = os.rename, []

    def second_fails(source: Path, target: Path) -> None:
        asked.append(source)
        if len(asked) == 2:
            raise PermissionError("no")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("planlearn.files.os.rename", second_fails)
        with pytest.raises(PermissionError), whole_folder(out, force=True) as work:
            (work / "b").write_text("2")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "out"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(PlanlearnError, match="is a file"), whole_folder(tmp_path / "out", force=True):
        pass
    assert (tmp_path / "out").read_text() == "mine"
