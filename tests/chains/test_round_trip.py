"""What is written can be read, and is what was meant: every domain, every style."""

from itertools import groupby

import pytest

from planlearn.chains import ChainStyle, Role, answer_segments, read_answer
from planlearn.chains.preparation import Preparations
from planlearn.chains.purpose import purposes
from planlearn.problems import DOMAINS, domain_names
from tests.walks import NAMES, walk
from val_bridge import Lookup, Outcome, check_chain, check_plan

STYLES = [
    ChainStyle(states=states, goals=said, purposes=purposes)
    for states in ("changes", "full")
    for said, purposes in ((True, True), (True, False), (False, False))
]


def test_the_sweep_covers_every_domain() -> None:
    assert set(NAMES) - {"gripper"} == set(DOMAINS) == set(domain_names())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", STYLES, ids=lambda s: f"{s.states}-{s.goals}-{s.purposes}")
def test_a_true_chain_reads_back_as_itself(name: str, style: ChainStyle) -> None:
    """Each claim is the step's own purpose, precondition, effects, state and goals; the checkers find no fault."""
    for seed in range(6):
        task, chain = walk(name, seed, steps=1 + 2 * seed)
        segments = answer_segments(task, chain, style)
        assert [segment.role for segment in segments] == [Role.PROMPT, Role.CHAIN, Role.PLAN]
        answer = read_answer("".join(segment.text for segment in segments[1:]), task)
        assert answer.unread == () and answer.problem == "" and answer.chain is not None
        assert answer.plan == answer.chain.plan == chain.plan
        assert check_plan(task, answer.plan).outcome is Outcome.VALID
        assert check_chain(task, answer.chain).outcome is Outcome.VALID

        assert answer.chain.initial == (task.initial if style.states == "full" else None)
        assert len(answer.chain.claims) == len(chain)
        prepare = Preparations(task)
        for claim, step, purpose in zip(answer.chain.claims, chain.steps, purposes(task, chain), strict=True):
            said = style.purposes and purpose
            wanted = [one for each in prepare.wanted(step.after).values() for one in each] if style.purposes else []
            assert claim.prepared == (tuple(Lookup(literal=one, holds=one.holds_in(step.after)) for one in wanted) or None)
            lookups = [each for at in purpose for each in at.lookups] if said else []
            assert claim.purpose == (tuple(literal for literal, _ in groupby(at.literal for at in purpose)) if said else None)
            assert claim.lookups == (tuple(lookups) or None)
            assert claim.precondition == {a for a in step.action.precondition if a[0] not in task.static}
            assert (claim.add, claim.delete) == (step.action.add, step.action.delete)
            assert claim.after == (step.after if style.states == "full" else None)
            goals, goals_before = (
                tuple(Lookup(literal=goal, holds=goal.holds_in(state)) for goal in task.goal_literals)
                for state in (step.after, step.before)
            )
            shown = style.goals and (style.purposes or goals != goals_before)
            assert claim.goals == (goals if shown else None)
