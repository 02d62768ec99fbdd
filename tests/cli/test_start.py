"""The command line as a process: it starts light, and its codes reach the shell."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from planlearn import __version__

Start = Callable[..., subprocess.CompletedProcess[str]]

HEAVY = ("torch", "transformers", "jinja2", "pydantic", "yaml", "rich", "numpy", "unified_planning")


def test_help_wakes_nothing_heavy() -> None:
    """What --help imports decides how long it takes; a list cannot flicker as a stopwatch does."""
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom planlearn.cli import app\n"
        "shown = CliRunner().invoke(app, ['--help'])\nassert 'check' in shown.output, shown\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_help_takes_little_more_than_the_library_that_prints_it(keeping_bytecode: dict[str, str]) -> None:
    """In calls of functions, which repeat where seconds do not; `tests/bench/bench_start.py` has seconds."""
    root = Path(__file__).parents[2]

    def calls(program: str) -> int:
        counted = (
            "import sys; calls = 0\ndef count(*event): global calls; calls += 1\nsys.setprofile(count)\n"
            f"try:\n    {program}\nexcept SystemExit:\n    pass\nsys.setprofile(None); print('\\ncalls', calls)"
        )
        runs = [
            subprocess.run(
                [sys.executable, "-c", counted], cwd=root, capture_output=True, text=True, check=True, env=keeping_bytecode
            ).stdout
            for _ in range(2)
        ]
        return int(runs[1].rpartition("calls")[2])  # the first may compile

    ours = calls("sys.argv = ['planlearn', '--help']; from planlearn.cli import main; main()")
    typers = calls("import typer, click; typer.main.get_command(typer.Typer(callback=print))")
    assert ours < 2 * typers


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["check", "blocksworld", "p.pddl", "good.plan"], 0),
        (["check", "blocksworld", "p.pddl", "bad.plan"], 1),
        (["check", "blocksworld", "p.pddl", "prose.plan"], 2),
        (["check", "blocksworld"], 2),
        (["chek"], 2),
        (["check", "blocksworld", "broken.pddl", "good.plan"], 2),
    ],
)
def test_exit_codes_reach_the_shell(process: Start, words: list[str], code: int) -> None:
    result = process(*words)
    assert result.returncode == code
    assert "Traceback" not in result.stderr


def test_version(process: Start) -> None:
    assert process("--version").stdout == f"planlearn {__version__}\n"


def test_a_misspelt_command_is_answered_with_the_nearest(process: Start) -> None:
    assert "Did you mean 'check'?" in process("chek").stderr


def test_every_module_of_the_room_is_loaded() -> None:
    """A new command is one new file: nothing else lists it."""
    import planlearn.cli

    folder = Path(planlearn.cli.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert "check" in names and all(f"planlearn.cli.{name}" in sys.modules for name in names)
