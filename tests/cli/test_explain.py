"""`planlearn explain`: exit codes, plain text in a pipe, colour on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(pick-up a)\n(stack a b)\n", 0),
        ("(stack a b)\n", 1),
        ("(pick-up a)\n", 1),
        ("First, pick up a.\n", 2),
        ("pick-up a takes clear a, handempty, ontable a gives holding a\nPlan:\nunsolvable\n", 2),
        ('[{"state": ["(handempty)"]}]', 1),
        ('[{"state": "(handempty)"}]', 2),
        ("pick-up a takes clear a, handempty, ontable a gives holding a\nstack a b takes clear b, holding a gives clear a, handempty, on a b\n", 0),
        ("pick-up a takes clear a, handempty gives holding a\n", 1),
    ],
)
def test_the_exit_code_is_that_of_check(run: Run, files: Path, text: str, code: int) -> None:
    (files / "given").write_text(text)
    result = run("explain", "blocksworld", "p.pddl", "given")
    assert (result.exit_code, result.stderr) == (code, "")


def test_a_valid_plan_with_a_wrong_chain_is_not_zero(run: Run, files: Path) -> None:
    step = "pick-up a takes clear a, handempty, ontable a gives holding a\n{}stack a b takes clear b, holding a gives clear a, handempty, on a b\n"
    plan = "Plan:\npick-up a\nstack a b\n"
    (files / "right").write_text(step.format("state clear b, holding a, ontable b\n") + plan)
    (files / "wrong").write_text(step.format("state clear b, holding a\n") + plan)
    assert run("explain", "blocksworld", "p.pddl", "right").exit_code == 0
    assert run("explain", "blocksworld", "p.pddl", "wrong").exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("blocksworld", "p.pddl", "missing.plan"), "missing.plan: No such file or directory"),
        (("blocksworld", "broken.pddl", "good.plan"), "broken.pddl:2:1: expected"),
        (("blocksworld", "p.pddl", "good.plan", "--step", "3"), "--step 3: expected a step from 0, "),
    ],
)
def test_bad_input_is_one_line(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run("explain", *words)
    assert result.exit_code == 2 and result.stderr.startswith(f"planlearn: {said}") and result.stderr.count("\n") == 1


def test_one_step_alone_keeps_the_exit_code(run: Run) -> None:
    result = run("explain", "blocksworld", "p.pddl", "bad.plan", "--step", "1")
    assert result.exit_code == 1 and result.stdout.startswith("Before step 1\n") and "FAILS" in result.stdout


def on_a_terminal(folder: Path, *words: str, **environment: str) -> str:
    """What a command writes to a pseudo-terminal."""
    ours, theirs = pty.openpty()
    root = str(Path(__file__).parents[2])
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "planlearn", *words], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, cwd=folder,
        env=kept | {"PYTHONPATH": root, "TERM": "xterm-256color"} | environment,
    ) as process:  # fmt: skip
        os.close(theirs)
        read = b""
        while chunk := _read(ours):
            read += chunk
    os.close(ours)
    assert process.returncode == 1
    return read.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux: the other end is closed
        return b""


def test_colour_on_a_terminal_alone(run: Run, files: Path) -> None:
    piped = run("explain", "blocksworld", "p.pddl", "bad.plan").stdout
    assert "\x1b" not in piped
    coloured = on_a_terminal(files, "explain", "blocksworld", "p.pddl", "bad.plan", COLUMNS="100")
    assert "\x1b[1;31m✗ (holding a)\x1b[0m" in coloured
    without = on_a_terminal(files, "explain", "blocksworld", "p.pddl", "bad.plan", COLUMNS="100", NO_COLOR="1")
    assert without.replace("\r\n", "\n") == piped
