"""Asking in arms: what is asked, what is kept when an evaluation is killed, and what counts."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from planlearn.errors import PlanlearnError
from planlearn.evaluate import (
    Asking,
    ClassicalPlanner,
    Prompt,
    RandomWalk,
    Reader,
    ResultExists,
    SamplesError,
    chain_prompt,
    greedy_arm,
    measure_arms,
    results_table,
)
from tests.evaluate.asking import STYLE, WRONG, Model, problem, right
from tests.golden_files import check_golden

ASKED = [problem(number) for number in range(8)]
BY_ID = {one.id: one for one in ASKED}


def good(prompt: Prompt) -> str:
    return right(BY_ID[prompt.id.partition("#")[0]])


def greedy(model: Model) -> Asking:
    return greedy_arm(model, STYLE, max_tokens=100)


def samples(model: Model, attempts: int = 5) -> Asking:
    return Asking(name="samples", says="drawn", answer=model, text=lambda one: chain_prompt(one, STYLE), attempts=attempts)


def measure(arms: Sequence[object], out: Path, asked: Sequence[object] = ASKED, **changes: object) -> dict:
    return measure_arms(arms, asked, out, **({"about": {"model": "m"}, "hashes": {}} | changes))["results"]["blocksworld"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [0, 1, 3, 8, 20, 47])
def test_a_killed_evaluation_goes_on_and_asks_nothing_twice(tmp_path: Path, after: int) -> None:
    """Law: killed anywhere, then called again, the results are those of one that was not killed, and no answer is made twice."""
    whole = measure([greedy(Model(good)), samples(Model(good))], tmp_path / "whole")
    count = 0

    def counting(prompt: Prompt) -> str:
        nonlocal count
        count += 1
        if count == after + 1:
            raise Killed
        return good(prompt)

    first = Model(counting)
    with pytest.raises(Killed):
        measure([greedy(first), samples(first)], tmp_path / "killed")
    assert not (tmp_path / "killed" / "results.json").exists()
    second = Model(good)
    assert measure([greedy(second), samples(second)], tmp_path / "killed") == whole
    answered = first.asked[:-1] + second.asked
    assert len(answered) == 8 + 8 * 5


def test_a_finished_result_is_kept_and_arms_can_be_added(tmp_path: Path) -> None:
    model = Model(good)
    before = measure([greedy(model)], tmp_path)
    with pytest.raises(ResultExists):
        measure([greedy(model)], tmp_path)
    after = measure([greedy(model), samples(model)], tmp_path)
    assert after["greedy"] == before["greedy"] and set(after) == {"greedy", "samples"}
    assert len(model.asked) == 8 + 8 * 5
    with pytest.raises(ResultExists):
        measure([samples(model)], tmp_path)
    assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == 48


def test_forced_all_is_made_anew(tmp_path: Path) -> None:
    measure([greedy(Model(good))], tmp_path)
    assert measure([greedy(Model(lambda _: WRONG))], tmp_path, force=True)["greedy"]["plan_validity"]["value"] == 0.0


def test_answers_of_other_settings_are_refused(tmp_path: Path) -> None:
    measure([greedy(Model(good))], tmp_path)
    for changed in ({"about": {"model": "another"}}, {"hashes": {"weights": "ab"}}):
        with pytest.raises(SamplesError, match="other settings"):
            measure([greedy(Model(good)), samples(Model(good))], tmp_path, **changed)
    with pytest.raises(SamplesError, match="other settings"):
        measure([greedy_arm(Model(good), STYLE, max_tokens=99), samples(Model(good))], tmp_path)


def test_a_missing_answer_is_no_wrong_one_and_is_asked_again(tmp_path: Path) -> None:
    found = measure([greedy(Model(lambda prompt: None if prompt.id in ("p1", "p4") else good(prompt)))], tmp_path)["greedy"]
    assert found["plan_validity"]["n"] == 6 and found["plan_validity"]["value"] == 1.0 and found["outcomes"]["missing"] == 2
    again = Model(good)
    found = measure([greedy(again)], tmp_path)["greedy"]
    assert again.asked == ["p1", "p4"] and found["plan_validity"]["n"] == 8 and found["outcomes"]["missing"] == 0


def test_another_arm_does_not_hide_what_is_missing_in_the_first(tmp_path: Path) -> None:
    measure([greedy(Model(lambda prompt: None if prompt.id == "p1" else good(prompt)))], tmp_path, said={"shots": {"greedy": 2}})
    found = measure([samples(Model(good))], tmp_path, said={"shots": {}})
    assert found["greedy"]["outcomes"]["missing"] == 1
    assert json.loads((tmp_path / "results.json").read_text())["about"]["shots"] == {"greedy": 2}
    again = Model(good)
    assert measure([greedy(again)], tmp_path)["greedy"]["outcomes"]["missing"] == 0 and again.asked == ["p1"]


def test_no_answer_at_all_is_no_result_of_zero(tmp_path: Path) -> None:
    found = measure([greedy(Model(lambda _: None))], tmp_path)["greedy"]
    assert found["plan_validity"] is None and found["outcomes"]["missing"] == 8
    assert "missing" in results_table(json.loads((tmp_path / "results.json").read_text()))


def test_a_checker_that_fails_is_no_wrong_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from val_bridge import check_plan

    def broken(task: object, plan: object) -> object:
        if task is ASKED[2].task:
            raise RecursionError("too deep")
        return check_plan(task, plan)

    monkeypatch.setattr("planlearn.evaluate.scoring.check_plan", broken)
    found = measure([greedy(Model(good))], tmp_path)["greedy"]
    assert found["plan_validity"]["n"] == 7 and found["plan_validity"]["value"] == 1.0 and found["outcomes"]["checker_error"] == 1


def test_unsolvable_problems_have_figures_of_their_own(tmp_path: Path) -> None:
    """Right is to say so, and of solvable problems it is a false alarm; neither changes what validity is about."""
    asked = [*(problem(number) for number in range(4)), *(problem(number, solvable=False) for number in range(4, 8))]
    by_id = {one.id: one for one in asked}
    says_so = {"p0", "p4", "p5", "p6"}
    never = right(problem(9, solvable=False))
    found = measure([greedy(Model(lambda prompt: never if prompt.id in says_so else WRONG if prompt.id == "p7" else right(by_id[prompt.id])))], tmp_path, asked)["greedy"]
    assert (found["plan_validity"]["n"], found["plan_validity"]["value"]) == (4, 0.75)
    assert (found["unsolvable"]["recognised"]["n"], found["unsolvable"]["recognised"]["value"]) == (4, 0.75)
    assert (found["unsolvable"]["false_alarms"]["n"], found["unsolvable"]["false_alarms"]["value"]) == (4, 0.25)
    assert found["outcomes"]["unsolvable"] == 4 and found["outcomes"]["valid"] == 3


def test_samples_give_the_unbiased_chance_of_k(tmp_path: Path) -> None:
    """Two of five right: of one 2/5; of five all; the problem that is never right counts 0."""
    right_ones = {"p0", "p0#3", "p1#5", "p1#2"}
    found = measure([samples(Model(lambda prompt: good(prompt) if prompt.id in right_ones else WRONG))], tmp_path, ASKED[:3])["samples"]
    assert found["samples"] == 15 and set(found["pass_at_k"]) == {"1", "5"}
    assert found["pass_at_k"]["1"]["value"] == pytest.approx((2 / 5 + 2 / 5 + 0) / 3)
    assert found["pass_at_k"]["5"]["value"] == pytest.approx(2 / 3)
    assert found["plan_validity"]["value"] == pytest.approx(1 / 3), "of the first answers alone"
    assert found["pass_at_k"]["1"]["n"] == 3


def test_samples_beside_greedy_are_samples_alone(tmp_path: Path) -> None:
    """Greedy's answers are no draws."""
    found = measure([greedy(Model(good)), samples(Model(lambda _: WRONG), 10)], tmp_path, ASKED[:3])
    assert found["greedy"]["plan_validity"]["value"] == 1.0
    assert [found["samples"]["pass_at_k"][k]["value"] for k in ("1", "5", "10")] == [0, 0, 0] and found["samples"]["plan_validity"]["value"] == 0
    assert found["samples"]["pass_at_k"]["1"]["high"] > 0.5, "three problems prove little"


