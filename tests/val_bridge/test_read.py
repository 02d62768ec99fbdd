"""Domains and problems: what is read, what is refused, and that each refusal points at its place."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest

from val_bridge import Literal, SourceError, load_domain, load_problem, read_domain, read_problem
from val_bridge.pddl.errors import nearest
from val_bridge.pddl.reader import LANGUAGE

DOMAIN = """(define (domain d) (:requirements :strips :typing)
 (:types truck plane - vehicle vehicle place)
 (:constants hub - place)
 (:predicates (at ?v - vehicle ?p - place) (road ?a ?b - place) (ok))
 (:action go :parameters (?v - truck ?a ?b - place)
  :precondition (and (at ?v ?a) (road ?a ?b) (not (= ?a ?b)))
  :effect (and (not (at ?v ?a)) (at ?v ?b))))"""

PROBLEM = """(define (problem p) (:domain d)
 (:objects t1 - truck l1 l2 - place)
 (:init (at t1 l1) (road l1 l2) (road l1 l1))
 (:goal (and (at t1 l2))))"""

LAST = "(at ?v ?b))))"

DOMAIN_ERRORS = [
    # The text is changed at its first `old`; the message begins with kind, line and column.
    ("(define", "(defin", "domain_syntax 1:2: expected 'define', found 'defin'"),
    ("(domain d)", "domain", "domain_syntax 1:9: expected '(domain name)', found 'domain'"),
    ("(domain d)", "(domain)", "domain_syntax 1:9: expected '(domain name)', found '(domain)'"),
    ("(domain d)", "(domain 1d)", "domain_syntax 1:17: expected the name of a domain, found '1d'"),
    (LAST, LAST + ")", "domain_syntax 7:46: expected nothing after the last ')', found ')'"),
    (LAST, LAST + " x", "domain_syntax 7:47: expected nothing after the last ')', found 'x'"),
    (LAST, LAST[:-1], "domain_syntax 7:45: expected ')' for the '(' at 1:1, found the end of the text"),
    (
        "(:constants",
        "(:constnts",
        "domain_syntax 3:3: expected one of :requirements :types :constants :predicates"
        " :functions :derived :action, found ':constnts'; did you mean ':constants'?",
    ),
    (
        "(:constants",
        "(:types) (:constants",
        "domain_syntax 3:3: expected one section ':types', found a second",
    ),
    (" (:constants", " x (:constants", "domain_syntax 3:2: expected a section, '(:keyword ...)', found 'x'"),
    (
        ":strips",
        ":strip",
        "domain_semantic 1:35: expected a declared requirement, found ':strip'; did you mean ':strips'?",
    ),
    (":strips", "strips", "domain_syntax 1:35: expected a requirement such as ':strips', found 'strips'"),
    ("vehicle place)", "place)", "domain_semantic 2:24: expected a declared type, found 'vehicle'"),
    (
        "- vehicle vehicle place",
        "- vehicle vehicle truck - place place",
        "domain_semantic 2:40: expected 'truck' to have one parent, 'vehicle', found a second one, 'place'",
    ),
    (
        "- vehicle vehicle place",
        "- vehicle vehicle - truck place",
        "domain_semantic 2:10: expected types without a cycle, found 'truck' below itself",
    ),
    ("truck plane -", "-", "domain_syntax 2:10: expected the name of a type before '-', found '-'"),
    ("place)", "place -)", "domain_syntax 2:46: expected a type after '-', found the end of the list"),
    (
        "- truck ?a",
        "- truk ?a",
        "domain_semantic 5:32: expected a declared type, found 'truk'; did you mean 'truck'?",
    ),
    (
        "- truck ?a",
        "- (truck) ?a",
        "domain_syntax 5:32: expected a type or '(either type type ...)', found '(truck)'",
    ),
    ("(ok)", "(at ?x)", "domain_semantic 4:66: expected each predicate once, found a second 'at'"),
    ("(ok)", "ok", "domain_syntax 4:65: expected a predicate, '(name ?x ...)', found 'ok'"),
    ("(ok)", "(and)", "domain_syntax 4:66: expected the name of a predicate, found the reserved word 'and'"),
    ("(ok)", "(o,k)", "domain_syntax 4:66: expected the name of a predicate, found 'o,k'"),
    ("(ok)", "(ok ?x ?x)", "domain_semantic 4:72: expected each variable once, found a second '?x'"),
    ("(ok)", "(ok x)", "domain_syntax 4:69: expected a variable, '?' and a name, found 'x'"),
    (":action go", ":action", "domain_syntax 5:11: expected the name of an action, found ':parameters'"),
    (
        LAST,
        "(at ?v ?b))) (:action go))",
        "domain_semantic 7:55: expected each action once, found a second 'go'",
    ),
    (
        ":effect",
        ":efect",
        "domain_syntax 7:3: expected one of :parameters :precondition :effect, found ':efect';"
        " did you mean ':effect'?",
    ),
    (":effect", ":precondition", "domain_syntax 7:3: expected one ':precondition', found a second"),
    (
        "(:action go",
        "(:action stay :effect) (:action go",
        "domain_syntax 5:16: expected '(...)' after ':effect', found the end of the action",
    ),
    (
        "(at ?v ?a) (r",
        "(att ?v ?a) (r",
        "domain_semantic 6:23: expected a declared predicate, found 'att'; did you mean 'at'?",
    ),
    (
        "(at ?v ?a) (r",
        "(at ?v) (r",
        "domain_semantic 6:22: expected 2 arguments (?v ?p), found 1 in '(at ?v)'",
    ),
    ("(at ?v ?a) (r", "(at ?v ?a ?b) (r", "domain_semantic 6:22: expected 2 arguments (?v ?p), found 3 in"),
    (
        "(at ?v ?a) (r",
        "(at ?a ?v) (r",
        "domain_semantic 6:26: expected a vehicle, found '?a' (a place, declared at 5:38)",
    ),
    (
        "(at ?v ?a) (r",
        "(at ?v hubb) (r",
        "domain_semantic 6:29: expected a declared object, found 'hubb'; did you mean 'hub'?",
    ),
    ("(at ?v ?a) (r", "(at ?v (ok)) (r", "domain_syntax 6:29: expected a term, found '(ok)'"),
    (
        "(at ?v ?a) (r",
        "at (r",
        "domain_syntax 6:22: expected a formula in the precondition of 'go', found 'at'",
    ),
    ("(not (= ?a ?b))", "(not)", "domain_syntax 6:46: expected one formula after 'not', found 0"),
    ("(= ?a ?b)", "(= ?a)", "domain_syntax 6:51: expected two terms after '=', found 1"),
    ("?v ?b)", "?v ?c)", "domain_semantic 7:40: expected a declared variable, found '?c'"),
    ("(at ?v ?b)", "(= ?v ?b)", "domain_syntax 7:34: expected the name of a predicate, found '='"),
]

PROBLEM_ERRORS = [
    ("(problem p)", "(problem)", "problem_syntax 1:9: expected '(problem name)', found '(problem)'"),
    ("(:domain d)", "(:domain e)", "problem_semantic 1:30: expected the domain 'd', found 'e'"),
    (
        "(:domain d)",
        "",
        "problem_syntax 4:26: expected a section '(:domain ...)', found the end of the problem",
    ),
    (
        "(:goal (and (at t1 l2)))",
        "",
        "problem_syntax 4:2: expected a section '(:goal ...)', found the end of",
    ),
    ("(and (at t1 l2))", "", "problem_syntax 4:2: expected one formula in the goal, found 0"),
    (
        "t1 - truck",
        "t1 - truk",
        "problem_semantic 2:17: expected a declared type, found 'truk'; did you mean 'truck'?",
    ),
    (
        "t1 - truck",
        "hub - truck",
        "problem_semantic 2:12: expected 'hub' to be a place, as the constant, found a truck",
    ),
    (" l1 l2 -", " l1 l1 -", "problem_semantic 2:26: expected each object once, found a second 'l1'"),
    (
        "(at t1 l1)",
        "(at t l1)",
        "problem_semantic 3:13: expected a declared object, found 't'; did you mean 't1'?",
    ),
    (
        "(at t1 l1)",
        "(at l1 t1)",
        "problem_semantic 3:13: expected a vehicle, found 'l1' (a place, declared at 2:23)",
    ),
    ("(at t1 l1)", "(at t1)", "problem_semantic 3:9: expected 2 arguments (?v ?p), found 1 in '(at t1)'"),
    (
        "(at t1 l1)",
        "(att t1 l1)",
        "problem_semantic 3:10: expected a declared predicate, found 'att'; did you mean 'at'?",
    ),
    (
        "(at t1 l1)",
        "(and (at t1 l1))",
        "problem_syntax 3:10: expected the name of a predicate, found the reserved word 'and'",
    ),
    ("(at t1 l1)", "at", "problem_syntax 3:9: expected a fact, '(predicate object ...)', found 'at'"),
    (
        "(at t1 l1)",
        "(at t1 l1) (not (at t1 l1))",
        "problem_semantic 3:20: expected each fact true or false, found one that is both",
    ),
    ("(at t1 l2))", "(at t1 l3))", "problem_semantic 4:21: expected a declared object, found 'l3'"),
    ("(at t1 l2))", "(at t1 ?x))", "problem_semantic 4:21: expected a declared variable, found '?x'"),
]

DOMAIN_UNSUPPORTED = [
    ("(at ?v ?a) (r", "(preference x (ok)) (r", "6:22", "'preference' in the precondition of 'go'"),
    ("(at ?v ?a) (r", "(always (ok)) (r", "6:22", "'always' in the precondition of 'go'"),
    ("(at ?v ?b)", "(oneof (ok) (at ?v ?b))", "7:33", "'oneof' in the effect of 'go'"),
    ("(at ?v ?b)", "(probabilistic 0.5 (ok))", "7:33", "'probabilistic' in the effect of 'go'"),
    (
        "(ok))",
        "(ok)) (:functions (home ?t - truck) - place)",
        "4:103",
        "functions with values of the type 'place'",
    ),
    ("(:action go", "(:durative-action wait) (:action go", "5:3", "the section ':durative-action'"),
    ("(:action go", "(:axiom wait) (:action go", "5:3", "the section ':axiom'"),
    ("(:action go", "(:process wait) (:action go", "5:3", "the section ':process'"),
    ("(:action go", "(:event wait) (:action go", "5:3", "the section ':event'"),
    ("(:action go", "(:constraints (and)) (:action go", "5:3", "the section ':constraints'"),
    ("hub - place", "hub - (either place truck)", "3:28", "'either' as the type of the constant 'hub'"),
    (
        "- vehicle vehicle",
        "- (either vehicle place) vehicle",
        "2:32",
        "'either' as the parent of the type 'truck'",
    ),
]

PROBLEM_UNSUPPORTED = [
    ("(:init", "(:constraints (and)) (:init", "3:3", "the section ':constraints'"),
    ("(:init", "(:length 3) (:init", "3:3", "the section ':length'"),
    ("(at t1 l1)", "(at 5 (ok))", "3:9", "a timed initial literal"),
    ("(and (at t1 l2))", "(sometime (at t1 l2))", "4:9", "'sometime' in the goal"),
    ("(and (at t1 l2))", "(preference p (at t1 l2))", "4:9", "'preference' in the goal"),
]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def refusal(read, *texts) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(*texts)
    return caught.value


def described(error: SourceError) -> str:
    return f"{error.kind} {str(error).partition('>:')[2]}"


@pytest.mark.parametrize(("old", "new", "message"), DOMAIN_ERRORS)
def test_a_domain_error_names_its_place_what_was_expected_and_what_was_found(old, new, message):
    error = refusal(read_domain, changed(DOMAIN, old, new))
    assert described(error).startswith(message)


@pytest.mark.parametrize(("old", "new", "message"), PROBLEM_ERRORS)
def test_a_problem_error_names_its_place_what_was_expected_and_what_was_found(old, new, message):
    error = refusal(read_problem, changed(PROBLEM, old, new), read_domain(DOMAIN))
    assert described(error).startswith(message)


@pytest.mark.parametrize(("old", "new", "place", "construct"), DOMAIN_UNSUPPORTED)
def test_what_a_domain_has_beyond_the_language_is_refused_by_name(old, new, place, construct):
    error = refusal(read_domain, changed(DOMAIN, old, new))
    assert described(error) == f"unsupported_feature {place}: expected {LANGUAGE}, found {construct}"


@pytest.mark.parametrize(("old", "new", "place", "construct"), PROBLEM_UNSUPPORTED)
def test_what_a_problem_has_beyond_the_language_is_refused_by_name(old, new, place, construct):
    error = refusal(read_problem, changed(PROBLEM, old, new), read_domain(DOMAIN))
    assert described(error) == f"unsupported_feature {place}: expected {LANGUAGE}, found {construct}"


@pytest.mark.parametrize("text", ["", "  ; nothing\n", ")", "x", "()", "(())", "(define)", "(define x)"])
def test_what_is_no_definition_is_refused(text):
    assert refusal(read_domain, text).kind == "domain_syntax"
    assert refusal(read_problem, text, read_domain(DOMAIN)).kind == "problem_syntax"


def test_all_that_may_be_left_out_is_left_out():
    domain = read_domain("(define (domain d) (:action wait))")
    assert domain.actions["wait"].parameters == domain.actions["wait"].precondition == ()
    problem = read_problem("(define (problem 4-0.pddl) (:domain d) (:init) (:goal ()))", domain)
    assert (problem.name, problem.objects, problem.initial, problem.goal) == ("4-0.pddl", {}, frozenset(), ())


@pytest.mark.parametrize("empty", ["()", "(and)", "(and (and) (and (and)))"])
def test_an_empty_formula_asks_nothing(empty):
    domain = read_domain(f"(define (domain d) (:action wait :precondition {empty} :effect {empty}))")
    assert domain.actions["wait"].precondition == domain.actions["wait"].effect == ()


def test_features_need_not_be_declared(delivery):
    bare = changed(delivery.domain, "(:requirements :strips :typing :negative-preconditions :equality)", "")
    assert read_domain(bare).actions == read_domain(delivery.domain).actions


def test_a_requirement_that_is_not_used_does_no_harm():
    assert read_domain("(define (domain d) (:requirements :adl :durative-actions))").requirements


def test_an_empty_functions_section_does_no_harm():
    assert read_domain("(define (domain d) (:functions))").predicates == {}


def test_sections_may_come_in_any_order(blocks):
    head, _, rest = blocks.domain.partition("  (:predicates")
    predicates, _, actions = rest.partition("\n")
    moved = f"{head}{actions.rstrip()[:-1]} (:predicates{predicates})"
    assert read_domain(moved) == read_domain(blocks.domain)


def test_case_never_matters(worlds):
    for world in worlds:
        domain = read_domain(world.domain)
        assert read_domain(world.domain.upper()) == domain
        assert read_problem(world.problem.upper(), domain) == read_problem(world.problem, domain)


def test_line_ends_and_tabs_never_matter(worlds):
    for world in worlds:
        assert read_domain(world.domain.replace("\n", "\r\n").replace(" ", "\t")) == read_domain(world.domain)


def test_a_type_may_be_told_more_precisely_later():
    domain = read_domain("(define (domain d) (:types area - object crate surface - object area - surface))")
    assert domain.types == {"area": "surface", "crate": "object", "surface": "object"}
    assert domain.is_subtype("area", "surface")
    assert not domain.is_subtype("surface", "area")


def test_double_negation_is_resolved():
    domain = read_domain("(define (domain d) (:predicates (p)) (:action x :precondition (not (not (p)))))")
    assert str(domain.actions["x"].precondition[0]) == "(p)"


def test_a_predicate_may_have_the_name_of_a_foreign_construct():
    domain = read_domain("(define (domain d) (:predicates (within)) (:action x :precondition (within)))")
    assert str(domain.actions["x"].precondition[0]) == "(within)"


def test_a_negative_fact_in_the_initial_state_adds_nothing():
    text = changed(PROBLEM, "(at t1 l1)", "(at t1 l1) (not (ok))")
    domain = read_domain(DOMAIN)
    assert read_problem(text, domain) == read_problem(PROBLEM, domain)


def test_a_variable_of_two_types_must_fit_with_both():
    text = changed(DOMAIN, "?v - truck", "?v - (either truck place)")
    message = "domain_semantic 6:26: expected a vehicle, found '?v' (a truck or a place, declared at 5:27)"
    assert described(refusal(read_domain, text)) == message


@pytest.mark.parametrize("name", ["1", "a,b", "é", "a.b", "\x00", "a\u00a0b", "\u212a"])
def test_a_name_is_a_letter_then_letters_digits_hyphens_underscores(name):
    error = refusal(read_problem, changed(PROBLEM, "t1 -", f"t1 {name} -"), read_domain(DOMAIN))
    assert (error.kind, error.line, error.column) == ("problem_syntax", 2, 15)


@pytest.mark.parametrize(
    "text", ["(" * 50_000, "(" * 50_000 + ")" * 50_000, "(define (domain d)" + "(" * 50_000]
)
def test_deep_nesting_is_an_error_of_the_text_and_not_of_the_reader(text):
    error = refusal(read_domain, text)
    assert error.kind == "domain_syntax"
    assert (error.expected, error.found) == ("at most 10000 nested '('", "one more")


def test_three_thousand_nested_conjunctions_are_read(blocks):
    deep = changed(blocks.domain, "(holding ?ob)\n", "(and " * 3000 + "(holding ?ob)" + ")" * 3000 + "\n")
    assert read_domain(deep) == read_domain(blocks.domain)


def test_a_megabyte_is_read_in_linear_time():
    """Generous: 1 s is the aim on an idle core; a quadratic reader would take minutes."""
    places = " ".join(f"l{i}" for i in range(3, 30_000))
    facts = " ".join(f"(at t1 l{i})" for i in range(3, 30_000))
    text = changed(changed(PROBLEM, " l1 l2", f" l1 l2 {places}"), "(:init", f"(:init {facts}")
    domain = read_domain(DOMAIN)
    start = time.process_time()
    problem = read_problem(text, domain)
    assert time.process_time() - start < 5
    assert len(problem.initial) == 30_000


def test_thousands_of_types_in_one_line_of_descent_are_read():
    types = " ".join(f"k{i} - k{i + 1}" for i in range(20_000))
    assert len(read_domain(f"(define (domain d) (:types {types} k20000))").types) == 20_001


def test_files_are_read_with_their_names_in_errors(tmp_path: Path):
    domain, problem = tmp_path / "d.pddl", tmp_path / "p.pddl"
    domain.write_text("\ufeff" + DOMAIN, encoding="utf-8")
    problem.write_text(changed(PROBLEM, "t1 - truck", "t1 - truk"), encoding="utf-8")
    error = refusal(load_problem, problem, load_domain(domain))
    assert str(error).startswith(f"{problem}:2:17: expected")
    assert error.file == str(problem)


def test_bytes_that_are_no_text_are_an_error_with_a_place(tmp_path: Path):
    path = tmp_path / "d.pddl"
    path.write_bytes(b"(define\n (domain \xff")
    error = refusal(load_domain, path)
    assert (error.kind, error.line, error.column, error.found) == ("domain_syntax", 2, 10, "byte 0xff")


def test_a_byte_that_is_no_text_behind_a_byte_order_mark(tmp_path: Path):
    """Found by mutation: the place was cut out of the mark, which is no text either."""
    path = tmp_path / "d.pddl"
    path.write_bytes(b"\xef\xbb\xbf(d\xc3\xa9\xff")
    error = refusal(load_domain, path)
    assert (error.line, error.column, error.found) == (1, 4, "byte 0xff")


def test_other_letters_are_not_their_lower_case():
    """The Kelvin sign's lower case is k, but it is no k in PDDL."""
    domain = read_domain("(define (domain d) (:predicates (ok ?x)) (:constants k))")
    problem = "(define (problem p) (:domain d) (:init (ok {})) (:goal (and)))"
    assert read_problem(problem.format("K"), domain).initial == {("ok", "k")}
    assert refusal(read_problem, problem.format("\u212a"), domain).expected == "the name of an object"
    assert refusal(read_problem, problem.format("k").replace("ok", "o\u212a"), domain).expected == "the name of a predicate"


