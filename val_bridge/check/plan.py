"""Plan -> verdict, on bit masks. Stops at the first fault: later states would be guesses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import overload

from val_bridge.check.evidence import Evidence
from val_bridge.check.faults import Fault, FaultKind, Outcome, Verdict, Violation
from val_bridge.pddl.errors import SourceError
from val_bridge.pddl.read import read_plan
from val_bridge.pddl.syntax import Atom, Call, Key, Literal, Plan, atom_text
from val_bridge.semantics.chain import Step
from val_bridge.semantics.explain import SHOWN
from val_bridge.semantics.formulas import World
from val_bridge.semantics.numbers import NO_VALUES, NumericError, Values, changed_values
from val_bridge.semantics.state import State
from val_bridge.semantics.task import BindError, Task
from val_bridge.semantics.transition import successor, unmet_goal, unmet_in, unmet_precondition

_HINTED = 8
"""Later calls for which a nearest name is looked for; looking takes longer than judging."""


def check_plan(task: Task, plan: Plan, *, tolerance: Fraction | float = 0) -> Verdict:
    """Judges a plan: VALID, or INVALID with the one fault that stopped it. An unmet goal has no step.

    Comparisons of numbers hold if they miss by less than `tolerance` (by no more, where equality suffices);
    0.0001 is VAL's. Raises ValueError for one below 0, and SourceError of kind unsupported_feature where deriving atoms in
    a state that the plan leads to takes too many tries; so does whatever explains a verdict.
    """
    if tolerance:
        task = task.tolerant(Fraction(str(tolerance)))
    if not task.is_plain:
        return check_general(task, plan)
    masks = task.masks
    state = masks.initial
    known = masks.calls
    for number, key in enumerate(plan.keys, 1):
        stride = known.get(key)
        if stride is None:
            try:
                stride = masks.stride(key)
            except BindError as error:
                return _stopped(task, plan, number, state, bind_fault(error, number, plan.call(number - 1)))
        matter, wanted, add, keep = stride
        if state & matter != wanted:
            name, arguments = key
            positive, negative = task.grounder(name, arguments).precondition(arguments)
            literals = masks.unmet(state, positive, negative)
            evidence = Evidence(task=task, reached=state, call=plan.call(number - 1))
            return _stopped(task, plan, number, state, _unmet_precondition(number, literals, evidence))
        state = state & keep | add
    length = len(plan)
    steps = Trace(task, plan)
    if state & masks.goal == masks.goal and not state & masks.goal_negative:
        return Verdict(
            outcome=Outcome.VALID,
            steps=steps,
            plan_length=length,
            satisfied_goals=task.goal_atoms,
            metric=length,
        )
    literals = masks.unmet(state, task.goal, task.goal_negative)
    unsatisfied = masks.unmet_goals(state)
    return Verdict(
        outcome=Outcome.INVALID,
        faults=(_unmet_goal(literals, Evidence(task=task, reached=state)),),
        steps=steps,
        plan_length=length,
        satisfied_goals=task.goal_atoms - unsatisfied,
        unmet_goals=unsatisfied,
        metric=length,
    )


def check_general(task: Task, plan: Plan) -> Verdict:
    """`check_plan` for all of the language: masks for what is a literal, formulas and numbers for the rest."""
    masks = task.masks
    state = masks.initial
    values: dict[Atom, Fraction] = dict(task.values)
    for number, call in enumerate(plan.calls, 1):
        try:
            action = task.bind(call)
        except BindError as error:
            return _stopped(task, plan, number, state, bind_fault(error, number, call), Values(values))
        positive, negative, add, delete = masks.action_masks(action)
        holds: bool | None = state & positive == positive and not state & negative
        general = action.general
        if general is None or not holds:
            if not holds:
                return _stopped_before(task, plan, number, state, call, values)
            state = state & ~delete | add
            continue
        world = _world(task, state, values)
        holds = general.holds(world)
        if not holds:
            return _stopped_before(task, plan, number, state, call, values)
        try:
            changes = general.changes(world)
            changed = changed_values(values, changes.updates)
        except NumericError as error:
            fault = numeric_fault(error, number, call)
            return _stopped(task, plan, number, state, fault, Values(values))
        state = state & ~(delete | masks.encode(changes.delete)) | add | masks.encode(changes.add)
        values.update(changed)
    reached, final = masks.decode(state), Values(values)
    satisfied, unsatisfied = split_goals(task, reached, final)
    fault = goal_fault(task, reached, final)
    warnings = task.warnings
    try:
        metric = task.metric_value(final, len(plan))
    except NumericError as error:
        metric = None
        warnings += (f"the metric has no value: {error}",)
    return Verdict(
        outcome=Outcome.INVALID if fault else Outcome.VALID,
        faults=(fault,) if fault else (),
        steps=Trace(task, plan),
        plan_length=len(plan),
        satisfied_goals=satisfied,
        unmet_goals=unsatisfied,
        metric=metric,
        warnings=warnings,
        goal=Evidence(task=task, reached=reached, values=final),
    )


def _world(task: Task, state: int, values: dict[Atom, Fraction]) -> World:
    """What formulas are asked about. Derived atoms are derived once one is asked for."""
    masks, derived = task.masks, task.domain.derived
    if not derived:
        return World(partial(masks.holds, state), values, task.fitting, task.tolerance)
    worlds: list[World] = []

    def holds(atom: Atom) -> bool:
        if atom[0] not in derived:
            return masks.holds(state, atom)
        if not worlds:
            worlds.append(task.world(masks.decode(state), Values(values)))
        return worlds[0].holds(atom)

    return World(holds, values, task.fitting, task.tolerance)


def _stopped_before(
    task: Task, plan: Plan, number: int, state: int, call: Call, values: dict[Atom, Fraction]
) -> Verdict:
    """The verdict on a plan whose call is not applicable, or has a number in its precondition that does not exist."""
    fixed = Values(values)
    fault = precondition_fault(task, task.masks.decode(state), number, call, fixed)
    return _stopped(task, plan, number, state, fault, fixed)


def check_plan_text(
    task: Task, text: str, file: str | None = None, *, tolerance: Fraction | float = 0
) -> Verdict:
    """Judges a plan text: as `check_plan`, and UNREADABLE with a fault `plan_syntax` if it is not a plan."""
    try:
        plan = read_plan(text, file)
    except SourceError as error:
        return unreadable(error)
    return check_plan(task, plan, tolerance=tolerance)


def unreadable(error: SourceError) -> Verdict:
    """The verdict on a plan text that cannot be read."""
    fault = Fault(
        kind=FaultKind.PLAN_SYNTAX,
        expected=error.expected,
        stated=error.found,
        hint=error.hint,
        span=error.span,
    )
    return Verdict(outcome=Outcome.UNREADABLE, faults=(fault,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a step changed, as text: the atoms that it made true and false, sorted; and the fluents' values before and after."""

    action: str
    add: tuple[str, ...]
    delete: tuple[str, ...]
    values: dict[Atom, tuple[Fraction | None, Fraction]]

    @classmethod
    def of(cls, step: Step) -> Change:
        add, delete = (_texts(sorted(atoms)) for atoms in (step.after - step.before, step.before - step.after))
        return cls(action=str(step.action), add=add, delete=delete, values=step.changed_values)


