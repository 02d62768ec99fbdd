"""What a step is for: the links to a goal, by hand and as laws over random chains and over reference plans."""

from itertools import groupby, pairwise

import pytest

from planlearn.chains import ChainStyle, chain_text, read_answer
from planlearn.chains.preparation import Preparations
from planlearn.chains.purpose import Purpose, Sought, purposes
from planlearn.chains.ways import telling_apart
from planlearn.planners import plan
from planlearn.problems import DOMAINS, domain_text, get_generator, stream
from tests.walks import NAMES, SIZES, walk
from val_bridge import Chain, Literal, Outcome, State, Task, check_chain, execute, read_plan, read_task

TOWER = """
(define (problem tower) (:domain blocksworld-4ops) (:objects a b c d)
  (:init (handempty) (ontable a) (on c a) (on d c) (clear d) (ontable b) (clear b)) (:goal (on a b)))
"""
TOWER_PLAN = "(unstack d c) (put-down d) (unstack c a) (put-down c) (pick-up a) (stack a b)"


def path(purpose: Purpose) -> list[Literal]:
    return [literal for literal, _ in groupby(level.literal for level in purpose)]


def words(task: Task, chain: Chain) -> list[str]:
    return [" < ".join(" ".join(literal.atom) for literal in path(purpose)) for purpose in purposes(task, chain)]


def solved(problem: str, plan_text: str) -> tuple[Task, Chain]:
    task = read_task(domain_text("blocksworld"), problem)
    return task, execute(task, read_plan(plan_text).calls)


def test_links_lead_from_the_goal_down_to_the_step() -> None:
    assert words(*solved(TOWER, TOWER_PLAN)) == [
        "clear a < clear c",
        "clear a < handempty",
        "clear a",
        "on a b < holding a < handempty",
        "on a b < holding a",
        "on a b",
    ]


def test_a_step_of_no_use_has_no_purpose() -> None:
    """Nothing behind the goal is for anything, nor is taking up what is put down again."""
    chain = "(pick-up b) (put-down b) (unstack d c) (stack d b) (unstack c a) (put-down c)"
    found = words(*solved(TOWER.replace("(on a b)", "(clear a)"), chain))
    assert found == ["", "clear a < clear c < handempty", "clear a < clear c", "clear a < handempty", "clear a", ""]


def test_the_first_goal_by_name_counts_where_it_leads_to_the_step() -> None:
    """`clear a`, although `on d b` is reached before it."""
    problem = TOWER.replace("(:goal (on a b))", "(:goal (and (on d b) (clear a)))")
    chain = "(unstack d c) (stack d b) (unstack c a)"
    assert words(*solved(problem, chain)) == ["clear a < clear c", "clear a < handempty", "clear a"]


def test_else_the_causal_links_count() -> None:
    """`clear b` is open and comes first, but leads to a later step: `unstack d a` is for `holding a`."""
    problem = """
    (define (problem piles) (:domain blocksworld-4ops) (:objects a b c d)
      (:init (handempty) (ontable a) (on d a) (clear d) (ontable b) (on c b) (clear c)) (:goal (on a b)))
    """
    chain = "(unstack d a) (put-down d) (unstack c b) (put-down c) (pick-up a) (stack a b)"
    task, true = solved(problem, chain)
    assert words(task, true)[:3] == ["on a b < holding a < clear a", "clear b < handempty", "clear b"]
    assert said(task, true)[0] == (
        "on a b: clear b no, holding a no: ontable a yes, clear a no: holding a no, on d a yes, clear d yes, handempty yes"
    )


def said(task: Task, chain: Chain, word: str = "for") -> list[str]:
    """The purposes as a chain has them, or what another of its lines says."""
    lines = chain_text(task, chain, ChainStyle(purposes=True)).splitlines()
    return [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]


