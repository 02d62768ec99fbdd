"""What a failed condition is explained with, when somebody asks: the and-or tree, and what would repair it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from val_bridge.pddl.formula import EQUALS, And, Formula, Literal
from val_bridge.semantics.explain import Explanation, explain
from val_bridge.semantics.numbers import NO_VALUES, Values
from val_bridge.semantics.state import State
from val_bridge.semantics.task import Task

Repair = dict[str, Any]
"""`{"make_true": "(p)"}`, `{"make_false": "(p)"}`, `{"satisfy": "(>= (f) 5)", "value": "3", "bound": "5"}`, or
`{"all": [...]}` and `{"any": [...]}` of those."""

_SIMPLE = 20
"""Leaves of the rules of a derived atom, up to which it is explained by base facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A condition and where it was judged; `binding` has what its free variables stand for."""

    task: Task
    state: State
    parts: tuple[Formula, ...]
    values: Values = NO_VALUES
    binding: tuple[tuple[str, str], ...] = ()

    def explanation(self) -> Explanation:
        world = self.task.world(self.state, self.values)
        return explain(And(parts=self.parts), dict(self.binding), world)

    def repair(self) -> Repair | None:
        """What would make the condition hold, None if nothing could.

        Equations, and facts and comparisons that no action changes, are left out; so are the ways that need one.
        """
        found = [self._repair(part, True) for part in self.explanation().children if not part.holds]
        return _combined("all", [repair for repair in found if repair])

    def _repair(self, node: Explanation, rules: bool) -> Repair | None:
        """`rules`: a derived atom may be explained by its rules."""
        if node.op == "literal":
            return self._repaired_literal(node.literal, rules)
        if node.op == "comparison":
            if not any(fluent[0] in self.task.changing_functions for fluent in node.fluents):
                return None
            return {"satisfy": str(node.literal), "value": node.left or None, "bound": node.right or None}
        found = [self._repair(child, rules) for child in node.children if not child.holds]
        possible = [repair for repair in found if repair]
        if node.op in ("or", "exists"):
            return _combined("any", possible)
        return _combined("all", possible) if len(possible) == len(found) else None

    def _repaired_literal(self, literal: Literal, rules: bool) -> Repair | None:
        predicate = literal.atom[0]
        if predicate == EQUALS or predicate in self.task.static:
            return None
        if predicate in self.task.domain.derived:
            base = self._by_rules(literal) if rules and literal.positive else None
            return base or {"satisfy": str(literal)}
        return {"make_true" if literal.positive else "make_false": str(Literal(atom=literal.atom))}

    def _by_rules(self, literal: Literal) -> Repair | None:
        """What would make a derived atom true, if its rules are short and ask for no other derived atom."""
        world = self.task.world(self.state, self.values)
        ways = []
        for axiom in self.task.domain.axioms:
            if axiom.predicate != literal.atom[0]:
                continue
            objects = literal.atom[1:]
            if any(
                o not in self.task.fitting(p.types) for o, p in zip(objects, axiom.parameters, strict=True)
            ):
                continue
            names = [parameter.name for parameter in axiom.parameters]
            body = explain(axiom.body, dict(zip(names, objects, strict=True)), world)
            leaves = list(_failing_leaves(body))
            derived = any(leaf.literal.atom[0] in self.task.domain.derived for leaf in leaves)
            if derived or len(leaves) > _SIMPLE:
                return None
            ways.append(self._repair(body, False))
        return _combined("any", [way for way in ways if way])


def _failing_leaves(node: Explanation) -> Iterator[Explanation]:
    if node.holds:
        return
    if node.op in ("literal", "comparison"):
        yield node
    for child in node.children:
        yield from _failing_leaves(child)


def _combined(how: str, repairs: list[Repair]) -> Repair | None:
    unique = [repair for index, repair in enumerate(repairs) if repair not in repairs[:index]]
    return {how: unique} if len(unique) > 1 else unique[0] if unique else None
