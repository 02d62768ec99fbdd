"""Tables and charts of a report as JSON, drawn by the page.

    SECTION = {"title", "text": "...", "tables": [TABLE, ...], "charts": [CHART, ...], "notes": ["...", ...]}
    TABLE = {"title", "columns": ["arm", ...], "rows": [{"control": false, "cells": [CELL, ...]}, ...]}
    CELL  = "text" or {"value", "low", "high", "n"}, a share in [0, 1] with its interval
    CHART = {"title", "kind": "line" | "dots" | "bars", "x": "round", "y": "plan validity", "percent": true, "categories": ["4", ...],
             "series": [{"name", "points": [[x, y] or [x, y, low, high], ...]}]}

"line": x is a number. "dots" and "bars": x counts the categories from 0; bars are counts, dots have intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

Json = dict[str, Any]
Share = Mapping[str, Any] | None
Series = Mapping[str, Sequence[Sequence[float]]]


def section(
    title: str, *, text: str = "", tables: Iterable[Json] = (), charts: Iterable[Json | None] = (), notes: Iterable[str] = ()
) -> Json:
    """Charts that are None, for want of points, are left out."""
    return {
        "title": title, "text": text, "tables": list(tables), "charts": [one for one in charts if one is not None], "notes": list(notes),
    }  # fmt: skip


def table(title: str, columns: Sequence[str], rows: Iterable[tuple[bool, Sequence[Any]]]) -> Json:
    """rows: (whether it is a control's, its cells)."""
    return {"title": title, "columns": list(columns), "rows": [{"control": control, "cells": list(cells)} for control, cells in rows]}


def share(found: Share) -> Json | str:
    """A cell of a share in [0, 1]; a dash where nothing was counted."""
    return {key: found[key] for key in ("value", "low", "high", "n")} if found is not None else "-"


def per_cent(found: float | None) -> str:
    return "-" if found is None else f"{100 * found:.1f} %"


def point(x: float, found: Share) -> list[list[float]]:
    """The point of a share, or none where nothing was counted."""
    return [] if found is None else [[x, found["value"], found["low"], found["high"]]]


def chart(
    kind: Literal["line", "dots", "bars"], title: str, *, x: str, y: str, series: Series, percent: bool = False, categories: Sequence[str] = ()
) -> Json | None:
    """None without a point."""
    drawn = [{"name": name, "points": [list(one) for one in points]} for name, points in series.items() if points]
    if not drawn:
        return None
    return {"title": title, "kind": kind, "x": x, "y": y, "percent": percent, "categories": list(categories), "series": drawn}
