"""The texts that the page offers: of each carried domain a small problem with a valid plan and chain, and one text for each kind of fault that it can have.

They are made from a reference plan by one change each, so that what is wrong in them can be found by comparing with the valid one. Numbers, and types where a
domain has none, come from the smallest examples of `planlearn.feedback`'s pages; so do domains and problems that cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from random import Random
from typing import Any

from planlearn.corpus.corrupt import ErrorClass, spoil
from planlearn.feedback import KINDS, page_text
from planlearn.planners import plan as planned
from planlearn.problems import domain_text
from planlearn.serve.judge import written, written_claims
from val_bridge import Chain, FaultKind, Plan, Task, execute, progress, read_task

PROBLEMS: Mapping[str, str] = {
    "blocksworld": """\
(define (problem three-blocks)
  (:domain blocksworld-4ops)
  (:objects a b c)
  (:init (handempty) (ontable a) (ontable b) (on c a)
         (clear b) (clear c))
  (:goal (and (on a b) (on b c))))
""",
    "logistics": """\
(define (problem one-parcel)
  (:domain logistics-strips)
  (:objects parcel truck1 truck2 plane station port1 port2 north south)
  (:init (obj parcel) (truck truck1) (truck truck2) (airplane plane)
         (city north) (city south)
         (location station) (location port1) (location port2)
         (airport port1) (airport port2)
         (in-city station north) (in-city port1 north) (in-city port2 south)
         (at parcel station) (at truck1 port1) (at truck2 port2) (at plane port2))
  (:goal (at parcel port2)))
""",
    "mystery_blocksworld": """\
(define (problem three-objects)
  (:domain mystery-4ops)
  (:objects a b c)
  (:init (harmony) (planet a) (planet b) (craves c a)
         (province b) (province c))
  (:goal (and (craves a b) (craves b c))))
""",
    "depots": """\
(define (problem one-truck)
  (:domain depots)
  (:objects depot0 - depot shop0 - distributor truck0 - truck
            hoist0 hoist1 - hoist pallet0 pallet1 - pallet crate0 crate1 - crate)
  (:init (at pallet0 depot0) (at pallet1 shop0) (at hoist0 depot0) (at hoist1 shop0)
         (available hoist0) (available hoist1) (at truck0 shop0)
         (at crate0 depot0) (on crate0 pallet0)
         (at crate1 depot0) (on crate1 crate0) (clear crate1) (clear pallet1))
  (:goal (and (on crate1 pallet1))))
