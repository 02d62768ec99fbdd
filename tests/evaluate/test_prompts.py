"""What any model is asked."""

from dataclasses import replace

import pytest

from planlearn.errors import PlanlearnError
from planlearn.evaluate import Asked, asked_from_rows, few_shots, plan_prompt
from planlearn.evaluate.prompts import few_shots_for
from planlearn.evaluate.sets import read_set
from planlearn.problems import domain_text, get_generator, planbench_classes, problem_class, stream
from tests.evaluate.asking import problem
from tests.golden_files import check_golden
from val_bridge import Outcome, check_plan_text, read_task


def test_the_prompt_for_a_plan() -> None:
    check_golden("evaluate/prompt_plan.txt", plan_prompt(problem(2)))


def test_the_prompt_with_solved_problems_and_a_correction() -> None:
    prompt = plan_prompt(problem(2), few_shots("blocksworld", 2), previous="(pick-up a)\n(pick-up b)", feedback="The plan is invalid: step 2, (pick-up b), fails.")
    check_golden("evaluate/prompt_shots.txt", prompt)


@pytest.mark.parametrize("domain", ["blocksworld", "logistics", "mystery_blocksworld"])
def test_what_is_shown_is_right_and_of_no_class_of_planbench(domain: str) -> None:
    shots = few_shots(domain, 3)
    assert len({shot.problem for shot in shots}) == 3 and few_shots(domain, 3) == shots
    for shot in shots:
        task = read_task(domain_text(domain), shot.problem)
        assert check_plan_text(task, shot.plan).outcome is Outcome.VALID
        assert problem_class(task) not in planbench_classes()


@pytest.mark.parametrize("name", ["blocksworld-renamed", "logistics-renamed", "mystery_blocksworld-renamed", "depots"])
def test_what_is_shown_has_the_names_of_what_is_asked(name: str) -> None:
    for asked in asked_from_rows(read_set(name)[:3]):
        shots, plain = few_shots_for(asked, 2), few_shots(asked.domain, 2)
        assert (shots == plain) is not asked.own_domain and few_shots_for(asked, 2) == shots
        for shot, named in zip(shots, plain, strict=True):
            task = read_task(asked.domain_text, shot.problem)
            assert check_plan_text(task, shot.plan).outcome is Outcome.VALID
            assert problem_class(task) == problem_class(read_task(domain_text(asked.domain), named.problem))


def test_a_domain_that_is_another_one_is_shown_nothing() -> None:
    (asked,) = asked_from_rows(read_set("logistics-renamed")[:1])
    assert few_shots_for(replace(asked, domain="blocksworld"), 0) == ()
    with pytest.raises(PlanlearnError, match="logistics-renamed-1: its domain is not known to be blocksworld under other names"):
        few_shots_for(replace(asked, domain="blocksworld"), 1)


@pytest.mark.parametrize("domain", ["blocksworld", "logistics", "mystery_blocksworld"])
def test_the_prompt_holds_the_task_and_no_comment(domain: str) -> None:
    """Law: what stands behind "Domain:" and "Problem:" reads as the very task."""
    text = get_generator(domain).generate(stream("prompt", domain)).problem_text
    task = read_task(domain_text(domain), text)
    asked = Asked(
        id="p", domain=domain, size="", task=task, reference_length=None, domain_text=domain_text(domain), problem_text=text,
    )
    prompt = plan_prompt(asked)
    of_domain, of_problem = prompt.partition("Domain:\n")[2].split("\nProblem:\n")
    again = read_task(of_domain, of_problem.partition("\nPlan:")[0])
    assert ";" not in prompt
    assert (again.initial, again.goal_literals) == (task.initial, task.goal_literals)
    assert {str(action) for action in again.actions} == {str(action) for action in task.actions}
