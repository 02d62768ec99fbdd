"""The page of each kind of fault: it exists, its example has that fault first, and the feedback is what it says.

`make golden` (PLANLEARN_GOLDEN=1) rewrites the feedback blocks; review the diff.
"""

import os
import re

import pytest

from planlearn.chains import read_answer
from planlearn.feedback import KINDS, PAGES, detailed_feedback, page_text
from planlearn.problems import domain_text
from val_bridge import FaultKind, SourceError, Verdict, check_chain, check_plan_text, read_chain, read_task

_BLOCK = re.compile(r"^```(pddl domain|pddl problem|plan|json|chain|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOMAIN = re.compile(r"^Domain: `([a-z_]+)`\.$", re.MULTILINE)
FAULTS = [kind.value for kind in FaultKind]
OF_FILES = [kind for kind in KINDS if kind not in FAULTS]
EMPTY = "(define (problem p) (:domain lamp) (:init) (:goal (and)))"


def example(text: str) -> tuple[Verdict, str]:
    """(the verdict on a page's example, the feedback that it gets)."""
    blocks = {name: body for name, body in _BLOCK.findall(text)}
    named = _DOMAIN.search(text)
    domain = blocks["pddl domain"] if named is None else domain_text(named[1])
    task = read_task(domain, blocks["pddl problem"])
    if "plan" in blocks:
        verdict = check_plan_text(task, blocks["plan"])
    elif "json" in blocks:
        verdict = check_chain(task, read_chain(blocks["json"]))
    else:
        chain = read_answer(blocks["chain"], task).chain
        assert chain is not None
        verdict = check_chain(task, chain)
    return verdict, detailed_feedback(verdict, task).text + "\n"


def says(kind: str, text: str, said: str) -> None:
    """A page's text block is what is said; with PLANLEARN_GOLDEN it becomes that."""
    if os.environ.get("PLANLEARN_GOLDEN") == "1":
        before, _, after = text.rpartition("```text\n")
        text = f"{before}```text\n{said}```{after.partition('```')[2]}"
        (PAGES / f"{kind}.md").write_text(text, encoding="utf-8")
    assert dict(_BLOCK.findall(text))["text"] == said


@pytest.mark.parametrize("kind", FAULTS)
def test_the_example_has_the_fault_and_gets_the_feedback(kind: str) -> None:
    text = page_text(kind)
    verdict, feedback = example(text)
    assert verdict.first is not None and verdict.first.kind.value == kind
    says(kind, text, feedback)


@pytest.mark.parametrize("kind", OF_FILES)
def test_the_example_of_a_file_is_refused_with_these_words(kind: str) -> None:
    text = page_text(kind)
    blocks = dict(_BLOCK.findall(text))
    with pytest.raises(SourceError) as refused:
        read_task(blocks["pddl domain"], blocks.get("pddl problem", EMPTY), "domain.pddl", "problem.pddl")
    assert refused.value.kind == kind
    says(kind, text, f"{refused.value}\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_its_parts(kind: str) -> None:
    text = page_text(kind)
    assert text.startswith(f"# {kind}\n\n")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["What it means", "Why it fails", "The smallest example", "What the feedback says" if kind in FAULTS else "What is said"]
    summary = text.split("\n")[2]
    assert summary.endswith(".") and len(summary) <= 120


def test_each_kind_has_a_page_and_each_page_a_kind() -> None:
    assert sorted(path.stem for path in PAGES.iterdir()) == sorted(KINDS)


def test_an_unknown_kind_is_told_the_nearest() -> None:
    with pytest.raises(LookupError, match="did you mean 'precondition'"):
        page_text("preconditon")
