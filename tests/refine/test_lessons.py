"""Attempts, corrections and what a step weighs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from planlearn.chains import ChainStyle, Role, chain_text, plan_text
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.evaluate import Completion, Stop
from planlearn.errors import RecipeError
from planlearn.planners import reference_plan
from planlearn.problems import domain_text
from planlearn.recipes import RefineRecipe
from planlearn.refine import Correction, LessonMaker, Stage, Weighing, corrected, d2_problems, feedback_on, given_up, judge_attempt
from planlearn.refine.attempt import Attempt, attempt_from_row, correct_actions, without_detours, written
from planlearn.refine.lessons import Draft, at_the_start, in_order, step_weight
from tests.refine.conftest import STYLE, right
from val_bridge import execute, read_task

WEIGHING = Weighing(fault_weight=0.5, penalties={"precondition": 2.0, "effect": 1.0, "goal": 4.0, "other": 0.25}, unlikelihood=0.75)


def attempt(problem, text: str, number: int = 0, stop: Stop = Stop.END) -> Attempt:
    completion = Completion(id=f"p#{number}", text=text, stop=stop, prompt_tokens=1, tokens=1, seconds=0.0)
    return judge_attempt(problem.task, problem.id, number, completion)


def calls(actions) -> list[str]:
    return [str(action) for action in actions]


def chain_of(text: str) -> list[str]:
    return text.split(f"{PLAN_HEADER}\n")[0].splitlines()


def test_a_right_answer_is_valid_and_an_attempt_reads_back(problem):
    one = attempt(problem, right(problem))
    assert one.is_valid and one.verdict is one.plan
    assert attempt_from_row(problem.task, one.to_row()) == replace(one, completion=one.completion)
    assert one.to_row()["error"] is None


def test_the_correction_keeps_what_is_right(problem):
    wrong = right(problem).replace("state clear a, clear b, clear c, handempty", "state clear a, clear b, handempty", 1)
    first = attempt(problem, wrong)
    assert not first.verdict.first.step == 1 and first.verdict.first.step == 2
    assert calls(correct_actions(problem.task, first)) == ["(unstack c a)"]
    correction = corrected(problem, first, [], "own")
    assert (correction.origin, correction.kept) == ("prefix and planner", 1)
    assert calls(s.action for s in correction.chain.steps)[0] == "(unstack c a)"
    assert not problem.task.unmet_goals(correction.chain.steps[-1].after)


def test_an_own_valid_attempt_comes_before_the_planner_and_the_reference_only_when_asked(problem):
    first, later = attempt(problem, "nothing"), attempt(problem, right(problem), 1)
    assert corrected(problem, first, [attempt(problem, "no", 1), later], "own").origin == "own after feedback"
    assert corrected(problem, first, [later], "reference").origin == "planner"
    assert corrected(problem, first, [], "own").origin == "planner"  # there is nothing right to keep


def test_true_steps_that_lead_astray_are_not_kept(problem):
    """(pick-up b) is true, but makes the plan longer than the planner's from the start."""
    astray = "pick-up b takes clear b, handempty, ontable b gives holding b\nstack b c takes clear c, holding b gives clear b, handempty, on b c\nPlan:\n"
    first = attempt(problem, astray)
    assert calls(correct_actions(problem.task, first)) == ["(pick-up b)", "(stack b c)"]
    assert corrected(problem, first, [], "own").kept == 0


def test_detours_are_cut_and_nothing_stands_behind_the_goal(problem):
    names = ["unstack c a", "put-down c", "pick-up c", "put-down c", "pick-up a", "stack a b", "pick-up c"]
    actions = [problem.task.bind(call) for call in attempt(problem, "Plan:\n" + "\n".join(names)).answer.plan.calls]
    assert calls(without_detours(problem.task, actions)) == ["(unstack c a)", "(put-down c)", "(pick-up a)", "(stack a b)"]


