"""The lesson's commands print what the lesson says that they print."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planlearn.cli import app

LESSON = Path(__file__).parents[2] / "data" / "lesson"
README = (LESSON / "README.md").read_text(encoding="utf-8")
CONSOLES = re.findall(r"^```console\n(.*?)^```$", README, re.M | re.S)
COMMANDS = [
    (command, output)
    for console in CONSOLES
    for command, output in re.findall(r"^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", console, re.M | re.S)
]


def printed(words: list[str]) -> str:
    """What a command writes to standard output; it must write nothing to standard error."""
    if words[0] == "planlearn":
        result = CliRunner().invoke(app, words[1:])
        assert (result.exit_code in (0, 1), result.stderr) == (True, "")
        return result.stdout
    assert words[0] in ("cat", "diff") and shutil.which(words[0])
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ran.returncode in (0, 1), ran.stderr) == (True, "")
    return ran.stdout


def fits(shown: str, output: str) -> bool:
    """Whether a command's output is what is shown, where a line `...` stands for one line or more."""
    parts = [re.escape(part) for part in re.split(r"^\.\.\.\n", shown, flags=re.M)]
    return re.fullmatch(r"(?:[^\n]*\n)+?".join(parts), output) is not None


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the lesson's folder, made the current one."""
    shutil.copytree(LESSON, tmp_path / "lesson")
    monkeypatch.chdir(tmp_path / "lesson")
    return tmp_path / "lesson"


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_prints_what_the_lesson_shows(here: Path, command: str, output: str) -> None:
    told = printed(shlex.split(command))
    assert fits(output, told), told


def test_the_commands_are_all_there() -> None:
    named = {command.split()[1] for command, _ in COMMANDS if command.startswith("planlearn ")}
    assert named == {"explain", "check", "check-chain", "faults"} and len(COMMANDS) > 10
    assert README.count("\n$ ") == len(COMMANDS), "a command stands outside a console block"


def test_three_points_stand_for_lines_and_nothing_else() -> None:
    assert fits("a\n...\nd\n", "a\nb\nc\nd\n") and fits("...\nd\n", "c\nd\n") and fits("a\n", "a\n")
    assert not fits("a\n...\nd\n", "a\nd\n") and not fits("a\n", "a\nb\n") and not fits("a.\n", "ab\n") and not fits("a\n...\n", "a\nb")


def test_every_file_is_used_and_every_file_named_is_there() -> None:
    there = {path.name for path in LESSON.iterdir()} - {"README.md"}
    assert there == set(re.findall(r"[\w-]+\.(?:pddl|plan|txt)", README))


def check(words: str, code: int) -> str:
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == code, result.output
    return result.stdout


def test_what_the_solutions_say_is_so(here: Path) -> None:
    wrong = (here / "forgetful.txt").read_text().splitlines()
    right = (here / "chain.txt").read_text().splitlines()
    # C: with the first line alone mended, step 4 is at fault.
    (here / "half.txt").write_text("\n".join([*right[:8], *wrong[8:]]) + "\n")
    assert "step 4, (stack blue green), fails" in check("check-chain blocksworld blocks.pddl half.txt", 1)
    check("check-chain blocksworld blocks.pddl chain.txt", 0)
    # D: a longer plan is valid.
    (here / "long.plan").write_text("(pick-up green)\n(put-down green)\n" + (here / "second.plan").read_text())
    check("check blocksworld blocks.pddl long.plan", 0)
    # The chain is wrong, its plan is not.
    assert "The plan is valid. The chain is invalid: step 3" in check("explain blocksworld blocks.pddl forgetful.txt", 1)


def test_the_action_that_the_lesson_prints_is_the_domains() -> None:
    from planlearn.problems import domain_text

    (shown,) = re.findall(r"^```text\n(\(:action.*?)^```$", README, re.M | re.S)
    assert " ".join(shown.split()) in " ".join(domain_text("blocksworld").split())