def _texts(atoms: Iterable[Atom]) -> tuple[str, ...]:
    return tuple(map(atom_text, atoms))


class Trace(Sequence[Step]):
    """The steps of executing a plan's first calls (all, unless `length` says how many), worked out when somebody looks.

    Where only literals matter, one step, the last change of an atom and all changes are found from a mask a state, without
    the sets of atoms, which of long plans fill the memory. Equal to a tuple of the same steps.
    """

    __slots__ = ("_task", "_plan", "_length", "_steps", "_states")

    def __init__(self, task: Task, plan: Plan, length: int | None = None) -> None:
        self._task = task
        self._plan = plan
        self._length = len(plan) if length is None else length
        self._steps: tuple[Step, ...] | None = None
        self._states: list[int] | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        if self._steps is None:
            steps: list[Step] = []
            state, values = self._task.initial, self._task.values
            for name, arguments in self._plan.keys[: self._length]:
                action = self._task.action(name, arguments)
                after, changed = successor(state, action, values)
                steps.append(
                    Step(before=state, action=action, after=after, values_before=values, values_after=changed)
                )
                state, values = after, changed
            self._steps = tuple(steps)
        return self._steps

    def _masks(self) -> list[int]:
        """The masks of the states, the initial one first. Of plain tasks alone."""
        if self._states is None:
            masks = self._task.masks
            state = masks.initial
            self._states = [state]
            for key in self._plan.keys[: self._length]:
                _, _, add, keep = masks.stride(key)
                state = state & keep | add
                self._states.append(state)
        return self._states

    def changes(self) -> Iterator[Change]:
        """What each step changed."""
        if not self._task.is_plain:
            yield from map(Change.of, self.steps)
            return
        atoms = self._task.masks.atoms
        known: dict[tuple[Key, int, int], Change] = {}
        for key, (before, after) in zip(self._plan.keys, pairwise(self._masks()), strict=False):
            made, lost = after & ~before, before & ~after
            change = known.get((key, made, lost))
            if change is None:
                name, arguments = key
                change = known[key, made, lost] = Change(
                    action=atom_text((name, *arguments)), add=_texts(atoms(made)), delete=_texts(atoms(lost)), values={}
                )
            yield change

    def last_change(self, atom: Atom, wanted: bool) -> int | None:
        """As `last_changing`, from the bit masks where there are any."""
        if not self._task.is_plain:
            return last_changing(self._task, self.steps, atom, wanted)
        bit = self._task.masks.encode([atom])
        states = self._masks()
        for number in range(self._length, 0, -1):
            if (states[number - 1] ^ states[number]) & bit and bool(states[number - 1] & bit) is wanted:
                return number
        return None

    def later_faults(self, most: int) -> list[Fault]:
        """The calls behind the step that failed which name no action, whatever the state: at most so many."""
        faults: list[Fault] = []
        sound: set[Key] = set()
        for place in range(self._length + 1, len(self._plan)):
            key = self._plan.keys[place]
            if key in sound:
                continue
            try:
                self._task.grounder(*key, hint=len(faults) < _HINTED)
                sound.add(key)
            except BindError as error:
                faults.append(bind_fault(error, place + 1, self._plan.call(place)))
                if len(faults) == most:
                    break
        return faults

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        if isinstance(index, slice) or self._steps is not None or not self._task.is_plain:
            return self.steps[index]
        number = range(self._length)[index]
        name, arguments = self._plan.keys[number]
        before, after = map(self._task.masks.decode, self._masks()[number : number + 2])
        return Step(before=before, action=self._task.action(name, arguments), after=after)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Trace):
            return self.steps == other.steps
        return self.steps == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.steps)

    def __repr__(self) -> str:
        return repr(self.steps)


