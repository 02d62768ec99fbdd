"""What lies beyond STRIPS: each construct once where it is accepted and judged, and where it is refused."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from val_bridge import (
    FaultKind,
    Outcome,
    SourceError,
    Verdict,
    check_plan_text,
    execute,
    read_domain,
    read_plan,
    read_problem,
    read_task,
    write_domain,
)
from val_bridge.pddl.formula import number_json, number_text
from val_bridge.pddl.reader import LANGUAGE

DOMAIN = """(define (domain d)
 (:types truck place ghost - object van - truck)
 (:constants hub l1 l2 - place t - truck v - van)
 (:predicates (at ?t - truck ?p - place) (road ?a ?b - place) (ok) (far ?a ?b - place)
  (safe ?p - place) (on ?t - truck))
 (:functions (fuel ?t - truck) (toll ?p - place) - number (total-cost))
 %s
 (:action act :parameters (?t - truck ?p - place) :precondition %s :effect %s))"""

PROBLEM = """(define (problem p) (:domain d) (:objects t - truck v - van l1 l2 - place)
 (:init (at t l1) (at v l2) (road l1 l2) (road l2 hub) (= (fuel t) 3) (= (toll l2) 0.1) %s)
 (:goal %s) %s)"""


def judged(
    precondition: str = "()",
    effect: str = "()",
    goal: str = "()",
    *,
    axioms: str = "",
    init: str = "(= (total-cost) 0)",
    metric: str = "",
    plan: str = "(act t l2)",
    **options,
) -> Verdict:
    task = read_task(DOMAIN % (axioms, precondition, effect), PROBLEM % (init, goal, metric))
    return check_plan_text(task, plan, **options)


def answer(*texts: str, **options) -> tuple[str, int | None]:
    first = judged(*texts, **options).first
    return (first.kind.value, first.step) if first else ("valid", None)


# Conditions of (act t l2) in the initial state: the condition, whether it holds, and what is to be looked at.
CONDITIONS = [
    ("(or (ok) (at ?t l1))", True, []),
    ("(or (ok) (not (at ?t l1)))", False, ["(ok)", "(not (at t l1))"]),
    ("(or)", False, ["(or)"]),
    ("(and (and) (or (at ?t l1)))", True, []),
    ("(not (and (at ?t l1) (not (ok))))", False, ["(not (at t l1))", "(ok)"]),
    ("(not (or (ok) (at ?t ?p)))", True, []),
    ("(not (not (not (ok))))", True, []),
    ("(imply (at ?t l1) (at ?t ?p))", False, ["(not (at t l1))", "(at t l2)"]),
    ("(imply (ok) (at ?t ?p))", True, []),
    ("(exists (?x - van) (at ?x ?p))", True, []),
    ("(exists (?x - truck) (at ?x hub))", False, ["(at t hub)", "(at v hub)"]),
    # An equation is named as VAL names it, though nothing can change it.
    ("(exists (?x - truck) (and (not (= ?x ?t)) (on ?x)))", False, ["(not (= t t))", "(on t)", "(on v)"]),
    ("(or (= ?p l1) (on ?t))", False, ["(= l2 l1)", "(on t)"]),
    ("(and (ok) (or (ok) (on ?t)))", False, ["(ok)", "(on t)"]),
    # Below what holds nothing fails.
    ("(and (or (ok) (at ?t l1)) (on ?t))", False, ["(on t)"]),
    ("(or (and (or (ok) (at ?t l1)) (on ?t)) (exists (?x - place) (at v ?x)))", True, []),
    ("(not (exists (?x - place) (and (at ?t ?x) (not (ok)))))", False, ["(not (at t l1))", "(ok)"]),
    ("(exists (?x - ghost) (ok))", False, ["(exists (?x - ghost) (ok))"]),
    ("(forall (?x - ghost) (ok))", True, []),
    ("(forall (?x - truck) (at ?x ?p))", False, ["(at t l2)"]),
    ("(not (forall (?x - truck) (at ?x ?p)))", True, []),
    ("(forall (?p - place) (exists (?t - truck) (at ?t ?p)))", False, ["(at t hub)", "(at v hub)"]),
    ("(exists (?t - van) (not (at ?t l1)))", True, []),
    ("(or (= ?p l1) (= ?t ?t))", True, []),
    ("(or (= ?p l1) (not (= ?t t)))", False, ["(= l2 l1)", "(not (= t t))"]),
    ("(>= (fuel ?t) 3)", True, []),
    ("(> (fuel ?t) 3)", False, ["(> (fuel t) 3)"]),
    ("(not (<= (fuel ?t) 3))", False, ["(not (<= (fuel t) 3))"]),
    ("(< (fuel ?t) 3)", False, ["(< (fuel t) 3)"]),
    ("(= (fuel ?t) 3.0)", True, []),
    ("(= (+ (toll ?p) 0.2) 0.3)", True, []),
    ("(= (- (fuel ?t)) (- 1 4))", True, []),
    ("(= (* 2 (fuel ?t) 5) (/ 90 3))", True, []),
    ("(< total-cost (+ 1 1 1))", True, []),
    ("(or (ok) (>= (fuel ?t) (fuel v)))", None, "(fuel v)"),
    ("(or (at ?t l1) (>= (fuel ?t) (fuel v)))", True, []),
    ("(and (ok) (>= (fuel ?t) (fuel v)))", False, ["(ok)", "(>= (fuel t) (fuel v))"]),
    ("(exists (?x - truck) (> (fuel ?x) 9))", None, "(fuel v)"),
    ("(> (/ 1 total-cost) 0)", None, ""),
]


@pytest.mark.parametrize(("condition", "holds", "expected"), CONDITIONS, ids=[c[0] for c in CONDITIONS])
def test_a_condition_holds_or_names_what_to_look_at(condition, holds, expected):
    """The same in a precondition, in the negated goal's place, and as the condition of an effect."""
    verdict = judged(condition)
    fault = verdict.first
    if holds is None:
        assert (fault.kind, fault.step, fault.fluent) == (FaultKind.NUMERIC_UNDEFINED, 1, expected)
        assert answer(effect=f"(when {condition} (ok))") == ("numeric_undefined", 1)
    else:
        assert (verdict.outcome is Outcome.VALID) is holds
        assert list(fault.failing_literals if fault else []) == expected
        wanted = "valid" if holds else "goal"
        assert answer(effect=f"(when {condition} (ok))", goal="(ok)") == (wanted, None)
    if not holds:
        return
    assert answer(f"(not {condition})") == ("precondition", 1)
    ground = condition.replace("?t ", "t ").replace("?t)", "t)").replace("?p", "l2")
    if "(t -" not in ground and "(l2 -" not in ground:
        assert answer(goal=ground) == ("valid", None)


