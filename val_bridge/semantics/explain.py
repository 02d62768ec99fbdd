"""Why a formula holds or does not: an and-or tree over ground literals and comparisons.

Negations and implications are resolved on the way, so a tree has nothing but `and`, `or`, `exists`, `forall` and
leaves. It is made when somebody asks; judging a plan needs truth alone. A tree shows some of many objects, while
`ask` names every literal: it makes no nodes, since a formula may have a million leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from val_bridge.semantics.formulas import Environment, Slots, World, bound_atom, calculation_of, test_of
from val_bridge.semantics.numbers import NumericError, compare

SHOWN = 50
"""Of the witnesses tried and the counterexamples found, a tree shows so many a quantifier; it counts all."""

_IN_ALL = 20
"""Times as many are shown in a whole tree, however its quantifiers nest."""

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

    Below a quantifier it has at most `shown` children, in all at most 20 times as many.
    """
    return _Explainer(world, shown).explain(formula, binding, positive)


class _Explainer:
    def __init__(self, world: World, shown: int) -> None:
        self.world = world
        self.shown = shown
        self.room = shown * _IN_ALL

    def explain(self, formula: Formula, binding: Mapping[str, str], positive: bool) -> Explanation:
        match formula:
            case Literal(atom=lifted, positive=sign):
                atom = bound_atom(lifted, binding)
                true = atom[1] == atom[2] if atom[0] == EQUALS else self.world.holds(atom)
                wanted = sign is positive
                literal = Literal(atom=atom, positive=wanted)
                return Explanation(op="literal", holds=true is wanted, literal=literal)
            case Comparison():
                return _compared(formula, binding, self.world, positive)
            case And(parts=parts) | Or(parts=parts):
                children = tuple([self.explain(part, binding, positive) for part in parts])
                op = "or" if isinstance(formula, Or) is positive else "and"
                return _joined(op, children, _whole(formula, binding, positive))
            case Not(part=part):
                return self.explain(part, binding, not positive)
            case Imply(premise=premise, conclusion=conclusion):
                children = (self.explain(premise, binding, not positive), self.explain(conclusion, binding, positive))
                return _joined("or" if positive else "and", children, _whole(formula, binding, positive))
            case Exists() | Forall():
                return self._quantified(formula, binding, positive)

    def _quantified(self, formula: Exists | Forall, binding: Mapping[str, str], positive: bool) -> Explanation:
        op = "exists" if isinstance(formula, Exists) is positive else "forall"
        slots = Slots(Parameter(name=name) for name in binding)
        places = slots.declare(formula.parameters)
        test = test_of(formula.part, slots, positive)
        environment = slots.environment(tuple(binding.values()))
        most = min(self.shown, self.room)
        shown: list[tuple[str, ...]] = []
        unknown: tuple[str, ...] | None = None
        count = 0
        holds: bool | None = op == "forall"
        for objects in product(*(self.world.fitting(parameter.types) for parameter in formula.parameters)):
            environment[places] = objects
            value = test(self.world, environment)
            if value:
                if op == "forall":
                    continue
                # One witness is enough; what was tried before it does not matter.
                shown, unknown, count, holds = [objects], None, 1, True
                break
            count += 1
            if len(shown) < most:
                shown.append(objects)
            if value is not None:
                holds = False
            elif unknown is None:
                unknown = objects

        def child(objects: tuple[str, ...]) -> Explanation:
            names = [parameter.name for parameter in formula.parameters]
            return self.explain(formula.part, {**binding, **dict(zip(names, objects, strict=True))}, positive)

        error = None
        if unknown is not None and not (op == "forall" and holds is False):
            holds, error = None, child(unknown).error
        self.room -= len(shown)
        return Explanation(
            op=op,
            holds=holds,
            literal=_whole(formula, binding, positive),
            children=tuple([child(objects) for objects in shown]),
            parameters=formula.parameters,
            bindings=tuple(shown),
            count=count,
            error=error,
        )


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


def _whole(formula: Formula, binding: Mapping[str, str], positive: bool) -> Literal:
    return Literal(atom=(bound_text(formula, binding)[1:-1],), positive=positive)


def bound_text(part: Formula | Expression, binding: Mapping[str, str]) -> str:
    """The text with names in place of the variables that the binding has."""
    return _VARIABLE.sub(lambda match: binding.get(match[0], match[0]), str(part))


