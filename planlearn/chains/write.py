"""Task and true chain -> text. The same input always gives the same text: every set is sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from planlearn.chains.grammar import (
    AFTER,
    BUT,
    CHAIN_HEADER,
    DROPS,
    FOR,
    GIVES,
    GOALS,
    NEEDS,
    NEVER,
    NO,
    NONE,
    NOT,
    PLAN_HEADER,
    STATE,
    TAKES,
    UNSOLVABLE,
    YES,
    ChainStyle,
    check_names,
)
from planlearn.chains.preparation import Preparations
from planlearn.chains.purpose import Purpose, Sought, purposes
from planlearn.errors import require_strips
from val_bridge import Action, Atom, Chain, Literal, Lookup, ParsedChain, Plan, State, Task, execute, goal_lookups

CHAIN_INSTRUCTION = "Write the chain of steps, then the plan."


class Role(str, Enum):
    """What a stretch of an example's text is; training objectives weigh the roles apart."""

    PROMPT = "prompt"
    CHAIN = "chain"
    PLAN = "plan"
    VERDICT = "verdict"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    role: Role
    text: str


def atom_words(atom: Atom, *, positive: bool = True) -> str:
    """`on a b`, or `not on a b`."""
    return " ".join(atom if positive else (NOT, *atom))


def literals_text(positive: Iterable[Atom], negative: Iterable[Atom] = ()) -> str:
    """Atoms, sorted, then negated ones, with a comma between two; "none" for no atom."""
    words = sorted(map(atom_words, positive)) + sorted(atom_words(atom, positive=False) for atom in negative)
    return ", ".join(words) or NONE


def state_text(atoms: Iterable[Atom]) -> str:
    """Atoms, sorted, with a comma between two; "none" for no atom."""
    return literals_text(atoms)


def _fluent(task: Task, atoms: Iterable[Atom]) -> list[Atom]:
    return [atom for atom in atoms if atom[0] not in task.static]


def _step_text(
    head: Iterable[str], precondition: Iterable[Atom], negative: Iterable[Atom], add: Iterable[Atom],
    delete: Iterable[Atom],
) -> str:  # fmt: skip
    precondition, delete, negative = set(precondition), set(delete), set(negative)
    parts = [
        (NEEDS, precondition - delete, negative),
        (TAKES, precondition & delete, ()),
        (DROPS, delete - precondition, ()),
        (GIVES, set(add), ()),
    ]
    texts = [f"{word} {literals_text(true, false)}" for word, true, false in parts if true or false]
    return " ".join([*head, *texts])


def action_line(task: Task, action: Action) -> str:
    """A ground action with its checked preconditions and its effects, static atoms left out."""
    head = (action.name, *action.arguments)
    precondition, negative = _fluent(task, action.precondition), _fluent(task, action.negative)
    return _step_text(head, precondition, negative, action.add, action.delete)


def _purposed_lines(task: Task, action: Action, purpose: Purpose) -> str:
    """A step's line, and above it what it is for where there is something; then the line has no `needs`."""
    if not purpose:
        return action_line(task, action)
    taken = _fluent(task, action.precondition & action.delete)
    line = _step_text((action.name, *action.arguments), taken, (), action.add, action.delete)
    levels = [f"{_SOUGHT[at.what]} {_lookups_text(at.lookups)}" for at in purpose if at.lookups]
    goal = purpose[0].literal
    return f"{FOR} {atom_words(goal.atom, positive=goal.positive)}{''.join(levels)}\n{line}"


_SOUGHT = {Sought.BEFORE: f" {AFTER}", Sought.OTHER_GOAL: f" {BUT}", Sought.PRECONDITIONS: ":"}


def _lookups_text(lookups: Iterable[Lookup]) -> str:
    """`clear a yes, not holding b no`."""
    return ", ".join(map(_lookup_text, lookups))


def _lookup_text(at: Lookup) -> str:
    return f"{atom_words(at.literal.atom, positive=at.literal.positive)} {YES if at.holds else NO}"


def chain_text(task: Task, chain: Chain, style: ChainStyle) -> str:
    """The chain's lines, one "\n" behind each."""
    return "".join(chain_stretches(task, chain, style))


def chain_stretches(task: Task, chain: Chain, style: ChainStyle) -> list[str]:
    """The chain's text in stretches: what stands before the first step, then the lines of each step."""
    prepare = Preparations(task) if style.purposes else None
    why = purposes(task, chain, prepare) if style.purposes else [()] * len(chain)
    steps = (
        (_purposed_lines(task, s.action, purpose), s.after, goals_text(task, s.after, prepare))
        for s, purpose in zip(chain.steps, why, strict=True)
    )
    return _stretches(task, task.initial, goals_text(task, task.initial, prepare), steps, style)


def claims_text(task: Task, parsed: ParsedChain, style: ChainStyle) -> str:
    """What a chain claims, true or not, in the lines of `chain_text` for a style without purposes.

    No field of the chain or of a claim may be None, apart from prepared, purpose and lookups. Raises BindError for a claim about
    no action of the task.
    """
    steps = []
    for claim in parsed.claims:
        negative = _fluent(task, task.bind(claim.call).negative)
        head = (claim.call.name, *claim.call.arguments)
        line = _step_text(head, claim.precondition, negative, claim.add, claim.delete)
        steps.append((line, claim.after, _goals_text(claim.goals)))
    return "".join(_stretches(task, parsed.initial, _goals_text(parsed.goals), steps, replace(style, purposes=False)))


