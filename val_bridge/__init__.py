"""Judges plans and state-action-state chains, and says why one does not hold.

Takes PDDL text and plans, gives verdicts. Standard library only: it imports in milliseconds and works alone.

    task = load_task("domain.pddl", "problem.pddl")
    verdict = check_plan(task, read_plan("(pick-up a) (stack a b)"))
    match verdict.outcome:
        case Outcome.VALID: ...
        case Outcome.INVALID: print(verdict.first)

A broken domain or problem file raises `SourceError`; a wrong plan is a `Verdict`; an unreadable plan is
neither valid nor invalid. `transcript` says a verdict in the words of VAL's `Validate`.

Not taken: calling VAL's binary (it accepts prose, drops surplus arguments, exits 0 on refusals, and cannot see the
states that a chain claims); building on unified-planning (a plan costs 10 ms there, and 0.1 ms here).
"""

from val_bridge.check import (
    Fault,
    FaultKind,
    Outcome,
    Verdict,
    Violation,
    check_chain,
    check_plan,
    check_plan_text,
)
from val_bridge.dialect import transcript
from val_bridge.pddl import (
    ActionSchema,
    Domain,
    Parameter,
    Predicate,
    Problem,
    SourceError,
    Span,
    load_domain,
    load_plan,
    load_problem,
    nearest,
    read_domain,
    read_plan,
    read_problem,
    write_domain,
    write_plan,
    write_problem,
)
from val_bridge.semantics import (
    Action,
    Atom,
    BindError,
    Call,
    Chain,
    Claim,
    InapplicableError,
    Literal,
    Masks,
    ParsedChain,
    Plan,
    State,
    Step,
    Task,
    applicable,
    atom_text,
    execute,
    load_task,
    progress,
    read_atom,
    read_task,
    regress,
    state_text,
    unmet,
)

__all__ = [
    "Action",
    "ActionSchema",
    "Atom",
    "BindError",
    "Call",
    "Chain",
    "Claim",
    "Domain",
    "Fault",
    "FaultKind",
    "InapplicableError",
    "Literal",
    "Masks",
    "Outcome",
    "Parameter",
    "ParsedChain",
    "Plan",
    "Predicate",
    "Problem",
    "SourceError",
    "Span",
    "State",
    "Step",
    "Task",
    "Verdict",
    "Violation",
    "applicable",
    "atom_text",
    "check_chain",
    "check_plan",
    "check_plan_text",
    "execute",
    "load_domain",
    "load_plan",
    "load_problem",
    "load_task",
    "nearest",
    "progress",
    "read_atom",
    "read_domain",
    "read_plan",
    "read_problem",
    "read_task",
    "regress",
    "state_text",
    "transcript",
    "unmet",
    "write_domain",
    "write_plan",
    "write_problem",
]
