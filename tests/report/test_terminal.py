"""The step player in the terminal: what it shows is what the checker found, and nothing in it steers the terminal."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, strategies as st

from planlearn.chains import ChainStyle, answer_segments
from planlearn.problems import load_named_domain
from planlearn.report import FactTable, problem_json, text_attempt
from planlearn.report.pictures import picture_of
from planlearn.report.terminal import ASCII, NoSuchStep, attempt_lines, ending, plain
from tests.golden_files import check_golden
from tests.walks import NAMES, walk
from val_bridge import Task, atom_text, read_problem
from val_bridge.check.visible import visible

TASK = Task(
    domain := load_named_domain("blocksworld"),
    read_problem(
        "(define (problem tower) (:domain blocksworld-4ops) (:objects a b c)"
        " (:init (handempty) (ontable a) (ontable b) (on c a) (clear b) (clear c)) (:goal (and (on a b) (on b c))))",
        domain,
    ),
)
TRUE = """\
state clear b, clear c, handempty, on c a, ontable a, ontable b
unstack c a takes clear c, handempty, on c a gives clear a, holding c
state clear a, clear b, holding c, ontable a, ontable b
put-down c takes holding c gives clear c, handempty, ontable c
state clear a, clear b, clear c, handempty, ontable a, ontable b, ontable c
"""
STALE = TRUE[: TRUE.rindex("state")] + "state clear a, clear b, clear c, handempty, on c a, ontable a, ontable b\n"
TEXTS = {
    "valid": "(unstack c a)\n(put-down c)\n(pick-up b)\n(stack b c)\n(pick-up a)\n(stack a b)\n",
    "precondition": "(unstack c a)\n(pick-up b)\n(stack b c)\n",
    "goal": "(unstack c a)\n(put-down c)\n",
    "unknown_action": "(unstack c a)\n(put-donw c)\n",
    "unreadable": "(unstack c a\n",
    "chain": STALE,
    "plan_and_chain": f"{TRUE}Plan:\nunstack c a\nput-down a\n",
    "short_chain": f"{TRUE}Plan:\nunstack c a\nput-down c\npick-up b\n",
    "true_chain": TRUE,
    "json_chain": """[{"state": ["(handempty)", "(ontable a)", "(ontable b)", "(on c a)", "(clear b)", "(clear c)"]},
  {"action": "(unstack c a)", "state": ["(holding c)", "(clear a)", "(clear b)", "(ontable a)"]}]""",
    "empty": "",
}


def shown(task: Task, text: str, **how: Any) -> str:
    facts = FactTable()
    attempt = text_attempt(task, facts, text, file="a.plan")
    return plain(attempt_lines(problem_json(task, facts), attempt, **how))


def test_towers_are_drawn_where_the_picture_is_of_blocks_and_where_there_is_room() -> None:
    check_golden("report/explain_towers.txt", shown(TASK, TEXTS["precondition"], picture=picture_of("blocksworld")))
    assert shown(TASK, TEXTS["valid"], picture=picture_of("logistics")) == shown(TASK, TEXTS["valid"])
    many = [f"block-with-a-long-name-{n}" for n in range(9)]
    problem = read_problem(
        f"(define (problem many) (:domain blocksworld-4ops) (:objects {' '.join(many)}) (:init (handempty)"
        f" {' '.join(f'(ontable {one}) (clear {one})' for one in many)}) (:goal (holding {many[0]})))", domain,
    )  # fmt: skip
    wide = shown(Task(domain, problem), f"(pick-up {many[0]})", picture=picture_of("blocksworld"), width=400)
    narrow = shown(Task(domain, problem), f"(pick-up {many[0]})", picture=picture_of("blocksworld"))
    assert "====" in wide and "====" not in narrow


@pytest.mark.parametrize("name", TEXTS)
def test_each_kind_of_text_is_shown_as_kept(name: str) -> None:
    check_golden(f"report/explain_{name}.txt", shown(TASK, TEXTS[name]))


def test_one_step_stands_between_whole_states() -> None:
    check_golden("report/explain_step.txt", shown(TASK, TEXTS["precondition"], step=1))
    check_golden("report/explain_failing_step.txt", shown(TASK, TEXTS["precondition"], step=2))
    check_golden("report/explain_start.txt", shown(TASK, STALE, step=0))


def rows(text: str, label: str) -> list[set[str]]:
    """The facts in each row of that label, lines that go on included."""
    found = re.findall(rf"^  {label:10}(.*(?:\n {{12}}.*)*)", text, re.M)
    return [set(re.findall(r"\([^()]*\)", row)) for row in found]


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000), width=st.integers(40, 200))
def test_the_states_are_those_of_the_plan(name: str, seed: int, width: int) -> None:
    task, chain = walk(name, seed)
    text = shown(task, "\n".join(map(str, chain.plan.calls)), width=width)
    true = [set(map(atom_text, state - task.static_facts)) for state in (task.initial, *(step.after for step in chain.steps))]
    assert rows(text, "state") == [state or set() for state in true]
    assert text.count("Step ") == len(chain.steps) and "✗" not in re.sub(r"^  goals.*(\n {12}.*)*", "", text, flags=re.M)
    assert text.splitlines()[-1].startswith("✓ The plan is valid.")


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_one_step_shows_every_fact_before_and_behind_it(name: str, seed: int, data: st.DataObject) -> None:
    task, chain = walk(name, seed)
    number = data.draw(st.integers(1, len(chain.steps)))
    text = shown(task, "\n".join(map(str, chain.plan.calls)), step=number)
    step = chain.steps[number - 1]
    assert rows(text, "state") == [set(map(atom_text, step.before)), set(map(atom_text, step.after))]


def test_a_row_is_no_wider_than_the_terminal() -> None:
    lines = shown(TASK, TEXTS["valid"], width=44).splitlines()
    assert max(map(len, lines)) <= 44 < max(map(len, shown(TASK, TEXTS["valid"]).splitlines()))


def test_without_states_no_state_is_shown() -> None:
    text = shown(TASK, TEXTS["valid"], states=False)
    assert rows(text, "state") == [] and len(rows(text, "goals")) == 7


def test_signs_for_streams_that_cannot_write_the_usual_ones() -> None:
    text = shown(TASK, TEXTS["precondition"], signs=ASCII)
    assert text.isascii() and "NO (handempty)" in text and "yes (clear b)" in text


@pytest.mark.parametrize("step", [-1, 4, 10**9])
def test_a_step_that_is_not_there_is_named(step: int) -> None:
    with pytest.raises(NoSuchStep, match=rf"^--step {step}: expected a step from 0, .* to 3, "):
        shown(TASK, TEXTS["precondition"], step=step)


def test_a_text_that_cannot_be_read_is_told_whatever_step_is_asked_for() -> None:
    assert shown(TASK, TEXTS["unreadable"], step=2) == shown(TASK, TEXTS["unreadable"])


def test_a_valid_plan_behind_a_wrong_chain_is_not_passed_over() -> None:
    task, chain = walk("blocksworld", 3)
    segments = answer_segments(task, chain, ChainStyle(states="full", goals=False))
    text = "".join(segment.text for segment in segments[1:])
    facts = FactTable()
    assert ending(text_attempt(task, facts, text)) == ("valid", "The plan is valid.")
    # One fact is dropped from the last state.
    head, _, last = text.rpartition("state ")
    wrong = head + "state " + last.partition(", ")[2]
    attempt = text_attempt(task, facts, wrong)
    assert attempt["outcome"] == "valid" and ending(attempt)[0] == "invalid"
    told = shown(task, wrong)
    assert "the text leaves out: " in told and "✗ The plan is valid. The chain is invalid: step " in told


HOSTILE = st.text(st.sampled_from("\x00\x07\x08\x1b\x7f\x9b\r\n\t\u200e\u2028\u202e\u2066\ufeff\ud800()[]{}\",:; abc") | st.characters())


@given(text=HOSTILE, before=st.sampled_from(["", "(unstack c a)\n", "state clear b\n", TRUE, "[", f"{TRUE}Plan:\n", "(put-down ", "unstack "]))
def test_nothing_that_a_text_says_steers_the_terminal(text: str, before: str) -> None:
    told = shown(TASK, before + text)
    assert told.endswith("\n") and {unicodedata.category(c) for c in told.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()


def test_names_that_steer_a_terminal_are_shown_by_their_numbers() -> None:
    facts = FactTable()
    attempt = text_attempt(TASK, facts, TEXTS["precondition"])
    problem = problem_json(TASK, facts)
    problem["facts"] = [fact.replace("clear", "\x1b]0;owned\x07\u202e") for fact in problem["facts"]]
    for step in attempt["tracks"][0]["steps"]:
        step["action"] += "\x9b2J"
        step["needs"] = [[f"{need}\r", holds] for need, holds in step["needs"]]
    told = plain(attempt_lines(problem, attempt))
    assert "(⟨U+001B⟩]0;owned⟨U+0007⟩⟨U+202E⟩ b)" in told and "(unstack c a)⟨U+009B⟩2J" in told and "(handempty)⟨U+000D⟩" in told


@given(text=st.text())
def test_visible_changes_only_what_shows_nothing(text: str) -> None:
    told = visible(text)
    assert visible(told) == told
    if all(unicodedata.category(c)[0] not in "CZ" or c == " " for c in text):
        assert told == text


def test_a_fault_after_the_last_step_of_its_track_is_shown() -> None:
    for step in (None, 2):
        told = shown(TASK, TEXTS["short_chain"], step=step)
        assert "fault     plan_mismatch" in told.partition("The chain")[2], step


def test_what_is_said_wrongly_has_words() -> None:
    facts = FactTable()
    attempt = text_attempt(TASK, facts, TEXTS["valid"])
    fault = {"kind": "claim", "step": 0, "track": "plan", "message": "", "hint": "", "at": None, "line": None, "column": None}
    kinds = ["said_true", "said_false"]
    attempt["faults"] = [fault | {"violations": [[kind, "(on a b)", ""] for kind in kinds]}]
    told = plain(attempt_lines(problem_json(TASK, facts), attempt))
    assert "said to hold, and does not: (on a b)" in told and "said not to hold, and does: (on a b)" in told
