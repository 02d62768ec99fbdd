"""Chains with a fault, feedback on it, and the corrected chain: the fault is where it was put, and what is to be written is true."""

from __future__ import annotations

from random import Random

import pytest

from planlearn.chains import ChainStyle, Role, answer_segments, read_answer
from planlearn.corpus.build import ProblemSource
from planlearn.corpus.mend import INSTRUCTION, LONGEST, open_chain, spoiled_mending, spoiled_start
from planlearn.errors import RecipeError
from planlearn.problems import DOMAINS
from planlearn.recipes import find_recipe, load_recipe
from val_bridge import FaultKind, check_chain, execute

STYLES = [
    ChainStyle(states="full", purposes=True, domain_in_prompt=False), ChainStyle(states="changes"), ChainStyle(states="changes", goals=False),
]  # fmt: skip
SIZES = {"blocksworld": {"4": 1.0, "5": 1.0}, "mystery_blocksworld": {"4": 1.0}, "logistics": {"in_distribution": 1.0},
         "depots": {"in_distribution": 1.0}}


def drawn(domain: str, count: int):
    source = ProblemSource(domain, 0, "train", fresh_classes=False)
    for index in range(count):
        one = source.draw(index, SIZES[domain], None)
        yield one.task, execute(one.task, [one.task.bind(call) for call in one.plan.calls])


@pytest.mark.parametrize("domain", sorted(DOMAINS))
@pytest.mark.parametrize("style", STYLES, ids=["purposes", "changes", "without goals"])
def test_the_fault_stands_in_the_last_step_and_nowhere_before(domain, style):
    steps = set()
    for number, (task, chain) in enumerate(drawn(domain, 25)):
        found = spoiled_start(task, chain, style, Random(number))
        if found is None:
            continue
        text, verdict = found
        parsed = read_answer(text, task).chain
        # Step 0 is seen at the first step, or there is none behind it.
        assert verdict.first.step in (len(parsed.claims), 0) and verdict.first.kind is not FaultKind.GOAL
        assert {fault.step for fault in verdict.faults} <= {len(parsed.claims), 0}
        assert open_chain(check_chain(task, parsed)) == verdict
        steps.add(verdict.first.step)
    assert len(steps) > 3, "faults in few places"


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_what_is_to_be_written_is_the_true_chain_and_both_kinds_of_feedback_come(domain):
    told = set()
    for number, (task, chain) in enumerate(drawn(domain, 40)):
        segments = spoiled_mending(task, chain, STYLES[0], Random(number))
        if len(chain) > LONGEST:
            assert segments is None
            continue
        assert segments is not None and segments[0].text.startswith(f"{INSTRUCTION}\n")
        assert segments[3:] == answer_segments(task, chain, STYLES[0])[1:]
        assert [segment.role for segment in segments[:3]] == [Role.PROMPT, Role.FEEDBACK, Role.PROMPT]
        # In a domain with types another object may make a call of no action, which is a fault of plans too.
        subjects = ("chain", "plan") if task.domain.types else ("chain",)
        assert segments[1].text.startswith(tuple(f"The {subject} is invalid" for subject in subjects))
        told.add(segments[1].text.count("\n") > 1)
    assert told == {True, False}


def test_the_same_seed_gives_the_same_and_another_another():
    (task, chain), *_ = drawn("blocksworld", 1)
    first, again, other = (spoiled_start(task, chain, STYLES[0], Random(seed)) for seed in (1, 1, 2))
    assert first == again and first[0] != other[0]


def test_shares_that_leave_no_chain_are_refused():
    with pytest.raises(RecipeError, match="corpus.mended: leaves no chains to learn"):
        load_recipe(find_recipe("blocksworld", ""), ["judged=0.5", "mended=0.5"])
