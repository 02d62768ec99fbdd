"""Claimed chains are judged: each kind of fault and of violation once, and what a planted error must give."""

from __future__ import annotations

import dataclasses
import random
import re

import pytest

from val_bridge import (
    Call,
    Claim,
    FaultKind,
    Literal,
    Lookup,
    Outcome,
    ParsedChain,
    Plan,
    Task,
    check_chain,
    execute,
    read_atom,
    read_plan,
    read_task,
)
from val_bridge.check.faults import VIOLATION_KINDS

SOLUTION = "(unstack b a) (stack b c) (pick-up a) (stack a b)"
DELIVERY = "(load p t l1) (go t l1 l2) (go t l2 hub) (drop p t hub)"


def atoms(*texts: str) -> frozenset:
    return frozenset(map(read_atom, texts))


def true_claims(
    task: Task, text: str, *, states: bool = True, changes: bool = False, static: bool = True
) -> ParsedChain:
    """The chain of a plan as a careful writer claims it."""

    def shown(state: frozenset) -> frozenset:
        return state if static else frozenset(atom for atom in state if atom[0] not in task.static)

    plan = read_plan(text)
    claims = tuple(
        Claim(
            call=call,
            precondition=shown(step.action.precondition),
            add=step.action.add if changes else None,
            delete=step.action.delete if changes else None,
            after=shown(step.after) if states else None,
            goals=tuple(Lookup(literal=goal, holds=goal.holds_in(step.after)) for goal in task.goal_literals),
        )
        for call, step in zip(plan.calls, execute(task, plan.calls).steps, strict=True)
    )
    return ParsedChain(initial=shown(task.initial), claims=claims, plan=plan)


def said(lookups: str) -> tuple[Lookup, ...]:
    """What "(on a b) yes, (not (clear a)) no" says."""
    return tuple(
        Lookup(
            literal=Literal(
                atom=read_atom(text.removeprefix("(not ").replace("))", ")")), positive=not text.startswith("(not ")
            ),
            holds=answer == "yes",
        )
        for text, answer in (part.rsplit(" ", 1) for part in lookups.split(", "))
    )


def with_claim(parsed: ParsedChain, number: int, **changes) -> ParsedChain:
    """The chain with step `number`, from 1, claimed otherwise."""
    claims = list(parsed.claims)
    claims[number - 1] = dataclasses.replace(claims[number - 1], **changes)
    return dataclasses.replace(parsed, claims=tuple(claims))


@pytest.fixture
def task(blocks) -> Task:
    return blocks.task


@pytest.fixture
def chain(task) -> ParsedChain:
    return true_claims(task, SOLUTION)


@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize("changes", [True, False])
def test_a_true_chain_is_valid_however_much_it_says(blocks, delivery, states, changes):
    for world, text in ((blocks, SOLUTION), (delivery, DELIVERY)):
        task = world.task
        verdict = check_chain(task, true_claims(task, text, states=states, changes=changes))
        assert (verdict.outcome, verdict.faults) == (Outcome.VALID, ())
        assert (verdict.plan_length, len(verdict.steps)) == (4, 4)
        assert verdict.satisfied_goals == task.goal | task.goal_negative


def test_a_bare_plan_is_a_chain_that_claims_nothing(task):
    bare = ParsedChain(claims=tuple(Claim(call=call) for call in read_plan(SOLUTION).calls))
    assert check_chain(task, bare).outcome is Outcome.VALID


def test_static_facts_may_be_left_out_only_where_that_is_agreed(delivery):
    task = delivery.task
    short = true_claims(task, DELIVERY, static=False)
    assert check_chain(task, short, complete=False).outcome is Outcome.VALID
    full = true_claims(task, DELIVERY)
    assert check_chain(task, full, complete=False).outcome is Outcome.VALID
    verdict = check_chain(task, short)
    assert verdict.first.kind is FaultKind.INITIAL_STATE
    assert {violation.atom[0] for violation in verdict.first.violations} == {"road"}


def test_an_invented_static_fact_is_found_even_so(delivery):
    task = delivery.task
    short = true_claims(task, DELIVERY, static=False)
    lying = dataclasses.replace(short, initial=short.initial | atoms("(road l1 hub)"))
    first = check_chain(task, lying, complete=False).first
    assert (first.kind, [str(v) for v in first.violations]) == (
        FaultKind.INITIAL_STATE,
        ["extra (road l1 hub)"],
    )


