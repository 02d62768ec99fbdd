"""What a model says of its own plans."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.evaluate import Asking, Completion, Prompt, ResultExists, Stop, greedy_arm, measure_arms, results_table
from planlearn.evaluate.verdicts import in_our_format, in_plain_words, own_verdict, read_plain
from tests.evaluate.asking import STYLE, WRONG, Model, problem, right
from tests.golden_files import check_golden
from val_bridge import Call, Plan

ASKED = [problem(number) for number in range(4)]
WALK = Asking(name="random_walk", says="another", answer=Model(lambda _: WRONG), text=lambda one: one.id)
BY_ID = {one.id: one for one in ASKED}


def plans(prompt: Prompt) -> str:
    return right(BY_ID[prompt.id]) if prompt.id in ("p0", "p1") else WRONG


class Judge(Model):
    """Says VALID of all but p3, with a probability of 0.9 or 0.2."""

    def __call__(self, prompts):  # noqa: ANN001, ANN204
        for prompt in prompts:
            self.asked.append(prompt.id)
            said = prompt.id != "p3"
            text = "VALID" if said else "INVALID goal: on b a\nreach it"
            yield Completion(id=prompt.id, text=text, stop=Stop.END, prompt_tokens=1, tokens=1, seconds=0.1, probability=0.9 if said else 0.2)


def test_the_models_verdict_stands_beside_the_checkers(tmp_path: Path) -> None:
    judge = Judge(plans)
    arm = greedy_arm(Model(plans), STYLE, max_tokens=99)
    found = measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_our_format(judge, STYLE))
    said = found["results"]["blocksworld"]["greedy"]["own_verdict"]
    assert (said["n"], said["accuracy"]["value"], said["of_valid"]["value"], said["of_invalid"]["value"]) == (4, 0.75, 1.0, 0.5)
    # Two right at 0.9, one wrong at 0.9, one right at 0.2.
    assert said["brier"] == pytest.approx((2 * 0.01 + 0.81 + 0.04) / 4)
    assert said["calibration_error"] == pytest.approx((3 * abs(2 / 3 - 0.9) + abs(0 - 0.2)) / 4)
    assert [one["n"] for one in said["bins"]] == [1, 3]
    with pytest.raises(ResultExists):
        measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_our_format(judge, STYLE))
    assert judge.asked == ["p0", "p1", "p2", "p3"]
    assert "its own verdict on its plans is right for 75.0" in results_table(json.loads((tmp_path / "results.json").read_text()))


def test_verdicts_can_be_asked_for_later_and_are_kept(tmp_path: Path) -> None:
    model, judge = Model(plans), Judge(plans)
    arm = greedy_arm(model, STYLE, max_tokens=99)
    measure_arms([arm], ASKED, tmp_path, about={}, hashes={})
    measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_our_format(judge, STYLE))
    assert len(model.asked) == 4 and len(judge.asked) == 4


def test_plans_that_cannot_be_read_are_not_judged(tmp_path: Path) -> None:
    judge = Judge(plans)
    arm = greedy_arm(Model(lambda prompt: "Plan:\n?\n" if prompt.id == "p2" else plans(prompt)), STYLE, max_tokens=99)
    measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_our_format(judge, STYLE))
    assert judge.asked == ["p0", "p1", "p3"]


def test_a_verdict_that_is_missing_is_counted_and_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arm, out = greedy_arm(Model(plans), STYLE, max_tokens=99), tmp_path / "results.json"
    answers = {"p0": "VALID", "p1": None, "p2": "INVALID", "p3": None}

    def measured(judge: Model | None) -> dict[str, Any]:
        verdicts = None if judge is None else in_plain_words(judge)
        found = measure_arms([arm] if judge else [arm, WALK], ASKED, tmp_path, about={}, hashes={}, verdicts=verdicts)
        assert found == json.loads(out.read_text())
        return found["results"]["blocksworld"]["greedy"]["own_verdict"]

    def says(prompt: Prompt) -> str | None:
        return answers[prompt.id]

    found = measured(Model(says))
    assert (found["n"], found["missing"], found["accuracy"]["value"]) == (2, 2, 1.0)
    assert "no answer to p1: cut off" in capsys.readouterr().err
    assert "2 of its own verdicts missing" in results_table(json.loads(out.read_text()))
    assert measured(None)["missing"] == 2, "another arm, without asking for verdicts"
    answers["p3"] = "VALID"
    again = Model(says)
    found = measured(again)
    assert (again.asked, found["n"], found["missing"]) == (["p1", "p3"], 3, 1)
    answers["p1"] = "VALID"
    assert measured(Model(says))["missing"] == 0
    assert "missing" not in results_table(json.loads(out.read_text()))
    with pytest.raises(ResultExists):
        measured(Model(says))


def test_verdicts_all_of_which_are_missing_stand_in_the_results(tmp_path: Path) -> None:
    arm = greedy_arm(Model(plans), STYLE, max_tokens=99)
    found = measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_plain_words(Model(lambda _: None)))
    own = found["results"]["blocksworld"]["greedy"]["own_verdict"]
    assert (own["n"], own["missing"], own["accuracy"], own["brier"]) == (0, 4, None, None)
    assert "4 of its own verdicts missing" in results_table(found)


def test_where_no_plan_can_be_read_nothing_is_left_to_ask(tmp_path: Path) -> None:
    arm, judge = greedy_arm(Model(lambda _: "Plan:\n?\n"), STYLE, max_tokens=99), Judge(plans)
    measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_plain_words(judge))
    assert judge.asked == []
    with pytest.raises(ResultExists):
        measure_arms([arm], ASKED, tmp_path, about={}, hashes={}, verdicts=in_plain_words(judge))


def test_the_question_for_any_model() -> None:
    plan = Plan(calls=(Call(name="pick-up", arguments=("a",)), Call(name="stack", arguments=("a", "b"))))
    check_golden("evaluate/prompt_verdict.txt", in_plain_words(Model(plans)).text(problem(0), plan))


@pytest.mark.parametrize(
    "answer, said, sure",
    [
        ("VALID\n95", True, 0.95),
        ("INVALID\n5 %", False, 0.05),
        ("Invalid.", False, None),
        ("**VALID**\n\nI am 87.5 percent sure.", True, 0.875),
        ("It is VALID, not INVALID", None, None),
        ("I cannot tell", None, None),
        ("VALID\n900", True, None),
        ("The plan is not valid.", False, None),
        ("No, it isn't valid.", False, None),
        ("It isn’t VALID", False, None),
        ("This is not a valid plan.\n10", False, 0.1),
        ("It cannot be considered fully valid", False, None),
        ("I do not think that the plan is valid.", False, None),
        ("INVALID: the plan is not valid", False, None),
        ("The plan is not invalid", None, None),
        ("I am not sure that it is valid", None, None),
        ("I checked whether the plan is valid: INVALID", False, None),
        ("The steps do not repeat, and the plan is valid", True, None),
        ("INVALID\nI am 5 % sure that the plan is valid.", False, 0.05),
        ("I am 90% confident that the plan is valid.", True, 0.9),
        ("VALID\n0.95", True, 0.95),
        ("VALID\n**1.0**", True, 1.0),
        ("INVALID\n0", False, 0.0),
        ("INVALID\n1", False, 0.01),
        ("INVALID\n0.5 %", False, 0.005),
        ("INVALID. See step 2", False, None),
        ("INVALID. See step 2.\n3.5 is the number of it", False, None),
        ("VALID\nConfidence: 0.9", True, 0.9),
        ("VALID\nConfidence that the plan is valid: 85", True, 0.85),
        ("VALID, probability of 0.75.", True, 0.75),
        ("VALID\nConfidence in step 2 is high", True, None),
        ("VALID\n40 %, no: 60 %", True, 0.6),
        ("", None, None),
    ],
)
def test_a_verdict_in_plain_words(answer: str, said: bool | None, sure: float | None) -> None:
    assert read_plain(answer) == (said, sure)


@pytest.mark.parametrize("word", ["not think ", "I am sure ", "not a ", "confidence of ", "whether ", "\n", "* ", "5 "])
def test_a_model_that_repeats_itself_is_read_in_no_time(word: str) -> None:
    """A reader that tries every split of a long answer would never come back from this."""
    assert read_plain(word * 3000 + ".\nVALID")[0] is True


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans(), st.none() | st.floats(0, 1)), min_size=1))
def test_the_figures_are_shares(rows: list[tuple[bool | None, bool, float | None]]) -> None:
    """Laws: all in [0, 1]; accuracy lies between the two kinds' ones; bins hold all that is sure; what cannot be read is wrong."""
    found = own_verdict([{"said": said, "valid": valid, "probability": sure} for said, valid, sure in rows])
    parts = [found[name]["value"] for name in ("of_valid", "of_invalid") if found[name]]
    assert min(parts) - 1e-9 <= found["accuracy"]["value"] <= max(parts) + 1e-9
    assert sum(one["n"] for one in found["bins"]) == sum(sure is not None for *_, sure in rows)
    assert found["accuracy"]["value"] * len(rows) <= len(rows) - found["unreadable"] + 1e-9
    for name in ("brier", "calibration_error"):
        assert found[name] is None or 0 <= found[name] <= 1 + 1e-9


def test_sureness_of_a_perfect_judge() -> None:
    found = own_verdict([{"said": truth, "valid": truth, "probability": float(truth)} for truth in (True, False, True)])
    assert found["brier"] == found["calibration_error"] == 0 and found["accuracy"]["value"] == 1
