"""Recorded answers: rows read with their mistakes named, judged, and compared with another verdict."""

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.errors import PlanlearnError
from planlearn.evaluate import AnswersError, asked_from_planbench, judge_answer, read_recorded, score_recorded
from planlearn.evaluate.recorded import judge_recorded, recorded_arms, refuse_second, write_recorded
from planlearn.problems import domain_text
from tests.evaluate.answers import PICK_UP, STACK, TASK, VALID

PROBLEM = """
(define (problem p) (:domain blocksworld-4ops) (:objects a b)
  (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))
"""
GOOD = "Sure:\n1. Pick up the red block\n2. Stack the red block on top of the blue block"


@pytest.fixture
def instances(tmp_path: Path) -> Path:
    """A folder with two sets of one instance each."""
    for name in ("blocksworld", "small"):
        folder = tmp_path / "sets" / name
        folder.mkdir(parents=True)
        (folder / "domain.pddl").write_text(domain_text("blocksworld"))
        (folder / "instance-1.pddl").write_text(PROBLEM)
    return tmp_path / "sets"


def row(**changes: Any) -> dict[str, Any]:
    return {"instance_set": "blocksworld", "instance_id": 1, "response": GOOD, "recorded_valid": True} | changes


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (GOOD, None),
        (VALID, None),
        (PICK_UP + STACK, None),
        ("I cannot do that.", "no_plan"),
        ("", "no_plan"),
        ("stack it", "plan_syntax"),
        ("(stack a b)", "precondition"),
        ("(pick-up a)", "goal"),
        ("(fly a)", "unknown_action"),
        ("(pick-up z)", "unknown_object"),
        ("(pick-up a b)", "wrong_arity"),
    ],
)
def test_an_answer_is_valid_or_has_one_error(text: str, error: str | None) -> None:
    judged = judge_answer(TASK, text)
    assert judged.error == error and judged.valid == (error is None)
    assert judged.reason


@pytest.mark.parametrize(
    ("text", "error"),
    [("(pick-up a)\n(stack a b)", None), (GOOD, "plan_syntax"), (" \n", "no_plan"), ("(stack a b)", "precondition")],
)
def test_strictly_nothing_may_stand_beside_the_plan(text: str, error: str | None) -> None:
    assert judge_answer(TASK, text, strict=True).error == error


def test_the_figures_and_each_disagreement(instances: Path, tmp_path: Path) -> None:
    first = written(
        tmp_path / "first.jsonl",
        row(),
        row(recorded_valid=False),
        row(response="No.", recorded_valid=False),
        row(response="(stack a b)", recorded_valid=None),
        row(instance_id=2),
        row(instance_set="other"),
        "",
    )
    second = written(tmp_path / "second.jsonl", row(instance_set="small", response=["(pick-up a)", "(stack a b)"]))
    answers = read_recorded(first) + read_recorded(second)
    heard: list[int] = []
    scored = score_recorded(answers, instances, progress=heard.append)
    assert heard == list(range(1, 8))
    reason = "valid: the goal holds after 2 steps"
    assert scored == {
        "n": 5, "valid": 3, "errors": {"precondition": 1}, "no_plan": 1, "skipped": 2, "agreement": 0.75,
        "disagreements": [
            {"id": "blocksworld-1", "file": str(first), "line": 2, "ours": True, "theirs": False, "reason": reason}
        ],
        "files": [
            {"file": str(first), "n": 4, "valid": 2, "no_plan": 1, "skipped": 2, "agreement": 2 / 3},
            {"file": str(second), "n": 1, "valid": 1, "no_plan": 0, "skipped": 0, "agreement": 1.0},
        ],
    }  # fmt: skip


def test_without_another_verdict_there_is_no_agreement(instances: Path, tmp_path: Path) -> None:
    plain = {k: v for k, v in row().items() if k != "recorded_valid"}
    scored = score_recorded(read_recorded(written(tmp_path / "a.jsonl", plain)), instances)
    assert scored["agreement"] is None and scored["disagreements"] == [] and scored["valid"] == 1


