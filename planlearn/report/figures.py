"""Tables and charts of a report as JSON, drawn by the page.

    SECTION = {"title", "text": "...", "tables": [TABLE, ...], "charts": [CHART, ...], "notes": ["...", ...]}
    TABLE = {"title", "columns": ["arm", ...], "rows": [{"control": false, "cells": [CELL, ...]}, ...]}
    CELL  = "text" or {"value", "low", "high", "n"}, a share in [0, 1] with its interval
    CHART = {"title", "kind": "line" | "dots" | "bars", "x": "round", "y": "plan validity", "percent": true, "categories": ["4", ...],
             "series": [{"name", "points": [[x, y] or [x, y, low, high], ...]}]}

"line": x is a number. "dots" and "bars": x counts the categories from 0; bars are counts, dots have intervals. NaN and infinity, which JSON lacks, are
left out wherever a record has them.
"""

from __future__ import annotations

import math
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
    """A cell of a share in [0, 1]; a dash where nothing was counted. Raises KeyError, TypeError for what is no share."""
    if found is None:
        return "-"
    cell = {key: found[key] for key in ("value", "low", "high", "n")}
    return cell if _are_numbers(cell.values()) else "-"


def _are_numbers(values: Iterable[Any]) -> bool:
    """Raises TypeError for what is of another kind."""
    return all([math.isfinite(one) for one in values])


def per_cent(found: float | None) -> str:
    return "-" if found is None else f"{100 * found:.1f} %"


def point(x: float, found: Share) -> list[list[float]]:
    """The point of a share, or none where nothing was counted."""
    return [] if found is None else [[x, found["value"], found["low"], found["high"]]]


def chart(
    kind: Literal["line", "dots", "bars"], title: str, *, x: str, y: str, series: Series, percent: bool = False, categories: Sequence[str] = ()
) -> Json | None:
    """None without a point. Raises TypeError for a point that is not of numbers."""
    kept = {name: [list(one) for one in points if _are_numbers(one)] for name, points in series.items()}
    drawn = [{"name": name, "points": points} for name, points in kept.items() if points]
    if not drawn:
        return None
    return {"title": title, "kind": kind, "x": x, "y": y, "percent": percent, "categories": list(categories), "series": drawn}