def test_what_a_literal_takes_is_looked_up_to_what_comes_next() -> None:
    assert said(*solved(TOWER, TOWER_PLAN)) == [
        "clear a: holding a no, on c a yes, clear c no: holding c no, on d c yes, clear d yes, handempty yes",
        "clear a: holding a no, on c a yes, clear c yes, handempty no: holding d yes",
        "clear a: holding a no, on c a yes, clear c yes, handempty yes",
        "on a b: clear b yes, holding a no: ontable a yes, clear a yes, handempty no: holding c yes",
        "on a b: clear b yes, holding a no: ontable a yes, clear a yes, handempty yes",
        "on a b: clear b yes, holding a yes",
    ]


def test_what_open_goals_take_beforehand_stands_above_every_step() -> None:
    """`clear a` has done its work once a is held; what is reached takes nothing."""
    assert said(*solved(TOWER, TOWER_PLAN), "goals") == [
        "on a b no clear b yes clear a no",
        "on a b no clear b yes clear a no",
        "on a b no clear b yes clear a no",
        "on a b no clear b yes clear a yes",
        "on a b no clear b yes clear a yes",
        "on a b no clear b yes",
        "on a b yes",
    ]


def test_goals_lead_to_the_goal_that_is_reached_first() -> None:
    """By the objects that they share: to put a on b, b goes on c first, once all that moves is clear."""
    problem = TOWER.replace("(:goal (on a b))", "(:goal (and (on a b) (on b c) (on c d)))")
    chain = (
        "(unstack d c) (put-down d) (unstack c a) (stack c d) (pick-up b) (stack b c) (pick-up a) (stack a b)"
    )
    task, true = solved(problem, chain)
    found = said(task, true)
    assert found[2] == "clear a: holding a no, on c a yes, clear c yes, handempty yes"
    assert found[3] == "on a b after on b c no after on c d no: clear d yes, holding c yes"
    assert found[4] == "on a b after on b c no after on c d yes: clear c yes, holding b no: ontable b yes, clear b yes, handempty yes"
    assert found[7] == "on a b after on b c yes: clear b yes, holding a yes"
    # What two goals take stands for each of them.
    assert said(task, true, "goals")[4] == "on a b no clear b yes clear a yes, on b c no clear c yes clear b yes, on c d yes"


def test_what_is_used_up_is_not_asked_for() -> None:
    """With c in the hand, `clear c` is not, for `on c d` or for `on b c`, which takes it too."""
    problem = TOWER.replace("(:goal (on a b))", "(:goal (and (on b c) (on c d)))")
    chain = "(unstack d c) (put-down d) (unstack c a) (stack c d) (pick-up b) (stack b c)"
    task, true = solved(problem, chain)
    assert said(task, true, "goals")[3:5] == ["on b c no clear b yes, on c d no clear d yes", "on b c no clear c yes clear b yes, on c d yes"]
    assert said(task, true)[3:5] == [
        "on b c after on c d no: clear d yes, holding c yes",
        "on b c after on c d yes: clear c yes, holding b no: ontable b yes, clear b yes, handempty yes",
    ]


def test_what_tells_the_ways_apart_is_looked_up_before_the_way_is_taken() -> None:
    """a is taken up off c: `ontable a` says so before `on a c` or `clear a` has to be chosen."""
    problem = TOWER.replace("(on c a) (on d c) (clear d)", "(clear c) (ontable d) (on c d) (on a c)").replace("(clear c)", "(clear a)")
    task, chain = solved(problem.replace("(ontable a)", ""), "(unstack a c) (stack a b)")
    assert said(task, chain)[0] == "on a b: clear b yes, holding a no: ontable a no, on a c yes, clear a yes, handempty yes"
    text = chain_text(task, chain, ChainStyle(purposes=True))
    claim = read_answer(f"{text}Plan:\nunstack a c\nstack a b", task).chain.claims[0]
    assert claim.precondition == {("on", "a", "c"), ("clear", "a"), ("handempty",)}