def test_the_precondition_may_leave_out_static_atoms(delivery):
    task = delivery.task
    chain = with_claim(true_claims(task, DELIVERY), 2, precondition=atoms("(at t l1)"))
    assert check_chain(task, chain).outcome is Outcome.VALID


def planted(task: Task, chain: ParsedChain) -> dict[str, ParsedChain]:
    """One wrong chain for each fault kind that a chain can have, and for each kind of violation."""
    second = chain.claims[1]
    return {
        "initial_state: missing (clear b)": dataclasses.replace(
            chain, initial=chain.initial - atoms("(clear b)")
        ),
        "initial_state: extra (clear a)": dataclasses.replace(
            chain, initial=chain.initial | atoms("(clear a)")
        ),
        "state_fact: unknown_predicate (above b c)": with_claim(
            chain, 2, after=second.after | atoms("(above b c)")
        ),
        "state_fact: unknown_object (clear z)": with_claim(chain, 2, after=second.after | atoms("(clear z)")),
        "state_fact: wrong_arity (clear a b)": with_claim(
            chain, 2, after=second.after | atoms("(clear a b)")
        ),
        "transition: missing_add (on b c)": with_claim(chain, 2, after=second.after - atoms("(on b c)")),
        "transition: missing_delete (holding b)": with_claim(
            chain, 2, after=second.after | atoms("(holding b)")
        ),
        "transition: frame_lost (ontable c)": with_claim(chain, 2, after=second.after - atoms("(ontable c)")),
        "transition: frame_gained (ontable b)": with_claim(
            chain, 2, after=second.after | atoms("(ontable b)")
        ),
        "claim: missing (holding b)": with_claim(chain, 2, precondition=atoms("(clear c)")),
        "claim: extra (ontable c)": with_claim(
            chain, 2, precondition=second.precondition | atoms("(ontable c)")
        ),
        "claim: said_true (on b a)": with_claim(chain, 2, lookups=said("(on b a) yes")),
        "claim: said_false (clear c)": with_claim(chain, 2, lookups=said("(clear c) no")),
        "precondition: unsatisfied (clear a)": with_claim(
            chain, 2, call=Call(name="stack", arguments=("b", "a")), precondition=None, after=second.after
        ),
        "unknown_action: ": with_claim(chain, 2, call=Call(name="drop")),
        "unknown_object: ": with_claim(chain, 2, call=Call(name="stack", arguments=("b", "z"))),
        "wrong_arity: ": with_claim(chain, 2, call=Call(name="stack", arguments=("b",))),
        "goal: unsatisfied_goal (on a b)": dataclasses.replace(chain, claims=chain.claims[:3], plan=None),
        "plan_mismatch: ": dataclasses.replace(chain, plan=Plan(calls=chain.plan.calls[:3])),
        "plan_syntax: ": ParsedChain(unread=("I do not know.",)),
    }


def test_each_fault_of_a_chain_is_found_first_with_its_violation(task):
    chain = true_claims(task, SOLUTION)
    # (clear a) must be false before step 2 for its example: put the block that holds it down elsewhere.
    examples = planted(task, chain)
    examples["precondition: unsatisfied (clear a)"] = with_claim(
        true_claims(task, SOLUTION), 1, call=Call(name="pick-up", arguments=("a",)), precondition=None
    )
    for name, wrong in examples.items():
        first = check_chain(task, wrong).first
        assert f"{first.kind}: {', '.join(map(str, first.violations))}" == name


def test_the_type_of_a_claimed_fact_is_judged(delivery):
    task = delivery.task
    chain = true_claims(task, DELIVERY)
    wrong = with_claim(chain, 1, after=chain.claims[0].after | atoms("(at l1 p)"))
    fault = check_chain(task, wrong).first
    assert [str(violation) for violation in fault.violations] == ["wrong_type (at l1 p)"]
    assert str(fault) == (
        "step 1: (load p t l1): state_fact: expected a movable as ?m in (at l1 p), found l1, a place"
    )


