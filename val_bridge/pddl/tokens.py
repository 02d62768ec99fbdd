"""Text -> tree of words and groups, with offsets.

Iterative on purpose: deep nesting is never a `RecursionError`. Line and column are
worked out only when somebody asks for a span. Most groups hold words alone, `(on a b)`, and nobody asks where
these stand: the words of such a leaf get their places when somebody does.
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
# Possessive: a '(' without its ')' is looked past once.
_LEAF_OR_TOKEN = re.compile(rf"\([^();]*+\)|{TOKEN.pattern}")
# `str.split` takes these for white space too.
_SEPARATORS = re.compile("[\x1c-\x1f]")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SHOWN = 40
_DEEPEST = 10_000


class Source:
    """A text and its name in messages."""

    __slots__ = ("text", "file", "_lines", "_lowered", "_asked")

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._lines: list[int] | None = None
        self._lowered: str | None = None
        self._asked = False

    @property
    def lowered(self) -> str:
        """The text in lower case, whose words `str.split` tells apart; "" where it does not."""
        if self._lowered is None:
            plain = self.text.isascii() and not _SEPARATORS.search(self.text)
            self._lowered = self.text.lower() if plain else ""
        return self._lowered

    def span(self, start: int, end: int) -> Span:
        if not self._asked:
            # Of most texts one place is asked for, that of an error: the others are not worth a list of all lines.
            self._asked = True
            first = self.text.rfind("\n", 0, start) + 1
            return Span(self.file, self.text.count("\n", 0, start) + 1, start - first + 1, start, end)
        if self._lines is None:
            self._lines = list(accumulate([len(line) + 1 for line in self.text.split("\n")], initial=0))
        line = bisect_right(self._lines, start)
        # A NamedTuple's own constructor is twice as slow.
        return tuple.__new__(Span, (self.file, line, start - self._lines[line - 1] + 1, start, end))

    def quote(self, start: int, end: int) -> str:
        """The text of a place as messages show it: one line, quoted, shortened."""
        text = self.text[start:end]
        return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


class Word(NamedTuple):
    """A token that is not a parenthesis; `text` is in lower case, but for a token that is not ASCII."""

    text: str
    start: int
    end: int


def _lower(word: str) -> str:
    # Some other letters have an ASCII one as their lower case, the Kelvin sign k.
    return word.lower() if word.isascii() else word


class Group:
    """`( ... )`; `end` is the offset after the closing parenthesis, `head` the first item if it is a word, else ""."""

    __slots__ = ("items", "start", "end", "head")

    items: list[Word | Group]

    def __init__(self, items: list[Word | Group], start: int, end: int) -> None:
        self.items = items
        self.start = start
        self.end = end
        self.head = self.text_at(0)

    def text_at(self, index: int) -> str:
        """The text of an item if it is a word, else ""."""
        item = self.items[index] if index < len(self.items) else None
        return item.text if isinstance(item, Word) else ""

    @property
    def size(self) -> int:
        return len(self.items)


class Leaf(Group):
    """A group of words alone. `words` are their texts."""

    __slots__ = ("source", "words", "_items")

    def __init__(self, source: Source, start: int, end: int, words: list[str]) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.words = words
        self.head = words[0] if words else ""
        self._items: list[Word | Group] | None = None

    @property
    def items(self) -> list[Word | Group]:  # type: ignore[override]
        if self._items is None:
            places = TOKEN.finditer(self.source.text, self.start + 1, self.end - 1)
            self._items = [Word(word, *place.span()) for word, place in zip(self.words, places, strict=True)]
        return self._items

    def text_at(self, index: int) -> str:
        words = self.words
        return words[index] if index < len(words) else ""

    @property
    def size(self) -> int:
        return len(self.words)


Node = Word | Group


def read_tree(source: Source, kind: SourceErrorKind) -> Group:
    """The single `( ... )` that the text consists of.

    Raises SourceError of `kind` for unbalanced parentheses, an empty text and anything outside the group.
    """
    open_groups: list[tuple[int, list[Node]]] = []
    items: list[Node] = []
    lowered = source.lowered
    text = lowered or source.text
    # A NamedTuple's own constructor is twice as slow, and this loop sees many tokens.
    make = tuple.__new__
    for match in _LEAF_OR_TOKEN.finditer(text):
        token = match[0]
        if token[0] == "(":
            if not open_groups and items:
                break
            if len(open_groups) == _DEEPEST:
                raise SourceError(
                    kind, source.span(match.start(), match.start() + 1), f"at most {_DEEPEST} nested '('", "one more"
                )
            if len(token) > 1:
                inner = token[1:-1]
                words = inner.split() if lowered else [_lower(word) for word in TOKEN.findall(inner)]
                items.append(Leaf(source, *match.span(), words))
                continue
            open_groups.append((match.start(), items))
            items = []
        elif token == ")" and open_groups:
            start, outer = open_groups.pop()
            outer.append(Group(items, start, match.end()))
            items = outer
        elif token[0] == ";":
            continue
        elif open_groups:
            items.append(make(Word, (token if lowered else _lower(token), *match.span())))
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
    start, end = match.span()
    # Of a whole group that stands where none may, its parenthesis is told.
    end = start + 1 if token[0] == "(" else end
    raise SourceError(kind, source.span(start, end), expected, source.quote(start, end))
