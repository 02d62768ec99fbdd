"""Files on which commands are run, and two ways to run them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from planlearn.cli import app

PROBLEM = """
(define (problem p) (:domain blocksworld-4ops) (:objects a b)
  (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))
"""
FILES = {
    "p.pddl": PROBLEM,
    "broken.pddl": "(define (problem p)\n",
    "good.plan": "(pick-up a)\n(stack a b)\n",
    "bad.plan": "(stack a b)\n",
    "prose.plan": "First, pick up a.\n",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of FILES, made the current one."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(files: Path) -> Callable[..., Result]:
    """Runs a command line inside this process; stdout and stderr come apart."""
    return lambda *words: CliRunner().invoke(app, words)


@pytest.fixture
def process(files: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command line as a user does: `python -m planlearn`, in a process of its own."""

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        root = str(Path(__file__).parents[2])
        return subprocess.run(
            [sys.executable, "-m", "planlearn", *words],
            env=os.environ | {"PYTHONPATH": root},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return start
