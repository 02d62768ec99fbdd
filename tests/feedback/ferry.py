"""A small typed domain with a negative precondition and a static predicate, and wrong plans and chains in
it."""

from collections.abc import Callable

from val_bridge import (
    Atom,
    Call,
    Claim,
    FaultKind,
    ParsedChain,
    Verdict,
    check_chain,
    check_plan_text,
    read_atom,
    read_plan,
    read_task,
)

DOMAIN = """
(define (domain ferry)
  (:requirements :typing :negative-preconditions)
  (:types place car)
  (:predicates (route ?a ?b - place) (at ?p - place) (parked ?c - car ?p - place) (aboard ?c - car) (full))
  (:action sail
    :parameters (?a ?b - place)
    :precondition (and (at ?a) (route ?a ?b))
    :effect (and (at ?b) (not (at ?a))))
  (:action board
    :parameters (?c - car ?p - place)
    :precondition (and (parked ?c ?p) (at ?p) (not (full)))
    :effect (and (aboard ?c) (full) (not (parked ?c ?p))))
  (:action leave
    :parameters (?c - car ?p - place)
    :precondition (and (aboard ?c) (at ?p))
    :effect (and (parked ?c ?p) (not (aboard ?c)) (not (full)))))
"""

PROBLEM = """
(define (problem two-cars) (:domain ferry)
  (:objects north south reef - place mini van - car)
  (:init (route north south) (route south north) (at north) (parked mini north) (parked van south))
  (:goal (and (parked mini south) (parked van south) (not (full)))))
"""

TASK = read_task(DOMAIN, PROBLEM)

VALID = "(board mini north) (sail north south) (leave mini south)"


def atoms(text: str) -> frozenset[Atom]:
    """The atoms of "(at north) (full)"."""
    return frozenset(read_atom(f"({part}") for part in text.split("(")[1:])


def chain(*claims: Claim, initial: str | None = None, plan: str | None = None) -> Verdict:
    parsed = ParsedChain(
        initial=None if initial is None else atoms(initial),
        claims=claims,
        plan=None if plan is None else read_plan(plan),
    )
    return check_chain(TASK, parsed)


def claim(call: str, **parts: str) -> Claim:
    """A claim about a call; its parts are given as texts of atoms."""
    name, *arguments = call.split()
    return Claim(
        call=Call(name=name, arguments=tuple(arguments)),
        **{part: atoms(text) for part, text in parts.items()},
    )


def plan(text: str) -> Callable[[], Verdict]:
    return lambda: check_plan_text(TASK, text)


# The same ferry with fuel: an effect needs a number that is missing, another has two.
FUEL_DOMAIN = (
    DOMAIN.replace("(:predicates", "(:constants reef - place)\n  (:functions (fuel) (price ?c - car))\n  (:predicates")
    .replace("(not (parked ?c ?p))", "(not (parked ?c ?p)) (decrease (fuel) (price ?c)) (assign (price ?c) 0)")
    .replace("(not (at ?a))", "(not (at ?a)) (decrease (fuel) 1) (when (at reef) (assign (fuel) 9))")
)
FUEL_FACTS = "(at reef) (route reef north) (parked van reef) (parked mini reef) (= (fuel) 5) (= (price mini) 2.5)"
FUEL_TASK = read_task(FUEL_DOMAIN, PROBLEM.replace("(at north)", FUEL_FACTS))

# Conditions that are more than literals: alternatives, quantifiers, numbers.
WAYS_TASK = read_task(
    """(define (domain ways) (:requirements :adl :fluents) (:predicates (paid) (moored) (seat ?x)) (:functions (cars))
    (:action load :parameters (?x) :effect (seat ?x) :precondition (and
      (paid) (or (moored) (and (seat ?x) (>= (cars) 5))) (exists (?y) (seat ?y)) (< (cars) 1) (imply (not (paid)) (moored)))))""",
    """(define (problem x) (:domain ways) (:objects a b c d e f g h) (:init (= (cars) 2))
    (:goal (and (paid) (or (moored) (seat a)) (forall (?y) (seat ?y)))))""",
)

# One wrong plan or chain a kind of fault; its first fault is of that kind.
FAULTY: dict[FaultKind, Callable[[], Verdict]] = {
    FaultKind.PLAN_SYNTAX: plan("(board mini north)\nThen sail south."),
    FaultKind.UNKNOWN_ACTION: plan("(board mini north) (sale north south)"),
    FaultKind.WRONG_ARITY: plan("(board mini)"),
    FaultKind.UNKNOWN_OBJECT: plan("(board minni north)"),
    FaultKind.WRONG_TYPE: plan("(board mini van)"),
    FaultKind.PRECONDITION: plan("(board mini north) (sail north south) (board van south)"),
    FaultKind.NUMERIC_UNDEFINED: lambda: check_plan_text(FUEL_TASK, "(board van reef)"),
    FaultKind.NUMERIC_CONFLICT: lambda: check_plan_text(FUEL_TASK, "(sail reef north)"),
    FaultKind.GOAL: plan("(board mini north) (sail north south)"),
    FaultKind.INITIAL_STATE: lambda: chain(
        claim("board mini north"),
        claim("sail north south"),
        claim("leave mini south"),
        initial="(route north south) (route south north) (at north) (parked mini north) (parked van north)",
    ),
    FaultKind.STATE_FACT: lambda: chain(
        claim("board mini north", add="(aboard mini) (full) (at ship) (fool)"),
        claim("sail north south"),
        claim("leave mini south"),
    ),
    FaultKind.TRANSITION: lambda: chain(
        claim("board mini north", add="(full) (at south)", delete="(parked van south)"),
        claim("leave mini north"),
    ),
    FaultKind.CLAIM: lambda: chain(
        claim("board mini north", precondition="(at north) (aboard mini)"),
        claim("sail north south"),
        claim("leave mini south"),
    ),
    FaultKind.PLAN_MISMATCH: lambda: chain(
        claim("board mini north"),
        claim("sail north south"),
        claim("leave mini south"),
        plan="(board mini north) (leave mini north)",
    ),
}

# Situations that a kind's own case does not show.
TASKS = {
    "numeric_undefined": FUEL_TASK, "numeric_conflict": FUEL_TASK, "numbers_change": FUEL_TASK,
    "compound_precondition": WAYS_TASK, "compound_goal": WAYS_TASK,
}
"""The task of each case that is not about TASK."""

OTHERS: dict[str, Callable[[], Verdict]] = {
    "valid": plan(VALID),
    "numbers_change": lambda: check_plan_text(FUEL_TASK, "(board mini reef) (sail reef south)"),
    "empty_plan": plan(""),
    "compound_precondition": lambda: check_plan_text(WAYS_TASK, "(load a)"),
    "compound_goal": lambda: check_plan_text(WAYS_TASK, ""),
    "static_precondition": plan("(sail north reef)"),
    "undone_precondition": plan("(board mini north) (sail north south) (leave mini north)"),
    "undone_goal": plan("(sail north south) (board van south)"),
    "chain_true_state_has_it": lambda: chain(
        claim("board mini north", add="(full)"),
        claim("sail north south"),
        claim("leave mini south"),
    ),
    "chain_unknown_true_state": lambda: chain(
        claim("sail south north"),
        claim("board van north"),
    ),
    "unreadable_chain": lambda: chain(),
}
