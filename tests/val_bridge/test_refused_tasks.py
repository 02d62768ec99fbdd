"""Domains and problems that VAL judges plans of and we refuse: each row of the page with its smallest case."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from val_bridge import SourceError, read_task
from val_bridge.dialect.binary import Val

PAGE = Path(__file__).parents[2] / "val_bridge" / "dialect" / "README.md"
ACTION = "(:action m :parameters () :precondition (p) :effect (and (p)))"
BESIDE = f"{ACTION} (:action n :parameters (%s) :precondition (p) :effect (and (p)))"
OTHER = "(:action n :parameters () :precondition {} :effect (and {}))"
DURATIVE = "(:durative-action w :parameters () :duration (= ?duration 1) :condition (at start (p)) :effect (at end (p)))"


def domain(
    types: str = "t1 t2", more: str = "", predicates: str = "", actions: str = ACTION, requirements: str = "", behind: str = ""
) -> str:
    return (
        f"(define (domain d) (:requirements :adl :fluents :derived-predicates {requirements}) (:types {types})"
        f" (:predicates (p) (q ?x) {predicates}) (:functions (f)) {more} {actions}){behind}"
    )


def untyped(more: str = "", actions: str = ACTION) -> str:
    """Without types VAL checks fewer names."""
    return (
        "(define (domain d) (:requirements :adl :fluents :derived-predicates) (:predicates (p) (q ?x)) (:functions (f))"
        f" {more} {actions})"
    )


def problem(
    objects: str = "a - t1", initial: str = "(p)", goal: str = "(:goal (p))", name: str = "d", more: str = "", behind: str = ""
) -> str:
    return f"(define (problem x) (:domain {name}) (:objects {objects}) (:init {initial}) {goal} {more}){behind}"


CASES: dict[str, tuple[str, str]] = {
    "unstratified_axioms": (domain(predicates="(r) (s)", more="(:derived (r) (not (s))) (:derived (s) (not (r)))"), problem()),
    "derived_in_init": (domain(predicates="(r)", more="(:derived (r) (p))"), problem(initial="(p) (r)")),
    "declared_twice": (domain(actions=ACTION * 2), problem()),
    "predicate_twice": (domain(predicates="(p)"), problem()),
    "parameter_twice": (domain(actions=BESIDE % "?x ?x"), problem()),
    "object_twice": (domain(), problem(objects="a a - t1")),
    "constant_of_another_type": (domain(more="(:constants a - t2)"), problem()),
    "predicates_twice": (domain(more="(:predicates (r))"), problem()),
    "equality_declared": (domain(predicates="(= ?x ?y)"), problem()),
    "predicate_undeclared": (untyped(actions=f"{ACTION} {OTHER.format('(r)', '(p)')}"), problem(objects="a")),
    "predicate_of_another_arity": (untyped(actions=f"{ACTION} {OTHER.format('(q)', '(p)')}"), problem(objects="a")),
    "object_undeclared": (untyped(actions=f"{ACTION} {OTHER.format('(p)', '(q z)')}"), problem(objects="a")),
    "object_undeclared_in_init": (untyped(), problem(objects="a", initial="(p) (q z)")),
    "variable_in_init": (untyped(), problem(objects="a", initial="(p) (q ?x)")),
    "value_of_a_predicate": (untyped(), problem(objects="a", initial="(p) (= (q a) 3)")),
    "effect_on_equality": (domain(actions=f"{ACTION} {OTHER.format('(p)', '(= a a)')}", more="(:constants a - t1)"), problem(objects="")),
    "axiom_of_undeclared": (untyped(more="(:derived (r) (p))"), problem(objects="a")),
    "axiom_of_another_arity": (domain(more="(:derived (q) (p))"), problem()),
    "axiom_with_free_variable": (untyped(more="(:derived (q ?x) (q ?y))"), problem(objects="a")),
    "type_undeclared": (domain(actions=BESIDE % "?x - t9"), problem()),
    "object_of_undeclared_type": (domain(), problem(objects="a - t9")),
    "type_cycle": (domain(types="t1 - t2 t2 - t1"), problem()),
    "two_parents": (domain(types="t1 - t2 t1 - t3 t2 t3"), problem()),
    "requirement_unknown": (domain(requirements=":magic"), problem()),
    "goal_missing": (domain(), problem(goal="")),
    "goal_twice": (domain(), problem(more="(:goal (p))")),
    "another_domain": (domain(), problem(name="other")),
    "text_behind_domain": (domain(behind=" (and more)"), problem()),
    "text_behind_problem": (domain(), problem(behind=" (and more)")),
    "true_and_false_in_init": (domain(), problem(initial="(p) (not (p))")),
    "two_initial_values": (domain(), problem(initial="(p) (= (f) 1) (= (f) 2)")),
    "object_of_either_type": (domain(), problem(objects="a - (either t1 t2)")),
    "type_below_either": (domain(types="t1 t2 t3 - (either t1 t2)"), problem()),
    "many_combinations": (
        domain(actions="(:action m :parameters () :precondition (and (p) (forall (?x ?y ?z - t1) (p))) :effect (and (p)))"),
        problem(objects=" ".join(f"o{number}" for number in range(101)) + " - t1"),
    ),
    "durative_action": (domain(actions=f"{ACTION} {DURATIVE}"), problem()),
    "timed_initial_literal": (domain(), problem(initial="(p) (at 5 (p))")),
    "preference": (domain(), problem(goal="(:goal (and (p) (preference g (p))))")),
    "constraints": (domain(), problem(more="(:constraints (always (p)))")),
    "process": (
        domain(actions=f"{ACTION} (:process w :parameters () :precondition (p) :effect (increase (f) (* #t 1)))"),
        problem(initial="(p) (= (f) 0)"),
    ),
    "event": (domain(actions=f"{ACTION} (:event w :parameters () :precondition (not (p)) :effect (p))"), problem()),
}


def listed() -> dict[str, str]:
    """The kind of error of each row of the page's table."""
    section = PAGE.read_text(encoding="utf-8").partition("## Tasks that VAL judges and we refuse")[2].partition("\n## ")[0]
    rows = [re.findall(r"`(\w+)`", line) for line in section.splitlines() if line.startswith("| `")]
    assert all(len(row) == 2 for row in rows)
    return dict(rows)


def test_each_row_has_a_case_and_each_case_a_row() -> None:
    assert list(listed()) == list(CASES)


def test_the_task_that_the_cases_change_is_read() -> None:
    assert list(read_task(domain(), problem()).domain.actions) == ["m"]


@pytest.mark.parametrize("case", CASES)
def test_we_refuse_it(case: str) -> None:
    with pytest.raises(SourceError) as refused:
        read_task(*CASES[case])
    assert refused.value.kind == listed()[case]


@pytest.mark.parametrize("case", CASES)
def test_val_judges_it(case: str, val: Val, tmp_path: Path) -> None:
    for name, content in zip(("domain", "problem", "plan"), (*CASES[case], "(m)"), strict=True):
        (tmp_path / name).write_text(content)
    assert "Plan valid" in val.run(["-v", "domain", "problem", "plan"], tmp_path, 60).output
