"""What actions do.

Takes a `Domain` and a `Problem`, gives a `Task`: binding of calls, ground actions, transitions, chains.

A task of STRIPS is literals alone. Beyond it, `formulas` asks conditions about a world, `axioms` closes a state,
`numbers` has exact fractions and `explain` says why a condition does not hold; a task that has none of this pays for
none of it.

Outside, a state is a set of atoms; inside, an integer with one bit per atom, given when the atom is first
met. Not taken: grounding everything at the start (most ground actions are never called); numpy bit arrays (a
slow import, and no faster at these sizes).
"""

from val_bridge.semantics.chain import Chain, Claim, InapplicableError, Lookup, ParsedChain, Step, execute, goal_lookups
from val_bridge.semantics.explain import Explanation
from val_bridge.semantics.numbers import NumericError, Values
from val_bridge.semantics.state import Atom, Literal, State, atom_text, read_atom, state_text
from val_bridge.semantics.task import Action, BindError, Call, Plan, Task, load_task, read_task
from val_bridge.semantics.transition import Masks, applicable, effects, progress, regress, successor, unmet

__all__ = [
    "Action",
    "Atom",
    "BindError",
    "Call",
    "Chain",
    "Claim",
    "Explanation",
    "InapplicableError",
    "Literal",
    "Lookup",
    "Masks",
    "NumericError",
    "ParsedChain",
    "Plan",
    "State",
    "Step",
    "Task",
    "Values",
    "applicable",
    "atom_text",
    "effects",
    "execute",
    "goal_lookups",
    "load_task",
    "progress",
    "read_atom",
    "read_task",
    "regress",
    "state_text",
    "successor",
    "unmet",
]