# Effects of (act t l2), and a goal that they reach.
EFFECTS = [
    ("(and (ok) (not (ok)))", "(ok)"),
    ("(and (and (ok) (and)) (not (at ?t l1)))", "(and (ok) (not (at t l1)))"),
    ("(when (at ?t l1) (and (not (at ?t l1)) (at ?t ?p)))", "(and (at t l2) (not (at t l1)))"),
    ("(when (at ?t ?p) (ok))", "(not (ok))"),
    # Conditions are read in the state before.
    ("(and (ok) (when (ok) (at ?t hub)))", "(not (at t hub))"),
    ("(and (not (at ?t l1)) (when (at ?t l1) (ok)))", "(ok)"),
    ("(forall (?x - truck) (on ?x))", "(and (on t) (on v))"),
    ("(forall (?x - van) (on ?x))", "(and (not (on t)) (on v))"),
    (
        "(forall (?x - truck ?y - place) (when (at ?x ?y) (and (not (at ?x ?y)) (at ?x hub))))",
        "(forall (?x - truck) (at ?x hub))",
    ),
    (
        "(forall (?x - truck) (and (on ?x) (when (at ?x l1) (at ?x hub))))",
        "(and (at t hub) (not (at v hub)) (on v))",
    ),
    ("(forall (?t - van) (when (at ?t ?p) (on ?t)))", "(and (on v) (not (on t)))"),
    ("(when (at ?t l1) (when (at v ?p) (ok)))", "(ok)"),
    ("(when (at ?t l1) (forall (?t - van) (when (at ?t ?p) (on ?t))))", "(on v)"),
    ("(when (at ?t l2) (when (at v ?p) (ok)))", "(not (ok))"),
    ("(increase (fuel ?t) 2)", "(= (fuel t) 5)"),
    ("(and (increase (fuel ?t) 2) (decrease (fuel ?t) (fuel ?t)))", "(= (fuel t) 2)"),
    ("(and (assign (fuel v) (fuel ?t)) (assign (fuel ?t) 0))", "(and (= (fuel v) 3) (= (fuel t) 0))"),
    ("(and (assign (fuel t) 1) (assign (fuel ?t) 1.0))", "(= (fuel t) 1)"),
    ("(and (scale-up (fuel ?t) 2) (scale-down (fuel ?t) 3))", "(= (fuel t) 2)"),
    ("(scale-down (fuel ?t) 7)", "(= (* 7 (fuel t)) 3)"),
    ("(forall (?x - place) (increase (total-cost) 1))", "(= (total-cost) 3)"),
    ("(forall (?x - truck) (when (at ?x l1) (increase (total-cost) (fuel ?x))))", "(= (total-cost) 3)"),
    ("(increase total-cost 1)", "(= total-cost 1)"),
]


@pytest.mark.parametrize(("effect", "goal"), EFFECTS, ids=[e[0] for e in EFFECTS])
def test_an_effect_leads_where_it_should(effect, goal):
    assert answer(effect=effect, goal=goal) == ("valid", None)
    assert answer(effect=effect, goal=f"(not {goal})") == ("goal", None)


