"""What a model says of its own plans."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.evaluate import Completion, Prompt, ResultExists, Stop, greedy_arm, measure_arms, results_table
from planlearn.evaluate.verdicts import in_our_format, in_plain_words, own_verdict, read_plain
from tests.evaluate.asking import STYLE, WRONG, Model, problem, right
from tests.golden_files import check_golden
from val_bridge import Call, Plan

ASKED = [problem(number) for number in range(4)]
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
        ("", None, None),
    ],
)
def test_a_verdict_in_plain_words(answer: str, said: bool | None, sure: float | None) -> None:
    assert read_plain(answer) == (said, sure)


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
