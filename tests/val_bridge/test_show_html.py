"""What a notebook shows of a verdict: everything that was found, nothing that a name could smuggle in, and not too much."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from planlearn.problems import domain_text
from tests.golden_files import check_golden
from tests.walks import NAMES, walk
from val_bridge import (
    Fault,
    FaultKind,
    Outcome,
    Verdict,
    Violation,
    atom_text,
    check_chain,
    check_plan,
    check_plan_text,
    read_chain,
    read_plan,
    read_task,
)
from val_bridge.check import show_html

TASK = read_task(
    domain_text("blocksworld"),
    "(define (problem tower) (:domain blocksworld-4ops) (:objects a b c)"
    " (:init (handempty) (ontable a) (ontable b) (on c a) (clear b) (clear c)) (:goal (and (on a b) (on b c))))",
)
CHAIN = """[{"state": ["(handempty)", "(ontable a)", "(ontable b)", "(on c a)", "(clear b)", "(clear c)"]},
  {"action": "(unstack c a)", "state": ["(holding c)", "(clear a)", "(clear b)", "(ontable a)", "(on c a)"]}]"""


class Read(HTMLParser):
    """The elements, their attributes and the text of a piece of HTML; fails where it is not well nested."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.said: list[str] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)
        if "td" in self._open:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(self.said)


OURS = {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "bdi", "br", "ul", "li"}


def read(verdict: Verdict) -> Read:
    found = Read(verdict._repr_html_())
    assert set(found.tags) <= OURS and found.attributes <= {"class", "style", "scope", "colspan"}
    return found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("precondition", "(unstack c a)\n(pick-up b)\n(stack b c)\n"),
        ("valid", "(unstack c a)\n(put-down c)\n(pick-up b)\n(stack b c)\n(pick-up a)\n(stack a b)\n"),
        ("unreadable", "(unstack c a\n"),
        ("chain", CHAIN),
    ],
)
def test_it_is_as_kept(name: str, text: str) -> None:
    chain = text.startswith("[")
    verdict = check_chain(TASK, read_chain(text)) if chain else check_plan_text(TASK, text, "a.plan")
    check_golden(f"val/verdict_{name}.html", re.sub("(</p>|</tr>|</li>|<ul>|<tbody>|<table[^>]*>)", r"\1\n", verdict._repr_html_()) + "\n")


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
def test_each_step_says_what_it_changed(name: str, seed: int) -> None:
    task, chain = walk(name, seed)
    rows = read(check_plan(task, chain.plan)).rows[1:]
    assert [row[:2] for row in rows] == [[str(number), str(step.action)] for number, step in enumerate(chain.steps, 1)]
    for row, step in zip(rows, chain.steps, strict=True):
        assert row[2] == "".join(f"− {text}" for text in sorted(map(atom_text, step.before - step.after)))
        assert row[3] == "".join(f"+ {text}" for text in sorted(map(atom_text, step.after - step.before)))


def test_it_names_the_cause_and_what_is_not_reached() -> None:
    found = read(check_plan_text(TASK, "(unstack c a)\n(pick-up b)\n(stack b c)\n(pick-up a)\n"))
    assert "unsatisfied (handempty): deleted by step 1, (unstack c a)" in found.text
    assert found.rows[-1] == ["2", "(pick-up b)", "✗ cannot be executed"] and "2 steps after it are not executed." in found.text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</div></td>", "&lt;b&gt;", "a\u202eb\u2066", "\x1b[31m"])
def test_hostile_names_stay_text(name: str) -> None:
    """Built by hand: the readers of PDDL take no such name."""
    fault = Fault(
        kind=FaultKind.PRECONDITION, step=1, action=f"(take {name})", violations=(Violation(kind="unsatisfied", atom=("at", name)),),
        expected=f"(at {name})", stated=name, hint=name,
    )  # fmt: skip
    verdict = Verdict(outcome=Outcome.INVALID, faults=(fault,), plan_length=1, warnings=(name,))
    found = read(verdict)
    hidden = {"\u202e": "⟨U+202E⟩", "\u2066": "⟨U+2066⟩", "\x1b": "⟨U+001B⟩"}
    assert f"(take {''.join(hidden.get(c, c) for c in name)})" in found.text
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in verdict._repr_html_())


@given(text=st.text())
def test_no_text_that_was_judged_can_add_an_element(text: str) -> None:
    read(check_plan_text(TASK, text, text))
    read(check_plan_text(TASK, f"(unstack c a)\n({text})", "a.plan"))


@pytest.mark.parametrize(("length", "shown", "left_out"), [(100, 100, None), (101, 101, 1), (50_000, 101, 49_900)])
def test_of_a_long_plan_the_middle_is_left_out_and_counted(length: int, shown: int, left_out: int | None) -> None:
    calls = ["(unstack c a)", "(stack c a)"]
    verdict = check_plan(TASK, read_plan("\n".join(calls[n % 2] for n in range(length))))
    found = read(verdict)
    assert len(found.rows) == shown + 1
    if left_out is not None:
        assert f"… {left_out:,} step{'s are' if left_out > 1 else ' is'} left out …" in found.text
        numbers = [int(row[0]) for row in found.rows[1:] if len(row) == 4]
        assert numbers == [*range(1, 91), *range(length - 9, length + 1)]
    assert len(verdict._repr_html_()) < 200_000


def test_very_long_texts_and_lists_are_cut_and_counted() -> None:
    long = "x" * 1_000_000
    violations = tuple(Violation(kind="missing", atom=("at", str(n))) for n in range(1000))
    fault = Fault(kind=FaultKind.INITIAL_STATE, step=0, violations=violations, expected=long, stated="", action=long)
    verdict = Verdict(outcome=Outcome.INVALID, faults=(fault,) * 1000)
    text = read(verdict).text
    assert "letters more)" in text and "960 more facts" in text and "950 more faults" in text
    assert len(verdict._repr_html_()) < 1_000_000


def test_the_caps_are_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show_html, "MOST_STEPS", 3)
    monkeypatch.setattr(show_html, "LAST_STEPS", 1)
    plan = read_plan("(unstack c a)(put-down c)(pick-up b)(stack b c)(pick-up a)(stack a b)")
    assert [row[0] for row in read(check_plan(TASK, plan)).rows[1:]] == ["1", "2", "… 3 steps are left out …", "6"]
