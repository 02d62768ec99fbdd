"""The table of models: rows from recorded answers and from results, and its place in a README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.errors import PlanlearnError
from planlearn.evaluate import build_results, read_recorded
from planlearn.evaluate.models_table import BEGIN, END, models_markdown, put_between_marks, recorded_rows, result_rows
from planlearn.evaluate.recorded import judge_recorded
from planlearn.problems import domain_text
from tests.evaluate.answers import GOAL_MISSED, UNREADABLE, VALID, record
from tests.evaluate.test_recorded import GOOD, PROBLEM
from tests.golden_files import check_golden

ANSWERS = [(GOOD, True), ("(pick-up a)", False), ("(stack a b)", True), ("I cannot say.", False), ("stack it", None)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sets, answers of two models to both, one of them to an instance that is not there."""
    for name in ("blocksworld", "blocksworld_hard"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "domain.pddl").write_text(domain_text("blocksworld"))
        for number in range(1, len(ANSWERS) + 1):
            (tmp_path / name / f"instance-{number}.pddl").write_text(PROBLEM)
    (tmp_path / "responses").mkdir()
    for name, model, share, told in (
        ("blocksworld", "weak", 5, {}), ("blocksworld", "a|b", 1, {"model": "a|b", "prompt": "pddl"}), ("blocksworld_hard", "weak", 3, {}),
    ):  # fmt: skip
        rows = [
            {"instance_set": name, "instance_id": number, "response": text, "recorded_valid": valid} | told
            for number, (text, valid) in enumerate([*ANSWERS[:share], (GOOD, True)][:6], start=1)
        ]
        rows[-1]["instance_id"] = 99
        path = tmp_path / "responses" / f"{name}__{model.replace('|', '_')}__zero_shot.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def results(path: Path, records: list[Any], **about: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(build_results(records, about=about)))
    return path


def rows_of(folder: Path) -> tuple[list[Any], int]:
    answers = [answer for path in sorted((folder / "responses").iterdir()) for answer in read_recorded(path)]
    records = judge_recorded(answers, folder)
    return recorded_rows(answers, records), records.count(None)


def test_the_table(folder: Path) -> None:
    rows, skipped = rows_of(folder)
    assert skipped == 3
    ours = [record(VALID, "p1"), record(GOAL_MISSED, "p2"), record(UNREADABLE, "p3"), record(VALID, "p1", arm="base")]
    rows += result_rows(results(folder / "nano" / "planbench.json", ours, instances="blocksworld"))
    rows += result_rows(results(folder / "x" / "results.json", ours[:1], instances="hard.jsonl"), "named here")
    more = [*ours, *(record(VALID, "p1", arm=arm) for arm in ("masked", "samples", "verified-binary", "random_walk"))]
    rows += result_rows(results(folder / "own" / "results.json", more, instances="blocksworld", source="planlearn's set"), controls=True)
    check_golden("evaluate/models_table.md", models_markdown(rows, skipped))


def test_figures_of_a_recorded_model(folder: Path) -> None:
    rows, _ = rows_of(folder)
    weak = next(row for row in rows if (row.set, row.model) == ("blocksworld", "weak"))
    assert (weak.n, weak.valid.value, weak.goal, weak.prompt) == (5, 1 / 5, 1 / 5, "zero_shot")
    assert weak.theirs == 2 / 4, "of the answers with a verdict"
    assert weak.prefix == pytest.approx((1 + 1 + 0) / 3), "of the plans that can be read"
    assert (weak.no_plan, weak.unreadable) == (1, 2)
    (other,) = (row for row in rows if row.model == "a|b")
    assert (other.prompt, other.n) == ("pddl", 1), "what the row says goes before the file's name"


