"""The JSON answer on a plan: one shape for all outcomes, and what each error says."""

import json

import pytest

from val_bridge import (
    SourceError,
    check_plan,
    check_plan_text,
    no_answer,
    plan_answer,
    read_domain,
    read_plan,
    read_task,
    source_answer,
)

DOMAIN = """(define (domain ferry) (:requirements :adl :numeric-fluents)
 (:types car place)
 (:predicates (at ?c - car ?p - place) (ferry ?p - place) (aboard ?c - car) (open ?p - place) (road ?p ?q - place))
 (:functions (fuel))
 (:action sail :parameters (?p ?q - place)
  :precondition (and (ferry ?p) (not (= ?p ?q)) (or (open ?q) (exists (?c - car) (aboard ?c))) (>= (fuel) 2))
  :effect (and (not (ferry ?p)) (ferry ?q) (decrease (fuel) 2)))
 (:action board :parameters (?c - car ?p - place)
  :precondition (and (at ?c ?p) (ferry ?p)) :effect (and (not (at ?c ?p)) (aboard ?c)))
 (:action land :parameters (?c - car ?p - place)
  :precondition (and (aboard ?c) (ferry ?p)) :effect (and (at ?c ?p) (not (aboard ?c)))))"""
PROBLEM = """(define (problem two) (:domain ferry) (:objects a b - car l r - place)
 (:init (at a l) (at b l) (ferry l) (= (fuel) 3)) (:goal (and (at a r) (not (at b r)))))"""
TASK = read_task(DOMAIN, PROBLEM)


def answer(text: str) -> dict:
    return plan_answer(TASK, check_plan_text(TASK, text, "p.plan"))


def test_a_valid_plan() -> None:
    told = answer("(board a l)(sail l r)(land a r)")
    assert (told["valid"], told["error"], told["failing_step"]) == (True, None, None)
    assert (told["plan_length"], told["metric"], told["unmet_goals"], told["failing_literals"]) == (3, 3, [], [])
    assert told["steps"][1] == {
        "action": "(sail l r)", "add": ["(ferry r)"], "delete": ["(ferry l)"], "values": {"(fuel)": [3, 1]},
    }  # fmt: skip


def test_a_failed_precondition_says_all_of_why() -> None:
    told = answer("(board a l)(sail l r)(land a r)(sail r l)")
    assert (told["valid"], told["error"], told["failing_step"]) == (False, "precondition", 4)
    assert told["action"] == "(sail r l)"
    assert told["failing_literals"] == ["(open l)", "(aboard a)", "(aboard b)", "(>= (fuel) 2)"]
    assert told["satisfied_literals"] == ["(ferry r)", "(not (= r l))"]
    assert told["causes"] == {
        "(open l)": None, "(aboard a)": {"step": 3, "action": "(land a r)"}, "(aboard b)": None,
        "(>= (fuel) 2)": {"step": 2, "action": "(sail l r)"},
    }  # fmt: skip
    assert told["repair"] == {
        "all": [
            {"any": [{"make_true": "(aboard a)"}, {"make_true": "(aboard b)"}]},
            {"satisfy": "(>= (fuel) 2)", "value": "1", "bound": "2"},
        ]
    }
    assert told["facts"] == ["(at a r)", "(at b l)", "(ferry r)"]
    assert len(told["steps"]) == 3


def test_an_unmet_goal_has_no_step() -> None:
    told = answer("(board b l)(sail l r)(land b r)")
    assert (told["valid"], told["error"], told["failing_step"], told["action"]) == (False, "goal", None, None)
    assert told["failing_literals"] == told["unmet_goals"] == ["(at a r)", "(not (at b r))"]
    assert told["causes"] == {"(at a r)": None, "(not (at b r))": {"step": 3, "action": "(land b r)"}}


SMALL = """(define (domain d) (:constants a b) (:predicates (p) (q) (r ?x)) (:functions (f))
 (:action m :parameters (?x) :precondition %s :effect (q)))"""
SMALL_PROBLEM = "(define (problem p) (:domain d) (:init %s (= (f) 2)) (:goal %s))"


def small(precondition: str, init: str = "", goal: str = "()", plan: str = "(m a)", **options) -> dict:
    task = read_task(SMALL % precondition, SMALL_PROBLEM % (init, goal))
    return plan_answer(task, check_plan_text(task, plan, **options))


@pytest.mark.parametrize(
    ("precondition", "init", "satisfied"),
    [
        ("(and (p) (or (q) (r ?x)) (>= (f) 1) (> (f) 5))", "(q)", ["(q)", "(>= (f) 1)"]),
        ("(and (p) (forall (?y) (r ?y)))", "(r a) (r b)", ["(r a)", "(r b)"]),
        ("(forall (?y) (r ?y))", "(r b)", ["(r b)"]),
        ("(and (p) (exists (?y) (and (r ?y) (not (q)))))", "(r b)", ["(r b)", "(not (q))"]),
        ("(exists (?y) (and (r ?y) (q)))", "(r b)", ["(r b)"]),
        ("(and (p) (imply (q) (r ?x)))", "(q) (r a)", ["(r a)"]),
        ("(and (p) (not (= ?x b)) (or (= ?x a) (q)))", "", ["(not (= a b))", "(= a a)"]),
    ],
)
def test_satisfied_literals_are_all_that_hold(precondition: str, init: str, satisfied: list[str]) -> None:
    assert small(precondition, init)["satisfied_literals"] == satisfied


