"""The reader is strict and never raises: each line is read, or named as unread."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlearn.chains import Answer, ChainStyle, answer_segments, read_answer
from planlearn.chains.read import MOST_STEPS, TOO_MANY_STEPS
from tests.walks import NAMES, walk
from val_bridge import Call, FaultKind, Lookup, Outcome, Task, check_chain, check_plan

TRUE = "stack a b takes clear b, holding a gives clear a, handempty, on a b\ngoals on a b yes\n"


@cache
def true_answer(name: str, full: bool) -> tuple[Task, str]:
    task, chain = walk(name, 1)
    style = ChainStyle(states="full" if full else "changes", purposes=full)
    return task, "".join(segment.text for segment in answer_segments(task, chain, style)[1:])


def read(text: str) -> Answer:
    return read_answer(text, true_answer("blocksworld", False)[0])


def account_for_every_line(text: str, answer: Answer) -> None:
    """Chain section: a claim, a purpose, a state, goals left or an unread line for each line that is not blank."""
    claims = answer.chain.claims if answer.chain else ()
    said = sum(x is not None for x in (answer.chain.initial, answer.chain.goals)) if answer.chain else 0
    said += sum(1 + sum(x is not None for x in (c.after, c.goals, c.purpose)) for c in claims)
    lines = text.split("\n")
    if lines[0].rstrip(" \t\r") == "Chain:" and len(lines) > 1:
        lines = lines[1:]
    headers = [number for number, line in enumerate(lines) if line.rstrip(" \t\r") == "Plan:"]
    section = lines[: headers[0]] if headers else lines
    assert said + len(answer.unread) == sum(bool(line.strip()) for line in section)
    assert set(answer.unread) <= {line.strip() for line in section}
    assert (answer.plan is None) == bool(answer.problem)
    assert headers or answer.problem == "no line 'Plan:'"


words = st.sampled_from(
    ["\n", "\n", "\n", ",", "(", ")", "Plan:", "Chain:", "needs", "takes", "drops", "gives", "state", "goals",
     "for", "after", "but", ":", "yes", "no", "none", "not", "stack", "a", "b", "on a b", "\t", "\r", "\u2028", "\x00", "7"]
)  # fmt: skip
soup = st.lists(words, max_size=40).map(" ".join)


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(), soup))
def test_no_text_raises_and_no_line_is_lost(text: str) -> None:
    account_for_every_line(text, read(text))


@settings(max_examples=120, deadline=None)
@given(
    name=st.sampled_from(NAMES), full=st.booleans(),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(words, st.text(max_size=3))), max_size=5
    ),
)  # fmt: skip
def test_no_damaged_answer_raises_here_or_in_the_checkers(
    name: str, full: bool, edits: list[tuple[float, int, str]]
) -> None:
    task, text = true_answer(name, full)
    for place, length, patch in edits:
        start = int(place * len(text))
        text = text[:start] + patch + text[start + length :]
    answer = read_answer(text, task)
    account_for_every_line(text, answer)
    if answer.plan is not None:
        check_plan(task, answer.plan)
    if answer.chain is not None:
        check_chain(task, answer.chain)


@pytest.mark.parametrize(
    "line",
    [
        "needs clear a",  # no action
        "stack a b needs",  # no atom
        "stack a b needs clear a,, clear b",
        "stack a b takes clear a takes clear b",  # a part twice
        "stack a b gives not clear a",
        "stack a b needs not",
        "stack a b needs not not clear a",
        "stack a b gives none, clear a",
        "stack, a b",
        "(stack a b) gives (on a b)",  # PDDL's parentheses
        "((stack a b))",
        "1. stack a b",
        "stac\N{KELVIN SIGN} a b",  # its lower case is an ASCII letter
        "Plan: stack a b",
        " Plan:",  # an indented header is none
        "none",
        "state clear a, not clear b",
        "state",
        "goals",
        "goals on a b",
        "goals on a b yes, none",
        "goals on a b no clear b",  # clear b yes or no?
        "goals on a b yes clear b no",  # what is reached takes nothing
        "goals on a b no yes",
        "goals none yes",
        "goals on a b no none no",
        "goals yes",
    ],
)
def test_a_line_outside_the_format_is_named(line: str) -> None:
    """Behind a true step, so that a state or goals left would have a step to belong to."""
    answer = read(f"{TRUE.splitlines()[0]}\n{line}\nPlan:\nstack a b")
    assert answer.unread == (line.strip(),)
    assert len(answer.chain.claims) == 1 and answer.chain.claims[0].goals is None


def test_a_wrong_atom_is_read() -> None:
    """Judging it is the checker's work."""
    answer = read("stack a b gives on a, up a b\ngoals on no\nPlan:\n")
    claim = answer.chain.claims[0]
    assert answer.unread == () and texts(claim.goals) == ["(on) no"]
    assert claim.add == {("on", "a"), ("up", "a", "b")}


