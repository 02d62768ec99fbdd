"""The whole loop without torch: what a round records, and that a kill at any moment costs at most what was under way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planlearn.corpus import split_of
from planlearn.errors import PlanlearnError
from planlearn.files import read_json_lines
from planlearn.problems import planbench_classes
from planlearn.refine import SCHEMA, ReplayLearner, d2_problems, finished_rounds
from tests.refine.conftest import RECIPE, played


def recorded(folder: Path) -> dict[str, object]:
    """All that a run wrote but seconds."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if key not in ("seconds", "versions")}
        return [plain(one) for one in value] if isinstance(value, list) else value

    out: dict[str, object] = {}
    for path in sorted(folder.rglob("*.json*")):
        text = path.read_text()
        rows = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
        out[str(path.relative_to(folder))] = plain(rows)
    return out


def test_rounds_are_recorded_as_they_happen(refinement, tmp_path):
    rounds = refinement(tmp_path).run()
    assert [row["round"] for row in rounds] == [1, 2, 3] and {row["schema"] for row in rounds} == {SCHEMA}
    assert rounds == finished_rounds(tmp_path)
    first = rounds[0]
    attempts = read_json_lines(tmp_path / "round-01" / "attempts.jsonl")
    assert len([row for row in attempts if row["number"] == 0]) == first["attempts"]["problems"] == 6
    problems = read_json_lines(tmp_path / "round-01" / "problems.jsonl")
    drawn = next(d2_problems("blocksworld", 0, RECIPE))
    assert [(row["id"], row["problem_pddl"]) for row in problems] == [(one.id, one.problem_pddl) for one in drawn]
    assert {row["problem"] for row in attempts} == {row["id"] for row in problems}
    failed = [row for row in attempts if row["number"] == 0 and not row["valid"]]
    assert first["attempts"]["valid"] == 6 - len(failed) and failed, "the played model must fail somewhere"
    assert {row["problem"] for row in attempts if row["number"] == 1} == {row["problem"] for row in failed}
    assert all(row["error"] and row["prompt"] and row["feedback"].startswith("The ") for row in failed)
    assert any(row["faults"] for row in failed) and not any(row["feedback"] for row in attempts if row["valid"])
    assert sum(first["corrections"].values()) == len(failed)
    lessons = read_json_lines(tmp_path / "round-01" / "lessons-chain.jsonl")
    assert {"chain", "mend", "judge"} == {row["kind"] for row in lessons}
    mend = next(row for row in lessons if row["kind"] == "mend")
    assert [segment["role"] for segment in mend["segments"]][:3] == ["prompt", "feedback", "prompt"]
    assert first["stages"]["chain"]["losses"]["likelihood"] == 2e-3 and first["stages"]["plan"]["losses"]["likelihood"] == 1e-3
    assert (tmp_path / "round-00" / "validation" / "results.json").exists()
    # The played model gets better by two fits a round.
    validity = [row["validation"]["plan_validity"]["value"] for row in rounds]
    assert validity == sorted(validity) and validity[-1] == 1.0


def test_problems_are_d2s_alone_and_the_same_however_many_rounds():
    drawn = d2_problems("blocksworld", 0, RECIPE)
    rounds = [next(drawn) for _ in range(3)]
    again = d2_problems("blocksworld", 0, RECIPE)
    assert [problem.problem_pddl for problem in next(again)] == [problem.problem_pddl for problem in rounds[0]]
    every = [problem for one in rounds for problem in one]
    assert len({problem.id for problem in every}) == len({p.problem_pddl for p in every}) == 18
    assert {split_of(problem.problem_class) for problem in every} == {"d2"}
    assert not planbench_classes().intersection(problem.problem_class for problem in every)
    assert not hasattr(every[0], "plan")


class Killed(BaseException):
    """As kill -9: nothing behind it runs."""


def moments(refinement, folder: Path) -> list[str]:
    seen: list[str] = []
    refinement(folder, ReplayLearner(played, seen.append), so_many(2, 3)).run()
    return seen


def so_many(rounds: int, problems: int = 6):
    return RECIPE.model_copy(update={"rounds": rounds, "problems": problems})


def test_a_kill_at_every_boundary_changes_nothing(refinement, tmp_path):
    whole = tmp_path / "whole"
    seen = moments(refinement, whole)
    assert any(what.startswith("fitted plan") for what in seen) and len(seen) > 20
    wanted = recorded(whole)
    for number in range(len(seen)):
        folder = tmp_path / f"killed-{number}"
        left = [number]

        def interrupt(what: str, left=left) -> None:
            if left[0] == 0:
                left[0] = -1
                raise Killed(what)
            left[0] -= 1

        learner = ReplayLearner(played, interrupt)
        with pytest.raises(Killed):
            refinement(folder, learner, so_many(2, 3)).run()
        again: list[str] = []
        refinement(folder, ReplayLearner(played, again.append), so_many(2, 3)).run()
        assert recorded(folder) == wanted, f"killed at {seen[number]}"
        assert len(again) <= len(seen) - number + 1, "more was done again than was under way"


def test_a_finished_run_does_nothing_and_more_rounds_go_on(refinement, tmp_path):
    refinement(tmp_path, recipe=so_many(1)).run()
    before = recorded(tmp_path)
    seen: list[str] = []
    refinement(tmp_path, ReplayLearner(played, seen.append), so_many(1)).run()
    assert not seen and recorded(tmp_path) == before
    refinement(tmp_path, recipe=so_many(2)).run()
    whole = tmp_path.with_name("whole")
    refinement(whole, recipe=so_many(2)).run()
    assert recorded(tmp_path)["rounds.jsonl"] == recorded(whole)["rounds.jsonl"]


