"""Records as they are found: still being written, torn, without an arm's measurement, with numbers that are none; and what counts in an arm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from planlearn.errors import PlanlearnError
from planlearn.evaluate import Sample, build_results, score
from planlearn.files import read_json_lines, write_json_lines
from planlearn.problems import domain_text
from planlearn.refine import Refinement
from planlearn.report.entries import Entry, Recorded, chosen, make
from planlearn.report.runs import read_run, report_html
from tests.evaluate.answers import GOAL_MISSED, INAPPLICABLE, TASK, UNREADABLE, VALID, sample
from tests.refine.conftest import refinement, validation  # noqa: F401
from tests.report.recorded_runs import recorded_evaluation
from val_bridge import Task, read_task, write_problem

Json = dict[str, Any]
PROBLEM = write_problem(TASK.problem)
OTHER = PROBLEM.replace("(on a b)", "(on b a)")
SHARE = {"value": 0.5, "low": 0.2, "high": 0.8, "n": 10}
CURVE = {"step": 5, "examples": 10, "tokens": 100, "minutes": 1.5, "plan_validity": SHARE, "outcomes": {}, "causes": {"goal": 2}}
SPENT = {"start": "a", "step": 1, "examples": 2, "loss": 7.0, "seconds": 60.0}


def reported(folder: Path) -> Json:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', report_html(read_run(folder)), re.DOTALL)
    assert block is not None
    found: Json = json.loads(block[1])
    return found | {"entries": [json.loads(text) for text in found["entries"]]}


def by_arm(data: Json) -> dict[tuple[str, str], Json]:
    return {(entry["id"], entry["labels"]["arm"]): entry for entry in data["entries"]}


def table_of(data: Json, title: str) -> Json:
    return next(table for part in data["sections"] for table in part["tables"] if table["title"] == title)


def again(name: str, answer: str = VALID, **changes: Any) -> Sample:
    return sample(name, answer, arm="verified-detailed", attempt=2, prompt="Mend.", **{"problem_pddl": PROBLEM} | changes)


def greedy(name: str, answer: str = VALID, **changes: Any) -> Sample:
    return sample(name, answer, **{"problem_pddl": PROBLEM} | changes)


# ---- files that are being written


def test_files_that_are_being_written_are_left_as_they_are(refinement: Callable[..., Refinement], tmp_path: Path):  # noqa: F811
    run = tmp_path / "run"
    refinement(run / "refine").run()
    write_json_lines(run / "curve.jsonl", [CURVE])
    write_json_lines(run / "training.jsonl", [SPENT])
    torn = [run / "curve.jsonl", run / "training.jsonl", run / "refine" / "rounds.jsonl"]
    torn += run.glob("refine/round-*/attempts.jsonl")
    torn += run.glob("refine/round-*/validation/samples.jsonl")
    assert len(torn) == 10
    for path in torn:
        with path.open("ab") as file:
            file.write(b'{"half": "\xc3')  # half a row, half a letter
    before = {path: (path.read_bytes(), path.stat().st_ino) for path in run.rglob("*") if path.is_file()}
    data = reported(run)
    assert {path: (path.read_bytes(), path.stat().st_ino) for path in run.rglob("*") if path.is_file()} == before
    assert [len(table_of(data, title)["rows"]) for title in ("Rounds", "Snapshots on validation problems")] == [4, 1]


@pytest.mark.parametrize("name", ["training.jsonl", "curve.jsonl", "refine/rounds.jsonl", "refine/round-01/attempts.jsonl"])
def test_a_line_that_is_no_row_is_named(name: str, tmp_path: Path):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n{}\n")
    (tmp_path / "refine" / "round-00" / "validation").mkdir(parents=True)
    with pytest.raises(PlanlearnError, match=rf"{name}: not rows of JSON \(.*; mend or remove the file"):
        read_run(tmp_path)


def test_an_evaluation_inside_a_run_that_has_no_answer_yet_is_a_note(refinement: Callable[..., Refinement], tmp_path: Path):  # noqa: F811
    run = tmp_path / "run"
    refinement(run / "refine").run()
    (run / "refine" / "round-03" / "validation" / "samples.jsonl").write_text('{"torn')
    for name, text in (("test", ""), ("validation", '{"domain": "blocks')):
        (run / "evaluation" / name).mkdir(parents=True)
        (run / "evaluation" / name / "samples.jsonl").write_text(text)
    data = reported(run)
    parts = {part["title"]: part for part in data["sections"]}
    assert all("no answer" in parts[f"Evaluation: {name}"]["notes"][0].lower() for name in ("test", "validation"))
    assert any("round 3" in note and "no answer" in note for note in parts["Rounds of refinement"]["notes"])
    kept = [entry for entry in data["entries"] if entry["labels"]["split"] == "validation"]
    assert kept and all([one["label"] for one in entry["attempts"]] == ["round 0", "round 1", "round 2"] for entry in kept)


def test_snapshots_are_shown_before_their_curve_is_written(tmp_path: Path):
    for step, answers in ((900, [VALID, GOAL_MISSED]), (1800, [VALID, VALID])):
        recorded_evaluation(tmp_path / "evaluation" / "curve" / f"step-{step}", [greedy(f"p{n}", text) for n, text in enumerate(answers)])
    data = reported(tmp_path)
    chart = next(chart for chart in data["sections"][0]["charts"] if chart["title"] == "Plan validity against steps")
    assert [point[:2] for point in chart["series"][0]["points"]] == [[900, 0.5], [1800, 1.0]]
    write_json_lines(tmp_path / "curve.jsonl", [CURVE])
    assert "Plan validity against steps" not in {chart["title"] for part in reported(tmp_path)["sections"] for chart in part["charts"]}


# ---- numbers that are none, records of another kind


def test_numbers_that_are_none_are_left_out_and_said(tmp_path: Path):
    rows = [SPENT | {"loss": loss, "seconds": 60.0 * n} for n, loss in enumerate((7.0, float("nan"), float("inf"), 5.0), start=1)]
    (tmp_path / "training.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "curve.jsonl").write_text(json.dumps(CURVE | {"plan_validity": SHARE | {"value": float("nan")}}) + "\n")
    part = reported(tmp_path)["sections"][0]
    assert [chart["series"][0]["points"] for chart in part["charts"] if chart["title"].startswith("Loss")] == [[[1.0, 7.0], [4.0, 5.0]]]
    assert any("2 losses are no numbers" in note for note in part["notes"])
    (tmp_path / "record.json").write_text('{"seconds": {"train": Infinity}}')
    with pytest.raises(PlanlearnError, match=r"record.json: not the record"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["hashes", "versions", "about"])
def test_what_results_say_of_the_run_has_to_be_an_object(name: str, tmp_path: Path):
    run = recorded_evaluation(tmp_path / "run", [greedy("p1")])
    path = run / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: ["x"]}))
    with pytest.raises(PlanlearnError, match=rf"results.json: not a results.json \({name}: expected an object"):
        read_run(run)


# ---- the numbers of results.json


def rewritten(folder: Path, samples: Sequence[Sample], **how: Any) -> Json:
    """results.json of the samples, as `build_results` makes it with what is known while measuring."""
    results = build_results([score(TASK, one) for one in samples], about={"model": "none"}, **how)
    (folder / "results.json").write_text(json.dumps(results))
    return results


def test_the_numbers_are_those_of_results_json(tmp_path: Path):
    samples = [greedy("p0"), greedy("p1"), greedy("p2", GOAL_MISSED)]
    run = recorded_evaluation(tmp_path / "run", samples)
    verdicts = [{"domain": "blocksworld", "id": f"p{n}", "said": n != 1, "probability": 0.25, "valid": n < 2} for n in range(3)]
    results = rewritten(run, samples, missing={("blocksworld", "verified-detailed"): ["p2"]}, verdicts=verdicts)
    numbers = results["results"]["blocksworld"]
    assert (numbers["verified-detailed"]["plan_validity"]["value"], numbers["verified-detailed"]["plan_validity"]["n"]) == (1.0, 2)
    data = reported(run)
    for row in table_of(data, "Arms and controls")["rows"]:
        arm, valid = row["cells"][1], row["cells"][3]
        assert valid == numbers[arm]["plan_validity"] and row["cells"][2] == str(valid["n"])
    own = numbers["greedy"]["own_verdict"]
    cells = table_of(data, "What the model thinks of its own plans")["rows"][0]["cells"]
    assert cells[2:6] == ["3", own["accuracy"], f"{own['brier']:.3f}", f"{own['calibration_error']:.3f}"]
    assert not any("counted anew" in note for note in data["sections"][0]["notes"])
    tried = [entry["outcome"] for entry in data["entries"] if entry["labels"]["arm"] == "verified-detailed"]
    assert tried == ["valid", "valid", "invalid"], "an arm without a row of its own is listed too"


def test_numbers_of_other_samples_are_counted_anew_and_said(tmp_path: Path):
    samples = [greedy("p0"), greedy("p1", GOAL_MISSED)]
    run = recorded_evaluation(tmp_path / "run", samples)
    for others in (samples[:1], [*samples, sample("p0", arm="masked", problem_pddl=PROBLEM)], [samples[0], greedy("p1")]):
        rewritten(run, others)
        data = reported(run)
        assert [row["cells"][1] for row in table_of(data, "Arms and controls")["rows"]] == ["greedy"]
        assert table_of(data, "Arms and controls")["rows"][0]["cells"][3]["value"] == 0.5
        assert any("counted anew" in note for note in data["sections"][0]["notes"])


# ---- which problem, which answer, and whether it is right


def test_a_problem_is_taken_from_beside_only_where_the_greedy_prompt_is_its_own(tmp_path: Path):
    samples = [
        sample("p1"), sample("p1", GOAL_MISSED, arm="few_shot", prompt="Examples. Goal: on a b\n"), sample("p2", arm="few_shot", prompt="Examples."),
    ]  # fmt: skip
    run = recorded_evaluation(tmp_path / "run", samples, TASK)
    for prompt, known in (("Goal: on a b\n", True), ("Goal: on b a\n", False)):
        rows = [{"id": name, "domain": "blocksworld", "problem_pddl": PROBLEM if known else OTHER, "prompt": prompt} for name in ("p1", "p2")]
        write_json_lines(tmp_path / "problems.jsonl", rows)
        entries = by_arm(reported(run))
        assert [entries["p1", arm]["problem"] is not None for arm in ("greedy", "few_shot")] == [known, known]
        assert entries["p2", "few_shot"]["problem"] is None, "no greedy answer says which problem it is"


def test_the_list_and_the_table_count_the_same_answer(tmp_path: Path):
    drawn = [sample("p0", text, arm="samples", attempt=n, problem_pddl=PROBLEM) for n, text in enumerate((VALID, UNREADABLE, INAPPLICABLE), 1)]
    drawn += [sample("p1", text, arm="samples", attempt=n, problem_pddl=PROBLEM) for n, text in enumerate((GOAL_MISSED, VALID), 1)]
    turns = [greedy("p0"), greedy("p1", GOAL_MISSED), greedy("p2", GOAL_MISSED), again("p1"), again("p2", GOAL_MISSED)]
    data = reported(recorded_evaluation(tmp_path / "run", [*drawn, *turns]))
    rows = {row["cells"][1]: row["cells"] for row in table_of(data, "Arms and controls")["rows"]}
    for arm, outcomes in (("samples", ["valid", "invalid"]), ("verified-detailed", ["valid", "valid", "invalid"])):
        some = [entry for entry in data["entries"] if entry["labels"]["arm"] == arm]
        assert [entry["id"] for entry in some] == ["p0", "p1", "p2"][: len(outcomes)]
        assert [entry["outcome"] for entry in some] == outcomes == [row[3] for row in data["index"] if row[5]["arm"] == arm]
        assert rows[arm][2] == str(len(outcomes)) and rows[arm][3]["value"] == pytest.approx(outcomes.count("valid") / len(outcomes))
    assert by_arm(data)["p0", "samples"]["counted"] == 0 and by_arm(data)["p1", "verified-detailed"]["counted"] == 1
    assert [one["label"] for one in by_arm(data)["p0", "verified-detailed"]["attempts"]] == ["attempt 1"]
    kinds = next(row[4] for row in data["index"] if row[0] == "p0" and row[5]["arm"] == "samples")
    assert kinds == [], "faults of the answer that counts"


def test_an_attempt_that_did_not_come_leaves_its_problem_undecided(tmp_path: Path):
    samples = [greedy("p1", GOAL_MISSED), greedy("p2", GOAL_MISSED), again("p1")]
    entries = by_arm(reported(recorded_evaluation(tmp_path / "run", samples)))
    assert "not counted" in entries["p2", "verified-detailed"]["attempts"][0]["note"]
    assert all("not counted" not in one.get("note", "") for key in (("p1", "verified-detailed"), ("p2", "greedy")) for one in entries[key]["attempts"])


def test_that_there_is_no_plan_is_said_rightly_or_wrongly(tmp_path: Path):
    says = "Plan:\nunsolvable\n"
    outcome = score(TASK, sample("p", says)).outcome.value
    samples = [greedy("p0", says, solvable=False), greedy("p1", says), greedy("p2", GOAL_MISSED, solvable=False)]
    run = recorded_evaluation(tmp_path / "run", samples)
    assert outcome == "unsolvable"
    data = reported(run)
    assert [row[3] for row in data["index"]] == ["unsolvable", "unsolvable", "invalid"] and [row[6] for row in data["index"]] == [False, True, False]
    notes = [entry["attempts"][0].get("note", "") for entry in data["entries"]]
    assert "rightly says" in notes[0].lower() and "wrongly says" in notes[1].lower() and "says" not in notes[2]
    assert [entry.failed for entry in read_run(run).entries] == [False, True, True]


# ---- sizes


def many(count: int) -> Task:
    blocks = [f"b{n}" for n in range(count)]
    facts = "".join(f"(ontable {block})(clear {block})" for block in blocks)
    return read_task(
        domain_text("blocksworld"),
        f"(define (problem p) (:domain blocksworld-4ops) (:objects {' '.join(blocks)}) (:init (handempty) {facts}) (:goal (on b0 b1)))",
    )


def test_no_fact_is_left_out_of_a_large_problem():
    pddl = write_problem(many(600).problem)
    lines = "".join(f"no step {n}\n" for n in range(3000))
    one = make(Entry(id="p", domain="blocksworld", size="600", problem_pddl=pddl, answers=[Recorded(label="a", text=lines + VALID.replace(" a", " b0"))]))
    body = json.loads(one.text)
    facts = body["problem"]["facts"]
    assert len(facts) >= 1201 and all(fact.startswith("(") for fact in facts)
    places = [*body["problem"]["init"], *(n for a in body["attempts"] for track in a["tracks"] for step in track["steps"] for n in step["add"])]
    assert max(places) < len(facts)
    assert len(body["attempts"][0]["unread"]) <= 1001


def test_a_problem_that_is_too_large_to_be_drawn_is_shown_as_text():
    pddl = write_problem(many(700).problem)
    plan = "".join(f"(pick-up b{n})\n(put-down b{n})\n" for n in range(700))
    from planlearn.report.entries import LARGEST

    answers = [Recorded(label=f"a{n}", text=plan, written=True, outcome="invalid") for n in range(12)]
    one = make(Entry(id="p", domain="blocksworld", size="", problem_pddl=pddl, answers=answers))
    body = json.loads(one.text)
    assert body["problem"] is None and "too large" in body["lacking"] and body["outcome"] == "invalid" and len(one.text) < LARGEST
    assert all(not attempt["tracks"] for attempt in body["attempts"])


# ---- ablations


def test_an_ablation_that_still_runs_shows_every_arm(refinement: Callable[..., Refinement], tmp_path: Path):  # noqa: F811
    seed = tmp_path / "abl" / "s0"
    for arm in ("none", "detailed"):
        refinement(seed / arm / "refine").run()
    # A record of rounds in which nothing was measured has its first attempts alone.
    rows = read_json_lines(seed / "detailed" / "refine" / "rounds.jsonl")
    recorded_evaluation(seed / "measured" / "none", [greedy("p0")])
    (seed / "measured" / "base").mkdir()
    (seed / "measured" / "base" / "samples.jsonl").write_text("")
    data = reported(tmp_path / "abl")
    assert data["kind"] == "ablation"
    first = data["sections"][0]
    found = {one["name"]: one["points"] for one in first["charts"][0]["series"]}
    assert set(found) == {"none, s0", "detailed, s0"}
    assert [point[1] for point in found["detailed, s0"][1:]] == [row["validation"]["plan_validity"]["value"] for row in rows]
    assert any("detailed, s0" in note and "not measured" in note and "3 rounds" in note for note in first["notes"])
    assert any("no answer" in note.lower() for part in data["sections"] for note in part["notes"] if part["title"] == "base, s0")
    for row in rows:
        row["validation"]["plan_validity"] = None
    write_json_lines(seed / "detailed" / "refine" / "rounds.jsonl", rows)
    (seed / "detailed" / "refine" / "round-00" / "validation" / "results.json").unlink()
    series = reported(seed)["sections"][0]["charts"][0]["series"]
    assert [one["name"] for one in series] == ["none, s0"], "validation alone, not the attempts of the rounds"


def test_an_ablation_is_one_before_an_arm_is_measured(refinement: Callable[..., Refinement], tmp_path: Path):  # noqa: F811
    refinement(tmp_path / "abl" / "s0" / "none" / "refine").run()
    data = reported(tmp_path / "abl")
    assert data["kind"] == "ablation" and "not measured" in data["sections"][0]["notes"][0] and not data["entries"]


# ---- several domains


def test_each_domain_has_charts_of_its_own(tmp_path: Path):
    pddl = domain_text("blocksworld")
    samples = [greedy("p0"), sample("q0", VALID, domain="mine", domain_pddl=pddl, size="9 blocks", problem_pddl=PROBLEM)]
    charts = reported(recorded_evaluation(tmp_path / "run", samples))["sections"][0]["charts"]
    sized = {chart["title"]: chart for chart in charts if chart["title"].startswith("Plan validity by size")}
    assert {title: chart["categories"] for title, chart in sized.items()} == {
        "Plan validity by size: blocksworld": ["2 blocks"], "Plan validity by size: mine": ["9 blocks"],
    }  # fmt: skip
    assert all([one["name"] for one in chart["series"]] == ["greedy"] for chart in sized.values())


def test_most_keeps_the_right_ones_last():
    def entry(name: str, outcome: str, solvable: bool | None) -> Entry:
        return Entry(id=name, domain="blocksworld", size="", answers=[Recorded(label="a", text="", outcome=outcome)], solvable=solvable)

    entries = [entry("right", "unsolvable", False), entry("wrong", "unsolvable", True), entry("not known", "unsolvable", None)]
    assert [one.id for one in chosen(entries, 2)] == ["wrong", "not known"]
