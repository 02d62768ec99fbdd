"""Task and true chain -> text. The same input always gives the same text: every set is sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from planlearn.chains.grammar import (
    CHAIN_HEADER,
    DROPS,
    FOR,
    GIVES,
    LEFT,
    NEEDS,
    NONE,
    NOT,
    PLAN_HEADER,
    STATE,
    TAKES,
    ChainStyle,
    check_names,
)
from planlearn.chains.purpose import purposes
from planlearn.errors import require_strips
from val_bridge import Action, Atom, Chain, Literal, ParsedChain, Plan, State, Task

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


def chain_text(task: Task, chain: Chain, style: ChainStyle) -> str:
    """The chain's lines, one "\\n" behind each."""
    order = reached_order(task, chain)
    why = purposes(task, chain) if style.purposes else [()] * len(chain)
    steps = (
        (_purposed(action_line(task, s.action), purpose), s.after, goals_left_text(task, s.after, order))
        for s, purpose in zip(chain.steps, why, strict=True)
    )
    return _chain_text(task, task.initial, goals_left_text(task, task.initial, order), steps, style)


def claims_text(
    task: Task, parsed: ParsedChain, style: ChainStyle, order: Mapping[Atom, int] | None = None
) -> str:
    """What a chain claims, true or not, in the lines of `chain_text`; no field of it or of a claim may be None but a purpose.

    order: in which goals that are left stand, as from `reached_order`. Raises BindError for a claim about no action of
    the task.
    """
    steps = []
    for claim in parsed.claims:
        negative = _fluent(task, task.bind(claim.call).negative)
        head = (claim.call.name, *claim.call.arguments)
        line = _step_text(head, claim.precondition, negative, claim.add, claim.delete)
        line = _purposed(line, claim.purpose if style.purposes and claim.purpose else ())
        steps.append((line, claim.after, _goals_text(task, claim.unmet_goals, order)))
    return _chain_text(task, parsed.initial, _goals_text(task, parsed.unmet_goals, order), steps, style)


def reached_order(task: Task, chain: Chain) -> dict[Atom, int]:
    """For each goal's atom the number of the step that reaches it for good; 0 if it holds throughout."""
    order = {}
    for atom in task.goal | task.goal_negative:
        wanted = atom in task.goal
        unmet = [number for number, step in enumerate(chain.steps, 1) if (atom in step.before) is not wanted]
        order[atom] = max(unmet, default=0)
    return order


def _purposed(line: str, purpose: Iterable[Literal]) -> str:
    """A step's line with a line above it that says what the step is for, in the order given; no line for nothing."""
    words = ", ".join(atom_words(literal.atom, positive=literal.positive) for literal in purpose)
    return f"{FOR} {words}\n{line}" if words else line


def _chain_text(
    task: Task, initial: State, left: str, steps: Iterable[tuple[str, State, str]], style: ChainStyle
) -> str:
    """State and goals left at the start; each step's line, its state where the style has states, the goals left where
    they change."""
    lines = [state_line(task, initial)] if style.states == "full" else []
    lines += [f"{LEFT} {left}"] if style.goals else []
    for line, after, left_after in steps:
        lines.append(line)
        if style.states == "full":
            lines.append(state_line(task, after))
        if style.goals and left_after != left:
            lines.append(f"{LEFT} {left_after}")
        left = left_after
    return "".join(line + "\n" for line in lines)


def state_line(task: Task, state: State) -> str:
    """The state, static atoms left out."""
    return f"{STATE} {state_text(_fluent(task, state))}"


def goals_left_text(task: Task, state: frozenset[Atom], order: Mapping[Atom, int] | None = None) -> str:
    """The goals that do not hold in the state, by their place in `order`, then by name; "none" where all do."""
    return _goals_text(task, (task.goal - state) | (task.goal_negative & state), order)


def _goals_text(task: Task, goals: Iterable[Atom], order: Mapping[Atom, int] | None) -> str:
    """Goals by their atoms; an atom that is no goal is left out."""
    left = [(atom, atom in task.goal) for atom in goals if atom in task.goal or atom in task.goal_negative]
    left.sort(key=lambda goal: ((order or {}).get(goal[0], 0), not goal[1], atom_words(goal[0])))
    return ", ".join(atom_words(atom, positive=positive) for atom, positive in left) or NONE


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
