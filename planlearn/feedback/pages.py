"""One page for each kind of fault: what it means, why it fails, the smallest example, what the feedback says."""

from __future__ import annotations

from pathlib import Path

from planlearn.errors import PlanlearnError
from val_bridge import FaultKind, nearest

PAGES = Path(__file__).parent / "pages"


class UnknownFaultKind(PlanlearnError, LookupError):
    """No fault of that name."""


def page_text(kind: str) -> str:
    """The page of a kind, in Markdown. Raises UnknownFaultKind."""
    kinds = [known.value for known in FaultKind]
    if kind not in kinds:
        hint = nearest(kind, kinds)
        question = f"; did you mean {hint!r}?" if hint else ""
        raise UnknownFaultKind(f"no kind of fault is called {kind!r}: there are {', '.join(kinds)}{question}")
    return (PAGES / f"{kind}.md").read_text(encoding="utf-8")


def summary(kind: str) -> str:
    """The page's one-sentence summary. Raises UnknownFaultKind."""
    return page_text(kind).split("\n")[2]
