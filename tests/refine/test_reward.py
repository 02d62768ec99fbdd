"""The checker's rewards by hand, and rounds by reward."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planlearn.chains.grammar import PLAN_HEADER
from planlearn.files import read_json_lines
from planlearn.refine import chain_reward, plan_reward
from tests.refine.conftest import RECIPE, right


def test_a_right_answer_alone_has_1_and_an_unreadable_one_0(problem):
    text = right(problem)
    assert chain_reward(problem.task, text) == plan_reward(problem.task, text) == 1.0
    assert chain_reward(problem.task, "no chain") == plan_reward(problem.task, "no chain") == 0.0
    assert plan_reward(problem.task, text + "\n(((") == 0.0


def test_each_right_step_counts(problem):
    # Four steps: unstack c a, put-down c, pick-up a, stack a b.
    chain, plan = right(problem).split(f"{PLAN_HEADER}\n")
    lines = chain.splitlines(keepends=True)
    third = next(number for number, line in enumerate(lines) if line.startswith("pick-up a"))
    wrong = "".join([*lines[:third], lines[third].replace("gives holding a", "gives holding b"), *lines[third + 1 :]])
    assert wrong != chain and chain_reward(problem.task, wrong) == pytest.approx(2 / 4 / 2)
    behind_two = "".join(lines[: third - 1])  # without what the third step is for
    assert chain_reward(problem.task, behind_two) == 0.0, "right so far, but nothing of the goal holds: stopping early pays nothing"
    calls = plan.splitlines()
    assert plan_reward(problem.task, f"{chain}{PLAN_HEADER}\n" + "\n".join([*calls[:3], "stack a c"])) == pytest.approx(1.0 / 2)
    assert plan_reward(problem.task, f"{chain}{PLAN_HEADER}\n" + "\n".join([calls[0], *calls[2:]])) == pytest.approx(1 / 3 / 2)


def test_the_stages_reward_their_own_part(problem):
    chain, _ = right(problem).split(f"{PLAN_HEADER}\n")
    astray = f"{chain}{PLAN_HEADER}\nstack a b"
    assert chain_reward(problem.task, astray) == 1.0 and plan_reward(problem.task, astray) == 0.0


def test_a_goal_that_holds_counts_for_its_share(problem):
    task = problem.task
    two = replace(problem, task=type(task)(task.domain, replace(task.problem, goal=(*task.problem.goal, *goal_of(task, "ontable", "b")))))
    lines = right(two).split(f"{PLAN_HEADER}\n")[0].splitlines(keepends=True)
    third = next(number for number, line in enumerate(lines) if line.startswith("pick-up a"))
    first_two = "".join(lines[: third - 1])  # without what the third step is for
    assert chain_reward(two.task, first_two) == pytest.approx(1 / 2)


def goal_of(task, *atom: str):
    (goal, *_) = task.problem.goal
    return (replace(goal, atom=atom),)


def test_rounds_by_reward_have_no_lessons_and_are_recorded(refinement, tmp_path):
    rounds = refinement(tmp_path, recipe=RECIPE.model_copy(update={"objective": "policy", "rounds": 2})).run()
    assert [row["objective"] for row in rounds] == ["policy", "policy"] and not rounds[0]["lessons"]
    stages = rounds[0]["stages"]
    assert 0 < stages["chain"]["losses"]["reward"] < 1 and stages["chain"]["lessons"] == RECIPE.problems
    assert stages["plan"]["losses"]["reward"] >= stages["chain"]["losses"]["reward"] * 0.5
    assert not [row for row in read_json_lines(tmp_path / "round-01" / "attempts.jsonl") if row["number"]]
    assert refinement(tmp_path, recipe=RECIPE.model_copy(update={"objective": "policy", "rounds": 2})).run() == rounds