NUMERIC_FAULTS = [
    (
        "(increase (fuel v) 1)",
        "numeric_undefined",
        "expected a value of (fuel v), found none in (increase (fuel v) 1)",
    ),
    (
        "(assign (fuel t) (fuel v))",
        "numeric_undefined",
        "expected a value of (fuel v), found none in (assign (fuel t) (fuel v))",
    ),
    (
        "(scale-down (fuel t) 0)",
        "numeric_undefined",
        "expected a divisor other than 0, found 3 divided by 0 in (scale-down (fuel t) 0)",
    ),
    (
        "(assign (fuel t) (/ 1 (total-cost)))",
        "numeric_undefined",
        "expected a divisor other than 0, found 1 divided by 0 in (assign (fuel t) (/ 1 (total-cost)))",
    ),
    (
        "(and (assign (fuel t) 1) (assign (fuel ?t) 2))",
        "numeric_conflict",
        "expected effects on (fuel t) that agree,"
        " found (assign (fuel t) 1) and (assign (fuel t) 2)",
    ),
    (
        "(and (assign (fuel t) 1) (increase (fuel t) 0))",
        "numeric_conflict",
        "expected effects on (fuel t) that agree",
    ),
    (
        "(and (scale-up (fuel t) 1) (increase (fuel t) 0))",
        "numeric_conflict",
        "expected effects on (fuel t) that agree",
    ),
    (
        "(and (assign (fuel t) 1) (scale-up (fuel t) 1))",
        "numeric_conflict",
        "expected effects on (fuel t) that agree",
    ),
    (
        "(forall (?x - place) (assign (total-cost) (toll ?x)))",
        "numeric_undefined",
        "expected a value of (toll hub), found none in (assign (total-cost) (toll hub))",
    ),
]


@pytest.mark.parametrize(("effect", "kind", "message"), NUMERIC_FAULTS)
def test_a_number_that_does_not_exist_or_has_two_values_is_an_error_of_the_step(effect, kind, message):
    fault = judged(effect=effect, plan="(act t l2) (act t l2)").first
    assert (fault.kind.value, fault.step) == (kind, 1)
    assert message in str(fault)


def test_a_goal_without_a_number_cannot_be_judged():
    assert answer(goal="(> (fuel v) 1)") == ("numeric_undefined", None)


def test_numbers_grow_without_end_only_to_a_bound():
    """Squaring doubles the digits: forty steps would need a terabyte."""
    plan = "(act t l2)" * 60
    verdict = judged(effect="(assign (fuel ?t) (* (fuel ?t) (fuel ?t)))", plan=plan)
    assert verdict.first.kind is FaultKind.NUMERIC_UNDEFINED
    assert 10 < verdict.first.step < 20


def test_a_comparison_may_miss_by_the_tolerance():
    for condition in (
        "(< (fuel ?t) 3)",
        "(= (fuel ?t) 3.00005)",
        "(>= (fuel ?t) 3.0001)",
        "(<= (fuel ?t) 2.9999)",
    ):
        assert judged(condition).outcome is Outcome.INVALID
        verdict = judged(condition, tolerance=0.0001)
        assert verdict.outcome is Outcome.VALID
        assert len(tuple(verdict.steps)) == 1
    assert judged("(= (fuel ?t) 3.001)", tolerance=0.0001).outcome is Outcome.INVALID
    with pytest.raises(ValueError, match="below 0"):
        judged(tolerance=-1)


def test_cost_and_metric_are_reported():
    effect = "(increase (total-cost) 1.5)"
    twice = "(act t l2) (act t l1)"
    assert judged(effect=effect, plan=twice).metric == 2
    assert judged(effect=effect, plan=twice, metric="(:metric minimize (total-cost))").metric == 3
    both = "(:metric maximize (- (* 2 total-cost) (total-time)))"
    assert judged(effect=effect, plan=twice, metric=both).metric == 4
    assert judged(effect=effect, goal="(ok)", metric="(:metric minimize (total-cost))").metric == Fraction(
        3, 2
    )
    assert judged("(ok)", metric="(:metric minimize (total-cost))").metric is None
    data = judged(effect=effect, metric="(:metric minimize (total-cost))").to_dict()
    assert (data["metric"], data["warnings"]) == (1.5, [])


def test_a_cost_without_initial_value_counts_as_zero_with_a_warning():
    verdict = judged(effect="(increase (total-cost) 2)", init="", metric="(:metric minimize (total-cost))")
    assert (verdict.outcome, verdict.metric) == (Outcome.VALID, 2)
    assert verdict.warnings == ("(total-cost) has no initial value; 0 is taken",)


def test_a_metric_without_a_value_is_a_warning():
    verdict = judged(metric="(:metric minimize (fuel v))")
    assert (verdict.outcome, verdict.metric) == (Outcome.VALID, None)
    assert verdict.warnings == ("the metric has no value: expected a value of (fuel v), found none",)


