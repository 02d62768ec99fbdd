"""A recorded run as a report: what stands in it, what is said where something is lacking, and that no text of a model leaves its data block."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planlearn.errors import PlanlearnError, ResultExists
from planlearn.evaluate import SamplesError
from planlearn.files import read_json_lines, write_json_lines
from planlearn.report.entries import LONGEST_TEXT, Entry, Recorded, chosen, make, made
from planlearn.report.evaluation import told_in
from planlearn.report.runs import MARK, Run, plan_run, read_run, report_html, write_report
from tests.evaluate.answers import FRAME, GOAL_MISSED, INAPPLICABLE, TASK, UNREADABLE, VALID, WRONG_EFFECT, sample
from tests.refine.conftest import RECIPE, played, refinement, validation  # noqa: F401
from tests.report.recorded_runs import recorded_evaluation, samples_of_ten_steps
from val_bridge import write_problem

Json = dict[str, Any]
PROBLEM = write_problem(TASK.problem)
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "x" * 1_000_000, "a\u202eb\u200f", "nul \0 and \ud800 alone", "</script><!-- &amp;"]


def data_of(html: str) -> Json:
    """What the page's scripts read, the entries parsed."""
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    found: Json = json.loads(block[1])
    return found | {"entries": [json.loads(text) for text in found["entries"]]}


def reported(folder: Path, **how: Any) -> Json:
    return data_of(report_html(read_run(folder), **how))


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    answers = [VALID, GOAL_MISSED, INAPPLICABLE, UNREADABLE, WRONG_EFFECT, FRAME]
    samples = [sample(f"p{n}", text, problem_pddl=PROBLEM) for n, text in enumerate(answers)]
    samples += [sample(f"p{n}", VALID, arm="planner", problem_pddl=PROBLEM) for n in range(3)]
    samples += [sample("p1", VALID, arm="verified-detailed", attempt=2, prompt="Mend.\nFeedback:\nNot reached.\nTry.\nChain:\n", problem_pddl=PROBLEM)]
    return recorded_evaluation(tmp_path / "run", samples)


def test_an_evaluation_shows_its_numbers_its_controls_and_every_answer(evaluated):
    data = reported(evaluated)
    assert data["kind"] == "evaluation" and dict(data["facts"])["model"] == "none"
    rows = data["sections"][0]["tables"][0]["rows"]
    assert [(row["cells"][1], row["control"]) for row in rows] == [("greedy", False), ("verified-detailed", False), ("planner", True)]
    assert rows[0]["cells"][3]["value"] == pytest.approx(0.5) and rows[0]["cells"][3]["low"] < 0.5 < rows[0]["cells"][3]["high"]
    assert {chart["title"] for chart in data["sections"][0]["charts"]} >= {"Plan validity by size", "Error classes of the paper"}
    assert len(data["entries"]) == len(data["index"]) == 15  # six each of the model alone and tried again, three of the planner
    by_key = {(entry["id"], entry["labels"]["arm"]): entry for entry in data["entries"]}
    assert [by_key[f"p{n}", "greedy"]["outcome"] for n in range(6)] == ["valid", "invalid", "invalid", "unreadable", "valid", "valid"]
    assert by_key["p2", "greedy"]["attempts"][0]["tracks"][0]["steps"][0]["done"] is False
    assert data["pictures"] and {row[-1] for row in data["index"]} == {0}


def test_an_arm_that_tries_again_shows_its_attempts_and_what_it_was_told(evaluated):
    tried = next(entry for entry in reported(evaluated)["entries"] if entry["labels"]["arm"] == "verified-detailed" and entry["id"] == "p1")
    assert [(one["label"], one["outcome"]) for one in tried["attempts"]] == [("attempt 1", "invalid"), ("attempt 2", "valid")]
    assert tried["attempts"][0]["feedback"] == "Not reached.\nTry." and tried["outcome"] == "valid"


@pytest.mark.parametrize(("prompt", "told"), [
    ("Solve.\nChain:\n", ""),
    ("Mend.\nbad\nFeedback:\nStep 1 fails.\nAdvice.\nChain:\n", "Step 1 fails.\nAdvice."),
    ("Plan:\n(a)\n\nFeedback:\nThe plan is invalid.\n\nCorrected plan:\n", "The plan is invalid."),
])  # fmt: skip
def test_feedback_is_found_in_the_prompt_that_gave_it(prompt, told):
    assert told_in(prompt) == told


