"""The offered texts: each has the fault that it is offered for, and every kind of fault is offered."""

from __future__ import annotations

import pytest

from planlearn.feedback import KINDS
from planlearn.serve.examples import GROUP, PROBLEMS, TextExample, examples
from planlearn.serve.judge import answer
from val_bridge import FaultKind

NUMERIC = {FaultKind.NUMERIC_UNDEFINED, FaultKind.NUMERIC_CONFLICT}


def kind_of(example: TextExample) -> str:
    said = answer({"op": "check", "domain": example.domain, "problem": example.problem, "plan": example.plan})
    if "error" in said:
        return said["error"]["kind"]
    faults = said["entry"]["attempts"][0]["faults"]
    return faults[0]["kind"] if faults else said["entry"]["outcome"]


@pytest.mark.parametrize("example", examples(), ids=lambda one: f"{one.group}-{one.kind}-{one.form}")
def test_an_example_has_first_the_fault_that_it_is_offered_for(example: TextExample) -> None:
    assert kind_of(example) == example.kind


def test_every_kind_is_offered() -> None:
    assert {one.kind for one in examples()} == {"valid", *KINDS}


@pytest.mark.parametrize("name", PROBLEMS)
def test_each_domain_offers_every_kind_that_it_can_have(name: str) -> None:
    kinds = {one.kind for one in examples() if one.group == name}
    untyped = set() if name == "depots" else {FaultKind.WRONG_TYPE}
    assert kinds == {"valid", *(kind.value for kind in set(FaultKind) - NUMERIC - untyped)}


def test_what_comes_from_the_pages_is_what_domains_cannot_show() -> None:
    assert {one.kind for one in examples() if one.group == GROUP} >= NUMERIC | {FaultKind.WRONG_TYPE}