def test_steps_carry_numbers():
    verdict = judged(effect="(and (increase (fuel ?t) 1) (assign (fuel v) 9))")
    (step,) = verdict.steps
    assert step.changed_values == {("fuel", "t"): (3, 4), ("fuel", "v"): (None, 9)}
    assert step.values_before[("fuel", "t")] == 3
    assert pickle.loads(pickle.dumps(step)) == step
    task = read_task(DOMAIN % ("", "()", "(increase (fuel ?t) 1)"), PROBLEM % ("", "()", ""))
    chain = execute(task, read_plan("(act t l2) (act t l1)").calls)
    assert [step.values_after[("fuel", "t")] for step in chain.steps] == [4, 5]
    assert pickle.loads(pickle.dumps(verdict)) == verdict


# Axioms

FAR = "(:derived (far ?a ?b) (or (road ?a ?b) (exists (?c - place) (and (road ?a ?c) (far ?c ?b)))))"
SAFE = "(:derived (safe ?p) (not (exists (?t - truck) (at ?t ?p))))"


def test_derived_atoms_are_derived_where_they_are_asked_for():
    assert answer("(far l1 hub)", axioms=FAR) == ("valid", None)
    assert answer("(not (far hub l1))", axioms=FAR) == ("valid", None)
    assert answer("(far hub l1)", axioms=FAR) == ("precondition", 1)
    assert answer(goal="(and (far l1 l2) (far l1 hub) (not (far l2 l1)))", axioms=FAR) == ("valid", None)
    assert answer(goal="(far l2 l1)", axioms=FAR) == ("goal", None)
    assert answer(effect="(when (far l1 hub) (ok))", goal="(ok)", axioms=FAR) == ("valid", None)


def test_derived_atoms_follow_the_state():
    leave = "(not (at ?t l1))"
    assert answer("(not (safe l1))", leave, "(safe l1)", axioms=SAFE) == ("valid", None)
    assert answer("(not (safe l1))", leave, axioms=SAFE, plan="(act t l2) (act t l2)") == ("precondition", 2)


def test_derived_atoms_may_build_on_each_other_and_on_numbers():
    axioms = (
        FAR
        + SAFE
        + "(:derived (on ?t) (and (>= (fuel ?t) 3) (exists (?p - place) (and (far l1 ?p) (safe ?p)))))"
    )
    assert answer(goal="(and (on t) (not (on v)))", axioms=axioms) == ("valid", None)
    assert answer(effect="(decrease (fuel ?t) 1)", goal="(on t)", axioms=axioms) == ("goal", None)


def test_a_long_line_of_axioms_is_closed_quickly():
    places = [f"p{i}" for i in range(60)]
    roads = " ".join(f"(road {a} {b})" for a, b in zip(places, places[1:], strict=False))
    domain = DOMAIN.replace("hub l1", f"hub {' '.join(places)} l1") % (FAR, "(far p0 p59)", "(ok)")
    problem = PROBLEM % (roads, "(not (far p59 p0))", "")
    assert check_plan_text(read_task(domain, problem), "(act t l2)").outcome is Outcome.VALID


def test_a_derived_atom_is_explained_by_base_facts_or_asked_for():
    simple = "(:derived (safe ?p) (and (ok) (on t) (road ?p hub)))"
    assert judged("(safe l2)", effect="(and (ok) (on t))", axioms=simple).first.repair == {
        "all": [{"make_true": "(ok)"}, {"make_true": "(on t)"}]
    }
    assert judged("(safe l1)", effect="(ok)", axioms=simple).first.repair == {"satisfy": "(safe l1)"}
    assert judged("(far hub l1)", axioms=FAR).first.repair == {"satisfy": "(far hub l1)"}
    assert judged("(not (far l1 hub))", axioms=FAR).first.repair == {"satisfy": "(not (far l1 hub))"}


THROUGH = "(:derived (far ?a ?b) (and (safe ?a) (safe ?b)))"
IDLE = "(:derived (on ?t) (and (ok) (not (exists (?p - place) (and (at ?t ?p) (road ?p ?p))))))"


@pytest.mark.parametrize(
    ("condition", "axioms", "repair"),
    [
        # Negated: no rule may hold.
        ("(not (on t))", IDLE, {"make_false": "(ok)"}),
        ("(not (safe hub))", SAFE, {"any": [{"make_true": "(at t hub)"}, {"make_true": "(at v hub)"}]}),
        # Through another derived predicate.
        ("(far l1 hub)", THROUGH + SAFE, {"make_false": "(at t l1)"}),
        # Recursive: what is derived of others already counts, what is not is left out.
        ("(far l1 hub)", "(:derived (far ?a ?b) (or (at v ?a) (exists (?c - place) (and (at t ?c) (far ?c ?b)))))",
         {"any": [{"make_true": "(at v l1)"}, {"make_true": "(at t l2)"}]}),
        ("(far hub l1)", "(:derived (far ?a ?b) (or (at v ?b) (exists (?c - place) (and (at t ?a) (far ?b ?c)))))",
         {"any": [{"make_true": "(at v l1)"}, {"make_true": "(at t hub)"}]}),
    ],
)  # fmt: skip
def test_a_derived_atom_is_explained_by_base_facts_if_that_is_simple(condition, axioms, repair):
    changes = "(and (ok) (at ?t ?p) (not (at ?t ?p)) (at ?t hub))"
    init = "(ok) (= (total-cost) 0)" if "(ok)" in axioms else "(= (total-cost) 0)"
    assert judged(condition, changes, axioms=axioms, init=init).first.repair == repair