def test_an_answer_that_is_judged_otherwise_today_is_counted_and_noted(evaluated):
    path = evaluated / "samples.jsonl"
    rows = read_json_lines(path)
    rows[0]["outcome"] = "invalid"
    write_json_lines(path, rows)
    data = reported(evaluated)
    assert any("judges 1 of the answers" in note and "invalid to valid: 1" in note for note in data["notes"])
    assert "Recorded as invalid" in data["entries"][0]["attempts"][0]["note"]
    rows[0]["outcome"] = "valid"
    write_json_lines(path, rows)
    assert not reported(evaluated)["notes"]


def test_missing_answers_and_an_unfinished_evaluation_are_said(evaluated):
    path = evaluated / "results.json"
    results = json.loads(path.read_text())
    results["results"]["blocksworld"]["greedy"]["outcomes"]["missing"] = 2
    path.write_text(json.dumps(results))
    assert any("2 answers did not come" in note for note in reported(evaluated)["sections"][0]["notes"])
    path.unlink()
    assert "was not finished" in reported(evaluated)["sections"][0]["notes"][0]


def test_rows_without_their_problem_are_shown_as_recorded_unless_it_lies_beside(tmp_path):
    run = recorded_evaluation(tmp_path / "run", [sample("p1", INAPPLICABLE)], TASK)
    entry = reported(run)["entries"][0]
    assert entry["problem"] is None and entry["lacking"] and entry["outcome"] == "invalid"
    assert entry["attempts"][0]["faults"][0]["kind"] == "precondition" and entry["attempts"][0]["text"] == INAPPLICABLE
    row = {"id": "p1", "domain": "blocksworld", "problem_pddl": PROBLEM, "prompt": "Goal: on a b\n"}
    write_json_lines(tmp_path / "problems.jsonl", [row])
    assert reported(run)["entries"][0]["problem"]["goal"][0]["text"] == "(on a b)"
    write_json_lines(tmp_path / "problems.jsonl", [row | {"prompt": "another problem"}])
    assert reported(run)["entries"][0]["problem"] is None


def test_rounds_show_validity_errors_and_attempts_beside_each_other(refinement, tmp_path):  # noqa: F811
    folder = tmp_path / "refine"
    rows = refinement(folder).run()
    data = reported(folder)
    curve = data["sections"][0]["charts"][0]["series"][0]["points"]
    assert [point[0] for point in curve] == [0, 1, 2, 3]
    assert [point[1] for point in curve[1:]] == [row["validation"]["plan_validity"]["value"] for row in rows]
    kept = [entry for entry in data["entries"] if entry["labels"]["split"] == "validation"]
    assert len(kept) == 3 and all([one["label"] for one in entry["attempts"]] == [f"round {n}" for n in range(4)] for entry in kept)
    tried = [entry for entry in data["entries"] if entry["labels"]["split"] == "attempts"]
    assert len(tried) == 18 and all(entry["problem"] for entry in data["entries"]) and not data["notes"]
    told = {row["feedback"] for n in (1, 2, 3) for row in read_json_lines(folder / f"round-0{n}" / "attempts.jsonl")}
    assert {one["feedback"] for entry in tried for one in entry["attempts"]} == told


def test_rounds_that_did_not_record_their_problems_draw_them_again_or_say_so(refinement, tmp_path):  # noqa: F811
    import yaml

    folder = tmp_path / "refine"
    refinement(folder).run()
    for path in folder.glob("round-*/problems.jsonl"):
        path.unlink()
    entries = [entry for entry in reported(folder)["entries"] if entry["labels"]["split"] == "attempts"]
    assert all(entry["problem"] is None and "not record" in entry["lacking"] for entry in entries)
    recipe = {
        "domain": "blocksworld", "seed": 0, "refine": RECIPE.model_dump(mode="json"),
        "corpus": {"states": "full", "purposes": True, "domain_in_prompt": False},
    }  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    entries = [entry for entry in reported(folder)["entries"] if entry["labels"]["split"] == "attempts"]
    assert all(entry["problem"] for entry in entries)
    # Other sizes give other problems under the same ids, which were not those that were asked.
    other = recipe | {"refine": RECIPE.model_dump(mode="json") | {"sizes": {"5": 1.0}}}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(other))
    entries = [entry for entry in reported(folder)["entries"] if entry["labels"]["split"] == "attempts"]
    assert all(entry["problem"] is None for entry in entries)


