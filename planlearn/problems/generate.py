"""The generators by the name of their domain."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from planlearn.problems.blocksworld import BLOCKSWORLD, MYSTERY_BLOCKSWORLD
from planlearn.problems.depots import DEPOTS
from planlearn.problems.domains import unknown_domain
from planlearn.problems.generated import Generator
from planlearn.problems.logistics import LOGISTICS

DOMAINS: Mapping[str, Generator] = MappingProxyType(
    {generator.name: generator for generator in (BLOCKSWORLD, DEPOTS, LOGISTICS, MYSTERY_BLOCKSWORLD)}
)


def get_generator(name: str) -> Generator:
    """The domain's generator. Raises UnknownDomain, which names the nearest known one."""
    if name not in DOMAINS:
        raise unknown_domain(name, DOMAINS)
    return DOMAINS[name]
