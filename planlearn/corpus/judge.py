"""Phase 1 examples: a plan or a chain to be judged, the reasoning step by step, and the verdict.

    prompt    = instruction, schemas, problem, ("Chain:" the claimed lines | "Plan:" the calls), "Judgement:"
    reasoning = the first state where the style has states; for each step what it truly needs, takes, drops and
                gives (the line of a true chain), its state where the style has states, and the goals where they
                change; the last `goals` line is the goal check. At the first fault it stops; a needed atom
                that does not hold is marked so.
    verdict   = "VALID" | "INVALID" ["step" number] class ":" atoms "\\n" repair hint

A bare plan shows precondition and goal errors; effect and frame errors live in what a chain claims. The truth
comes from `val_bridge`'s transitions, not from its checker and not from the corrupter: `judgement_segments`
refuses to write a judgement that contradicts what was planted. Rejected: a mark behind every needed atom that
holds (a tenth more tokens, and lines other than those that the model learns to write).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from planlearn.chains import (
    ChainStyle,
    Role,
    Segment,
    action_line,
    chain_text,
    claims_text,
    plan_text,
    problem_prompt,
)
from planlearn.chains.grammar import CHAIN_HEADER, NEEDS, NOT, PLAN_HEADER, TAKES
from planlearn.chains.write import atom_words, goals_text, literals_text, state_line
from planlearn.corpus.corrupt import ErrorClass, Spoiled
from val_bridge import (
    Action,
    Atom,
    Chain,
    Claim,
    Fault,
    FaultKind,
    Literal,
    Outcome,
    Plan,
    State,
    Task,
    check_chain,
    check_plan,
    progress,
    unmet,
)

INSTRUCTION = "Judge the chain of steps: VALID or INVALID."
JUDGEMENT_HEADER = "Judgement:"
FALSE = "false"
VERDICTS = ("VALID", "INVALID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict as a text gives it; None where that part cannot be read.

    step: from 1; None for the goal and for a valid plan. atoms: those that are wrong, sorted, without "not".
    """

    valid: bool | None = None
    step: int | None = None
    error: ErrorClass | None = None
    atoms: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One step of the reasoning; None: not written."""

    line: str
    state: str | None = None
    goals: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """The fault that ends the reasoning, as texts: the atoms that are wrong, then what mends it ("" if none).

    never: atoms that no action makes true. make_true, make_false: what should hold. takes, drops, gives: what
    the claimed effects lack.
    """

    error: ErrorClass
    step: int | None
    atoms: str
    never: str = ""
    make_true: str = ""
    make_false: str = ""
    takes: str = ""
    drops: str = ""
    gives: str = ""


def judgement_segments(
    task: Task, chain: Chain, style: ChainStyle, *, spoiled: Spoiled | None = None, rng: random.Random
) -> tuple[Segment, ...]:
    """PROMPT, CHAIN (the reasoning) and VERDICT for the spoiled chain, or for the true one if there is none.

    rng decides whether a true chain is shown with its claims or as a bare plan, half of them each. Raises
    ValueError if the spoiled chain, as the style shows it, is not wrong in the way and at the step that was
    planted.
    """
    # Without what its steps are for, which would betray what was spoiled.
    style = replace(style, purposes=False)
    if spoiled is None:
        plan, claims, bare = chain.plan, (), rng.random() < 0.5
    else:
        plan, claims = spoiled.parsed.plan, spoiled.parsed.claims
        bare = spoiled.error in (ErrorClass.PRECONDITION, ErrorClass.GOAL)
    if bare:
        header, shown = PLAN_HEADER, _bare(plan)
    else:
        header = CHAIN_HEADER
        shown = claims_text(task, spoiled.parsed, style) if spoiled else chain_text(task, chain, style)
    steps, goal_check, fault = _judge(task, plan, () if bare else claims, style)
    planted = (spoiled.error, spoiled.step) if spoiled else None
    found = (fault.error, fault.step) if fault else None
    if found != planted:
        raise ValueError(f"planted {planted}, found {found}")
    return _segments(task, style, header, shown, (steps, goal_check, fault))


def plan_judgement_segments(task: Task, plan: Plan, style: ChainStyle) -> tuple[Segment, ...]:
    """PROMPT, CHAIN (the reasoning) and VERDICT for a plan that a model wrote, shown bare.

    Raises BindError where a call names no action of the task.
    """
    style = replace(style, purposes=False)
    return _segments(task, style, PLAN_HEADER, _bare(plan), _judge(task, plan, (), style))


def plan_judgement_prompt(task: Task, plan: Plan, style: ChainStyle) -> str:
    """The PROMPT of `plan_judgement_segments`; any calls will do."""
    return _prompt(task, replace(style, purposes=False), PLAN_HEADER, _bare(plan))


def _bare(plan: Plan) -> str:
    return plan_text(plan) + "\n" * bool(plan.calls)


def _prompt(task: Task, style: ChainStyle, header: str, shown: str) -> str:
    return f"{problem_prompt(task, style, INSTRUCTION, header)}{shown}{JUDGEMENT_HEADER}\n"


def _segments(
    task: Task, style: ChainStyle, header: str, shown: str, judged: tuple[list[_Step], str | None, _Fault | None]
) -> tuple[Segment, ...]:
    steps, goal_check, fault = judged
    start = state_line(task, task.initial) if style.states == "full" else None
    reasoning = _template("reasoning.jinja").render(start=start, steps=steps, goal_check=goal_check)
    return (
        Segment(role=Role.PROMPT, text=_prompt(task, style, header, shown)),
        Segment(role=Role.CHAIN, text=reasoning),
        Segment(role=Role.VERDICT, text=_template("verdict.jinja").render(fault=fault).removesuffix("\n")),
    )


def _judge(
    task: Task, plan: Plan, claims: tuple[Claim, ...], style: ChainStyle
) -> tuple[list[_Step], str | None, _Fault | None]:
    """The reasoning's steps, the goal check where the last step does not hold it, and the fault that ends it.

    claims: what is claimed of each of the plan's steps; empty where nothing is.
    """
    full = style.states == "full"
    state, steps = task.initial, []
    goals_before = goals_text(task, state)
    for number, call in enumerate(plan.calls, start=1):
        action = task.bind(call)
        if lacking := unmet(state, action):
            steps.append(_Step(line=_failing_line(task, action, lacking)))
            return steps, None, _precondition_fault(task, number, lacking)
        after = progress(state, action)
        fault = _claim_fault(number, action, state, after, claims[number - 1], full) if claims else None
        goals = goals_text(task, after)
        steps.append(
            _Step(
                line=action_line(task, action),
                state=state_line(task, after) if full else None,
                goals=goals if style.goals and goals != goals_before and not fault else None,
            )
        )
        if fault:
            return steps, None, fault
        state, goals_before = after, goals
    goal_check = None if steps and steps[-1].goals is not None else goals_before
    missed, unwanted = task.goal - state, task.goal_negative & state
    if not missed and not unwanted:
        return steps, goal_check, None
    fault = _Fault(
        error=ErrorClass.GOAL, step=None, atoms=literals_text(missed, unwanted),
        make_true=_atoms_text(missed), make_false=_atoms_text(unwanted),
    )  # fmt: skip
    return steps, goal_check, fault


def _failing_line(task: Task, action: Action, lacking: tuple[Literal, ...]) -> str:
    """The step's check: each needed atom, with "false" behind those that do not hold."""
    failing = {(literal.atom, literal.positive) for literal in lacking}
    needed = {(a, True) for a in action.precondition} | {(a, False) for a in action.negative}
    # What never changes is written only where it fails, as in true chains, which leave it to the prompt.
    written = {(atom, sign) for atom, sign in needed if _changes(task, atom)} | failing
    parts = [" ".join((action.name, *action.arguments))]
    for word, taken in ((NEEDS, False), (TAKES, True)):
        atoms = [(a, sign) for a, sign in written if (sign and a in action.delete) is taken]
        atoms.sort(key=lambda literal: (not literal[1], literal[0]))
        texts = [atom_words(a, positive=sign) + f" {FALSE}" * ((a, sign) in failing) for a, sign in atoms]
        if texts:
            parts.append(f"{word} {', '.join(texts)}")
    return " ".join(parts)


