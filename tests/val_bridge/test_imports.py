"""val_bridge stays light: the standard library alone, loaded in milliseconds, exporting what it says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import val_bridge

FOLDER = Path(val_bridge.__file__).parent


def test_only_the_standard_library_is_imported():
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 15
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}: a relative import"
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] in sys.stdlib_module_names | {"val_bridge", "__future__"}, file


def test_rooms_import_only_rooms_to_their_left():
    rooms = ["pddl", "semantics", "check", "dialect"]
    for index, room in enumerate(rooms):
        for file in sorted((FOLDER / room).glob("*.py")):
            for right in rooms[index + 1 :]:
                assert f"val_bridge.{right}" not in file.read_text(encoding="utf-8"), file


def test_importing_takes_little_more_than_the_standard_library(keeping_bytecode):
    """In calls of functions, against those of what it imports of it; `tests/bench/bench_start.py` has seconds."""

    def calls(modules: str) -> int:
        code = (
            "import sys; calls = 0\n"
            "def count(*event): global calls; calls += 1\n"
            f"sys.setprofile(count); import {modules}; sys.setprofile(None); print(calls)"
        )
        runs = [
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parent, env=keeping_bytecode
            )
            for _ in range(2)
        ]
        return int(runs[1].stdout)  # the first may compile

    assert calls("val_bridge") < 3 * calls("dataclasses, fractions, pathlib, difflib, json")


def test_every_exported_name_exists_and_is_listed_once():
    assert val_bridge.__all__ == sorted(set(val_bridge.__all__))
    assert all(hasattr(val_bridge, name) for name in val_bridge.__all__)