def test_no_more_than_what_tells_ways_apart_is_looked_up_beside_the_preconditions() -> None:
    """What does not hold and belongs to no other way is a wrong claim, though it is true that it does not hold."""
    task, chain = solved(TOWER.replace("(:goal (on a b))", "(:goal (clear c))"), "(unstack d c)")
    (line,) = said(task, chain)
    assert line == "clear c: holding c no, on d c yes, clear d yes, handempty yes"
    for beside, sound in (("holding c no, ", True), ("", True), ("on a c no, ", False), ("clear a no, ", False)):
        text = chain_text(task, chain, ChainStyle(purposes=True)).replace("holding c no, ", beside)
        parsed = read_answer(f"{text}Plan:\nunstack d c", task).chain
        assert (check_chain(task, parsed).outcome is Outcome.VALID) is sound, beside


TYPED = """
(define (domain d) (:requirements :strips :typing) (:types thing loc - object truck pkg - thing)
  (:predicates (at ?x - thing ?l - loc) (fueled ?t - truck) (in ?p - pkg ?t - truck))
  (:action drive :parameters (?t - truck ?f ?l - loc) :precondition (and (at ?t ?f) (fueled ?t))
   :effect (and (at ?t ?l) (not (at ?t ?f)) (not (fueled ?t))))
  (:action refuel :parameters (?t - truck) :effect (fueled ?t))
  (:action load :parameters (?p - pkg ?t - truck ?l - loc) :precondition (and (at ?p ?l) (at ?t ?l))
   :effect (and (in ?p ?t) (not (at ?p ?l))))
  (:action unload :parameters (?p - pkg ?t - truck ?l - loc) :precondition (and (in ?p ?t) (at ?t ?l))
   :effect (and (at ?p ?l) (not (in ?p ?t)))))
"""


def test_a_way_for_objects_of_another_type_is_none() -> None:
    """A truck gets somewhere by driving, which needs fuel; a package does not."""
    problem = (
        "(define (problem z) (:domain d) (:objects t1 - truck p1 - pkg a b - loc)"
        " (:init (at t1 a) (at p1 a) (fueled t1)) (:goal (at p1 b)))"
    )
    task = read_task(TYPED, problem)
    chain = execute(task, read_plan("(load p1 t1 a) (drive t1 a b) (unload p1 t1 b)").calls)
    assert telling_apart(task, ("at", "p1", "b")) == ()
    assert said(task, chain)[0] == "at p1 b: in p1 t1 no: at p1 a yes, at t1 a yes"
    text = chain_text(task, chain, ChainStyle(purposes=True))
    parsed = read_answer(f"{text}Plan:\nload p1 t1 a\ndrive t1 a b\nunload p1 t1 b", task).chain
    assert check_chain(task, parsed).outcome is Outcome.VALID


def test_a_fact_does_not_tell_its_own_ways_apart() -> None:
    """One way needs the fact and adds it again."""
    domain = (
        "(define (domain d) (:predicates (p ?x) (q ?x) (r ?x)) (:action keep :parameters (?x) :precondition (and (p ?x) (r ?x))"
        " :effect (p ?x)) (:action make :parameters (?x) :precondition (q ?x) :effect (and (p ?x) (not (q ?x)) (not (r ?x)))))"
    )
    task = read_task(domain, "(define (problem z) (:domain d) (:objects o) (:init (q o)) (:goal (p o)))")
    assert telling_apart(task, ("p", "o")) == (("r", "o"), ("q", "o"))


def holds(literal: Literal, state: State) -> bool:
    return (literal.atom in state) is literal.positive