@pytest.mark.parametrize("name", [":init", "?x", "p\x00", "p\ud800", "\ufeffp"])
def test_a_keyword_a_variable_and_what_cannot_be_printed_are_no_problem_names(name: str):
    error = refusal(read_problem, f"(define (problem {name}) (:domain d) (:init) (:goal ()))", read_domain("(define (domain d))"))
    assert (error.kind, error.column, error.expected) == ("problem_syntax", 18, "the name of a problem")


@pytest.mark.parametrize(
    ("kind", "ancestor", "below"),
    [("van", "truck", True), ("van", "object", True), ("truck", "van", False), ("van", "place", False),
     ("place", "place", True), ("object", "van", False), ("van", "nothing", False), ("nothing", "object", False)],
)  # fmt: skip
def test_types_below_types(kind: str, ancestor: str, below: bool):
    domain = read_domain("(define (domain d) (:types van - truck truck place - object car - truck))")
    assert domain.is_subtype(kind, ancestor) is below


def test_an_error_draws_its_place():
    text = changed(PROBLEM, " (:init (at t1", "\t(:init (at t")
    error = refusal(read_problem, text, read_domain(DOMAIN))
    assert error.span.caret(text) == "\t(:init (at t l1) (road l1 l2) (road l1 l1))\n\t           ^"


