"""Random plans in random domains: val_bridge agrees with witnesses that share no code with it."""

from __future__ import annotations

import json
import random
from collections import Counter
from importlib.util import find_spec

import pytest

from tests.val_bridge.naive import Naive
from tests.val_bridge.random_worlds import PLAIN, STRATA, Features, RandomWorld, random_world
from val_bridge import (
    Call,
    NumericError,
    Outcome,
    Plan,
    Verdict,
    applicable,
    check_plan,
    read_task,
)
from val_bridge.dialect.advice import advice_tree


def random_plans(world: RandomWorld, naive: Naive, rng: random.Random, count: int):
    """Walks of applicable calls, most with one arbitrary call in them."""
    for _ in range(count):
        state, values, plan = set(naive.state), dict(naive.values), []
        for _ in range(rng.randrange(6)):
            for call in rng.sample(world.calls, min(4, len(world.calls))):
                wrong, after, changed = naive.apply(call[0], call[1:], state, values)
                if wrong is None:
                    state, values = after, changed
                    plan.append(call)
                    break
        if rng.random() < 0.5:
            plan.insert(rng.randrange(len(plan) + 1), rng.choice(world.calls))
        yield plan


def as_plan(calls) -> Plan:
    return Plan(calls=tuple(Call(name=call[0], arguments=tuple(call[1:])) for call in calls))


def found(verdict: Verdict) -> tuple[str, int | None]:
    return (verdict.first.kind.value, verdict.first.step) if verdict.first else ("valid", None)


def advised(tree: dict) -> set[str]:
    """The literals of a tree of VAL's advice."""
    if "make_false" in tree:
        return {f"(not {tree['make_false']})"}
    leaf = tree.get("make_true") or tree.get("satisfy")
    return {leaf} if leaf else set().union(*map(advised, tree.get("all") or tree.get("any") or []))


def failing(verdict: Verdict) -> set[str]:
    """The failing literals. VAL has none for a formula without objects to try, which we name as a whole."""
    return {str(v.literal) for v in verdict.first.violations if len(v.atom) > 1 or " " not in v.atom[0] and v.atom[0] != "or"}


def test_a_naive_interpreter_agrees():
    """On outcome, kind of fault, failing step and metric; and the explanations agree with the outcome."""
    rng = random.Random(7)
    seen: Counter[str] = Counter()
    for _ in range(150):
        features = Features(axioms=rng.random() < 0.5, numbers=rng.random() < 0.7)
        world = random_world(rng, features)
        naive = Naive(world.domain, world.problem, STRATA if features.axioms else [])
        task = read_task(world.domain, world.problem)
        for calls in random_plans(world, naive, rng, 14):
            verdict = check_plan(task, as_plan(calls))
            kind, step, metric = naive.judge(calls)
            context = f"{world.domain}\n{world.problem}\n{calls}\n{verdict}"
            assert found(verdict) == (kind, step), context
            if metric is not None:
                assert verdict.metric == metric, context
            seen[kind] += 1
            # Steps check themselves when they are made.
            assert len(tuple(verdict.steps)) == (len(calls) if step is None else step - 1)
            json.dumps(verdict.to_dict())
            if verdict.first and kind in ("precondition", "goal"):
                assert verdict.first.failing_literals and verdict.first.tree["holds"] is False, context
                assert failing(verdict) == advised(advice_tree(task, verdict)), context
    assert min(seen[kind] for kind in ("valid", "precondition", "goal")) > 200, seen
    assert min(seen[kind] for kind in ("numeric_undefined", "numeric_conflict")) > 20, seen


def test_applicable_actions_are_those_that_a_naive_interpreter_applies():
    rng = random.Random(8)
    applied = 0
    for _ in range(60):
        world = random_world(rng, Features())
        naive = Naive(world.domain, world.problem, STRATA)
        task = read_task(world.domain, world.problem)
        state, values = frozenset(naive.state), task.values
        closed = naive.closed(state, naive.values)
        holding = set()
        for call in world.calls:
            parameters, precondition, _ = naive.actions[call[0]]
            binding = dict(zip([name for name, _ in parameters], call[1:], strict=True))
            if naive.true(precondition, binding, closed, naive.values):
                holding.add(call)
            assert applicable(state, task.action(call[0], call[1:]), values) is (call in holding)
        assert {(a.name, *a.arguments) for a in task.applicable_actions(state, values)} == holding
        applied += len(holding)
    assert applied > 100


def test_unified_planning_agrees_on_all_that_it_reads(need):
    if find_spec("unified_planning") is None:
        need("unified-planning", "not installed")
    from unified_planning.engines.plan_validator import SequentialPlanValidator
    from unified_planning.engines.results import ValidationResultStatus
    from unified_planning.environment import get_environment
    from unified_planning.exceptions import UPUnsupportedProblemTypeError
    from unified_planning.io import PDDLReader
    from unified_planning.plans import ActionInstance, SequentialPlan

    get_environment().credits_stream = None
    rng = random.Random(10)
    seen: Counter[bool] = Counter()
    compared = 0
    while compared < 8:
        world = random_world(rng, PLAIN)
        task = read_task(world.domain, world.problem)
        naive = Naive(world.domain, world.problem, [])
        try:
            problem = PDDLReader().parse_problem_string(world.domain, world.problem)
        except UPUnsupportedProblemTypeError:
            # Universal effects inside others.
            continue
        compared += 1
        manager = problem.environment.expression_manager
        for calls in random_plans(world, naive, rng, 6):
            theirs = SequentialPlan(
                [
                    ActionInstance(
                        problem.action(name), tuple(manager.ObjectExp(problem.object(n)) for n in arguments)
                    )
                    for name, *arguments in calls
                ]
            )
            with SequentialPlanValidator() as validator:
                answer = validator.validate(problem, theirs)
            verdict = check_plan(task, as_plan(calls))
            valid = answer.status is ValidationResultStatus.VALID
            context = f"{world.domain}\n{world.problem}\n{calls}\n{verdict}"
            assert (verdict.outcome is Outcome.VALID) == valid, context
            step = verdict.first.step if verdict.first else None
            assert answer.inapplicable_action == (theirs.actions[step - 1] if step else None), context
            seen[valid] += 1
    assert min(seen[True], seen[False]) >= 5, seen


def test_the_firings_of_an_action_are_its_changes():
    """What happens in all, and what happens for each conditional effect and binding, from the same texts."""
    fired = 0
    for seed in range(40):
        rng = random.Random(f"firings {seed}")
        world = random_world(rng, Features())
        task = read_task(world.domain, world.problem)
        at_first = task.world(task.initial, task.values)
        for name, *arguments in world.calls:
            general = task.action(name, tuple(arguments)).general
            if general is None:
                continue
            try:
                changes = general.changes(at_first)
            except NumericError:
                with pytest.raises(NumericError):
                    list(general.firings(at_first))
                continue
            firings = list(general.firings(at_first))
            for kind in ("add", "delete", "updates"):
                assert [item for firing in firings for item in getattr(firing.changes, kind)] == getattr(changes, kind)
            for firing in firings:
                assert len(firing.objects) == len(firing.effect.parameters)
            fired += len(firings)
    assert fired > 400
