"""Claimed chain -> verdict: each step is judged from the state that the chain itself claims before it.

So one wrong state does not make all later steps wrong, and every fault that is listed is the text's own. Text
that a reader skipped (`ParsedChain.unread`) is that reader's to accept or refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal as OneOf

from val_bridge.check.evidence import Evidence
from val_bridge.check.faults import Fault, FaultKind, Outcome, Verdict, Violation
from val_bridge.check.plan import (
    Trace,
    bind_fault,
    goal_fault,
    numeric_fault,
    precondition_fault,
    split_goals,
)
from val_bridge.pddl.collecting import uncollected
from val_bridge.pddl.errors import nearest
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import EQUALS, Atom, Call, Plan, Predicate, article, atom_text, counted
from val_bridge.semantics.chain import Claim, Lookup, ParsedChain
from val_bridge.semantics.ground import Action
from val_bridge.semantics.numbers import NumericError, Values
from val_bridge.semantics.state import State, state_text
from val_bridge.semantics.task import BindError, Task
from val_bridge.semantics.transition import applicable, effects, successor

_NOTHING: frozenset[Atom] = frozenset()

Malformed = tuple[str, str, str, Collection[str]]
"""What is wrong with an atom: kind of violation, expected, found, the names that would have done."""

_HINTED = 8
"""Malformed atoms of a state for which a nearest name is looked for; looking takes longer than judging."""
MOST_MALFORMED = 10_000
"""Malformed atoms of a step that are told one by one; of more of them the first in order, and how many others there are."""

MOST_FAULTS = 1_000
"""Faults behind which the steps that follow are not judged: nobody reads on, and each takes time and room."""


JudgeFrom = OneOf["claimed", "correct"]


@uncollected
def check_chain(
    task: Task, parsed: ParsedChain, *, complete: bool = True, judge_from: JudgeFrom = "claimed"
) -> Verdict:
    """Judges a claimed chain; lists all faults, those of the earliest step first.

    Before the first step (step 0): the first state, what is said of the goals there and of what they take beforehand. Within
    a step: the call, its precondition, malformed atoms, what it is said to be for, the facts said to hold or not before it,
    the claimed precondition, the transition, what is said of the goals behind it and of what they take beforehand. Then the goal in the last claimed state (step None), then the
    plan section (`plan_mismatch`, with its step). A chain without initial state starts in the task's. With
    `complete=False` states may leave out static facts. `judge_from="correct"` judges each step from the state
    that the steps before it truly lead to, so a wrong state does not excuse what follows from it; judging then
    ends behind the first step that cannot be executed, the goal included. It also ends, with a warning that says where,
    behind the step that brings the faults to `MOST_FAULTS`. UNREADABLE, with a fault `plan_syntax`, if the text
    holds neither a state nor a step nor a plan.
    """
    if parsed.initial is None and not parsed.claims and parsed.plan is None:
        found = repr(parsed.unread[0]) if parsed.unread else "nothing"
        fault = Fault(kind=FaultKind.PLAN_SYNTAX, expected="a chain of states and actions", stated=found)
        return Verdict(outcome=Outcome.UNREADABLE, faults=(fault,))
    judge = _Judge(task, complete)
    state: State | None = judge.initial(parsed.initial, parsed.initial_span)
    judge.well_formed(_named(parsed.goals, parsed.prepared), 0, None, parsed.goals_span)
    judge.said_of_goals(0, None, parsed.goals, parsed.prepared, state, parsed.goals_span)
    if judge_from == "correct":
        state = task.initial
    warnings = task.warnings
    for number, claim in enumerate(parsed.claims, 1):
        if state is None:
            break
        if len(judge.faults) >= MOST_FAULTS:
            warnings += (f"{len(judge.faults):,} faults: the chain is not judged from step {number} on",)
            state = None
            break
        values = judge.values
        claimed = judge.step(number, claim, state)
        if judge_from == "correct":
            truly = _successor(task, state, values, claim.call)
            state, judge.values = truly if truly is not None else (None, values)
        else:
            state = claimed
    if state is not None:
        judge.note(goal_fault(task, state, judge.values))
    if parsed.plan is not None:
        judge.note(_mismatch([claim.call for claim in parsed.claims], parsed.plan.calls))
    executed, reached, values = _execute(task, parsed.claims)
    satisfied, unsatisfied = split_goals(task, reached, values)
    return Verdict(
        outcome=Outcome.INVALID if judge.faults else Outcome.VALID,
        faults=tuple(judge.faults),
        steps=Trace(task, Plan(calls=executed)),
        plan_length=len(parsed.claims),
        satisfied_goals=satisfied,
        unmet_goals=unsatisfied,
        warnings=warnings,
        goal=Evidence(task=task, reached=reached, values=values),
    )


class _Judge:
    """Collects the faults of one chain."""

    def __init__(self, task: Task, complete: bool) -> None:
        self.task = task
        self.faults: list[Fault] = []
        # A text claims no numbers; they follow from the calls.
        self.values = task.values
        # What a state need not say, and has all the same.
        self.implied = _NOTHING if complete else task.static_facts
        derived = task.domain.derived
        self._claimable = {
            name: predicate for name, predicate in sorted(task.domain.predicates.items()) if name not in derived
        }
        self._malformed: dict[Atom, Malformed | None] = {}
        self._noted: set[Atom] = set()

    def note(self, fault: Fault | None) -> None:
        if fault is not None:
            self.faults.append(fault)

    def initial(self, claimed: State | None, span: Span | None) -> State:
        """Judges the first state; gives the state from which step 1 is judged."""
        if claimed is None:
            return self.task.initial
        state = self.well_formed(claimed, 0, None, span) | self.implied
        true = self.task.initial
        self.differ(FaultKind.INITIAL_STATE, 0, None, missing=true - state, extra=state - true, span=span)
        return state

    def step(self, number: int, claim: Claim, before: State) -> State:
        """Judges one step from the claimed state `before`; gives the claimed state after it."""
        call = claim.call
        action: Action | None = None
        try:
            action = self.task.bind(call)
            self.note(precondition_fault(self.task, before, number, call, self.values))
        except BindError as error:
            self.note(bind_fault(error, number, call))
        written = [
            (atoms, span)
            for atoms, span in (
                # What is looked up above a step is part of its precondition too.
                (_named(claim.lookups).union(literal.atom for literal in claim.purpose or ()), claim.purpose_span),
                (claim.precondition, claim.span), (claim.add, claim.span), (claim.delete, claim.span), (claim.after, claim.after_span),
                (_named(claim.goals, claim.prepared), claim.goals_span),
            )
            if atoms
        ]  # fmt: skip
        self.well_formed(frozenset().union(*(atoms for atoms, _ in written)), number, call, claim.span, written)
        self.purpose(number, claim, before, action)
        self.differ(FaultKind.CLAIM, number, call, said=self.untrue(claim.lookups, before), span=claim.purpose_span or claim.span)
        if action is not None and claim.precondition is not None:
            self.precondition(number, claim, action)
        after = self.transition(number, claim, before, action)
        self.said_of_goals(number, call, claim.goals, claim.prepared, after, claim.goals_span or claim.span)
        return after

    def said_of_goals(
        self, number: int, call: Call | None, goals: tuple[Lookup, ...] | None, prepared: tuple[Lookup, ...] | None, state: State,
        span: Span | None,
    ) -> None:  # fmt: skip
        """Each goal is named, nothing else is called a goal, and whether each is reached in a state, and what it takes beforehand, is said truly."""
        if goals is not None:
            wanted, named = set(self.task.goal_literals), {at.literal for at in goals}
            _, unsatisfied = split_goals(self.task, state, self.values)
            said = [
                Violation(kind="said_true" if at.holds else "said_false", atom=at.literal.atom, wanted=at.literal.positive)
                for at in goals
                if at.literal in wanted and at.holds is (at.literal.atom in unsatisfied)
            ]
            self.differ(
                FaultKind.CLAIM, number, call, missing=frozenset(goal.atom for goal in wanted - named),
                extra=self.sound(frozenset(literal.atom for literal in named - wanted)), said=said, span=span,
            )  # fmt: skip
        self.differ(FaultKind.CLAIM, number, call, said=self.untrue(prepared, state), span=span)

    def untrue(self, said: tuple[Lookup, ...] | None, state: State) -> list[Violation]:
        """What is said to hold in a state and does not, and what is said not to hold and does."""
        return [
            Violation(kind="said_true" if at.holds else "said_false", atom=at.literal.atom, wanted=at.literal.positive)
            for at in said or ()
            if at.literal.holds_in(state) is not at.holds and at.literal.atom not in self._noted
        ]

    def purpose(self, number: int, claim: Claim, before: State, action: Action | None) -> None:
        """What a step is for does not hold yet, and the step itself brings the last of it about."""
        if not claim.purpose:
            return
        useless = {lit.atom for lit in claim.purpose if lit.holds_in(before)}
        if action is not None:
            last = claim.purpose[-1]
            if last.atom not in (action.add if last.positive else action.delete - action.add):
                useless.add(last.atom)
        self.differ(FaultKind.CLAIM, number, claim.call, extra=self.sound(frozenset(useless)), span=claim.purpose_span or claim.span)

    def precondition(self, number: int, claim: Claim, action: Action) -> None:
        assert claim.precondition is not None
        unwritten = self.task.static | self.task.domain.derived | {EQUALS}
        optional = {atom for atom in action.precondition if atom[0] in unwritten}
        self.differ(
            FaultKind.CLAIM,
            number,
            claim.call,
            missing=action.precondition - claim.precondition - optional,
            extra=self.sound(claim.precondition) - action.precondition,
            span=claim.span,
        )

    def transition(self, number: int, claim: Claim, before: State, action: Action | None) -> State:
        """Judges the claimed changes and the claimed state against the action; gives the claimed state."""
        try:
            add, delete = effects(before, action, self.values) if action else (_NOTHING, _NOTHING)
            true, values = successor(before, action, self.values) if action else (before, self.values)
        except NumericError as error:
            self.note(numeric_fault(error, number, claim.call))
            # What the action does is not known, so the claimed changes cannot be judged.
            action, add, delete, true, values = None, _NOTHING, _NOTHING, before, self.values
        values_before, self.values = self.values, values
        taken = delete
        # Delete, then add: what an action adds, it does not delete.
        delete -= add
        claimed_add = add if claim.add is None else self.sound(claim.add)
        claimed_delete = delete if claim.delete is None else self.sound(claim.delete)
        after = (before - claimed_delete) | claimed_add
        afters = [after]
        if claim.after is not None:
            after = self.sound(claim.after) | self.implied
            afters.append(after)
        if action is None:
            return after
        lost = frozenset().union(*(true - state for state in afters))
        gained = frozenset().union(*(state - true for state in afters))
        violations = (
            *_violations("missing_add", lost & add),
            *_violations("missing_delete", gained & delete),
            *_violations("frame_lost", lost - add | claimed_delete - taken),
            *_violations("frame_gained", gained - delete | claimed_add - add),
        )
        if violations:
            self.note(
                Fault(
                    kind=FaultKind.TRANSITION,
                    step=number,
                    action=str(claim.call),
                    violations=violations,
                    expected=_changes(before, true),
                    stated=_claimed(claim, before, after),
                    # The state's line, where what stands beside the call is right.
                    span=claim.after_span if claim.after_span is not None and afters[0] == true else claim.span,
                    applied=Evidence(task=self.task, reached=before, values=values_before, call=claim.call),
                )
            )
        return after

    def differ(
        self,
        kind: FaultKind,
        step: int,
        call: Call | None,
        *,
        missing: frozenset[Atom] = _NOTHING,
        extra: frozenset[Atom] = _NOTHING,
        said: Iterable[Violation] = (),
        span: Span | None = None,
    ) -> None:
        """Notes a fault if a claimed set lacks atoms or has atoms too many, or something untrue is said of some."""
        untrue = sorted(set(said), key=lambda violation: (violation.kind, violation.atom, violation.wanted))
        if not (missing or extra or untrue):
            return
        lacks = [*map(atom_text, sorted(missing)), *(str(one.literal) for one in untrue if one.kind == "said_false")]
        surplus = [*map(atom_text, sorted(extra)), *(str(one.literal) for one in untrue if one.kind == "said_true")]
        self.note(
            Fault(
                kind=kind,
                step=step,
                action=str(call) if call else None,
                violations=(*_violations("missing", missing), *_violations("extra", extra), *untrue),
                expected=" ".join(lacks) or f"no {' '.join(surplus)}",
                stated=" ".join(surplus) or f"no {' '.join(lacks)}",
                span=span,
            )
        )

    def well_formed(
        self, atoms: frozenset[Atom], step: int, call: Call | None, span: Span | None,
        written: Iterable[tuple[frozenset[Atom], Span | None]] = (),
    ) -> frozenset[Atom]:  # fmt: skip
        """Notes the atoms that the task cannot have, in one fault; gives the others. written: which stand where, if not all at `span`."""
        bad = {atom: wrong for atom in atoms if (wrong := self.malformed(atom))}
        if bad:
            self._noted.update(bad)
            beyond = len(bad) - MOST_MALFORMED
            bad = {atom: bad[atom] for atom in sorted(bad)[:MOST_MALFORMED]}
            more = [f"{beyond:,} more facts"] if beyond > 0 else []
            said = dict.fromkeys(wrong[1:3] for wrong in bad.values())  # facts of one unknown predicate say the same
            hinted = [wrong for wrong in bad.values() if wrong[3]][:_HINTED]
            self.note(
                Fault(
                    kind=FaultKind.STATE_FACT,
                    step=step,
                    action=str(call) if call else None,
                    violations=tuple(Violation(kind=wrong[0], atom=atom) for atom, wrong in bad.items()),
                    expected="; ".join(expected for expected, _ in said),
                    stated="; ".join([*(stated for _, stated in said), *more]),
                    hint=next(filter(None, (nearest(wrong[2], wrong[3]) for wrong in hinted)), ""),
                    span=next((place for some, place in written if not some.isdisjoint(bad)), span) or span,
                )
            )
        return self.sound(atoms)

    def sound(self, atoms: frozenset[Atom]) -> frozenset[Atom]:
        """The atoms that the task can have; the others have been noted."""
        return atoms - self._noted if self._noted else atoms

    def malformed(self, atom: Atom) -> Malformed | None:
        try:
            return self._malformed[atom]
        except KeyError:
            wrong = self._malformed[atom] = _malformed(self.task, self._claimable, atom)
            return wrong


def _malformed(task: Task, claimable: dict[str, Predicate], atom: Atom) -> Malformed | None:
    """`claimable`: the predicates of facts that a state may claim, by name and in the names' order."""
    predicate = claimable.get(atom[0])
    if predicate is None:
        expected = f"one of {' '.join(claimable)}"
        if atom[0] not in task.domain.predicates:
            return "unknown_predicate", expected, atom[0], claimable
        # A state is its base facts; what is derived from them cannot be claimed apart.
        return "unknown_predicate", expected, f"{atom[0]}, a derived predicate, which is not claimed in states", ()
    if len(atom) - 1 != len(predicate.parameters):
        return "wrong_arity", counted(predicate.parameters), atom_text(atom), ()
    for name, parameter in zip(atom[1:], predicate.parameters, strict=True):
        kind = task.objects.get(name)
        if kind is not None and task.domain.fits(kind, parameter):
            continue
        wanted = f"{article(*parameter.types)} as {parameter.name} in {atom_text(atom)}"
        if kind is None:
            return "unknown_object", wanted, name, task.objects
        return "wrong_type", wanted, f"{name}, {article(kind)}", ()
    return None


