"""What may come next in a masked answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.chains.grammar import PLAN_HEADER, UNSOLVABLE
from planlearn.evaluate.mask import END, NO_PLAN, chain_mask, plan_mask
from planlearn.planners import reference_plan
from planlearn.problems import get_generator, stream
from val_bridge import Call, Plan, check_plan


@given(st.sampled_from(["blocksworld", "logistics"]), st.integers(0, 10**6), st.data())
def test_right_plans_are_admitted_and_wrong_steps_are_not(domain: str, seed: int, data: st.DataObject) -> None:
    """Law: behind any start of a valid plan, what is admitted is the plan's next step, the end, and what else the checker executes."""
    task = get_generator(domain).generate(stream("mask", domain, seed)).task()
    plan = reference_plan(domain, task)
    at = data.draw(st.integers(0, len(plan.calls)))
    steps = [" ".join((call.name, *call.arguments)) for call in plan.calls]
    start, rest = steps[:at], steps[at:]
    chain = chain_mask(task)(f"ignored\n{PLAN_HEADER}\n" + "".join(f"{step}\n" for step in start))
    pddl = plan_mask(task)("".join(f"({step})\n" for step in start))
    assert chain is not None and pddl is not None
    assert [line.strip("()").lower() for line in pddl] == [line.lower() for line in chain]
    assert END in chain and (UNSOLVABLE in chain) == (not start)
    assert not rest or rest[0] in chain
    for line in data.draw(st.lists(st.sampled_from(chain), max_size=3)):
        if line not in (END, UNSOLVABLE):
            name, *arguments = line.split()
            calls = (*plan.calls[:at], Call(name=name, arguments=tuple(arguments)))
            assert len(check_plan(task, Plan(calls=calls)).steps) == at + 1


@pytest.mark.parametrize("text", ["", "goals on a b no\n", "Plan: a b\n", f"{PLAN_HEADER}"])
def test_the_chain_is_free(text: str) -> None:
    task = get_generator("blocksworld").generate(stream("mask", 0)).task()
    assert chain_mask(task)(text) is None


def test_behind_the_word_that_there_is_no_plan_stands_nothing() -> None:
    task = get_generator("blocksworld").generate(stream("mask", 0)).task()
    assert chain_mask(task)(f"{PLAN_HEADER}\n{UNSOLVABLE}\n") == [END]
    assert plan_mask(task)(f"{NO_PLAN}\n") == [END]