def test_controls_are_no_model_of_ours(tmp_path: Path) -> None:
    controls = ("random_walk", "planner", "base", "few_shot")
    path = results(tmp_path / "nano" / "results.json", [record(VALID, arm=arm) for arm in ("greedy", "masked", *controls)])
    assert [(row.model, row.prompt, row.ours) for row in result_rows(path)] == [("nano", "own format, greedy", True), ("nano", "masked", True)]
    rows = [row for row in result_rows(path, "mine", controls=True) if not row.ours]
    assert {(row.model, row.prompt) for row in rows} == {(name, "control of mine") for name in controls}
    assert "**" not in models_markdown(rows) and "(ours)" not in models_markdown(rows)


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ({"instances": "blocksworld", "source": "planlearn's set"}, "blocksworld (planlearn's set)"),
        ({"instances": "blocksworld", "source": "PlanBench"}, "blocksworld"),
        ({"instances": "blocksworld"}, "blocksworld"),
        ({"instances": "hard.jsonl", "source": "a file"}, "hard (a file)"),
        ({}, "blocksworld"),
    ],
)
def test_our_sets_are_told_from_planbenchs_of_the_same_name(tmp_path: Path, about: dict[str, str], shown: str) -> None:
    (row,) = result_rows(results(tmp_path / "r.json", [record(VALID)], **about))
    assert row.set == shown and f"| `{shown}` |" in models_markdown([row])


def test_the_note_says_that_ours_are_greedy_where_they_are(tmp_path: Path) -> None:
    path = results(tmp_path / "r.json", [record(VALID), record(VALID, arm="masked")])
    greedy, masked = result_rows(path)
    assert "; ours are greedy, one attempt" in models_markdown([greedy])
    assert "; ours, unless the prompt column names another arm, are greedy, one attempt" in models_markdown([greedy, masked])


def test_a_second_answer_to_an_instance_is_refused(folder: Path) -> None:
    path = folder / "responses" / "blocksworld__weak__zero_shot.jsonl"
    answers = read_recorded(path) + read_recorded(path)
    with pytest.raises(PlanlearnError, match=r"zero_shot.jsonl:1: a second answer of weak zero_shot to blocksworld-1; the first is .*zero_shot.jsonl:1;"):
        recorded_rows(answers, judge_recorded(answers, folder))


def test_results_of_a_former_release_have_a_row(tmp_path: Path) -> None:
    whole = build_results([record(VALID), record(UNREADABLE, "p2")], about={"instances": "blocksworld"})
    for numbers in whole["results"]["blocksworld"].values():
        del numbers["outcomes"]["unsolvable"], numbers["outcomes"]["missing"], numbers["unsolvable"]
    path = tmp_path / "nano" / "planbench.json"
    path.parent.mkdir()
    path.write_text(json.dumps(whole))
    (row,) = result_rows(path)
    assert (row.set, row.model, row.valid.n, row.unreadable, row.no_plan, row.ours) == ("blocksworld", "nano", 2, 1, None, True)


def test_a_model_that_was_asked_in_pddl_is_not_called_ours(tmp_path: Path) -> None:
    (row,) = result_rows(results(tmp_path / "r.json", [record(VALID)], instances="blocksworld", arms={"greedy": "alone"}, model="theirs"))
    assert not row.ours and row.prompt == "PDDL, greedy"
    (row,) = result_rows(results(tmp_path / "r.json", [record(VALID)], instances="blocksworld", arms={"greedy": "alone"}, style={}))
    assert row.ours


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"about": {}, "results": {"b": {"greedy": {"plan_validity": 1}}}}'])
def test_what_is_no_result_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(PlanlearnError, match=r"r.json: not a results.json"):
        result_rows(tmp_path / "r.json")


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(f"# Ä\r\n{BEGIN}\nold\n{END}\r\nbehind".encode())
    for _ in range(2):
        put_between_marks(path, "| new |\n")
        assert path.read_bytes() == f"# Ä\r\n{BEGIN}\n| new |\n{END}\r\nbehind".encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}", f"{BEGIN}{END}{END}"])
def test_without_its_marks_a_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(PlanlearnError, match="README.md: expected one line <!-- recorded:begin --> and behind it one line"):
        put_between_marks(path, "new")
    assert path.read_text() == text


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xff")
    with pytest.raises(PlanlearnError, match=r"not UTF-8 text \(byte 0\)"):
        put_between_marks(tmp_path / "README.md", "new")


# PlanBench's recorded answers; none of them is part of the project.


def test_every_recorded_model_has_its_row(planbench: Path) -> None:
    paths = sorted(planbench.glob("responses/*.jsonl"))
    answers = [answer for path in paths for answer in read_recorded(path)]
    rows = recorded_rows(answers, judge_recorded(answers, planbench))
    assert {f"{row.set}__{row.model}__{row.prompt}" for row in rows} == {path.stem for path in paths}
    assert all(row.theirs is not None and abs(row.theirs - row.valid.value) <= 1 / row.n + 1e-9 for row in rows)