def test_the_examples_cover_the_catalogue(task):
    """Every fault kind and every kind of violation, but for what Blocksworld cannot have: types and numbers."""
    names = planted(task, true_claims(task, SOLUTION))
    kinds = {name.partition(":")[0] for name in names}
    foreign = {"wrong_type", "numeric_undefined", "numeric_conflict"}
    assert kinds | foreign == {kind.value for kind in FaultKind}
    violations = {name.partition(": ")[2].partition(" ")[0] for name in names} - {""}
    assert violations | {"wrong_type"} == VIOLATION_KINDS


def test_every_single_wrong_atom_of_a_state_is_found_at_its_step(blocks, delivery):
    """One atom more or less in one claimed state: a transition fault there, and it names the atom."""
    rng = random.Random(0)
    for world, text in ((blocks, SOLUTION), (delivery, DELIVERY)):
        task = world.task
        chain = true_claims(task, text)
        everything = sorted(
            {atom for action in task.actions for atom in action.add | action.delete} | task.initial
        )
        for _ in range(60):
            number = rng.randrange(1, 5)
            atom = rng.choice(everything)
            wrong = with_claim(chain, number, after=chain.claims[number - 1].after ^ {atom})
            first = check_chain(task, wrong).first
            assert (first.kind, first.step) == (FaultKind.TRANSITION, number)
            assert [violation.atom for violation in first.violations] == [atom]


@pytest.mark.parametrize(
    ("part", "more", "less", "kinds"),
    [
        ("add", "(clear a)", None, ["frame_gained (clear a)"]),
        ("add", None, "(on b c)", ["missing_add (on b c)"]),
        ("delete", "(ontable c)", None, ["frame_lost (ontable c)"]),
        ("delete", None, "(holding b)", ["missing_delete (holding b)"]),
        ("delete", "(on a b)", None, ["frame_lost (on a b)"]),
    ],
)
def test_claimed_changes_are_judged_as_a_transition(task, part, more, less, kinds):
    """Also where the claimed change makes no difference: (clear a) holds, (on a b) does not."""
    chain = true_claims(task, SOLUTION, states=False, changes=True)
    written = getattr(chain.claims[1], part)
    changed = (written | (atoms(more) if more else frozenset())) - (atoms(less) if less else frozenset())
    first = check_chain(task, with_claim(chain, 2, **{part: changed})).first
    assert (first.kind, first.step, [str(v) for v in first.violations]) == (FaultKind.TRANSITION, 2, kinds)


def test_wrong_lists_and_a_wrong_state_are_one_fault(task):
    chain = true_claims(task, SOLUTION, changes=True)
    second = chain.claims[1]
    wrong = with_claim(
        chain, 2, add=second.add - atoms("(on b c)"), after=second.after - atoms("(ontable a)")
    )
    first = check_chain(task, wrong).first
    assert [str(violation) for violation in first.violations] == [
        "missing_add (on b c)",
        "frame_lost (ontable a)",
    ]
    assert first.expected == "add (clear b) (handempty) (on b c), delete (clear c) (holding b)"
    assert first.found == (
        "add (clear b) (handempty), delete (clear c) (holding b), and between the states"
        " add (clear b) (handempty) (on b c), delete (clear c) (holding b) (ontable a)"
    )


def test_an_effect_that_changes_nothing_need_not_be_claimed(delivery):
    task = delivery.task
    seal = "(seal l2) (seal l2) "
    chain = true_claims(task, seal + DELIVERY, states=False, changes=True)
    assert check_chain(task, with_claim(chain, 2, add=frozenset())).outcome is Outcome.VALID
    assert check_chain(task, with_claim(chain, 1, add=frozenset())).first.kind is FaultKind.TRANSITION


def test_an_atom_that_is_deleted_and_added_again_stays(delivery):
    """It may be claimed in both lists or in neither; in the deletes alone, it is missing afterwards."""
    task = delivery.task
    chain = true_claims(task, "(circle t l1) " + DELIVERY, states=False, changes=True)
    assert check_chain(task, chain).outcome is Outcome.VALID
    neither = with_claim(chain, 1, add=frozenset(), delete=frozenset())
    assert check_chain(task, neither).outcome is Outcome.VALID
    assert check_chain(task, with_claim(chain, 1, add=frozenset(), delete=None)).outcome is Outcome.VALID
    first = check_chain(task, with_claim(chain, 1, add=frozenset())).first
    assert [str(violation) for violation in first.violations] == ["missing_add (at t l1)"]


