"""unified-planning, an independent validator, agrees on verdicts and on the failing step."""

from __future__ import annotations

import random
from importlib.util import find_spec

import pytest

from val_bridge import Outcome, Plan, Task, check_plan, read_plan, read_task

PLANS = {
    "blocks": "(unstack b a) (stack b c) (pick-up a) (stack a b)",
    "delivery": "(load p t l1) (go t l1 l2) (go t l2 hub) (drop p t hub)",
}


def variants(task: Task, plan: Plan, rng: random.Random, count: int):
    """The plan, and plans in which a call was replaced, left out or moved."""
    yield plan
    others = [read_plan(str(action)).calls[0] for action in task.actions]
    for _ in range(count):
        calls = list(plan.calls)
        taken = calls.pop(rng.randrange(len(calls)))
        replacement = rng.choice([[rng.choice(others)], [], [taken]])
        place = rng.randrange(len(calls) + 1)
        calls[place:place] = replacement
        yield Plan(calls=tuple(calls))


@pytest.mark.parametrize("name", PLANS)
def test_unified_planning_agrees(name, blocks, delivery, need):
    if find_spec("unified_planning") is None:
        need("unified-planning", "not installed")
    from unified_planning.engines.plan_validator import SequentialPlanValidator
    from unified_planning.engines.results import ValidationResultStatus
    from unified_planning.environment import get_environment
    from unified_planning.io import PDDLReader
    from unified_planning.plans import ActionInstance, SequentialPlan

    get_environment().credits_stream = None
    world = {"blocks": blocks, "delivery": delivery}[name]
    # Its reader does not know `either`; without it, (sealed ?a) would be about a place no more.
    domain = world.domain.replace("(either parcel place)", "parcel").replace("(not (sealed ?a))", "")
    task = read_task(domain, world.problem)
    problem = PDDLReader().parse_problem_string(domain, world.problem)
    manager = problem.environment.expression_manager
    outcomes = []
    for plan in variants(task, read_plan(PLANS[name]), random.Random(5), 10):
        verdict = check_plan(task, plan)
        theirs = SequentialPlan(
            [
                ActionInstance(
                    problem.action(call.name),
                    tuple(manager.ObjectExp(problem.object(n)) for n in call.arguments),
                )
                for call in plan.calls
            ]
        )
        with SequentialPlanValidator() as validator:
            answer = validator.validate(problem, theirs)
        valid = answer.status is ValidationResultStatus.VALID
        assert (verdict.outcome is Outcome.VALID) == valid, str(plan)
        step = verdict.first.step if verdict.first else None
        assert answer.inapplicable_action == (theirs.actions[step - 1] if step else None)
        outcomes.append(valid)
    assert {True, False} == set(outcomes)
