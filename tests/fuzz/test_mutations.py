"""A few hundred mutated texts of each kind, and each check shown failing; `python -m tests.fuzz.run` has more."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.fuzz import oracles
from tests.fuzz.mutate import MUTATIONS, mutated, mutated_bytes
from tests.fuzz.oracles import KINDS, Case, Kind, Slow, Wrong, examine
from tests.fuzz.run import make_case, texts_of
from tests.fuzz.seeds import Seed, seeds
from tests.fuzz.witness import Witness, plain_calls, said
from tests.val_bridge.conftest import BLOCKS_DOMAIN, BLOCKS_PROBLEM
from val_bridge import Outcome, Plan, SourceError, Span, Verdict, check_plan, read_plan, read_task
from val_bridge.dialect.binary import ValNotFound, find_val

COUNT = 300
BECOMES: dict[Kind, set[str]] = {
    "domain": {"refused", "accepted", "judged"},
    "problem": {"refused", "judged"},
    "plan": {"refused", "valid", "invalid"},
    "answer": {"no plan", "unreadable", "valid", "invalid"},
    "chain": {"no chain", "valid", "invalid"},
    "json": {"refused", "valid", "invalid", "unreadable"},
}
PLAN = "(unstack b a) (stack b c) (pick-up a) (stack a b)"
BLOCKS = Seed(name="blocks", domain=BLOCKS_DOMAIN, problem=BLOCKS_PROBLEM, plans=(PLAN,))


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_texts_are_judged_or_refused(kind, tmp_path):
    became = Counter(examine(make_case(kind, number, 0), tmp_path).became for number in range(COUNT))
    assert became.total() == COUNT and BECOMES[kind] - became.keys() <= {"accepted", "valid"}, became


def test_seeds_are_right():
    """What is mutated is accepted before, and holds valid plans in every world of which a walk is known."""
    assert {kind for kind in KINDS if any(texts_of(seed, kind) for seed in seeds())} == set(KINDS)
    became = Counter()
    for seed in seeds():
        for kind in ("domain", "plan", "answer", "chain", "json"):
            for text in texts_of(seed, kind):
                became[kind, examine(Case(kind=kind, seed=seed, text=text)).became] += 1
    assert became["domain", "judged"] == len(seeds())
    assert not [what for what in became if what[1] in ("refused", "no chain", "accepted") and what[0] != "plan"]
    assert min(became[kind, "valid"] for kind in ("plan", "answer", "chain", "json")) >= 8, became


def test_what_is_called_valid_is_valid_to_val_or_explained(need, tmp_path):
    try:
        find_val()
    except ValNotFound as error:
        need("val", str(error))
    from tests.fuzz.val import disagreements

    cases = [make_case(kind, number, 1) for kind in ("domain", "problem", "plan") for number in range(100)]
    valid = {one: case.kind for case in cases for one in examine(case, tmp_path).valid}
    assert len(valid) > 30
    assert disagreements(valid, tmp_path) == 0


def test_a_case_depends_on_its_number_alone():
    for kind in KINDS:
        assert make_case(kind, 7, 3) == make_case(kind, 7, 3) != make_case(kind, 7, 4)
    for mutation in MUTATIONS:
        one, other = (mutation(BLOCKS_DOMAIN, random.Random(5), [PLAN]) for _ in range(2))
        assert one == other


def test_every_mutation_changes_texts_and_survives_the_empty_one():
    for mutation in MUTATIONS:
        texts = {mutation(BLOCKS_DOMAIN, random.Random(number), [PLAN, ""]) for number in range(40)}
        assert len(texts - {BLOCKS_DOMAIN}) > 3, mutation
        mutation("", random.Random(1), [])
    assert mutated("", random.Random(1), []) is not None and mutated_bytes(b"", random.Random(2)) is not None


# Each check fails where it should


def plan_case(text: str = PLAN) -> Case:
    return Case(kind="plan", seed=BLOCKS, text=text)


def test_an_exception_that_nobody_documents_is_a_find(monkeypatch):
    assert examine(plan_case()).became == "valid"
    monkeypatch.setattr(oracles, "check_plan", lambda *_: [][0])
    with pytest.raises(IndexError):
        examine(plan_case())


def test_a_wrong_verdict_is_a_find(monkeypatch):
    examine(plan_case("(unstack b a)"))
    monkeypatch.setattr(oracles, "check_plan", lambda task, plan: Verdict(outcome=Outcome.VALID))
    for text in ("(unstack b a)", "(pick-up a)", "(pick-up z)", "(fly)", "(stack a b c)"):
        with pytest.raises(Wrong, match="the witness says"):
            examine(plan_case(text))


def test_a_part_that_the_reader_drops_is_a_find(monkeypatch):
    """What is written from what was read lacks it too, so the witness reads the text itself as well."""
    shorter = BLOCKS_DOMAIN.replace("(clear ?ob) (ontable ?ob) (handempty)", "")
    read = oracles.read_domain
    monkeypatch.setattr(oracles, "read_domain", lambda text: read(shorter if text == BLOCKS_DOMAIN else text))
    seed = replace(BLOCKS, plans=("(pick-up a)",))
    with pytest.raises(Wrong, match="the witness says"):
        examine(Case(kind="domain", seed=seed, text=BLOCKS_DOMAIN))
    listed = BLOCKS_DOMAIN.replace("(and (clear ?ob) (ontable", "((clear ?ob) (ontable")
    monkeypatch.setattr(oracles, "read_domain", lambda text: read(shorter if text == listed else text))
    with pytest.raises(Wrong, match="the witness cannot read it"):
        examine(Case(kind="domain", seed=seed, text=listed))


def test_a_valid_chain_of_a_wrong_plan_is_a_find(monkeypatch):
    case = Case(kind="json", seed=BLOCKS, text='[{"action": "(pick-up a)"}]')
    assert examine(case).became == "invalid"
    monkeypatch.setattr(oracles, "check_chain", lambda *_, **__: Verdict(outcome=Outcome.VALID))
    with pytest.raises(Wrong, match="a valid chain"):
        examine(case)


def test_text_that_is_dropped_is_a_find(monkeypatch):
    monkeypatch.setattr(oracles, "read_plan", lambda text: Plan())
    with pytest.raises(Wrong, match="read was"):
        examine(plan_case())


@pytest.mark.parametrize("kind", ["domain", "problem"])
def test_writing_something_else_is_a_find(kind, monkeypatch):
    case = Case(kind=kind, seed=BLOCKS, text=getattr(BLOCKS, kind))
    assert examine(case).became == "judged"
    write = getattr(oracles, f"write_{kind}")
    old, new = {"domain": ("(not (clear ?ob))", ""), "problem": ("(clear b)", "")}[kind]
    monkeypatch.setattr(oracles, f"write_{kind}", lambda value: write(value).replace(old, new))
    with pytest.raises(Wrong, match="does not read back"):
        examine(case)


@pytest.mark.parametrize(
    ("span", "says"),
    [((1, 1, 3, 900), "outside"), ((2, 1, 0, 1), "wrong line"), ((1, 2, 0, 1), "wrong column")],
)
def test_a_wrong_place_is_a_find(span, says, monkeypatch):
    def refuse(text):
        places = dict(zip(("line", "column", "start", "end"), span, strict=True))
        raise SourceError("plan_syntax", Span(file="x", **places), "this", "that")

    monkeypatch.setattr(oracles, "read_plan", refuse)
    with pytest.raises(Wrong, match=says):
        examine(plan_case())


def test_a_refusal_of_another_kind_is_a_find(monkeypatch):
    def refuse(text):
        raise SourceError("domain_syntax", Span(file="x", line=1, column=1, start=0, end=1), "this", "that")

    monkeypatch.setattr(oracles, "read_plan", refuse)
    with pytest.raises(Wrong, match="refused as domain_syntax"):
        examine(plan_case())


def test_an_empty_plan_out_of_prose_is_a_find(monkeypatch):
    case = Case(kind="answer", seed=BLOCKS, text="There is none.")
    assert examine(case).became == "no plan"
    found = oracles.find_plan("There is none.", read_task(BLOCKS_DOMAIN, BLOCKS_PROBLEM))
    monkeypatch.setattr(oracles, "find_plan", lambda *_: replace(found, plan=Plan()))
    with pytest.raises(Wrong, match="out of prose"):
        examine(case)


def test_a_slow_case_is_a_find(monkeypatch):
    monkeypatch.setattr(oracles, "SECONDS", -1.0)
    with pytest.raises(Slow):
        examine(plan_case())


# The witness


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("(a b) ; (c)\n( D )", [("a", "b"), ("d",)]),
        ("0.5: (a) [1]\n1 : (b)", [("a",), ("b",)]),
        ("", []),
        ("(a) b", None),
        ("(a (b))", None),
        ("()", None),
        ("(a\u00a0b)", None),
    ],
)
def test_the_calls_of_a_plan_text(text, calls):
    assert plain_calls(text) == calls


def test_a_task_with_too_many_bindings_is_not_asked_about():
    domain = "(define (domain d) (:predicates (p ?x)) (:action a :precondition (forall (%s) (p ?x0))))"
    problem = f"(define (problem p) (:domain d) (:objects {' '.join(f'o{n}' for n in range(20))}) (:init) (:goal ()))"
    few, many = (domain % " ".join(f"?x{n}" for n in range(count)) for count in (1, 4))
    assert not Witness(read_task(few, problem)).too_heavy
    assert Witness(read_task(many, problem)).too_heavy


def test_numbers_that_are_too_long_are_undefined_for_the_witness_too():
    """Squaring a fluent doubles its bits: a find of the fuzzer's, ten steps long."""
    domain = (
        "(define (domain d) (:predicates (p)) (:functions (f))"
        " (:action square :effect (scale-up (f) (f))) (:action sum :effect (assign (f) (* (f) (f)))))"
    )
    task = read_task(domain, "(define (problem p) (:domain d) (:init (= (f) 3)) (:goal (p)))")
    for name in ("square", "sum"):
        calls = [(name,)] * 20
        verdict = check_plan(task, read_plan(f"({name}) " * 20))
        assert said(verdict) == Witness(task).judge(calls) == ("numeric_undefined", 16)
        assert said(check_plan(task, read_plan(f"({name}) " * 15))) == Witness(task).judge(calls[:15]) == ("goal", None)
