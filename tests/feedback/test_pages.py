"""The page of each kind of fault: it exists, its example has that fault first, and the feedback is what it says.

`make golden` (PLANLEARN_GOLDEN=1) rewrites the feedback blocks; review the diff.
"""

import os
import re

import pytest

from planlearn.chains import read_answer
from planlearn.feedback import PAGES, detailed_feedback, page_text
from planlearn.problems import domain_text
from val_bridge import FaultKind, Verdict, check_chain, check_plan_text, read_chain, read_task

_BLOCK = re.compile(r"^```(pddl domain|pddl problem|plan|json|chain|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOMAIN = re.compile(r"^Domain: `([a-z_]+)`\.$", re.MULTILINE)
KINDS = [kind.value for kind in FaultKind]


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_has_the_fault_and_gets_the_feedback(kind: str) -> None:
    text = page_text(kind)
    verdict, feedback = example(text)
    assert verdict.first is not None and verdict.first.kind.value == kind
    if os.environ.get("PLANLEARN_GOLDEN") == "1":
        before, _, after = text.rpartition("```text\n")
        text = f"{before}```text\n{feedback}```{after.partition('```')[2]}"
        (PAGES / f"{kind}.md").write_text(text, encoding="utf-8")
    assert dict(_BLOCK.findall(text))["text"] == feedback


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_its_parts(kind: str) -> None:
    text = page_text(kind)
    assert text.startswith(f"# {kind}\n\n")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["What it means", "Why it fails", "The smallest example", "What the feedback says"]
    summary = text.split("\n")[2]
    assert summary.endswith(".") and len(summary) <= 120


def test_each_kind_has_a_page_and_each_page_a_kind() -> None:
    assert sorted(path.stem for path in PAGES.iterdir()) == sorted(KINDS)


def test_an_unknown_kind_is_told_the_nearest() -> None:
    with pytest.raises(LookupError, match="did you mean 'precondition'"):
        page_text("preconditon")
