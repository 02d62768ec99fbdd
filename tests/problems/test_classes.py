"""The class of a problem: no renaming changes it, another problem has another."""

import random
import string
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlearn.problems import (
    DOMAINS,
    get_generator,
    load_named_domain,
    planbench_classes,
    problem_class,
    random_renaming,
    read_planbench,
    stream,
)
from val_bridge import Literal, read_domain, read_problem

WORDS = [a + b + c for a in string.ascii_lowercase for b in "aeiou" for c in string.ascii_lowercase]
SAMPLE = 6  # instances a set

TYPED = """
(define (domain deliver) (:requirements :typing) (:types box room - object)
  (:predicates (at ?b - box ?r - room) (robot ?r - room) (near ?a ?b - room))
  (:action push :parameters (?b - box ?from ?to - room)
   :precondition (and (at ?b ?from) (robot ?from) (near ?from ?to) (not (robot ?to)))
   :effect (and (at ?b ?to) (robot ?to) (not (at ?b ?from)) (not (robot ?from)))))
"""
DELIVERY = """
(define (problem one) (:domain deliver) (:objects x y - box hall attic - room)
  (:init (at x hall) (at y attic) (robot hall) (near hall attic))
  (:goal (and (at x attic) (not (robot hall)))))
"""


def test_the_published_hashes_are_met(planbench):
    """Hashes made by another program: every sampled instance of every set is in its list."""
    by_set = {}
    for instance in read_planbench(planbench):
        by_set.setdefault(instance.set, []).append(instance)
    assert len(by_set) >= 13 and {"depots", "sokoban", "obfuscated_randomized_logistics"} <= by_set.keys()
    for name, instances in by_set.items():
        picked = random.Random(name).sample(instances, SAMPLE)
        classes = {problem_class(instance.domain_text, instance.problem_text) for instance in picked}
        assert classes <= planbench_classes(), name


def test_three_hashes_are_fixed():
    """As the program that made the list gives them; they must never change."""
    assert problem_class(TYPED, DELIVERY) == "81bf35cc481c1dc68463"
    tasks = [
        get_generator(domain).generate(stream("fixed"), size).task()
        for domain, size in (("blocksworld", "5"), ("logistics", "c2-s2-p2-a1"))
    ]
    assert [problem_class(task) for task in tasks] == ["29827f11d2fd2732e551", "f37b2d97df21f972cb2a"]


def test_the_list_is_whole():
    assert len(planbench_classes()) == 1280
    assert all(len(name) == 20 and set(name) <= set("0123456789abcdef") for name in planbench_classes())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(DOMAINS)), st.integers(0, 10**6))
def test_no_renaming_and_no_order_changes_the_class(domain_name, index):
    rng = stream("law", domain_name, index)
    size = {"logistics": "c2-s2-p3-a2", "depots": "d2-r1-t2-c3"}.get(domain_name, "5")
    problem = get_generator(domain_name).generate(rng, size).task().problem
    domain = load_named_domain(domain_name)
    renaming = random_renaming(rng, domain, problem, WORDS)
    new = renaming.of_problem(problem)
    shuffled = replace(
        new,
        objects=dict(rng.sample(sorted(new.objects.items()), len(new.objects))),
        initial=frozenset(rng.sample(sorted(new.initial), len(new.initial))),
        goal=tuple(rng.sample(new.goal, len(new.goal))),
    )
    other_domain = renaming.of_domain(domain)
    other_domain = replace(
        other_domain, actions=dict(rng.sample(sorted(other_domain.actions.items()), len(domain.actions)))
    )
    assert set(shuffled.objects).isdisjoint(problem.objects)
    assert problem_class(other_domain, shuffled) == problem_class(domain, problem)


def test_a_different_goal_is_a_different_class():
    domain = load_named_domain("blocksworld")
    problem = read_problem(
        "(define (problem p) (:domain blocksworld-4ops) (:objects a b c)"
        " (:init (handempty) (on a b) (ontable b) (ontable c) (clear a) (clear c)) (:goal (and (on b c))))",
        domain,
    )
    goals = [("on", upper, lower) for upper in "abc" for lower in "abc" if upper != lower]
    classes = Counter(problem_class(domain, replace(problem, goal=(Literal(atom=goal),))) for goal in goals)
    assert len(classes) == 6
    negated = replace(problem, goal=(Literal(atom=("on", "b", "c"), positive=False),))
    assert problem_class(domain, negated) not in classes


def test_types_are_seen():
    domain = read_domain(TYPED)
    problem = read_problem(DELIVERY, domain)
    extra = replace(problem, objects={**problem.objects, "z": "box"})
    other = replace(problem, objects={**problem.objects, "z": "room"})
    assert len({problem_class(domain, p) for p in (problem, extra, other)}) == 3


def test_blocksworld_and_mystery_share_their_classes():
    plain, mystery = (
        get_generator(d).generate(stream(8), "4").task() for d in ("blocksworld", "mystery_blocksworld")
    )
    assert problem_class(plain) == problem_class(mystery)


def test_a_domain_alone_has_no_class():
    with pytest.raises(TypeError, match="a domain and a problem"):
        problem_class(TYPED)