# Explanations


def test_a_tree_has_witnesses_and_counterexamples():
    tree = judged("(or (ok) (forall (?x - truck) (at ?x ?p)))").first.tree
    assert tree == {
        "op": "and",
        "holds": False,
        "children": [
            {
                "op": "or",
                "holds": False,
                "children": [
                    {"literal": "(ok)", "holds": False},
                    {
                        "op": "forall",
                        "holds": False,
                        "variables": "?x - truck",
                        "counterexamples": 1,
                        "children": [{"binding": {"?x": "t"}, "literal": "(at t l2)", "holds": False}],
                    },
                ],
            }
        ],
    }
    tree = judged("(exists (?x - truck) (>= (fuel ?t) 5))").first.tree["children"][0]
    assert (tree["op"], tree["tried"], len(tree["children"])) == ("exists", 2, 2)
    assert tree["children"][0] == {
        "binding": {"?x": "t"}, "comparison": "(>= (fuel t) 5)", "left": "3", "right": "5", "holds": False,
    }  # fmt: skip


def test_of_many_witnesses_some_are_shown_and_all_are_counted():
    names = " ".join(f"x{i}" for i in range(80))
    problem = PROBLEM.replace("l1 l2 -", f"l1 l2 {names} -") % ("", "()", "")
    task = read_task(DOMAIN % ("", "(exists (?x - place) (at ?t ?x))", "(not (at ?t l1))"), problem)
    tree = check_plan_text(task, "(act t l2) (act t l2)").first.tree["children"][0]
    assert (tree["tried"], len(tree["children"])) == (83, 50)


@pytest.mark.parametrize("condition", ["(forall (?x - place) (road ?x ?x))", "(exists (?x - place) (road ?x ?x))"])
def test_of_many_literals_that_fail_all_are_named(condition):
    """The tree and the sentence show some of them."""
    names = " ".join(f"x{i}" for i in range(80))
    problem = PROBLEM.replace("l1 l2 -", f"l1 l2 {names} -") % ("", condition, "")
    task = read_task(DOMAIN % ("", condition, "()"), problem)
    for plan, kind in (("(act t l2)", FaultKind.PRECONDITION), ("", FaultKind.GOAL)):
        fault = check_plan_text(task, plan).first
        assert (fault.kind, len(fault.failing_literals)) == (kind, 83)
        assert set(fault.failing_literals) == {f"(road {place} {place})" for place in task.fitting(("place",))}
        assert len(fault.tree["children"][0]["children"]) == 50
        assert fault.expected.endswith(" and 33 more") and fault.expected.count("(road ") == 50


def test_trees_of_nested_quantifiers_show_so_many_in_all():
    names = " ".join(f"x{i}" for i in range(60))
    problem = PROBLEM.replace("l1 l2 -", f"l1 l2 {names} -") % ("", "()", "")
    condition = "(exists (?x - place) (exists (?y - place) (road ?y ?x)))"
    task = read_task(DOMAIN % ("", condition, "()"), problem.replace("(road l1 l2) (road l2 hub)", ""))
    outer = check_plan_text(task, "(act t l2)").first.tree["children"][0]
    assert (outer["tried"], {child["tried"] for child in outer["children"]}) == (63, {63})
    assert len(outer["children"]) == 50 and sum(len(child["children"]) for child in outer["children"]) == 950


REPAIRS = [
    ("(and (ok) (not (at ?t l1)))", {"all": [{"make_true": "(ok)"}, {"make_false": "(at t l1)"}]}),
    ("(or (ok) (not (at ?t l1)))", {"any": [{"make_true": "(ok)"}, {"make_false": "(at t l1)"}]}),
    # What is static and false no repair mends.
    ("(and (ok) (road ?p l1))", None),
    ("(and (ok) (or (not (at ?t l1)) (and (road ?p l1))))", {"all": [{"make_true": "(ok)"}, {"make_false": "(at t l1)"}]}),
    ("(forall (?x - truck) (and (at ?x ?p) (= ?x v)))", None),
    ("(or (ok) (road ?p l1) (= ?p l1))", {"make_true": "(ok)"}),
    ("(or (and (ok) (road ?p l1)) (at ?t ?p))", {"make_true": "(at t l2)"}),
    ("(exists (?x - truck) (and (not (= ?x ?t)) (at ?x hub)))", {"make_true": "(at v hub)"}),
    ("(>= (fuel ?t) 5)", {"satisfy": "(>= (fuel t) 5)", "value": "3", "bound": "5"}),
    ("(>= (toll ?p) 5)", None),
    ("(not (= ?t t))", None),
]


@pytest.mark.parametrize(("condition", "repair"), REPAIRS)
def test_a_repair_leaves_out_what_nothing_can_change(condition, repair):
    changes = "(and (ok) (not (at ?t ?p)) (increase (fuel ?t) 0))"
    assert judged(condition, changes).first.repair == repair


