"""A second interpreter of PDDL, slow and simple, that shares no code with val_bridge: the witness in random tests.

It reads well-formed text only. Formulas are nested lists, states are sets of tuples, numbers are fractions.
"""

from __future__ import annotations

import operator
import re
from fractions import Fraction
from itertools import product

COMPARE = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}


class Missing(Exception):
    """A number that does not exist."""


class Clash(Exception):
    """Two effects that disagree about a number."""


def parse(text: str):
    stack: list[list] = [[]]
    for token in re.findall(r"[()]|[^\s()]+", re.sub(r";.*", "", text).lower()):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0][0]


def typed(words: list) -> list[tuple[str, list[str]]]:
    found, waiting = [], []
    rest = iter(words)
    for word in rest:
        if word == "-":
            kind = next(rest)
            found += [(name, kind[1:] if isinstance(kind, list) else [kind]) for name in waiting]
            waiting = []
        else:
            waiting.append(word)
    return found + [(name, ["object"]) for name in waiting]


class Naive:
    """A domain and a problem; `strata` lists the derived predicates in the order in which they are complete."""

    def __init__(self, domain_text: str, problem_text: str, strata: list[list[str]]) -> None:
        self.strata = strata
        self.parents: dict[str, str] = {}
        objects = []
        self.actions, self.axioms = {}, []
        for section in parse(domain_text)[2:]:
            if section[0] == ":types":
                self.parents = {name: kinds[0] for name, kinds in typed(section[1:])}
            elif section[0] == ":constants":
                objects += typed(section[1:])
            elif section[0] == ":action":
                parts = dict(zip(section[2::2], section[3::2], strict=True))
                self.actions[section[1]] = (
                    typed(parts.get(":parameters", [])),
                    parts.get(":precondition", ["and"]),
                    parts.get(":effect", ["and"]),
                )
            elif section[0] == ":derived":
                self.axioms.append((section[1][0], typed(section[1][1:]), section[2]))
        self.state: set[tuple[str, ...]] = set()
        self.values: dict[tuple[str, ...], Fraction] = {}
        self.metric = None
        for section in parse(problem_text)[2:]:
            if section[0] == ":objects":
                objects += typed(section[1:])
            elif section[0] == ":init":
                for fact in section[1:]:
                    if fact[0] == "=":
                        self.values[tuple(fact[1])] = Fraction(fact[2])
                    elif fact[0] != "not":
                        self.state.add(tuple(fact))
            elif section[0] == ":goal":
                self.goal = section[1]
            elif section[0] == ":metric":
                self.metric = section[2]
        self.objects = {name: kinds[0] for name, kinds in objects}

    def fitting(self, kinds: list[str]) -> list[str]:
        return [name for name, kind in self.objects.items() if any(self.below(kind, k) for k in kinds)]

    def below(self, kind: str, ancestor: str) -> bool:
        while kind != ancestor and kind != "object":
            kind = self.parents.get(kind, "object")
        return kind == ancestor

    def bindings(self, parameters, binding):
        for names in product(*(self.fitting(kinds) for _, kinds in parameters)):
            yield {**binding, **dict(zip([name for name, _ in parameters], names, strict=True))}

    def closed(self, state, values):
        state = set(state)
        for stratum in self.strata:
            before = -1
            while before != len(state):
                before = len(state)
                for predicate, parameters, body in self.axioms:
                    if predicate in stratum:
                        for binding in self.bindings(parameters, {}):
                            if self.true(body, binding, state, values):
                                state.add((predicate, *(binding[name] for name, _ in parameters)))
        return state

    def number(self, expression, binding, values) -> Fraction:
        if isinstance(expression, str):
            return Fraction(expression)
        head, *rest = expression
        if head not in ("+", "-", "*", "/"):
            try:
                return values[(head, *(binding.get(term, term) for term in rest))]
            except KeyError:
                raise Missing from None
        numbers = [self.number(part, binding, values) for part in rest]
        if head == "-" and len(numbers) == 1:
            return -numbers[0]
        result = numbers[0]
        for number in numbers[1:]:
            if head == "/" and number == 0:
                raise Missing
            result = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[head](
                result, number
            )
            short(result)
        return result

    def true(self, formula, binding, state, values):
        """True, False, or None if a missing number decides."""
        if not formula:
            return True
        head, *rest = formula
        if head == "and":
            return worst([self.true(part, binding, state, values) for part in rest])
        if head == "or":
            return negate(worst([negate(self.true(part, binding, state, values)) for part in rest]))
        if head == "not":
            return negate(self.true(rest[0], binding, state, values))
        if head == "imply":
            return self.true(["or", ["not", rest[0]], rest[1]], binding, state, values)
        if head == "forall":
            inner = self.bindings(typed(rest[0]), binding)
            return worst([self.true(rest[1], b, state, values) for b in inner])
        if head == "exists":
            return self.true(["not", ["forall", rest[0], ["not", rest[1]]]], binding, state, values)
        if head in COMPARE and not (head == "=" and all(isinstance(part, str) for part in rest)):
            try:
                return COMPARE[head](*(self.number(part, binding, values) for part in rest))
            except Missing:
                return None
        atom = (head, *(binding.get(term, term) for term in rest))
        return atom[1] == atom[2] if head == "=" else atom in state

    def happen(self, effect, binding, state, values, add, delete, numeric):
        if not effect:
            return
        head, *rest = effect
        if head == "and":
            for part in rest:
                self.happen(part, binding, state, values, add, delete, numeric)
        elif head == "forall":
            for inner in self.bindings(typed(rest[0]), binding):
                self.happen(rest[1], inner, state, values, add, delete, numeric)
        elif head == "when":
            holds = self.true(rest[0], binding, state, values)
            if holds is None:
                raise Missing
            if holds:
                self.happen(rest[1], binding, state, values, add, delete, numeric)
        elif head in ("assign", "increase", "decrease", "scale-up", "scale-down"):
            fluent = tuple(binding.get(term, term) for term in rest[0])
            numeric.setdefault(fluent, []).append((head, self.number(rest[1], binding, values)))
        elif head == "not":
            delete.add(tuple(binding.get(term, term) for term in rest[0]))
        else:
            add.add(tuple(binding.get(term, term) for term in effect))

    def apply(self, name, arguments, state, values):
        """Outcome of one step: (what went wrong or None, state, values)."""
        parameters, precondition, effect = self.actions[name]
        binding = dict(zip([parameter for parameter, _ in parameters], arguments, strict=True))
        closed = self.closed(state, values)
        holds = self.true(precondition, binding, closed, values)
        if not holds:
            return "precondition" if holds is False else "numeric_undefined", state, values
        add, delete, numeric = set(), set(), {}
        try:
            self.happen(effect, binding, closed, values, add, delete, numeric)
            return None, (state - delete) | add, {**values, **self.changed(values, numeric)}
        except Missing:
            return "numeric_undefined", state, values
        except Clash:
            return "numeric_conflict", state, values

    def changed(self, values, numeric):
        new = {}
        for changes in numeric.values():
            kinds = {"add" if h in ("increase", "decrease") else h.partition("-")[0] for h, _ in changes}
            if len(kinds) > 1 or (kinds == {"assign"} and len(set(changes)) > 1):
                raise Clash
        for fluent, changes in numeric.items():
            for head, amount in changes:
                if head == "assign":
                    new[fluent] = amount
                    continue
                if fluent not in values or (head == "scale-down" and amount == 0):
                    raise Missing
                old = new.get(fluent, values[fluent])
                if head == "increase":
                    new[fluent] = old + amount
                elif head == "decrease":
                    new[fluent] = old - amount
                elif head == "scale-up":
                    new[fluent] = old * amount
                else:
                    new[fluent] = old / amount
                short(new[fluent])
        return new

    def judge(self, plan) -> tuple[str, int | None, Fraction | None]:
        """What is wrong ("valid" if nothing), at which step, and the metric of a plan that ran to its end."""
        state, values = set(self.state), dict(self.values)
        for number, (name, *arguments) in enumerate(plan, 1):
            wrong, state, values = self.apply(name, arguments, state, values)
            if wrong:
                return wrong, number, None
        metric = None
        if self.metric is not None:
            try:
                metric = self.number(self.metric, {}, values)
            except Missing:
                pass
        holds = self.true(self.goal, {}, self.closed(state, values), values)
        return {True: "valid", False: "goal", None: "numeric_undefined"}[holds], None, metric


def short(number: Fraction) -> None:
    """Longer numbers have no value here, by decision: a plan could fill the memory with one."""
    if max(number.numerator.bit_length(), number.denominator.bit_length()) > 65_536:
        raise Missing


def worst(values):
    return False if False in values else None if None in values else True


def negate(value):
    return None if value is None else not value
