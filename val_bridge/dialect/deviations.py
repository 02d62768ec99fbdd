"""Where VAL is known to answer differently, as data: an id, a sentence, and how a case of it is recognised.

A case is recognised by what the plan and the answers show, never by the difference alone, so that a new
disagreement is not explained away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise, product
from math import prod
from sys import float_info

from val_bridge.check import FaultKind, Outcome, Verdict, check_plan
from val_bridge.dialect.answering import differ, our_answer
from val_bridge.dialect.effects import effects_of
from val_bridge.dialect.reading import TASK_REFUSALS, Answer, Said
from val_bridge.dialect.transcript import plan_times
from val_bridge.pddl import Call, Plan
from val_bridge.pddl.formula import quantifiers_in
from val_bridge.pddl.syntax import OBJECT
from val_bridge.semantics import BindError, Explanation, Step, Task
from val_bridge.semantics.explain import explain as tree_of

LONGEST = 9_995
"""Steps that VAL's parser can hold."""

SIMULTANEOUS = 0.01
"""Time stamps nearer than this are one moment to VAL, unless `-t` says otherwise."""


TOLERANCE = Fraction(1, 10_000)
"""What VAL's comparisons of numbers may miss by, whatever `-t` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan on which the answers differ. `plan` is None if we cannot read it."""

    task: Task
    content: bytes
    plan: Plan | None
    verdict: Verdict
    ours: Answer
    theirs: Answer

    @property
    def kind(self) -> FaultKind | None:
        return self.verdict.first.kind if self.verdict.first else None

    @property
    def judged(self) -> bool:
        """Whether VAL judged the plan, rightly or wrongly."""
        return self.theirs.said in (Said.VALID, Said.INVALID)

    def bind_error(self, call: Call) -> str:
        """Why a call names no action; "" if it does."""
        try:
            self.task.bind(call)
        except BindError as error:
            return error.kind
        return ""

    def surplus(self, call: Call) -> int:
        """How many arguments a call has too many; negative if it has too few."""
        schema = self.task.domain.actions.get(call.name)
        return len(call.arguments) - len(schema.parameters) if schema else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    id: str
    sentence: str
    recognise: Callable[[Case], bool]


def _calls(case: Case) -> tuple[Call, ...]:
    return case.plan.calls if case.plan else ()


def _task_refused(case: Case) -> bool:
    return case.theirs.said is Said.REFUSED and case.theirs.words in TASK_REFUSALS


def _surplus_arguments(case: Case) -> bool:
    if case.task.domain.types:
        return case.theirs.said is Said.CRASHED and any(case.surplus(call) > 0 for call in _calls(case))
    return case.judged and case.kind is FaultKind.WRONG_ARITY


def _missing_arguments(case: Case) -> bool:
    return case.theirs.said is Said.CRASHED and any(case.surplus(call) < 0 for call in _calls(case))


def _unknown_object(case: Case) -> bool:
    return case.judged and case.kind is FaultKind.UNKNOWN_OBJECT and not case.task.domain.types


def _later_call(case: Case) -> bool:
    executed = case.kind in (FaultKind.PRECONDITION, FaultKind.NUMERIC_UNDEFINED, FaultKind.NUMERIC_CONFLICT)
    refused = case.theirs.said is Said.REFUSED and executed
    return refused and any(case.bind_error(call) for call in _calls(case))


def _unreadable(case: Case) -> bool:
    return case.verdict.outcome is Outcome.UNREADABLE


def _out_of_order(case: Case) -> bool:
    # What the reader expects where stamps do not increase, or stand before some calls alone.
    fault = case.verdict.first
    return case.judged and _unreadable(case) and fault is not None and fault.expected.startswith("a time ")


def _simultaneous(case: Case) -> bool:
    times = plan_times(case.content.decode("utf-8-sig"), case.plan) if case.plan else ()
    return case.judged and any(later - sooner < SIMULTANEOUS for sooner, later in pairwise(times))


def _widened(task: Task) -> Task:
    """The task with axioms whose variables may be any object."""
    axioms = tuple(
        replace(axiom, parameters=tuple(replace(parameter, types=(OBJECT,)) for parameter in axiom.parameters))
        for axiom in task.domain.axioms
    )
    return Task(replace(task.domain, axioms=axioms), task.problem, tolerance=task.tolerance)


def _says_as(case: Case, task: Task) -> bool:
    """Whether we say of the plan, judged in another task, what VAL says."""
    return case.plan is not None and not differ(our_answer(check_plan(task, case.plan)), case.theirs)


