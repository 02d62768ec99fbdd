"""Recognise a known domain under any words, and in any order of parameters.

A planner for Blocksworld then serves Mystery Blocksworld and every random renaming without knowing them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from planlearn.problems import load_named_domain, schema_colours
from val_bridge import Atom, Call, Domain

K = TypeVar("K")
_TYPE = "type:"

MODELS = ("blocksworld", "logistics", "depots")
"""The domains that have a planner of their own."""


class NotCovered(Exception):
    """A task of a known domain that is not of the kind its own planner handles; other means must do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What a domain's words mean in the model domain.

    predicates: model's predicate -> the domain's. types: likewise, those that its actions name. actions: model's action -> the
    domain's, and for each of the domain's parameters the model's parameter that it is, by index.
    """

    model: str
    predicates: Mapping[str, str]
    types: Mapping[str, str]
    actions: Mapping[str, tuple[str, tuple[int, ...]]]

    def facts(self, atoms: Iterable[Atom]) -> dict[str, list[tuple[str, ...]]]:
        """The arguments of the atoms by the model's predicate, sorted; others stand under "other <name>"."""
        meaning = {own: model for model, own in self.predicates.items()}
        found: dict[str, list[tuple[str, ...]]] = {model: [] for model in self.predicates}
        for atom in sorted(atoms):
            found.setdefault(meaning.get(atom[0], f"other {atom[0]}"), []).append(atom[1:])
        return found

    def call(self, name: str, *arguments: str) -> Call:
        """The domain's call for the model's."""
        own, order = self.actions[name]
        return Call(name=own, arguments=tuple([arguments[index] for index in order]))


@lru_cache(maxsize=64)
def recognise(domain: Domain) -> Roles | None:
    """The domain's roles, if it is a model domain under other words; None otherwise."""
    for model in MODELS:
        if roles := _match(model, domain):
            return roles
    return None


def _match(model: str, domain: Domain) -> Roles | None:
    known = load_named_domain(model)
    theirs, ours = schema_colours(known), schema_colours(domain)
    predicates = _pair(theirs.predicates, ours.predicates)
    names = _pair(theirs.actions, ours.actions)
    if predicates is None or names is None:
        return None
    actions = {}
    for name, own in names.items():
        indices = _pair(dict(enumerate(theirs.parameters[name])), dict(enumerate(ours.parameters[own])))
        if indices is None:
            return None
        model_index = {own_index: index for index, own_index in indices.items()}
        actions[name] = (own, tuple(model_index[index] for index in range(len(model_index))))
    # `schema_colours` has types among the predicates, as "type:<name>".
    types = {known.removeprefix(_TYPE): own.removeprefix(_TYPE) for known, own in predicates.items() if known.startswith(_TYPE)}
    predicates = {known: own for known, own in predicates.items() if not known.startswith(_TYPE)}
    return Roles(model=model, predicates=predicates, types=types, actions=actions)


def _pair(theirs: Mapping[K, str], ours: Mapping[K, str]) -> dict[K, K] | None:
    """Key -> key of the same colour, if each colour stands once on both sides.

    Where every colour stands once, equal colours leave one way to match the literals: they prove it.
    """
    by_colour = {colour: key for key, colour in ours.items()}
    if len(by_colour) != len(ours) or sorted(theirs.values()) != sorted(by_colour):
        return None
    return {key: by_colour[colour] for key, colour in theirs.items()}
