"""Towers of blocks as text, drawn by the domain's picture (`planlearn.report.pictures`):

    [red ]
    [blue]  [green]  hand: empty
    ===============
"""

from __future__ import annotations

from collections.abc import Iterable

from planlearn.report.playback import Json
from val_bridge.check.visible import visible


def draws_towers(picture: Json | None) -> bool:
    """Whether all that a picture shows is blocks on each other, on a table and in a hand."""
    if picture is None or [look["shape"] for look in picture["objects"]] != ["block"]:
        return False
    shapes = sorted(area["shape"] for area in picture["areas"])
    rules = picture["rules"].values()
    return shapes == ["hand", "table"] and all(rule["kind"] != "in" or isinstance(rule["target"], str) for rule in rules)


def towers(picture: Json, objects: Iterable[str], facts: Iterable[str]) -> list[str]:
    """The lines, the highest blocks first, towers in the order of the objects at their feet. facts: a state's, `(on red blue)`."""
    above: dict[str, str] = {}
    inside: dict[str, set[str]] = {area["shape"]: set() for area in picture["areas"]}
    shape = {area["name"]: area["shape"] for area in picture["areas"]}
    label = {area["shape"]: area["label"] for area in picture["areas"]}
    for fact in facts:
        name, *arguments = fact[1:-1].split()
        rule = picture["rules"].get(name)
        if rule is not None and rule["kind"] == "above":
            above[arguments[rule["target"]]] = arguments[rule["subject"]]
        elif rule is not None and rule["kind"] == "in":
            inside[shape[rule["target"]]].add(arguments[rule["subject"]])
    columns = []
    for foot in objects:
        if foot in inside["table"]:
            column = [foot]
            while (top := above.get(column[-1])) is not None and top not in column:
                column.append(top)
            columns.append([visible(block) for block in column])
    widths = [max(map(len, column)) for column in columns]
    lines = [] if columns else [" " * 4]
    for level in reversed(range(max(map(len, columns), default=0))):
        cells = [
            f"[{column[level]:{width}}]" if level < len(column) else " " * (width + 2) for column, width in zip(columns, widths, strict=True)
        ]
        lines.append("  ".join(cells))
    wide = max(map(len, lines))
    held = " ".join(sorted(map(visible, inside["hand"])))
    lines[-1] = f"{lines[-1]:{wide}}  {label['hand']}: {f'[{held}]' if held else 'empty'}"
    return [*(line.rstrip() for line in lines), "=" * wide]