def check_laws(task: Task, chain: Chain) -> int:
    """How many steps have a purpose. Of each: all on its path is false before the step and its end is made by the step;
    every lookup is true; each level but the last leads on to the next; what holds on the last is the step's preconditions, what
    does not tells ways apart."""
    found = purposes(task, chain)
    assert len(found) == len(chain)
    for purpose, step in zip(found, chain.steps, strict=True):
        assert not any(holds(level.literal, step.before) for level in purpose)
        assert not purpose or holds(purpose[-1].literal, step.after)
        for level, below in pairwise(purpose):
            last = level.lookups[-1]
            assert last.holds is (below.literal == level.literal)
            assert not last.holds or level.what is Sought.BEFORE
            assert last.holds or below.literal == last.literal
        for level in purpose:
            assert all(each.holds is holds(each.literal, step.before) for each in level.lookups)
        if purpose:
            assert purpose[-1].what is Sought.PRECONDITIONS
            needed = {(at.literal.atom, at.literal.positive) for at in purpose[-1].lookups if at.holds}
            passed = [at.literal for at in purpose[-1].lookups if not at.holds]
            assert all(each.atom in telling_apart(task, purpose[-1].literal.atom) for each in passed)
            fluent = {(atom, True) for atom in step.action.precondition} | {(a, False) for a in step.action.negative}
            assert needed == {(atom, sign) for atom, sign in fluent if atom[0] not in task.static}
    return sum(map(bool, found))


@pytest.mark.parametrize("name", NAMES)
def test_laws_on_random_chains(name: str) -> None:
    assert sum(check_laws(*walk(name, seed, steps=1 + seed)) for seed in range(20)) > 20


# Depots has shortest plans alone, which may turn to another goal than the first.
@pytest.mark.parametrize("name", sorted(DOMAINS.keys() - {"depots"}))
def test_every_step_of_a_good_plan_is_for_the_first_that_does_not_hold(name: str) -> None:
    for index in range(20):
        task = get_generator(name).generate(stream("purpose", name, index), SIZES[name]).task()
        chain = execute(task, plan(task, to_teach=True).calls)
        assert check_laws(task, chain) == len(chain)
        prepare = Preparations(task)
        for purpose, step in zip(purposes(task, chain), chain.steps, strict=True):
            wanted = [one for each in prepare.wanted(step.before).values() for one in each if not one.holds_in(step.before)]
            assert purpose[0].literal.atom == (wanted[0].atom if wanted else min(task.goal - step.before))


def test_plans_to_teach_turn_to_the_first_that_does_not_hold() -> None:
    """So that the lookups tell what to do next: no step is for another goal than that of the way down."""
    for index in range(60):
        task = get_generator("blocksworld").generate(stream("first", index), "5").task()
        chain = execute(task, plan(task, to_teach=True).calls)
        for purpose in purposes(task, chain):
            assert not any(level.what is Sought.OTHER_GOAL for level in purpose)
            for level in purpose:
                apart = telling_apart(task, level.literal.atom) if level.what is Sought.PRECONDITIONS else ()
                assert all(lookup.holds or lookup.literal.atom in apart for lookup in level.lookups[:-1])


def test_another_goal_is_named_where_the_way_down_leads_past_the_step() -> None:
    """a could go on b at once, but the plan turns to c first."""
    problem = TOWER.replace("(on c a) (on d c) (clear d)", "(clear a) (ontable c) (clear c) (ontable d) (clear d)")
    problem = problem.replace("(:goal (on a b))", "(:goal (and (on a b) (on c d)))")
    found = said(*solved(problem, "(pick-up c) (stack c d) (pick-up a) (stack a b)"))
    assert found[0] == "on a b but on c d no: clear d yes, holding c no: ontable c yes, clear c yes, handempty yes"


def test_a_goal_that_is_the_first_preparation_itself_stands_once() -> None:
    """`clear a` comes first by name and is what `on a b` takes."""
    problem = TOWER.replace("(:goal (on a b))", "(:goal (and (on a b) (clear a)))")
    task, chain = solved(problem, TOWER_PLAN)
    assert said(task, chain)[2] == "clear a: holding a no, on c a yes, clear c yes, handempty yes"
