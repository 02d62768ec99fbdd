"""Conditions, effects and numeric expressions -> formulas.

Nested conjunctions, disjunctions, sums and double negations are merged on the way, without recursion; what is
then still more than `DEEPEST` levels deep is refused, so that no later walk meets the limit of the stack. A
variable that hides another gets a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from fractions import Fraction

from val_bridge.pddl.errors import SourceError
from val_bridge.pddl.formula import (
    COMPARISONS,
    DEEPEST,
    EQUALS,
    NUMERIC_EFFECTS,
    And,
    Atom,
    Comparison,
    ConditionalEffect,
    Exists,
    Expression,
    Fluent,
    Forall,
    Formula,
    Imply,
    Literal,
    Not,
    Number,
    NumericEffect,
    Operation,
    Or,
    Parameter,
    quantifiers_in,
)
from val_bridge.pddl.reader import RESERVED, Reader, Scope
from val_bridge.pddl.syntax import Domain
from val_bridge.pddl.tokens import Group, Leaf, Node, Word

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
TOTAL_TIME = "total-time"
_DIGITS = 300
MOST_QUANTIFIERS = 10_000
"""Of a domain or a problem; each is renamed, bound and kept apart, thirty times the work of an atom."""
_FOREIGN_CONDITIONS = frozenset(
    "preference always sometime within at-most-once sometime-after sometime-before always-within hold-during"
    " hold-after".split()
)
_FOREIGN_EFFECTS = frozenset("oneof probabilistic".split())
_BINARY = frozenset("/-")
_STRIPPED = frozenset("and or not".split())


_Hidden = dict[str, tuple[str, tuple[str, ...]] | None]
"""The meanings that variables had before others of their name were bound, None for none."""


class _Bucket:
    """A `when` or `forall` effect while it is being read."""

    __slots__ = ("parameters", "condition", "literals", "numeric", "group")

    def __init__(
        self, group: Group, parameters: tuple[Parameter, ...] = (), condition: tuple[Formula, ...] = ()
    ) -> None:
        self.group = group
        self.parameters = parameters
        self.condition = condition
        self.literals: list[Literal] = []
        self.numeric: list[NumericEffect] = []


class FormulaReader(Reader):
    """Reads conditions and effects; `domain` must know its types, constants, predicates and functions."""

    domain: Domain
    # The predicates that axioms derive, before `domain` has the axioms.
    derived: frozenset[str] = frozenset()
    # Whether nested conjunctions, disjunctions and sums become one; those of one part become that part.
    merge: bool = True
    # How many quantifiers were read so far.
    quantifiers: int = 0

    # Conditions

    def conjuncts(self, node: Node, scope: Scope, where: str) -> tuple[Formula, ...]:
        """The parts of a conjunction, in the text's order; one part if it is something else, or as it is written."""
        group, positive = self.stripped(node, where)
        if positive and not group.size:
            return ()
        if not self.merge:
            return (self.formula((group, positive), scope, where, 1),)
        if positive and group.head == "and":
            return tuple(self.formula(part, scope, where, 1) for part in self.merged(group, where))
        return (self.formula((group, positive), scope, where, 1),)

    def stripped(self, node: Node, where: str) -> tuple[Group, bool]:
        """What stands below negations and conjunctions of one part, and whether it is wanted true."""
        positive = True
        while True:
            group = node if isinstance(node, Group) else self.group(node, f"a formula in {where}")
            head = group.head
            if head == "not":
                if group.size != 2:
                    self.syntax(group, "one formula after 'not'", f"{group.size - 1}")
                positive = not positive
            elif not self.merge or head not in ("and", "or") or group.size != 2:
                return group, positive
            node = group.items[1]

    def merged(self, group: Group, where: str) -> list[tuple[Group, bool]]:
        """The stripped parts of a conjunction or disjunction, those of nested ones of its kind included."""
        if not self.merge:
            return [self.stripped(item, where) for item in group.items[1:]]
        found: list[tuple[Group, bool]] = []
        waiting: list[Node] = group.items[:0:-1]
        while waiting:
            item = waiting.pop()
            part, positive = (item, True) if isinstance(item, Leaf) and item.head not in _STRIPPED else self.stripped(item, where)
            if positive and part.head == group.head:
                waiting.extend(part.items[:0:-1])
            else:
                found.append((part, positive))
        return found

    def formula(self, stripped: tuple[Group, bool], scope: Scope, where: str, depth: int) -> Formula:
        node, positive = stripped
        head = node.head
        if isinstance(node, Leaf) and depth <= DEEPEST and head != EQUALS:  # as below; of long conditions nearly all parts are such
            atom = self._plain_application(node.words, self.domain.predicates, self.domain, scope)
            if atom is not None:
                return Literal(atom=atom, positive=positive, span=self.source.span(node.start, node.end))
        if not head and not node.size:
            # Nothing at all may stand for a whole condition, but not for a part of one.
            self.syntax(node, f"a formula in {where}")
        if depth > DEEPEST:
            self.unsupported(node, f"a condition more than {DEEPEST} levels deep in {where}")
        if head in self.domain.predicates or self.is_atom(node, scope):
            if head == EQUALS:
                atom = self.equation(node, scope)
            else:
                atom = self.application(node, "predicate", self.domain.predicates, self.domain, scope)
            return Literal(atom=atom, positive=positive, span=self.source.span(node.start, node.end))
        formula = self.compound(node, scope, where, depth)
        return formula if positive else Not(part=formula, span=formula.span)

    def compound(self, node: Group, scope: Scope, where: str, depth: int) -> Formula:
        """Whatever is no literal."""
        head, items, span = node.head, node.items, self.span(node)

        def part(item: Node) -> Formula:
            return self.formula(self.stripped(item, where), scope, where, depth + 1)

        if head in ("and", "or"):
            parts = tuple(self.formula(inner, scope, where, depth + 1) for inner in self.merged(node, where))
            return Or(parts=parts, span=span) if head == "or" else And(parts=parts, span=span)
        if head == "imply":
            if len(items) != 3:
                self.syntax(node, "two formulas after 'imply'", f"{len(items) - 1}")
            return Imply(premise=part(items[1]), conclusion=part(items[2]), span=span)
        if head in ("exists", "forall"):
            parameters, hidden = self.bind(node, "one formula")
            inner = part(items[2])
            self.release(parameters, hidden)
            quantifier = Exists if head == "exists" else Forall
            return quantifier(parameters=parameters, part=inner, span=span)
        if head in COMPARISONS:
            if len(items) != 3:
                self.syntax(node, f"two numbers after '{head}'", f"{len(items) - 1}")
            left, right = (self.expression(item, scope, where) for item in items[1:])
            return Comparison(operator=head, left=left, right=right, span=span)
        self.unsupported(node, f"'{head}' in {where}")

    def is_atom(self, node: Group, scope: Scope) -> bool:
        head = node.head
        if head in self.domain.predicates:
            return True
        if head == EQUALS:
            return node.size != 3 or not any(self.is_number(item, scope) for item in node.items[1:])
        if not node.size or head in RESERVED:
            return False
        return head not in COMPARISONS and head not in _FOREIGN_CONDITIONS

    def is_number(self, node: Node, scope: Scope) -> bool:
        """Whether a side of an equation is a numeric expression and not an object."""
        if isinstance(node, Group) or NUMBER.match(node.text):
            return True
        return node.text in self.domain.functions and node.text not in scope

    def equation(self, node: Group, scope: Scope) -> Atom:
        if len(node.items) != 3:
            self.syntax(node, "two terms after '='", f"{len(node.items) - 1}")
        return (EQUALS, *(self.term(item, scope)[0] for item in node.items[1:]))

    def bind(self, node: Group, what: str, bound: Collection[str] = ()) -> tuple[tuple[Parameter, ...], _Hidden]:
        """The variables of `(forall (?x - type) ...)`, which may be named until they are released, and what they hide.

        None of them is called as a variable that it hides, or as one of `bound`.
        """
        items = node.items
        if len(items) != 3:
            self.syntax(node, f"variables and {what} after '{node.head}'", f"{len(items) - 1} parts")
        self.quantifiers += 1
        if self.quantifiers > MOST_QUANTIFIERS:
            expected = f"at most {MOST_QUANTIFIERS:,} quantifiers in a text"
            raise SourceError("unsupported_feature", self.span(node), expected, "one more")
        declared = self.parameters(self.group(items[1], "'(?x ...)'").items, self.domain)
        parameters = declared
        if any(parameter.name in self.taken or parameter.name in bound for parameter in declared):
            parameters = self.renamed(declared, bound)
        hidden = {}
        for written, parameter in zip(declared, parameters, strict=True):
            hidden[written.name] = self.variables.get(written.name)
            self.variables[written.name] = parameter.name, parameter.types
            self.taken.add(parameter.name)
        return parameters, hidden

    def renamed(self, declared: tuple[Parameter, ...], bound: Collection[str]) -> tuple[Parameter, ...]:
        """The same variables, none of them called as one that is taken or bound."""
        names = {parameter.name for parameter in declared}
        parameters: list[Parameter] = []
        for parameter in declared:
            name, number = parameter.name, 2
            if name in self.taken or name in bound:
                while (name := f"{parameter.name}-{number}") in self.taken or name in bound or name in names:
                    number += 1
                names.add(name)
            parameters.append(Parameter(name=name, types=parameter.types, span=parameter.span))
        return tuple(parameters)

    def release(self, parameters: tuple[Parameter, ...], hidden: _Hidden) -> None:
        """From now on none of these variables may be named, and what they hid may be again."""
        for parameter in parameters:
            self.taken.discard(parameter.name)
        for name, meaning in hidden.items():
            if meaning is None:
                del self.variables[name]
            else:
                self.variables[name] = meaning

    # Numbers

    def number(self, node: Word) -> Fraction:
        if len(node.text) > _DIGITS:
            self.syntax(node, f"a number of at most {_DIGITS} digits", f"one of {len(node.text)}")
        return Fraction(node.text)

    def expression(
        self, node: Node, scope: Scope, where: str, depth: int = 1, metric: bool = False
    ) -> Expression:
        """A number, a fluent or an operation on them. `metric`: `total-time` may occur too."""
        if isinstance(node, Word):
            if NUMBER.match(node.text):
                return Number(value=self.number(node))
            if node.text[0] in "#?":
                self.unsupported(node, f"'{node.text}' in an expression")
            # A function without arguments may be written without parentheses.
            node = Group([node], node.start, node.end)
        if depth > DEEPEST:
            self.unsupported(node, f"an expression more than {DEEPEST} levels deep in {where}")
        head, items = node.head, node.items
        if head in ("+", "*", "-", "/"):
            count = len(items) - 1
            if count < 2 and not (head == "-" and count == 1) or count > 2 and head in _BINARY:
                wanted = {"-": "one or two operands", "/": "two operands"}.get(head, "two or more operands")
                self.syntax(node, f"{wanted} after '{head}'", f"{count}")
            operands = tuple(self.expression(item, scope, where, depth + 1, metric) for item in self.operands(node))
            return Operation(operator=head, operands=operands, span=self.span(node))
        if head == "is-violated":
            self.unsupported(node, f"'is-violated' in {where}")
        if metric and head == TOTAL_TIME and TOTAL_TIME not in self.domain.functions and len(items) == 1:
            return Fluent(atom=(TOTAL_TIME,), span=self.span(node))
        return Fluent(atom=self.fluent(node, scope), span=self.span(node))

    def operands(self, node: Group) -> list[Node]:
        """The operands of a sum or product, those of nested ones of its kind included."""
        if node.head in _BINARY or not self.merge:
            return node.items[1:]
        found: list[Node] = []
        waiting = node.items[:0:-1]
        while waiting:
            item = waiting.pop()
            if isinstance(item, Group) and item.head == node.head and len(item.items) > 2:
                waiting.extend(item.items[:0:-1])
            else:
                found.append(item)
        return found

    def fluent(self, node: Node, scope: Scope) -> Atom:
        group = Group([node], node.start, node.end) if isinstance(node, Word) else node
        if not group.items:
            self.syntax(group, "a fluent, '(function object ...)'")
        return self.application(group, "function", self.domain.functions, self.domain, scope)

    # Effects

    def effects(
        self, node: Node, scope: Scope, where: str
    ) -> tuple[tuple[Literal, ...], tuple[NumericEffect, ...], tuple[ConditionalEffect, ...]]:
        """What always happens: literals and changes of fluents; then what happens under conditions."""
        always = _Bucket(self.group(node, f"an effect in {where}"))
        buckets: list[_Bucket] = []
        self.effect(node, scope, where, always, buckets, 1)
        conditional = [
            ConditionalEffect(
                parameters=bucket.parameters,
                condition=bucket.condition,
                literals=tuple(bucket.literals),
                numeric=tuple(bucket.numeric),
                span=self.span(bucket.group),
            )
            for bucket in buckets
            if bucket.literals or bucket.numeric
        ]
        return tuple(always.literals), tuple(always.numeric), tuple(conditional)

    def effect(
        self, node: Node, scope: Scope, where: str, bucket: _Bucket, buckets: list[_Bucket], depth: int
    ) -> None:
        """Puts the effects into the bucket, and those under a further `when` or `forall` into new ones."""
        if depth > DEEPEST:
            self.unsupported(node, f"an effect more than {DEEPEST} levels deep in {where}")
        waiting: list[Node] = [node]
        while waiting:
            group = self.group(waiting.pop(), f"an effect in {where}")
            head, items = group.head, group.items
            if head == "and":
                waiting.extend(items[:0:-1])
            elif not items:
                if depth > 1 or group is not node:
                    self.syntax(group, f"an effect in {where}")
            elif head == "when":
                if len(items) != 3:
                    self.syntax(group, "a condition and an effect after 'when'", f"{len(items) - 1} parts")
                within = f"the condition of an effect in {where}"
                condition = bucket.condition + self.conjuncts(items[1], scope, within)
                inner = _Bucket(group, bucket.parameters, condition)
                buckets.append(inner)
                self.effect(items[2], scope, where, inner, buckets, depth + 1)
            elif head == "forall":
                # The conditions read so far will stand below these variables too.
                bound = {p.name for quantifier in quantifiers_in(bucket.condition) for p in quantifier.parameters}
                parameters, hidden = self.bind(group, "one effect", bound)
                inner = _Bucket(group, bucket.parameters + parameters, bucket.condition)
                buckets.append(inner)
                self.effect(items[2], scope, where, inner, buckets, depth + 1)
                self.release(parameters, hidden)
            elif head in NUMERIC_EFFECTS and head not in self.domain.predicates:
                if len(items) != 3:
                    self.syntax(group, f"a fluent and a number after '{head}'", f"{len(items) - 1} parts")
                fluent = self.fluent(items[1], scope)
                value = self.expression(items[2], scope, where)
                bucket.numeric.append(
                    NumericEffect(operator=head, fluent=fluent, value=value, span=self.span(group))
                )
            elif head in _FOREIGN_EFFECTS and head not in self.domain.predicates:
                self.unsupported(group, f"'{head}' in {where}")
            else:
                bucket.literals.append(self.literal_effect(group, scope))

    def literal_effect(self, node: Group, scope: Scope) -> Literal:
        atom = node
        if node.head == "not":
            if len(node.items) != 2:
                self.syntax(node, "one atom after 'not'", f"{len(node.items) - 1}")
            atom = self.group(node.items[1], "an atom after 'not'")
        literal = Literal(
            atom=self.atom(atom, self.domain, scope), positive=atom is node, span=self.span(atom)
        )
        if literal.atom[0] in self.derived:
            self.semantic(atom, "an effect on no derived predicate", f"one on '{literal.atom[0]}'")
        return literal
