"""A small task, answers to it, and records made of them."""

from dataclasses import replace
from typing import Any

from planlearn.evaluate import Sample, SampleRecord, score
from planlearn.problems import domain_text
from val_bridge import read_task

TASK = read_task(
    domain_text("blocksworld"),
    "(define (problem p) (:domain blocksworld-4ops) (:objects a b)"
    " (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))",
)

PICK_UP = "pick-up a takes clear a, handempty, ontable a gives holding a\n"
PICK_UP_B = "pick-up b takes clear b, handempty, ontable b gives holding b\n"
STACK = "stack a b takes clear b, holding a gives clear a, handempty, on a b\n"
PLAN = "Plan:\npick-up a\nstack a b\n"

VALID = PICK_UP + STACK + PLAN
GOAL_MISSED = PICK_UP + "Plan:\npick-up a\n"
INAPPLICABLE = "stack a b takes clear b, holding a gives clear a, handempty, on a b\nPlan:\nstack a b\n"
UNREADABLE = PICK_UP + STACK + "Plan:\npick-up a, then stack it\n"
NO_CHAIN = PLAN
# The plan is valid, the states that the chain claims are not.
WRONG_EFFECT = PICK_UP.replace("clear a, ", "") + STACK + PLAN
FRAME = PICK_UP.replace("holding a", "holding a, on b a") + STACK + PLAN


def sample(id: str = "p1", answer: str = VALID, **changes: Any) -> Sample:
    made = Sample(
        domain="blocksworld",
        arm="greedy",
        id=id,
        size="2 blocks",
        prompt="Goal: on a b\n",
        answer=answer,
        stop="end",
        prompt_tokens=20,
        tokens=30,
        seconds=0.5,
        reference_length=2,
    )
    return replace(made, **changes)


def record(text: str, id: str = "p1", **changes: Any) -> SampleRecord:
    return score(TASK, sample(id, text, **changes))