def _nearly_equal(case: Case) -> bool:
    return bool(case.task.domain.functions) and _says_as(case, case.task.tolerant(TOLERANCE))


def _axiom_types(case: Case) -> bool:
    widened = _widened(case.task)
    if widened.domain == case.task.domain:
        return False
    return _says_as(case, widened) or _says_as(case, _vals_task(case.task))


def _in_vals_task(case: Case) -> Verdict | None:
    """Our verdict with all that VAL takes otherwise; None if numbers do not matter or there is no plan."""
    if case.plan is None or not case.task.domain.functions:
        return None
    return check_plan(_vals_task(case.task), case.plan)


def _vals_task(task: Task) -> Task:
    return _widened(task).tolerant(TOLERANCE)


def _violates(task: Task, steps: Iterable[Step]) -> Iterator[int]:
    """The steps that we execute and VAL does not, from 1."""
    for number, step in enumerate(steps, 1):
        if effects_of(task, step.action, step.before, step.values_before).violation:
            yield number


def _assigned_twice(case: Case) -> bool:
    verdict = _in_vals_task(case)
    if verdict is None or case.theirs.said is not Said.INVALID or case.theirs.literals:
        return False
    return case.theirs.step in _violates(_vals_task(case.task), verdict.steps)


def _lacks_a_value(task: Task, values: Iterable[tuple[str, ...]]) -> bool:
    """Whether a function has no value for some objects."""
    given = [fluent[0] for fluent in values]
    return any(
        given.count(function.name) < prod(len(task.fitting(parameter.types)) for parameter in function.parameters)
        for function in task.domain.functions.values()
    )


def _undefined_sooner(case: Case) -> bool:
    return case.theirs.said is Said.FAILED and _lacks_a_value(case.task, case.task.values)


def _undefined_is_zero(case: Case) -> bool:
    verdict = _in_vals_task(case)
    fault = verdict.first if verdict is not None else None
    undefined = fault is not None and fault.kind is FaultKind.NUMERIC_UNDEFINED and bool(fault.fluent)
    return undefined and case.judged


def _division_by_zero(case: Case) -> bool:
    verdict = _in_vals_task(case)
    fault = verdict.first if verdict is not None else None
    if verdict is not None and _divides_in_an_axiom(case.task, verdict.steps):
        return True
    if fault is None:
        return False
    if fault.evidence is not None:
        return _divides_by_zero(fault.evidence.explanation())
    return fault.kind is FaultKind.NUMERIC_UNDEFINED and not fault.fluent


def _divides_in_an_axiom(task: Task, steps: Sequence[Step]) -> bool:
    """Whether an axiom divides by 0 in one of the states: to us it then derives nothing."""
    reached = [(task.initial, task.values), *((step.after, step.values_after) for step in steps)]
    for world in (task.world(state, values) for state, values in reached):
        for axiom in task.domain.axioms:
            names = [parameter.name for parameter in axiom.parameters]
            for objects in product(*(task.fitting(parameter.types) for parameter in axiom.parameters)):
                if _divides_by_zero(tree_of(axiom.body, dict(zip(names, objects, strict=True)), world)):
                    return True
    return False


def _divides_by_zero(node: Explanation) -> bool:
    """Whether a comparison below needs a number that does not exist, and not because a function has no value."""
    own = node.op == "comparison" and node.error is not None and not node.error.fluent
    return own or any(_divides_by_zero(child) for child in node.children)


def _infinite(case: Case) -> bool:
    return any(abs(value) > float_info.max for step in case.verdict.steps for value in step.values_after.values())


def _crash_on_empty_type(case: Case) -> bool:
    verdicts = [case.verdict, _in_vals_task(case)]
    faults = [verdict.first for verdict in verdicts if verdict is not None]
    explained = tuple(part for fault in faults if fault and fault.evidence for part in fault.evidence.parts)
    evaluated = tuple(axiom.body for axiom in case.task.domain.axioms)
    return case.theirs.said is Said.CRASHED and any(
        not case.task.fitting(parameter.types)
        for quantifier in quantifiers_in(explained + evaluated)
        for parameter in quantifier.parameters[:-1]
    )


