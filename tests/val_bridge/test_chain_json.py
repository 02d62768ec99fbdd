"""Chains as JSON: what is read, what is refused and where, and the answer with each fact's cause."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from val_bridge import (
    Call,
    Claim,
    Outcome,
    ParsedChain,
    SourceError,
    chain_answer,
    check_chain,
    execute,
    read_chain,
    read_plan,
    read_task,
)
from val_bridge.check.chain import MOST_FAULTS, MOST_MALFORMED
from val_bridge.check.faults import VIOLATION_KINDS

DOMAIN = """(define (domain lamps) (:predicates (lit ?l) (hand ?l) (wired ?l))
 (:action light :parameters (?l) :precondition (and (wired ?l) (not (lit ?l)) (hand ?l))
  :effect (and (lit ?l) (not (hand ?l))))
 (:action reach :parameters (?l) :precondition (wired ?l) :effect (hand ?l)))"""
PROBLEM = """(define (problem two) (:domain lamps) (:objects a b)
 (:init (wired a) (wired b)) (:goal (and (lit a) (not (hand a)))))"""
TASK = read_task(DOMAIN, PROBLEM, "lamps.pddl")
WIRED = ["(wired a)", "(wired b)"]
TRUE = [
    {"state": WIRED},
    {"action": "(reach a)", "state": ["(hand a)", *WIRED]},
    {"action": "(light a)", "state": ["(lit a)", *WIRED]},
]


def answer(items, **options):
    changes = options.pop("changes", False)
    return chain_answer(TASK, check_chain(TASK, read_chain(json.dumps(items), changes=changes), **options))


def with_state(number, state):
    return [item | ({"state": state} if place == number else {}) for place, item in enumerate(TRUE)]


def facts(step):
    return [(violation["kind"], violation["fact"]) for violation in step["violations"]]


# Reading


def test_items_become_claims_with_places():
    text = '[{"state": ["(wired a)"]},\n {"action": "(REACH a)", "add": ["(hand a)"], "delete": [], "precondition": []}]'
    parsed = read_chain(text, "c.json")
    assert parsed.initial == {("wired", "a")}
    (claim,) = parsed.claims
    call = Call(name="reach", arguments=("a",))
    nothing = frozenset()
    assert claim == Claim(call=call, add=frozenset({("hand", "a")}), delete=nothing, precondition=nothing)
    assert (claim.span.file, claim.span.line, claim.span.column) == ("c.json", 2, 2)
    assert read_chain("[]") == ParsedChain()
    assert read_chain('[{"action": "(reach a)"}]').initial is None


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", "1:1", "'[', the start of a JSON list"),
        ('{"state": []}', "1:1", "'[', the start of a JSON list"),
        ('[{"state": []}', "1:15", "',' or ']'"),
        ('[{"state": []}] x', "1:17", "nothing after the list's ']'"),
        ('[{"state": []},\n 7]', "2:2", "an object with 'action' and 'state'"),
        ('[{"state": [}]', "1:13", "JSON"),
        ('[{"sate": []}]', "1:2", "one of action state precondition add delete"),
        ('[{"state": []}, {"state": []}]', "1:17", "'action'"),
        ('[{}]', "1:2", "'action', or 'state' alone"),
        ('[{"action": "reach a"}]', "1:2", 'an action such as "(pick-up a)"'),
        ('[{"action": "(reach a) (reach b)"}]', "1:2", 'an action such as "(pick-up a)"'),
        ('[{"action": "(reach a)", "state": "(lit a)"}]', "1:2", "a list of facts in 'state'"),
        ('[{"action": "(reach a)", "state": [["lit", "a"]]}]', "1:2", "a fact such as \"(on a b)\" in 'state'"),
        ('[{"state": ["(not (lit a))"]}]', "1:2", "a fact such as \"(on a b)\" in 'state'"),
        ('[{"state": [], "state": []}]', "1:2", "each key of an item once, not a second 'state'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, place, expected):
    with pytest.raises(SourceError) as error:
        read_chain(text, "c.json")
    assert error.value.kind == "plan_syntax"
    assert str(error.value.span) == f"c.json:{place}"
    assert error.value.expected == expected


def test_deep_nesting_is_refused():
    with pytest.raises(SourceError, match="nested so deeply"):
        read_chain('[{"state": ' + "[" * 50_000 + "]" * 50_000 + "}]")


@given(st.text(max_size=40) | st.text(alphabet='[]{}",: (a)\n', max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read_chain(text)
    except SourceError as error:
        assert error.line >= 1


# Judging


def test_a_true_chain_is_valid():
    told = answer(TRUE)
    assert told["valid"] is True
    assert (told["error"], told["failing_step"], told["violations"], told["later"]) == (None, None, [], [])


def test_the_first_state_is_step_0():
    told = answer(with_state(0, ["(wired a)", "(lit b)"]))
    assert (told["error"], told["failing_step"]) == ("initial_state", 0)
    assert facts(told) == [("missing", "(wired b)"), ("extra", "(lit b)")]


def test_an_effect_that_is_missing_is_named_with_its_place():
    told = answer(with_state(2, ["(hand a)", *WIRED]))
    assert (told["error"], told["failing_step"], told["action"]) == ("transition", 2, "(light a)")
    assert told["violations"] == [
        {"kind": "missing_add", "fact": "(lit a)", "cause": "the effect (lit ?l) of (light a)",
         "file": "lamps.pddl", "line": 3, "column": 16},
        {"kind": "missing_delete", "fact": "(hand a)", "cause": "the effect (not (hand ?l)) of (light a)",
         "file": "lamps.pddl", "line": 3, "column": 30},
    ]  # fmt: skip
    assert [step["error"] for step in told["later"]] == ["goal"]
    assert told["later"][0]["failing_step"] is None


ROADS = """(define (domain d) (:predicates (q) (p) (r ?x) (road ?x ?y) (s ?x) (far ?x))
 (:derived (s ?x) (r ?x))
 (:action m :parameters (?x) :precondition (not (= ?x b))
  :effect (and (q) (when (p) (and (r ?x) (not (p))))
               (when (not (p)) (r ?x))
               (forall (?y) (when (road ?x ?y) (not (road ?x ?y)))))))"""


def roads(state, call="(m a)", first=("(p)", "(road a b)")):
    domain = ROADS.replace("(:predicates", "(:constants a b) (:predicates")
    facts = " ".join(first)
    task = read_task(domain, f"(define (problem x) (:domain d) (:init {facts}) (:goal (q)))", "d.pddl")
    chain = [{"state": list(first)}, {"action": call, "state": state}]
    return chain_answer(task, check_chain(task, read_chain(json.dumps(chain))))


def test_a_conditional_or_universal_effect_that_is_missing_is_named_with_its_place():
    """That which happens in the state before, of two that could bring the fact about."""
    told = roads(["(p)", "(q)", "(road a b)"])
    effects = [
        ("(r ?x)", ", when (p)", 4, 35),
        ("(not (p))", ", when (p)", 4, 47),
        ("(not (road ?x ?y))", ", for ?y = b, when (road a b)", 6, 53),
    ]
    assert [(v["kind"], v["fact"]) for v in told["violations"]] == [
        ("missing_add", "(r a)"), ("missing_delete", "(p)"), ("missing_delete", "(road a b)"),
    ]  # fmt: skip
    assert [(v["cause"], v["file"], v["line"], v["column"]) for v in told["violations"]] == [
        (f"the effect {effect} of (m a){when}", "d.pddl", line, column) for effect, when, line, column in effects
    ]
    (violation,) = roads(["(q)"], first=())["violations"]
    assert (violation["line"], violation["cause"]) == (5, "the effect (r ?x) of (m a), when (not (p))")


def test_a_derived_predicate_is_declared_and_not_claimed():
    told = roads(["(q)", "(r a)", "(s a)"])
    assert (told["error"], told["failing_step"]) == ("state_fact", 1)
    assert told["violations"] == [
        {"kind": "unknown_predicate", "fact": "(s a)", "cause": "axioms derive it, so states do not claim it"}
    ]
    assert told["message"].endswith("expected one of far p q r road, found s, a derived predicate, which is not claimed in states")


def test_an_equation_was_undone_by_nobody():
    told = roads(["(q)", "(r b)", "(road a b)"], "(m b)")
    assert told["violations"] == [{"kind": "unsatisfied", "fact": "(not (= b b))"}]


def test_the_frame_is_what_no_effect_changes():
    told = answer(with_state(1, ["(hand a)", "(lit b)", "(wired a)"]))
    assert facts(told) == [("frame_lost", "(wired b)"), ("frame_gained", "(lit b)")]
    assert told["violations"][0]["cause"] == "no effect of (reach a) changes it"


def test_a_precondition_names_the_step_that_undid_it():
    told = answer([*TRUE, {"action": "(light a)", "state": ["(lit a)", *WIRED]}])
    assert (told["error"], told["failing_step"]) == ("precondition", 3)
    assert told["violations"] == [
        {"kind": "unsatisfied", "fact": "(hand a)", "cause": "deleted by step 2, (light a)", "step": 2, "by": "(light a)"},
        {"kind": "unsatisfied", "fact": "(not (lit a))", "cause": "made true by step 2, (light a)", "step": 2,
         "by": "(light a)"},
    ]  # fmt: skip


def test_a_precondition_lost_in_a_claimed_state_holds_in_truth():
    told = answer([TRUE[0], TRUE[1] | {"state": WIRED}, TRUE[2]])
    assert facts(told) == [("missing_add", "(hand a)")]
    (later,) = told["later"]
    assert later["violations"][0] == {
        "kind": "unsatisfied", "fact": "(hand a)", "cause": "it holds in the true state; a state written before it is wrong",
    }  # fmt: skip


def test_unknown_names_in_a_state():
    told = answer(with_state(1, ["(hnd a)", "(hand a)", *WIRED]))
    assert (told["error"], told["failing_step"]) == ("state_fact", 1)
    assert told["violations"] == [
        {"kind": "unknown_predicate", "fact": "(hnd a)", "cause": "did you mean 'hand'?"}
    ]
    assert facts(answer(with_state(1, ["(hand c)", "(hand a)", *WIRED]))) == [("unknown_object", "(hand c)")]


def test_the_goal_has_no_step():
    told = answer(TRUE[:2])
    assert (told["error"], told["failing_step"]) == ("goal", None)
    assert facts(told) == [("unsatisfied_goal", "(not (hand a))"), ("unsatisfied_goal", "(lit a)")]


def test_the_unmet_goals_of_a_chain_are_all_that_do_not_hold_in_truth():
    goal = "(exists (?l) (and (lit ?l) (wired ?l)))"
    task = read_task(DOMAIN, PROBLEM.replace("(and (lit a) (not (hand a)))", goal))
    verdict = check_chain(task, read_chain(json.dumps(TRUE[:2])))
    assert chain_answer(task, verdict)["unmet_goals"] == ["(lit a)", "(lit b)"]


def test_judging_from_the_correct_state_carries_no_error_on():
    """A fact that is lost once is lost at every later step too when the truth is carried on."""
    chain = [TRUE[0], TRUE[1] | {"state": ["(hand a)", "(wired a)"]}, TRUE[2] | {"state": ["(lit a)", "(wired a)"]}]
    assert [step["failing_step"] for step in answer(chain)["later"]] == []
    told = answer(chain, judge_from="correct")
    assert (told["failing_step"], [step["failing_step"] for step in told["later"]]) == (1, [2])


def test_judging_from_the_correct_state_ends_where_nothing_can_follow():
    told = answer([TRUE[0], TRUE[2], TRUE[1]], judge_from="correct")
    assert (told["error"], told["failing_step"]) == ("precondition", 1)
    assert told["later"] == []


def test_judging_ends_behind_the_most_faults_and_says_where():
    """Each of these steps has two faults: a name that no action has, and a state that has no such fact."""
    wrong = {"action": "(fly a)", "state": ["(dark a)"]}
    told = answer([TRUE[0], *[wrong] * (MOST_FAULTS // 2 - 1)])
    assert (told["error"], told["failing_step"], told["warnings"]) == ("unknown_action", 1, [])
    assert told["later"][-1]["error"] == "goal"
    told = answer([TRUE[0], *[wrong] * MOST_FAULTS])
    assert (told["valid"], told["error"], told["failing_step"]) == (False, "unknown_action", 1)
    assert told["warnings"] == ["1,000 faults: the chain is not judged from step 501 on"]
    assert told["later"][-1]["failing_step"] == 500 and told["chain_length"] == MOST_FAULTS


def test_facts_of_one_unknown_predicate_are_told_once():
    told = answer([{"state": [*TRUE[0]["state"], "(foo a)", "(foo b)", "(hand x)", "(hand y)"]}])
    assert told["message"].endswith("found foo; x; y") and len(told["violations"]) == 4


def test_of_very_many_facts_that_no_state_can_have_the_first_are_told():
    strange = [f"(hand b{number:05})" for number in range(MOST_MALFORMED + 2)]
    told = answer([{"state": [*TRUE[0]["state"], *strange]}])
    assert told["error"] == "state_fact" and told["message"].endswith("; b09999; 2 more facts")
    assert [violation["fact"] for violation in told["violations"] if violation["kind"] == "unknown_object"] == strange[:MOST_MALFORMED]


def test_states_may_leave_out_static_facts_only_if_asked():
    fluent = [{"state": []}, TRUE[1] | {"state": ["(hand a)"]}, TRUE[2] | {"state": ["(lit a)"]}]
    assert answer(fluent, complete=False)["valid"] is True
    told = answer(fluent)
    assert (told["error"], facts(told)) == ("initial_state", [("missing", fact) for fact in WIRED])


def test_states_may_be_changes():
    changes = [
        {"state": WIRED},
        {"action": "(reach a)", "state": ["(hand a)"]},
        {"action": "(light a)", "state": ["(lit a)", "(not (hand a))"]},
    ]
    assert answer(changes, changes=True)["valid"] is True
    changes[2]["state"] = ["(lit a)", "(not (wired a))"]
    told = answer(changes, changes=True)
    assert facts(told) == [("missing_delete", "(hand a)"), ("frame_lost", "(wired a)")]
    with pytest.raises(SourceError, match="where states are changes"):
        read_chain('[{"action": "(reach a)", "state": [], "add": []}]', changes=True)


KINDS = sorted({"missing_add", "missing_delete", "frame_lost", "frame_gained"})


@given(st.data())
def test_one_planted_error_is_found_with_kind_step_and_fact(data):
    """The planter knows what it spoiled; the judge must name exactly that."""
    steps = execute(TASK, read_plan("(reach a)(reach b)(light a)(light b)(reach a)(light a)").calls[:5]).steps
    number = data.draw(st.integers(1, len(steps)))
    step = steps[number - 1]
    kind = data.draw(st.sampled_from(KINDS))
    every = {(p, o) for p in ("lit", "hand", "wired") for o in "ab"}
    pool = {
        "missing_add": step.action.add,
        "missing_delete": step.action.delete,
        "frame_lost": step.after - step.action.add,
        "frame_gained": every - step.after - step.action.delete,
    }[kind]
    if not pool:
        return
    atom = data.draw(st.sampled_from(sorted(pool)))
    spoiled = step.after ^ {atom}
    items = [{"state": [f"({' '.join(a)})" for a in TASK.initial]}]
    for place, one in enumerate(steps, 1):
        state = spoiled if place == number else one.after
        items.append({"action": str(one.action), "state": [f"({' '.join(a)})" for a in state]})
    told = answer(items)
    assert told["valid"] is False
    assert (told["error"], told["failing_step"]) == ("transition", number)
    assert facts(told) == [(kind, f"({' '.join(atom)})")]
    assert kind in VIOLATION_KINDS


def test_an_empty_list_claims_nothing():
    verdict = check_chain(TASK, read_chain("[]"))
    assert verdict.outcome is Outcome.UNREADABLE
    assert chain_answer(TASK, verdict)["error"] == "plan_syntax"


def test_a_number_of_thousands_of_digits_is_refused():
    """Python refuses to make a whole number of them."""
    with pytest.raises(SourceError, match="1:2: expected an item without a number of thousands of digits"):
        read_chain('[{"state": [%s]}]' % ("1" * 5000))


def test_a_key_twice_is_shown_shortened():
    with pytest.raises(SourceError) as caught:
        read_chain('[{"%s": 1, "%s": 2}]' % ("k" * 5000, "k" * 5000))
    assert len(str(caught.value)) < 200 and "not a second 'kkkk" in str(caught.value)


def test_nesting_at_every_depth_is_refused():
    """Just below the depth at which JSON cannot be read, showing it was what failed."""
    for depth in range(800, 1100):
        with pytest.raises(SourceError, match="expected"):
            read_chain('[{"state": %s%s}]' % ("[" * depth, "]" * depth))
        with pytest.raises(SourceError, match="expected"):
            read_chain('[{"state": %s1%s}]' % ('{"a":' * depth, "}" * depth))
