"""What is made for STRIPS refuses other tasks in one sentence, instead of computing something wrong."""

from collections.abc import Callable

import pytest

from planlearn.chains.write import domain_text, problem_text
from planlearn.errors import BeyondStrips
from planlearn.feedback.advice import advise
from planlearn.planners.reference import plan, reference_plan
from planlearn.planners.search import shortest_plan
from planlearn.problems.classes import problem_class
from planlearn.problems.renaming import Renaming
from tests.feedback.ferry import FUEL_TASK, TASK
from val_bridge import Literal, Task

ENTRIES: dict[str, Callable[[Task], object]] = {
    "plan": plan,
    "reference_plan": lambda task: reference_plan("ferry", task),
    "shortest_plan": lambda task: shortest_plan(task, task.initial),
    "domain_text": domain_text,
    "problem_text": problem_text,
    "advise": lambda task: advise(task, Literal(atom=("full",)), (), task.initial),
    "problem_class": problem_class,
    "of_domain": lambda task: Renaming(domain="other").of_domain(task.domain),
    "of_problem": lambda task: Renaming(domain="other").of_problem(task.problem),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_task_beyond_strips_is_refused(name: str) -> None:
    with pytest.raises(BeyondStrips, match="need STRIPS") as caught:
        ENTRIES[name](FUEL_TASK)
    assert "\n" not in str(caught.value)
    assert ENTRIES[name](TASK) is not None
