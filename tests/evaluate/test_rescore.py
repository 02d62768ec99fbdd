"""Old samples under today's checker: what changed is told, and new files stand beside the old ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.evaluate import build_results, write_results
from planlearn.evaluate.rescore import changes, refuse_used, rescore, write_rescored
from planlearn.evaluate.results import ResultExists
from planlearn.evaluate.samples import SamplesError
from planlearn.evaluate.saved import saved_rows
from planlearn.evaluate.scoring import Reader, SampleRecord
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
    before = build_results(RECORDS, about={"model": "tiny"}, hashes={"corpus": "ab"}, missing={("blocksworld", "base"): 2})
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
    with pytest.raises(ResultExists, match="new/samples.jsonl exists; choose another folder"):
        refuse_used(tmp_path / "new")


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