def _precondition_fault(task: Task, number: int, lacking: tuple[Literal, ...]) -> _Fault:
    true, false = ([lit.atom for lit in lacking if lit.positive is sign] for sign in (True, False))
    never = [atom_words(lit.atom, positive=lit.positive) for lit in lacking if not _changes(task, lit.atom)]
    return _Fault(
        error=ErrorClass.PRECONDITION, step=number, atoms=literals_text(true, false), never=", ".join(never),
        make_true=_atoms_text(true), make_false=_atoms_text(false),
    )  # fmt: skip


def _changes(task: Task, atom: Atom) -> bool:
    """Whether some action may change the atom; equations are about names alone."""
    return atom[0] in task.domain.predicates and atom[0] not in task.static


def _claim_fault(
    number: int, action: Action, before: State, after: State, claim: Claim, full: bool
) -> _Fault | None:
    """What the claimed effects, and the claimed state where it is shown, have wrong; None if nothing."""
    shown = [(before - claim.delete) | claim.add] + [claim.after] * full
    lost = frozenset().union(*(after - state for state in shown))
    gained = frozenset().union(*(state - after for state in shown))
    if not lost and not gained:
        return None
    gives, drops = lost & action.add, gained & action.delete
    error = ErrorClass.EFFECT if gives or drops else ErrorClass.FRAME
    return _Fault(
        error=error, step=number, atoms=_atoms_text(lost | gained), make_true=_atoms_text(lost - gives),
        make_false=_atoms_text(gained - drops), takes=_atoms_text(drops & action.precondition),
        drops=_atoms_text(drops - action.precondition), gives=_atoms_text(gives),
    )  # fmt: skip


