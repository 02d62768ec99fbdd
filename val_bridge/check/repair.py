"""What would make a failed condition hold: a tree of literals to make true or false, and of comparisons to satisfy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from val_bridge.pddl.formula import EQUALS, Formula, Literal
from val_bridge.semantics.explain import Explanation, explain
from val_bridge.semantics.formulas import World
from val_bridge.semantics.limits import combinations_in
from val_bridge.semantics.task import Task

Repair = dict[str, Any]
"""`{"make_true": "(p)"}`, `{"make_false": "(p)"}`, `{"satisfy": "(>= (f) 5)", "value": "3", "bound": "5"}`, or
`{"all": [...]}` and `{"any": [...]}` of those. What is only to be satisfied has no value: a derived atom, or a formula about
very many objects."""

_SIMPLE = 20
"""Leaves of the rules of a derived atom, up to which it is explained by base facts."""

_BINDINGS = 100
"""Objects to try in such a rule, at most."""

_EXPLAINED = 200
"""Derived atoms that are explained so in one repair; each takes half a millisecond at most."""

_OBJECTS = 500
"""Objects of a quantifier, up to which each is named."""


def repair_of(task: Task, world: World, condition: Formula, binding: dict[str, str]) -> Repair | None:
    """What would make a condition hold that does not, None if nothing could.

    Equations, and facts and comparisons that no action changes, are left out; so are the ways that need one.
    """
    return _Mender(task, world).mend(explain(condition, binding, world, shown=_OBJECTS), True)


class _Mender:
    def __init__(self, task: Task, world: World) -> None:
        self.task = task
        self.world = world
        self.explained = 0

    def mend(self, node: Explanation, rules: bool) -> Repair | None:
        """`rules`: a derived atom may be explained by its rules."""
        if node.op == "literal":
            return self.literal(node.literal, rules)
        if node.op == "comparison":
            if not any(fluent[0] in self.task.changing_functions for fluent in node.fluents):
                return None
            return {"satisfy": str(node.literal), "value": node.left or None, "bound": node.right or None}
        failing = [child for child in node.children if not child.holds]
        if node.op == "forall" and node.count > len(node.children):
            return {"satisfy": str(node.literal)}
        found = [self.mend(child, rules) for child in failing]
        possible = [repair for repair in found if repair]
        if node.op in ("or", "exists"):
            if not possible and node.op == "exists" and node.count > len(node.children):
                return {"satisfy": str(node.literal)}
            return _combined("any", possible)
        return _combined("all", possible) if len(possible) == len(found) else None

    def literal(self, literal: Literal, rules: bool) -> Repair | None:
        predicate = literal.atom[0]
        if predicate == EQUALS or predicate in self.task.static:
            return None
        if predicate in self.task.domain.derived:
            base = self.by_rules(literal) if rules and literal.positive else None
            return base or {"satisfy": str(literal)}
        return {"make_true" if literal.positive else "make_false": str(Literal(atom=literal.atom))}

    def by_rules(self, literal: Literal) -> Repair | None:
        """What would make a derived atom true, if its rules are short and ask for no other derived atom."""
        task = self.task
        self.explained += 1
        if self.explained > _EXPLAINED:
            return None
        ways = []
        for axiom in task.domain.axioms:
            if axiom.predicate != literal.atom[0]:
                continue
            objects = literal.atom[1:]
            if any(o not in task.fitting(p.types) for o, p in zip(objects, axiom.parameters, strict=True)):
                continue
            if combinations_in(axiom.body, task.fitting) > _BINDINGS:
                return None
            names = [parameter.name for parameter in axiom.parameters]
            body = explain(axiom.body, dict(zip(names, objects, strict=True)), self.world, shown=_BINDINGS)
            leaves = list(_failing_leaves(body))
            derived = any(leaf.literal.atom[0] in task.domain.derived for leaf in leaves)
            if derived or len(leaves) > _SIMPLE:
                return None
            ways.append(self.mend(body, False))
        return _combined("any", [way for way in ways if way])


def _failing_leaves(node: Explanation) -> Iterator[Explanation]:
    if node.holds:
        return
    if node.op in ("literal", "comparison"):
        yield node
    for child in node.children:
        yield from _failing_leaves(child)


def _combined(how: str, repairs: list[Repair]) -> Repair | None:
    unique = list({str(repair): repair for repair in repairs}.values())
    return {how: unique} if len(unique) > 1 else unique[0] if unique else None