# Refused, with the place

DOMAIN_ERRORS = [
    (
        "(or (ok) ok)",
        "()",
        "",
        "domain_syntax 8:74: expected a formula in the precondition of 'act', found 'ok'",
    ),
    ("(imply (ok))", "()", "", "domain_syntax 8:65: expected two formulas after 'imply', found 1"),
    (
        "(exists (?x) (ok) (ok))",
        "()",
        "",
        "domain_syntax 8:65: expected variables and one formula after 'exists', found 3 parts",
    ),
    (
        "(forall (ok))",
        "()",
        "",
        "domain_syntax 8:65: expected variables and one formula after 'forall', found 1 parts",
    ),
    ("(forall (?x - tree) (ok))", "()", "", "domain_semantic 8:79: expected a declared type, found 'tree'"),
    (
        "(forall (?x - place) (at ?t ?y))",
        "()",
        "",
        "domain_semantic 8:93: expected a declared variable, found '?y'",
    ),
    (
        "(and (exists (?x - van) (on ?x)) (on ?x))",
        "()",
        "",
        "domain_semantic 8:102: expected a declared variable, found '?x'",
    ),
    ("(>= (fuel ?t))", "()", "", "domain_syntax 8:65: expected two numbers after '>=', found 1"),
    (
        "(>= (fule ?t) 1)",
        "()",
        "",
        "domain_semantic 8:70: expected a declared function, found 'fule'; did you mean 'fuel'?",
    ),
    ("(>= (fuel) 1)", "()", "", "domain_semantic 8:69: expected 1 argument (?t), found 0 in '(fuel)'"),
    (
        "(>= (fuel ?p) 1)",
        "()",
        "",
        "domain_semantic 8:75: expected a truck, found '?p' (a place, declared at 8:39)",
    ),
    ("(>= (- 1 2 3) 1)", "()", "", "domain_syntax 8:69: expected one or two operands after '-', found 3"),
    ("(>= (+ 1) 1)", "()", "", "domain_syntax 8:69: expected two or more operands after '+', found 1"),
    ("(>= (+ (+ 1 2)) 1)", "()", "", "domain_syntax 8:69: expected two or more operands after '+', found 1"),
    ("(>= (* 1 (* (* 1 2))) 1)", "()", "", "domain_syntax 8:74: expected two or more operands after '*', found 1"),
    ("(>= (/ 1) 1)", "()", "", "domain_syntax 8:69: expected two operands after '/', found 1"),
    (
        "()",
        "(when (ok))",
        "",
        "domain_syntax 8:76: expected a condition and an effect after 'when', found 1 parts",
    ),
    (
        "()",
        "(or (ok) (ok))",
        "",
        "domain_syntax 8:77: expected the name of a predicate, found the reserved word 'or'",
    ),
    (
        "()",
        "(not (and (ok)))",
        "",
        "domain_syntax 8:82: expected the name of a predicate, found the reserved word 'and'",
    ),
    (
        "()",
        "(increase (fuel ?t))",
        "",
        "domain_syntax 8:76: expected a fluent and a number after 'increase', found 1 parts",
    ),
    ("()", "(increase 3 4)", "", "domain_syntax 8:86: expected the name of a function, found '3'"),
    (
        "()",
        "(safe ?p)",
        SAFE,
        "domain_semantic 8:76: expected an effect on no derived predicate, found one on 'safe'",
    ),
    (
        "()",
        "(when (ok) (not (safe ?p)))",
        SAFE,
        "domain_semantic 8:92: expected an effect on no derived predicate, found one on 'safe'",
    ),
    (
        "()",
        "()",
        "(:derived (safe ?p) (not (safe ?p)))",
        "domain_semantic 7:27: expected no predicate derived from its own negation,"
        " found (not (safe ?p)), from which 'safe' is derived",
    ),
    (
        "()",
        "()",
        "(:derived (ok) (exists (?p - place) (safe ?p))) (:derived (safe ?p) (imply (ok) (road ?p ?p)))",
        "domain_semantic 7:77: expected no predicate derived from its own negation,"
        " found (not (ok)), from which 'ok' is derived",
    ),
    (
        "()",
        "()",
        "(:derived (safe ?p ?q) (ok))",
        "domain_semantic 7:12: expected 1 argument (?p), found 2 in '(safe ?p ?q)'",
    ),
    (
        "()",
        "()",
        "(:derived (safe ?t - truck) (ok))",
        "domain_semantic 7:18: expected a place, found '?t' (a truck, declared at 7:18)",
    ),
    (
        "()",
        "()",
        "(:derived (save ?p) (ok))",
        "domain_semantic 7:13: expected a declared predicate, found 'save'; did you mean 'safe'?",
    ),
    (
        "()",
        "()",
        "(:derived (safe ?p))",
        "domain_syntax 7:2: expected '(:derived (predicate ?x ...) formula)', found 1 parts",
    ),
    (
        "()",
        "(increase (fuel ?t) (* #t 1))",
        "",
        "unsupported_feature 8:99: expected {language}, found '#t' in an expression",
    ),
    (
        "()",
        "(increase (fuel ?t) ?duration)",
        "",
        "unsupported_feature 8:96: expected {language}, found '?duration' in an expression",
    ),
]