def _atoms_text(atoms: Iterable[Atom]) -> str:
    """Atoms as text; "" for no atom, so that a template can ask."""
    atoms = tuple(atoms)
    return literals_text(atoms) if atoms else ""


@cache
def _template(name: str) -> Template:
    folder = Path(__file__).parent / "templates"
    loader = FileSystemLoader(folder)
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template(name)


def confirm(task: Task, spoiled: Spoiled) -> bool:
    """Whether the checker's first fault is what was planted: of that class, at that step, about that atom."""
    plan = check_plan(task, spoiled.parsed.plan)
    chain = check_chain(task, spoiled.parsed)
    match spoiled.error:
        case ErrorClass.PRECONDITION:
            found = _agree(spoiled, FaultKind.PRECONDITION, plan.first, chain.first)
        case ErrorClass.GOAL:
            found = _agree(spoiled, FaultKind.GOAL, plan.first, chain.first)
        case ErrorClass.EFFECT | ErrorClass.FRAME:
            # The plan itself must be right: what is wrong stands in the claims alone.
            found = plan.outcome is Outcome.VALID and _agree(spoiled, FaultKind.TRANSITION, chain.first)
            kinds = {violation.kind for violation in chain.first.violations} if chain.first else set()
            found = found and (spoiled.error is ErrorClass.EFFECT) == bool(kinds & _EFFECT_VIOLATIONS)
    return found


_EFFECT_VIOLATIONS = frozenset({"missing_add", "missing_delete"})


def _agree(spoiled: Spoiled, kind: FaultKind, *faults: Fault | None) -> bool:
    return all(
        fault is not None
        and fault.kind is kind
        and fault.step == spoiled.step
        and spoiled.atom in {violation.atom for violation in fault.violations}
        for fault in faults
    )


_NAMES = r"(?:not )?[a-z=][a-z0-9_-]*(?: [a-z][a-z0-9_-]*)*"
_FIRST_WORD = re.compile(r"(?:IN)?VALID\b")
_INVALID = re.compile(
    rf"INVALID (?:step (?P<step>[1-9][0-9]{{0,8}}) (?P<error>precondition|effect|frame)|(?P<goal>goal)): "
    rf"(?P<atoms>{_NAMES}(?:, {_NAMES})*)"
)


def read_judgement(text: str) -> Judgement:
    """The verdict in what a model wrote behind the prompt. Never raises on a text.

    One line alone may be a verdict, with the repair hint at most behind it; otherwise nothing is read. An
    INVALID whose rest is not in the format is still INVALID.
    """
    lines = text.rstrip().split("\n")
    verdicts = [number for number, line in enumerate(lines) if _FIRST_WORD.match(line)]
    if len(verdicts) != 1:
        return Judgement()
    (number,) = verdicts
    line, behind = lines[number].rstrip(), len(lines) - 1 - number
    if line == "VALID" and not behind:
        return Judgement(valid=True)
    if not line.startswith("INVALID") or behind > 1:
        return Judgement()
    match = _INVALID.fullmatch(line)
    if match is None:
        return Judgement(valid=False)
    atoms = (tuple(atom.removeprefix(f"{NOT} ").split()) for atom in match["atoms"].split(", "))
    return Judgement(
        valid=False, step=int(match["step"]) if match["step"] else None,
        error=ErrorClass(match["error"] or match["goal"]), atoms=tuple(sorted(atoms)),
    )  # fmt: skip