def test_saying_that_there_is_no_plan_is_right_where_there_is_none(instances: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sets" / "unsolvable_small"
    folder.mkdir()
    (folder / "domain.pddl").write_text(domain_text("blocksworld"))
    (folder / "instance-1.pddl").write_text(PROBLEM.replace("(on a b)", "(and (on a b) (on b a))"))
    said = "This problem is unsolvable."
    path = written(tmp_path / "a.jsonl", row(response=said), row(instance_set="unsolvable_small", response=said), row(instance_set="unsolvable_small"))
    scored = score_recorded(read_recorded(path), instances)
    assert (scored["n"], scored["valid"], scored["no_plan"], scored["errors"]) == (3, 1, 1, {"goal": 1})
    assert [d["line"] for d in scored["disagreements"]] == [1, 3]


def test_a_record_is_the_sample_that_our_own_evaluation_would_write(instances: Path, tmp_path: Path) -> None:
    """Same id, domain, size and problem as `asked_from_planbench`, so that a recorded model and ours can be paired."""
    record, nothing = judge_recorded(read_recorded(written(tmp_path / "a.jsonl", row(), row(instance_id=9))), instances)
    assert nothing is None and record is not None
    (asked,) = asked_from_planbench(instances / "blocksworld", "blocksworld")
    sample = record.sample
    assert (sample.id, sample.domain, sample.size, sample.problem_pddl) == (asked.id, asked.domain, asked.size, asked.problem_text)
    assert (sample.arm, sample.reader.value, sample.domain_pddl, sample.reference_length) == ("recorded", "lenient", "", None)
    folder = tmp_path / "sets" / "blocksworld"
    (folder / "domain.pddl").write_text(domain_text("blocksworld").replace("pick-up", "lift"))
    (renamed,) = judge_recorded(read_recorded(written(tmp_path / "b.jsonl", row(response="(lift a)\n(stack a b)"))), folder)
    assert renamed is not None and renamed.outcome.value == "valid"
    assert "lift" in renamed.sample.domain_pddl, "a domain that is none of ours travels with its answers"


def arms(*paths: Path) -> list[str]:
    return recorded_arms([answer for path in paths for answer in read_recorded(path)])


def test_answers_of_two_files_are_told_apart_by_the_files_names(instances: Path, tmp_path: Path) -> None:
    first, second = written(tmp_path / "weak.jsonl", row()), written(tmp_path / "blocksworld__strong__zero_shot.jsonl", row())
    assert arms(first) == ["recorded"] and arms(first, second) == ["weak", "strong zero_shot"]
    told = written(tmp_path / "told.jsonl", row(model="m", prompt="pddl"), row(model="m"), row(prompt="pddl"))
    assert arms(told) == ["m pddl", "m", "told pddl"], "what a row says goes before the file's name"
    answers = read_recorded(first) + read_recorded(second)
    records = judge_recorded(answers, instances)
    assert [(one.sample.arm, one.sample.attempt) for one in records if one is not None] == [("weak", 1), ("strong zero_shot", 1)]
    results = write_recorded(tmp_path / "out", answers, records, instances)
    assert {arm: numbers["plan_validity"]["n"] for arm, numbers in results["results"]["blocksworld"].items()} == {"weak": 1, "strong zero_shot": 1}


@pytest.mark.parametrize("name", ["greedy", "samples", "masked", "verified-none", "random_walk", "base"])
def test_a_file_that_is_called_as_an_arm_of_ours_is_none(tmp_path: Path, name: str) -> None:
    assert arms(written(tmp_path / f"{name}.jsonl", row()), written(tmp_path / "weak.jsonl", row())) == [f"recorded {name}", "weak"]


def test_a_second_answer_of_one_arm_to_one_instance_is_refused(instances: Path, tmp_path: Path) -> None:
    same = read_recorded(written(tmp_path / "weak.jsonl", row(), row(instance_id=2), row(response="other")))
    sentence = f"{tmp_path / 'weak.jsonl'}:3: a second answer of weak to blocksworld-1; the first is {tmp_path / 'weak.jsonl'}:1; "
    with pytest.raises(AnswersError) as caught:
        refuse_second(same)
    assert str(caught.value).startswith(sentence)
    with pytest.raises(AnswersError, match="weak.jsonl:3"):
        write_recorded(tmp_path / "out", same, judge_recorded(same, instances), instances)
    assert not (tmp_path / "out").exists()
    others = [row(), row(model="m"), row(model="m", prompt="pddl"), row(instance_set="small"), row(instance_id=2)]
    refuse_second(read_recorded(written(tmp_path / "many.jsonl", *others)))


def test_one_set_may_be_given_alone(instances: Path, tmp_path: Path) -> None:
    """Under another name too, as long as the answers are about one set."""
    answers = read_recorded(written(tmp_path / "a.jsonl", row(), row(instance_id=3)))
    for folder in (instances / "blocksworld", instances / "small"):
        scored = score_recorded(answers, folder)
        assert (scored["n"], scored["skipped"]) == (1, 1)
    mixed = read_recorded(written(tmp_path / "b.jsonl", row(), row(instance_set="small")))
    scored = score_recorded(mixed, instances / "small")
    assert (scored["n"], scored["skipped"]) == (1, 1)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("{", "no JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "expected a JSON object, found a list"),
        ({"instance_set": "x", "instance_id": 1}, "no field 'response'"),
        (row(instance_set=1), "instance_set: expected a text, found a number"),
        (row(instance_id="1"), "instance_id: expected a whole number, found a text"),
        (row(instance_id=True), "instance_id: expected a whole number, found true or false"),
        (row(response={}), "response: expected a text or a list of lines, found an object"),
        (row(response=[1]), "response: expected a text or a list of lines, found a list"),
        (row(recorded_valid="yes"), "recorded_valid: expected true, false or null, found a text"),
    ],
    ids=range(10),
)
def test_a_bad_row_is_named_with_file_and_line(tmp_path: Path, bad: Any, sentence: str) -> None:
    path = written(tmp_path / "a.jsonl", row(), bad)
    with pytest.raises(AnswersError) as caught:
        read_recorded(path)
    assert str(caught.value).startswith(f"{path}:2: {sentence}")


