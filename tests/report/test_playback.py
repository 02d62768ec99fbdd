"""A playback says what the checker says, state by state."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from planlearn.chains import ChainStyle, answer_segments, chain_text
from planlearn.evaluate import Reader, score
from planlearn.problems import domain_text
from planlearn.report import FactTable, answer_attempt, problem_json, text_attempt
from tests.evaluate.answers import FRAME, GOAL_MISSED, INAPPLICABLE, NO_CHAIN, TASK, UNREADABLE, VALID, WRONG_EFFECT, sample
from tests.walks import NAMES, walk
from val_bridge import Chain, Task, atom_text, check_plan, read_domain, read_plan, read_problem, read_task

Json = dict[str, Any]


def played(task: Task, text: str, **how: Any) -> tuple[Json, Json]:
    """(problem, attempt); both are JSON."""
    facts = FactTable()
    attempt = text_attempt(task, facts, text, **how)
    return json.loads(json.dumps([problem_json(task, facts), attempt], allow_nan=False))


def states(problem: Json, track: Json) -> list[set[str]]:
    """The true states by what the steps say they changed, as a page builds them."""
    now = set(problem["init"])
    found = [now]
    for step in track["steps"]:
        if step["done"]:
            assert set(step["delete"]) <= now and not set(step["add"]) & now, "only net changes"
            now = (now - set(step["delete"])) | set(step["add"])
            found.append(now)
    return [{problem["facts"][number] for number in state} for state in found]


def texts(chain: Chain, task: Task) -> list[set[str]]:
    return [set(map(atom_text, state)) for state in (task.initial, *(step.after for step in chain.steps))]


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
def test_the_steps_of_a_valid_plan_lead_through_its_true_states(name: str, seed: int) -> None:
    task, chain = walk(name, seed)
    problem, attempt = played(task, "\n".join(map(str, chain.plan.calls)))
    (track,) = attempt["tracks"]
    assert attempt["outcome"] == "valid" and attempt["faults"] == [] and track["name"] == "plan"
    assert states(problem, track) == texts(chain, task)
    assert all(step["done"] and step["needs"] and all(holds for _, holds in step["needs"]) for step in track["steps"])
    assert track["goal_end"] == [True] * len(problem["goal"])
    assert {problem["facts"][number] for number in problem["static"]} == set(map(atom_text, task.static_facts))


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
def test_behind_the_first_step_that_fails_nothing_is_done(name: str, seed: int) -> None:
    task, chain = walk(name, seed)
    calls = list(chain.plan.calls)
    random.Random(seed).shuffle(calls)
    text = "\n".join(map(str, calls))
    verdict = check_plan(task, read_plan(text))
    problem, attempt = played(task, text)
    (track,) = attempt["tracks"]
    done = [step["done"] for step in track["steps"]]
    assert done == [True] * len(verdict.steps) + [False] * (len(calls) - len(verdict.steps))
    assert attempt["outcome"] == verdict.outcome.value
    goal = [literal.holds_in(verdict.steps[-1].after if verdict.steps else task.initial) for literal in task.goal_literals]
    assert track["goal_end"] == goal
    if verdict.first is None or verdict.first.step is None:
        return
    failing, *later = track["steps"][len(verdict.steps) :]
    assert {literal for literal, holds in failing["needs"] if holds is False} == set(verdict.first.failing_literals)
    assert all(holds is None for step in later for _, holds in step["needs"])
    assert attempt["faults"][0]["step"] == len(verdict.steps) + 1
    start, end = attempt["faults"][0]["at"]
    assert text[start:end] == failing["action"]


@pytest.mark.parametrize("style", [ChainStyle(states="full"), ChainStyle(states="changes")], ids=lambda style: style.states)
@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
def test_a_true_chain_claims_what_is_true(name: str, style: ChainStyle, seed: int) -> None:
    task, chain = walk(name, seed)
    text = "".join(segment.text for segment in answer_segments(task, chain, style))
    facts = FactTable()
    attempt = answer_attempt(task, facts, text)
    (track,) = attempt["tracks"]
    assert attempt["outcome"] == "valid" and track["name"] == "plan and chain"
    nothing = {"missing": [], "extra": []}
    assert [step["claim"] for step in track["steps"]] == [nothing] * len(chain.steps)
    for step, call in zip(track["steps"], chain.plan.calls, strict=True):
        assert text[slice(*step["at"])].startswith(call.name)


def test_the_passage_of_a_step_is_all_that_is_said_of_it() -> None:
    task, chain = walk("blocksworld", 3)
    text = "".join(segment.text for segment in answer_segments(task, chain, ChainStyle(states="full", purposes=True))[1:])
    (track,) = answer_attempt(task, FactTable(), text)["tracks"]
    passages = [text[slice(*step["at"])].split("\n") for step in track["steps"]]
    for lines, call in zip(passages, chain.plan.calls, strict=True):
        assert [line.split()[0] for line in lines] in (["for", call.name, "state", "goals"], [call.name, "state", "goals"])


@given(seed=st.integers(0, 10_000), data=st.data())
def test_what_a_claimed_state_lacks_and_has_in_excess(seed: int, data: st.DataObject) -> None:
    task, chain = walk("blocksworld", seed)
    wrong = data.draw(st.integers(0, len(chain.steps)))
    true = [sorted(state) for state in texts(chain, task)]
    left_out = data.draw(st.sampled_from(true[wrong]))
    said = [dict(state=state) | ({"action": str(call)} if call else {}) for state, call in zip(true, (None, *chain.plan.calls), strict=True)]
    said[wrong]["state"] = [*(fact for fact in true[wrong] if fact != left_out), "(on z z)"]
    problem, attempt = played(task, json.dumps(said))
    (track,) = attempt["tracks"]
    assert track["name"] == "chain" and attempt["outcome"] == "invalid"
    claims = [track["first"], *(step["claim"] for step in track["steps"])]
    named = [{side: [problem["facts"][number] for number in numbers] for side, numbers in claim.items()} for claim in claims]
    assert named == [{"missing": [left_out], "extra": ["(on z z)"]} if at == wrong else {"missing": [], "extra": []} for at in range(len(claims))]
    assert states(problem, track) == texts(chain, task), "true states do not follow what is claimed"


@pytest.mark.parametrize("text", [VALID, GOAL_MISSED, INAPPLICABLE, UNREADABLE, NO_CHAIN, WRONG_EFFECT, FRAME, "", "prose", "unsolvable\n", "\0\ud800"])
@pytest.mark.parametrize("reader", Reader)
def test_an_answer_is_judged_as_evaluation_judges_it(text: str, reader: Reader) -> None:
    attempt = answer_attempt(TASK, FactTable(), text, reader=reader)
    recorded = score(TASK, sample(answer=text, reader=reader))
    assert attempt["outcome"] == recorded.outcome.value
    assert attempt["message"] and attempt["text"] == text
    kinds = {fault["kind"] for fault in (*recorded.faults, *(recorded.chain_faults or ()))}
    assert {fault["kind"] for fault in attempt["faults"]} == kinds


def test_a_chain_that_disagrees_with_its_plan_is_a_track_of_its_own() -> None:
    task, chain = walk("blocksworld", 3)
    other = [str(call).strip("()") for call in chain.plan.calls][:-1]
    text = chain_text(task, chain, ChainStyle()) + "Plan:\n" + "\n".join(other) + "\n"
    problem, attempt = played(task, text)
    assert [(track["name"], len(track["steps"])) for track in attempt["tracks"]] == [("plan", len(other)), ("chain", len(chain.steps))]
    assert [fault["track"] for fault in attempt["faults"] if fault["kind"] == "plan_mismatch"] == ["chain"]
    assert attempt["feedback"].startswith("The chain is invalid")
    assert states(problem, attempt["tracks"][1]) == texts(chain, task)


def test_a_fault_that_plan_and_chain_share_is_told_once() -> None:
    attempt = answer_attempt(TASK, FactTable(), INAPPLICABLE)
    assert [fault["kind"] for fault in attempt["faults"]].count("precondition") == 1


def test_a_chain_text_without_a_plan_section_is_judged_as_a_chain() -> None:
    task, chain = walk("blocksworld", 3)
    text = chain_text(task, chain, ChainStyle(states="full"))
    _, attempt = played(task, text)
    assert attempt["outcome"] == "valid" and [track["name"] for track in attempt["tracks"]] == ["chain"]
    _, attempt = played(task, text.replace(" gives holding", " gives clear", 1))
    assert attempt["outcome"] == "invalid"
    _, attempt = played(task, text + "Plan:\nnot, a plan\n")
    assert attempt["outcome"] == "unreadable"


def test_a_plan_that_cannot_be_read_says_where() -> None:
    _, attempt = played(TASK, "(pick-up a)\n(stack a")
    assert attempt["outcome"] == "unreadable" and attempt["tracks"] == []
    (fault,) = attempt["faults"]
    assert (fault["kind"], fault["line"]) == ("plan_syntax", 2)


def test_a_call_of_no_action_needs_nothing_and_changes_nothing() -> None:
    _, attempt = played(TASK, "(pick-up a)\n(fly a)\n(stack a b)")
    first, fly, later = attempt["tracks"][0]["steps"]
    assert first["done"] and fly == {"action": "(fly a)", "done": False, "needs": [], "add": [], "delete": [], "numbers": [], "claim": None, "at": [12, 19]}
    assert not later["done"] and later["needs"] and all(holds is None for _, holds in later["needs"])


def test_a_step_that_fails_would_change_what_is_not_so_already() -> None:
    problem, attempt = played(TASK, "(stack a b)")
    (step,) = attempt["tracks"][0]["steps"]
    assert [problem["facts"][number] for number in step["add"]] == ["(on a b)"], "a is clear and the hand empty"
    assert [problem["facts"][number] for number in step["delete"]] == ["(clear b)"], "nothing is held"


def test_a_wrong_change_stays_in_the_states_that_are_claimed_behind_it() -> None:
    three = "(define (problem p) (:domain blocksworld-4ops) (:objects a b c) (:init (handempty) (ontable b) (on a b) (clear a) (clear c) (ontable c)) (:goal (on a c)))"
    task = read_task(domain_text("blocksworld"), three)
    said = [
        {"state": list(map(atom_text, task.initial))},
        {"action": "(unstack a b)", "add": ["(holding a)"], "delete": ["(on a b)", "(clear a)", "(handempty)"]},  # b is clear now, which it does not say
        {"action": "(stack a c)", "add": ["(on a c)", "(clear a)", "(handempty)"], "delete": ["(holding a)", "(clear c)"]},
    ]
    problem, attempt = played(task, json.dumps(said), changes=True)
    claims = [step["claim"] for step in attempt["tracks"][0]["steps"]]
    assert [[problem["facts"][number] for number in claim["missing"]] for claim in claims] == [["(clear b)"]] * 2


def test_a_recorded_feedback_stands_in_place_of_ours() -> None:
    assert answer_attempt(TASK, FactTable(), INAPPLICABLE, told="told then")["feedback"] == "told then"


def test_a_checker_that_fails_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("planlearn.report.playback.check_plan", fail)
    attempt = answer_attempt(TASK, FactTable(), VALID)
    assert attempt["outcome"] == "checker_error" and "a defect" in attempt["message"] and attempt["text"] == VALID


FUEL = """
(define (domain d) (:requirements :adl :numeric-fluents) (:constants a b) (:predicates (at ?x) (clean ?x) (sold))
  (:functions (fuel))
  (:action go :parameters (?x) :precondition (and (not (at ?x)) (>= (fuel) 2) (forall (?y) (or (clean ?y) (at ?y))))
   :effect (and (at ?x) (decrease (fuel) 2) (forall (?y) (when (at ?y) (not (at ?y)))) (when (at b) (sold)))))
"""
TANK = "(define (problem p) (:domain d) (:init (at a) (clean b) (clean a) (= (fuel) 3)) (:goal (and (at a) (or (sold) (at b)))))"


def test_formulas_conditional_effects_and_numbers() -> None:
    domain = read_domain(FUEL)
    problem, attempt = played(Task(domain, read_problem(TANK, domain)), "(go b)\n(go a)")
    there, back = attempt["tracks"][0]["steps"]
    assert there["done"] and there["numbers"] == [["(fuel)", "3", "1"]]
    assert [problem["facts"][number] for number in there["add"]] == ["(at b)"]
    assert [problem["facts"][number] for number in there["delete"]] == ["(at a)"]
    assert [holds for _, holds in there["needs"]] == [True, True, True]
    assert not back["done"] and [text for text, holds in back["needs"] if not holds] == ["(>= (fuel) 2)"]
    assert [problem["facts"][number] for number in back["add"]] == ["(at a)", "(sold)"], "what it would add"
    assert [goal["text"] for goal in problem["goal"]] == ["(at a)", "(or (sold) (at b))"]
    assert attempt["tracks"][0]["goal_end"] == [False, True]
