"""Files that are whole or not there: written beside, then renamed. A full disk is one clear sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from planlearn.errors import DiskFull, is_disk_full


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
            raise DiskFull(f"{path}: no space left on the device; free some and run the same command again") from None
        raise


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one step, keys in the order given. Raises DiskFull."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json_lines(path: Path) -> list[Any]:
    """The rows of a JSONL file; a last line without its newline, torn by a kill, is left out."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