def test_the_first_state_is_read_and_judged() -> None:
    """In either order with the goals; the static facts, which it leaves out, come from the prompt."""
    task, text = true_answer("logistics", True)
    state, goals, rest = text.split("\n", 2)
    for start in (f"{state}\n{goals}", f"{goals}\n{state}"):
        answer = read_answer(f"{start}\n{rest}", task)
        assert answer.unread == () and answer.chain.initial == task.initial
        assert check_chain(task, answer.chain).outcome is Outcome.VALID
    fact = state.removeprefix("state ").partition(", ")[0]
    answer = read_answer(text.replace(f"{fact}, ", "", 1), task)
    fault = check_chain(task, answer.chain).first
    assert (fault.kind, fault.step) == (FaultKind.INITIAL_STATE, 0)
    assert [" ".join(violation.atom) for violation in fault.violations] == [fact]


def texts(lookups: tuple[Lookup, ...]) -> list[str]:
    return [f"{at.literal} {'yes' if at.holds else 'no'}" for at in lookups]


def test_what_is_said_of_goals_belongs_to_the_state_that_it_stands_behind() -> None:
    text = "goals on a b no clear b yes clear a no, on b c yes\nfor clear a: holding a no\nput-down a gives clear a\n"
    text += "goals on a b no clear b yes, on b c no\n" + TRUE + "Plan:\n"
    answer = read(text)
    assert answer.unread == ()
    assert texts(answer.chain.goals) == ["(on a b) no", "(on b c) yes"]
    assert texts(answer.chain.prepared) == ["(clear b) yes", "(clear a) no"]
    first, second = answer.chain.claims
    assert texts(first.lookups) == ["(holding a) no"]
    assert texts(first.goals) == ["(on a b) no", "(on b c) no"] and texts(first.prepared) == ["(clear b) yes"]
    assert texts(second.goals) == ["(on a b) yes"]
    assert second.lookups is second.prepared is second.purpose is None


@pytest.mark.parametrize("step", [0, 1])
def test_a_wrong_preparation_is_a_wrong_claim_about_the_state_that_it_stands_behind(step: int) -> None:
    task, text = true_answer("blocksworld", True)
    start = [at.start() for at in re.finditer("^goals ", text, re.MULTILINE)][step]
    goals = text[start : text.index("\n", start)]
    atom = re.search(r"(?:yes|no) (clear \w) (yes|no)", goals)
    wrong = goals[: atom.start(2)] + ("no" if atom[2] == "yes" else "yes") + goals[atom.end(2) :]
    fault = check_chain(task, read_answer(text[:start] + wrong + text[start + len(goals) :], task).chain).first
    assert (fault.kind, fault.step) == (FaultKind.CLAIM, step)
    assert [" ".join(violation.atom) for violation in fault.violations] == [atom[1]]


def test_what_cannot_be_a_first_state_is_unread() -> None:
    assert read(f"state clear a\nstate clear b\n{TRUE}Plan:\n").unread == ("state clear b",)
    assert read("state clear a\ngoals none\nPlan:\n").unread == ("state clear a", "goals none")  # of no chain
    assert read(f"state not clear a\n{TRUE}Plan:\n").unread == ("state not clear a",)
    assert read(f"for on a b\nstate clear a\n{TRUE}Plan:\n").unread == ("for on a b", "state clear a")


def test_what_stands_behind_an_unread_step_belongs_to_no_other() -> None:
    answer = read("pick-up a takes clear a gives holding a\n??\ngoals none\nstate clear b\nPlan:\n")
    assert answer.unread == ("??", "goals none", "state clear b")
    assert answer.chain.claims[0].goals is None and answer.chain.claims[0].after is None


@pytest.mark.parametrize(
    "text, unread",
    [
        ("for on a b\n", ("for on a b",)),  # no step behind it
        ("for on a b\nfor on a b\n" + TRUE, ("for on a b",)),  # two for one step
        ("for on a b\nstate clear a\n" + TRUE, ("for on a b", "state clear a")),
        ("for on a b\ngoals none\n" + TRUE, ("for on a b", "goals none")),
        ("for on a b\nstack a, b\n" + TRUE, ("for on a b", "stack a, b")),
        ("for\n" + TRUE, ("for",)),
        ("for on a b, on b c\n" + TRUE, ("for on a b, on b c",)),  # one goal alone
        ("for on a b:\n" + TRUE, ("for on a b:",)),
        ("for on a b: none\n" + TRUE, ("for on a b: none",)),
        ("for on a b: clear b\n" + TRUE, ("for on a b: clear b",)),  # yes or no?
        ("for on a b: clear b yes: clear c yes\n" + TRUE, ("for on a b: clear b yes: clear c yes",)),
        ("for on a b after on b c yes after on c d no\n" + TRUE, ("for on a b after on b c yes after on c d no",)),
        ("for on a b but on b c yes\n" + TRUE, ("for on a b but on b c yes",)),
        ("for on a b but on b c no, on c d no\n" + TRUE, ("for on a b but on b c no, on c d no",)),
        ("for on a b but on b c no but on c d no\n" + TRUE, ("for on a b but on b c no but on c d no",)),
        ("for on a b but on b c no after on c d yes\n" + TRUE, ("for on a b but on b c no after on c d yes",)),
        ("for on a b: clear b no after on b c yes\n" + TRUE, ("for on a b: clear b no after on b c yes",)),
        ("for on a b\nPlan:\n", ("for on a b",)),
        (TRUE + "for on a b\nstate clear a\n", ("for on a b", "state clear a")),
    ],
)
def test_a_purpose_stands_right_above_its_step(text: str, unread: tuple[str, ...]) -> None:
    assert read(text).unread == unread