def test_a_file_that_is_no_text_and_a_folder_without_instances(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(AnswersError, match="not UTF-8"):
        read_recorded(path)
    with pytest.raises(PlanlearnError, match="no such folder"):
        score_recorded([], tmp_path / "nowhere")


# PlanBench's recorded answers: what is left of disagreement, and why. The answers are not part of the project.

FILES = {
    "blocksworld__claude-3.5-sonnet_aws__task_1_plan_generation_zero_shot.jsonl": (250, 141),
    "blocksworld__gpt-4_chat__task_1_plan_generation_pddl.jsonl": (250, 20),
    "blocksworld__llama3-70b-8192_groq__task_1_plan_generation.jsonl": (250, 21),
    "logistics__gpt-4_chat__task_1_plan_generation_pddl.jsonl": (100, 15),
    "logistics__llama-3.1-405b_aws__task_1_plan_generation_zero_shot_pddl.jsonl": (100, 9),
    "mystery_blocksworld__gpt-4_chat__task_1_plan_generation.jsonl": (250, 6),
    "mystery_blocksworld__gpt-4_chat__task_1_plan_generation_pddl.jsonl": (250, 4),
}
# The answer solves the prompt's example and then the problem, each under "Plan:". PlanBench joined both into one.
THEIR_ERRORS = {("blocksworld__llama3-70b-8192_groq__task_1_plan_generation.jsonl", "blocksworld-429")}


def recorded(planbench: Path, field: str) -> list[Any]:
    paths = sorted(planbench.glob("responses/*.jsonl"))
    assert {path.name for path in paths} == set(FILES)
    return [answer for path in paths for answer in read_recorded(path, field)]


def test_from_the_raw_text_planbenchs_verdicts_are_ours(planbench: Path) -> None:
    """At least 99 % over all files and 97 % in each; every disagreement is known and is an error of the extraction."""
    scored = score_recorded(recorded(planbench, "response"), planbench)
    assert {Path(f["file"]).name: (f["n"], f["valid"]) for f in scored["files"]} == FILES
    assert all(f["agreement"] >= 0.97 for f in scored["files"])
    assert scored["agreement"] >= 0.99 and scored["n"] == 1450
    different = {(Path(d["file"]).name, d["id"]) for d in scored["disagreements"]}
    assert different == THEIR_ERRORS
    assert all(d["ours"] and not d["theirs"] for d in scored["disagreements"])


def test_from_the_extracted_plans_every_verdict_is_ours(planbench: Path) -> None:
    scored = score_recorded(recorded(planbench, "extracted_plan"), planbench, strict=True)
    assert scored["n"] == 1450 and scored["agreement"] == 1.0 and scored["disagreements"] == []