@pytest.mark.parametrize(
    ("goal", "unmet"),
    [
        ("(or (q) (r a))", ["(q)", "(r a)"]),
        ("(and (r b) (> (f) 2) (= (f) 2))", ["(r b)", "(> (f) 2)"]),
        ("(forall (?x) (r ?x))", ["(r a)", "(r b)"]),
        ("(and (not (p)) (or (q) (not (q))))", []),
        ("(not (= a a))", ["(not (= a a))"]),
    ],
)
def test_unmet_goals_are_all_that_do_not_hold_where_the_plan_stops(goal: str, unmet: list[str]) -> None:
    """The same behind a failed precondition, behind a call of no action, and where only the goal is unmet."""
    for plan, error in (("(m a)", "precondition"), ("(mm a)", "unknown_action"), ("", "goal" if unmet else None)):
        told = small("(p)", goal=goal, plan=plan)
        assert (told["error"], told["unmet_goals"]) == (error, unmet)
    told = small("(p)", goal="(> (f) 2)", tolerance=0.001)
    assert (told["error"], told["unmet_goals"]) == ("precondition", [])


@pytest.mark.parametrize(
    ("text", "error", "field", "value"),
    [
        ("(sial l r)", "unknown_action", "nearest", ["sail"]),
        ("(sail l)", "wrong_arity", "expected", "2 arguments (?p ?q)"),
        ("(sail l x)", "unknown_object", "argument", 2),
        ("(sail l a)", "wrong_type", "argument", 2),
    ],
)
def test_a_call_that_names_no_action(text: str, error: str, field: str, value: object) -> None:
    told = answer(f"(board a l)\n{text}")
    assert (told["valid"], told["error"], told["failing_step"], told["action"]) == (False, error, 2, text)
    assert told[field] == value
    assert (told["place"]["file"], told["place"]["line"], told["place"]["column"]) == ("p.plan", 2, 1)


@pytest.mark.parametrize(
    ("plan", "goal", "progress"),
    [
        ("(m a)", "(and (r a) (or (p) (q)) (> (f) 1))", (2, 3)),
        ("(m a)(mm)", "(and (r a) (or (p) (q)) (> (f) 1))", (2, 3)),
        ("", "(and (r a) (or (p) (q)) (> (f) 1))", (1, 3)),
        ("", "()", (0, 0)),
        ("(m a)", "(q)", (1, 1)),
    ],
)
def test_progress_counts_the_goals_conjuncts(plan: str, goal: str, progress: tuple[int, int]) -> None:
    told = small("()", goal=goal, plan=plan)
    assert told["goal_progress"] == {"satisfied": progress[0], "total": progress[1]}
    assert small("()", plan="?")["goal_progress"] is None


def test_a_failing_literal_has_its_source() -> None:
    """The lifted literal with its place, in the domain for a precondition and in the problem for a goal."""
    precondition = "(and (r ?x) (imply (not (p)) (exists (?y) (and (not (r ?y)) (= ?x b)))) (not (< (f) (+ 1 2))))"
    told = small(precondition, "(r b)")
    places = {text: (source["text"], source["line"]) for text, source in told["sources"].items()}
    assert places == {
        "(r a)": ("(r ?x)", 2), "(p)": ("(not (p))", 2), "(not (r b))": ("(not (r ?y))", 2), "(= a b)": ("(= ?x b)", 2),
        "(not (< (f) (+ 1 2)))": ("(< (f) (+ 1 2))", 2),
    }  # fmt: skip
    assert set(told["sources"]) == set(told["failing_literals"])
    source = told["sources"]["(r a)"]
    domain = SMALL % "(and (r ?x))"
    assert (source["file"], domain.splitlines()[1][source["column"] - 1 :].startswith("(r ?x)")) == ("<domain>", True)
    assert told["sources"]["(r a)"].keys() == {"text", "file", "line", "column", "start", "end"}
    told = small("()", goal="(exists (?y) (> (f) 9))", plan="")
    assert told["sources"]["(> (f) 9)"]["file"] == "<problem>"


