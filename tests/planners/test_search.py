"""Breadth-first search: shortest, complete, and it says when it gives up."""

import pytest

from planlearn.errors import EngineError
from planlearn.planners import shortest_plan
from planlearn.problems import get_generator, stream
from val_bridge import read_task

SWITCHES = """
(define (domain switches) (:requirements :negative-preconditions)
  (:predicates (up ?s) (after ?s ?t) (first ?s))
  (:action begin :parameters (?s) :precondition (and (first ?s) (not (up ?s))) :effect (up ?s))
  (:action flip :parameters (?s ?t) :precondition (and (up ?s) (after ?t ?s) (not (up ?t)))
   :effect (and (up ?t) (not (up ?s)))))
"""


def switches(goal):
    return read_task(
        SWITCHES,
        "(define (problem s) (:domain switches) (:objects a b c)"
        f"  (:init (first a) (after b a) (after c b)) (:goal {goal}))",
    )


@pytest.mark.parametrize(
    ("goal", "plan"),
    [
        ("(up c)", ["(begin a)", "(flip a b)", "(flip b c)"]),
        ("(and (up a) (up b))", ["(begin a)", "(flip a b)", "(begin a)"]),
        ("(not (up a))", []),
        ("(and (up a) (not (up a)))", None),
    ],
)
def test_the_shortest_plan_is_found_where_there_is_one(goal, plan):
    task = switches(goal)
    calls = shortest_plan(task, task.initial)
    assert plan == (None if calls is None else [str(call) for call in calls])


def test_it_says_that_it_gave_up():
    task = get_generator("blocksworld").generate(stream("limit"), "5").task()
    with pytest.raises(EngineError, match="no plan for bw-rand-5 found within 10 states"):
        shortest_plan(task, task.initial, limit=10)


def test_ties_go_to_the_first_name_and_rng_chooses_others():
    task = read_task(
        "(define (domain d) (:predicates (done) (thing ?x))"
        "  (:action do :parameters (?x) :precondition (thing ?x) :effect (done)))",
        "(define (problem p) (:domain d) (:objects c b a)"
        "  (:init (thing a) (thing b) (thing c)) (:goal (done)))",
    )
    assert [str(call) for call in shortest_plan(task, task.initial)] == ["(do a)"]
    drawn = {str(shortest_plan(task, task.initial, rng=stream(i))[0]) for i in range(30)}
    assert drawn == {"(do a)", "(do b)", "(do c)"}
