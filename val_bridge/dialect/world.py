"""A world in VAL's order: quantifiers run through the objects by name, whatever order declared them."""

from __future__ import annotations

from val_bridge.semantics import State, Task, Values
from val_bridge.semantics.formulas import Names, World


def world_of(task: Task, state: State, values: Values) -> World:
    """What formulas are asked about in a state of the task, derived atoms included."""
    world = task.world(state, values)

    def fitting(types: Names) -> Names:
        return tuple(sorted(task.fitting(types)))

    return World(world.holds, world.values, fitting, world.tolerance)