def test_an_equation_that_fails_is_no_atom_to_claim(delivery):
    task = delivery.task
    go = Call(name="go", arguments=("t", "l1", "l1"))
    claim = Claim(call=go, precondition=atoms("(at t l1)", "(road l1 l1)"))
    verdict = check_chain(task, ParsedChain(claims=(claim,)))
    assert [fault.kind for fault in verdict.faults] == [FaultKind.PRECONDITION, FaultKind.GOAL]


def test_a_malformed_atom_is_reported_once(task, chain):
    goals = (*chain.claims[1].goals, *said("(on a z) yes"))
    verdict = check_chain(task, with_claim(chain, 2, goals=goals))
    assert [fault.kind for fault in verdict.faults] == [FaultKind.STATE_FACT]


def test_a_step_is_judged_from_the_state_that_was_claimed(task, chain):
    """A wrong state in step 1 is one fault; step 2, right from there, is not another."""
    lost = atoms("(ontable c)")
    claims = tuple(dataclasses.replace(claim, after=claim.after - lost) for claim in chain.claims)
    verdict = check_chain(task, dataclasses.replace(chain, claims=claims))
    assert [(fault.kind, fault.step) for fault in verdict.faults] == [(FaultKind.TRANSITION, 1)]


def test_claimed_changes_lead_to_the_next_state(task):
    """Without states, the claimed changes alone say where step 2 starts, wrong as they may be."""
    chain = true_claims(task, SOLUTION, states=False, changes=True)
    wrong = with_claim(chain, 1, add=chain.claims[0].add - atoms("(holding b)"))
    verdict = check_chain(task, wrong)
    found = [(fault.kind.value, fault.step, str(fault.violations[0])) for fault in verdict.faults]
    assert found[:2] == [
        ("transition", 1, "missing_add (holding b)"),
        ("precondition", 2, "unsatisfied (holding b)"),
    ]


@pytest.mark.parametrize(
    "goals, wrong",
    [
        ("(on a b) no, (on b c) yes", []),
        ("(on b c) yes, (on a b) no", []),
        ("(on b c) no", ["missing (on a b)", "said_false (on b c)"]),
        ("(on a b) yes, (on b c) yes", ["said_true (on a b)"]),
        ("(on a b) no", ["missing (on b c)"]),  # not named
        ("(on a b) no, (on b c) yes, (clear b) yes", ["extra (clear b)"]),  # no goal, though it holds
        ("(not (on a b)) no, (on b c) yes", ["missing (on a b)", "extra (on a b)"]),  # of the other sign
        ("(on a b) no, (on a b) yes, (on b c) yes", ["said_true (on a b)"]),
    ],
)
def test_what_is_said_of_goals_is_judged(task, chain, goals, wrong):
    verdict = check_chain(task, with_claim(chain, 2, goals=said(goals)))
    assert [(fault.kind, fault.step) for fault in verdict.faults] == [(FaultKind.CLAIM, 2)] * bool(wrong)
    assert [str(v) for fault in verdict.faults for v in fault.violations] == wrong
    assert str(task.goal_literals[0]) == "(on a b)" and len(task.goal_literals) == 2


@pytest.mark.parametrize("step", [0, 1, 4])
def test_what_goals_take_beforehand_is_judged_where_it_stands(task, chain, step):
    """Against the state behind its step; behind the last one too."""
    prepared = said("(holding b) yes, (clear a) no")
    wrong = dataclasses.replace(chain, prepared=prepared) if step == 0 else with_claim(chain, step, prepared=prepared)
    state = chain.claims[step - 1].after if step else task.initial
    expected = [f"said_false {atom}" for atom in ("(clear a)",) if read_atom(atom) in state]
    expected += [f"said_true {atom}" for atom in ("(holding b)",) if read_atom(atom) not in state]
    assert len(chain.claims) == 4 and expected
    (fault,) = check_chain(task, wrong).faults
    assert (fault.kind, fault.step, [str(v) for v in fault.violations]) == (FaultKind.CLAIM, step, expected)


