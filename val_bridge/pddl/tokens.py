"""Text -> tree of words and groups, with offsets.

Iterative on purpose: deep nesting is never a `RecursionError`. Line and column are
worked out only when somebody asks for a span.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from val_bridge.pddl.errors import SourceError, SourceErrorKind
from val_bridge.pddl.span import Span

# ASCII white space only: any other space becomes part of a word, which is then refused with its place.
TOKEN = re.compile(r"[()]|;[^\n]*|[^ \t\r\n\f\v();]+")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SHOWN = 40
_DEEPEST = 10_000


class Source:
    """A text and its name in messages."""

    __slots__ = ("text", "file", "_lines")

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._lines: list[int] | None = None

    def span(self, start: int, end: int) -> Span:
        if self._lines is None:
            self._lines = list(accumulate([len(line) + 1 for line in self.text.split("\n")], initial=0))
        line = bisect_right(self._lines, start)
        return Span(self.file, line, start - self._lines[line - 1] + 1, start, end)

    def quote(self, start: int, end: int) -> str:
        """The text of a place as messages show it: one line, quoted, shortened."""
        text = self.text[start:end]
        return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


class Word(NamedTuple):
    """A token that is not a parenthesis; `text` is in lower case, but for a token that is not ASCII."""

    text: str
    start: int
    end: int


class Group(NamedTuple):
    """`( ... )`; `end` is the offset after the closing parenthesis."""

    items: list[Word | Group]
    start: int
    end: int

    @property
    def head(self) -> str:
        """The first item if it is a word, else ""."""
        first = self.items[0] if self.items else None
        return first.text if isinstance(first, Word) else ""


Node = Word | Group


def read_tree(source: Source, kind: SourceErrorKind) -> Group:
    """The single `( ... )` that the text consists of.

    Raises SourceError of `kind` for unbalanced parentheses, an empty text and anything outside the group.
    """
    open_groups: list[tuple[int, list[Node]]] = []
    items: list[Node] = []
    text = source.text
    # A NamedTuple's own constructor is twice as slow, and this loop sees every token.
    make = tuple.__new__
    for match in TOKEN.finditer(text):
        token = match[0]
        if token == "(":
            if not open_groups and items:
                break
            if len(open_groups) == _DEEPEST:
                raise SourceError(
                    kind, source.span(*match.span()), f"at most {_DEEPEST} nested '('", "one more"
                )
            open_groups.append((match.start(), items))
            items = []
        elif token == ")" and open_groups:
            start, outer = open_groups.pop()
            outer.append(make(Group, (items, start, match.end())))
            items = outer
        elif token[0] == ";":
            continue
        elif open_groups:
            # Some other letters have an ASCII one as their lower case, the Kelvin sign k.
            word = token.lower() if token.isascii() else token
            items.append(make(Word, (word, match.start(), match.end())))
        else:
            break
    else:
        if open_groups:
            innermost = source.span(open_groups[-1][0], open_groups[-1][0] + 1)
            raise SourceError(
                kind,
                source.span(len(text), len(text)),
                f"')' for the '(' at {innermost.line}:{innermost.column}",
                "the end of the text",
            )
        if items and isinstance(items[0], Group):
            return items[0]
        raise SourceError(kind, source.span(len(text), len(text)), "'(define ...)'", "the end of the text")
    expected = "nothing after the last ')'" if items else "'(define ...)'"
    raise SourceError(kind, source.span(*match.span()), expected, source.quote(*match.span()))
