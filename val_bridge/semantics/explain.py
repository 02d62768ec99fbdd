"""Why a formula holds or does not: an and-or tree over ground literals and comparisons.

Negations and implications are resolved on the way, so a tree has nothing but `and`, `or`, `exists`, `forall` and
leaves. It is made when somebody asks; judging a plan needs truth alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from val_bridge.pddl.formula import (
    EQUALS,
    And,
    Atom,
    Comparison,
    Exists,
    Expression,
    Forall,
    Formula,
    Imply,
    Literal,
    Not,
    Or,
    Parameter,
    fluents_in,
    number_text,
    parameters_text,
)
from val_bridge.semantics.formulas import Slots, World, bound_atom, calculation_of
from val_bridge.semantics.numbers import NumericError, compare

SHOWN = 50
"""Of the witnesses tried and the counterexamples found, a tree shows so many; it counts all."""

_VARIABLE = re.compile(r"\?[a-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A node: `op` is literal, comparison, and, or, exists or forall.

    `literal` is what a leaf wants, for a comparison with expressions as names, `(">=", "(fuel t)", "5")`; for
    other nodes the whole formula as one name. `children` are the parts; below exists the witness, or those
    that were tried in vain; below forall the counterexamples. `bindings` has a child's objects in the order of
    the quantifier's `parameters`, `count` the number of all such children, shown or not. `fluents` are those of
    a comparison. `error` says why `holds` is None.
    """

    op: str
    holds: bool | None
    literal: Literal
    children: tuple[Explanation, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    bindings: tuple[tuple[str, ...], ...] = ()
    count: int = 0
    left: str = ""
    right: str = ""
    fluents: tuple[Atom, ...] = ()
    error: NumericError | None = field(default=None, compare=False)

    def undefined_number(self) -> NumericError:
        """The first number that does not exist; only to be asked where `holds` is None."""
        assert self.error is not None
        return self.error

    def failing(self) -> Iterator[Literal]:
        """The literals and comparisons that do not hold below what does not hold, in order, each once.

        Equations are left out where there is anything else, since nothing can change them. If nothing is to
        be named, because there is no object to try, it is the whole formula.
        """
        leaves = list(self._failing_leaves())
        changing = [leaf for leaf in leaves if leaf.op == "comparison" or leaf.literal.atom[0] != EQUALS]
        yield from dict.fromkeys(leaf.literal for leaf in changing or leaves or [self])

    def _failing_leaves(self) -> Iterator[Explanation]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.holds:
                continue
            if node.op in ("literal", "comparison"):
                yield node
            waiting.extend(reversed(node.children))

    def to_dict(self) -> dict[str, Any]:
        """For JSON. `holds` is None where a number does not exist, which `undefined` then names."""
        if self.op == "literal":
            return {"literal": str(self.literal), "holds": self.holds}
        if self.op == "comparison":
            data = {
                "comparison": str(self.literal),
                "left": self.left,
                "right": self.right,
                "holds": self.holds,
            }
            return data if self.error is None else data | {"undefined": str(self.error)}
        data = {"op": self.op, "holds": self.holds}
        children = [child.to_dict() for child in self.children]
        if self.op in ("and", "or"):
            return data | {"children": children}
        names = [parameter.name for parameter in self.parameters]
        children = [
            {"binding": dict(zip(names, objects, strict=True))} | child
            for objects, child in zip(self.bindings, children, strict=True)
        ]
        count = {"tried" if self.op == "exists" else "counterexamples": self.count}
        return data | {"variables": parameters_text(self.parameters)} | count | {"children": children}


def explain(
    formula: Formula, binding: Mapping[str, str], world: World, positive: bool = True, shown: int = SHOWN
) -> Explanation:
    """The tree of a formula, or of its negation if not `positive`, under a binding of its free variables.

    Below a quantifier it has at most `shown` children.
    """
    match formula:
        case Literal(atom=lifted, positive=sign):
            atom = bound_atom(lifted, binding)
            true = atom[1] == atom[2] if atom[0] == EQUALS else world.holds(atom)
            wanted = sign is positive
            return Explanation(
                op="literal", holds=true is wanted, literal=Literal(atom=atom, positive=wanted)
            )
        case Comparison():
            return _compared(formula, binding, world, positive)
        case And(parts=parts) | Or(parts=parts):
            children = tuple(explain(part, binding, world, positive, shown) for part in parts)
            op = "or" if isinstance(formula, Or) is positive else "and"
            return _joined(op, children, _whole(formula, binding, positive))
        case Not(part=part):
            return explain(part, binding, world, not positive, shown)
        case Imply(premise=premise, conclusion=conclusion):
            children = (
                explain(premise, binding, world, not positive, shown),
                explain(conclusion, binding, world, positive, shown),
            )
            return _joined("or" if positive else "and", children, _whole(formula, binding, positive))
        case Exists() | Forall():
            return _quantified(formula, binding, world, positive, shown)


def _joined(op: str, children: tuple[Explanation, ...], whole: Literal) -> Explanation:
    holds, error = _truth(op, children)
    return Explanation(op=op, holds=holds, literal=whole, children=children, error=error)


def _truth(op: str, children: tuple[Explanation, ...]) -> tuple[bool | None, NumericError | None]:
    decisive = op in ("or", "exists")
    if any(child.holds is decisive for child in children):
        return decisive, None
    error = next((child.error for child in children if child.holds is None), None)
    return (None, error) if error else (not decisive, None)


def _compared(formula: Comparison, binding: Mapping[str, str], world: World, positive: bool) -> Explanation:
    sides = [bound_text(side, binding) for side in (formula.left, formula.right)]
    literal = Literal(atom=(formula.operator, *sides), positive=positive)
    fluents = tuple(
        bound_atom(fluent, binding) for side in (formula.left, formula.right) for fluent in fluents_in(side)
    )
    try:
        left, right = (_value(side, binding, world) for side in (formula.left, formula.right))
    except NumericError as error:
        error = error.within(str(literal))
        return Explanation(op="comparison", holds=None, literal=literal, fluents=fluents, error=error)
    return Explanation(
        op="comparison",
        holds=compare(formula.operator, left, right, world.tolerance) is positive,
        literal=literal,
        left=number_text(left),
        right=number_text(right),
        fluents=fluents,
    )


def _value(expression: Expression, binding: Mapping[str, str], world: World) -> Fraction:
    slots = Slots(Parameter(name=name) for name in binding)
    calculate = calculation_of(expression, slots)
    return calculate(world, slots.environment(tuple(binding.values())))


def _quantified(
    formula: Exists | Forall, binding: Mapping[str, str], world: World, positive: bool, most: int
) -> Explanation:
    op = "exists" if isinstance(formula, Exists) is positive else "forall"
    names = [parameter.name for parameter in formula.parameters]
    shown: list[tuple[tuple[str, ...], Explanation]] = []
    count = 0
    holds: bool | None = op == "forall"
    error = None
    for objects in product(*(world.fitting(parameter.types) for parameter in formula.parameters)):
        inner = {**binding, **dict(zip(names, objects, strict=True))}
        child = explain(formula.part, inner, world, positive, most)
        if child.holds:
            if op == "forall":
                continue
            # One witness is enough; what was tried before it does not matter.
            shown, count, holds, error = [(objects, child)], 1, True, None
            break
        count += 1
        if len(shown) < most:
            shown.append((objects, child))
        if child.holds is None:
            error = error or child.error
        elif op == "forall":
            holds = False
    if error and not (op == "forall" and holds is False):
        holds = None
    elif error:
        error = None
    return Explanation(
        op=op,
        holds=holds,
        literal=_whole(formula, binding, positive),
        children=tuple(child for _, child in shown),
        parameters=formula.parameters,
        bindings=tuple(objects for objects, _ in shown),
        count=count,
        error=error,
    )


def _whole(formula: Formula, binding: Mapping[str, str], positive: bool) -> Literal:
    return Literal(atom=(bound_text(formula, binding)[1:-1],), positive=positive)


def bound_text(part: Formula | Expression, binding: Mapping[str, str]) -> str:
    """The text with names in place of the variables that the binding has."""
    return _VARIABLE.sub(lambda match: binding.get(match[0], match[0]), str(part))
