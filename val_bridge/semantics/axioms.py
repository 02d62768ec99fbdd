"""What axioms derive from a state: what is asked for, and whole predicates where these are derived from themselves.

A body is split into rules at its top-level disjunctions and quantifiers. The positive atoms of a rule are joined; whatever
else it asks is then tested. To prove one atom, the rule's variables begin with that atom's objects. A recursive predicate
is derived as a whole, its stratum to the fixpoint, semi-naively: in each round with at least one joined atom new. Not
taken: proving recursive predicates backwards too (they need tables for that), deriving everything (a negation
is true nearly everywhere), and keeping what was derived from state to state (a plan seldom asks often enough).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import product
from math import prod

from val_bridge.pddl.errors import SourceError
from val_bridge.pddl.formula import (
    EQUALS,
    And,
    Atom,
    Exists,
    Forall,
    Formula,
    Imply,
    Literal,
    Not,
    Or,
    Parameter,
    literals_in,
)
from val_bridge.pddl.span import Span
from val_bridge.pddl.strata import strata
from val_bridge.pddl.syntax import Axiom, Domain
from val_bridge.semantics.formulas import Names, Slots, World, test_of
from val_bridge.semantics.limits import MOST, combinations_in

_FRAMES = 4
"""Frames of Python's stack that proving an atom takes, beside one for each level of the formula."""

