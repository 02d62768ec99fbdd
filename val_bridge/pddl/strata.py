"""Strata of derived predicates: which must be complete before which may be derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from val_bridge.pddl.formula import Literal, literals_in
from val_bridge.pddl.syntax import Axiom


class Unstratified(ValueError):
    """A predicate that is derived from its own negation; `literal` is the negation."""

    def __init__(self, literal: Literal) -> None:
        super().__init__(literal)
        self.literal = literal


def strata(axioms: Iterable[Axiom]) -> list[frozenset[str]]:
    """The derived predicates in groups, each of which depends on itself and on those before it alone.

    Raises Unstratified if a predicate depends on its own negation.
    """
    bodies = [(axiom.predicate, list(literals_in((axiom.body,)))) for axiom in axioms]
    needs: dict[str, set[str]] = {predicate: set() for predicate, _ in bodies}
    for predicate, literals in bodies:
        needs[predicate] |= {literal.atom[0] for literal in literals if literal.atom[0] in needs}
    groups = _components(needs)
    group_of = {predicate: number for number, group in enumerate(groups) for predicate in group}
    for predicate, literals in bodies:
        for literal in literals:
            if not literal.positive and group_of.get(literal.atom[0]) == group_of[predicate]:
                raise Unstratified(literal)
    return groups


def _components(edges: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """The strongly connected components, each after those that it has edges to.

    Source: Tarjan 1972, "Depth-first search and linear graph algorithms", with a stack of its own.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    pending: list[str] = []
    done: set[str] = set()
    found: list[frozenset[str]] = []
    for root in edges:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        pending.append(root)
        path = [(root, iter(sorted(edges[root])))]
        while path:
            node, rest = path[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    pending.append(target)
                    path.append((target, iter(sorted(edges[target]))))
                    break
                if target not in done:
                    low[node] = min(low[node], index[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    start = pending.index(node)
                    found.append(frozenset(pending[start:]))
                    done.update(pending[start:])
                    del pending[start:]
    return found
