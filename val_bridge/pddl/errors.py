"""The one exception of this room: a text that cannot be read, with its place and what was expected there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, get_args

from val_bridge.pddl.span import Span

SourceErrorKind = Literal[
    "domain_syntax",
    "domain_semantic",
    "problem_syntax",
    "problem_semantic",
    "plan_syntax",
    "unsupported_feature",
]
_LONGEST = 100
_MOST = 2000
_KINDS = frozenset(get_args(SourceErrorKind))


class SourceError(ValueError):
    """A broken domain, problem or plan text.

    `str(error)` is one line: `p03.pddl:14:9: expected a block, found 'truck1' (a truck, declared at 4:18)`.
    `hint` is the nearest declared name, or "".
    """

    def __init__(self, kind: SourceErrorKind, span: Span, expected: str, found: str, hint: str = "") -> None:
        if kind not in _KINDS:
            raise ValueError(f"unknown kind of source error: {kind!r}")
        # All arguments go to ValueError, so that the error survives pickling between processes.
        super().__init__(kind, span, expected, found, hint)
        self.kind = kind
        self.span = span
        self.expected = expected
        self.found = found
        self.hint = hint

    @property
    def file(self) -> str:
        return self.span.file

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def column(self) -> int:
        return self.span.column

    def __str__(self) -> str:
        question = f"; did you mean '{self.hint}'?" if self.hint else ""
        return f"{self.span}: expected {self.expected}, found {self.found}{question}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The name most like `name`, or "" if none is close. Ties go to the last in alphabetical order."""
    known = tuple(names)
    # Comparing is slow; a hint is worth milliseconds, not seconds.
    if len(name) > _LONGEST or len(known) > _MOST:
        return ""
    return _nearest(name, known)


@lru_cache(maxsize=256)
def _nearest(name: str, known: tuple[str, ...]) -> str:
    """Kept, since a long text repeats its mistakes."""
    close = get_close_matches(name, known, n=1)
    return close[0] if close else ""