@pytest.mark.parametrize(
    "purpose, extra",
    [
        ("(on b c) (holding b)", []),
        ("(on b c)", ["(on b c)"]),  # step 1 does not make it true
        ("(on b a) (holding b)", ["(on b a)"]),  # it holds already
        ("(not (handempty)) (clear a)", []),
        ("(not (holding c)) (holding b)", ["(holding c)"]),  # it is false already
        ("(holding b) (not (on b a))", []),
        ("(holding b) (not (clear c))", ["(clear c)"]),
    ],
)
def test_what_a_step_is_for_is_still_open_and_brought_about_by_it(task, chain, purpose, extra):
    literals = tuple(
        Literal(atom=read_atom(text.removeprefix("(not ")), positive=not text.startswith("(not "))
        for text in re.findall(r"\((?:not \()?[^()]+\)", purpose)
    )
    verdict = check_chain(task, with_claim(chain, 1, purpose=literals))
    assert [(fault.kind, fault.step) for fault in verdict.faults] == [(FaultKind.CLAIM, 1)] * bool(extra)
    assert [str(v) for fault in verdict.faults for v in fault.violations] == [f"extra {atom}" for atom in extra]


@pytest.mark.parametrize(
    "lookups, wrong",
    [
        ("(on b a) yes, (holding b) no, (not (holding b)) yes, (not (on b a)) no", []),
        ("(on b a) no", ["said_false (on b a)"]),
        ("(holding b) yes", ["said_true (holding b)"]),
        ("(not (on b a)) yes", ["said_true (not (on b a))"]),
        ("(not (holding b)) no", ["said_false (not (holding b))"]),
        ("(on b a) no, (holding b) yes", ["said_false (on b a)", "said_true (holding b)"]),
    ],
)
def test_what_is_looked_up_before_a_step_is_so(task, chain, lookups, wrong):
    verdict = check_chain(task, with_claim(chain, 1, lookups=said(lookups)))
    assert [(fault.kind, fault.step) for fault in verdict.faults] == [(FaultKind.CLAIM, 1)] * bool(wrong)
    assert [str(v) for fault in verdict.faults for v in fault.violations] == wrong


def test_a_lookup_names_atoms_of_the_task(task, chain):
    verdict = check_chain(task, with_claim(chain, 1, lookups=said("(on a z) yes")))
    assert [fault.kind for fault in verdict.faults] == [FaultKind.STATE_FACT]


def test_a_purpose_names_atoms_of_the_task(task, chain):
    purpose = (Literal(atom=("on", "a", "z"), positive=True), Literal(atom=("holding", "b"), positive=True))
    verdict = check_chain(task, with_claim(chain, 1, purpose=purpose))
    assert [fault.kind for fault in verdict.faults] == [FaultKind.STATE_FACT]


def test_faults_come_in_the_order_of_their_steps(task, chain):
    wrong = with_claim(chain, 4, after=chain.claims[3].after - atoms("(on a b)"))
    wrong = with_claim(wrong, 2, precondition=frozenset(), after=wrong.claims[1].after | atoms("(holding z)"))
    wrong = dataclasses.replace(wrong, initial=frozenset(), plan=Plan())
    verdict = check_chain(task, wrong)
    kinds = [(fault.step, fault.kind.value) for fault in verdict.faults]
    assert kinds == [
        (0, "initial_state"),
        (1, "precondition"),
        (1, "transition"),
        (2, "state_fact"),
        (2, "claim"),
        (4, "transition"),
        (4, "claim"),
        (None, "goal"),
        (1, "plan_mismatch"),
    ]
    assert verdict.to_dict()["failing_step"] == 0


def test_the_steps_are_those_that_truly_execute(task, chain):
    """Whatever states are claimed; up to the first call that cannot be executed."""
    wrong = with_claim(chain, 1, after=frozenset())
    assert len(check_chain(task, wrong).steps) == 4
    wrong = with_claim(chain, 3, call=Call(name="pick-up", arguments=("c",)))
    verdict = check_chain(task, wrong)
    assert verdict.steps == execute(task, read_plan(SOLUTION).calls[:2]).steps
    assert verdict.satisfied_goals == atoms("(on b c)")
    unknown = check_chain(task, with_claim(chain, 2, call=Call(name="drop")))
    assert len(unknown.steps) == 1


