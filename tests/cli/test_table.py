"""`planlearn table` on a folder of answers, a result and a README."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from planlearn.evaluate import build_results
from planlearn.problems import domain_text
from tests.cli.conftest import PROBLEM
from tests.evaluate.answers import VALID, record

Run = Callable[..., Result]
MARKS = "# Title\n<!-- recorded:begin -->\n<!-- recorded:end -->\nend\n"


@pytest.fixture
def sources(files: Path) -> Path:
    (files / "sets" / "blocksworld").mkdir(parents=True)
    (files / "sets" / "blocksworld" / "domain.pddl").write_text(domain_text("blocksworld"))
    (files / "sets" / "blocksworld" / "instance-1.pddl").write_text(PROBLEM)
    (files / "responses").mkdir()
    for model, text in (("good", "(pick-up a)\n(stack a b)"), ("bad", "(stack a b)")):
        row = {"instance_set": "blocksworld", "instance_id": 1, "response": text, "recorded_valid": model == "good"}
        (files / "responses" / f"blocksworld__{model}__pddl.jsonl").write_text(json.dumps(row) + "\n")
    (files / "nano").mkdir()
    (files / "nano" / "results.json").write_text(json.dumps(build_results([record(VALID)], about={"instances": "blocksworld"})))
    (files / "README.md").write_text(MARKS)
    return files


def models(text: str) -> list[str]:
    return [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| `")]


def test_recorded_models_and_ours_stand_in_one_table(run: Run, sources: Path) -> None:
    done = run("table", "responses", "nano/results.json", "--instances", "sets")
    assert done.exit_code == 0, done.output
    assert models(done.stdout) == ["good", "**nano** (ours)", "bad"]
    named = run("table", "responses/blocksworld__bad__pddl.jsonl", "our model=nano/results.json", "--instances", "sets/blocksworld")
    assert models(named.stdout) == ["**our model** (ours)", "bad"]
    assert models(run("table", "nano/results.json").stdout) == ["**nano** (ours)"], "results alone need no instances"


def test_controls_are_shown_where_they_are_asked_for(run: Run, sources: Path) -> None:
    (sources / "nano" / "results.json").write_text(json.dumps(build_results([record(VALID), record(VALID, arm="planner")])))
    assert models(run("table", "nano/results.json").stdout) == ["**nano** (ours)"]
    assert models(run("table", "nano/results.json", "--controls").stdout) == ["**nano** (ours)", "planner"]


def test_the_readme_is_drawn_anew_by_the_same_command(run: Run, sources: Path) -> None:
    for _ in range(2):
        done = run("table", "responses", "nano/results.json", "--instances", "sets", "--readme", "README.md")
        assert done.exit_code == 0 and done.stdout == "3 rows in README.md\n", done.output
        text = (sources / "README.md").read_text()
        assert text.startswith("# Title\n<!-- recorded:begin -->\n| set |") and text.endswith("<!-- recorded:end -->\nend\n")
        assert models(text) == ["good", "**nano** (ours)", "bad"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("responses",), "needed for recorded answers"),
        (("responses", "--instances", "nowhere"), "no such folder"),
        (("missing.jsonl", "--instances", "sets"), "missing.jsonl: No such file"),
        (("responses", "responses", "--instances", "sets"), "bad__pddl.jsonl:1: a second answer of bad pddl to blocksworld-1; the first is"),
        (("x=missing.json",), "missing.json: No such file"),
        (("nano",), "nano: no .jsonl file in this folder"),
        (("nano/results.json", "--readme", "p.pddl"), "p.pddl: expected one line <!-- recorded:begin -->"),
        (("missing.jsonl", "--instances", "sets", "--readme", "p.pddl"), "p.pddl: expected one line"),
        (("nano/results.json", "--readme", "NONE.md"), "NONE.md: No such file"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(run: Run, sources: Path, words: tuple[str, ...], sentence: str) -> None:
    done = run("table", *words)
    assert done.exit_code == 2, done.output
    assert sentence in done.stderr and "Traceback" not in done.output
    assert (sources / "README.md").read_text() == MARKS
