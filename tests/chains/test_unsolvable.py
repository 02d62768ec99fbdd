"""The answer that there is no plan: written, read back, and told apart from all that only sounds so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.chains import ChainStyle, ReservedWord, Role, find_plan, problem_prompt, read_answer, unsolvable_segments
from planlearn.evaluate import lost_cause
from planlearn.planners import goal_conflict, is_conflict
from planlearn.problems import UNSOLVABLE_KINDS, domain_text, stream, unsolvable_problem
from tests.golden_files import check_golden
from val_bridge import Task, read_task

STYLES = {
    "changes": ChainStyle(),
    "full": ChainStyle(states="full", domain_in_prompt=False),
    "purposes": ChainStyle(states="full", purposes=True, domain_in_prompt=False),
    "bare": ChainStyle(goals=False),
}
TASK = read_task(
    domain_text("blocksworld"),
    "(define (problem p) (:domain blocksworld-4ops) (:objects a b c d) (:init (handempty) (on c a) (ontable a) (ontable b) (ontable d)"
    " (clear b) (clear c) (clear d)) (:goal (and (on a b) (on a d) (on c d))))",
)
NEVER = (("on", "a", "b"), ("on", "a", "d"))


def written(task: Task, style: ChainStyle, never: tuple = NEVER) -> str:
    return "".join(segment.text for segment in unsolvable_segments(task, never, style)[1:])


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("domain", UNSOLVABLE_KINDS)
def test_it_reads_back_as_itself_and_its_reason_can_be_checked(domain: str, name: str) -> None:
    for index in range(10):
        task = unsolvable_problem(domain, stream("chains", domain, index)).problem.task()
        never = goal_conflict(task)
        assert never is not None
        segments = unsolvable_segments(task, never, STYLES[name])
        assert [segment.role for segment in segments] == [Role.PROMPT, Role.CHAIN, Role.PLAN]
        assert segments[0].text == problem_prompt(task, STYLES[name])
        for start in ("", "Chain:\n"):
            text = start + "".join(segment.text for segment in segments[1:])
            answer = read_answer(text, task)
            assert answer.unsolvable and answer.plan is None and answer.problem == ""
            assert answer.never == never and is_conflict(task, answer.never)
            assert answer.chain is None and answer.unread == ()
            found = find_plan(text, task)
            assert found.unsolvable and found.no_plan


@pytest.mark.parametrize("name", STYLES)
def test_the_text_is_the_golden_one(name: str) -> None:
    segments = unsolvable_segments(TASK, NEVER, STYLES[name])
    check_golden(f"chains/unsolvable-{name}.txt", "".join(segment.text for segment in segments) + "\n")


def test_without_a_reason_the_word_stands_alone() -> None:
    text = written(TASK, ChainStyle(goals=False), ())
    assert text == "Plan:\nunsolvable"
    answer = read_answer(text, TASK)
    assert answer.unsolvable and answer.never == () and answer.unread == ()


@pytest.mark.parametrize("plan", ["unsolvable", "UNSOLVABLE\n", "  Unsolvable \r\n\n"])
def test_the_word_counts_in_any_case(plan: str) -> None:
    assert read_answer(f"Plan:\n{plan}", TASK).unsolvable


@pytest.mark.parametrize(
    "text",
    ["", "unsolvable", "never on a b, on a d\n", "Plan:\n", "Plan:\nunsolvable\npick-up b", "Plan:\npick-up b\nunsolvable",
     "Plan:\nunsolvable b", "Plan:\n(unsolvable)", "Plan: unsolvable"],
)  # fmt: skip
def test_nothing_else_is_the_word(text: str) -> None:
    answer = read_answer(text, TASK)
    assert not answer.unsolvable and answer.never == ()


@pytest.mark.parametrize(
    ("lines", "never", "unread"),
    [
        ("never on a b, on a d\n", NEVER, ()),
        ("never ON A B,on a d\n", NEVER, ()),
        ("never on a b\n", NEVER[:1], ()),
        ("never none\n", (), ("never none",)),
        ("never\n", (), ("never",)),
        ("never not on a b\n", (), ("never not on a b",)),
        ("never on a b\nnever on a d\n", NEVER[:1], ("never on a d",)),
        ("goals on a b no\nnever on a b\n", NEVER[:1], ()),
        ("never on a b\ngoals on a b no\n", NEVER[:1], ("goals on a b no",)),
        ("It cannot be.\nnever on a b\n", NEVER[:1], ("It cannot be.",)),
        ("pick-up b\nnever on a b\n", (), ("never on a b",)),
        ("never on a b\npick-up b\n", (), ("never on a b",)),
    ],
)
def test_the_reason_stands_above_the_word_behind_the_start(lines: str, never: tuple, unread: tuple) -> None:
    answer = read_answer(f"{lines}Plan:\nunsolvable", TASK)
    assert answer.unsolvable and answer.never == never and answer.unread == unread
    assert (answer.chain is not None) == ("pick-up" in lines)


def test_above_a_plan_a_reason_is_unread() -> None:
    answer = read_answer("never on a b, on a d\npick-up b\nPlan:\npick-up b", TASK)
    assert answer.plan is not None and not answer.unsolvable
    assert answer.unread == ("never on a b, on a d",)


@pytest.mark.parametrize("word", ["never", "unsolvable"])
def test_no_name_may_be_a_word_of_it(word: str) -> None:
    task = read_task(
        domain_text("blocksworld"),
        f"(define (problem p) (:domain blocksworld-4ops) (:objects {word} b) (:init (handempty)) (:goal (on {word} b)))",
    )
    with pytest.raises(ReservedWord, match=f"'{word}'"):
        problem_prompt(task, ChainStyle())


def test_an_answer_that_says_so_is_not_given_up() -> None:
    assert lost_cause(TASK)(written(TASK, STYLES["purposes"]) + "\n") is None
    assert lost_cause(TASK)("Plan:\nunsolvable b\n")


SAID = [
    "UNSOLVABLE", "**Unsolvable**", "unsolvable.", "[PLAN]\nUNSOLVABLE\n[PLAN END]", "Plan:\nunsolvable", "```\nunsolvable\n```",
    "\\boxed{\\text{UNSOLVABLE}}", "Answer: no plan", "NO PLAN", "No plan exists.", "No valid plan is possible.",
    "The problem is unsolvable because a cannot be on b and on d.", "There is no valid plan that reaches the goal.",
    "There isn't a plan for this.", "This problem has no solution.", "The given problem does not have a solution.",
    "I conclude that no plan exists for this problem.", "Therefore, the task is not solvable.",
    "It is impossible to achieve the goal state.", "The goal cannot be reached: (on a b) and (on a d) contradict.",
    "The goals can't be satisfied together.", "The goal is contradictory.",
    "We find that the problem is unsolvable.", "No sequence of actions can achieve both goals.",
    "<think>hm, (pick-up b)</think>\nThe goal state is unreachable.", "is there one? (pick-up b)\n</think>\nThere is no plan.",
    "If a is on b, it is not on d, so no plan exists.", "Chain:\ngoals on a b no\nnever on a b, on a d\nPlan:\nunsolvable",
]  # fmt: skip
UNSAID = [
    "", "No.", "I cannot find a plan.", "No plan was found.", "Is it unsolvable?", "I do not know whether the problem is unsolvable.",
    "It is not unsolvable.", "The problem isn't unsolvable.", "If there is no plan, write UNSOLVABLE.",
    "Say UNSOLVABLE where no plan exists.", "There is no plan that I could find.",
    "The problem might be unsolvable.", "<think>this is unsolvable</think>", "it is unsolvable\n</think>", "There is no block on b.",
    "It is impossible to pick up a block under another one.", "I see no way to pick up c.", "It would be unsolvable without the table.",
]  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_answers_that_say_so(text: str) -> None:
    found = find_plan(text, TASK)
    assert found.unsolvable and found.no_plan


@pytest.mark.parametrize("text", UNSAID)
def test_answers_that_do_not(text: str) -> None:
    found = find_plan(text, TASK)
    assert not found.unsolvable and found.no_plan


@pytest.mark.parametrize("end", ["UNSOLVABLE", "**Final answer: no plan exists.**", "[PLAN]\nUNSOLVABLE\n[PLAN END]"])
def test_a_last_line_takes_back_what_was_tried(end: str) -> None:
    found = find_plan(f"I try this:\n1. (pick-up b)\n2. (stack b c)\n\n{end}", TASK)
    assert found.unsolvable and found.no_plan
    assert [one.text for one in found.skipped if one.reason == "draft"] == ["(pick-up b)", "(stack b c)"]


@pytest.mark.parametrize(
    "text",
    ["(pick-up b)", "(pick-up b)\nNo plan is shorter.", "The problem is unsolvable, they say.\n(pick-up b)",
     "[PLAN]\n(pick-up b)\n[PLAN END]\nUNSOLVABLE", "[PLAN]\n(pick-up b)\n[PLAN END]\nNo plan exists that is shorter.",
     "<think>UNSOLVABLE</think>\n(pick-up b)"],
)  # fmt: skip
def test_a_plan_stays_one(text: str) -> None:
    found = find_plan(text, TASK)
    assert not found.unsolvable
    assert found.plan is not None and [str(call) for call in found.plan.calls] == ["(pick-up b)"]


@given(
    text=st.text(st.sampled_from("abnoplu \n.?<>[]/"), max_size=80),
    end=st.sampled_from(["", "unsolvable", "no plan", "there is no plan", "</think>"]),
)
def test_who_says_so_gives_neither_plan_nor_error(text: str, end: str) -> None:
    for answer in (text + end, end + text, f"Plan:\n{text}{end}"):
        found = find_plan(answer, TASK)
        assert not found.unsolvable or (found.plan is None and found.error is None)
        strict = read_answer(answer, TASK)
        assert not strict.unsolvable or (strict.plan is None and strict.problem == "" and found.unsolvable)


def test_a_long_answer_is_read_in_a_moment() -> None:
    for text in ("no " * 300_000, "it " * 300_000, "there is no " * 80_000, "<think>" * 100_000, "a" * 1_000_000, "not " + "a" * 10**6):
        assert not find_plan(text, TASK).unsolvable
