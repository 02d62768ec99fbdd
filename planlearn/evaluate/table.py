"""Plain, aligned text tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A header, a rule and a line a row, columns two spaces apart, numbers to the right; None is shown as
    "-".

    Raises ValueError for a row that is not as long as the header.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"expected {len(header)} cells, found {len(row)}: {list(row)}")
    columns = []
    for at, name in enumerate(header):
        cells = [name, *(_cell(row[at]) for row in rows)]
        width = max(map(len, cells))
        pad = str.rjust if rows and all(_is_number(row[at]) for row in rows) else str.ljust
        columns.append([pad(name, width), "-" * width, *(pad(cell, width) for cell in cells[1:])])
    return "".join("  ".join(line).rstrip() + "\n" for line in zip(*columns, strict=True))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, (int, float))