def test_a_purpose_is_read_in_its_order() -> None:
    """The path from the goal, all lookups, and the last of them as the step's preconditions."""
    line = "for on b c after on c d yes, on e c no after on a e yes but on g h no: clear c yes, not clear a no: holding b no: up e yes\n"
    (claim,) = read(line + TRUE).chain.claims
    assert list(map(str, claim.purpose)) == ["(on b c)", "(on e c)", "(on g h)", "(not (clear a))", "(holding b)"]
    assert [(str(at.literal), at.holds) for at in claim.lookups] == [
        ("(on c d)", True), ("(on e c)", False), ("(on a e)", True), ("(on g h)", False), ("(clear c)", True), ("(not (clear a))", False),
        ("(holding b)", False), ("(up e)", True),
    ]  # fmt: skip
    assert claim.precondition == {("up", "e"), ("clear", "b"), ("holding", "a")}


def test_a_second_state_or_second_goals_are_unread() -> None:
    answer = read(TRUE + "goals on a b no\nstate clear a\nstate clear b\n")
    assert answer.unread == ("goals on a b no", "state clear b")


@pytest.mark.parametrize(
    "text, calls",
    [
        ("Plan:\nstack a b\n", ["(stack a b)"]),
        ("Chain:\nPlan: \t\n\n  Stack A b  \n\n(unstack a b)\n", ["(stack a b)", "(unstack a b)"]),
        (f"Chain:\n{TRUE}Plan:\nstack a b\nstack a b", ["(stack a b)", "(stack a b)"]),
        (f"{TRUE}Plan:", []),
        ("Plan:", []),
    ],
)
def test_the_plan_is_the_whole_plan_section_and_nothing_else(text: str, calls: list[str]) -> None:
    answer = read(text)
    assert answer.problem == "" and answer.plan is not None
    assert list(map(str, answer.plan.calls)) == calls


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "no line 'Plan:'"),
        (TRUE, "no line 'Plan:'"),
        (f"{TRUE}plan:\nstack a b", "no line 'Plan:'"),
        ("Plan:\nstack a b\nand so on.", "line 3: expected an action, found 'and so on.'"),
        (f"{TRUE}Plan:\nstack a b\nPlan:\nstack a b", "line 5: expected an action, found 'Plan:'"),
        ("Plan:\n" + "x" * 30 + "! y" * 30, f"line 2: expected an action, found '{'x' * 30}! y! y!...'"),
    ],
)
def test_why_a_plan_cannot_be_read(text: str, problem: str) -> None:
    answer = read(text)
    assert answer.plan is None and answer.problem == problem
    assert answer.chain is None or answer.chain.plan is None


def test_a_span_is_the_place_in_the_whole_answer() -> None:
    text = "Chain:\n\n  stack a b gives on a b\nPlan:\n\tstack a b\n"
    answer = read(text)
    for call, line, column, words in (
        (answer.chain.claims[0].call, 3, 3, "stack a b gives on a b"),
        (answer.plan.calls[0], 5, 2, "stack a b"),
    ):
        assert call == Call(name="stack", arguments=("a", "b"))
        assert (call.span.line, call.span.column) == (line, column)
        assert text[call.span.start : call.span.end] == words


def test_a_step_without_parts_claims_nothing_but_its_call() -> None:
    claim = read("stack a b\n").chain.claims[0]
    assert claim.precondition is claim.add is claim.delete is claim.after is claim.goals is None


def test_a_chain_of_more_steps_than_is_judged_is_none() -> None:
    assert len(read("stack a b\n" * MOST_STEPS).chain.claims) == MOST_STEPS
    for remark in ("that is it!", "```", "- so"):
        assert len(read("stack a b\n" * MOST_STEPS + remark).chain.claims) == MOST_STEPS, "what is no step is none too many"
    answer = read("stack a b\n" * (MOST_STEPS + 1) + "Plan:\nstack a b\n")
    assert answer.chain is None and answer.unread == (TOO_MANY_STEPS,) and answer.plan is not None
