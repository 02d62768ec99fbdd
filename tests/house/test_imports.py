"""Imports point one way, and torch sleeps until it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAINING = {"torch", "transformers", "trl", "peft", "accelerate"}
HEAVY = TRAINING | {"datasets", "safetensors", "gguf", "tokenizers", "numpy", "scipy"}
TRAINING_ROOMS = {"models", "learn"}
# The order of the rooms: a room imports rooms to its left alone.
ROOMS = (
    "recipes", "problems", "planners", "chains", "feedback", "corpus", "evaluate", "endpoint", "refine",
    "integrations", "models", "learn", "ablate", "report", "serve", "cli",
)  # fmt: skip
# Modules beside the rooms: they know no room.
GROUND = {"errors", "files", "progress", "resources", "__init__"}
ENTRY = {"__main__"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """The dotted names that a module imports, wherever in it; `if TYPE_CHECKING:` blocks are no imports."""
    names: set[str] = set()
    package = list(path.relative_to(ROOT).parent.parts)

    class Visitor(ast.NodeVisitor):
        def visit_If(self, node: ast.If) -> None:
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                for child in node.orelse:
                    self.visit(child)
            else:
                self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            names.update(alias.name for alias in node.names)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)

    Visitor().visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return names


def room(name: str) -> str:
    """`planlearn.models.load` -> `models`; "" for the package itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def top(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_the_sweep_finds_every_module() -> None:
    """A sweep that finds nothing passes everything; these modules must be among what it finds."""
    found = {module_name(path) for path in modules("planlearn") + modules("val_bridge")}
    assert len(found) >= 50
    assert {
        "val_bridge",
        "val_bridge.pddl.read",
        "planlearn",
        "planlearn.errors",
        "planlearn.models.load",
    } <= found
    rooms = {room(name) for name in found if name.startswith("planlearn.")}
    assert rooms <= {*ROOMS, *GROUND, *ENTRY}, "a new room: say where it stands in ROOMS"
    assert {"problems", "chains", "feedback", "corpus", "evaluate", "models", "learn", "cli"} <= rooms


def test_the_reader_of_imports_sees_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain, from, relative and inner imports; none that only a type checker makes."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module = tmp_path / "pkg" / "room" / "m.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import a.b\nfrom c import d\nfrom . import e\nfrom ..f import g\n"
        "if TYPE_CHECKING:\n    import never\nelse:\n    import other\n"
        "def h():\n    import torch.nn as nn\n"
    )
    assert imported(module) == {
        "a.b", "c", "c.d", "pkg.room", "pkg.room.e", "pkg.f", "pkg.f.g", "other", "torch.nn",
    }  # fmt: skip


@pytest.mark.parametrize("path", modules("val_bridge"), ids=module_name)
def test_val_bridge_needs_the_standard_library_alone(path: Path) -> None:
    assert top(imported(path)) - sys.stdlib_module_names <= {"val_bridge"}


@pytest.mark.parametrize("path", modules("planlearn"), ids=module_name)
def test_torch_is_imported_in_the_training_rooms_alone(path: Path) -> None:
    if room(module_name(path)) not in TRAINING_ROOMS:
        assert not top(imported(path)) & TRAINING


@pytest.mark.parametrize("path", modules("planlearn"), ids=module_name)
def test_rooms_import_what_stands_to_their_left(path: Path) -> None:
    own = room(module_name(path))
    rooms = {room(name) for name in imported(path) if name.startswith("planlearn.")} - {""}
    if own in ROOMS:
        left = set(ROOMS[: ROOMS.index(own) + 1])
        assert rooms & set(ROOMS) <= left
    elif own not in ENTRY:
        assert not rooms & set(ROOMS)


def loaded_modules(program: str) -> set[str]:
    """The top-level modules that are loaded after a program has run in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('\\n'.join(sys.modules))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return top(set(done.stdout.split()))


def light_packages() -> list[str]:
    """The two packages and every room: what is heavy is imported when it is used."""
    rooms = [path.parent.name for path in sorted((ROOT / "planlearn").glob("*/__init__.py"))]
    return ["val_bridge", "planlearn", *(f"planlearn.{name}" for name in rooms)]


@pytest.mark.parametrize("package", light_packages())
def test_importing_a_package_leaves_torch_asleep(package: str) -> None:
    assert not loaded_modules(f"import {package}") & HEAVY


def test_val_bridge_loads_no_planlearn() -> None:
    assert "planlearn" not in loaded_modules("import val_bridge")


def test_the_sleepers_are_seen_when_they_wake() -> None:
    """The check above would notice: one of the heavy packages, imported on purpose, is reported."""
    assert "safetensors" in loaded_modules("import safetensors")


def test_help_leaves_torch_asleep() -> None:
    program = (
        "import sys\nsys.argv = ['planlearn', '--help']\nimport contextlib, io\n"
        "from planlearn.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main()"
    )
    assert not loaded_modules(program) & HEAVY
