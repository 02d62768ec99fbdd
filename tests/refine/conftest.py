"""A model that is played: it writes the right chain, a spoiled one, or nonsense, by the problem."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from planlearn.chains import ChainStyle, answer_segments
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.corpus.build import held_out
from planlearn.evaluate import Asked, Prompt, asked_from_rows
from planlearn.planners import reference_plan
from planlearn.problems import domain_text
from planlearn.recipes import RefineRecipe
from planlearn.refine import Problem, Refinement, ReplayLearner
from val_bridge import execute, read_task

STYLE = ChainStyle(states="full", purposes=True, domain_in_prompt=False)
BLOCKS = """(define (problem p) (:domain blocksworld-4ops) (:objects a b c)
  (:init (handempty) (on c a) (ontable a) (ontable b) (clear b) (clear c)) (:goal (and (on a b))))"""


@pytest.fixture
def problem() -> Problem:
    task = read_task(domain_text("blocksworld"), BLOCKS)
    return Problem(id="p", domain="blocksworld", size="3", problem_class="k", problem_pddl=BLOCKS, task=task)


def right(problem: Problem) -> str:
    """The whole answer that the reference planner's plan makes."""
    plan = reference_plan(problem.domain, problem.task, to_teach=True)
    assert plan is not None
    chain = execute(problem.task, [problem.task.bind(call) for call in plan.calls])
    return "".join(segment.text for segment in answer_segments(problem.task, chain, STYLE)[1:])


def task_of(prompt: str) -> str:
    """PDDL of the problem in a prompt of blocksworld."""
    lines = dict(line.split(": ", 1) for line in prompt.split("\n") if line.startswith(("Init: ", "Goal: ")))
    facts = {key: "".join(f"({fact})" for fact in text.split(", ")) for key, text in lines.items()}
    names = sorted({word for fact in lines["Init"].split(", ") for word in fact.split()[1:]})
    return (
        f"(define (problem p) (:domain blocksworld-4ops) (:objects {' '.join(names)}) (:init {facts['Init']})"
        f" (:goal (and {facts['Goal']})))"
    )


def played(prompt: Prompt, fits: int) -> str:
    """Right for half of the prompts, and for more of them behind each fit; else wrong in one of three ways."""
    pddl = task_of(prompt.text)
    task = read_task(domain_text("blocksworld"), pddl)
    text = right(Problem(id="p", domain="blocksworld", size="", problem_class="", problem_pddl=pddl, task=task))
    number = int(hashlib.sha256(prompt.text.encode()).hexdigest(), 16) % 8
    if number < 4 + fits:
        return text
    if number == 4:
        return "no chain here"
    if number == 6:
        return text.rsplit("\n", 1)[0]  # the plan lacks its last step
    chain, plan = text.split(f"{PLAN_HEADER}\n")
    return chain.replace(" gives clear", " gives holding", 1) + f"{PLAN_HEADER}\n{plan}"


RECIPE = RefineRecipe(rounds=3, problems=6, sizes={"4": 1.0}, validation=3, chain_rate=2e-3, plan_rate=1e-3)


@pytest.fixture(scope="session")
def validation() -> list[Asked]:
    rows, _ = held_out("blocksworld", 0, "validation", 4, {"5": 1.0}, STYLE, lambda *_: None)
    return asked_from_rows([row.to_row() for row in rows])


@pytest.fixture
def refinement(validation: list[Asked]) -> Callable[..., Refinement]:
    def make(folder: Path, learner: ReplayLearner | None = None, recipe: RefineRecipe = RECIPE) -> Refinement:
        return Refinement(
            learner or ReplayLearner(played), recipe, folder, domain="blocksworld", seed=0, style=STYLE, validation=validation,
            max_tokens=500,
        )

    return make


