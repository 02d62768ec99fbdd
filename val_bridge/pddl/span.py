"""Places in a source text."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A piece of a text: `line` and `column` count from 1, `start` and `end` are offsets from 0.

    A tuple, because every call of a plan has one.
    """

    file: str
    line: int
    column: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def caret(self, text: str) -> str:
        """Two lines: the line of `text` that holds this span, and carets under it."""
        first = self.start - (self.column - 1)
        last = text.find("\n", first)
        line = text[first : last if last >= 0 else len(text)].rstrip("\r")
        # Tabs stay tabs, so that the carets stand below the right characters at any tab width.
        indent = "".join("\t" if c == "\t" else " " for c in line[: self.column - 1])
        width = min(self.end, first + len(line)) - self.start
        return f"{line}\n{indent}{'^' * max(1, width)}"
