"""The words of the chain format and the choices in it.

    answer  = "Chain:\\n"? reached step* "Plan:\\n" action*                       (the prompt ends with "Chain:\\n")
            | "Chain:\\n"? reached ["never" atoms "\\n"] "Plan:\\n" "unsolvable"
    step    = ["for" atom ("after" lookups)* ["but" lookup] (":" lookups)* "\\n"]
              action ["needs" atoms] ["takes" atoms] ["drops" atoms] ["gives" atoms] "\\n"
              reached
    reached = ["state" (atoms | "none") "\\n"] ["goals" (goal ("," goal)* | "none") "\\n"]
    goal    = atom "yes" | atom "no" (atom ("yes" | "no"))*
    action  = name argument*                              atoms = atom ("," atom)*
    atom    = ["not"] predicate argument*                 lookups = atom ("yes" | "no") ("," atom ("yes" | "no"))*

`needs` are preconditions that the step leaves alone, `takes` preconditions that it deletes, `drops` facts that it
deletes without needing them, `gives` facts that it adds. So precondition = needs + takes, delete = takes + drops, add
= gives, and nothing is written twice. `state` is the whole state, at the start and behind each step, so that every
step is chosen from the lines right above it. `goals` says of each goal whether it is reached: at the start, and where a
step changes that. With purposes it stands behind every step, and with each open goal stands what it takes beforehand
(see `preparation`) and whether that holds. `for` says what a step is for (see `purpose`): the first of these that
does not hold, else a goal; behind `after` goals to be reached before it, up to the first that does not hold, and so on down;
behind `but` another open goal that the plan turns to all the same; behind ":" what other ways to it would take and does not
hold, and what its own way takes and whether that holds, up to the one that the plan turns to; behind the next ":" what
that one takes, and so on. What holds behind the last ":" are the preconditions of the step itself, so such a step has no
`needs`. Static atoms
(no action changes them) stand in the prompt alone: neither in `needs` nor in `state`.

The answer to a problem without a plan says `unsolvable` in its place, and above it why: `never` names goals that cannot hold together,
or one that cannot be reached (`planlearn.planners.is_conflict` tells whether that is so).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from planlearn.errors import PlanlearnError

NEEDS, TAKES, DROPS, GIVES = "needs", "takes", "drops", "gives"
FOR, AFTER, BUT = "for", "after", "but"
STATE, GOALS, NONE, NOT, YES, NO = "state", "goals", "none", "not", "yes", "no"
NEVER, UNSOLVABLE = "never", "unsolvable"
CHAIN_HEADER, PLAN_HEADER = "Chain:", "Plan:"
PARTS = (NEEDS, TAKES, DROPS, GIVES)
RESERVED = frozenset({*PARTS, FOR, AFTER, BUT, STATE, GOALS, NONE, NOT, YES, NO, NEVER, UNSOLVABLE})

STATES = ("changes", "full")


class ReservedWord(PlanlearnError):
    """A domain or problem has one of the format's own words as a name, so its text could not be read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStyle:
    """How a chain is written.

    states: "changes" (the effects alone; s' follows from them) or "full" (s at the start, the whole s' behind each step).
    goals: whether the goals and which of them are reached stand at the start and behind each step that changes that.
    purposes: whether each step says what it is for, and looks up what it takes; the goals then stand behind every step, with
        what they take beforehand. Takes goals.
    domain_in_prompt: whether the prompt holds the domain's schemas.
    """

    states: str = "changes"
    goals: bool = True
    purposes: bool = False
    domain_in_prompt: bool = True

    def __post_init__(self) -> None:
        if self.states not in STATES:
            raise ValueError(f"states: expected one of {', '.join(STATES)}, found {self.states!r}")
        if self.purposes and not self.goals:
            raise ValueError("purposes: they take goals, found goals: false")


def check_names(names: Iterable[str], where: str) -> None:
    """Raise `ReservedWord` if one of the names is a word of the format."""
    clash = sorted(RESERVED.intersection(names))
    if clash:
        raise ReservedWord(f"{where}: the name {clash[0]!r} is a word of the chain format; rename it")
