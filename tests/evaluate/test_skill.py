"""Judging held-out plans: what counts as right, and by what was planted."""

from __future__ import annotations

import json

import pytest

from planlearn.corpus.build import held_out_judged
from planlearn.errors import PlanlearnError
from planlearn.evaluate import Completion, Stop, measure_skill, skill, skill_table
from planlearn.evaluate.skill import judged
from planlearn.chains import ChainStyle

TRUTH = {"id": "x", "prompt": "p", "completion": "state clear a\npick-up b\nINVALID step 2 precondition: clear b, handempty\nmake it"}
VALID = {"id": "y", "prompt": "q", "completion": "state clear a\nVALID"}


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("INVALID step 2 precondition: handempty", (True, True, True, True)),
        ("so\nINVALID step 2 effect: clear b", (True, True, False, True)),
        ("INVALID step 1 precondition: holding b", (True, False, True, False)),
        ("INVALID goal: clear b", (True, False, False, True)),
        ("INVALID", (True, False, False, False)),
        ("VALID", (False, False, False, False)),
        ("nothing", (False, False, False, False)),
        ("VALID\nINVALID step 2 precondition: clear b", (False, False, False, False)),
    ],
)
def test_what_is_right_about_a_spoiled_plan(answer, right):
    found = judged(TRUTH, answer)["right"]
    assert (found["verdict"], found["step"], found["error"], found["atom"]) == right


@pytest.mark.parametrize(("answer", "right"), [("VALID", True), ("INVALID goal: clear a", False), ("", False)])
def test_of_a_valid_plan_the_verdict_alone_can_be_right(answer, right):
    assert judged(VALID, answer)["right"] == {"verdict": right, "step": None, "error": None, "atom": None}


def test_shares_by_what_was_planted():
    rows = [judged(VALID, "VALID"), judged(VALID, ""), judged(TRUTH, "INVALID step 2 precondition: clear b"), judged(TRUTH, "VALID")]
    found = skill(rows)
    assert (found["n"], found["verdict"]["value"], found["verdict"]["n"], found["unreadable"]) == (4, 0.5, 4, 1)
    assert (found["step"]["value"], found["step"]["n"]) == (0.5, 2)
    assert found["by_error"]["valid"]["step"] is None and found["by_error"]["precondition"]["atom"]["n"] == 2
    lines = skill_table(found).splitlines()
    assert lines[0].split() == ["plans", "n", "verdict", "%", "step", "%", "class", "%", "atom", "%"]
    assert lines[2].split()[:3] == ["all", "4", "50"]


@pytest.fixture(scope="module")
def rows():
    made = held_out_judged("blocksworld", 0, "test", 12, {"5": 1.0}, ChainStyle(states="full"), lambda *_: None)
    return [row.to_row() for row in made]


def answers(rows, seen):
    truths = {row["id"]: row["completion"] for row in rows}

    def complete(prompts):
        for prompt in prompts:
            seen.append(prompt.id)
            yield Completion(id=prompt.id, text=truths[prompt.id], stop=Stop.END, prompt_tokens=1, tokens=1, seconds=0.0)

    return complete


def test_who_knows_the_truth_is_always_right_and_a_killed_one_goes_on(rows, tmp_path):
    assert {row["split"] for row in rows} == {"test"} and len({row["error"] for row in rows}) > 2
    seen: list[str] = []
    measure_skill(answers(rows, seen), rows, tmp_path / "whole", max_tokens=9, about={}, weights="w")
    out = tmp_path / "killed"
    out.mkdir()
    some = (tmp_path / "whole" / "samples.jsonl").read_text().splitlines(keepends=True)
    (out / "samples.jsonl").write_text("".join(some[:5]) + some[5][:20])
    seen.clear()
    results = measure_skill(answers(rows, seen), rows, out, max_tokens=9, about={}, weights="w")
    assert len(seen) == 7 and results["skill"]["n"] == 12
    assert all(results["skill"][part]["value"] == 1.0 for part in ("verdict", "step", "error", "atom"))
    assert measure_skill(answers(rows, seen), rows, out, max_tokens=9, about={}, weights="w") == json.loads((out / "skill.json").read_text())
    assert len(seen) == 7
    with pytest.raises(PlanlearnError, match="another model"):
        measure_skill(answers(rows, seen), rows, out, max_tokens=9, about={}, weights="another")
    (out / "skill.json").unlink()
    with pytest.raises(PlanlearnError, match="other settings"):
        measure_skill(answers(rows, seen), rows, out, max_tokens=9, about={}, weights="another")
