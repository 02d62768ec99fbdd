"""Python's collector of reference cycles, kept waiting while a text becomes objects.

What is read from a text and said of it has no cycles, but with every so many new objects the collector looks at all that are there:
for a text of a megabyte up to half of the time. What becomes free meanwhile goes at once all the same, by its count of references.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def uncollected(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, during which no cycles are looked for; where they were not before, nothing changes."""

    @wraps(function)
    def kept_waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return kept_waiting
