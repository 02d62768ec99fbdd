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

_NESTED = 3
"""Derived predicates, one from another, that are explained so."""

_EXPLAINED = 200
"""Derived atoms that are explained so in one repair; each takes half a millisecond at most."""

_OBJECTS = 500
"""Objects of a quantifier, up to which each is named."""


def repair_of(task: Task, world: World, condition: Formula, binding: dict[str, str]) -> Repair | None:
    """What would make a condition hold that does not, None if nothing could.

    Equations, and facts and comparisons that no action changes, cannot be made to hold: ways that need one are left out.
    """
    return _Mender(task, world).mend(explain(condition, binding, world, shown=_OBJECTS))


class _Mender:
    def __init__(self, task: Task, world: World) -> None:
        self.task = task
        self.world = world
        self.explained = 0

    def mend(self, node: Explanation, within: frozenset[str] = frozenset()) -> Repair | None:
        """`within`: the derived predicates by whose rules something above is explained."""
        if node.op == "literal":
            return self.literal(node.literal, within)
        if node.op == "comparison":
            if not any(fluent[0] in self.task.changing_functions for fluent in node.fluents):
                return None
            return {"satisfy": str(node.literal), "value": node.left or None, "bound": node.right or None}
        failing = [child for child in node.children if not child.holds]
        if node.op == "forall" and node.count > len(node.children):
            return {"satisfy": str(node.literal)}
        found = [self.mend(child, within) for child in failing]
        possible = [repair for repair in found if repair]
        if node.op in ("or", "exists"):
            if not possible and node.op == "exists" and node.count > len(node.children):
                return {"satisfy": str(node.literal)}
            return _combined("any", possible)
        return _combined("all", possible) if len(possible) == len(found) else None

    def literal(self, literal: Literal, within: frozenset[str]) -> Repair | None:
        predicate = literal.atom[0]
        if predicate == EQUALS or predicate in self.task.static:
            return None
        if predicate in self.task.domain.derived:
            base = None if predicate in within else self.by_rules(literal, within | {predicate})
            # Below other rules only what ends in base facts explains anything.
            return base or (None if within else {"satisfy": str(literal)})
        return {"make_true" if literal.positive else "make_false": str(Literal(atom=literal.atom))}

    def by_rules(self, literal: Literal, within: frozenset[str]) -> Repair | None:
        """What would make a derived atom true, or false, in base facts alone; None if its rules are long.

        One rule must hold, or none of them. A way that needs another atom of a predicate `within` is left out.
        """
        task = self.task
        self.explained += 1
        if self.explained > _EXPLAINED or len(within) > _NESTED:
            return None
        found: list[Repair | None] = []
        for axiom in task.domain.axioms:
            if axiom.predicate != literal.atom[0]:
                continue
            objects = literal.atom[1:]
            if any(o not in task.fitting(p.types) for o, p in zip(objects, axiom.parameters, strict=True)):
                continue
            if combinations_in(axiom.body, task.fitting) > _BINDINGS:
                return None
            binding = {parameter.name: name for parameter, name in zip(axiom.parameters, objects, strict=True)}
            body = explain(axiom.body, binding, self.world, literal.positive, shown=_BINDINGS)
            if body.holds:
                continue
            if len(list(_failing_leaves(body))) > _SIMPLE:
                return None
            found.append(self.mend(body, within))
        possible = [way for way in found if way]
        if literal.positive:
            return _combined("any", possible)
        return _combined("all", possible) if len(possible) == len(found) else None


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
