"""Samples as PlanBench's response JSON: its layout, its English, and which answer counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.chains import find_plan
from planlearn.errors import PlanlearnError
from planlearn.evaluate import ResultExists, SampleRecord, SamplesError
from planlearn.integrations import planbench_responses
from planlearn.integrations.planbench_json import planbench_english
from planlearn.problems import domain_text
from tests.evaluate.answers import GOAL_MISSED, UNREADABLE, VALID, record
from tests.golden_files import check_golden
from val_bridge import read_plan, read_task


def written(folder: Path, *records: SampleRecord) -> Path:
    path = folder / "samples.jsonl"
    path.write_text("".join(json.dumps({"run": "x"} | one.to_row()) + "\n" for one in records))
    return path


def test_the_whole_of_it(tmp_path: Path) -> None:
    samples = written(
        tmp_path, record(GOAL_MISSED, "blocksworld-10"), record(VALID, "blocksworld-9"), record(UNREADABLE, "blocksworld-2"),
        record("", "blocksworld-3"),
    )
    planbench_responses(samples, tmp_path / "out" / "task_1_plan_generation.json", engine="nano")
    check_golden("integrations/planbench_responses.json", (tmp_path / "out" / "task_1_plan_generation.json").read_text())


def test_it_has_what_response_evaluation_reads(tmp_path: Path) -> None:
    samples = written(tmp_path, record(VALID, "blocksworld-9"), record("", "blocksworld-3"))
    found = planbench_responses(samples, tmp_path / "r.json")
    assert {"task", "prompt_type", "domain", "instances"} <= set(found)
    for instance in found["instances"]:
        assert isinstance(instance["instance_id"], int)
        assert instance["llm_raw_response"], "an empty one would be left out of the total"
    assert [instance["llm_correct"] for instance in found["instances"]] == [False, True]


TASKS = {
    "blocksworld": (
        "(define (problem p) (:domain blocksworld-4ops) (:objects a b l) (:init (handempty) (ontable a) (ontable b) (on l a) (clear l) (clear b))"
        " (:goal (on a b)))",
        "(unstack l a)\n(put-down l)\n(pick-up a)\n(stack a b)",
        "unstack the gold block from on top of the red block\nput down the gold block\npick up the red block\n"
        "stack the red block on top of the blue block",
    ),
    "mystery_blocksworld": (
        "(define (problem p) (:domain mystery-4ops) (:objects a b) (:init (harmony) (planet a) (planet b) (province a) (province b))"
        " (:goal (craves a b)))",
        "(attack a)\n(overcome a b)\n(feast a b)\n(succumb a)",
        "attack object a\novercome object a from object b\nfeast object a from object b\nsuccumb object a",
    ),
    "logistics": (
        "(define (problem p) (:domain logistics-strips) (:objects a0 c0 c1 t0 l0-0 l0-1 l1-0 p12) (:init (airplane a0) (city c0) (city c1)"
        " (truck t0) (location l0-0) (location l0-1) (location l1-0) (airport l0-0) (airport l1-0) (in-city l0-0 c0) (in-city l0-1 c0)"
        " (in-city l1-0 c1) (obj p12) (at t0 l0-0) (at a0 l0-0) (at p12 l0-1)) (:goal (at p12 l1-0)))",
        "(drive-truck t0 l0-0 l0-1 c0)\n(load-truck p12 t0 l0-1)\n(unload-truck p12 t0 l0-1)\n(load-airplane p12 a0 l0-0)\n"
        "(fly-airplane a0 l0-0 l1-0)\n(unload-airplane p12 a0 l1-0)",
        "drive truck_0 from location_0_0 to location_0_1 in city_0\nload package_12 into truck_0 at location_0_1\n"
        "unload package_12 from truck_0 at location_0_1\nload package_12 into airplane_0 at location_0_0\n"
        "fly airplane_0 from location_0_0 to location_1_0\nunload package_12 from airplane_0 at location_1_0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("domain", TASKS)
def test_planbenchs_english_is_read_back_as_the_same_plan(domain: str) -> None:
    problem, plan, english = TASKS[domain]
    calls = read_plan(plan).calls
    assert planbench_english(domain, tuple(map(str, calls))) == english
    found = find_plan(english, read_task(domain_text(domain), problem))
    assert found.plan is not None and found.plan.calls == calls


def test_blocks_and_carriers_are_found_as_planbench_finds_them() -> None:
    """It takes the colours of a line in their order; in Logistics the words with a digit, their kind by its first letter."""
    colours = ["red", "blue", "gold"]
    line = planbench_english("blocksworld", ("(unstack l a)",))
    assert sorted((word for word in colours if word in line), key=line.index) == ["gold", "red"]
    line = planbench_english("logistics", ("(drive-truck t0 l0-0 l0-1 c0)",))
    assert [word[0] + "-".join(word.split("_")[1:]) for word in line.split() if any(map(str.isdigit, word))] == ["t0", "l0-0", "l0-1", "c0"]


def test_what_has_no_words_stays_as_it_is() -> None:
    calls = ("(pick-up zz)", "(stack a)", "(fly a)")
    assert planbench_english("blocksworld", calls).splitlines() == ["pick up zz", "stack a", "fly a"]
    assert planbench_english("depots", ("(lift hoist0 crate1 pallet0 depot0)",)) == "lift hoist0 crate1 pallet0 depot0"


def test_answers_as_they_were_written(tmp_path: Path) -> None:
    found = planbench_responses(written(tmp_path, record(VALID, "s-1")), tmp_path / "r.json", as_written=True, domain="blocksworld_3")
    assert found["instances"][0]["llm_raw_response"] == VALID.strip() and found["domain"] == "blocksworld_3"


def test_which_attempt_counts(tmp_path: Path) -> None:
    """Of independent ones the first, of those that know each other the last."""
    records = [record(text, "s-1", arm=arm, attempt=n) for arm in ("samples", "verified-binary") for n, text in ((2, VALID), (1, GOAL_MISSED))]
    samples = written(tmp_path, *records)
    valid = {arm: planbench_responses(samples, tmp_path / f"{arm}.json", arm=arm)["instances"] for arm in ("samples", "verified-binary")}
    assert {arm: [row["llm_correct"] for row in rows] for arm, rows in valid.items()} == {"samples": [False], "verified-binary": [True]}


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([record(VALID, "a-1"), record(VALID, "b-1")], "the sets a, b"),
        ([record(VALID, "a-1"), record(VALID, "a-1", domain="logistics")], "blocksworld, logistics"),
        ([record(VALID, "p1")], "p1 is no instance of PlanBench"),
        ([record(VALID, "a-1", arm="base")], "no answer of arm greedy; its arms are base"),
        ([], "its arms are none"),
    ],
)
def test_rows_that_planbench_cannot_read_are_refused(tmp_path: Path, records: list[SampleRecord], words: str) -> None:
    with pytest.raises(PlanlearnError, match=words):
        planbench_responses(written(tmp_path, *records), tmp_path / "r.json")
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("row", ["[]", "{}", '{"outcome": 1}', "{"])
def test_a_row_that_is_none_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    samples = written(tmp_path, record(VALID, "a-1"))
    samples.write_text(samples.read_text() + row + "\n")
    with pytest.raises(SamplesError, match=r"samples\.jsonl:2"):
        planbench_responses(samples, tmp_path / "r.json")


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    samples, out = written(tmp_path, record(VALID, "a-1")), tmp_path / "r.json"
    out.write_text("mine")
    with pytest.raises(ResultExists):
        planbench_responses(samples, out)
    assert out.read_text() == "mine"
    planbench_responses(samples, out, force=True)
    assert json.loads(out.read_text())["engine"] == "planlearn"


def test_rows_of_former_releases_are_read(tmp_path: Path) -> None:
    row: dict[str, Any] = {"run": "x"} | record(VALID, "a-1").to_row()
    for name in ("attempt", "reader", "domain_pddl", "problem_pddl", "solvable", "cost"):
        del row[name]
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(row) + "\n")
    assert planbench_responses(path, tmp_path / "r.json")["instances"][0]["llm_correct"]