def test_a_training_shows_curves_its_evaluations_and_its_rounds(refinement, evaluated, tmp_path):  # noqa: F811
    run = tmp_path / "training"
    refinement(run / "refine").run()
    evaluated.rename(tmp_path / "moved")
    (run / "evaluation").mkdir()
    (tmp_path / "moved").rename(run / "evaluation" / "test")
    share = {"value": 0.5, "low": 0.2, "high": 0.8, "n": 10}
    write_json_lines(run / "curve.jsonl", [{"step": 5, "examples": 10, "tokens": 100, "minutes": 1.5, "plan_validity": share, "outcomes": {}, "causes": {"goal": 2}}])
    write_json_lines(run / "training.jsonl", [
        {"start": "a", "step": 1, "examples": 2, "loss": 7.0, "seconds": 60.0}, {"start": "b", "step": 2, "examples": 4, "loss": 3.0, "seconds": 30.0},
    ])  # fmt: skip
    (run / "record.json").write_text('{"schema": 1, "seconds": {"train": 80.0}}')
    data = reported(run)
    assert [part["title"] for part in data["sections"]] == ["Training (phase 1)", "Evaluation: test", "Rounds of refinement"]
    loss = next(chart for chart in data["sections"][0]["charts"] if chart["title"].startswith("Loss"))
    assert loss["series"][0]["points"] == [[1.0, 7.0], [1.5, 3.0]], "minutes go on over a killed start"
    assert {entry["labels"]["split"] for entry in data["entries"]} == {"test", "validation", "attempts"}
    assert ("time", "train 80 s") in [tuple(fact) for fact in data["facts"]]


def test_one_plan_is_a_report_too():
    for text, outcome in (("(pick-up a)\n(stack a b)\n", "valid"), (VALID, "valid"), ("(stack a b)\n", "invalid"), ("((", "unreadable")):
        data = data_of(report_html(plan_run(TASK, "blocksworld", "p.pddl", "p.plan", text)))
        assert [row[:2] for row in data["index"]] == [["p.pddl", "blocksworld"]] and data["entries"][0]["outcome"] == outcome


def test_what_is_left_out_did_not_fail_and_is_said():
    def entry(number: int) -> Entry:
        return Entry(id=str(number), domain="blocksworld", size="", answers=[Recorded(label="a", text="", outcome="invalid" if number % 4 == 0 else "valid")])

    entries = [entry(number) for number in range(40)]
    kept = [int(one.id) for one in chosen(entries, 16)]
    assert kept == sorted(kept) and len(kept) == 16 and {n for n in range(40) if n % 4 == 0} <= set(kept)
    assert [int(one.id) for one in chosen(entries, 5)] == [0, 8, 16, 24, 32], "evenly"
    data = data_of(report_html(Run(title="t", kind="k", facts=(), sections=(), entries=entries), most=16))
    assert len(data["entries"]) == 16 and any("24 of 40 entries are left out" in note for note in data["notes"])


def test_two_processes_make_the_same_entries_in_the_same_order(tmp_path):
    entries = read_run(recorded_evaluation(tmp_path, samples_of_ten_steps(6))).entries
    assert list(made(entries, workers=2)) == list(made(entries, workers=1))


def test_hostile_texts_stay_in_the_data_block_and_long_ones_are_cut(tmp_path):
    samples = [
        sample(f"id {text[:100]}", VALID + text, size=text[:50], arm=f"arm {text[:30]}", prompt=text, problem_pddl=PROBLEM) for text in HOSTILE
    ] + [sample(f"no problem {n}", text) for n, text in enumerate(HOSTILE)]
    run = recorded_evaluation(tmp_path / "run", samples, TASK, adapter="<script>alert(1)</script>", arms={"arm x": HOSTILE[1]})
    out = tmp_path / "out.html"
    assert write_report(read_run(run), out) < 2_000_000
    html = out.read_text(encoding="utf-8")
    assert "<script>alert" not in html and "<img" not in html and html.count("</script>") == html.count("<script")
    entries = data_of(html)["entries"]
    assert {entry["id"] for entry in entries} >= {f"id {text[:100]}" for text in HOSTILE}
    long = next(entry for entry in entries if entry["id"] == f"no problem {HOSTILE.index('x' * 1_000_000)}")
    assert len(long["attempts"][0]["text"]) < LONGEST_TEXT + 100 and "980,000 more characters" in long["attempts"][0]["text"]


