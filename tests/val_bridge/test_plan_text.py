"""Plan texts are read strictly: calls, comments, time stamps, and nothing else."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from val_bridge import Call, Plan, SourceError, atom_text, load_plan, read_atom, read_plan, write_plan
from val_bridge.pddl.read import _bare_plan, _PlanReader
from val_bridge.pddl.tokens import Source

NAMES = st.from_regex(r"\A[a-z][a-z0-9_-]{0,6}\Z")
CALLS = st.builds(
    lambda name, rest: Call(name=name, arguments=tuple(rest)), NAMES, st.lists(NAMES, max_size=3)
)
PLANS = st.builds(lambda calls: Plan(calls=tuple(calls)), st.lists(CALLS, max_size=6))

TWO = Plan(calls=(Call(name="go", arguments=("a", "b")), Call(name="wait")))


@pytest.mark.parametrize(
    "text",
    [
        "(go a b)\n(wait)\n",
        "(go a b)(wait)",
        "  ( GO\ta\r\n B ) ; then\n;\n(Wait) ; cost = 2 (unit cost)",
        "(go a ; the place\n b) (wait)",
        "0: (go a b)\n1: (wait)",
        "0.000: (go a b) [1.000]\n0.001: (wait) [1]",
        "0 : (go a b) [1]  1.5:(wait)",
        ".5: (go a b)\n1.: (wait)",
    ],
)
def test_calls_comments_and_time_stamps_are_read(text):
    assert read_plan(text) == TWO


PIECES = st.sampled_from(
    ["(go a b)", "( GO\ta B )", "(go a\nb)", "(wait)", "(", ")", "a", "B-1", "1", " ", "\n", "\r\n", "\t", "; (go)\n", "0.1: "]
    + ["\u00a0", "\u212a", "\x1c", "\x00"]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_both_ways_to_read_a_plan_agree(text):
    """Calls alone are read a line at a time, what else there may be token by token: the same calls in the same places."""
    source = Source(text, "<plan>")
    try:
        by_tokens = _PlanReader(source).plan().calls
    except SourceError as error:
        by_tokens = str(error)
    by_lines = _bare_plan(source)
    if by_lines is not None:
        assert by_lines.keys == tuple((call.name, call.arguments) for call in by_tokens)
        one_by_one = [by_lines.call(index) for index in range(len(by_lines))]
        for calls in (one_by_one, by_lines.calls):
            assert [(call, call.span) for call in calls] == [(call, call.span) for call in by_tokens]


@given(PLANS)
def test_what_we_write_is_read_a_line_at_a_time(plan):
    assert _bare_plan(Source(write_plan(plan), "<plan>")).calls == plan.calls


@given(PLANS)
def test_a_plan_is_its_calls_wherever_they_stand(plan):
    """Read, made of calls and brought back from bytes: equal, with the same hash; nobody can change it."""
    text = "\n" + write_plan(plan).upper()
    read = read_plan(text)
    for other in (read, Plan(calls=read.calls), pickle.loads(pickle.dumps(read_plan(text))), copy.deepcopy(read)):
        assert other == plan and hash(other) == hash(plan) and len(other) == len(plan) and repr(other) == repr(plan)
        assert [other.call(index) for index in range(len(other))] == list(plan.calls)
    assert (read == Plan(calls=(*plan.calls, Call(name="go")))) is False and read != plan.calls
    with pytest.raises(FrozenInstanceError):
        read.keys = ()
    with pytest.raises(FrozenInstanceError):
        del read.keys


@pytest.mark.parametrize("text", ["", " \n\t", "; nothing to do\n"])
def test_no_calls_are_an_empty_plan(text):
    assert read_plan(text) == Plan()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Plan: (go a)", "1:1: expected '(action object ...)', found 'Plan:'"),
        ("(go a)\nThat was all.", "2:1: expected '(action object ...)', found 'That'"),
        ("go a b", "1:1: expected '(action object ...)', found 'go'"),
        ("(go a)) (wait)", "1:7: expected '(action object ...)', found ')'"),
        ("(go a", "1:6: expected ')', found the end of the text"),
        ("(go a b\n(wait)", "2:1: expected the name of an object or ')', found '('"),
        ("()", "1:2: expected the name of an action, found ')'"),
        ("((go a))", "1:2: expected the name of an action, found '('"),
        ("(go a,b)", "1:5: expected the name of an object or ')', found 'a,b'"),
        ("(go\x00 a)", "1:2: expected the name of an action, found 'go\\x00'"),
        ("(go ?x)", "1:5: expected the name of an object or ')', found '?x'"),
        ("1. (go a)", "1:1: expected '(action object ...)', found '1.'"),
        ("0:", "1:3: expected '(action object ...)', found the end of the text"),
        ("0: 1: (go a)", "1:4: expected '(action object ...)', found '1:'"),
        ("(go a) [1]", "1:8: expected '(action object ...)', found '[1]'"),
        ("0: (go a) [x]", "1:11: expected '(action object ...)', found '[x]'"),
        ("0: (go a)\n(wait)", "2:1: expected a time stamp for every call or for none, found '('"),
        ("(go a)\n0: (wait)", "2:1: expected a time stamp for every call or for none, found '0:'"),
        ("1: (go a)\n1: (wait)", "2:1: expected a time after 1, found '1:'"),
        ("1: (go a)\n0.5: (wait)", "2:1: expected a time after 1, found '0.5:'"),
    ],
)
def test_whatever_else_a_text_holds_is_refused_with_its_place(text, message):
    with pytest.raises(SourceError) as caught:
        read_plan(text, "a.plan")
    assert (caught.value.kind, str(caught.value)) == ("plan_syntax", f"a.plan:{message}")


@pytest.mark.parametrize("text", ["(" * 50_000, "(a" + " a" * 50_000, "0:" * 50_000, "(a) " * 50_000 + "x"])
def test_a_long_wrong_text_is_refused_as_a_short_one_is(text):
    with pytest.raises(SourceError):
        read_plan(text)


def test_a_call_knows_its_place():
    text = "(go a)\n  ( wait )"
    span = read_plan(text).calls[1].span
    assert (span.line, span.column, text[span.start : span.end]) == (2, 3, "( wait )")


def test_the_place_of_a_call_is_no_part_of_it():
    assert read_plan("(go a)").calls[0] == read_plan("\n\n (go a)").calls[0]


@given(PLANS)
def test_a_written_plan_reads_back(plan):
    assert read_plan(write_plan(plan)) == plan
    assert read_plan(str(plan)) == plan


@given(st.text(max_size=40))
def test_any_text_is_a_plan_or_an_error(text):
    try:
        read_plan(text)
    except SourceError as error:
        assert error.kind == "plan_syntax"
        assert error.span.caret(text)


def test_a_plan_file_is_read_with_its_name(tmp_path: Path):
    path = tmp_path / "one.plan"
    path.write_text("(go a b)\n(wait)\n")
    assert load_plan(path) == TWO
    path.write_bytes(b"(go \xff)")
    with pytest.raises(SourceError, match=r"one.plan:1:5: expected text in UTF-8, found byte 0xff"):
        load_plan(path)


@given(NAMES, st.lists(NAMES, max_size=3))
def test_an_atom_reads_back(name, arguments):
    atom = (name, *arguments)
    assert read_atom(atom_text(atom)) == atom


@pytest.mark.parametrize("text", ["", "on a b", "(on a b", "(on a b) (on b c)", "(on (a))"])
def test_what_is_not_one_atom_is_refused(text):
    with pytest.raises(SourceError):
        read_atom(text)