def test_a_torn_row_is_dropped_and_another_schema_refused(refinement, tmp_path):
    refinement(tmp_path, recipe=so_many(1)).run()
    path = tmp_path / "rounds.jsonl"
    path.write_text(path.read_text() + '{"schema": 1, "rou')
    assert len(finished_rounds(tmp_path)) == 1
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 9', 1))
    with pytest.raises(PlanlearnError, match="rounds.jsonl:1: expected round 1 in schema 1, found round 1 in schema 9"):
        finished_rounds(tmp_path)


def test_it_stops_where_validity_has_not_risen(refinement, tmp_path):
    recipe = RECIPE.model_copy(update={"rounds": 9, "patience": 2})
    never = ReplayLearner(lambda prompt, fits: "nothing")
    rounds = refinement(tmp_path, never, recipe).run()
    assert len(rounds) == 2
    assert refinement(tmp_path, never, recipe).best(rounds) == 0


@pytest.mark.parametrize("feedback", ["none", "binary", "detailed"])
def test_arms_differ_in_the_feedback_alone(refinement, tmp_path, feedback):
    recipe = RECIPE.model_copy(update={"rounds": 1, "feedback": feedback})
    refinement(tmp_path, recipe=recipe).run()
    lessons = read_json_lines(tmp_path / "round-01" / "lessons-chain.jsonl")
    told = ["".join(s["text"] for s in row["segments"] if s["role"] == "feedback") for row in lessons if row["kind"] == "mend"]
    assert bool(told) is (feedback != "none")
    assert all(len(text.splitlines()) == 1 for text in told) is (feedback != "detailed") or not told
    heavy = {weight for row in lessons for weight in row["weights"]}
    assert (max(heavy) > 1) is (feedback != "none")
    assert ("judge" in {row["kind"] for row in lessons}) is (feedback != "none")


def test_lessons_come_again_until_so_many_tokens_are_read(refinement, tmp_path):
    recipe = RECIPE.model_copy(update={"rounds": 1, "tokens": 20_000})
    (row,) = refinement(tmp_path, recipe=recipe).run()
    assert 18_000 < row["stages"]["chain"]["tokens"] <= 20_000
    assert 3_500 < row["stages"]["plan"]["tokens"] <= 5_000


def test_rates_fall_over_the_rounds_where_they_decay(refinement, tmp_path):
    for decay, wanted in ((0.0, [2e-3, 2e-3]), (0.5, [2e-3, 1e-3])):
        recipe = RECIPE.model_copy(update={"rounds": 2, "decay": decay})
        rounds = refinement(tmp_path / str(decay), recipe=recipe).run()
        # A played learner's "likelihood" is its rate.
        assert [row["stages"]["chain"]["losses"]["likelihood"] for row in rounds] == pytest.approx(wanted)


def test_corrections_come_under_other_names(refinement, tmp_path):
    recipe = RECIPE.model_copy(update={"rounds": 1, "names": 2})
    (row,) = refinement(tmp_path, recipe=recipe).run()
    lessons = read_json_lines(tmp_path / "round-01" / "lessons-chain.jsonl")
    copies = [lesson["id"] for lesson in lessons if "-names" in lesson["id"]]
    assert len(copies) == len(set(copies)) == 2 * sum(row["corrections"].values()) > 0


def test_feedback_is_altered_only_when_asked(refinement, tmp_path):
    told = {}
    for altered in (0.0, 1.0):
        folder = tmp_path / str(altered)
        refinement(folder, recipe=RECIPE.model_copy(update={"rounds": 1, "problems": 10, "altered": altered})).run()
        rows = read_json_lines(folder / "round-01" / "lessons-chain.jsonl")
        told[altered] = {row["id"]: row["segments"][1]["text"] for row in rows if row["kind"] == "mend"}
    assert told[0.0].keys() == told[1.0].keys() and len(told[0.0]) > 2
    assert set(told[1.0].values()) <= set(told[0.0].values())
    assert any(told[1.0][name] != text for name, text in told[0.0].items())


def test_lessons_that_are_too_long_are_left_out(refinement, tmp_path):
    class Short(ReplayLearner):
        longest = 700

    (row,) = refinement(tmp_path, Short(played), so_many(1)).run()
    lessons = read_json_lines(tmp_path / "round-01" / "lessons-chain.jsonl")
    (whole,) = refinement(tmp_path / "whole", recipe=so_many(1)).run()
    assert sum(whole["lessons"].values()) > sum(row["lessons"].values()) >= len(lessons) > 0


def test_no_lesson_short_enough_is_no_endless_search(refinement, tmp_path):
    class Nothing(ReplayLearner):
        longest = 1

    recipe = RECIPE.model_copy(update={"rounds": 1, "tokens": 20_000})
    (row,) = refinement(tmp_path, Nothing(played), recipe).run()
    assert row["lessons"] == {} and row["stages"]["chain"]["tokens"] == 0


def test_progress_says_round_stage_validity_and_time_left(refinement, tmp_path, capsys):
    rounds = refinement(tmp_path, recipe=so_many(2)).run()
    said = capsys.readouterr().err
    best = [max(row["validation"]["plan_validity"]["value"] for row in rounds[:1]), rounds[1]["validation"]["plan_validity"]["value"]]
    assert f"round 2/2 (best so far {best[0]:.1%}), attempts" in said
    assert f"round 2/2: {best[1]:.1%} of 3 validation problems valid" in said
    first, second = (line for line in said.splitlines() if line.startswith(("round 1/2: ", "round 2/2: ")))
    assert first.endswith("s left for 1 more") and "left" not in second