def changes_of(steps: Sequence[Step]) -> Iterable[Change]:
    """What each step of a verdict changed."""
    return steps.changes() if isinstance(steps, Trace) else map(Change.of, steps)


def last_changing(task: Task, steps: Sequence[Step], atom: Atom, wanted: bool) -> int | None:
    """The number of the step that last made the atom false if it is wanted true, else true; None for no step."""
    if isinstance(steps, Trace):
        return steps.last_change(atom, wanted)
    for number in range(len(steps), 0, -1):
        step = steps[number - 1]
        before = task.world(step.before, step.values_before).holds(atom)
        if before is wanted and task.world(step.after, step.values_after).holds(atom) is not wanted:
            return number
    return None


def bind_fault(error: BindError, step: int, call: Call) -> Fault:
    return Fault(
        kind=FaultKind(error.kind),
        step=step,
        action=str(call),
        expected=error.expected,
        stated=error.found,
        hint=error.hint,
        argument=error.argument,
        span=call.span,
    )


def numeric_fault(error: NumericError, step: int | None, call: Call | None) -> Fault:
    """The fault of a number that does not exist, or of effects that disagree about one."""
    return Fault(
        kind=FaultKind(f"numeric_{error.kind}"),
        step=step,
        action=str(call) if call else None,
        expected=error.expected,
        stated=f"{error.found} in {error.expression}" if error.expression else error.found,
        expression=error.expression,
        fluent=error.fluent,
        values=error.values,
        span=call.span if call else None,
    )