PROBLEM_ERRORS = [
    ("(= (fuel t) x)", "()", "", "problem_syntax 2:101: expected a number, found 'x'"),
    (
        "(= (fuel t) l1)",
        "()",
        "",
        "unsupported_feature 2:101: expected {language}, found an object as the value of a function",
    ),
    (
        "(= (fuel t) 4)",
        "()",
        "",
        "problem_semantic 2:89: expected one initial value of (fuel t), found a second, 4",
    ),
    ("(= (fuel l1) 4)", "()", "", "problem_semantic 2:98: expected a truck, found 'l1'"),
    (
        "(= (total-costs) 4)",
        "()",
        "",
        "problem_semantic 2:93: expected a declared function, found 'total-costs'; did you mean 'total-cost'?",
    ),
    (
        "(= (fuel t))",
        "()",
        "",
        "problem_syntax 2:89: expected '(= (function object ...) number)', found 1 parts",
    ),
    ("", "(or (at t l9))", "", "problem_semantic 3:19: expected a declared object, found 'l9'"),
    (
        "",
        "()",
        "(:metric least (total-cost))",
        "problem_syntax 3:22: expected 'minimize' or 'maximize', found 'least'",
    ),
    (
        "",
        "()",
        "(:metric minimize)",
        "problem_syntax 3:13: expected '(:metric minimize expression)', found 1 parts",
    ),
    (
        "",
        "()",
        "(:metric minimize (is-violated p))",
        "unsupported_feature 3:31: expected {language}, found 'is-violated' in the metric",
    ),
    (
        "(safe l1)",
        "()",
        "",
        "problem_semantic 2:89: expected facts of predicates that no axiom derives, found one of 'safe'",
    ),
]


def described(error: SourceError) -> str:
    return f"{error.kind} {str(error).partition('>:')[2]}"


@pytest.mark.parametrize(("precondition", "effect", "axioms", "message"), DOMAIN_ERRORS)
def test_a_wrong_domain_is_refused_with_its_place(precondition, effect, axioms, message):
    with pytest.raises(SourceError) as caught:
        read_domain(DOMAIN % (axioms, precondition, effect))
    assert described(caught.value).startswith(message.format(language=LANGUAGE))


@pytest.mark.parametrize(("init", "goal", "metric", "message"), PROBLEM_ERRORS)
def test_a_wrong_problem_is_refused_with_its_place(init, goal, metric, message):
    domain = read_domain(DOMAIN % (SAFE, "()", "()"))
    with pytest.raises(SourceError) as caught:
        read_problem(PROBLEM % (init, goal, metric), domain)
    assert described(caught.value).startswith(message.format(language=LANGUAGE))


# Depth and size

DEEP = 3000


@pytest.mark.parametrize(
    ("opening", "inner", "closing"),
    [
        ("(not ", "(ok)", ")"),
        ("(and ", "(ok)", ")"),
        ("(or ", "(ok)", ")"),
        ("(and (not (ok)) ", "(not (ok))", ")"),
        ("(or (ok) ", "(not (ok))", ")"),
        ("(not (and ", "(not (ok))", "))"),
    ],
)
def test_deep_nesting_that_says_nothing_is_merged(opening, inner, closing):
    if (opening, inner) in (("(and ", "(ok)"), ("(or ", "(ok)"), ("(not ", "(ok)")):
        inner = "(at ?t l1)"
    formula = opening * DEEP + inner + closing * DEEP
    assert answer(formula) == ("valid", None)
    assert answer(goal=formula.replace("?t", "t")) == ("valid", None)


@pytest.mark.parametrize(
    ("formula", "what"),
    [
        ("(imply (ok) " * DEEP + "(ok)" + ")" * DEEP, "a condition"),
        ("(or (ok) (and (ok) " * DEEP + "(ok)" + "))" * DEEP, "a condition"),
        ("(exists (?x) " * DEEP + "(ok)" + ")" * DEEP, "a condition"),
        ("(> 1 " + "(- 1 " * DEEP + "1" + ")" * DEEP + ")", "an expression"),
    ],
)
def test_deep_nesting_beyond_a_bound_is_refused(formula, what):
    with pytest.raises(SourceError) as caught:
        judged(formula)
    assert caught.value.kind == "unsupported_feature"
    assert caught.value.found.startswith(f"{what} more than 100 levels deep in the precondition of 'act'")


def test_more_quantifiers_than_anybody_writes_are_refused():
    """Each takes thirty times the work of an atom, so that a text of a megabyte with 50,000 would take over a second."""
    most = "(forall (?x) (ok)) "
    assert answer(f"(and (ok) {most * 9_999}{'(exists (?x) (ok))'})") == ("precondition", 1)
    with pytest.raises(SourceError) as caught:
        judged(f"(and {most * 10_001})")
    assert caught.value.kind == "unsupported_feature"
    assert (caught.value.expected, caught.value.found) == ("at most 10,000 quantifiers in a text", "one more")


