"""Why VAL does not call valid what is valid in strict PDDL: constructs that it is known not to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.fuzz.oracles import Valid
from tests.val_bridge.naive import parse
from val_bridge.dialect.reading import Answer

Tree = list["Tree"] | str

_KEYWORDS = frozenset(
    "and or not imply exists forall when either assign increase decrease scale-up scale-down number name problem domain"
    " define at start always preference minimize maximize total-time over all end sometime within".split()
)
"""Words that VAL's parser takes for no name wherever they stand."""


def explained(case: Valid, theirs: Answer) -> str:
    """The first known construct in the texts, or ""."""
    if case.plan.rstrip("\n") == case.plan and ";" in case.plan.rpartition("\n")[2]:
        return "a comment that ends with the text and not with a line"
    domain, problem = parse(case.domain), parse(case.problem)
    if theirs.words.startswith("Attempt to access undefined numeric expression") and any(_headed(problem, ":metric")):
        return "a metric that has no value"
    return next((name for name, stands_in in CONSTRUCTS.items() if stands_in(domain, problem)), "")


def _groups(tree: Tree) -> Iterator[list[Tree]]:
    waiting = [tree]
    while waiting:
        group = waiting.pop()
        if isinstance(group, list):
            yield group
            waiting.extend(group)


def _headed(tree: Tree, *heads: str) -> Iterator[list[Tree]]:
    return (group for group in _groups(tree) if group and group[0] in heads)


def _parts(domain: Tree, key: str) -> Iterator[Tree]:
    for action in _headed(domain, ":action"):
        for name, part in zip(action[2::2], action[3::2], strict=False):
            if name == key:
                yield part


def _formulas(domain: Tree, problem: Tree) -> Iterator[Tree]:
    yield from _parts(domain, ":precondition")
    yield from (when[1] for effect in _parts(domain, ":effect") for when in _headed(effect, "when"))
    yield from (axiom[2] for axiom in _headed(domain, ":derived"))
    yield from (goal[1] for goal in _headed(problem, ":goal"))


def _nested_when(domain: Tree, problem: Tree) -> bool:
    return any(any(_headed(when[2], "when")) for when in _headed(domain, "when"))


def _empty_inside(domain: Tree, problem: Tree) -> bool:
    return any(group in (["and"], ["or"], []) for formula in _formulas(domain, problem) for group in _groups(formula))


def _no_precondition(domain: Tree, problem: Tree) -> bool:
    return any(":precondition" not in action for action in _headed(domain, ":action"))


def _nested_and(domain: Tree, problem: Tree) -> bool:
    return any(any(_headed(part, "and")) for effect in _parts(domain, ":effect") for group in _headed(effect, "and") for part in group[1:])


def _lone_numeric(domain: Tree, problem: Tree) -> bool:
    changes = ("assign", "increase", "decrease", "scale-up", "scale-down")
    lone = [effect for effect in _parts(domain, ":effect")]
    lone += [group[2] for effect in _parts(domain, ":effect") for group in _headed(effect, "when", "forall")]
    return any(isinstance(part, list) and part and part[0] in changes for part in lone)


def _nary(domain: Tree, problem: Tree) -> bool:
    return any(len(group) != 3 for tree in (domain, problem) for group in _headed(tree, "+", "*", "-", "/"))


def _odd_name(domain: Tree, problem: Tree) -> bool:
    """Published problems are called all sorts of things, so we take any word that is no keyword."""
    return not re.fullmatch(r"[a-z][a-z0-9_-]*", problem[1][-1]) or problem[1][-1] in _KEYWORDS


def _narrow_axiom(domain: Tree, problem: Tree) -> bool:
    """VAL applies an axiom to all objects of its predicate's types, whatever types the axiom gives."""
    declared = {group[0]: group[1:] for section in _headed(domain, ":predicates") for group in section[1:]}
    return any(axiom[1][1:] != declared.get(axiom[1][0]) for axiom in _headed(domain, ":derived"))


def _untyped_variable(domain: Tree, problem: Tree) -> bool:
    lists = [group[1] for tree in (domain, problem) for group in _headed(tree, "forall", "exists")]
    lists += list(_parts(domain, ":parameters"))
    lists += [group[1:] for section in _headed(domain, ":predicates", ":functions") for group in section[1:]]
    typed = any(_headed(domain, ":types"))
    return typed and any(names and "-" not in names[-2:-1] for names in lists)


def _parameters_later(domain: Tree, problem: Tree) -> bool:
    return any(action[2] != ":parameters" for action in _headed(domain, ":action"))


CONSTRUCTS: dict[str, Callable[[Tree, Tree], bool]] = {
    "a `when` inside a `when`": _nested_when,
    "an empty conjunction or disjunction": _empty_inside,
    "an action without precondition": _no_precondition,
    "an `and` inside an effect's `and`": _nested_and,
    "a numeric effect outside `and`": _lone_numeric,
    "a problem with a name that is none in PDDL": _odd_name,
    "an action whose parameters do not come first": _parameters_later,
    "an axiom for other types than its predicate has": _narrow_axiom,
    "a variable without type where there are types": _untyped_variable,
    "an operation that has not two operands": _nary,
}
