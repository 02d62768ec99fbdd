"""Plans are judged: each kind of fault once, with its smallest example, and the laws of verdicts."""

from __future__ import annotations

import json
import random
import re

import pytest

from val_bridge import (
    Call,
    Fault,
    FaultKind,
    Outcome,
    Plan,
    Step,
    Task,
    Verdict,
    Violation,
    check_plan,
    check_plan_text,
    execute,
    progress,
    read_plan,
    read_task,
    write_plan,
)

SOLUTION = "(unstack b a) (stack b c) (pick-up a) (stack a b)"

FAULTS = {
    FaultKind.PLAN_SYNTAX: (
        "blocks",
        "Pick up a.",
        "<plan>:1:1: plan_syntax: expected '(action object ...)', found 'Pick'",
    ),
    FaultKind.UNKNOWN_ACTION: (
        "blocks",
        "(pickup c)",
        "step 1: (pickup c): unknown_action: expected one of pick-up put-down stack unstack, found pickup;"
        " did you mean 'pick-up'?",
    ),
    FaultKind.WRONG_ARITY: (
        "blocks",
        "(pick-up c a)",
        "step 1: (pick-up c a): wrong_arity: expected 1 argument (?ob), found 2 (c a)",
    ),
    FaultKind.UNKNOWN_OBJECT: (
        "blocks",
        "(pick-up d)",
        "step 1: (pick-up d): unknown_object: expected an object as ?ob, found d",
    ),
    FaultKind.WRONG_TYPE: (
        "delivery",
        "(go d l1 l2)",
        "step 1: (go d l1 l2): wrong_type: expected a truck as ?v, found d, a drone",
    ),
    FaultKind.PRECONDITION: (
        "blocks",
        "(pick-up c) (stack c a)",
        "step 2: (stack c a): precondition: expected (clear a), found (holding c) (on b a) (ontable a)",
    ),
    FaultKind.NUMERIC_UNDEFINED: (
        "fuel",
        "(drive b)",
        "step 1: (drive b): numeric_undefined: expected a value of (fuel b), found none in (>= (fuel b) 1)",
    ),
    FaultKind.NUMERIC_CONFLICT: (
        "fuel",
        "(drive a)",
        "step 1: (drive a): numeric_conflict: expected effects on (fuel a) that agree, found"
        " (assign (fuel a) 0) and (decrease (fuel a) 1)",
    ),
    FaultKind.GOAL: (
        "blocks",
        "(unstack b a) (stack b c)",
        "goal: expected (on a b), found (clear a) (clear b) (handempty) (on b c) (ontable a)",
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_of_a_plan_has_its_smallest_example(kind, blocks, delivery, fuel):
    world, text, message = FAULTS[kind]
    verdict = check_plan_text({"blocks": blocks, "delivery": delivery, "fuel": fuel}[world].task, text)
    assert verdict.outcome is (Outcome.UNREADABLE if kind is FaultKind.PLAN_SYNTAX else Outcome.INVALID)
    assert [fault.kind for fault in verdict.faults] == [kind]
    assert str(verdict.first) == message
    assert str(verdict) == f"{verdict.outcome.value}: {message}"


def test_the_examples_and_those_of_chains_cover_the_catalogue():
    """The other kinds are shown in test_check_chain.py, which makes the same check from its side."""
    chain_only = {"initial_state", "state_fact", "transition", "claim", "plan_mismatch"}
    assert {kind.value for kind in FAULTS} == {kind.value for kind in FaultKind} - chain_only


def test_a_valid_plan_is_valid(blocks):
    task = blocks.task
    verdict = check_plan(task, read_plan(SOLUTION))
    assert (verdict.outcome, verdict.faults, verdict.first, verdict.plan_length) == (
        Outcome.VALID,
        (),
        None,
        4,
    )
    assert (verdict.satisfied_goals, verdict.unmet_goals) == (task.goal, frozenset())
    assert str(verdict) == "valid: the goal holds after 4 steps"


def test_an_empty_plan_is_judged_by_the_goal(blocks):
    assert check_plan(blocks.task, Plan()).first.kind is FaultKind.GOAL
    done = read_task(blocks.domain, blocks.problem.replace("(on b c)", "(on b a)").replace("(on a b)", ""))
    assert check_plan(done, Plan()).outcome is Outcome.VALID


def test_prose_is_not_an_empty_plan(blocks):
    done = read_task(blocks.domain, blocks.problem.replace("(and (on a b) (on b c))", "(on b a)"))
    assert check_plan_text(done, "There is nothing to do.").outcome is Outcome.UNREADABLE


def test_text_after_a_valid_plan_makes_it_unreadable(blocks):
    assert check_plan_text(blocks.task, SOLUTION + "\nDone!").outcome is Outcome.UNREADABLE
    assert check_plan_text(blocks.task, SOLUTION + "\n; Done!").outcome is Outcome.VALID


def test_a_fault_has_all_its_violations_its_place_and_its_step(blocks):
    fault = check_plan_text(blocks.task, "(pick-up c)\n(pick-up b)").first
    assert fault.step == 2
    assert (fault.span.line, fault.span.column) == (2, 1)
    assert fault.violations == (
        Violation(kind="unsatisfied", atom=("handempty",)),
        Violation(kind="unsatisfied", atom=("ontable", "b")),
    )


def test_an_atom_that_must_be_false_is_reported_as_such(delivery):
    fault = check_plan_text(delivery.task, "(seal l1) (fly d l1)").first
    assert fault.violations == (Violation(kind="unsatisfied", atom=("sealed", "l1"), wanted=False),)
    assert fault.expected == str(fault.violations[0].literal) == "(not (sealed l1))"


def test_a_goal_that_must_be_false_is_reported_as_such(delivery):
    problem = delivery.problem.replace("(broken t)", "(broken d)").replace("(at p hub)", "(at d hub)")
    verdict = check_plan_text(read_task(delivery.domain, problem), "(fly d l1)")
    assert [str(violation) for violation in verdict.first.violations] == ["unsatisfied_goal (not (broken d))"]
    assert verdict.unmet_goals == {("broken", "d")}
    assert verdict.satisfied_goals == {("at", "d", "hub")}


def test_an_equation_that_fails_is_reported(delivery):
    fault = check_plan_text(delivery.task, "(go t l1 l1)").first
    assert (fault.kind, fault.expected) == (FaultKind.PRECONDITION, "(not (= l1 l1))")


def test_the_steps_are_those_that_were_executed(blocks):
    task = blocks.task
    plan = read_plan("(unstack b a) (stack b c) (pick-up b) (pick-up a)")
    verdict = check_plan(task, plan)
    chain = execute(task, plan.calls[:2])
    assert len(verdict.steps) == 2
    assert verdict.steps == chain.steps
    assert tuple(verdict.steps) == chain.steps
    assert (verdict.steps[0], verdict.steps[-1:]) == (chain.steps[0], chain.steps[-1:])
    assert all(isinstance(step, Step) for step in verdict.steps)
    assert hash(verdict) == hash(check_plan(task, plan))
    assert verdict == check_plan(task, plan)
    assert repr(verdict.steps) == repr(chain.steps)


def test_goals_are_counted_in_the_state_that_was_reached(blocks):
    verdict = check_plan_text(blocks.task, "(unstack b a) (stack b c) (pick-up b)")
    assert verdict.satisfied_goals == {("on", "b", "c")}
    assert verdict.unmet_goals == {("on", "a", "b")}


def test_a_verdict_is_never_a_bool(blocks):
    with pytest.raises(TypeError, match="three outcomes"):
        bool(check_plan(blocks.task, Plan()))


def test_a_violation_has_one_of_the_known_kinds():
    with pytest.raises(ValueError, match="unknown kind of violation"):
        Violation(kind="odd", atom=("p",))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_verdict_becomes_json(kind, blocks, delivery, fuel):
    world, text, message = FAULTS[kind]
    verdict = check_plan_text({"blocks": blocks, "delivery": delivery, "fuel": fuel}[world].task, text)
    data = json.loads(json.dumps(verdict.to_dict()))
    assert data["valid"] is False
    assert data["faults"][0]["message"] == message
    assert data["faults"][0]["kind"] == kind
    assert data["failing_step"] == verdict.first.step
    assert data["executed"] == len(verdict.steps)


def test_a_valid_verdict_becomes_json(blocks):
    data = json.loads(json.dumps(check_plan_text(blocks.task, SOLUTION).to_dict()))
    assert (data["outcome"], data["valid"], data["failing_step"], data["faults"]) == ("valid", True, None, [])
    assert data["satisfied_goals"] == [["on", "a", "b"], ["on", "b", "c"]]


def random_plan(task: Task, rng: random.Random, length: int) -> Plan:
    """Mostly applicable calls; some inapplicable ones, some with wrong names or too many arguments."""
    state = task.initial
    calls: list[Call] = []
    for _ in range(length):
        choices = task.applicable_actions(state)
        if choices and rng.random() < 0.85:
            action = rng.choice(choices)
            state = progress(state, action)
            calls.append(Call(name=action.name, arguments=action.arguments))
        else:
            name = rng.choice([*sorted(task.domain.actions), "vanish"])
            names = [*sorted(task.objects), "nobody"]
            calls.append(Call(name=name, arguments=tuple(rng.choices(names, k=rng.randrange(4)))))
    return Plan(calls=tuple(calls))


def test_a_suffix_never_moves_the_first_fault(worlds):
    rng = random.Random(1)
    stopped = 0
    for world in worlds:
        task = world.task
        for _ in range(150):
            plan, suffix = random_plan(task, rng, 6), random_plan(task, rng, 3)
            first = check_plan(task, plan).first
            if first is not None and first.step is not None:
                stopped += 1
                assert check_plan(task, Plan(calls=plan.calls + suffix.calls)).first == first
    assert stopped > 100


def renamed(text: str, names: dict[str, str]) -> str:
    return re.sub(r"[a-z][a-z0-9_-]*", lambda match: names.get(match[0], match[0]), text)


def test_a_verdict_survives_renaming(worlds):
    """Objects, predicates, actions and types change their names; outcome, step and kind do not change."""
    rng = random.Random(2)
    outcomes = set()
    for world in worlds:
        task = world.task
        words = {*task.domain.types, *task.domain.predicates, *task.domain.actions, *task.objects} - {
            "object"
        }
        fresh = [f"w{index}" for index in range(len(words))]
        rng.shuffle(fresh)
        names = dict(zip(sorted(words), fresh, strict=True))
        other = read_task(renamed(world.domain, names), renamed(world.problem, names))
        for _ in range(150):
            plan = random_plan(task, rng, 5)
            verdict = check_plan(task, plan)
            again = check_plan_text(other, renamed(write_plan(plan), names))
            outcomes.add(verdict.outcome)
            assert (verdict.outcome, len(verdict.faults)) == (again.outcome, len(again.faults))
            assert _bare(verdict.first) == _bare(again.first)
            assert len(verdict.satisfied_goals) == len(again.satisfied_goals)
    assert Outcome.INVALID in outcomes


def _bare(fault: Fault | None):
    return fault and (fault.kind, fault.step, fault.argument, len(fault.violations))


def reference(task: Task, plan: Plan) -> tuple[Outcome, int | None]:
    """Outcome and failing step by sets alone."""
    state = task.initial
    for number, call in enumerate(plan.calls, 1):
        try:
            action = task.bind(call)
        except LookupError:
            return Outcome.INVALID, number
        if not action.precondition <= state or action.negative & state:
            return Outcome.INVALID, number
        state = (state - action.delete) | action.add
    met = task.goal <= state and not task.goal_negative & state
    return (Outcome.VALID if met else Outcome.INVALID), None


def test_masks_and_sets_agree(worlds):
    rng = random.Random(3)
    seen = set()
    for world in worlds:
        task = read_task(world.domain, re.sub(r"\(:goal.*", "(:goal ()))", world.problem))
        for problem in (task, world.task):
            for _ in range(150):
                plan = random_plan(problem, rng, rng.randrange(8))
                verdict = check_plan(problem, plan)
                step = verdict.first.step if verdict.first else None
                assert (verdict.outcome, step) == reference(problem, plan)
                seen.add((verdict.outcome, step is None))
    assert seen == {(Outcome.VALID, True), (Outcome.INVALID, True), (Outcome.INVALID, False)}


def test_an_atom_that_is_deleted_and_added_stays_true(delivery):
    plan = "(circle t l1) (load p t l1) (go t l1 l2) (circle t l2) (go t l2 hub) (drop p t hub)"
    assert check_plan_text(delivery.task, plan).outcome is Outcome.VALID


def test_ten_thousand_steps_are_judged(blocks):
    task = blocks.task
    calls = read_plan("(unstack b a) (stack b a)").calls * 5_000
    verdict = check_plan(task, Plan(calls=calls + read_plan(SOLUTION).calls))
    assert (verdict.outcome, verdict.plan_length) == (Outcome.VALID, 10_004)


def test_a_verdict_needs_only_its_outcome():
    assert Verdict(outcome=Outcome.VALID).first is None
