"""What axioms derive from a state: stratum by stratum, each to its fixpoint, semi-naively.

A body is split into rules at its top-level disjunctions and quantifiers. The positive atoms of a rule are joined, in
each round with at least one of them new; whatever else it asks is then tested. Not taken: asking for single
atoms backwards (recursive predicates need tables for that), and keeping the closure up to date from state to
state (a plan seldom asks often enough).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import product

from val_bridge.pddl.formula import EQUALS, And, Atom, Exists, Formula, Literal, Or, Parameter, literals_in
from val_bridge.pddl.strata import strata
from val_bridge.pddl.syntax import Axiom, Domain
from val_bridge.semantics.formulas import Names, Slots, World, test_of


class Facts:
    """Atoms, with an index for each question that was asked about them."""

    def __init__(self, atoms: Iterable[Atom]) -> None:
        self.atoms: set[Atom] = set()
        self._by_predicate: dict[str, list[Atom]] = {}
        self._indexes: dict[str, dict[tuple[int, ...], dict[Names, list[Atom]]]] = {}
        for atom in atoms:
            self.add(atom)

    def add(self, atom: Atom) -> None:
        self.atoms.add(atom)
        self._by_predicate.setdefault(atom[0], []).append(atom)
        for places, index in self._indexes.get(atom[0], {}).items():
            index.setdefault(tuple([atom[place] for place in places]), []).append(atom)

    def matching(self, predicate: str, places: tuple[int, ...], names: Names) -> Sequence[Atom]:
        """The atoms of the predicate that have these names in these places."""
        if not places:
            return self._by_predicate.get(predicate, ())
        indexes = self._indexes.setdefault(predicate, {})
        index = indexes.get(places)
        if index is None:
            index = indexes[places] = {}
            for atom in self._by_predicate.get(predicate, ()):
                index.setdefault(tuple([atom[place] for place in places]), []).append(atom)
        return index.get(names, ())


class Rule:
    """Positive atoms to join, then tests; `recursive` if a test asks for the stratum's own predicates.

    `own` has the places of joined atoms that the stratum derives.
    """

    def __init__(
        self, axiom: Axiom, parameters: tuple[Parameter, ...], parts: list[Formula], stratum: frozenset[str]
    ) -> None:
        joined = [part for part in parts if _joins(part)]
        rest = [part for part in parts if not _joins(part)]
        self.joined = [part.atom for part in joined if isinstance(part, Literal)]
        self.recursive = any(literal.atom[0] in stratum for literal in literals_in(tuple(rest)))
        self.own = [place for place, atom in enumerate(self.joined) if atom[0] in stratum]
        self._parameters = parameters
        self._slots = Slots(parameters)
        self._head = self._slots.getter(axiom.head)
        self._tests = [test_of(part, self._slots) for part in rest]
        self._columns = {parameter.name: column for column, parameter in enumerate(parameters)}
        self._orders: dict[int | None, list[Atom]] = {}

    def derive(self, world: World, facts: Facts, new: Facts | None = None, place: int = 0) -> Iterator[Atom]:
        """What follows from the facts; with `new`, only from one of these as the joined atom at `place`."""
        fitting = [world.fitting(parameter.types) for parameter in self._parameters]
        rows: list[list[str]] = [[""] * len(fitting)]
        bound: set[int] = set()
        for number, atom in enumerate(self._order(None if new is None else place)):
            if not rows:
                return
            rows = self._extended(rows, atom, bound, fitting, facts if new is None or number else new)
        free = [column for column in range(len(fitting)) if column not in bound]
        for row in rows:
            environment = self._slots.environment(tuple(row))
            for names in product(*(fitting[column] for column in free)):
                for column, name in zip(free, names, strict=True):
                    environment[column] = name
                # A number that does not exist makes nothing true.
                if all(test(world, environment) for test in self._tests):
                    yield self._head(environment)

    def _order(self, first: int | None) -> list[Atom]:
        """The joined atoms, that at `first` before all others, then always one with the fewest variables unbound."""
        order = self._orders.get(first)
        if order is None:
            order = self._orders[first] = []
            unbound = [self._used(atom) for atom in self.joined]
            naming: dict[int, list[int]] = {}
            for place, columns in enumerate(unbound):
                for column in columns:
                    naming.setdefault(column, []).append(place)
            # A place comes up again whenever fewer of its variables are unbound; only the first time counts.
            waiting = [(len(columns), place) for place, columns in enumerate(unbound)]
            if first is not None:
                waiting.append((-1, first))
            heapify(waiting)
            taken: set[int] = set()
            while waiting:
                _, place = heappop(waiting)
                if place in taken:
                    continue
                taken.add(place)
                order.append(self.joined[place])
                for column in tuple(unbound[place]):
                    for other in naming.pop(column, ()):
                        unbound[other].discard(column)
                        heappush(waiting, (len(unbound[other]), other))
        return order

    def _used(self, atom: Atom) -> set[int]:
        return {self._columns[term] for term in atom[1:] if term in self._columns}

    def _extended(
        self, rows: list[list[str]], atom: Atom, bound: set[int], fitting: list[Names], facts: Facts
    ) -> list[list[str]]:
        """The rows, each with every fact that matches the atom; its columns become bound."""
        known: list[tuple[int, str]] = []
        open_columns: list[tuple[int, int]] = []
        for place, term in enumerate(atom[1:], 1):
            column = self._columns.get(term)
            if column is None or column in bound:
                known.append((place, term))
            else:
                open_columns.append((place, column))
        places = tuple([place for place, _ in known])
        allowed = {column: frozenset(fitting[column]) for _, column in open_columns}
        found: list[list[str]] = []
        for row in rows:
            names = tuple([row[self._columns[term]] if term in self._columns else term for _, term in known])
            for fact in facts.matching(atom[0], places, names):
                extended = row.copy()
                for place, column in open_columns:
                    name = fact[place]
                    # A variable may stand in the atom twice.
                    if name not in allowed[column] or extended[column] not in ("", name):
                        break
                    extended[column] = name
                else:
                    found.append(extended)
        bound |= {column for _, column in open_columns}
        return found


def _joins(part: Formula) -> bool:
    return isinstance(part, Literal) and part.positive and part.atom[0] != EQUALS


def _rules(axiom: Axiom, stratum: frozenset[str]) -> list[Rule]:
    """The axiom as rules: one for each way through the disjunctions at its top."""
    found: list[Rule] = []
    waiting: list[tuple[tuple[Parameter, ...], Formula]] = [(axiom.parameters, axiom.body)]
    while waiting:
        parameters, body = waiting.pop()
        match body:
            case Or(parts=parts):
                waiting.extend((parameters, part) for part in parts)
            case Exists(parameters=more, part=part):
                waiting.append((parameters + more, part))
            case And(parts=parts):
                found.append(Rule(axiom, parameters, list(parts), stratum))
            case _:
                found.append(Rule(axiom, parameters, [body], stratum))
    return found


class Axioms:
    """The axioms of a domain, ready to be asked what they derive."""

    def __init__(self, domain: Domain) -> None:
        self.predicates = domain.derived
        self._strata: list[list[Rule]] = []
        for stratum in strata(domain.axioms):
            axioms = [axiom for axiom in domain.axioms if axiom.predicate in stratum]
            self._strata.append([rule for axiom in axioms for rule in _rules(axiom, stratum)])

    def closure(
        self,
        state: Iterable[Atom],
        values: Mapping[Atom, Fraction],
        world: World,
    ) -> frozenset[Atom]:
        """The state with all derived atoms. `world` says which objects there are, and how numbers compare."""
        facts = Facts(state)
        # The tests of a stratum ask for what is known of it so far; below a negation only lower ones stand.
        world = World(facts.atoms.__contains__, values, world.fitting, world.tolerance)
        for rules in self._strata:
            new = [atom for rule in rules for atom in rule.derive(world, facts)]
            while new := _unknown(new, facts):
                for atom in new:
                    facts.add(atom)
                recent = Facts(new)
                new = []
                for rule in rules:
                    if rule.recursive:
                        new.extend(rule.derive(world, facts))
                    else:
                        for place in rule.own:
                            new.extend(rule.derive(world, facts, recent, place))
        return frozenset(facts.atoms)


def _unknown(atoms: Iterable[Atom], facts: Facts) -> list[Atom]:
    return [atom for atom in dict.fromkeys(atoms) if atom not in facts.atoms]


@lru_cache(maxsize=64)
def axioms_of(domain: Domain) -> Axioms:
    """The domain's axioms, prepared once; many problems share a domain."""
    return Axioms(domain)
