"""A judged attempt step by step, as JSON: what pages, the terminal and notebooks show.

Two objects make an entry. The problem (`problem_json`):

    {"domain": "blocksworld-4ops", "objects": [["a", "object"], ...], "facts": ["(clear a)", ...], "init": [0, 2], "static": [],
     "goal": [{"text": "(on a b)", "fact": 5, "wanted": true}, ...]}

`facts` is a table; everywhere else a fact is its index there. `static`: the facts of `init` that no action changes. `fact` of a goal is null where
the goal is no literal; then only `goal_end` of a track says whether it holds.

And its attempts (`answer_attempt`, `text_attempt`):

    {"outcome": "valid" | "invalid" | "unreadable" | "unsolvable" | "checker_error", "message": "...", "feedback": "...", "text": "...",
     "faults": [FAULT, ...], "tracks": [TRACK, ...], "unread": ["a line that no rule reads", ...]}
    TRACK = {"name": "plan" | "chain" | "plan and chain", "first": CLAIM, "steps": [STEP, ...], "goal_end": [true, false, ...]}
    STEP  = {"action": "(unstack c a)", "done": true, "needs": [["(clear c)", true], ...], "add": [3], "delete": [0, 2],
             "claim": CLAIM, "numbers": [["(fuel t)", "5", "3"], ...], "at": [0, 13]}
    CLAIM = null, or {"missing": [4], "extra": [7]}
    FAULT = {"kind": "precondition", "step": 2, "track": "plan", "message": "...", "violations": [["unsatisfied", "(handempty)", "cause"], ...],
             "hint": "", "at": [14, 25], "line": 2, "column": 1}

A step is `done` if it can truly be executed where it stands; then `add` and `delete` are what it truly changed. The first step that is not done is where the
attempt fails: `add` and `delete` are what it would change, and what it needs says which does not hold. Behind it nothing is true any
more: `needs` holds null for true or false. `claim` compares the state that the text writes behind a step with the last true state: what it leaves out, and what
it has in excess; null where it writes none. `first` is the same for the state before the first step. `at` are offsets in `text`: of all that it says of a
step, and of the line that is at fault. A chain and a plan that name the same actions are one track; else the chain has a track of its own. `goal_end`:
whether each goal holds in the last true state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from planlearn.chains import Answer, read_answer
from planlearn.chains.read import plan_header
from planlearn.evaluate.scoring import Reader, Result
from planlearn.feedback import binary_feedback, detailed_feedback
from val_bridge import (
    Atom,
    BindError,
    Call,
    Claim,
    Literal,
    NumericError,
    Outcome,
    ParsedChain,
    Plan,
    SourceError,
    Span,
    State,
    Step,
    Task,
    Values,
    Verdict,
    atom_text,
    check_chain,
    check_plan,
    effects,
    number_text,
    read_chain,
    read_plan,
)
from val_bridge.check.answers import cause_of
from val_bridge.check.evidence import Evidence
from val_bridge.check.plan import unreadable
from val_bridge.pddl.syntax import EQUALS
from val_bridge.semantics.explain import bound_text
from val_bridge.semantics.formulas import bound_atom

Json = dict[str, Any]

PLAN, CHAIN, BOTH = "plan", "chain", "plan and chain"


class FactTable:
    """Facts of one problem by number, in the order in which they are first met."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[Atom, int] = {}

    def number(self, atom: Atom) -> int:
        number = self._numbers.get(atom)
        if number is None:
            number = self._numbers[atom] = len(self.texts)
            self.texts.append(atom_text(atom))
        return number

    def numbers(self, atoms: Iterable[Atom]) -> list[int]:
        """Sorted by the atoms, so that the same attempt gives the same JSON."""
        return [self.number(atom) for atom in sorted(atoms)]


def problem_json(task: Task, facts: FactTable) -> Json:
    """The problem, to be called once its attempts are made: `facts` then holds their facts too."""
    initial = facts.numbers(task.initial)
    goal = [
        {"text": str(literal), "fact": facts.number(literal.atom), "wanted": literal.positive} for literal in task.goal_literals
    ] + [{"text": bound_text(part, {}), "fact": None, "wanted": True} for part in task.problem.goal_condition]
    return {
        "domain": task.domain.name,
        "objects": [[name, kind] for name, kind in task.objects.items()],
        "facts": facts.texts,
        "init": initial,
        "static": facts.numbers(task.static_facts),
        "goal": goal,
    }


def answer_attempt(task: Task, facts: FactTable, text: str, *, reader: Reader = Reader.STRICT, told: str | None = None) -> Json:
    """The attempt of a model's answer, as `planlearn.evaluate` reads and judges it: the plan section decides the outcome.

    told: the feedback that the model was given; by default the detailed feedback on what is at fault. Never raises because of what a model wrote: a
    checker that fails is an outcome.
    """
    try:
        return _attempt(task, facts, text, reader.read(task, text), told)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return _bare(Result.CHECKER_ERROR, f"The checker failed: {said}", text, told or "")