def test_a_long_answer_has_no_marks_behind_its_cut():
    text = "\n" * LONGEST_TEXT + "stack a b\n"
    one = make(Entry(id="p", domain="blocksworld", size="2", problem_pddl=PROBLEM, answers=[Recorded(label="a", text="(pick-up a)\n" + text, written=True)]))
    attempt = json.loads(one.text)["attempts"][0]
    assert len(attempt["text"]) < LONGEST_TEXT + 100
    assert all(fault["at"] is None or fault["at"][1] <= LONGEST_TEXT for fault in attempt["faults"])


def test_a_report_replaces_a_report_and_nothing_else(evaluated, tmp_path):
    run, out = read_run(evaluated), tmp_path / "page.html"
    write_report(run, out)
    assert MARK in out.read_text()[:300]
    write_report(run, out)
    out.write_text("<html>mine</html>")
    with pytest.raises(ResultExists, match="no report of planlearn"):
        write_report(run, out)
    assert out.read_text() == "<html>mine</html>"
    with pytest.raises(PlanlearnError, match="is a folder"):
        write_report(run, tmp_path)


def test_what_is_no_run_is_told_what_was_expected(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    for path in (tmp_path / "empty", tmp_path / "notes.txt", tmp_path / "nothing"):
        with pytest.raises(PlanlearnError, match=r"expected the folder of an evaluation .*DOMAIN PROBLEM PLAN"):
            read_run(path)


@pytest.mark.parametrize(("file", "text", "said"), [
    ("samples.jsonl", "{}\n", r"samples.jsonl:1: .*'domain' is missing"),
    ("samples.jsonl", "[]\n", r"samples.jsonl:1"),
    ("results.json", "[]", r"results.json: not a results.json"),
    ("results.json", '{"results": {"d": 5}}', r"results.json: not a results.json"),
    ("rounds.jsonl", '{"schema": 1, "round": 1}\n', r"rounds.jsonl: not a record of rounds"),
    ("rounds.jsonl", "[1]\n", r"rounds.jsonl"),
])  # fmt: skip
def test_broken_records_are_named(evaluated, file, text, said):
    if file == "rounds.jsonl":
        (evaluated / "samples.jsonl").unlink()
    (evaluated / file).write_text(text)
    with pytest.raises((SamplesError, PlanlearnError), match=said):
        read_run(evaluated)


def test_five_hundred_problems_of_ten_steps_are_below_ten_megabytes(tmp_path):
    """The size of each problem, and of what all share, from small runs."""
    sizes = {}
    for count in (6, 30):
        sizes[count] = write_report(read_run(recorded_evaluation(tmp_path / str(count), samples_of_ten_steps(count))), tmp_path / f"{count}.html")
    each = (sizes[30] - sizes[6]) / 24
    assert each > 3000, "ten steps with their texts"
    assert sizes[6] + 494 * each < 10_000_000


def test_numbers_of_a_record_are_not_changed_by_the_report(evaluated):
    before = {path.name: path.read_bytes() for path in evaluated.iterdir()}
    read_run(evaluated)
    reported(evaluated)
    assert {path.name: path.read_bytes() for path in evaluated.iterdir()} == before


def test_an_entry_never_raises_because_of_a_recorded_problem():
    for pddl in ("(define", "\0", "x" * 30_000, PROBLEM.replace("blocksworld-4ops", "another")):
        one = make(Entry(id="p", domain="blocksworld", size="", problem_pddl=pddl, answers=[Recorded(label="a", text=VALID, outcome="valid")]))
        body = json.loads(one.text)
        assert body["outcome"] == "valid" and (body["problem"] is None) == bool(body["lacking"])
    one = make(replace(Entry(id="p", domain="no such domain", size="", answers=[]), problem_pddl=PROBLEM))
    assert "cannot be read" in json.loads(one.text)["lacking"]