def test_an_attempt_is_given_up_at_the_step_that_is_wrong_and_no_sooner(problem):
    hopeless, lines = given_up(problem.task), chain_of(right(problem))
    text = ""
    for line in lines:
        text += f"{line}\n"
        assert hopeless(text) is None
    wrong = lines[:3] + [lines[3].replace("gives clear a", "gives clear b")] + lines[4:]
    said = [hopeless("\n".join(wrong[: count + 1]) + "\n") for count in range(len(wrong))]
    assert [reason is not None for reason in said[:6]] == [False, False, False, False, False, True]
    assert said[5] == "step 1 of the chain is wrong"


def test_an_attempt_is_given_up_where_it_leads_back(problem):
    hopeless = given_up(problem.task)
    text = (
        "state clear b, clear c, handempty, on c a, ontable a, ontable b\ngoals on a b no\n"
        "unstack c a takes clear c, handempty, on c a gives clear a, holding c\n"
        "state clear a, clear b, holding c, ontable a, ontable b\ngoals on a b no\n"
        "stack c a takes clear a, holding c gives clear c, handempty, on c a\n"
        "state clear b, clear c, handempty, on c a, ontable a, ontable b\n"
    )
    assert hopeless(text) == "step 2 leads back to an earlier state"


def test_what_a_step_weighs(problem):
    lost = right(problem).replace("state clear a, clear b, clear c, handempty", "state clear a, clear b, handempty", 1)
    state, early = attempt(problem, lost), attempt(problem, right(problem).rsplit("\n", 1)[0])
    assert early.verdict.first.kind.value == "plan_mismatch" or not early.is_valid
    # One fact differs: 1 + 0.5 * |s △ s*| + penalty(effect).
    assert step_weight(state, "detailed", WEIGHING) == 1 + 0.5 * 1 + 1.0
    assert step_weight(state, "binary", WEIGHING) == 1 + (2.0 + 1.0 + 4.0 + 0.25) / 4  # it says where, not what
    assert step_weight(state, "none", WEIGHING) == 1.0
    assert step_weight(state, "detailed", replace(WEIGHING, objective="nll")) == 1.0
    astray = attempt(problem, "pick-up a takes clear a, handempty, ontable a gives holding a\n")
    assert step_weight(astray, "detailed", WEIGHING) == 3.0  # precondition


def test_the_stages_hold_their_own_roles_alone(problem):
    maker = LessonMaker(STYLE, "detailed", WEIGHING, 0)
    first = attempt(problem, right(problem).replace("state clear a, clear b, clear c, handempty", "state clear a, clear b, handempty", 1))
    correction = corrected(problem, first, [], "own")
    told = feedback_on(problem.task, first, "detailed")
    mend = maker.mend(problem, "p", written(first.completion), told, correction.chain, correction.kept + 1, 2.5)
    for stage, roles in ((Stage.CHAIN, {Role.CHAIN}), (Stage.PLAN, {Role.PLAN})):
        lesson = mend.in_stage(stage, WEIGHING)
        assert {s.role for s, w in zip(lesson.example.segments, lesson.weights, strict=True) if w} == roles
    chain = mend.in_stage(Stage.CHAIN, WEIGHING)
    heavy = [s.text for s, w in zip(chain.example.segments, chain.weights, strict=True) if w == 2.5]
    assert len(heavy) == 1 and heavy[0].split("\n")[1].startswith("put-down c")  # step 2, which failed
    assert chain.end == 0.0 and mend.in_stage(Stage.PLAN, WEIGHING).end == 1.0
    assert mend.example.prompt.endswith("Chain:\n") and "Feedback:\nThe chain is invalid: step 2" in mend.example.prompt
    assert mend.example.completion == right(problem)


def test_own_plans_are_judged_and_told_two_ways_in_stage_plan(problem):
    maker = LessonMaker(STYLE, "detailed", WEIGHING, 0)
    good, bad = attempt(problem, right(problem)), attempt(problem, "Plan:\npick-up a")
    assert maker.judge(problem, "p", good).verdict is True and maker.judge(problem, "p", bad).verdict is False
    assert maker.judge(problem, "p", bad).in_stage(Stage.PLAN, WEIGHING).verdict is False
    assert maker.judge(problem, "p", bad).in_stage(Stage.PLAN, replace(WEIGHING, objective="nll")).verdict is None
    assert maker.judge(problem, "p", attempt(problem, "Plan:\nfly a")) is None
    assert maker.judge(problem, "p", attempt(problem, "hello there, you")) is None


