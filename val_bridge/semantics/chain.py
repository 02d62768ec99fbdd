"""Chains of states and actions: those that are true by construction, and those that a text claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import Atom, Call, Literal, Plan
from val_bridge.semantics.ground import Action
from val_bridge.semantics.numbers import NO_VALUES, Values
from val_bridge.semantics.state import State
from val_bridge.semantics.task import Task
from val_bridge.semantics.transition import applicable, successor, unmet


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An action between the states before and after it; derived atoms are in neither.

    Raises ValueError if the action does not lead from the one to the other.
    """

    before: State
    action: Action
    after: State
    values_before: Values = NO_VALUES
    values_after: Values = NO_VALUES

    def __post_init__(self) -> None:
        if not applicable(self.before, self.action, self.values_before):
            raise ValueError(f"{self.action} is not applicable before the step")
        if successor(self.before, self.action, self.values_before) != (self.after, self.values_after):
            raise ValueError(f"{self.action} does not lead to the state after the step")

    @property
    def changed_values(self) -> dict[Atom, tuple[Fraction | None, Fraction]]:
        """The fluents whose value the step changed or gave: the values before (None if it had none) and after."""
        before = self.values_before
        return {
            fluent: (before.get(fluent), value)
            for fluent, value in sorted(self.values_after.items())
            if before.get(fluent) != value
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Steps, each of which begins where the one before it ended. Raises ValueError if one does not."""

    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        for number, (step, following) in enumerate(pairwise(self.steps), 1):
            if (step.after, step.values_after) != (following.before, following.values_before):
                raise ValueError(f"step {number + 1} does not begin where step {number} ended")

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def plan(self) -> Plan:
        return Plan(calls=tuple(Call(name=s.action.name, arguments=s.action.arguments) for s in self.steps))


class InapplicableError(ValueError):
    """An action that cannot be executed where it stands. `step` counts from 1."""

    def __init__(self, step: int, action: Action, literals: tuple[Literal, ...]) -> None:
        super().__init__(step, action, literals)
        self.step = step
        self.action = action
        self.unmet = literals

    def __str__(self) -> str:
        return f"step {self.step}, {self.action}: unmet precondition {' '.join(map(str, self.unmet))}"


def execute(task: Task, actions: Iterable[Action | Call]) -> Chain:
    """The chain of executing `actions` from the initial state.

    Raises InapplicableError, BindError for a call that names no ground action, and NumericError for an effect
    without a number.
    """
    state, values = task.initial, task.values
    steps: list[Step] = []
    for number, item in enumerate(actions, 1):
        action = item if isinstance(item, Action) else task.bind(item)
        if literals := unmet(state, action, values):
            raise InapplicableError(number, action, literals)
        before = state, values
        state, values = successor(state, action, values)
        steps.append(
            Step(before=before[0], action=action, after=state, values_before=before[1], values_after=values)
        )
    return Chain(steps=tuple(steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A literal, and whether it is said to hold."""

    literal: Literal
    holds: bool


def goal_lookups(task: Task, state: State) -> tuple[Lookup, ...]:
    """The goal's own literals in their order, and whether each holds in a state that says all of them."""
    return tuple(Lookup(literal=goal, holds=goal.holds_in(state)) for goal in task.goal_literals)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a text asserts about one step. None: the text does not say.

    purpose: what the step is for, from a goal, or what one takes beforehand, down to what the step itself makes true.
    lookups: what holds before the step and what does not.
    goals: of each goal whether it is reached behind the step. prepared: what open goals take beforehand, and whether it
    holds behind the step. span: where the call stands; after_span, goals_span, purpose_span: where the state, the goals with what they take, and
    the purpose with the lookups stand, if on lines of their own.
    """

    call: Call
    precondition: frozenset[Atom] | None = None
    add: frozenset[Atom] | None = None
    delete: frozenset[Atom] | None = None
    after: State | None = None
    goals: tuple[Lookup, ...] | None = None
    prepared: tuple[Lookup, ...] | None = None
    purpose: tuple[Literal, ...] | None = None
    lookups: tuple[Lookup, ...] | None = None
    span: Span | None = field(default=None, compare=False, repr=False)
    after_span: Span | None = field(default=None, compare=False, repr=False)
    goals_span: Span | None = field(default=None, compare=False, repr=False)
    purpose_span: Span | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of_call(cls, call: Call) -> Claim:
        """A call alone, at its place. Texts have very many: what it does not say is left to the class, which takes a fifth of the time."""
        claim = cls.__new__(cls)
        object.__setattr__(claim, "call", call)
        object.__setattr__(claim, "span", call.span)
        return claim


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedChain:
    """What a text asserts about a whole plan; `unread` lists the pieces of text that were skipped.

    `goals` and `prepared` are what it says of the start, as a `Claim`'s are of the state behind a step, and so are their places.
    """

    initial: State | None = None
    goals: tuple[Lookup, ...] | None = None
    prepared: tuple[Lookup, ...] | None = None
    claims: tuple[Claim, ...] = ()
    plan: Plan | None = None
    unread: tuple[str, ...] = ()
    initial_span: Span | None = field(default=None, compare=False, repr=False)
    goals_span: Span | None = field(default=None, compare=False, repr=False)
