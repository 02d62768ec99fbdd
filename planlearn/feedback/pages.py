"""One page for each kind of fault and of error in a file: what it means, why it fails, the smallest example, what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from planlearn.errors import PlanlearnError
from val_bridge import FaultKind, SourceErrorKind, nearest

PAGES = Path(__file__).parent / "pages"
KINDS: tuple[str, ...] = tuple(dict.fromkeys((*map(str, FaultKind), *get_args(SourceErrorKind))))
"""Of plans and chains, then of domains and problems."""


class UnknownFaultKind(PlanlearnError, LookupError):
    """No fault of that name."""


def page_text(kind: str) -> str:
    """The page of a kind, in Markdown. Raises UnknownFaultKind."""
    if kind not in KINDS:
        hint = nearest(kind, KINDS)
        question = f"; did you mean {hint!r}?" if hint else ""
        raise UnknownFaultKind(f"no kind of fault is called {kind!r}: there are {', '.join(KINDS)}{question}")
    return (PAGES / f"{kind}.md").read_text(encoding="utf-8")


def summary(kind: str) -> str:
    """The page's one-sentence summary. Raises UnknownFaultKind."""
    return page_text(kind).split("\n")[2]
