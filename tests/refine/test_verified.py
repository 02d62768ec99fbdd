"""Attempts with the checker's help at test time."""

from pathlib import Path

import pytest

from planlearn.chains import ChainStyle
from planlearn.evaluate import Prompt, Reader, chain_prompt, greedy_arm, measure_arms
from planlearn.refine.verified import Verified, correcting, mending
from tests.evaluate.asking import STYLE, WRONG, Model, problem, right
from tests.golden_files import check_golden

ASKED = [problem(number) for number in range(6)]
BY_ID = {one.id: one for one in ASKED}
SETTINGS = {"temperature": 0.3}


def verified(model: Model, level: str = "detailed", eta: int = 4) -> Verified:
    return Verified(level=level, eta=eta, answer=model, again=mending(STYLE), reader=Reader.STRICT, settings=SETTINGS)


def answer(prompt: Prompt) -> str:
    """Right at attempt 1 for p0, at 2 for p1, at 3 for p2, never for the others."""
    name, _, attempt = prompt.id.partition("#")
    return right(BY_ID[name]) if {"p0": 1, "p1": 2, "p2": 3}.get(name, 99) <= int(attempt or 1) else WRONG


def test_only_what_failed_is_tried_again_and_the_last_attempt_counts(tmp_path: Path) -> None:
    first, later = Model(answer), Model(answer)
    found = measure_arms([greedy_arm(first, STYLE, max_tokens=99), verified(later)], ASKED, tmp_path, about={}, hashes={})["results"]["blocksworld"]
    assert first.asked == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert later.asked == [f"p{n}#2" for n in range(1, 6)] + [f"p{n}#3" for n in range(2, 6)] + [f"p{n}#4" for n in range(3, 6)]
    arm = found["verified-detailed"]
    assert [round(6 * one["plan_validity"]["value"]) for one in arm["by_attempt"]] == [1, 2, 3, 3]
    assert arm["plan_validity"]["value"] == 0.5 and arm["plan_validity"]["n"] == 6
    assert found["greedy"]["plan_validity"]["value"] == pytest.approx(1 / 6), "the model alone is as it was"
    assert arm["attempts_mean"] == (1 + 2 + 3 + 4 * 3) / 6
    assert arm["seconds"]["total"] == 0.5 * (6 + 5 + 4 + 3), "the first attempts count too"


def test_where_all_is_right_at_once_the_arm_says_so(tmp_path: Path) -> None:
    good = Model(lambda prompt: right(BY_ID[prompt.id]))
    found = measure_arms([greedy_arm(good, STYLE, max_tokens=99), verified(good)], ASKED, tmp_path, about={}, hashes={})["results"]["blocksworld"]
    assert found["verified-detailed"]["plan_validity"] == found["greedy"]["plan_validity"] and len(good.asked) == 6


def test_a_missing_answer_ends_a_problem_until_the_next_call(tmp_path: Path) -> None:
    first = Model(answer)
    cut = Model(lambda prompt: None if prompt.id == "p2#2" else answer(prompt))
    found = measure_arms([greedy_arm(first, STYLE, max_tokens=99), verified(cut)], ASKED, tmp_path, about={}, hashes={})
    arm = found["results"]["blocksworld"]["verified-detailed"]
    assert arm["outcomes"]["missing"] == 1 and "p2#3" not in cut.asked
    assert arm["plan_validity"]["n"] == 5 and arm["undecided"] == 1, "it is not known whether it would have come right"
    again = Model(answer)
    found = measure_arms([greedy_arm(first, STYLE, max_tokens=99), verified(again)], ASKED, tmp_path, about={}, hashes={})
    assert again.asked == ["p2#2", "p2#3"] and found["results"]["blocksworld"]["verified-detailed"]["plan_validity"]["value"] == 0.5


def test_a_problem_without_first_attempt_is_missing(tmp_path: Path) -> None:
    lost = Model(lambda prompt: None if prompt.id == "p3" else answer(prompt))
    found = measure_arms([greedy_arm(lost, STYLE, max_tokens=99), verified(Model(answer))], ASKED, tmp_path, about={}, hashes={})
    assert found["results"]["blocksworld"]["verified-detailed"]["outcomes"]["missing"] == 1
    assert found["results"]["blocksworld"]["verified-detailed"]["plan_validity"]["n"] == 5


def test_who_says_that_there_is_no_plan_is_not_helped(tmp_path: Path) -> None:
    """On a solvable problem only somebody who knows its plan could say that this is wrong."""
    never, model = right(problem(9, solvable=False)), Model(answer)
    measure_arms([greedy_arm(Model(lambda _: never), STYLE, max_tokens=99), verified(model)], ASKED, tmp_path, about={}, hashes={})
    assert model.asked == []


def test_the_prompt_is_the_one_that_rounds_teach(tmp_path: Path) -> None:
    """The last chain up to the end of its first wrong step, then the feedback; at level none the plain prompt."""
    style = ChainStyle(states="full")
    one = problem(2)
    good = right(one).splitlines()
    wrong = "\n".join(line.replace("gives holding b", "gives holding c") for line in good) + "\n"
    prompts: dict[str, str] = {}

    def noting(prompt: Prompt) -> str:
        prompts[prompt.id] = prompt.text
        return wrong

    for level in ("none", "binary", "detailed"):
        arms = [
            greedy_arm(Model(lambda _: wrong), STYLE, max_tokens=99),
            Verified(level=level, eta=2, answer=Model(noting), again=mending(STYLE), reader=Reader.STRICT, settings=SETTINGS),
        ]
        measure_arms(arms, [one], tmp_path / level, about={}, hashes={})
        # The plan section of that answer is right, so nothing is tried again.
        assert not prompts
    wrong = wrong.partition("Plan:")[0] + "Plan:\npick-up b\n"
    for level in ("none", "binary", "detailed"):
        arms = [
            greedy_arm(Model(lambda _: wrong), STYLE, max_tokens=99),
            Verified(level=level, eta=2, answer=Model(noting), again=mending(STYLE), reader=Reader.STRICT, settings=SETTINGS),
        ]
        measure_arms(arms, [one], tmp_path / f"{level}2", about={}, hashes={})
        check_golden(f"refine/verified_{level}.txt", prompts.pop("p2#2"))
    assert chain_prompt(one, STYLE) == chain_prompt(one, style)


def test_other_models_are_shown_their_answer_and_what_is_wrong_with_the_plan_in_it(tmp_path: Path) -> None:
    said = {"p2": "I think:\n(pick-up a)\n(stack a b)\n", "p3": "no idea"}
    seen: dict[str, str] = {}

    def noting(prompt: Prompt) -> str:
        seen[prompt.id] = prompt.text
        return "(pick-up b)\n(stack b c)\n(pick-up a)\n(stack a b)\n"

    from planlearn.evaluate import Asking, plan_prompt

    first = Asking(name="greedy", says="", answer=Model(lambda prompt: said[prompt.id]), text=plan_prompt, reader=Reader.LENIENT)
    arm = Verified(level="detailed", eta=2, answer=Model(noting), again=correcting(), reader=Reader.LENIENT, settings=SETTINGS)
    found = measure_arms([first, arm], [problem(2), problem(3)], tmp_path, about={}, hashes={})["results"]["blocksworld"]
    assert "I think:" in seen["p2#2"] and "(on b c)" in seen["p2#2"] and "Corrected plan:" in seen["p2#2"]
    assert "The plan is unreadable." in seen["p3#2"]
    assert [one["plan_validity"]["value"] for one in found["verified-detailed"]["by_attempt"]] == [0.0, 0.5]