def test_whether_an_action_can_make_a_literal_hold() -> None:
    domain = """(define (domain d) (:requirements :adl) (:types box crate) (:constants b - box c - crate)
     (:predicates (p ?x) (q ?x) (s ?x) (t) (d)) (:functions (f ?x) (g)) (:derived (d) (t))
     (:action m :parameters (?x - box) :effect (and (p ?x) (when (t) (not (q ?x))) (forall (?y - crate) (increase (f ?y) 1))))
     (:action n :effect (and (t) (not (t)))))"""
    goal = "(and (p b) (p c) (not (q b)) (not (q c)) (s b) (q b) (not (t)) (d) (> (f b) 9) (> (g) 9) (or (= b c)))"
    task = read_task(domain, f"(define (problem p) (:domain d) (:init (q b) (q c) (t) (= (f b) 1) (= (g) 1)) (:goal {goal}))")
    told = plan_answer(task, check_plan(task, read_plan("")))
    assert told["achievable"] == {
        "(p b)": True, "(p c)": False, "(not (q b))": True, "(not (q c))": False, "(s b)": False, "(not (t))": False,
        "(> (f b) 9)": True, "(> (g) 9)": False, "(= b c)": False,
    }  # fmt: skip
    task = read_task(domain, "(define (problem p) (:domain d) (:init) (:goal (d)))")
    assert plan_answer(task, check_plan(task, read_plan("")))["achievable"] == {"(d)": None}


def test_later_errors_are_listed_apart() -> None:
    """Only what is wrong whatever the state; the answer is about the earliest step all the same."""
    told = small("(p)", plan="(m)\n(zz)\n(m a)\n(m c)\n(m a)\n(n b)")
    assert (told["error"], told["failing_step"]) == ("wrong_arity", 1)
    assert [(later["step"], later["error"], later["action"]) for later in told["later_errors"]] == [
        (2, "unknown_action", "(zz)"), (4, "unknown_object", "(m c)"), (6, "unknown_action", "(n b)"),
    ]  # fmt: skip
    assert (told["later_errors"][1]["argument"], told["later_errors"][1]["place"]["line"]) == (1, 4)
    assert told["later_errors"][1].keys() == {
        "step", "error", "action", "expected", "found", "nearest", "argument", "place",
    }  # fmt: skip
    assert [later["step"] for later in small("(p)", plan="(m a)(m)")["later_errors"]] == [2]
    assert small("()", plan="(m a)(m a)")["later_errors"] == small("(p)", plan="(m)(m a)")["later_errors"] == []
    assert len(small("()", plan="(m)" * 200)["later_errors"]) == 100
    hints = [later["nearest"] for later in small("()", plan="(mm)" * 20)["later_errors"]]
    assert hints[0] == ["m"] and hints[-1] == []


def test_an_unreadable_plan_is_not_valid() -> None:
    told = answer("sail away")
    assert (told["valid"], told["error"], told["failing_step"], told["plan_length"]) == (False, "plan_syntax", None, None)
    with pytest.raises(SourceError) as error:
        read_plan("sail away", "p.plan")
    assert source_answer(error.value)["place"] == told["place"]


def test_where_nothing_can_be_judged_valid_is_none() -> None:
    with pytest.raises(SourceError) as error:
        read_domain("(define (domain d) (:durative-action x))", "d.pddl")
    told = source_answer(error.value)
    assert (told["valid"], told["error"]) == (None, "unsupported_feature")
    assert told["place"]["file"] == "d.pddl"
    assert no_answer("out of paper")["message"] == "out of paper"
    assert no_answer("")["valid"] is None


def test_all_answers_have_the_same_keys_and_are_json() -> None:
    told = [answer(text) for text in ("(board a l)(sail l r)(land a r)", "(land a l)", "", "(sail)", "?")]
    told += [no_answer("x")]
    assert all(one.keys() == told[0].keys() for one in told)
    assert [json.loads(json.dumps(one)) for one in told] == told


def test_answers_share_nothing() -> None:
    first = no_answer("")
    first["steps"].append("spoiled")
    assert no_answer("")["steps"] == []


def test_an_empty_plan_is_judged_against_the_goal() -> None:
    told = plan_answer(TASK, check_plan(TASK, read_plan("")))
    assert (told["error"], told["plan_length"], told["failing_literals"]) == ("goal", 0, ["(at a r)"])


def test_the_step_that_changed_a_number_of_a_comparison_is_its_cause() -> None:
    domain = """(define (domain d) (:requirements :fluents) (:predicates (p ?x)) (:functions (g) (h ?x) (k))
      (:action use :parameters (?x) :precondition (p ?x) :effect (decrease (g) 3))
      (:action rest :parameters () :precondition (and) :effect (increase (k) 1))
      (:action act :parameters (?x) :precondition (and (p ?x) (> (g) (+ 3 (h ?x))) (< (k) (h ?x))) :effect (increase (g) 1)))"""
    problem = """(define (problem x) (:domain d) (:objects a)
      (:init (p a) (= (g) 5) (= (h a) 0) (= (k) 0)) (:goal (> (g) 9)))"""
    task = read_task(domain, problem)
    answer = plan_answer(task, check_plan(task, read_plan("(use a)(use a)(act a)")))
    assert answer["causes"] == {"(> (g) (+ 3 (h a)))": {"step": 2, "action": "(use a)"}, "(< (k) (h a))": None}
    assert answer["facts"] == ["(p a)"]  # static, and nothing else holds about a
    answer = plan_answer(task, check_plan(task, read_plan("(use a)(rest)(use a)")))
    assert answer["causes"] == {"(> (g) 9)": {"step": 3, "action": "(use a)"}}
