"""What can be made ready for a goal: landmarks about its own objects that can hold at the same time."""

import pytest

from planlearn.chains.preparation import preparations
from planlearn.problems import get_generator, stream
from val_bridge import Literal, read_task


def words(task, *atom):
    return [" ".join(each.literal.atom) for each in preparations(task, Literal(atom=atom, positive=True))]


def task_of(domain, size):
    return get_generator(domain).generate(stream("preparation", domain), size).task()


@pytest.mark.parametrize(
    "goal, ready",
    [
        (("on", "a", "b"), ["clear b", "clear a"]),  # not holding a: whatever takes a up deletes clear a
        (("ontable", "a"), ["clear a"]),
        (("clear", "a"), []),  # by put-down, stack and unstack, which share nothing
        (("handempty",), []),
    ],
)
def test_blocks_that_move_or_are_covered_are_cleared_first(goal, ready):
    assert words(task_of("blocksworld", "4"), *goal) == ready


def test_a_preparation_names_what_uses_it_up():
    """Whatever makes `holding b` true needs and deletes `clear b`; `stack ?x b` does so too, for a fact about another object."""
    clear_b, clear_a = preparations(task_of("blocksworld", "4"), Literal(atom=("on", "a", "b"), positive=True))
    assert (clear_b.used_up_by, clear_a.used_up_by) == ((("holding", "b"),), (("holding", "a"),))


def test_a_goal_that_something_be_false_takes_nothing():
    assert preparations(task_of("blocksworld", "4"), Literal(atom=("on", "a", "b"), positive=False)) == []


def test_a_constant_in_an_effect_stands_for_itself_alone():
    domain = KEYS.replace("(:types room)", "(:types room) (:constants home - room)").replace(
        "(:action wire ", "(:action ring :parameters () :precondition (fuse) :effect (wired home))\n(:action wire "
    )
    task = read_task(domain, ROOM)
    assert words(task, "wired", "x") == ["dark x"]  # by wire and rewire
    assert words(task, "wired", "home") == []  # ring does not need `dark home`


def test_words_do_not_matter():
    assert words(task_of("mystery_blocksworld", "4"), "craves", "a", "b") == ["province b", "province a"]


def test_a_package_can_be_in_any_vehicle_so_nothing_is_sure():
    task = task_of("logistics", "in_distribution")
    package, place = next((atom[1], atom[2]) for atom in task.goal)
    assert words(task, "at", package, place) == []


KEYS = """
(define (domain keys) (:requirements :strips :typing) (:types room)
  (:predicates (lit ?r - room) (wired ?r - room) (dark ?r - room) (fuse) (north ?r - room))
  (:action wire :parameters (?r - room) :precondition (and (dark ?r) (north ?r)) :effect (wired ?r))
  (:action rewire :parameters (?r - room) :precondition (and (fuse) (dark ?r)) :effect (and (wired ?r) (not (fuse))))
  (:action light :parameters (?r - room) :precondition (and (wired ?r) (fuse)) :effect (and (lit ?r) (not (dark ?r)))))
"""
ROOM = "(define (problem one) (:domain keys) (:objects x - room) (:init (dark x) (north x) (fuse)) (:goal (lit x)))"


def test_what_all_ways_share_is_found_in_turn_and_static_or_nameless_facts_are_not():
    """`wired x` by two schemas, which share `dark x` alone; `north` never changes, `fuse` names no object."""
    task = read_task(KEYS, ROOM)
    assert words(task, "lit", "x") == ["wired x", "dark x"]
    wired, dark = preparations(task, Literal(atom=("lit", "x"), positive=True))
    assert (wired.used_up_by, dark.used_up_by) == ((), ())  # `light` deletes `dark x`, but does not need it


def test_a_schema_whose_parameters_are_one_object_counts_for_that_object_alone():
    domain = KEYS.replace("(lit ?r - room)", "(lit ?r - room) (pair ?r ?q - room)").replace(
        "(:action wire ",
        "(:action twin :parameters (?r - room) :precondition (wired ?r) :effect (pair ?r ?r))\n(:action wire ",
    )
    task = read_task(domain, ROOM.replace("x - room", "x y - room"))
    assert words(task, "pair", "x", "x") == ["wired x", "dark x"]
    assert words(task, "pair", "x", "y") == []