# All literals of a formula


Leaf = tuple[Atom, bool]
"""What a leaf wants: an atom, for a comparison one of expressions as names, and whether it is wanted true."""


class _Leaves:
    __slots__ = ("failing", "satisfied")

    def __init__(self) -> None:
        self.failing: list[Leaf] = []
        self.satisfied: list[Leaf] = []


_Ask = Callable[[World, Environment, _Leaves], bool | None]
"""A formula's truth, with its leaves noted on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A formula's truth, with all of its literals and comparisons that matter, in order.

    failing: what does not hold below what does not hold; the whole formula if there is no object to try.
    satisfied: what holds, below `exists` of the first witness or of all that were tried in vain.
    """

    holds: bool | None
    failing: list[Leaf]
    satisfied: list[Leaf]


def ask(formula: Formula, binding: Mapping[str, str], world: World) -> Asked:
    """What holds of a formula under a binding of its free variables, and what does not."""
    slots = Slots(Parameter(name=name) for name in binding)
    asked = _asked(formula, slots, True)
    leaves = _Leaves()
    holds = asked(world, slots.environment(tuple(binding.values())), leaves)
    if not holds and not leaves.failing:
        leaves.failing.append((_whole(formula, binding, True).atom, True))
    return Asked(holds=holds, failing=leaves.failing, satisfied=leaves.satisfied)


def literals_of(leaves: Iterable[Leaf]) -> tuple[Literal, ...]:
    """Each once."""
    return tuple([Literal(atom=atom, positive=positive) for atom, positive in dict.fromkeys(leaves)])


def _asked(formula: Formula, slots: Slots, positive: bool) -> _Ask:
    match formula:
        case Literal(positive=sign):
            return _asked_leaf(formula, slots, slots.getter(formula.atom), positive, sign is positive)
        case Comparison(operator=operator, left=left, right=right):

            def texts(environment: Environment) -> Atom:
                binding = slots.binding(environment)
                return operator, bound_text(left, binding), bound_text(right, binding)

            return _asked_leaf(formula, slots, texts, positive, positive)
        case And(parts=parts) | Or(parts=parts):
            return _asked_junction([_asked(part, slots, positive) for part in parts], isinstance(formula, Or) is positive)
        case Not(part=part):
            return _asked(part, slots, not positive)
        case Imply(premise=premise, conclusion=conclusion):
            return _asked_junction([_asked(premise, slots, not positive), _asked(conclusion, slots, positive)], positive)
        case Exists(parameters=parameters, part=part) | Forall(parameters=parameters, part=part):
            places = slots.declare(parameters)
            return _asked_quantifier(
                places, parameters, _asked(part, slots, positive), isinstance(formula, Exists) is positive
            )


def _asked_leaf(
    formula: Formula, slots: Slots, atom_in: Callable[[Environment], Atom], positive: bool, wanted: bool
) -> _Ask:
    test = test_of(formula, slots, positive)

    def asked(world: World, environment: Environment, leaves: _Leaves) -> bool | None:
        holds = test(world, environment)
        (leaves.satisfied if holds else leaves.failing).append((atom_in(environment), wanted))
        return holds

    return asked


def _asked_junction(parts: Sequence[_Ask], decisive: bool) -> _Ask:
    """As the junction of `test_of`, but every part is asked."""

    def asked(world: World, environment: Environment, leaves: _Leaves) -> bool | None:
        begin = len(leaves.failing)
        values = [part(world, environment, leaves) for part in parts]
        result = decisive if decisive in values else None if None in values else not decisive
        if result:
            del leaves.failing[begin:]
        return result

    return asked


def _asked_quantifier(places: slice, parameters: tuple[Parameter, ...], part: _Ask, existential: bool) -> _Ask:
    types = [parameter.types for parameter in parameters]

    def asked(world: World, environment: Environment, leaves: _Leaves) -> bool | None:
        begin, first = len(leaves.failing), len(leaves.satisfied)
        result: bool | None = not existential
        for names in product(*map(world.fitting, types)):
            environment[places] = names
            tried = len(leaves.satisfied)
            value = part(world, environment, leaves)
            if value is existential:
                result = existential
                if existential:
                    # As in a tree: what was tried before the witness does not matter.
                    del leaves.satisfied[first:tried], leaves.failing[begin:]
                    break
            elif value is None and result is not existential:
                result = None
        return result

    return asked
