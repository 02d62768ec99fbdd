"""The machinery behind the wording."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from planlearn.feedback import detailed_feedback, render, template_hash
from planlearn.feedback.render import TEMPLATES
from val_bridge import check_plan_text, read_task

ALL_TEXTS = """
from planlearn.feedback import detailed_feedback, template_hash
from tests.feedback.ferry import FAULTY, OTHERS, TASK
print(template_hash())
for make in [*FAULTY.values(), *OTHERS.values()]:
    print(detailed_feedback(make(), TASK).text)
"""


def test_the_order_of_sets_never_shows() -> None:
    """Two processes with different hash seeds say the same, byte by byte."""

    def say(seed: str) -> bytes:
        root = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        return subprocess.run(
            [sys.executable, "-c", ALL_TEXTS], env=environment, check=True, capture_output=True
        ).stdout

    assert say("1") == say("2") != b""


def test_template_hash_sees_every_byte_and_every_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = template_hash()
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES, copy)
    monkeypatch.setattr(render, "TEMPLATES", copy)
    assert template_hash() == before
    (copy / "faults" / "goal.jinja").rename(copy / "faults" / "goal2.jinja")
    renamed = template_hash()
    with (copy / "binary.jinja").open("a") as file:
        file.write(" ")
    assert len({before, renamed, template_hash()}) == 3


def test_a_template_that_asks_for_an_unknown_name_fails() -> None:
    """A misspelt name must not become an empty place in the text."""
    with pytest.raises(UndefinedError):
        render._environment().from_string("{{ fualt }}").render()


def test_executed_steps_show_what_really_changed() -> None:
    """Adding what is true, deleting what is false, deleting what is added: none of it changes the state."""
    task = read_task(
        "(define (domain d) (:predicates (p) (q) (r))"
        " (:action a :parameters () :effect (and (p) (q) (not (q)) (not (r)))))",
        "(define (problem x) (:domain d) (:init (p)) (:goal (p)))",
    )
    text = detailed_feedback(check_plan_text(task, "(a) (a)"), task).text
    assert "Step 1, (a): deleted nothing; added (q)\nStep 2, (a): deleted nothing; added nothing" in text