def text_attempt(task: Task, facts: FactTable, text: str, *, file: str = "<plan>", complete: bool = True, changes: bool = False) -> Json:
    """The attempt of a text that somebody wrote: a plan, planlearn's chain text, or a JSON chain, told apart by how it begins.

    complete, changes: of a JSON chain, see `val_bridge.read_chain`. A text that cannot be read gives an attempt with outcome "unreadable" and its fault.
    """
    start = text.lstrip()[:1]
    try:
        if start == "[":
            answer = Answer(plan=None, chain=read_chain(text, file, changes=changes, complete=complete), problem="", unread=())
        elif start in ("(", ";", ""):
            answer = Answer(plan=read_plan(text, file), chain=None, problem="", unread=())
        else:
            answer = read_answer(text, task)
            if answer.chain is not None and answer.plan is None and plan_header(text) is None:
                answer = replace(answer, problem="")  # a chain alone, which nobody asked for a plan
            elif answer.plan is None and answer.chain is None and not answer.unsolvable:
                answer = Answer(plan=read_plan(text, file), chain=None, problem="", unread=())
    except SourceError as error:
        return _with_verdict(task, text, unreadable(error), None)
    return _attempt(task, facts, text, answer, None, complete=complete)


def _attempt(task: Task, facts: FactTable, text: str, answer: Answer, told: str | None, *, complete: bool = True) -> Json:
    plan, chain = answer.plan, answer.chain
    if answer.unsolvable:
        return _bare(Result.UNSOLVABLE, "It says that there is no plan.", text, told or "") | {"unread": list(answer.unread)}
    of_plan = check_plan(task, plan) if plan is not None else None
    of_chain = check_chain(task, chain, complete=complete) if chain is not None else None
    deciding = of_plan if of_plan is not None else of_chain
    if deciding is None:
        return _bare(Result.UNREADABLE, answer.problem, text, told or "") | {"unread": list(answer.unread)}
    # A wrong chain says more than the plan below it: which claim went wrong first.
    shown = of_chain if of_chain is not None and of_chain.outcome is not Outcome.VALID else deciding
    made = _with_verdict(task, text, shown, told)
    # An answer without a readable plan has no plan to judge, whatever its chain is worth.
    if plan is None and answer.problem:
        outcome, message = Result.UNREADABLE, answer.problem
    else:
        outcome, message = Result(deciding.outcome.value), binary_feedback(deciding).text
    tracks, faults = [], []
    agree = plan is not None and chain is not None and tuple(claim.call for claim in chain.claims) == plan.calls
    if of_plan is not None:
        assert plan is not None
        name = BOTH if agree else PLAN
        tracks.append(_track(task, facts, name, of_plan, plan.calls, chain.claims if agree and chain else (), chain if agree else None, complete))
        faults += _faults(task, of_plan, name)
    if of_chain is not None and chain is not None:
        name = BOTH if agree else CHAIN
        if not agree:
            tracks.append(_track(task, facts, name, of_chain, tuple(claim.call for claim in chain.claims), chain.claims, chain, complete))
        faults += _faults(task, of_chain, name)
    return made | {"outcome": outcome.value, "message": message, "tracks": tracks, "faults": _once(faults), "unread": list(answer.unread)}


def _bare(outcome: Result, message: str, text: str, feedback: str) -> Json:
    return {"outcome": outcome.value, "message": message, "feedback": feedback, "text": text, "faults": [], "tracks": [], "unread": []}


def _with_verdict(task: Task, text: str, verdict: Verdict, told: str | None) -> Json:
    feedback = detailed_feedback(verdict, task).text if told is None else told
    return _bare(Result(verdict.outcome.value), binary_feedback(verdict).text, text, feedback) | {"faults": _faults(task, verdict, PLAN)}


def _once(faults: Sequence[Json]) -> list[Json]:
    """A fault that plan and chain share is told once."""
    seen: dict[tuple[Any, ...], Json] = {}
    for fault in faults:
        seen.setdefault((fault["kind"], fault["step"], fault["track"], str(fault["violations"])), fault)
    return list(seen.values())


def _faults(task: Task, verdict: Verdict, track: str) -> list[Json]:
    return [
        {
            "kind": fault.kind.value, "step": fault.step, "track": track, "message": str(fault),
            "violations": [[v.kind, str(v.literal), cause_of(task, verdict, fault, v).get("cause", "")] for v in fault.violations],
            "hint": fault.hint, **_place(fault.span),
        }
        for fault in verdict.faults
    ]  # fmt: skip