def test_a_formula_as_deep_as_allowed_is_judged_written_and_compared():
    formula = "(or (ok) (and (at ?t l1) " * 49 + "(at ?t l1)" + "))" * 49
    assert answer(formula) == ("valid", None)
    assert answer(f"(not {formula})") == ("precondition", 1)
    text = DOMAIN % ("", formula, "()")
    assert read_domain(text) == read_domain(text + "\n")
    assert pickle.loads(pickle.dumps(read_domain(text))) == read_domain(text)


def test_a_long_sum_is_one_sum():
    assert answer(f"(= {'(+ 1 ' * DEEP}0{')' * DEEP} {DEEP})") == ("valid", None)


def test_effects_nested_beyond_a_bound_are_refused():
    assert answer(effect="(and " * DEEP + "(ok)" + ")" * DEEP, goal="(ok)") == ("valid", None)
    with pytest.raises(SourceError, match="an effect more than 100 levels deep"):
        judged(effect="(when (ok) " * DEEP + "(ok)" + ")" * DEEP)


def test_case_never_matters_beyond_strips():
    text = DOMAIN % (FAR + SAFE, "(imply (ok) (>= (fuel ?t) 1))", "(when (ok) (increase (fuel ?t) 1))")
    domain = read_domain(text)
    assert read_domain(text.upper()) == domain
    problem = PROBLEM % ("", "(forall (?x - place) (safe ?x))", "(:metric minimize (total-cost))")
    assert read_problem(problem.upper(), domain) == read_problem(problem, domain)


@pytest.mark.parametrize(
    ("text", "exact"),
    [("2.50", "2.5"), ("-0.125", "-0.125"), ("3.0", "3"), ("1/3", "1/3"), ("-7", "-7"), ("0.004", "0.004")],
)
def test_numbers_are_written_exactly(text, exact):
    assert number_text(Fraction(text)) == exact
    assert number_json(Fraction(text)) == pytest.approx(float(Fraction(text)))


def test_long_numbers_are_estimated():
    assert number_text(Fraction(2) ** 5000) == number_json(Fraction(2) ** 5000) == "about 2^5000"
    with pytest.raises(SourceError, match="a number of at most 300 digits"):
        judged(f"(> 1 {'9' * 5000})")


SHADOWED = """(define (domain d) (:predicates (p ?x) (q ?x) (r ?x ?y))
 (:action a :effect (forall (?y) (when (exists (?z) (q ?z)) (forall (?z) (when (p ?z) (r ?y ?z)))))))"""


def test_an_effects_variable_called_as_one_of_a_condition_before_it():
    """The condition and the inner variable end in one effect; found by reading what was written."""
    task = read_task(SHADOWED, "(define (problem x) (:domain d) (:objects a b) (:init (q a) (p b)) (:goal (r a b)))")
    assert check_plan_text(task, "(a)").outcome is Outcome.VALID
    assert read_domain(write_domain(task.domain)) == task.domain


@pytest.mark.parametrize("count", [1, 3])
def test_variables_that_hide_others_get_names_of_their_own(count):
    """The names are free again behind the quantifier."""
    hidden = "(exists (?t - truck) (at ?t ?p))"
    read = read_domain(DOMAIN % ("", f"(and {hidden * count})", "(ok)"))
    assert [str(part) for part in read.actions["act"].condition] == ["(exists (?t-2 - truck) (at ?t-2 ?p))"] * count


@pytest.mark.parametrize("nothing", ["(and (ok) ())", "(not ())", "(imply () (ok))", "(exists (?x - van) ())"])
def test_nothing_may_stand_for_a_whole_condition_alone(nothing):
    with pytest.raises(SourceError, match="expected a formula in the precondition of 'act', found '\\(\\)'"):
        judged(nothing)


@pytest.mark.parametrize("nothing", ["(and (ok) ())", "(when (ok) ())", "(forall (?x - van) ())"])
def test_nothing_may_stand_for_a_whole_effect_alone(nothing):
    with pytest.raises(SourceError, match="expected an effect in the effect of 'act', found '\\(\\)'"):
        judged(effect=nothing)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("((ok) (at ?t ?p))",), "the name of a predicate"),
        (("((ok))",), "the name of a predicate"),
        (("(and ((ok) (at ?t ?p)))",), "the name of a predicate"),
        (("()", "((ok) (at ?t ?p))"), "the name of a predicate"),
        (("()", "(when ((ok)) (ok))"), "the name of a predicate"),
        (("()", "()", "((at t l1) (ok))"), "the name of a predicate"),
    ],
)
def test_a_list_of_formulas_is_no_conjunction(texts, expected):
    """Found by asking VAL about mutated domains: the first formula was dropped and the others were taken."""
    with pytest.raises(SourceError, match=f"expected {expected}, found"):
        judged(*texts)
