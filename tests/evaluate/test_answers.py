"""Generation stops only where no continuation can make the plan valid."""

import pytest

from planlearn.evaluate import lost_cause
from planlearn.problems import domain_text
from val_bridge import read_task

PROBLEM = """(define (problem p) (:domain blocksworld-4ops) (:objects a b)
  (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))"""


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("stack a b takes nonsense\n", False),  # a wrong chain may still be followed by a valid plan
        ("pick-up a takes clear a\nPlan:\n", False),
        ("Plan:\npick-up a\n", False),
        ("Plan:\npick-up a\nstack b", False),  # the last line is not finished
        ("Plan:\npick-up a\nstack a b\n", False),
        ("Plan:\npick-up a\nstack a b\npick-up b\n", True),  # judged whole, so a step behind the goal counts
        ("Plan:\nstack a b\n", True),
        ("Plan:\npick-up z\n", True),
        ("Plan:\n1. pick up a.\n", True),
    ],
)
def test_an_answer_is_lost_at_a_call_that_cannot_be_read_or_applied(text, lost):
    hopeless = lost_cause(read_task(domain_text("blocksworld"), PROBLEM))
    assert bool(hopeless(text)) is lost
