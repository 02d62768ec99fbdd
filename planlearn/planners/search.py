"""Breadth-first search over bit masks: shortest plans for small tasks, a witness for the other planners."""

from __future__ import annotations

import random
from collections import deque

from planlearn.errors import EngineError, require_strips
from val_bridge import Action, Call, State, Task


def shortest_plan(
    task: Task, state: State, *, rng: random.Random | None = None, limit: int = 100_000
) -> list[Call] | None:
    """A shortest plan from `state`, or None if no plan exists.

    Among equally short plans: the first by the sorted actions, or one that `rng` chooses.
    limit: states kept. Raises EngineError beyond it, BeyondStrips where masks do not say all.
    """
    require_strips(task, task.problem.name, "planners")
    masks = task.masks
    actions: list[Action] = list(task.actions)
    if rng is not None:
        rng.shuffle(actions)
    moves = [(action, *masks.action_masks(action)) for action in actions]
    start, goal, goal_negative = masks.encode(state), masks.goal, masks.goal_negative
    came: dict[int, tuple[int, Action] | None] = {start: None}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here & goal == goal and not here & goal_negative:
            calls: list[Call] = []
            while edge := came[here]:
                here, action = edge
                calls.append(Call(name=action.name, arguments=action.arguments))
            return calls[::-1]
        for action, positive, negative, add, delete in moves:
            if here & positive == positive and not here & negative:
                after = here & ~delete | add
                if after not in came:
                    if len(came) >= limit:
                        raise EngineError(f"no plan for {task.problem.name} found within {limit} states")
                    came[after] = (here, action)
                    queue.append(after)
    return None
