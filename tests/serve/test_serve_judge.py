"""What the checking process answers, without the process."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlearn.corpus.corrupt import ErrorClass
from planlearn.problems import domain_text
from planlearn.report import FactTable, text_attempt
from planlearn.serve.examples import PROBLEMS, examples
from planlearn.serve.judge import MOST_OPTIONS, NEEDS_VALID, answer
from val_bridge import read_task

BLOCKS = {"domain": domain_text("blocksworld"), "problem": PROBLEMS["blocksworld"]}


def asked(op: str, **more: Any) -> dict[str, Any]:
    return answer({"op": op, **BLOCKS, **more})


def outcome(text: str, name: str = "blocksworld") -> dict[str, Any]:
    return text_attempt(read_task(domain_text(name), PROBLEMS[name]), FactTable(), text)


def test_a_check_gives_an_entry_of_the_player_and_a_sentence() -> None:
    said = asked("check", plan="(unstack c a)\n(stack c b)\n")
    assert set(said) == {"entry", "verdict", "picture"}
    assert said["entry"]["domain"] == "blocksworld"
    assert said["entry"]["attempts"][0]["label"] == "your text"
    assert said["verdict"] == {"tone": "bad", "text": "The plan is invalid: it does not reach the goal."}


@pytest.mark.parametrize(("kind", "form", "tone"), [("valid", "plan", "good"), ("valid", "chain", "good"), ("valid", "json", "good"), ("transition", "chain", "mixed"), ("goal", "plan", "bad")])
def test_the_sentence_speaks_of_plan_and_chain(kind: str, form: str, tone: str) -> None:
    one = next(one for one in examples() if one.group == "blocksworld" and (one.kind, one.form) == (kind, form))
    verdict = asked("check", plan=one.plan)["verdict"]
    assert verdict["tone"] == tone
    expected = {"plan": "The plan is", "json": "The chain is valid.", "chain": "The plan and the chain are valid." if kind == "valid" else "The plan is valid, but what is written"}
    assert verdict["text"].startswith(expected[form])


@pytest.mark.parametrize(("part", "text", "line"), [("domain", "(define (domain d)\n(:predicates (p)", 1), ("problem", PROBLEMS["blocksworld"].replace("(on c a)", "(onn c a)"), 4)])
def test_a_text_that_cannot_be_read_is_named_with_its_place(part: str, text: str, line: int) -> None:
    said = answer({"op": "check", **BLOCKS, "plan": "", part: text})
    assert set(said) == {"error"}
    assert said["error"]["where"] == part
    start, end = said["error"]["at"]
    assert said["error"]["line"] == text.count("\n", 0, start) + 1 >= line
    assert end >= start
    assert said["error"]["expected"] and said["error"]["found"]


def test_a_hint_comes_with_the_error() -> None:
    said = answer({"op": "check", **BLOCKS, "problem": PROBLEMS["blocksworld"].replace("(on c a)", "(onn c a)"), "plan": ""})
    assert said["error"]["hint"] == "on"


def test_a_text_being_written_has_no_fault_before_there_is_one() -> None:
    chain = asked("show", form="chain")["text"]
    task = read_task(BLOCKS["domain"], BLOCKS["problem"])
    steps = len(text_attempt(task, FactTable(), chain)["tracks"][0]["steps"])
    seen = []
    for end in range(len(chain)):
        said = asked("check", plan=chain[:end], partial=True)
        assert said["entry"]["attempts"][0]["faults"] == [], chain[:end]
        assert said["verdict"]["tone"] == "open"
        seen.append(len(said["entry"]["attempts"][0]["tracks"][0]["steps"]) if said["entry"]["attempts"][0]["tracks"] else 0)
    assert max(seen) == steps


def test_a_text_being_written_shows_a_fault_at_once() -> None:
    said = asked("check", plan="Chain:\nstack a b takes clear b, holding a gives on a b, clear a, handempty\n", partial=True)
    assert said["verdict"] == {"tone": "bad", "text": "Being written: 1 step so far, and step 1 is wrong."}


def test_options_are_the_applicable_actions_behind_the_calls() -> None:
    assert asked("options", calls=[]) == {"actions": ["(pick-up b)", "(unstack c a)"], "more": 0}
    assert asked("options", calls=["(unstack c a)"]) == {"actions": ["(put-down c)", "(stack c a)", "(stack c b)"], "more": 0}
    assert asked("options", calls=["(stack a b)", "(pick-up a)"])["trouble"].startswith("Step 1 cannot be executed")


def test_options_respect_numbers() -> None:
    domain = """(define (domain van) (:requirements :numeric-fluents) (:predicates (home)) (:functions (fuel))
      (:action trip :parameters () :precondition (>= (fuel) 2) :effect (decrease (fuel) 2)))"""
    problem = "(define (problem p) (:domain van) (:init (home) (= (fuel) 3)) (:goal (home)))"
    request = {"op": "options", "domain": domain, "problem": problem}
    assert answer({**request, "calls": []})["actions"] == ["(trip)"]
    assert answer({**request, "calls": ["(trip)"]})["actions"] == []


def test_of_many_options_the_first_are_listed_and_the_others_counted() -> None:
    domain = "(define (domain d) (:predicates (p ?a) (g)) (:action go :parameters (?a ?b) :precondition (and (p ?a) (p ?b)) :effect (g)))"
    names = [f"o{number}" for number in range(20)]
    problem = f"(define (problem q) (:domain d) (:objects {' '.join(names)}) (:init {' '.join(f'(p {name})' for name in names)}) (:goal (g)))"
    said = answer({"op": "options", "domain": domain, "problem": problem, "calls": []})
    assert (len(said["actions"]), said["more"]) == (MOST_OPTIONS, 400 - MOST_OPTIONS)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("form", ["plan", "chain", "json"])
def test_what_the_planner_shows_is_valid_in_every_form(name: str, form: str) -> None:
    said = answer({"op": "show", "domain": domain_text(name), "problem": PROBLEMS[name], "form": form})
    judged = outcome(said["text"], name)
    assert (judged["outcome"], judged["faults"], judged["unread"]) == ("valid", [], [])


def test_a_problem_without_a_plan_is_said_to_have_none() -> None:
    problem = PROBLEMS["blocksworld"].replace("(and (on a b) (on b c))", "(and (on a b) (on b a))")
    assert "no plan" in answer({"op": "show", "domain": BLOCKS["domain"], "problem": problem, "form": "plan"})["trouble"]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(PROBLEMS)), form=st.sampled_from(["plan", "chain", "json"]))
def test_a_planted_fault_is_the_first_one_and_is_what_is_said(seed: int, name: str, form: str) -> None:
    texts = {"domain": domain_text(name), "problem": PROBLEMS[name]}
    valid = answer({"op": "show", **texts, "form": form})["text"]
    said = answer({"op": "spoil", **texts, "plan": valid, "seed": seed})
    hidden = said.pop("answer")
    judged = outcome(said["text"], name)
    assert judged["faults"], said["text"]
    assert judged["faults"][0]["step"] == hidden["step"]
    assert said["form"] == form
    assert hidden["error"] in ({ErrorClass.PRECONDITION, ErrorClass.GOAL} if form == "plan" else set(ErrorClass))
    assert (hidden["step"] is None) == (hidden["error"] == ErrorClass.GOAL)
    # What goes to the page says nothing of it.
    assert set(said) == {"text", "form", "steps", "problem", "picture"}
    assert hidden["message"] not in json.dumps(said)


def test_a_text_that_is_wrong_already_is_not_spoiled() -> None:
    assert asked("spoil", plan="(pick-up b)\n", seed=1) == {"trouble": NEEDS_VALID}
    wrong = next(one for one in examples() if one.group == "blocksworld" and one.kind == "transition")
    assert asked("spoil", plan=wrong.plan, seed=1) == {"trouble": NEEDS_VALID}


def test_all_classes_are_planted_in_chains() -> None:
    valid = asked("show", form="chain")["text"]
    rng = Random(0)
    found = {asked("spoil", plan=valid, seed=rng.randrange(2**32))["answer"]["error"] for _ in range(60)}
    assert found == set(ErrorClass)


def test_a_prompt_is_written_in_the_models_style() -> None:
    style = {"states": "full", "goals": True, "purposes": False, "domain_in_prompt": False}
    own = asked("prompt", style=style, trained_on="blocksworld")["prompt"]
    other = asked("prompt", style=style, trained_on="logistics")["prompt"]
    assert own.endswith("Chain:\n") and "Actions:" not in own
    assert "Actions:\n" in other
