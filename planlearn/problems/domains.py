"""The domains that planlearn carries: their PDDL and their English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from functools import cache
from pathlib import Path

from planlearn.errors import UnknownDomain
from planlearn.resources import resource_path
from val_bridge import Domain, nearest, read_domain


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainWords:
    """A domain in English: patterns by name of action or predicate; {0}, {1}, ... stand for the arguments.

    domain: the name in the PDDL file. answers: how answers word the same, for readers alone (see
    `planlearn.chains.english`): under "actions" further patterns by action, under "objects" what is written by the
    name, or names, that it stands for.
    """

    domain: str
    title: str
    idea: str
    actions: Mapping[str, str]
    predicates: Mapping[str, str]
    answers: Mapping[str, Mapping[str, str | list[str]]] = field(default_factory=lambda: MappingProxyType({}))


def domain_names() -> tuple[str, ...]:
    """The names of the folders in `domains/`, sorted."""
    return tuple(sorted(path.parent.name for path in resource_path("domains").glob("*/domain.pddl")))


def domain_path(name: str) -> Path:
    """The domain's folder. Raises UnknownDomain."""
    known = domain_names()
    if name not in known:
        raise unknown_domain(name, known)
    return resource_path("domains", name)


@cache
def domain_text(name: str) -> str:
    """The domain as PDDL. Raises UnknownDomain."""
    return (domain_path(name) / "domain.pddl").read_text(encoding="utf-8")


@cache
def load_named_domain(name: str) -> Domain:
    """The domain, read once. Raises UnknownDomain."""
    return read_domain(domain_text(name), f"{name}/domain.pddl")


def domain_words(name: str) -> DomainWords:
    """The domain's sentence patterns. Raises UnknownDomain."""
    import yaml  # 20 ms that only readers of English pay

    return DomainWords(**yaml.safe_load((domain_path(name) / "words.yaml").read_text(encoding="utf-8")))


def unknown_domain(name: str, known: Iterable[str]) -> UnknownDomain:
    """The error that names the nearest known domain, and all of them where none is near."""
    names = sorted(known)
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"known are {', '.join(names)}"
    return UnknownDomain(f"no domain {name!r}; {hint}")
