"""samples.jsonl survives being killed, and never mixes two runs."""

import json
from pathlib import Path

import pytest

from planlearn.evaluate import SampleLog, SamplesError
from tests.evaluate.answers import INAPPLICABLE, UNREADABLE, VALID, record

RUNS = {"greedy": "", "masked": ""}
FIRST, SECOND, THIRD = record(VALID, "p1"), record(INAPPLICABLE, "p2"), record(UNREADABLE, "p3")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "samples.jsonl"


def test_a_row_a_problem_as_it_comes(path: Path) -> None:
    """The row is in the file before the next answer is made."""
    with SampleLog(path, runs=RUNS) as log:
        log.append(FIRST)
        assert len(path.read_text().splitlines()) == 1
        log.append(SECOND)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["p1", "p2"]
    wanted = {
        "prompt",
        "answer",
        "plan",
        "outcome",
        "faults",
        "stop",
        "tokens",
        "seconds",
        "reference_length",
    }
    assert wanted <= rows[0].keys()


def test_a_second_run_knows_what_is_there(path: Path) -> None:
    with SampleLog(path, runs={"greedy": "r"}) as log:
        log.append(FIRST)
    with SampleLog(path, runs={"greedy": "r"}) as log:
        assert log.records == (FIRST,)
        assert FIRST.sample.key in log and SECOND.sample.key not in log
        log.append(SECOND)
    with SampleLog(path, runs={"greedy": "r"}) as log:
        assert log.records == (FIRST, SECOND)


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_torn_last_line_is_dropped_from_the_file(path: Path, kept: int) -> None:
    with SampleLog(path, runs=RUNS) as log:
        log.append(FIRST)
        whole = path.read_bytes()
        log.append(SECOND)
    row = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + row[:kept])
    with SampleLog(path, runs=RUNS) as log:
        assert log.records == (FIRST,)
        log.append(THIRD)
    assert path.read_bytes().startswith(whole)
    with SampleLog(path, runs=RUNS) as log:
        assert log.records == (FIRST, THIRD)


@pytest.mark.parametrize(
    "damage", ["not json\n", "[]\n", '{"run": ""}\n', "\n", '{"run": "", "outcome": 1}\n']
)
def test_a_damaged_row_is_named_by_its_line(path: Path, damage: str) -> None:
    """Only the last line can be torn; damage before it is somebody's mistake, and nothing is dropped
    silently."""
    with SampleLog(path, runs=RUNS) as log:
        log.append(FIRST)
    with path.open("a") as file:
        file.write(damage)
    before = path.read_bytes()
    with pytest.raises(SamplesError, match=r"samples\.jsonl:2: not a row"):
        SampleLog(path, runs=RUNS)
    assert path.read_bytes() == before


def test_an_unknown_outcome_is_damage(path: Path) -> None:
    with SampleLog(path, runs=RUNS) as log:
        log.append(FIRST)
    path.write_text(path.read_text().replace('"outcome": "valid"', '"outcome": "fine"'))
    with pytest.raises(SamplesError, match="fine"):
        SampleLog(path, runs=RUNS)


def test_rows_of_another_run_are_refused(path: Path) -> None:
    with SampleLog(path, runs={"greedy": "one model"}) as log:
        log.append(FIRST)
    with pytest.raises(SamplesError, match="one model, now another"):
        SampleLog(path, runs={"greedy": "another"})


def test_one_row_a_problem_and_arm(path: Path) -> None:
    with SampleLog(path, runs=RUNS) as log:
        log.append(FIRST)
        with pytest.raises(ValueError, match="p1/1 has its row"):
            log.append(FIRST)
        log.append(record(VALID, "p1", arm="masked"))
        assert len(log.records) == 2


def test_any_text_of_a_model_fits_a_row(path: Path) -> None:
    """Line separators and half a surrogate pair stay inside their row."""
    odd = record("Plan:\n\u2028\ud800 \x00\r\n", "p1", prompt="a\x85b")
    with SampleLog(path, runs=RUNS) as log:
        log.append(odd)
    with SampleLog(path, runs=RUNS) as log:
        assert log.records == (odd,)
