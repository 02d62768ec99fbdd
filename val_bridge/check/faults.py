"""The catalogue of faults, and the verdict that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any, NoReturn

from val_bridge.check.evidence import Evidence
from val_bridge.check.repair import Repair
from val_bridge.pddl.formula import number_json
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import Atom, Literal
from val_bridge.semantics.chain import Step


class Outcome(Enum):
    """What was found out about a plan or a chain. An unreadable plan is not a wrong one."""

    VALID = "valid"
    INVALID = "invalid"
    UNREADABLE = "unreadable"


class FaultKind(StrEnum):
    """What can be wrong. The first group concerns plans and chains, the second what only a chain claims."""

    PLAN_SYNTAX = "plan_syntax"
    UNKNOWN_ACTION = "unknown_action"
    WRONG_ARITY = "wrong_arity"
    UNKNOWN_OBJECT = "unknown_object"
    WRONG_TYPE = "wrong_type"
    PRECONDITION = "precondition"
    NUMERIC_UNDEFINED = "numeric_undefined"
    NUMERIC_CONFLICT = "numeric_conflict"
    GOAL = "goal"

    INITIAL_STATE = "initial_state"
    STATE_FACT = "state_fact"
    TRANSITION = "transition"
    CLAIM = "claim"
    PLAN_MISMATCH = "plan_mismatch"


VIOLATION_KINDS = frozenset(
    (
        # precondition; goal
        "unsatisfied",
        "unsatisfied_goal",
        # initial_state, claim
        "missing",
        "extra",
        # claim: said to hold, and does not; said not to hold, and does
        "said_true",
        "said_false",
        # transition
        "missing_add",
        "missing_delete",
        "frame_lost",
        "frame_gained",
        # state_fact; unknown_predicate is a derived one too, which is not claimed in states
        "unknown_predicate",
        "unknown_object",
        "wrong_arity",
        "wrong_type",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One atom of a fault. Raises ValueError for a kind outside VIOLATION_KINDS.

    `wanted` is False for an unmet negative condition: the atom is true and had to be false. A comparison is an
    atom of expressions, `(">=", "(fuel t)", "5")`.
    """

    kind: str
    atom: Atom
    wanted: bool = True

    def __post_init__(self) -> None:
        if self.kind not in VIOLATION_KINDS:
            raise ValueError(f"unknown kind of violation: {self.kind!r}")

    @property
    def literal(self) -> Literal:
        return Literal(atom=self.atom, positive=self.wanted)

    def __str__(self) -> str:
        return f"{self.kind} {self.literal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong.

    `step` counts from 1; 0 is the first state of a chain, None the whole plan. `action` is the call as
    written, `argument` the place of the wrong argument, from 1. `hint` is the nearest name that fits, or "".
    `stated` is what `found` says, where it need not be worked out.
    `expression`, `fluent` and `values` tell the numbers of a numeric fault. `found`, `tree` and `repair` of a
    failed precondition or goal are worked out from `evidence` when they are asked for. `applied` is the call of a wrong
    transition, and where it was judged.
    """

    kind: FaultKind
    step: int | None = None
    action: str | None = None
    violations: tuple[Violation, ...] = ()
    expected: str = ""
    stated: str = ""
    hint: str = ""
    argument: int | None = None
    expression: str = ""
    fluent: str = ""
    values: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False)
    evidence: Evidence | None = field(default=None, compare=False, repr=False)
    applied: Evidence | None = field(default=None, compare=False, repr=False)

    @property
    def found(self) -> str:
        """What there is instead of `expected`; for a failed precondition or goal, what is true of its objects."""
        if self.evidence is None:
            return self.stated
        return self.evidence.facts(violation.atom for violation in self.violations)

    @property
    def failing_literals(self) -> tuple[str, ...]:
        """What does not hold of a precondition or goal, `(clear a)` or `(not (= a b))` or `(>= (fuel t) 5)`."""
        return tuple(str(v.literal) for v in self.violations if v.kind.startswith("unsatisfied"))

    @property
    def satisfied_literals(self) -> tuple[str, ...]:
        """What does hold of a failed precondition or goal: every literal and comparison of its formulas."""
        return tuple(map(str, self.evidence.satisfied())) if self.evidence else ()

    @property
    def tree(self) -> dict[str, Any] | None:
        """The and-or tree of a failed precondition or goal, for JSON; see `Explanation.to_dict`."""
        return self.evidence.explanation().to_dict() if self.evidence else None

    @property
    def repair(self) -> Repair | None:
        """What would make a failed precondition or goal hold; None if nothing could, and for other faults."""
        return self.evidence.repair() if self.evidence else None

    def __str__(self) -> str:
        if self.kind is FaultKind.PLAN_SYNTAX:
            place = f"{self.span}: " if self.span else ""
        else:
            place = "" if self.step is None else f"step {self.step}: " if self.step else "first state: "
        call = f"{self.action}: " if self.action else ""
        question = f"; did you mean '{self.hint}'?" if self.hint else ""
        return f"{place}{call}{self.kind}: expected {self.expected}, found {self.found}{question}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "step": self.step,
            "action": self.action,
            "argument": self.argument,
            "violations": [
                {"kind": violation.kind, "atom": list(violation.atom), "wanted": violation.wanted}
                for violation in self.violations
            ],
            "expected": self.expected,
            "found": self.found,
            "hint": self.hint,
            "failing_literals": list(self.failing_literals),
            "expression": self.expression,
            "fluent": self.fluent,
            "values": list(self.values),
            "line": self.span.line if self.span else None,
            "column": self.span.column if self.span else None,
            "message": str(self),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on a plan or a chain. Three outcomes are never a bool: `bool(verdict)` raises TypeError.

    `steps` is what can truly be executed from the initial state; `satisfied_goals` and `unmet_goals` are the
    atoms of the goal literals that hold, and do not hold, in the state that it reaches. `metric` is what a
    plan that could be executed to its end costs: its length if the problem asks for nothing else. `warnings`
    say what had to be assumed. `goal` is the goal where it was judged last, for whoever asks how much of it holds;
    None for a plan of literals alone, of which the two sets say all.
    """

    outcome: Outcome
    faults: tuple[Fault, ...] = ()
    steps: Sequence[Step] = ()
    plan_length: int = 0
    satisfied_goals: frozenset[Atom] = frozenset()
    unmet_goals: frozenset[Atom] = frozenset()
    metric: Fraction | int | None = None
    warnings: tuple[str, ...] = ()
    goal: Evidence | None = field(default=None, compare=False, repr=False)

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict has three outcomes; compare verdict.outcome")

    @property
    def first(self) -> Fault | None:
        return self.faults[0] if self.faults else None

    def __str__(self) -> str:
        if self.outcome is Outcome.VALID:
            plural = "" if self.plan_length == 1 else "s"
            return f"valid: the goal holds after {self.plan_length} step{plural}"
        return f"{self.outcome.value}: {self.first}"

    def _repr_html_(self) -> str:
        """What a notebook shows; see `val_bridge.check.show_html`."""
        from val_bridge.check.show_html import verdict_html

        return verdict_html(self)

    def to_dict(self) -> dict[str, Any]:
        """For JSON. `valid` is False for an unreadable plan too, as in `plan_answer`; `executed` counts the steps; no states.

        `metric` is an integer or a float, and text where a float cannot hold it.
        """
        return {
            "outcome": self.outcome.value,
            "valid": self.outcome is Outcome.VALID,
            "message": str(self),
            "failing_step": self.first.step if self.first else None,
            "faults": [fault.to_dict() for fault in self.faults],
            "plan_length": self.plan_length,
            "executed": len(self.steps),
            "satisfied_goals": [list(atom) for atom in sorted(self.satisfied_goals)],
            "unmet_goals": [list(atom) for atom in sorted(self.unmet_goals)],
            "metric": None if self.metric is None else number_json(Fraction(self.metric)),
            "warnings": list(self.warnings),
        }