def _place(span: Span | None) -> Json:
    if span is None:
        return {"at": None, "line": None, "column": None}
    return {"at": [span.start, span.end], "line": span.line, "column": span.column}


def _track(
    task: Task, facts: FactTable, name: str, verdict: Verdict, calls: Sequence[Call], claims: Sequence[Claim], chain: ParsedChain | None,
    complete: bool,
) -> Json:  # fmt: skip
    state, values = task.initial, task.values
    # What a text leaves out of its states, by agreement.
    unsaid = frozenset() if complete else task.static_facts
    said: State | None = None
    first = None
    if chain is not None:
        said = task.initial if chain.initial is None else State(chain.initial | unsaid)
        first = None if chain.initial is None else _difference(facts, state, said)
    steps, done = [], True
    for number, (call, claim) in enumerate(zip_longest(calls, claims)):
        executed: Step | None = verdict.steps[number] if done and number < len(verdict.steps) else None
        step = _step(task, facts, call, executed, (state, values) if done else None)
        if executed is None:
            done = False
        else:
            state, values = executed.after, executed.values_after
        writes = None
        if claim is not None and said is not None:
            after = _claimed(said, claim, unsaid)
            writes = None if after is None else _difference(facts, state, after)
            said = said if after is None else after
        steps.append(step | {"claim": writes, "at": _passage(call, claim)})
    goal_end = [literal.holds_in(state) for literal in task.goal_literals]
    if task.problem.goal_condition:
        own = len(task.problem.goal)
        goal_end += [part.holds is True for part in Evidence(task=task, reached=state, values=values).asked()[own:]]
    return {"name": name, "first": first, "steps": steps, "goal_end": goal_end}


def _passage(call: Call, claim: Claim | None) -> list[int] | None:
    """All that a text says of a step: what it is for, the call, the state behind it and the goals."""
    spans = [call.span] if claim is None else [claim.purpose_span, claim.span or call.span, claim.after_span, claim.goals_span]
    known = [span for span in spans if span is not None]
    return [min(span.start for span in known), max(span.end for span in known)] if known else None


def _claimed(said: State, claim: Claim, unsaid: frozenset[Atom]) -> State | None:
    """The state that a claim leads to by what it says, None where it says nothing of it."""
    if claim.after is not None:
        return State(claim.after | unsaid)
    if claim.add is None and claim.delete is None:
        return None
    return State((said - (claim.delete or frozenset())) | (claim.add or frozenset()))


def _difference(facts: FactTable, true: State, said: State) -> Json:
    return {"missing": facts.numbers(true - said), "extra": facts.numbers(said - true)}


def _step(task: Task, facts: FactTable, call: Call, executed: Step | None, where: tuple[State, Values] | None) -> Json:
    """One step; where: the true state before it, None where there is none any more."""
    try:
        action = task.bind(call)
    except BindError:
        return {"action": str(call), "done": False, "needs": [], "add": [], "delete": [], "numbers": []}
    state = where[0] if where is not None else None
    if executed is not None:
        add, delete = executed.after - executed.before, executed.before - executed.after
        numbers = [
            [atom_text(fluent), None if old is None else number_text(old), number_text(new)]
            for fluent, (old, new) in executed.changed_values.items()
        ]
    else:
        numbers = []
        try:
            add, delete = effects(where[0] if where else task.initial, action, where[1] if where else task.values)
        except NumericError:
            add, delete = action.add, action.delete
        delete = delete - add
        if state is not None:
            add, delete = add - state, delete & state
    return {
        "action": str(call), "done": executed is not None, "needs": _needs(task, call, where), "add": facts.numbers(add),
        "delete": facts.numbers(delete), "numbers": numbers,
    }  # fmt: skip


def _needs(task: Task, call: Call, where: tuple[State, Values] | None) -> list[list[Any]]:
    """The conjuncts of the precondition in the order of the domain's text, and whether each holds before the step."""
    if task.is_strips:  # the same in a fifth of the time
        schema = task.domain.actions[call.name]
        binding = dict(zip((parameter.name for parameter in schema.parameters), call.arguments, strict=True))
        literals = [replace(literal, atom=bound_atom(literal.atom, binding)) for literal in schema.precondition]
        return [[str(literal), None if where is None else _holds(literal, where[0])] for literal in literals]
    state, values = where or (task.initial, task.values)
    evidence = Evidence(task=task, reached=state, values=values, call=call)
    parts, binding = evidence.parts, evidence.binding
    holds: list[bool | None] = [None] * len(parts) if where is None else [part.holds is True for part in evidence.asked()]
    return [[bound_text(part, binding), held] for part, held in zip(parts, holds, strict=True)]


def _holds(literal: Literal, state: State) -> bool:
    if literal.atom[0] == EQUALS:
        return (literal.atom[1] == literal.atom[2]) is literal.positive
    return literal.holds_in(state)