def test_a_plan_that_differs_from_the_chain_is_told_where(task, chain):
    def mismatch(text: str) -> str:
        return str(check_chain(task, dataclasses.replace(chain, plan=read_plan(text))).first)

    assert mismatch("(unstack b a) (stack b a)") == (
        "step 2: (stack b a): plan_mismatch: expected (stack b c), found (stack b a)"
    )
    assert (
        mismatch(SOLUTION[:-11]) == "step 4: plan_mismatch: expected (stack a b), found the end of the plan"
    )
    assert mismatch(SOLUTION + "(put-down a)") == (
        "step 5: (put-down a): plan_mismatch: expected the end of the plan, found (put-down a)"
    )


def test_a_text_that_claims_nothing_is_unreadable(task):
    assert check_chain(task, ParsedChain()).outcome is Outcome.UNREADABLE
    verdict = check_chain(task, ParsedChain(unread=("Sorry.",)))
    assert str(verdict) == "unreadable: plan_syntax: expected a chain of states and actions, found 'Sorry.'"


def test_an_unbound_step_still_leads_on(task, chain):
    """Its claimed state is where the next step is judged from."""
    wrong = with_claim(chain, 2, call=Call(name="drop", arguments=("b",)))
    verdict = check_chain(task, dataclasses.replace(wrong, plan=None))
    assert [(fault.kind, fault.step) for fault in verdict.faults] == [(FaultKind.UNKNOWN_ACTION, 2)]


CONDITIONAL_DOMAIN = """(define (domain lamps)
  (:predicates (lit ?l) (broken ?l) (dark))
  (:functions (used))
  (:derived (dark) (forall (?l) (not (lit ?l))))
  (:action flip :parameters (?l)
    :precondition (or (dark) (< (used) 2))
    :effect (and (increase (used) 1)
      (when (lit ?l) (not (lit ?l))) (when (and (not (lit ?l)) (not (broken ?l))) (lit ?l)))))
"""


def test_claims_are_judged_by_the_effects_that_happen_in_their_state():
    """Which effects happen, and the numbers that follow from the calls; derived atoms belong to no state."""
    problem = """(define (problem p) (:domain lamps) (:objects a b)
      (:init (broken b) (= (used) 0)) (:goal (and (lit a) (>= (used) 2))))"""
    task = read_task(CONDITIONAL_DOMAIN, problem)
    a, b = (Call(name="flip", arguments=(name,)) for name in "ab")
    broken, lit = frozenset({("broken", "b")}), frozenset({("broken", "b"), ("lit", "a")})
    good = (Claim(call=a, after=lit), Claim(call=b, after=lit))
    verdict = check_chain(task, ParsedChain(initial=broken, claims=good))
    assert verdict.outcome is Outcome.VALID, verdict

    def faults(*claims: Claim) -> list[str]:
        found = check_chain(task, ParsedChain(initial=broken, claims=claims)).faults
        return [f"{fault.step} {fault.kind} {' '.join(map(str, fault.violations))}" for fault in found]

    wrong = Claim(call=b, after=lit | {("lit", "b")})
    assert faults(good[0], wrong) == ["2 transition frame_gained (lit b)"]
    assert faults(Claim(call=a, after=broken)) == [
        "1 transition missing_add (lit a)",
        "None goal unsatisfied_goal (lit a) unsatisfied_goal (>= (used) 2)",
    ]
    assert faults(*good, Claim(call=b, after=lit)) == [
        "3 precondition unsatisfied (dark) unsatisfied (< (used) 2)"
    ]
    assert faults(Claim(call=a, after=lit | {("dark",)}), good[1]) == [
        "1 state_fact unknown_predicate (dark)"
    ]


def test_names_near_to_unknown_ones_are_looked_for_a_few_times_alone(blocks, monkeypatch):
    """Looking takes longer than judging, and a state may list thousands of facts."""
    from val_bridge.check import chain

    asked = []
    monkeypatch.setattr(chain, "nearest", lambda name, names: asked.append(name) or ("clear" if name == "clearr" else ""))
    state = frozenset({("clearr", "a"), *((f"zzz{number:04}", "a") for number in range(1000))})
    verdict = check_chain(blocks.task, ParsedChain(initial=state))
    assert len(verdict.first.violations) == 1001
    assert verdict.first.hint == "clear" and asked == ["clearr"]
    asked.clear()
    check_chain(blocks.task, ParsedChain(initial=state - {("clearr", "a")}))
    assert len(asked) == 8