def _stretches(
    task: Task, initial: State, goals: str, steps: Iterable[tuple[str, State, str]], style: ChainStyle
) -> list[str]:
    """State and goals at the start; each step's line, its state where the style has states, the goals where they
    change, and with purposes behind every step."""
    lines = [state_line(task, initial)] if style.states == "full" else []
    lines += [f"{GOALS} {goals}"] if style.goals else []
    stretches = ["".join(line + "\n" for line in lines)]
    for line, after, goals_after in steps:
        lines = [line]
        if style.states == "full":
            lines.append(state_line(task, after))
        if style.goals and (style.purposes or goals_after != goals):
            lines.append(f"{GOALS} {goals_after}")
        goals = goals_after
        stretches.append("".join(line + "\n" for line in lines))
    return stretches


def state_line(task: Task, state: State) -> str:
    """The state, static atoms left out."""
    return f"{STATE} {state_text(_fluent(task, state))}"


def goals_text(task: Task, state: State, prepare: Preparations | None = None) -> str:
    """Each goal and whether it holds in the state, in the order of the prompt; "none" where there is no goal.

    prepare: then each open goal is followed by what it takes beforehand, and whether that holds.
    """
    wanted = prepare.wanted(state) if prepare else {}
    return _goals_text(
        goal_lookups(task, state),
        {goal: [Lookup(literal=one, holds=one.holds_in(state)) for one in each] for goal, each in wanted.items()},
    )


def _goals_text(goals: Iterable[Lookup], wanted: Mapping[Literal, Iterable[Lookup]] = MappingProxyType({})) -> str:
    """Each goal, and whether it holds; behind it what it takes beforehand."""
    entries = ((goal, *wanted.get(goal.literal, ())) for goal in goals)
    return ", ".join(" ".join(map(_lookup_text, entry)) for entry in entries) or NONE


def plan_text(plan: Plan) -> str:
    """The plan's calls without parentheses, one a line."""
    return "\n".join(" ".join((call.name, *call.arguments)) for call in plan.calls)


def domain_text(task: Task) -> str:
    """The domain's schemas in the words of the chain format, one a line, parameters with their "?".

    Where the domain has types, a parameter's type stands behind it: `?t - truck`.
    """
    require_strips(task, task.problem.name, "chains")
    lines = []
    for name, schema in sorted(task.domain.actions.items()):
        parameters = [str(p) if task.domain.types else p.name for p in schema.parameters]
        condition = [(literal.atom, literal.positive) for literal in schema.precondition]
        effect = [(literal.atom, literal.positive) for literal in schema.effect]
        lines.append(
            _step_text(
                (name, *parameters),
                precondition=[atom for atom, positive in condition if positive],
                negative=[atom for atom, positive in condition if not positive],
                add=[atom for atom, positive in effect if positive],
                delete=[atom for atom, positive in effect if not positive],
            )
        )
    return "".join(line + "\n" for line in lines)


def problem_text(task: Task) -> str:
    """Initial state and goal, a line each (objects and their types first where they have several types)."""
    require_strips(task, task.problem.name, "chains")
    objects = ""
    if len(set(task.objects.values())) > 1:
        by_type: dict[str, list[str]] = {}
        for name, kind in sorted(task.objects.items()):
            by_type.setdefault(kind, []).append(name)
        kinds = ", ".join(f"{kind} {' '.join(names)}" for kind, names in sorted(by_type.items()))
        objects = f"Objects: {kinds}\n"
    goal = literals_text(task.goal, task.goal_negative)
    return f"{objects}Init: {literals_text(task.initial)}\nGoal: {goal}\n"


def problem_prompt(
    task: Task, style: ChainStyle, instruction: str = CHAIN_INSTRUCTION, header: str = CHAIN_HEADER
) -> str:
    """Instruction, schemas where the style wants them, problem, and the header of what comes next.

    Raises ReservedWord if a name of the task is a word of the format: its text could not be read back.
    """
    check_names([*task.domain.actions, *task.domain.predicates], f"domain {task.domain.name}")
    check_names(task.objects, f"problem {task.problem.name}")
    actions = f"Actions:\n{domain_text(task)}" if style.domain_in_prompt else ""
    return f"{instruction}\n{actions}{problem_text(task)}{header}\n"


def answer_segments(task: Task, chain: Chain, style: ChainStyle) -> tuple[Segment, ...]:
    """PROMPT, CHAIN and PLAN of a true chain; the texts joined are the whole example but for the end mark."""
    return (
        Segment(role=Role.PROMPT, text=problem_prompt(task, style)),
        Segment(role=Role.CHAIN, text=chain_text(task, chain, style)),
        Segment(role=Role.PLAN, text=f"{PLAN_HEADER}\n{plan_text(chain.plan)}"),
    )


def unsolvable_segments(task: Task, never: Iterable[Atom], style: ChainStyle) -> tuple[Segment, ...]:
    """PROMPT, CHAIN and PLAN of the answer that there is no plan. never: goals that cannot hold together; none: no reason is given.

    The prompt is that of any other problem: it must not say which answer is right.
    """
    reasons = sorted(map(atom_words, never))
    chain = chain_text(task, execute(task, ()), style) + (f"{NEVER} {', '.join(reasons)}\n" if reasons else "")
    return (
        Segment(role=Role.PROMPT, text=problem_prompt(task, style)),
        Segment(role=Role.CHAIN, text=chain),
        Segment(role=Role.PLAN, text=f"{PLAN_HEADER}\n{UNSOLVABLE}"),
    )