DEVIATIONS = (
    Deviation(
        id="prose_is_empty_plan",
        sentence="A text without any action is an empty plan to VAL, judged against the goal; to us it is unreadable.",
        recognise=lambda case: case.judged and _unreadable(case) and b"(" not in case.content,
    ),
    Deviation(
        id="times_out_of_order",
        sentence="VAL sorts the steps by their time stamps and gives one to those that have none; to us stamps that "
        "do not increase, or that some steps lack, are unreadable.",
        recognise=_out_of_order,
    ),
    Deviation(
        id="text_after_unreadable_dropped",
        sentence="VAL ignores everything after the first word that it cannot read, and drops characters that it does "
        "not know; to us such a plan is unreadable.",
        recognise=lambda case: case.judged and _unreadable(case),
    ),
    Deviation(
        id="crash_on_unreadable",
        sentence="VAL crashes on what it makes of some texts that are unreadable to us.",
        recognise=lambda case: case.theirs.said is Said.CRASHED and _unreadable(case),
    ),
    Deviation(
        id="simultaneous_steps",
        sentence="Steps whose time stamps are nearer than the tolerance, 0.01, may be simultaneous to VAL; to us "
        "stamps give the order alone.",
        recognise=_simultaneous,
    ),
    Deviation(
        id="surplus_arguments",
        sentence="In a domain without types VAL drops surplus arguments and judges the rest; with types it crashes.",
        recognise=_surplus_arguments,
    ),
    Deviation(
        id="missing_arguments",
        sentence="VAL crashes on a call with too few arguments, and says nothing.",
        recognise=_missing_arguments,
    ),
    Deviation(
        id="unknown_object_untyped",
        sentence="In a domain without types VAL takes an unknown object for one without facts, and judges the plan.",
        recognise=_unknown_object,
    ),
    Deviation(
        id="later_call_refused_first",
        sentence="VAL refuses a plan for a call that names no action before it executes anything; we report the "
        "earliest step that fails, in the order of the text.",
        recognise=_later_call,
    ),
    Deviation(
        id="long_plan_refused",
        sentence="VAL's parser holds 9,995 steps; it calls a longer plan a bad description.",
        recognise=lambda case: case.theirs.said is Said.REFUSED and len(_calls(case)) > LONGEST,
    ),
    Deviation(
        id="crash_on_empty_type",
        sentence="VAL crashes in advice, and in axioms, on several quantified variables where no object is of the type "
        "of one that is not the last.",
        recognise=_crash_on_empty_type,
    ),
    Deviation(
        id="numbers_nearly_equal",
        sentence="VAL's comparisons of numbers hold if they miss by less than 0.0001, so that < is <= and > is >=; "
        "ours are exact.",
        recognise=_nearly_equal,
    ),
    Deviation(
        id="axiom_types_ignored",
        sentence="VAL ignores the types of an axiom's variables; to us it derives atoms of fitting objects alone.",
        recognise=_axiom_types,
    ),
    Deviation(
        id="assigned_twice",
        sentence="VAL does not execute an action that assigns or scales a number twice; we do where it makes no "
        "difference.",
        recognise=_assigned_twice,
    ),
    Deviation(
        id="undefined_is_zero",
        sentence="VAL increases, decreases and scales a number without a value as if it were 0; to us that is a fault "
        "of the step.",
        recognise=_undefined_is_zero,
    ),
    Deviation(
        id="undefined_asked",
        sentence="VAL fails on a number without a value wherever it meets one; to us it matters only where the rest of "
        "the condition does not decide.",
        recognise=_undefined_sooner,
    ),
    Deviation(
        id="division_by_zero",
        sentence="VAL divides by 0 and goes on with infinity; to us that is a fault of the step.",
        recognise=_division_by_zero,
    ),
    Deviation(
        id="task_refused_by_val",
        sentence="VAL's parser refuses domains and problems that PDDL allows; README.md lists the constructs.",
        recognise=_task_refused,
    ),
    Deviation(
        id="infinite_numbers",
        sentence="VAL's numbers beyond 1.8e308 are infinite; ours are exact.",
        recognise=_infinite,
    ),
)
"""In the order in which they are tried; README.md has a row for each."""

TASK_REFUSED = Deviation(
    id="task_refused",
    sentence="VAL judges plans for domains and problems that break PDDL's rules or use what we refuse by name.",
    recognise=lambda case: False,  # where we refuse a task, there is no case to look at
)


def explain(case: Case) -> str:
    """The id of the deviation that a case shows, or ""."""
    return next((deviation.id for deviation in DEVIATIONS if deviation.recognise(case)), "")
