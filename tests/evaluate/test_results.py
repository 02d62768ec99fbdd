"""Numbers of a run, and the file that holds them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from planlearn.errors import DiskFull
from planlearn.evaluate import (
    ResultExists,
    build_results,
    refuse_finished,
    results_table,
    summarise,
    text_table,
    versions,
    wilson,
    write_results,
)
from tests.evaluate.answers import FRAME, GOAL_MISSED, INAPPLICABLE, NO_CHAIN, UNREADABLE, VALID, record
from tests.golden_files import check_golden

RECORDS = [
    record(VALID, "p1", size="10 blocks", seconds=1.5),
    record(NO_CHAIN, "p2", size="9 blocks", reference_length=None),
    record(FRAME, "p3", size="9 blocks", reference_length=1),
    record(INAPPLICABLE, "p4", size="9 blocks"),
    record(GOAL_MISSED, "p5", size="10 blocks", stop="length"),
    record(UNREADABLE, "p6", size="10 blocks"),
]


def test_the_numbers_of_six_answers() -> None:
    numbers = summarise(RECORDS)
    assert numbers["plan_validity"] == wilson(3, 6).to_dict()
    assert numbers["goal_reached"] == wilson(3, 6).to_dict()
    assert numbers["outcomes"] == {"valid": 3, "invalid": 2, "unreadable": 1, "unsolvable": 0, "checker_error": 0, "missing": 0}
    assert numbers["first_faults"] == {"goal": 1, "precondition": 1}
    assert numbers["causes"] == {"precondition": 1, "effect": 0, "frame": 0, "goal": 1, "other": 0}
    # 1, 1, 1, 0 of 1, 1: the unreadable answer has no prefix.
    assert numbers["executable_prefix"] == 4 / 5
    assert numbers["chain"] == {
        "n": 5,
        "faithful": wilson(3, 5).to_dict(),
        "faithful_if_valid": wilson(1, 2).to_dict(),
        "all_states_right_if_valid": wilson(1, 2).to_dict(),
        "states": 8,
        "states_right": 7 / 8,
        "disagrees_with_plan": 0,
        "faults": {"goal": 1, "precondition": 1, "transition": 1},
    }
    assert numbers["plan_length"] == {"mean": 2.0, "reference_mean": 1.5, "ratio": 1.5, "n": 2}
    assert numbers["stops"] == {"end": 5, "length": 1}
    assert numbers["tokens"] == {"prompt": 120, "answer": 180, "answer_mean": 30.0}
    assert numbers["seconds"] == {"total": 4.0, "mean": 4.0 / 6}


def test_sizes_are_ordered_as_numbers() -> None:
    by_size = summarise(RECORDS)["by_size"]
    assert list(by_size) == ["9 blocks", "10 blocks"]
    assert by_size["9 blocks"]["plan_validity"] == wilson(2, 3).to_dict()


def test_outcomes_and_causes_add_up() -> None:
    """Law: outcomes sum to n, causes to the invalid ones."""
    numbers = summarise(RECORDS)
    assert sum(numbers["outcomes"].values()) == numbers["plan_validity"]["n"]
    assert sum(numbers["causes"].values()) == numbers["outcomes"]["invalid"]


def test_what_cannot_be_counted_is_null() -> None:
    numbers = summarise([record(UNREADABLE)])
    assert (
        numbers["executable_prefix"]
        is numbers["plan_length"]["mean"]
        is numbers["plan_length"]["ratio"]
        is None
    )
    assert summarise([record(NO_CHAIN)])["chain"]["faithful"] is None


def test_the_shape_of_the_file() -> None:
    """Domains and arms are named; the order of the records changes nothing."""
    records = [*RECORDS, record(VALID, "p1", arm="masked"), record(VALID, "p1", domain="logistics")]
    results = build_results(records, about={"model": "tiny"}, hashes={"corpus": "ab", "adapter": "cd"})
    turned = build_results(records[::-1], about={"model": "tiny"}, hashes={"adapter": "cd", "corpus": "ab"})
    assert json.dumps(turned) == json.dumps(results)
    assert list(results) == ["schema", "about", "versions", "hashes", "results"]
    assert {domain: list(arms) for domain, arms in results["results"].items()} == {
        "blocksworld": ["greedy", "masked"],
        "logistics": ["greedy"],
    }
    assert results["results"]["blocksworld"]["greedy"]["plan_validity"].keys() == {
        "value",
        "low",
        "high",
        "n",
    }


def test_versions_are_told_without_importing() -> None:
    assert {"python", "planlearn"} <= versions().keys()
    program = "import sys; from planlearn.evaluate import versions; versions(); print('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=root, check=True, capture_output=True).stdout
        == b"False\n"
    )


def test_a_finished_result_is_never_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "run" / "results.json"
    refuse_finished(path)
    write_results(path, {"schema": 1})
    for attempt in (lambda: refuse_finished(path), lambda: write_results(path, {"schema": 2})):
        with pytest.raises(ResultExists, match="holds a finished result"):
            attempt()
    assert json.loads(path.read_text()) == {"schema": 1}
    write_results(path, {"schema": 2}, force=True)
    assert json.loads(path.read_text()) == {"schema": 2}
    assert list(path.parent.iterdir()) == [path]


def test_a_number_that_json_lacks_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_results(tmp_path / "results.json", {"mean": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    write_results(path, {"schema": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull):
        write_results(path, {"schema": 2}, force=True)
    assert json.loads(path.read_text()) == {"schema": 1} and list(tmp_path.iterdir()) == [path]


def test_the_table_of_a_run() -> None:
    records = [*RECORDS, *(record(NO_CHAIN, f"q{n}", domain="logistics", arm="masked") for n in range(12))]
    check_golden("evaluate/results_table.txt", results_table(build_results(records)))


def test_table_cells() -> None:
    table = text_table(("name", "n"), [("a", 1), ("long name", 20), ("b", None)])
    assert table == "name        n\n---------  --\na           1\nlong name  20\nb           -\n"
    assert text_table(("name", "n"), []) == "name  n\n----  -\n"
    with pytest.raises(ValueError, match="expected 2 cells, found 1"):
        text_table(("name", "n"), [("a",)])
