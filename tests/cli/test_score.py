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
    for number in range(1, len(ROWS) + 1):
        (folder / f"instance-{number}.pddl").write_text(PROBLEM)
    about = {"instance_set": "blocksworld", "recorded_valid": True}
    path = files / "answers.jsonl"
    path.write_text("".join(json.dumps(about | {"instance_id": number} | row) + "\n" for number, row in enumerate(ROWS, start=1)))
    return path


def test_one_json_object(run: Run, answers: Path) -> None:
    result = run("score", "answers.jsonl", "--instances", "sets", "--json")
    assert result.exit_code == 0, result.output
    scored = json.loads(result.stdout)
    assert {k: scored[k] for k in ("n", "valid", "errors", "no_plan", "skipped", "agreement")} == {
        "n": 3, "valid": 1, "errors": {"plan_syntax": 1}, "no_plan": 1, "skipped": 0, "agreement": 1 / 3,
    }  # fmt: skip
    assert [(d["id"], d["line"], d["ours"], d["theirs"]) for d in scored["disagreements"]] == [
        ("blocksworld-2", 2, False, True), ("blocksworld-3", 3, False, True),
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
    assert lines[5].startswith("answers.jsonl:2: blocksworld-2: ours not valid, theirs valid: there is no plan")


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


def test_all_measures_are_written(run: Run, answers: Path) -> None:
    done = run("score", "answers.jsonl", "--instances", "sets", "--out", "scored", "--reference")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(run("score", "answers.jsonl", "--instances", "sets").stdout), "what it said without --out comes first"
    assert done.stdout.endswith("\nresults  scored/results.json\nsamples  scored/samples.jsonl\n") and "valid % (95 %)" in done.stdout
    results = json.loads((answers.parent / "scored" / "results.json").read_text())
    assert results["about"] == {"instances": "sets", "answers": ["answers.jsonl"], "skipped": 0}
    numbers = results["results"]["blocksworld"]["recorded"]
    assert numbers["plan_validity"]["value"] == 1 / 3 and numbers["executable_prefix"] == 1.0
    assert numbers["plan_length"] == {"mean": 2.0, "reference_mean": 2.0, "ratio": 1.0, "n": 1}
    rows = [json.loads(line) for line in (answers.parent / "scored" / "samples.jsonl").read_text().splitlines()]
    assert [(row["id"], row["attempt"], row["reader"], row["reference_length"]) for row in rows] == [
        (f"blocksworld-{number}", 1, "lenient", 2) for number in (1, 2, 3)
    ]  # fmt: skip
    assert sorted(path.name for path in (answers.parent / "scored").iterdir()) == ["results.json", "results_lm_eval.json", "samples.jsonl"]
    before = {path: path.read_bytes() for path in (answers.parent / "scored").iterdir()}
    again = run("score", "answers.jsonl", "--instances", "sets", "--out", "scored")
    assert again.exit_code == 2 and "scored/results.json holds a finished result" in again.stderr
    assert {path: path.read_bytes() for path in (answers.parent / "scored").iterdir()} == before


def test_each_model_has_an_arm_of_its_own(run: Run, answers: Path) -> None:
    row = {"instance_set": "blocksworld", "instance_id": 1, "response": "(pick-up a)"}
    lines = [row | {"model": "m1", "prompt": "pddl"}, row | {"model": "m2", "prompt": "pddl"}, row | {"model": "m2", "instance_id": 7}]
    (answers.parent / "named.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("score", "named.jsonl", "--instances", "sets", "--out", "scored").exit_code == 0
    results = json.loads((answers.parent / "scored" / "results.json").read_text())
    assert list(results["results"]["blocksworld"]) == ["m1 pddl", "m2 pddl"]
    assert results["about"] == {"model": "m1, m2", "prompt": "pddl", "instances": "sets", "answers": ["named.jsonl"], "skipped": 1}


def test_samples_are_scored_again(run: Run, answers: Path) -> None:
    folder = answers.parent / "scored"
    run("score", "answers.jsonl", "--instances", "sets", "--out", "scored")
    same = run("score", "scored")
    assert same.exit_code == 0 and same.stdout == "3 answers scored again, no verdicts changed\n", same.output
    samples = folder / "samples.jsonl"
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    assert rows[0]["reference_length"] is None, "planning takes time that nobody asked for"
    rows[0] |= {"outcome": "invalid", "faults": [{"kind": "goal"}]}
    rows[2]["executed"] = 5
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = run("score", "scored/samples.jsonl", "--out", "again")
    assert told.exit_code == 0, told.output
    head, _, rest = told.stdout.partition("\ndomain ")
    assert head == (
        "3 answers scored again, 1 verdict changed\nother changes: executed 1, faults 1\n\n"
        "old      new    n\n-------  -----  -\ninvalid  valid  1\n\n"
        "scored/samples.jsonl:1: blocksworld-1 (recorded): invalid -> valid: the goal holds\n"
    )
    assert rest.endswith("results  again/results.json\nsamples  again/samples.jsonl\n")
    assert run("score", "again").stdout == "3 answers scored again, no verdicts changed\n"
    found = json.loads(run("score", "scored", "--json").stdout)
    assert {key: found[key] for key in ("n", "changed", "details", "changes")} == {
        "n": 3, "changed": 1, "details": {"executed": 1, "faults": 1}, "changes": [{"old": "invalid", "new": "valid", "n": 1}],
    }  # fmt: skip
    assert [(one["line"], one["id"], one["arm"], one["attempt"], one["old"], one["new"]) for one in found["answers"]] == [
        (1, "blocksworld-1", "recorded", 1, "invalid", "valid"),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["answers.jsonl"], "needed for recorded answers: the folder of the instances"),
        (["answers.jsonl", "--instances", "sets", "--out", "new", "--strict"], "all measures are of answers read leniently"),
        (["answers.jsonl", "--instances", "sets", "--out", "new", "--field", "extracted_plan"], "all measures are of answers read leniently"),
        (["scored", "--instances", "sets"], "a run's samples say what they answer and how they are read"),
        (["scored", "answers.jsonl", "--instances", "sets"], "scored/samples.jsonl holds a run's samples and answers.jsonl does not"),
        (["scored", "copy.jsonl", "--out", "new"], "writes the samples of one run; give one file"),
        (["scored", "--out", "scored"], "scored/results.json holds a finished result"),
        (["answers.jsonl", "answers.jsonl", "--instances", "sets", "--out", "new"], "answers.jsonl:1: a second answer of answers to blocksworld-1;"),
        (["sets", "--instances", "sets"], "sets: no samples.jsonl in this folder"),
        (["old.jsonl"], "old.jsonl:1: the row has no problem_pddl"),
    ],
)
def test_what_does_not_go_together_is_said(run: Run, answers: Path, words: list[str], sentence: str) -> None:
    folder = answers.parent
    run("score", "answers.jsonl", "--instances", "sets", "--out", "scored")
    samples = (folder / "scored" / "samples.jsonl").read_text()
    (folder / "copy.jsonl").write_text(samples)
    (folder / "old.jsonl").write_text(json.dumps(json.loads(samples.splitlines()[0]) | {"problem_pddl": ""}) + "\n")
    result = run("score", *words)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split()) and "Traceback" not in result.output
    assert not (folder / "new").exists()