_DEEPEST = 200
"""Frames for a line of predicates that are proved one from another; of the 1,000 that there are."""


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
    """Positive atoms to join, then tests (`rest`); `recursive` if a test asks for the stratum's own predicates.

    `own` has the places of joined atoms that the stratum derives.
    """

    def __init__(
        self, axiom: Axiom, parameters: tuple[Parameter, ...], parts: list[Formula], stratum: frozenset[str]
    ) -> None:
        self.axiom = axiom
        joined = [part for part in parts if _joins(part)]
        self.rest = rest = [part for part in parts if not _joins(part)]
        self.joined = [part.atom for part in joined if isinstance(part, Literal)]
        self.recursive = any(literal.atom[0] in stratum for literal in literals_in(tuple(rest)))
        self.own = [place for place, atom in enumerate(self.joined) if atom[0] in stratum]
        self._parameters = parameters
        self._slots = Slots(parameters)
        self._head = self._slots.getter(axiom.head)
        self._tests = [test_of(part, self._slots) for part in rest]
        self._columns = {parameter.name: column for column, parameter in enumerate(parameters)}
        self._orders: dict[int | None, list[Atom]] = {}
        self._steps: list[_Step] = []

    def prepare(self, proved: Set[str]) -> None:
        """Makes `proves` ready; `proved` are the predicates that are not derived as a whole."""
        bound = set(range(len(self.axiom.parameters)))
        late = {place for place, atom in enumerate(self.joined) if atom[0] in proved}
        for atom in self._ordered(None, bound, late):
            self._steps.append(_Step(self, atom, self._parameters, bound, proved=atom[0] in proved))
            bound |= self._used(atom)
        free = [column for column in range(len(self._parameters)) if column not in bound]
        if free:
            self._steps.append(_Step(self, None, self._parameters, bound, columns=free))

    def proves(self, derivation: Derivation, names: Names) -> bool:
        """Whether the head follows for these objects; stops at the first witness."""
        world, slots = derivation.world, self._slots
        fitting = [world.fitting(parameter.types) for parameter in self._parameters]
        for parameter, name in zip(self._parameters, names, strict=False):
            if name not in derivation.among(parameter.types):
                return False
        weight = derivation.weight(self)
        row = [*names, *[""] * (len(fitting) - len(names))]
        steps = self._steps
        # Depth first without recursion: a rule may join thousands of atoms.
        candidates = [steps[0].candidates(derivation, row, fitting)] if steps else [iter(((),))]
        while candidates:
            found = next(candidates[-1], None)
            if found is None:
                candidates.pop()
                continue
            if steps:
                for column, name in zip(steps[len(candidates) - 1].columns, found, strict=True):
                    row[column] = name
            if len(candidates) < len(steps):
                candidates.append(steps[len(candidates)].candidates(derivation, row, fitting))
            elif self._tests:
                derivation.spend(self, weight)
                environment = slots.environment(tuple(row))
                # A number that does not exist makes nothing true.
                if all(test(world, environment) for test in self._tests):
                    return True
            else:
                return True
        return False

    def derive(
        self, derivation: Derivation, facts: Facts, new: Facts | None = None, place: int = 0
    ) -> Iterator[Atom]:
        """What follows from the facts; with `new`, only from one of these as the joined atom at `place`."""
        world = derivation.world
        fitting = [world.fitting(parameter.types) for parameter in self._parameters]
        rows: list[list[str]] = [[""] * len(fitting)]
        bound: set[int] = set()
        for number, atom in enumerate(self._order(None if new is None else place)):
            if not rows:
                return
            rows = self._extended(derivation, rows, atom, bound, fitting, facts if new is None or number else new)
        free = [column for column in range(len(fitting)) if column not in bound]
        derivation.spend(self, len(rows) * prod(len(fitting[column]) for column in free) * derivation.weight(self))
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
            order = self._orders[first] = self._ordered(first, frozenset(), frozenset())
        return order

    def _ordered(self, first: int | None, bound: Set[int], late: Set[int]) -> list[Atom]:
        """As `_order`, where some columns are bound; of two places with as many variables unbound one that is not `late`."""
        order: list[Atom] = []
        unbound = [self._used(atom).difference(bound) for atom in self.joined]
        naming: dict[int, list[int]] = {}
        for place, columns in enumerate(unbound):
            for column in columns:
                naming.setdefault(column, []).append(place)
        # A place comes up again whenever fewer of its variables are unbound; only the first time counts.
        waiting = [(len(columns), place in late, place) for place, columns in enumerate(unbound)]
        if first is not None:
            waiting.append((-1, False, first))
        heapify(waiting)
        taken: set[int] = set()
        while waiting:
            *_, place = heappop(waiting)
            if place in taken:
                continue
            taken.add(place)
            order.append(self.joined[place])
            for column in tuple(unbound[place]):
                for other in naming.pop(column, ()):
                    unbound[other].discard(column)
                    heappush(waiting, (len(unbound[other]), other in late, other))
        return order

    def _used(self, atom: Atom) -> set[int]:
        return {self._columns[term] for term in atom[1:] if term in self._columns}

    def _extended(
        self,
        derivation: Derivation,
        rows: list[list[str]],
        atom: Atom,
        bound: set[int],
        fitting: list[Names],
        facts: Facts,
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
            matching = facts.matching(atom[0], places, names)
            derivation.spend(self, len(matching))
            for fact in matching:
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


class _Step:
    """One atom of a rule that is proved, or the variables that no atom names: which objects its open columns may have."""

    def __init__(
        self,
        rule: Rule,
        atom: Atom | None,
        parameters: tuple[Parameter, ...],
        bound: Set[int],
        *,
        proved: bool = False,
        columns: Sequence[int] = (),
    ) -> None:
        places = {parameter.name: column for column, parameter in enumerate(parameters)}
        self._types = [parameter.types for parameter in parameters]
        self._rule = rule
        self._atom = atom
        self._proved = proved
        terms = [(place, places.get(term), term) for place, term in enumerate(atom or ()) if place]
        # A variable that is open may stand in the atom twice.
        self.columns: list[int] = list(columns) or list(dict.fromkeys(c for _, c, _ in terms if c is not None and c not in bound))
        self._known = [(place, column, term) for place, column, term in terms if column is None or column in bound]
        self._open = [(place, self.columns.index(column)) for place, column, _ in terms if column in self.columns]

    def candidates(self, derivation: Derivation, row: list[str], fitting: list[Names]) -> Iterator[Names]:
        """The objects for the open columns with which the atom holds; () once if there are none and it holds.

        Whatever is tried counts, in vain too.
        """
        atom, rule = self._atom, self._rule
        names = [term if column is None else row[column] for _, column, term in self._known]
        if atom is None:
            for objects in product(*(fitting[column] for column in self.columns)):
                derivation.spend(rule, 1)
                yield objects
        elif not self.columns:
            derivation.spend(rule, 1)
            if derivation.world.holds((atom[0], *names)):
                yield ()
        elif self._proved:
            whole = [atom[0], *[""] * (len(atom) - 1)]
            for (place, _, _), name in zip(self._known, names, strict=True):
                whole[place] = name
            for objects in product(*(fitting[column] for column in self.columns)):
                derivation.spend(rule, 1)
                for place, index in self._open:
                    whole[place] = objects[index]
                if derivation.world.holds(tuple(whole)):
                    yield objects
        else:
            derivation.complete(atom[0])
            allowed = [derivation.among(self._types[column]) for column in self.columns]
            for fact in derivation.facts.matching(atom[0], tuple([place for place, *_ in self._known]), tuple(names)):
                derivation.spend(rule, 1)
                names = [""] * len(self.columns)
                for place, index in self._open:
                    if names[index] not in ("", fact[place]) or fact[place] not in allowed[index]:
                        break
                    names[index] = fact[place]
                else:
                    yield tuple(names)


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
    """The axioms of a domain, ready to be asked what they derive.

    An atom is proved on its own, from its rules backwards, unless its predicate is derived from itself; then the whole
    predicate is derived, forwards to its fixpoint. So are predicates that stand on a long line of others, since
    each of these is a few frames of Python's stack.
    """

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.predicates = domain.derived
        self.strata = strata(domain.axioms)
        self.stratum: dict[str, int] = {}
        self.rules: dict[str, list[Rule]] = {name: [] for name in self.predicates}
        self.proved: set[str] = set()
        self._needs: dict[str, set[str]] = {name: set() for name in self.predicates}
        axioms: dict[str, list[Axiom]] = {name: [] for name in self.predicates}
        for axiom in domain.axioms:
            axioms[axiom.predicate].append(axiom)
            named = {literal.atom[0] for literal in literals_in((axiom.body,))}
            self._needs[axiom.predicate] |= named & self.predicates
        frames: dict[str, int] = {}
        for number, stratum in enumerate(self.strata):
            for name in stratum:
                self.stratum[name] = number
                self.rules[name] = [rule for axiom in axioms[name] for rule in _rules(axiom, stratum)]
                below = max((frames.get(other, 0) for other in self._needs[name]), default=0)
                deep = below + _FRAMES + max(_depth(axiom.body) for axiom in axioms[name])
                if self._needs[name].isdisjoint(stratum) and deep <= _DEEPEST:
                    self.proved.add(name)
                    frames[name] = deep
        for name in self.proved:
            for rule in self.rules[name]:
                rule.prepare(self.proved)
        self.joined = {atom[0] for rules in self.rules.values() for rule in rules for atom in rule.joined}

    def forwards(self, name: str, done: set[str], looked: set[str]) -> list[list[Rule]]:
        """What must be derived forwards before a predicate is complete, it too, as rules by strata in their order.

        `done` are the predicates that are complete, `looked` those below which all is; both grow.
        """
        found: set[int] = set()
        # Each with whether it must be complete itself, as what is joined forwards must.
        waiting = [(name, True)]
        while waiting:
            name, whole = waiting.pop()
            if name in done or not whole and name in looked:
                continue
            if whole:
                done.add(name)
                found.add(self.stratum[name])
            else:
                looked.add(name)
            joined = {atom[0] for rule in self.rules[name] for atom in rule.joined} if whole else set()
            waiting.extend((other, other in joined or other not in self.proved) for other in self._needs[name])
        return [[rule for name in sorted(self.strata[number]) for rule in self.rules[name]] for number in sorted(found)]


def _depth(formula: Formula) -> int:
    match formula:
        case And(parts=parts) | Or(parts=parts):
            return 1 + max(map(_depth, parts), default=0)
        case Imply(premise=premise, conclusion=conclusion):
            return 1 + max(_depth(premise), _depth(conclusion))
        case Not(part=part) | Exists(part=part) | Forall(part=part):
            return 1 + _depth(part)
        case _:
            return 1


class Derivation:
    """What the axioms derive from one state: each atom once it is asked for.

    Raises SourceError of kind unsupported_feature, with the axiom's place, where that takes more than `MOST` tries: a
    count and not a time, so that the answer depends on the texts alone.
    """

    def __init__(self, axioms: Axioms, state: frozenset[Atom], world: World, weights: dict[Rule, int]) -> None:
        self._axioms = axioms
        self._state = state
        self._weights = weights
        self._known: dict[Atom, bool] = {}
        self._facts: Facts | None = None
        self._whole: set[str] = set()
        self._looked: set[str] = set()
        self._among: dict[Names, frozenset[str]] = {}
        self.tried = 0
        self.world = World(self.holds, world.values, world.fitting, world.tolerance)

    def holds(self, atom: Atom) -> bool:
        name = atom[0]
        axioms = self._axioms
        if name not in axioms.predicates:
            return atom in self._state
        if name in self._whole:
            return atom in self.facts.atoms
        if name not in axioms.proved:
            self._derive_all(name)
            return atom in self.facts.atoms
        known = self._known.get(atom)
        if known is None:
            known = False
            for rule in axioms.rules[name]:
                if rule.proves(self, atom[1:]):
                    known = True
                    break
            self._known[atom] = known
        return known

    def complete(self, name: str) -> None:
        """Sees to it that `facts` has all atoms of a predicate that rules join."""
        if name in self._axioms.predicates and name not in self._whole:
            self._derive_all(name)

    @property
    def facts(self) -> Facts:
        """The state's facts that rules join, and all atoms of predicates that were derived as a whole."""
        if self._facts is None:
            joined = self._axioms.joined
            # Sorted, so that the first witness is the same on each run.
            self._facts = Facts(sorted(atom for atom in self._state if atom[0] in joined))
        return self._facts

    def spend(self, rule: Rule, tries: int) -> None:
        self.tried += tries
        if self.tried > MOST:
            # What is half done must not be taken for whole by whoever asks again.
            self._whole.clear()
            self._looked.clear()
            span = rule.axiom.span or Span(file=self._axioms.domain.name, line=1, column=1, start=0, end=0)
            found = f"more in one state, to derive '{rule.axiom.predicate}'"
            raise SourceError("unsupported_feature", span, f"at most {MOST:,} combinations of objects to try", found)

    def among(self, types: Names) -> frozenset[str]:
        """The objects of one of these types."""
        found = self._among.get(types)
        if found is None:
            found = self._among[types] = frozenset(self.world.fitting(types))
        return found

    def weight(self, rule: Rule) -> int:
        """Tries that the tests of a rule may take for one binding."""
        weight = self._weights.get(rule)
        if weight is None:
            weight = self._weights[rule] = max((combinations_in(part, self.world.fitting) for part in rule.rest), default=1)
        return weight

    def _derive_all(self, name: str) -> None:
        """Derives a predicate as a whole, and whatever that takes."""
        facts = self.facts
        for rules in self._axioms.forwards(name, self._whole, self._looked):
            new = [atom for rule in rules for atom in rule.derive(self, facts)]
            while new := _unknown(new, facts):
                for atom in new:
                    facts.add(atom)
                recent = Facts(new)
                new = []
                for rule in rules:
                    if rule.recursive:
                        new.extend(rule.derive(self, facts))
                    else:
                        for place in rule.own:
                            new.extend(rule.derive(self, facts, recent, place))


def _unknown(atoms: Iterable[Atom], facts: Facts) -> list[Atom]:
    return [atom for atom in dict.fromkeys(atoms) if atom not in facts.atoms]


@lru_cache(maxsize=64)
def axioms_of(domain: Domain) -> Axioms:
    """The domain's axioms, prepared once; many problems share a domain."""
    return Axioms(domain)