def test_the_caret_stays_on_its_line_when_the_place_is_longer():
    text = DOMAIN.replace("(at ?v ?a) (road", "(preference (at ?v\n ?a)) (road")
    line, carets = refusal(read_domain, text).span.caret(text).split("\n")
    assert line.endswith(" (preference (at ?v")
    assert carets.strip() == "^" * len("(preference (at ?v")


def test_an_error_travels_between_processes():
    error = refusal(read_domain, "(define")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.kind, again.span) == (str(error), error.kind, error.span)


def test_an_error_has_one_of_the_known_kinds():
    error = refusal(read_domain, "(define")
    with pytest.raises(ValueError, match="unknown kind"):
        SourceError("spelling", error.span, "", "")


def test_a_hint_is_close_or_absent():
    assert nearest("pickup", ["put-down", "pick-up"]) == "pick-up"
    assert nearest("bat", ["cat", "rat"]) == nearest("bat", ["rat", "cat"]) == "rat"
    assert nearest("fly", ["put-down", "pick-up"]) == ""
    assert nearest("x" * 101, ["x" * 100]) == ""


# As it is written


def test_conditions_can_be_read_as_they_are_written():
    """For judging they are merged; both keep the text they come from."""
    text = """(define (domain d) (:predicates (p) (q)) (:functions (f))
      (:action a :precondition (and (and (p)) (or (not (not (q)))) (> (+ (f) (+ (f) 1)) 0))))"""
    merged, written = read_domain(text), read_domain(text, merge=False)
    assert merged.text == written.text == text
    schema = merged.actions["a"]
    assert " ".join(map(str, (*schema.precondition, *schema.condition))) == "(p) (q) (> (+ (f) (f) 1) 0)"
    (condition,) = written.actions["a"].condition
    inner, either, comparison = condition.parts
    assert (len(inner.parts), len(either.parts)) == (1, 1)
    assert str(comparison) == "(> (+ (f) (+ (f) 1)) 0)"


def test_a_goal_can_be_read_as_it_is_written():
    domain = read_domain("(define (domain d) (:predicates (p)))")
    text = "(define (problem x) (:domain d) (:init) (:goal (and (and (p)))))"
    assert read_problem(text, domain).goal == (Literal(atom=("p",)),)
    assert read_problem(text, domain, merge=False).goal == ()
    assert read_problem(text, domain).text == text
