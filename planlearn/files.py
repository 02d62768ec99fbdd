"""Files and folders that are whole or not there: written beside, then renamed. A full disk is one clear sentence."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from planlearn.errors import DiskFull, PlanlearnError, ResultExists, is_disk_full


@contextmanager
def full_disk_is_named(folder: Path) -> Iterator[None]:
    """Turn "no space left", in the words of the system or of a library, into DiskFull, which names the folder."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        if is_disk_full(error):
            raise disk_full(folder) from error
        raise


def disk_full(place: Path) -> DiskFull:
    """The error that names the file or the folder for which no space is left."""
    return DiskFull(f"{place}: no space left on the device; free some and run the same command again")


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step. Raises DiskFull; nothing stays under the final name then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if is_disk_full(error):
            raise disk_full(path) from None
        raise


@contextmanager
def whole_folder(out: Path, *, force: bool = False) -> Iterator[Path]:
    """An empty folder to write in, which becomes `out` when the block ends well and is removed when it does not.

    Raises ResultExists where `out` is there and not empty, unless forced; then it stands until it is replaced. PlanlearnError where
    `out` is a file, DiskFull.
    """
    if out.exists() and not out.is_dir():
        raise PlanlearnError(f"{out} is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise ResultExists(f"{out} holds a finished result; choose another folder or force it")
    out.parent.mkdir(parents=True, exist_ok=True)
    work, old = (out.with_name(f".{out.name}.{os.getpid()}.{kind}") for kind in ("part", "old"))
    shutil.rmtree(work, ignore_errors=True)
    try:
        with full_disk_is_named(out):
            work.mkdir()
            yield work
        if out.exists():
            os.rename(out, old)
        os.rename(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if old.exists() and not out.exists():  # stopped between the two renames
            os.rename(old, out)
        shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one step, keys in the order given. Raises DiskFull."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def numbered_json(path: Path, error: type[PlanlearnError] = PlanlearnError) -> Iterator[tuple[int, Any]]:
    """(line number, value) of each line of a JSONL file that somebody else wrote, blank lines left out.

    Raises `error`, which names the file, the line and the column.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as wrong:
        raise error(f"{path}: not UTF-8 text (byte {wrong.start})") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except json.JSONDecodeError as wrong:
                raise error(f"{path}:{number}: no JSON object: {wrong.msg} at column {wrong.colno}") from None
            except RecursionError:
                raise error(f"{path}:{number}: nested too deeply") from None
            except ValueError as wrong:  # a number of thousands of digits
                raise error(f"{path}:{number}: {wrong}") from None
            yield number, value


def read_json_lines(path: Path) -> list[Any]:
    """The rows of a JSONL file; a last line without its newline, torn by a kill, is left out."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


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


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """All rows of a file in one step. Raises DiskFull."""
    write_text(path, "".join(map(_line, rows)))


def runs_folder() -> Path:
    """Where runs lie that were given no folder: PLANLEARN_RUNS, else data/runs."""
    return Path(os.environ.get("PLANLEARN_RUNS", "data/runs"))
