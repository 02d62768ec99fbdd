"""What was found in an answer: its plan or the error in it, and each text that was skipped with the reason.

Places are offsets while an answer is read; they become spans here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from val_bridge import Plan, SourceError, Span
from val_bridge.pddl.collecting import uncollected

FILE = "answer"
"""What a span in an answer names as its file."""

_LETTER = re.compile(r"[^\W_]")


class SkipReason(StrEnum):
    """Why a text is no part of the plan."""

    MARK = "mark"
    """A fence, a plan's mark, or the number and bullet before an action."""
    PROSE = "prose"
    REMARK = "remark"
    """What stands behind an action on its line; in a chain, what the step claims."""
    DRAFT = "draft"
    """An action, or what looks like one, outside the plan that counts."""


Piece = tuple[int, int, SkipReason | None]
"""(start, end, reason) of a part of an answer; the reason of the plan's own calls is None."""
Pieces = tuple[Piece, ...]


class Skipped(NamedTuple):
    """A text that is no part of the plan, without the blanks around it. A tuple, because answers have many."""

    text: str
    reason: SkipReason
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlan:
    """The plan of an answer. Without plan and error there is none in it.

    error: the first line of the plan that cannot be read, with its place; then `plan` is None. text: the answer.
    pieces: what was told apart in it, in order. unsolvable: it says that there is no plan; then there is neither plan nor error.
    """

    plan: Plan | None
    error: SourceError | None
    text: str = field(repr=False)
    pieces: Pieces = field(repr=False)
    unsolvable: bool = False

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Every text with a letter or digit that is no part of the plan, in order; worked out when asked for."""
        return _skipped(self.text, self.pieces)

    @property
    def no_plan(self) -> bool:
        return self.plan is None and self.error is None


class Places:
    """Offsets of a text, asked for in order, as spans."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line, self.begin, self.next = 1, 0, text.find("\n")

    def span(self, start: int, end: int) -> Span:
        while 0 <= self.next < start:
            self.line += 1
            self.begin = self.next + 1
            self.next = self.text.find("\n", self.begin)
        return Span(file=FILE, line=self.line, column=start - self.begin + 1, start=start, end=end)


def ordered_pieces(
    used: list[tuple[int, int]], drafts: list[tuple[int, int]], marks: list[tuple[int, int]],
    remarks: list[tuple[int, int]],
) -> Pieces:
    """The pieces of an answer from the places of each kind; `used` are the plan's own."""
    pieces: list[Piece] = [(a, b, None) for a, b in used]
    pieces += [(a, b, SkipReason.DRAFT) for a, b in drafts]
    pieces += [(a, b, SkipReason.MARK) for a, b in marks]
    pieces += [(a, b, SkipReason.REMARK) for a, b in remarks]
    return tuple(sorted(pieces, key=itemgetter(0)))


@uncollected
def _skipped(text: str, pieces: Pieces) -> tuple[Skipped, ...]:
    """All that is not used, line by line, with its reason."""
    out: list[Skipped] = []
    number, begin = 0, 0  # of the line
    # A NamedTuple's own constructor is twice as slow.
    make = tuple.__new__

    def gap(start: int, end: int, reason: SkipReason) -> None:
        part = text[start:end]
        if _LETTER.search(part):
            inner = part.strip()
            first = start if inner == part else start + part.index(inner)
            # A piece may go on to lines below.
            span = make(Span, (FILE, number, first - begin + 1, first, first + len(inner)))
            out.append(make(Skipped, (inner, reason, span)))

    index = done = 0
    following = pieces[0][0] if pieces else len(text)
    for number, line in enumerate(text.split("\n"), 1):
        end = begin + len(line)
        if following >= end and done <= begin:
            if line:
                gap(begin, end, SkipReason.PROSE)
        else:
            # A call may have begun on a line before.
            at = max(begin, done)
            behind = at > begin
            while following < end:
                start, stop, reason = pieces[index]
                if at < start:
                    gap(at, start, SkipReason.REMARK if behind else SkipReason.MARK)
                if reason is not None:
                    gap(start, stop, reason)
                at, behind = stop, behind or reason is not SkipReason.MARK
                done = stop
                index += 1
                following = pieces[index][0] if index < len(pieces) else len(text)
            if at < end:
                gap(at, end, SkipReason.REMARK if behind else SkipReason.PROSE)
        begin = end + 1
    return tuple(out)
