"""A fault stands on the line that says what is wrong, not on its step's first one."""

from __future__ import annotations

import pytest

from planlearn.chains import read_answer
from planlearn.feedback import binary_feedback, detailed_feedback
from planlearn.problems import domain_text
from val_bridge import check_chain, read_task

TASK = read_task(
    domain_text("blocksworld"),
    "(define (problem p) (:domain blocksworld-4ops) (:objects a b)"
    " (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))",
)
TEXT = """state clear a, clear b, handempty, ontable a, ontable b
goals on a b no
for on a b: clear b yes, holding a no: ontable a yes, clear a yes, handempty yes
pick-up a takes clear a, handempty, ontable a gives holding a
state clear b, holding a, ontable b
goals on a b no
for on a b: clear b yes, holding a yes
stack a b takes clear b, holding a gives clear a, handempty, on a b
state clear a, handempty, on a b, ontable b
goals on a b yes
Plan:
pick-up a
stack a b
"""


def test_the_text_is_right() -> None:
    answer = read_answer(TEXT, TASK)
    assert answer.chain is not None and not answer.unread and not check_chain(TASK, answer.chain).faults


@pytest.mark.parametrize(
    ("line", "old", "new", "kind"),
    [
        (1, "ontable b", "on b a", "initial_state"),
        (1, "clear a", "clear z", "state_fact"),
        (2, "no", "yes", "claim"),
        (3, "clear b yes", "clear b no", "claim"),
        (4, "gives holding a", "gives holding b", "transition"),
        (5, "ontable b", "ontable b, ontable a", "transition"),
        (5, "ontable b", "onfloor b", "state_fact"),
        (6, "no", "yes", "claim"),
        (7, "holding a yes", "holding z yes", "state_fact"),
        (10, "yes", "no", "claim"),
    ],
)
def test_the_place_is_that_of_the_line(line: int, old: str, new: str, kind: str) -> None:
    lines = TEXT.splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    text = "".join(lines)
    chain = read_answer(text, TASK).chain
    assert chain is not None
    first = check_chain(TASK, chain).faults[0]
    assert first.span is not None
    assert (first.kind.value, first.span.line, text[first.span.start : first.span.end]) == (kind, line, lines[line - 1].strip())


def test_a_goal_that_is_said_to_be_reached_and_is_not() -> None:
    """Said as it is: the text does not leave the goal out."""
    chain = read_answer(TEXT.replace("goals on a b no", "goals on a b yes", 1), TASK).chain
    assert chain is not None
    verdict = check_chain(TASK, chain)
    assert binary_feedback(verdict).text == "The chain is invalid: what it says of its first state is wrong."
    assert "First state: wrong claim about preconditions, goals or reasons.\n  said to hold, and does not: (on a b)" in detailed_feedback(verdict, TASK).text
    assert str(verdict.first) == "first state: claim: expected no (on a b), found (on a b)"
