"""Masked decoding: what a model may write next where the checker admits applicable actions alone.

The plan section alone is masked, a line at a time; its end is always admitted, whether the goal holds or not, and so is the word that there is no plan in its place. The chain above it is free, its
states are not forced: a plan that departs from its chain is told by the answer's own figures.
"""

from __future__ import annotations

from planlearn.chains.grammar import UNSOLVABLE
from planlearn.chains.read import plan_header, read_plan_section, says_unsolvable
from planlearn.evaluate.answers import Mask
from val_bridge import BindError, State, Task, applicable, progress

END = ""
"""The line that stands for the end of the answer."""
NO_PLAN = UNSOLVABLE.upper()
"""What the prompt for any model (templates/plan.jinja) asks for where there is no plan."""


def chain_mask(task: Task) -> Mask:
    """For answers in our own format: from the line behind the plan's header on."""

    def lines(text: str) -> list[str] | None:
        header = plan_header(text) if text.endswith("\n") else None
        if header is None:
            return None
        if says_unsolvable(text, header.end()):
            return [END]
        plan, _ = read_plan_section(text, header.end())
        calls = [(call.name, *call.arguments) for call in plan.calls] if plan is not None else []
        return [*(" ".join(call) for call in _next_calls(task, calls)), *(() if calls else (UNSOLVABLE,)), END]

    return lines


def plan_mask(task: Task) -> Mask:
    """For answers that are a plan and nothing else, an action a line as PDDL writes it: from the first word on."""

    def lines(text: str) -> list[str] | None:
        if text.strip() == NO_PLAN:
            return [END]
        calls = [tuple(line.strip("() \n").split()) for line in text.splitlines() if line.strip()]
        return [*(f"({' '.join(call)})" for call in _next_calls(task, calls)), *(() if calls else (NO_PLAN,)), END]

    return lines


def _next_calls(task: Task, calls: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What is applicable behind these calls, sorted; nothing behind calls that cannot be applied."""
    state: State = task.initial
    for name, *arguments in calls:
        try:
            action = task.action(name, tuple(arguments))
        except BindError:
            return []
        if not applicable(state, action):
            return []
        state = progress(state, action)
    return sorted((action.name, *action.arguments) for action in task.applicable_actions(state))
