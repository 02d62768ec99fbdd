"""Plan -> verdict, on bit masks. Stops at the first fault: later states would be guesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from val_bridge.check.faults import Fault, FaultKind, Outcome, Verdict, Violation
from val_bridge.pddl.errors import SourceError
from val_bridge.pddl.read import read_plan
from val_bridge.pddl.syntax import Atom, Call, Literal, Plan, atom_text
from val_bridge.semantics.chain import Step
from val_bridge.semantics.state import State
from val_bridge.semantics.task import BindError, Task
from val_bridge.semantics.transition import progress, unmet, unmet_literals


def check_plan(task: Task, plan: Plan) -> Verdict:
    """Judges a plan: VALID, or INVALID with the one fault that stopped it. An unmet goal has no step."""
    masks = task.masks
    state = masks.initial
    known = masks.calls
    for number, call in enumerate(plan.calls, 1):
        move = known.get((call.name, call.arguments))
        if move is None:
            try:
                move = masks.call_masks(call)
            except BindError as error:
                return _stopped(task, plan, number, state, bind_fault(error, number, call))
        positive, negative, add, delete = move
        if state & positive != positive or state & negative:
            fault = precondition_fault(task, masks.decode(state), number, call)
            return _stopped(task, plan, number, state, fault)
        state = state & ~delete | add
    steps = Trace(task, plan.calls)
    if state & masks.goal == masks.goal and not state & masks.goal_negative:
        goals = task.goal | task.goal_negative
        return Verdict(outcome=Outcome.VALID, steps=steps, plan_length=len(plan.calls), satisfied_goals=goals)
    reached = masks.decode(state)
    satisfied, unsatisfied = split_goals(task, reached)
    return Verdict(
        outcome=Outcome.INVALID,
        faults=(goal_fault(task, reached),),
        steps=steps,
        plan_length=len(plan.calls),
        satisfied_goals=satisfied,
        unmet_goals=unsatisfied,
    )


def check_plan_text(task: Task, text: str, file: str | None = None) -> Verdict:
    """Judges a plan text: as `check_plan`, and UNREADABLE with a fault `plan_syntax` if it is not a plan."""
    try:
        plan = read_plan(text, file)
    except SourceError as error:
        return unreadable(error)
    return check_plan(task, plan)


def unreadable(error: SourceError) -> Verdict:
    """The verdict on a plan text that cannot be read."""
    fault = Fault(
        kind=FaultKind.PLAN_SYNTAX,
        expected=error.expected,
        found=error.found,
        hint=error.hint,
        span=error.span,
    )
    return Verdict(outcome=Outcome.UNREADABLE, faults=(fault,))


class Trace(Sequence[Step]):
    """The steps of executing calls, worked out when somebody looks. Equal to a tuple of the same steps."""

    __slots__ = ("_task", "_calls", "_steps")

    def __init__(self, task: Task, calls: tuple[Call, ...]) -> None:
        self._task = task
        self._calls = calls
        self._steps: tuple[Step, ...] | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        if self._steps is None:
            steps: list[Step] = []
            state = self._task.initial
            for call in self._calls:
                action = self._task.bind(call)
                after = progress(state, action)
                steps.append(Step(before=state, action=action, after=after))
                state = after
            self._steps = tuple(steps)
        return self._steps

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        return self.steps[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Trace):
            return self.steps == other.steps
        return self.steps == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.steps)

    def __repr__(self) -> str:
        return repr(self.steps)


def bind_fault(error: BindError, step: int, call: Call) -> Fault:
    return Fault(
        kind=FaultKind(error.kind),
        step=step,
        action=str(call),
        expected=error.expected,
        found=error.found,
        hint=error.hint,
        argument=error.argument,
        span=call.span,
    )


def precondition_fault(task: Task, state: State, step: int, call: Call) -> Fault | None:
    """The fault of a call that is not applicable in `state`, None if it is. Raises BindError.

    `found` is what is true of the call's objects.
    """
    literals = unmet(state, task.bind(call))
    if not literals:
        return None
    return Fault(
        kind=FaultKind.PRECONDITION,
        step=step,
        action=str(call),
        violations=_unmet_violations("unsatisfied", literals),
        expected=" ".join(map(str, literals)),
        found=_facts_about(task, state, set(call.arguments)),
        span=call.span,
    )


def goal_fault(task: Task, state: State) -> Fault | None:
    """The fault of ending in `state`, None if the goal holds there.

    `found` is what is true of the objects of the unmet goals.
    """
    literals = unmet_literals(state, task.goal, task.goal_negative)
    if not literals:
        return None
    return Fault(
        kind=FaultKind.GOAL,
        violations=_unmet_violations("unsatisfied_goal", literals),
        expected=" ".join(map(str, literals)),
        found=_facts_about(task, state, {name for lit in literals for name in lit.atom[1:]}),
    )


def _unmet_violations(kind: str, literals: tuple[Literal, ...]) -> tuple[Violation, ...]:
    return tuple(Violation(kind=kind, atom=literal.atom, wanted=literal.positive) for literal in literals)


def split_goals(task: Task, state: State) -> tuple[frozenset[Atom], frozenset[Atom]]:
    """The atoms of the goal literals that hold in `state`, and of those that do not."""
    unsatisfied = frozenset(lit.atom for lit in unmet_literals(state, task.goal, task.goal_negative))
    return (task.goal | task.goal_negative) - unsatisfied, unsatisfied


def _stopped(task: Task, plan: Plan, number: int, state: int, fault: Fault | None) -> Verdict:
    assert fault is not None
    satisfied, unsatisfied = split_goals(task, task.masks.decode(state))
    return Verdict(
        outcome=Outcome.INVALID,
        faults=(fault,),
        steps=Trace(task, plan.calls[: number - 1]),
        plan_length=len(plan.calls),
        satisfied_goals=satisfied,
        unmet_goals=unsatisfied,
    )


def _facts_about(task: Task, state: State, objects: set[str]) -> str:
    """The changing facts that are about these objects or about none, as text."""
    facts = [a for a in state if a[0] not in task.static and (len(a) == 1 or not objects.isdisjoint(a[1:]))]
    return " ".join(map(atom_text, sorted(facts))) or "nothing"