def _named(*said: tuple[Lookup, ...] | None) -> frozenset[Atom]:
    return frozenset(at.literal.atom for lookups in said for at in lookups or ())


def _violations(kind: str, atoms: Iterable[Atom]) -> list[Violation]:
    return [Violation(kind=kind, atom=atom) for atom in sorted(atoms)]


def _changes(before: State, after: State) -> str:
    return f"add {state_text(after - before) or 'nothing'}, delete {state_text(before - after) or 'nothing'}"


def _claimed(claim: Claim, before: State, after: State) -> str:
    """The claimed changes: the lists as written, then those between the claimed states."""
    lists = [("add", claim.add), ("delete", claim.delete)]
    parts = [f"{name} {state_text(atoms) or 'nothing'}" for name, atoms in lists if atoms is not None]
    states = f"{', and between the states ' if parts else ''}{_changes(before, after)}"
    return ", ".join(parts) + (states if claim.after is not None else "")


def _mismatch(chain: list[Call], plan: tuple[Call, ...]) -> Fault | None:
    for number in range(max(len(chain), len(plan))):
        in_chain = chain[number] if number < len(chain) else None
        in_plan = plan[number] if number < len(plan) else None
        if in_chain != in_plan:
            return Fault(
                kind=FaultKind.PLAN_MISMATCH,
                step=number + 1,
                action=str(in_plan) if in_plan else None,
                expected=str(in_chain) if in_chain else "the end of the plan",
                stated=str(in_plan) if in_plan else "the end of the plan",
                span=in_plan.span if in_plan else None,
            )
    return None


def _execute(task: Task, claims: tuple[Claim, ...]) -> tuple[tuple[Call, ...], State, Values]:
    """The calls that can truly be executed from the initial state, and state and values that they reach."""
    state, values = task.initial, task.values
    executed: list[Call] = []
    for claim in claims:
        reached = _successor(task, state, values, claim.call)
        if reached is None:
            break
        state, values = reached
        executed.append(claim.call)
    return tuple(executed), state, values


def _successor(task: Task, state: State, values: Values, call: Call) -> tuple[State, Values] | None:
    """State and values behind a call, None if it cannot be executed."""
    try:
        action = task.bind(call)
        return successor(state, action, values) if applicable(state, action, values) else None
    except (BindError, NumericError):
        return None