@pytest.mark.parametrize(
    ("plan", "unlikely", "end"),
    [
        ("unstack c a\nput-down c\npick-up b\nstack a b", " b", 0.0),  # the chain says pick-up a
        ("unstack c a\nput-down c\nunstack c a", "unstack", 0.0),
        ("unstack c a\nput-down c", None, -0.75),
    ],
)  # fmt: skip
def test_of_an_invalid_plan_the_word_that_departs_from_the_chain_is_made_unlikely(problem, plan, unlikely, end):
    maker = LessonMaker(STYLE, "detailed", WEIGHING, 0)
    head = right(problem).split(f"{PLAN_HEADER}\n")[0]
    # "pick-up b" can be executed; what fails is "stack a b" behind it, which the chain has too, so nothing is told of it.
    taught = maker.wrong(problem, "p", attempt(problem, f"{head}{PLAN_HEADER}\n{plan}"))
    if unlikely == " b":
        assert taught is None
        return
    assert taught.in_stage(Stage.CHAIN, WEIGHING) is None
    lesson = taught.in_stage(Stage.PLAN, WEIGHING)
    assert lesson.end == end
    heavy = [(s.text, w) for s, w in zip(lesson.example.segments, lesson.weights, strict=True) if w]
    assert heavy == ([(unlikely, -0.75)] if unlikely else [])
    assert f"{head}{PLAN_HEADER}\n{plan}".startswith(lesson.example.completion.rstrip("\n"))
    assert taught.in_stage(Stage.PLAN, replace(WEIGHING, objective="nll")) is None
    assert maker.wrong(problem, "p", attempt(problem, right(problem))) is None


def test_a_plan_that_follows_its_wrong_chain_is_not_made_unlikely(problem):
    maker = LessonMaker(STYLE, "detailed", WEIGHING, 0)
    text = "pick-up a takes clear a, handempty, ontable a gives holding a\nPlan:\npick-up a"
    assert attempt(problem, text).plan.first.step == 1
    assert maker.wrong(problem, "p", attempt(problem, text)) is None


@pytest.mark.parametrize(("factor", "choices"), [(0.0, 0), (2.0, 1)])
def test_the_factor_of_the_choice_between_valid_and_invalid(problem, factor, choices):
    weighing = replace(WEIGHING, verdict=factor)
    taught = LessonMaker(STYLE, "detailed", weighing, 0).judge(problem, "p", attempt(problem, "Plan:\npick-up a"))
    lesson = taught.in_stage(Stage.PLAN, weighing)
    of = {s.text: w for s, w in zip(lesson.example.segments, lesson.weights, strict=True) if s.role is Role.VERDICT}
    assert of["INVALID"] == factor and set(of.values()) == {factor, 1.0} and lesson.end == 1.0
    assert "".join(of).startswith("INVALID step 1 precondition: ")


def test_what_the_cap_tore_is_neither_judged_nor_shown(problem):
    whole = right(problem)
    torn = whole[: whole.index("state clear a, clear b, clear c") + len("state clear a")]
    one = attempt(problem, torn, stop=Stop.CAP)
    assert not torn.endswith("\n") and written(one.completion).endswith("\n")
    assert one.verdict.first.kind.value == "goal" and not at_the_start(one)
    assert attempt(problem, torn).verdict.first.kind.value == "transition"  # where the model ended there


def test_a_right_chain_without_a_plan_is_no_valid_plan(problem):
    one = attempt(problem, right(problem).split(f"{PLAN_HEADER}\n")[0])
    assert not one.is_valid and feedback_on(problem.task, one, "detailed") == "The plan is unreadable."


