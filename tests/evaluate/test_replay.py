"""A recorded run answers again as it did, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.evaluate import Completion, Prompt, SamplesError, Stop
from planlearn.evaluate.replay import NOT_RECORDED, replay

ROW = {
    "run": "r", "domain": "blocksworld", "arm": "greedy", "id": "p1", "attempt": 1, "size": "2", "prompt": "Goal: on a b\n",
    "answer": "Plan:\n", "stop": "end", "prompt_tokens": 9, "tokens": 4, "seconds": 1.5, "cost": 0.25, "outcome": "invalid",
}  # fmt: skip


def recording(folder: Path, *rows: dict) -> Path:
    path = folder / "samples.jsonl"
    path.write_text("".join(json.dumps(ROW | row) + "\n" for row in rows))
    return path


def ask(path: Path, *asked: tuple[str, str], **choice: str) -> list[Completion]:
    return list(replay(path, **choice)([Prompt(id=name, text=text) for name, text in asked]))


def test_an_answer_comes_back_whole(tmp_path: Path) -> None:
    [found] = ask(recording(tmp_path, {}), ("p1", ROW["prompt"]))
    assert found == Completion(id="p1", text="Plan:\n", stop=Stop.END, prompt_tokens=9, tokens=4, seconds=1.5, cost=0.25)
    assert found.seconds == 1.5


@given(st.lists(st.tuples(st.sampled_from("pq"), st.integers(1, 3), st.text(max_size=3)), unique_by=lambda row: row[:2]), st.randoms())
def test_every_answer_comes_back_to_its_own_prompt(tmp_path_factory: pytest.TempPathFactory, rows: list, random) -> None:
    rows = rows or [("p", 1, "")]
    path = recording(
        tmp_path_factory.mktemp("recorded"),
        *({"id": name, "attempt": attempt, "prompt": f"{name} {text}", "answer": f"{name}{attempt}{text}"} for name, attempt, text in rows),
    )
    asked = [(name if attempt == 1 else f"{name}#{attempt}", f"{name} {text}") for name, attempt, text in rows]
    random.shuffle(order := list(range(len(rows))))
    found = ask(path, *(asked[place] for place in order))
    assert [c.text for c in found] == [f"{rows[place][0]}{rows[place][1]}{rows[place][2]}" for place in order]
    assert [c.id for c in found] == [asked[place][0] for place in order]


@pytest.mark.parametrize("asked", [("p2", ROW["prompt"]), ("p1#2", ROW["prompt"]), ("p1", ROW["prompt"] + " "), ("p1", "")])
def test_what_was_not_asked_then_is_missing_now(tmp_path: Path, asked: tuple[str, str]) -> None:
    answers = ask(recording(tmp_path, {}, {"id": "p9"}), ("p9", ROW["prompt"]), asked)
    assert answers[1] == Completion(id=asked[0], text="", stop=Stop.MISSING, reason=NOT_RECORDED, prompt_tokens=0, tokens=0, seconds=0.0)


def test_a_recording_of_something_else_is_said(tmp_path: Path) -> None:
    """Not a result of nothing but missing answers."""
    with pytest.raises(SamplesError, match="an answer to none of 1 prompts"):
        ask(recording(tmp_path, {}), ("p1", "another prompt"))


def test_what_the_recording_lacks_can_be_asked_alone(tmp_path: Path) -> None:
    """As when a replay that lacked one answer is gone on with."""
    assert ask(recording(tmp_path, {}), ("p2", ROW["prompt"]))[0].stop is Stop.MISSING
    assert ask(recording(tmp_path, {}), arm="verified-none") == [], "of what was right at once there is no second attempt"


def test_a_prompt_inside_a_models_own_template_is_the_same(tmp_path: Path) -> None:
    row = {"prompt": f"<user>{ROW['prompt']}<assistant>"}
    assert ask(recording(tmp_path, row), ("p1", ROW["prompt"]))[0].stop is Stop.END


def test_a_row_of_a_former_release_has_no_attempt_and_no_cost(tmp_path: Path) -> None:
    row = {name: value for name, value in ROW.items() if name not in ("attempt", "cost")}
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(row) + "\n")
    assert ask(path, ("p1", ROW["prompt"]))[0].cost is None


def test_a_folder_stands_for_its_samples_and_a_torn_row_is_left_out(tmp_path: Path) -> None:
    path = recording(tmp_path, {})
    path.write_text(path.read_text() + '{"torn')
    assert ask(tmp_path, ("p1", ROW["prompt"]))[0].text == "Plan:\n"


def test_an_arm_is_chosen_where_two_answered_one_prompt_differently(tmp_path: Path) -> None:
    path = recording(tmp_path, {}, {"arm": "samples", "answer": "other"})
    with pytest.raises(SamplesError, match=r"samples.jsonl:2: another answer to the prompt of line 1; name the arm"):
        replay(path)
    assert [ask(path, ("p1", ROW["prompt"]), arm=arm)[0].text for arm in ("greedy", "samples")] == ["Plan:\n", "other"]
    with pytest.raises(SamplesError, match="no answer of arm masked"):
        replay(path, arm="masked")


def test_arms_that_agree_need_not_be_chosen_from(tmp_path: Path) -> None:
    path = recording(tmp_path, {}, {"arm": "samples"}, {"arm": "samples", "attempt": 2, "answer": "other"})
    assert [c.text for c in ask(path, ("p1", ROW["prompt"]), ("p1#2", ROW["prompt"]))] == ["Plan:\n", "other"]


@pytest.mark.parametrize(
    "row", [{"stop": "bored"}, {"tokens": None}, {"tokens": 1.5}, {"attempt": "2"}, {"seconds": "long"}, {"seconds": None}, {"cost": []}]
)
def test_a_row_that_cannot_be_replayed_is_named(tmp_path: Path, row: dict) -> None:
    with pytest.raises(SamplesError, match=r"samples.jsonl:2: not an answer that can be replayed"):
        replay(recording(tmp_path, {}, {"id": "p2"} | row))


def test_a_field_that_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({name: value for name, value in ROW.items() if name != "tokens"}) + "\n")
    with pytest.raises(SamplesError, match=r"samples.jsonl:1: .*'tokens'"):
        replay(path)