def test_a_draw_that_is_missing_takes_its_problem_out_of_what_needs_all(tmp_path: Path) -> None:
    found = measure([samples(Model(lambda prompt: None if prompt.id == "p1#4" else good(prompt)))], tmp_path, ASKED[:3])["samples"]
    assert found["pass_at_k"]["5"]["n"] == 2 and found["pass_at_k"]["1"]["n"] == 3 and found["outcomes"]["missing"] == 1


def test_a_folder_holds_one_model_on_one_set(tmp_path: Path) -> None:
    """Another arm of another model, or on other problems, is refused too; arms of the same are added, and all are described."""
    measure([greedy(Model(good))], tmp_path)
    with pytest.raises(SamplesError, match="other settings"):
        measure([samples(Model(good))], tmp_path, about={"model": "another"})
    with pytest.raises(SamplesError, match="other settings"):
        measure([samples(Model(good))], tmp_path, ASKED[:4])
    measure([samples(Model(good))], tmp_path)
    assert set(json.loads((tmp_path / "results.json").read_text())["about"]["arms"]) == {"greedy", "samples"}


def test_tokens_and_seconds_are_of_a_problem(tmp_path: Path) -> None:
    found = measure([samples(Model(good))], tmp_path)["samples"]
    assert found["seconds"] == {"total": 8 * 5 * 0.5, "mean": 2.5} and found["cost"]["mean"] == 1.25 and found["tokens"]["answer"] == 80


