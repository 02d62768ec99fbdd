"""Old samples under today's checker: what changed is told, and new files stand beside the old ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.evaluate import build_results, write_results
from planlearn.evaluate.lm_eval_shape import lm_eval_results
from planlearn.evaluate.rescore import changes, refuse_used, rescore, write_rescored
from planlearn.evaluate.results import ResultExists
from planlearn.evaluate.samples import SamplesError
from planlearn.evaluate.saved import saved_rows
from planlearn.evaluate.scoring import Reader, SampleRecord
from planlearn.evaluate.verdicts import own_verdict
from planlearn.problems import domain_text
from tests.evaluate.answers import FRAME, GOAL_MISSED, INAPPLICABLE, UNREADABLE, VALID, record

PROBLEM = """(define (problem p) (:domain blocksworld-4ops) (:objects a b)
  (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))"""
FLIPPED = domain_text("blocksworld").replace("pick-up", "lift")
RECORDS = [
    record(VALID, "p1", problem_pddl=PROBLEM),
    record(FRAME, "p2", problem_pddl=PROBLEM, attempt=2),
    record(GOAL_MISSED, "p3", problem_pddl=PROBLEM, arm="base"),
    record(INAPPLICABLE, "p4", problem_pddl=PROBLEM, stop="hopeless"),
    record(UNREADABLE, "p5", problem_pddl=PROBLEM),
    record("Sure: first (pick-up a), then (stack a b).", "p6", problem_pddl=PROBLEM, reader=Reader.LENIENT),
]


def rows() -> list[dict[str, Any]]:
    return [{"run": "r1", **one.to_row()} for one in RECORDS]


def written(folder: Path, some: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in some))
    return path


def again(path: Path) -> list[Any]:
    return rescore(path, saved_rows(path))


def test_the_same_checker_says_the_same_of_every_kind_of_answer(tmp_path: Path) -> None:
    heard: list[int] = []
    path = written(tmp_path, rows())
    found = rescore(path, saved_rows(path), heard.append)
    assert [one.record for one in found] == RECORDS and heard == [1, 2, 3, 4, 5, 6]
    assert not any(one.changed or one.details for one in found) and changes(found) == {}


def test_what_the_rows_say_otherwise_is_told(tmp_path: Path) -> None:
    some = rows()
    some[0]["outcome"] = "invalid"
    some[2] |= {"outcome": "valid", "cause": None, "faults": []}
    some[3]["outcome"] = "some outcome of a release to come"
    some[1]["chain_faithful"] = True
    some[4].pop("chain_faithful")
    with pytest.raises(SamplesError, match=r"samples.jsonl:4: not a row of samples \('some outcome"):
        again(written(tmp_path, some))
    some[3]["outcome"] = "checker_error"
    found = again(written(tmp_path, some))
    assert changes(found) == {("checker_error", "invalid"): 1, ("invalid", "valid"): 1, ("valid", "invalid"): 1}
    assert {one.record.sample.id: one.details for one in found if one.details} == {"p2": ("chain_faithful",), "p3": ("cause", "faults")}
    assert [one.line for one in found] == [1, 2, 3, 4, 5, 6] and found[0].old == "invalid"


def test_an_answer_in_a_domain_of_its_own_is_judged_by_it(tmp_path: Path) -> None:
    row = rows()[0] | {"domain_pddl": FLIPPED}
    (found,) = again(written(tmp_path, [row]))
    assert found.record.outcome.value != "valid" and found.changed
    (other,) = again(written(tmp_path, [row | {"answer": VALID.replace("pick-up", "lift")}]))
    assert not other.changed


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"problem_pddl": ""}, r":2: the row has no problem_pddl \(an older planlearn wrote it\), so its answer cannot be scored again"),
        ({"problem_pddl": "(define (problem"}, ":2: problem_pddl:1:"),
        ({"domain": "blockworld"}, ":2: no domain 'blockworld'; did you mean 'blocksworld'?"),
        ({"domain_pddl": "(define"}, ":2: domain_pddl:1:"),
        ({"reader": "careless"}, r":2: not a row of samples \('careless' is not a valid Reader\)"),
    ],
)
def test_a_row_that_cannot_be_scored_is_named(tmp_path: Path, change: dict[str, str], sentence: str) -> None:
    first, second, *_ = rows()
    path = written(tmp_path, [first, second | change])
    with pytest.raises(SamplesError) as caught:
        again(path)
    assert str(caught.value).startswith(f"{path}{sentence}".replace("\\", ""))


def test_a_row_of_a_former_release_is_named(tmp_path: Path) -> None:
    row = rows()[0]
    for name in ("attempt", "reader", "solvable", "domain_pddl", "problem_pddl", "cost"):
        del row[name]
    with pytest.raises(SamplesError, match=":1: the row has no problem_pddl"):
        again(written(tmp_path, [row]))


def test_new_files_are_written_beside_the_old_ones(tmp_path: Path) -> None:
    some = rows()
    some[0]["outcome"] = "invalid"
    path = written(tmp_path / "old", some)
    before = build_results(RECORDS, about={"model": "tiny"}, hashes={"corpus": "ab"}, missing={("blocksworld", "base"): ["p8", "p9"]})
    write_results(tmp_path / "old" / "results.json", before)
    kept = {file: file.read_bytes() for file in (tmp_path / "old").iterdir()}
    results = write_rescored(tmp_path / "new", path, again(path))
    assert {file: file.read_bytes() for file in (tmp_path / "old").iterdir()} == kept
    assert json.loads((tmp_path / "new" / "results.json").read_text()) == json.loads(json.dumps(results))
    assert results["results"] == before["results"] and results["hashes"] == {"corpus": "ab"} and results["about"]["model"] == "tiny"
    assert results["about"]["scored_again"]["changed"] == {"invalid -> valid": 1}
    fresh = [json.loads(line) for line in (tmp_path / "new" / "samples.jsonl").read_text().splitlines()]
    assert fresh == rows() and [SampleRecord.from_row(row) for row in fresh] == RECORDS
    with pytest.raises(ResultExists, match="new/results.json holds a finished result"):
        write_rescored(tmp_path / "new", path, again(path))
    (tmp_path / "new" / "results.json").unlink()
    for name in ("samples.jsonl", "results_lm_eval.json"):
        with pytest.raises(ResultExists, match=f"new/{name} exists; choose another folder"):
            refuse_used(tmp_path / "new")
        (tmp_path / "new" / name).unlink()
    refuse_used(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir()), "no verdicts, no file of them"


def verdict(id: str, valid: bool, said: bool | None = True, **changes: Any) -> dict[str, Any]:
    return {"run": "r1", "domain": "blocksworld", "id": id, "said": said, "probability": 0.75, "valid": valid, "answer": "ü"} | changes


def test_what_the_model_thinks_of_its_plans_is_kept_with_todays_truth(tmp_path: Path) -> None:
    some = rows()
    some[0]["outcome"] = "invalid"
    path = written(tmp_path / "old", some)
    said = [verdict("p1", False), verdict("p4", True, said=False), verdict("p5", True), verdict("p3", True), verdict("p2", True)]
    kept = "".join(json.dumps(row) + "\n" for row in said) + '{"torn'
    (tmp_path / "old" / "verdicts.jsonl").write_text(kept)
    results = write_rescored(tmp_path / "new", path, again(path))
    fresh = [json.loads(line) for line in (tmp_path / "new" / "verdicts.jsonl").read_text().splitlines()]
    assert fresh == [said[0] | {"valid": True}, said[1] | {"valid": False}, said[4]], "no readable plan in p5, no greedy answer to p3"
    numbers = results["results"]["blocksworld"]["greedy"]["own_verdict"]
    assert numbers == own_verdict(fresh) and numbers["n"] == 3 and numbers["accuracy"]["value"] == 1.0
    assert results["about"]["scored_again"]["verdicts_left_out"] == 2
    assert (tmp_path / "old" / "verdicts.jsonl").read_text() == kept
    twice = write_rescored(tmp_path / "newer", tmp_path / "new" / "samples.jsonl", again(tmp_path / "new" / "samples.jsonl"))
    assert twice["results"] == results["results"] and "verdicts_left_out" not in twice["about"]["scored_again"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{\n", "verdicts.jsonl: not rows of JSON"),
        ("[1]\n", "verdicts.jsonl:1: not a row of verdicts, field 'run' is missing"),
        (json.dumps({"run": "r1", "domain": "blocksworld", "id": "p1"}) + "\n", "verdicts.jsonl:1: not a row of verdicts, field 'said' is missing"),
        (json.dumps(verdict("p1", True, run="r2")) + "\n", "verdicts.jsonl:1: a verdict on the answers of another run; move the file away"),
    ],
)
def test_verdicts_that_cannot_be_kept_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path / "old", rows())
    (tmp_path / "old" / "verdicts.jsonl").write_text(text)
    with pytest.raises(SamplesError, match=sentence):
        write_rescored(tmp_path / "new", path, again(path))
    assert not (tmp_path / "new").exists()


def test_other_tools_have_the_new_results_too(tmp_path: Path) -> None:
    path = written(tmp_path / "old", rows())
    results = write_rescored(tmp_path / "new", path, again(path))
    found = json.loads((tmp_path / "new" / "results_lm_eval.json").read_text())
    assert found == json.loads(json.dumps(lm_eval_results(results))) and "planlearn_blocksworld" in found["results"]


def test_missing_answers_are_still_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "old", rows())
    assert "own_verdict" not in write_rescored(tmp_path / "first", path, again(path))["results"]["blocksworld"]["greedy"], "it was not asked"
    (tmp_path / "old" / "results.json").write_text(json.dumps({"results": {"blocksworld": {"base": {"outcomes": {"missing": 2}}}}}))
    results = write_rescored(tmp_path / "new", path, again(path))
    assert results["results"]["blocksworld"]["base"]["outcomes"]["missing"] == 2
    assert results["results"]["blocksworld"]["base"]["plan_validity"]["n"] == 1


def test_half_a_surrogate_pair_is_written(tmp_path: Path) -> None:
    path = written(tmp_path / "old", [rows()[0] | {"answer": "\ud800" + VALID}])
    write_rescored(tmp_path / "new", path, again(path))
    assert saved_rows(tmp_path / "new" / "samples.jsonl")[0][1]["answer"] == "\ud800" + VALID


def test_a_broken_result_beside_the_samples_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "old", rows())
    for text in ("{", '{"results": {"blocksworld": {"greedy": {}}}}', "[]"):
        (tmp_path / "old" / "results.json").write_text(text)
        with pytest.raises(SamplesError, match=r"old/results.json: not a results.json"):
            write_rescored(tmp_path / "new", path, again(path))
    assert not (tmp_path / "new").exists()


def test_an_arm_that_needed_no_second_attempt_is_kept(tmp_path: Path) -> None:
    """It has no rows of its own: all that it says stands in greedy's."""
    path = written(tmp_path / "run", rows()[:1])
    write_results(path.with_name("results.json"), build_results(RECORDS[:1], missing={("blocksworld", "verified-none"): []}))
    write_rescored(tmp_path / "again", path, again(path))
    found = json.loads((tmp_path / "again" / "results.json").read_text())["results"]["blocksworld"]
    assert found["verified-none"]["plan_validity"] == found["greedy"]["plan_validity"] and found["greedy"]["plan_validity"]["n"] == 1
