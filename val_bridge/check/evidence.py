"""What a failed condition is explained with, when somebody asks: the and-or tree, and what would repair it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from val_bridge.pddl.formula import EQUALS, And, Atom, Formula, Literal, atom_text
from val_bridge.pddl.syntax import Call
from val_bridge.semantics.explain import Asked, Explanation, ask, explain, literals_of
from val_bridge.semantics.numbers import NO_VALUES, Values
from val_bridge.semantics.state import State
from val_bridge.semantics.task import Task
from val_bridge.semantics.transition import unmet_goal

Repair = dict[str, Any]
"""`{"make_true": "(p)"}`, `{"make_false": "(p)"}`, `{"satisfy": "(>= (f) 5)", "value": "3", "bound": "5"}`, or
`{"all": [...]}` and `{"any": [...]}` of those."""

_SIMPLE = 20
"""Leaves of the rules of a derived atom, up to which it is explained by base facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The precondition of a call, or the goal if `call` is None, and where it was judged.

    `reached` is the state, or its mask among those of the task.
    """

    task: Task
    reached: State | int
    values: Values = NO_VALUES
    call: Call | None = None

    @property
    def state(self) -> State:
        return self.task.masks.decode(self.reached) if isinstance(self.reached, int) else self.reached

    @property
    def parts(self) -> tuple[Formula, ...]:
        """The conjuncts of the condition, literals first."""
        if self.call is None:
            return (*self.task.problem.goal, *self.task.problem.goal_condition)
        schema = self.task.domain.actions[self.call.name]
        return (*schema.precondition, *schema.condition)

    @property
    def binding(self) -> dict[str, str]:
        """What the free variables of the condition stand for."""
        if self.call is None:
            return {}
        parameters = self.task.domain.actions[self.call.name].parameters
        return {p.name: argument for p, argument in zip(parameters, self.call.arguments, strict=True)}

    def facts(self, unmet: Iterable[Atom]) -> str:
        """What is true of the call's objects; of those of the unmet atoms, where the goal was judged."""
        objects = self.call.arguments if self.call else {name for atom in unmet for name in atom[1:]}
        return " ".join(map(atom_text, facts_about(self.task, self.state, objects))) or "nothing"

    def explanation(self) -> Explanation:
        world = self.task.world(self.state, self.values)
        return explain(And(parts=self.parts), self.binding, world)

    def asked(self) -> list[Asked]:
        """Of each conjunct whether it holds, and all of its literals that do and do not."""
        world, binding = self.task.world(self.state, self.values), self.binding
        return [ask(part, binding, world) for part in self.parts]

    def satisfied(self) -> tuple[Literal, ...]:
        """All literals and comparisons of the condition that hold, each once."""
        return literals_of(leaf for part in self.asked() for leaf in part.satisfied)

    def unmet_goal(self) -> tuple[Literal, ...]:
        """All that does not hold of the goal, whatever is the condition."""
        return unmet_goal(self.task, self.state, self.values).literals

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


def facts_about(task: Task, state: State, objects: Iterable[str]) -> list[Atom]:
    """The changing facts that are about these objects or about none, sorted."""
    known = frozenset(objects)
    return sorted(a for a in state if a[0] not in task.static and (len(a) == 1 or not known.isdisjoint(a[1:])))


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
