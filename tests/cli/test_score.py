"""`planlearn score` on a folder of one instance and a few answers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from planlearn.problems import domain_text
from tests.cli.conftest import PROBLEM

Run = Callable[..., Result]

ROWS = [
    {"response": "Plan:\n1. (pick-up a)\n2. (stack a b)", "extracted_plan": ["(pick-up a)", "(stack a b)"]},
    {"response": "It cannot be done.", "extracted_plan": ""},
    {"response": "pick up the red block\nstack it on the blue block", "extracted_plan": "(pick-up a)"},
]


@pytest.fixture
def answers(files: Path) -> Path:
    folder = files / "sets" / "blocksworld"
    folder.mkdir(parents=True)
    (folder / "domain.pddl").write_text(domain_text("blocksworld"))
    (folder / "instance-1.pddl").write_text(PROBLEM)
    about = {"instance_set": "blocksworld", "instance_id": 1, "recorded_valid": True}
    path = files / "answers.jsonl"
    path.write_text("".join(json.dumps(about | row) + "\n" for row in ROWS))
    return path


def test_one_json_object(run: Run, answers: Path) -> None:
    result = run("score", "answers.jsonl", "--instances", "sets", "--json")
    assert result.exit_code == 0, result.output
    scored = json.loads(result.stdout)
    assert {k: scored[k] for k in ("n", "valid", "errors", "no_plan", "skipped", "agreement")} == {
        "n": 3, "valid": 1, "errors": {"plan_syntax": 1}, "no_plan": 1, "skipped": 0, "agreement": 1 / 3,
    }  # fmt: skip
    assert [(d["id"], d["line"], d["ours"], d["theirs"]) for d in scored["disagreements"]] == [
        ("blocksworld-1", 2, False, True), ("blocksworld-1", 3, False, True),
    ]  # fmt: skip


def test_the_extraction_is_read_as_a_plan_file(run: Run, answers: Path) -> None:
    result = run("score", "answers.jsonl", "--instances", "sets/blocksworld", "--json", "--field", "extracted_plan")
    scored = json.loads(result.stdout)
    assert (scored["valid"], scored["no_plan"], scored["errors"]) == (1, 1, {"goal": 1})


def test_strict_refuses_what_lenient_skips(run: Run, answers: Path) -> None:
    scored = json.loads(run("score", "answers.jsonl", "--instances", "sets", "--json", "--strict").stdout)
    assert (scored["valid"], scored["errors"]) == (0, {"plan_syntax": 3})


def test_a_table_for_people(run: Run, answers: Path) -> None:
    result = run("score", "answers.jsonl", "answers.jsonl", "--instances", "sets")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["file", "scored", "valid", "no", "plan", "skipped", "agreement"]
    assert lines[3].split() == ["all", "6", "2", "2", "0", "33.33", "%"]
    assert lines[4] == "errors: plan_syntax 2"
    assert lines[5].startswith("answers.jsonl:2: blocksworld-1: ours not valid, theirs valid: there is no plan")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["missing.jsonl", "--instances", "sets"], "missing.jsonl: No such file"),
        (["answers.jsonl", "--instances", "nowhere"], "no such folder"),
        (["answers.jsonl", "--instances", "sets", "--field", "reply"], "answers.jsonl:1: no field 'reply'"),
        (["p.pddl", "--instances", "sets"], "p.pddl:2: no JSON object"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(run: Run, answers: Path, words: list[str], sentence: str) -> None:
    result = run("score", *words)
    assert result.exit_code == 2
    assert sentence in result.stderr and "Traceback" not in result.output