def test_an_arm_stands_behind_the_one_that_it_goes_on_from(tmp_path: Path) -> None:
    with pytest.raises(PlanlearnError, match="goes on from arm greedy"):
        measure([Asking(name="other", says="", answer=Model(good), text=str, first="greedy")], tmp_path)


def test_everything_that_scoring_again_needs_is_in_a_row(tmp_path: Path) -> None:
    from planlearn.evaluate import SampleRecord, score
    from planlearn.problems import domain_text
    from val_bridge import read_task

    measure([greedy(Model(good)), RandomWalk(limit=4), ClassicalPlanner()], tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert len(rows) == 24
    for row in rows:
        record = SampleRecord.from_row(row)
        task = read_task(row["domain_pddl"] or domain_text(row["domain"]), row["problem_pddl"])
        assert score(task, record.sample) == record


def test_the_table_with_arms_and_controls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.perf_counter", lambda: 0.0)  # the controls' time
    half = Model(lambda prompt: good(prompt) if hash_of(prompt.id) else WRONG)
    arms = [greedy(half), samples(half), ClassicalPlanner(), RandomWalk(limit=4)]
    measure_arms(arms, ASKED, tmp_path, about={"model": "m"}, hashes={})
    check_golden("evaluate/arms_table.txt", results_table(json.loads((tmp_path / "results.json").read_text())))


def hash_of(name: str) -> bool:
    return sum(map(ord, name)) % 2 == 0


def test_lenient_and_strict_readers_are_told_apart(tmp_path: Path) -> None:
    """Prose around a plan is no answer in our own format; read leniently it is one."""
    prose = "Sure! Here is the plan:\n(pick-up a)\n(stack a b)\nGood luck."
    arms = [
        Asking(name=reader.value, says="", answer=Model(lambda _: prose), text=lambda _: "?", reader=reader) for reader in (Reader.STRICT, Reader.LENIENT)
    ]
    found = measure(arms, tmp_path, ASKED[:1])
    assert found["strict"]["outcomes"]["unreadable"] == 1 and found["lenient"]["outcomes"]["valid"] == 1
