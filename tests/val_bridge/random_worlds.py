"""Small random domains and problems as text: formulas of every kind, conditional effects, axioms, numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass

KINDS = ("object", "box", "crate", "place", "ghost")


@dataclass(frozen=True, kw_only=True)
class Features:
    """What the domains may have; every other reader of PDDL lacks something."""

    axioms: bool = True
    numbers: bool = True
    undefined: bool = True
    comparisons: tuple[str, ...] = ("<", "<=", "=", ">=", ">")
    scale: bool = True
    divide: bool = True
    nary: bool = True
    nested_when: bool = True
    either: bool = True
    empty: bool = True
    conflicts: bool = True
    nested_and: bool = True
    metric: bool = True
    axiom_types: bool = True
    fewest: int = 0
    """Parts of a conjunction or disjunction, at least."""


PLAIN = Features(
    axioms=False, undefined=False, comparisons=("<=", ">=", "="), scale=False, divide=False, nary=False,
    nested_when=False, either=False, empty=False, conflicts=False, nested_and=False,
    metric=False, fewest=2,
)  # fmt: skip

READABLE = Features(
    undefined=False, nary=False, divide=False, nested_when=False, empty=False, nested_and=False,
    axiom_types=False, fewest=1,
)  # fmt: skip
"""What the real VAL reads and, but for its tolerance, judges by the rules."""


class Writer:
    """Writes random pieces of PDDL; all atoms fit, since predicates take any object."""

    def __init__(self, rng: random.Random, features: Features) -> None:
        self.rng = rng
        self.features = features
        self.serial = 0

    def parameters(self, count: int) -> tuple[list[str], str]:
        names = []
        for _ in range(count):
            self.serial += 1
            names.append(f"?v{self.serial}")
        kinds = [self.rng.choice(KINDS if self.features.empty else KINDS[:-1]) for _ in names]
        if self.features.either and self.rng.random() < 0.1:
            kinds = ["(either crate place)"] * count
        return names, " ".join(f"{name} - {kind}" for name, kind in zip(names, kinds, strict=True))

    def atom(self, terms: list[str], predicates: dict[str, int]) -> str:
        name = self.rng.choice(sorted(predicates))
        return f"({' '.join([name, *(self.rng.choice(terms) for _ in range(predicates[name]))])})"

    def fluent(self, terms: list[str]) -> str:
        return self.rng.choice(["(n)", f"(w {self.rng.choice(terms)})", f"(w {self.rng.choice(terms)})"])

    def expression(self, terms: list[str], depth: int) -> str:
        choice = self.rng.random()
        if depth == 0 or choice < 0.35:
            return self.fluent(terms)
        if choice < 0.6:
            return str(self.rng.randrange(4))
        operator = self.rng.choice("+-*/" if self.features.divide else "+-*")
        count = self.rng.choice([2, 3]) if self.features.nary and operator in "+*" else 2
        return f"({operator} {' '.join(self.expression(terms, depth - 1) for _ in range(count))})"

    def formula(self, terms: list[str], predicates: dict[str, int], depth: int) -> str:
        rng = self.rng
        kind = rng.randrange(12) if depth else rng.randrange(5)
        if kind < 3:
            return self.atom(terms, predicates)
        if kind == 3:
            return f"(= {rng.choice(terms)} {rng.choice(terms)})"
        if kind == 4:
            if not self.features.numbers:
                return self.atom(terms, predicates)
            sides = f"{self.expression(terms, 1)} {self.expression(terms, 1)}"
            return f"({rng.choice(self.features.comparisons)} {sides})"
        if kind in (5, 6):
            return f"(not {self.formula(terms, predicates, depth - 1)})"
        if kind in (7, 8, 9):
            count = rng.randrange(self.features.fewest, 4)
            parts = " ".join(self.formula(terms, predicates, depth - 1) for _ in range(count))
            if kind == 9:
                return f"(imply {self.formula(terms, predicates, 0)} {self.formula(terms, predicates, depth - 1)})"
            return f"({'and' if kind == 7 else 'or'} {parts})"
        names, text = self.parameters(rng.choice([1, 1, 2]))
        return f"({rng.choice(['exists', 'forall'])} ({text}) {self.formula(terms + names, predicates, depth - 1)})"

    def effect(self, terms: list[str], depth: int, conditional: bool = False) -> str:
        rng = self.rng
        kind = rng.randrange(8) if depth else rng.randrange(4)
        if kind < 3 or (kind == 3 and not self.features.numbers):
            atom = self.atom(terms, {"p": 0, "q": 1, "r": 2})
            return atom if rng.random() < 0.6 else f"(not {atom})"
        if kind == 3:
            heads = ["increase", "decrease", *(["assign"] if self.features.conflicts else [])]
            head = rng.choice(heads + (["scale-up", "scale-down"] if self.features.scale else []))
            return f"({head} {self.fluent(terms)} {self.expression(terms, 1)})"
        if kind == 4 and not self.features.nested_and:
            return self.effect(terms, 0, conditional)
        if kind == 4:
            return f"(and {' '.join(self.effect(terms, depth - 1, conditional) for _ in range(rng.randrange(4)))})"
        if kind == 5:
            names, text = self.parameters(1)
            return f"(forall ({text}) {self.body(self.effect(terms + names, depth - 1, conditional))})"
        if conditional and not self.features.nested_when:
            return self.effect(terms, 0, conditional)
        condition = self.formula(terms, ALL if self.features.axioms else BASE, 1)
        return f"(when {condition} {self.body(self.effect(terms, depth - 1, True))})"

    def body(self, effect: str) -> str:
        """VAL drops an action in which a numeric effect stands alone below `when` or `forall`."""
        numeric = effect.startswith(("(increase", "(decrease", "(assign", "(scale"))
        return f"(and {effect})" if numeric and not self.features.nested_and else effect


BASE = {"p": 0, "q": 1, "r": 2}
ALL = {**BASE, "near": 2, "far": 1}
STRATA = [["near"], ["far"]]


@dataclass(frozen=True, kw_only=True)
class RandomWorld:
    domain: str
    problem: str
    calls: tuple[tuple[str, ...], ...]
    """All calls whose arguments fit."""


def random_world(rng: random.Random, features: Features) -> RandomWorld:
    writer = Writer(rng, features)
    predicates = ALL if features.axioms else BASE
    lines = [
        "(define (domain random)",
        "(:types box place ghost - object crate - box)",
        "(:constants c1 - crate)",
    ]
    lines.append(
        "(:predicates (p) (q ?x - object) (r ?x ?y - object)"
        + (" (near ?x ?y - object) (far ?x - object))" if features.axioms else ")")
    )
    if features.numbers:
        lines.append("(:functions (n) (w ?x - object))")
    if features.axioms:
        lines.append(
            "(:derived (near ?x ?y - object)"
            " (or (r ?x ?y) (exists (?z - object) (and (r ?x ?z) (near ?z ?y)))))"
        )
        body = writer.formula(["?x", "c1"], {**BASE, "near": 2}, 2)
        kind = rng.choice(KINDS[:4])
        lines.append(f"(:derived (far ?x - {kind if features.axiom_types else KINDS[0]}) {body})")
    objects = {"b1": "box", "c1": "crate", "l1": "place", "l2": "place"}
    calls: list[tuple[str, ...]] = []
    below = {"object": set(objects.values()), "box": {"box", "crate"}}
    for index in range(3):
        chosen = [rng.choice(KINDS[:4]) for _ in range(rng.randrange(3))]
        names = [f"?a{place}" for place in range(len(chosen))]
        parameters = " ".join(f"{name} - {kind}" for name, kind in zip(names, chosen, strict=True))
        precondition = writer.formula([*names, "c1"], predicates, 2)
        effects = " ".join(writer.effect([*names, "c1"], 3) for _ in range(rng.randrange(1, 4)))
        if features.numbers and features.conflicts and rng.random() < 0.3:
            condition = writer.atom([*names, "c1"], BASE)
            change = rng.choice(["(assign (n) 1)", "(increase (n) 0)", "(scale-up (n) 1)"])
            effects += f" (assign (n) {rng.randrange(2)}) (when {condition} (and {change}))"
        lines.append(
            f"(:action a{index} :parameters ({parameters}) :precondition (and {precondition}) :effect (and {effects}))"
        )
        ground: list[tuple[str, ...]] = [(f"a{index}",)]
        for kind in chosen:
            fitting = [o for o, own in objects.items() if own in below.get(kind, {kind})]
            ground = [(*call, name) for call in ground for name in fitting]
        calls += ground
    names = list(objects)
    atoms = [("p",), *(("q", x) for x in names), *(("r", x, y) for x in names for y in names)]
    init = [f"({' '.join(atom)})" for atom in atoms if rng.random() < 0.3]
    if features.numbers:
        fluents = ["(n)", *(f"(w {x})" for x in names)]
        init += [
            f"(= {f} {rng.randrange(4)})" for f in fluents if not features.undefined or rng.random() < 0.85
        ]
    goal = writer.formula(["c1", "l1"], predicates, 2)
    metric = (
        f"(:metric minimize {writer.expression(['c1', 'b1'], 2)})"
        if features.numbers and features.metric
        else ""
    )
    problem = (
        f"(define (problem x) (:domain random) (:objects b1 - box l1 l2 - place)\n"
        f"(:init {' '.join(init)})\n(:goal {goal})\n{metric})"
    )
    return RandomWorld(domain="\n".join(lines) + ")", problem=problem, calls=tuple(calls))