""",
}
"""A small problem of each domain, solved in three to eight steps."""

STATE, GOALS = "state ", "goals "


@dataclass(frozen=True, slots=True, kw_only=True)
class TextExample:
    """kind: "valid", a `FaultKind` or a `SourceErrorKind`. form: "plan", "chain" or "json". domain, problem, plan: texts."""

    group: str
    title: str
    kind: str
    form: str
    domain: str
    problem: str
    plan: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@cache
def examples() -> tuple[TextExample, ...]:
    """Of the four domains, then of the pages."""
    return tuple(one for domain in PROBLEMS for one in _of_domain(domain)) + tuple(_of_pages())


def _of_domain(name: str) -> Iterator[TextExample]:
    domain, problem = domain_text(name), PROBLEMS[name]
    task = read_task(domain, problem)
    found = planned(task)
    assert found is not None
    texts = {form: written(task, execute(task, found.calls), form) for form in ("plan", "chain", "json")}

    def example(kind: str, form: str, text: str, title: str) -> TextExample:
        return TextExample(group=name, title=title, kind=kind, form=form, domain=domain, problem=problem, plan=text)

    yield example("valid", "plan", texts["plan"], "a valid plan")
    yield example("valid", "chain", texts["chain"], "a valid chain")
    yield example("valid", "json", texts["json"], "a valid chain, as JSON")
    for kind, (title, text) in _spoiled_plans(task, found).items():
        yield example(kind, "plan", text, title)
    for kind, (title, text) in _spoiled_chains(task, found, texts["chain"]).items():
        yield example(kind, "chain", text, title)


def _spoiled_plans(task: Task, plan: Plan) -> dict[str, tuple[str, str]]:
    """kind -> (title, text)."""
    lines = [str(call) for call in plan.calls]

    def with_line(number: int, text: str) -> str:
        return "".join(f"{line}\n" for line in (*lines[:number], text, *lines[number + 1 :]))

    second = plan.calls[1]
    words = (second.name, *second.arguments)
    found = {
        FaultKind.PLAN_SYNTAX: ("a line that is no action", with_line(1, f"then {' '.join(words)}")),
        FaultKind.UNKNOWN_ACTION: ("an action that the domain does not have", with_line(1, f"({' '.join((words[0][:-1], *words[1:]))})")),
        FaultKind.WRONG_ARITY: ("an argument too many", with_line(1, f"({' '.join((*words, words[1]))})")),
        FaultKind.UNKNOWN_OBJECT: ("an object that the problem does not have", with_line(1, f"({' '.join((*words[:-1], words[-1] + '9'))})")),
        FaultKind.PRECONDITION: ("a step is left out that a later one needs", "".join(f"{line}\n" for line in (lines[0], *lines[2:]))),
        FaultKind.GOAL: ("it stops before the goal", "".join(f"{line}\n" for line in lines[:-1])),
    }  # fmt: skip
    if task.domain.types:
        turned = (words[0], *words[:0:-1])
        found[FaultKind.WRONG_TYPE] = ("arguments in the wrong order", with_line(1, f"({' '.join(turned)})"))
    return {kind.value: said for kind, said in found.items()}


def _spoiled_chains(task: Task, plan: Plan, chain: str) -> dict[str, tuple[str, str]]:
    """kind -> (title, text), of the chain's text."""
    lines = chain.splitlines()
    states = [number for number, line in enumerate(lines) if line.startswith(STATE)]
    goals = [number for number, line in enumerate(lines) if line.startswith(GOALS)]

    def with_line(number: int, text: str) -> str:
        return "\n".join((*lines[:number], text, *lines[number + 1 :])) + "\n"

    first, second = (lines[at] for at in states[:2])
    facts = first.removeprefix(STATE).split(", ")
    unknown = "state " + ", ".join(["glowing " + plan.calls[0].arguments[0], *second.removeprefix(STATE).split(", ")])
    reached = lines[goals[0]]
    true = execute(task, plan.calls)
    slip = spoil(task, true, ErrorClass.EFFECT, Random(1), states="full")
    assert slip is not None
    return {kind.value: said for kind, said in {
        FaultKind.INITIAL_STATE: ("the first state leaves out a fact", with_line(states[0], STATE + ", ".join(facts[1:]))),
        FaultKind.STATE_FACT: ("a state with a predicate that the domain does not have", with_line(states[1], unknown)),
        FaultKind.TRANSITION: ("the effect of a step is written wrong", written_claims(task, slip.parsed, "chain")),
        FaultKind.CLAIM: ("a goal is said to hold that does not", with_line(goals[0], re.sub(r" no\b", " yes", reached, count=1))),
        FaultKind.PLAN_MISMATCH: ("the plan goes on where the chain ends", chain + "".join(f"{' '.join(words)}\n" for words in _useless(task, true))),
    }.items()}  # fmt: skip


def _useless(task: Task, chain: Chain) -> list[tuple[str, ...]]:
    """One or two steps behind the chain that leave its goal reached."""
    end = chain.steps[-1].after
    for one in task.applicable_actions(end):
        between = progress(end, one)
        if not task.unmet_goals(between):
            return [(one.name, *one.arguments)]
        for two in task.applicable_actions(between):
            if not task.unmet_goals(progress(between, two)):
                return [(each.name, *each.arguments) for each in (one, two)]
    raise ValueError(f"{task.problem.name}: no two steps lead back to the goal")


# The pages of `planlearn.feedback`.

_BLOCK = re.compile(r"^```(pddl domain|pddl problem|plan|json|chain)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOMAIN = re.compile(r"^Domain: `([a-z_]+)`\.$", re.MULTILINE)
_EMPTY = "(define (problem p) (:domain lamp) (:init) (:goal (and)))\n"
OF_PAGES = ("numeric_undefined", "numeric_conflict", "wrong_type", *(kind for kind in KINDS if kind not in set(map(str, FaultKind))))
GROUP = "smallest examples"


def _of_pages() -> Iterator[TextExample]:
    for kind in OF_PAGES:
        text = page_text(kind)
        blocks = dict(_BLOCK.findall(text))
        named = _DOMAIN.search(text)
        form = next((form for form in ("plan", "json", "chain") if form in blocks), "plan")
        yield TextExample(
            group=GROUP, title=text.split("\n")[2].rstrip("."), kind=kind, form=form,
            domain=blocks["pddl domain"] if named is None else domain_text(named[1]), problem=blocks.get("pddl problem", _EMPTY), plan=blocks.get(form, ""),
        )  # fmt: skip