def precondition_fault(
    task: Task, state: State, step: int, call: Call, values: Values = NO_VALUES
) -> Fault | None:
    """The fault of a call that is not applicable in `state`, None if it is. Raises BindError.

    `found` is what is true of the call's objects. `numeric_undefined` if the precondition hangs on a number that
    does not exist.
    """
    action = task.bind(call)
    literals, undecided = unmet_precondition(state, action, values)
    if not literals:
        return None
    evidence = Evidence(task=task, reached=state, values=values, call=call)
    if undecided:
        return numeric_fault(evidence.explanation().undefined_number(), step, call)
    return _unmet_precondition(step, literals, evidence)


def _unmet_precondition(step: int, literals: tuple[Literal, ...], evidence: Evidence) -> Fault:
    call = evidence.call
    assert call is not None
    return Fault(
        kind=FaultKind.PRECONDITION,
        step=step,
        action=str(call),
        violations=_unmet_violations("unsatisfied", literals),
        expected=_listed(literals),
        span=call.span,
        evidence=evidence,
    )


def goal_fault(task: Task, state: State, values: Values = NO_VALUES) -> Fault | None:
    """The fault of ending in `state`, None if the goal holds there.

    `found` is what is true of the objects of the unmet goals. `numeric_undefined` if the goal hangs on a number
    that does not exist.
    """
    literals, undecided = unmet_goal(task, state, values)
    evidence = Evidence(task=task, reached=state, values=values)
    if undecided:
        return numeric_fault(evidence.explanation().undefined_number(), None, None)
    return _unmet_goal(literals, evidence) if literals else None


def _unmet_goal(literals: tuple[Literal, ...], evidence: Evidence) -> Fault:
    return Fault(
        kind=FaultKind.GOAL,
        violations=_unmet_violations("unsatisfied_goal", literals),
        expected=_listed(literals),
        evidence=evidence,
    )


def _listed(literals: tuple[Literal, ...]) -> str:
    """The literals as a sentence names them: of very many the first."""
    more = len(literals) - SHOWN
    return " ".join(map(str, literals[:SHOWN])) + (f" and {more:,} more" if more > 0 else "")


def _unmet_violations(kind: str, literals: tuple[Literal, ...]) -> tuple[Violation, ...]:
    return tuple(Violation(kind=kind, atom=literal.atom, wanted=literal.positive) for literal in literals)


def split_goals(
    task: Task, state: State, values: Values = NO_VALUES
) -> tuple[frozenset[Atom], frozenset[Atom]]:
    """The atoms of the goal's own literals that hold in `state`, and of those that do not."""
    literals = unmet_in(task.world(state, values), task.goal, task.goal_negative)
    unsatisfied = frozenset([literal.atom for literal in literals])
    return task.goal_atoms - unsatisfied, unsatisfied


def _stopped(
    task: Task, plan: Plan, number: int, state: int, fault: Fault | None, values: Values = NO_VALUES
) -> Verdict:
    assert fault is not None
    if task.domain.axioms:
        _, unsatisfied = split_goals(task, task.masks.decode(state), values)
    else:
        unsatisfied = task.masks.unmet_goals(state)
    return Verdict(
        outcome=Outcome.INVALID,
        faults=(fault,),
        steps=Trace(task, plan, number - 1),
        plan_length=len(plan),
        satisfied_goals=task.goal_atoms - unsatisfied,
        unmet_goals=unsatisfied,
        warnings=task.warnings,
        goal=None if task.is_strips else Evidence(task=task, reached=state, values=values),
    )
