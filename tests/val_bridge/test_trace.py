"""What a trace says without making states is what its steps say; and reading keeps the collector of cycles as it was."""

from __future__ import annotations

import gc

import pytest

from tests.val_bridge.conftest import BLOCKS_DOMAIN, BLOCKS_PROBLEM
from tests.walks import NAMES, walk
from val_bridge import Plan, SourceError, check_plan, plan_answer, read_domain, read_plan, read_task
from val_bridge.check.plan import Change, Trace, last_changing


@pytest.mark.parametrize("name", NAMES)
def test_changes_and_single_steps_are_those_of_the_steps(name: str) -> None:
    for seed in range(12):
        task, chain = walk(name, seed, steps=3 * seed)
        trace = check_plan(task, chain.plan).steps
        assert isinstance(trace, Trace)
        atoms = {atom for step in chain.steps for atom in step.before ^ step.after}
        changes = list(trace.changes())
        last = {(atom, wanted): trace.last_change(atom, wanted) for atom in atoms for wanted in (True, False)}
        single = [trace[index] for index in range(len(trace))]
        if task.is_plain:
            assert trace._steps is None, "no state was to be made"
        assert single == list(trace.steps) == list(chain.steps)
        assert changes == list(map(Change.of, chain.steps))
        assert last == {key: last_changing(task, chain.steps, *key) for key in last}
        with pytest.raises(IndexError):
            check_plan(task, chain.plan).steps[len(chain)]


def test_an_answer_on_a_long_plan_makes_no_states() -> None:
    task = read_task(BLOCKS_DOMAIN, BLOCKS_PROBLEM)
    verdict = check_plan(task, read_plan("(unstack b a) (stack b a) " * 500 + "(unstack a b)"))
    answer = plan_answer(task, verdict)
    assert len(answer["steps"]) == 1000 and answer["failing_literals"]
    assert answer["steps"][999] == {
        "action": "(stack b a)", "add": ["(clear b)", "(handempty)", "(on b a)"], "delete": ["(clear a)", "(holding b)"], "values": {},
    }  # fmt: skip
    assert answer["causes"]["(clear a)"] == {"step": 1000, "action": "(stack b a)"}
    assert isinstance(verdict.steps, Trace) and verdict.steps._steps is None


@pytest.mark.parametrize("enabled", [True, False])
def test_reading_leaves_the_collector_as_it_was(enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        assert read_plan("(a)") == Plan.of_keys((("a", ()),), lambda _: iter(()))
        assert gc.isenabled() is enabled
        with pytest.raises(SourceError):
            read_domain("(define")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