def test_a_wrong_first_state_is_corrected_there(problem):
    wrong = right(problem).replace("state clear b, clear c, handempty", "state clear b, handempty", 1)
    assert at_the_start(attempt(problem, wrong))
    chain = corrected(problem, attempt(problem, wrong), [], "own").chain
    lesson = LessonMaker(STYLE, "detailed", WEIGHING, 0).fresh(problem, "p", chain, 0, 3.0).in_stage(Stage.CHAIN, WEIGHING)
    heavy = [s.text for s, w in zip(lesson.example.segments, lesson.weights, strict=True) if w == 3.0]
    assert len(heavy) == 1 and heavy[0].startswith("state clear b, clear c")


@pytest.mark.parametrize("style", [ChainStyle(states="changes"), ChainStyle(states="changes", goals=False), ChainStyle(states="full")])
def test_attempts_in_any_style_are_given_up_behind_the_first_wrong_step(problem, style):
    plan = reference_plan("blocksworld", problem.task)
    chain = execute(problem.task, [problem.task.bind(call) for call in plan.calls])
    lines = chain_text(problem.task, chain, style).splitlines(keepends=True)
    hopeless = given_up(problem.task)
    assert all(hopeless("".join(lines[: count + 1])) is None for count in range(len(lines)))
    at = next(number for number, line in enumerate(lines) if line.startswith("unstack"))
    spoiled = [*lines[:at], lines[at].replace("gives clear a", "gives clear b"), *lines[at + 1 :]]
    said = [hopeless("".join(spoiled[: count + 1])) for count in range(len(spoiled))]
    assert next(number for number, reason in enumerate(said) if reason) <= at + 1
    if style.states == "changes":
        back = "unstack c a takes clear c, handempty, on c a gives clear a, holding c\nstack c a takes clear a, holding c gives clear c, handempty, on c a\n"
        assert hopeless("".join(lines[:at]) + back) == "step 2 leads back to an earlier state"


TWO_TOWERS = """(define (problem p) (:domain blocksworld-4ops) (:objects a b c d)
  (:init (handempty) (ontable a) (ontable b) (ontable c) (ontable d) (clear a) (clear b) (clear c) (clear d))
  (:goal (and (on a b) (on c d))))"""


@pytest.mark.parametrize(("step", "weighs_always"), [(0, True), (1, False), (4, False)])
def test_a_correction_under_other_names_weighs_where_its_plan_goes_the_same_way(problem, step, weighs_always):
    task = read_task(domain_text("blocksworld"), TWO_TOWERS)
    problem = replace(problem, problem_pddl=TWO_TOWERS, task=task)
    plan = reference_plan("blocksworld", task, to_teach=True)
    correction = Correction(chain=execute(task, plan.calls), origin="planner", kept=0)
    maker = LessonMaker(STYLE, "detailed", WEIGHING, 0)
    plans, heavy = set(), set()
    for number in range(20):
        taught = maker.under_other_names(problem, "p-names", correction, step, 7.0, Random(number))
        other = read_task(domain_text("blocksworld"), taught.example.problem_pddl)
        assert taught.example.plan == plan_text(reference_plan("blocksworld", other, to_teach=True))
        plans.add(taught.example.plan)
        heavy.add(max(taught.weights))
    assert len(plans) > 2 and heavy == ({7.0} if weighs_always else {1.0, 7.0})


def test_names_are_not_shuffled_where_static_facts_name_things():
    with pytest.raises(RecipeError, match="refine.names: domain logistics has static facts"):
        next(d2_problems("logistics", 0, RefineRecipe(sizes={"1": 1.0}, names=1)))


def test_drafts_are_made_when_they_are_read():
    made = []

    def draft(number):
        def make():
            made.append(number)
            return number

        return Draft(make)

    drafts = [draft(number) for number in range(100)]
    read = list(in_order(drafts, Random(0), lambda one: 10 + 0 * one.taught, 55))
    assert len(read) == 5 and set(read) < set(made) and len(made) == 6
    assert sorted(in_order(drafts, Random(0), lambda one: 1 if one.taught % 2 else None, None)) == list(range(1, 100, 2))
    assert len(made) == 100, "each is made once"
    assert list(in_order(drafts, Random(0), lambda _: None, 55)) == []
