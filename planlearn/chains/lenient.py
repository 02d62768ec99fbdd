"""Free text -> the plan in it, and each text that was skipped. Nothing is dropped in silence.

`find_plan` reads what models write: code fences, marks, numbers, bullets, emphasis, prose around the plan, commas,
missing parentheses, states between the actions, and the domain's English (`english`). Its opposite is
`val_bridge.read_plan`, where all of that is an error with its line and column.

A text that is a plan strictly is that plan: of its calls none is dropped and none is read otherwise. Only where one
of them is a fact of the domain, as in a chain, or a remark, "(see above)", the text is read as any other.

How one line is read, `answer_lines` says: with the words and signs around actions of `answer_words` and the names of
the task of `answer_names`. A JSON list of calls, or of objects with "action", is read by `answer_json`. Here the plan
that counts is chosen among what they read; `found` is the result.

Which plan counts. Candidates start at a mark (`[PLAN]`, `<answer>`), at a heading ("Here is the plan:", "Plan:",
"let me start again") and at a code fence behind loose actions; a heading starts none where the numbers of the steps
go on. The last candidate between marks counts, without marks the last one, thoughts (`<think>`) and what stands
below "Explanation:", "... because:" or behind an end mark left aside; behind `[STATEMENT]` another problem begins.
What belongs to another candidate is listed as `DRAFT`, unreadable or not. Text in our own chain format is read by
`read_answer`: its plan section counts whole. No call at all is no plan, never the empty plan; then it may say that there is none
(`no_plan`). Where that is all that the last line says, it takes back what stands above it outside of marks.

Rejected: joining all actions of an answer, as PlanBench's extraction does (a draft and its correction become one
wrong plan); dropping lines that cannot be read, as it does too (a plan is judged that nobody wrote); taking the first
candidate that is valid (it pays for guessing).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from planlearn.chains.answer_json import CHAIN_START, NoChainError, read_json_steps
from planlearn.chains.answer_lines import Actions, Broken, NoAction, PlacedCall, line_reader
from planlearn.chains.answer_words import EXPLAINED, denied, undressed
from planlearn.chains.found import FILE, FoundPlan, Places, ordered_pieces
from planlearn.chains.grammar import CHAIN_HEADER
from planlearn.chains.no_plan import ends_without_plan, says_no_plan
from planlearn.chains.read import plan_header, read_answer, read_calls
from val_bridge import Call, Plan, SourceError, Task, read_plan
from val_bridge.pddl.collecting import uncollected

_SHOWN = 60
_SHORT = 80
_TAIL = 200

# A plan's own marks and a thought's: `[PLAN]`, `[/QUERY_PLAN]`, `<answer>`; PDDL that wraps a plan: "(define (plan".
_MARK = re.compile(
    r"\[[ /_]*+(?:[a-z0-9]++[ _-]++){0,3}?plan(?:[ _-]++[a-z0-9]++){0,2}+[ _]*+\]|\[[ _]*+statement[ _]*+\]"
    r"|</?(?:plan|answer|solution|think|thinking|thoughts?|reasoning|scratchpad)>"
)
_PDDL_MARK = re.compile(
    r"(?:\([\s(]*+(?:define[\s(]++)?:?plan(?:[ _-](?:end|start|begin))?|plan[ _-]end|end[ _-](?:of[ _-])?plan)"
    r"[\s).]*+\Z"
)
_FENCE = re.compile(r"\s*```")
_ENDING = re.compile(r"\[\s*/|(?<![a-z])end(?![a-z])")
_THOUGHT = re.compile(r"</?(?:think|thought|reason|scratch)")
_NUMBER = re.compile(r"(?<![\d.])\d{1,6}")
_COMMENT_TEXT = re.compile(r";[^\n]*")
_BRACKET = re.compile(r"[\[{]")
# Words before JSON are about it from the last of these on.
_JSON_CUT = re.compile(r"[,\[\]{}]")


@dataclass(slots=True)
class _Candidate:
    """A plan in the making. marked: between marks. aside: thoughts and explanations, which never count."""

    marked: bool = False
    aside: bool = False
    fenced: bool = False
    calls: list[PlacedCall] = field(default_factory=list)
    broken: list[tuple[int, int, str]] = field(default_factory=list)
    number: int | None = None

    @property
    def empty(self) -> bool:
        return not self.calls and not self.broken

    @property
    def places(self) -> list[tuple[int, int]]:
        """(start, end) of every call and every line that cannot be read, each once: a JSON string may hold several."""
        return list(dict.fromkeys([call[2:] for call in self.calls] + [line[:2] for line in self.broken]))


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is a mark) of the pieces of each line that are not blank."""
    marks = _MARK.finditer(text)  # none of them goes over a line's end
    mark = next(marks, None)
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        while mark is not None and mark.start() < end:
            if mark.start() > at:
                yield at, mark.start(), False
            yield mark.start(), mark.end(), True
            at = mark.end()
            mark = next(marks, None)
        if at < end:
            yield at, end, False
        at = end + 1


@lru_cache(maxsize=256)
def _meaning(mark: str) -> tuple[bool, bool]:
    """Whether a mark is about thoughts, and whether it ends something."""
    return _THOUGHT.match(mark) is not None, mark.startswith("</") or _ENDING.search(mark) is not None


class _Finder:
    """Walks over the pieces of a text and collects candidates."""

    def __init__(self, text: str, task: Task) -> None:
        self.text = text
        self.plain = undressed(text)
        self.reader = line_reader(task)
        self.current = _Candidate()
        self.candidates = [self.current]
        self.fences = "```" in text
        self.prose: set[str] = set()  # lines that say nothing, wherever they stand: short ones repeat
        self.in_fence = False
        self.pending: bool | None = None  # whether what a heading announced, which has not begun yet, is aside
        self.thinking = False
        self.thought = 0  # all candidates before this one are known to be aside
        self.marks: list[tuple[int, int]] = []
        self.states: list[tuple[int, int]] = []  # of a JSON chain, between its actions
        self.done = 0  # all before this place has been read as JSON
        # How much text may be read as JSON in vain: lists inside lists would be read again and again.
        self.patience = 4 * len(text) if CHAIN_START.search(text) else -1

    def start(self, *, marked: bool = False, aside: bool = False) -> None:
        if not self.current.empty:
            self.current = _Candidate()
            self.candidates.append(self.current)
        self.current.marked, self.current.aside = marked, aside
        self.pending = None

    def walk(self) -> None:
        prose = self.prose
        for start, end, is_mark in _pieces(self.plain):
            if is_mark:
                # Marks side by side are listed as one.
                first = self.marks.pop()[0] if self.marks and self.marks[-1][1] == start else start
                self.marks.append((first, end))
                if self.mark(self.plain[start:end]):
                    return
            elif end > self.done:
                start = max(start, self.done)
                line = self.text[start:end] if end - start < _SHORT else ""
                if line in prose or (self.patience >= 0 and self.chain(start, end)):
                    continue
                says_nothing = self.piece(start, end)
                # Where JSON may begin, it depends on the lines below whether a line is prose.
                if says_nothing and line and (self.patience < 0 or not _BRACKET.search(line)):
                    prose.add(line)

    def chain(self, start: int, end: int) -> bool:
        """Whether a JSON chain, or a JSON list of calls, begins in this piece of a line; then it is read."""
        for opening in islice(_BRACKET.finditer(self.text, start, end), 8):
            at = opening.start()
            before = self.plain[start:at].rstrip()
            about = _JSON_CUT.split(before)[-1]
            says = before[-1:] in ("", ":", "=", ">") or self.reader.lead.fullmatch(before)
            if not says or EXPLAINED.search(about) or denied(about, True):
                return False
            if CHAIN_START.match(self.text, at):
                try:
                    found = read_json_steps(self.text, at, self.reader)
                except NoChainError as error:
                    # Python's error counts lines from the text's beginning on.
                    self.patience -= error.at - at + end - start + at // 64
                    if self.patience < 0:
                        return False
                else:
                    self.piece(start, at)
                    for reading, first, last in found.steps:
                        self.add(reading, first, last, None)
                    self.states += found.states
                    self.done = found.end
                    return True
        return False

    def mark(self, mark: str) -> bool:
        """Whether the answer ends here."""
        if "statement" in mark:
            return any(not candidate.empty for candidate in self.candidates)
        thought, ends = _meaning(mark)
        if thought:
            if ends:
                # Also a thought whose beginning stands in the prompt.
                for candidate in self.candidates[self.thought :]:
                    candidate.aside = True
            self.thinking = not ends
            self.start(aside=self.thinking)
            self.thought = len(self.candidates) - 1 if ends else self.thought
        elif not ends:
            self.start(marked=True, aside=self.thinking)
        elif self.current.empty:
            self.start(aside=self.thinking)
        elif self.current.aside:
            self.start(aside=True)
        else:
            self.current.marked = True
            self.start(aside=True)
        return False

    def piece(self, start: int, end: int) -> bool:
        """Whether it is prose, which says nothing wherever it stands."""
        plain = self.plain
        if self.fences and _FENCE.match(self.text, start, end):
            self.marks.append((start, end))
            self.in_fence = not self.in_fence
            if self.in_fence and not self.current.fenced and not self.current.empty and not self.current.marked:
                self.pending = bool(self.pending)
            return False
        first = self.reader.lead.match(plain, start, end).end()  # type: ignore[union-attr]
        line = plain[first:end].rstrip(" ")
        if not line:
            return True
        end = first + len(line)
        if "plan" in line and _PDDL_MARK.match(line):
            self.marks.append((start, end))
            if "end" in line:
                self.mark("[plan end]")
            return False
        numbers = _NUMBER.findall(plain[start:first]) if first > start else []
        reading = self.reader.read(line, bool(numbers))
        if isinstance(reading, NoAction):
            if reading is not NoAction.PROSE and not (self.current.marked and self.current.empty):
                self.pending = reading is NoAction.EXPLAINS
            return reading is NoAction.PROSE
        self.add(reading, first, end, int(numbers[-1]) if numbers else None)
        return False

    def add(self, reading: Actions | Broken, first: int, end: int, number: int | None) -> None:
        if self.pending is not None:
            here = self.current
            goes_on = number is not None and here.number is not None and number == here.number + 1
            # Between marks headings say nothing: the marks do.
            if not goes_on and not (here.marked or self.thinking):
                self.start(aside=self.pending)
            self.pending = None
        here = self.current
        here.fenced |= self.in_fence
        here.number = number
        if isinstance(reading, Broken):
            here.broken.append((first, end, reading.expected))
        else:
            here.calls += [(name, args, first + a, first + b) for name, args, a, b in reading.calls]

    def chosen(self) -> _Candidate | None:
        full = [candidate for candidate in self.candidates if not candidate.empty and not candidate.aside]
        marked = [candidate for candidate in full if candidate.marked]
        return (marked or full or [None])[-1]  # type: ignore[list-item]


@uncollected
def find_plan(text: str, task: Task) -> FoundPlan:
    """Read an answer leniently; see the module's text for what counts. Never raises on a text."""
    known = _own_format(text, task) or _strict_plan(text, task)
    if known is not None:
        return known
    finder = _Finder(text, task)
    finder.walk()
    chosen = finder.chosen()
    if chosen is None:
        unsolvable = says_no_plan(finder.plain)
    elif unsolvable := not chosen.marked and _taken_back(finder.plain):
        chosen = None
    calls: list[Call] = []
    error = None
    if chosen is not None and chosen.broken:
        first, end, expected = chosen.broken[0]
        found = text[first:end].strip()
        shown = found if len(found) <= _SHOWN else found[: _SHOWN - 3] + "..."
        error = SourceError("plan_syntax", Places(text).span(first, end), expected, f"'{shown}'")
    elif chosen is not None:
        places = Places(text)
        calls = [Call(name=name, arguments=args, span=places.span(a, b)) for name, args, a, b in chosen.calls]
    drafts = [place for candidate in finder.candidates if candidate is not chosen for place in candidate.places]
    return FoundPlan(
        plan=Plan(calls=tuple(calls)) if calls else None,
        error=error,
        text=text,
        pieces=ordered_pieces(chosen.places if chosen is not None else [], drafts, finder.marks, finder.states),
        unsolvable=unsolvable,
    )


def _taken_back(plain: str) -> bool:
    tail = plain.rstrip()[-_TAIL:]
    return ("solvable" in tail or "no " in tail) and ends_without_plan(_MARK.sub(_thought_or_blank, plain))


def _thought_or_blank(mark: re.Match[str]) -> str:
    return mark[0] if _THOUGHT.match(mark[0]) else " "


def _own_format(text: str, task: Task) -> FoundPlan | None:
    """The plan section of a text in our own chain format, as the strict reader has it; None for other texts."""
    header = plan_header(text)
    if header is None:
        return None
    answer = read_answer(text, task)
    if answer.unsolvable:
        return FoundPlan(plan=None, error=None, text=text, pieces=ordered_pieces([], [], [header.span()], []), unsolvable=True)
    claims = answer.chain.claims if answer.chain is not None else ()
    if not text.startswith(CHAIN_HEADER) and all(claim.add is None for claim in claims):
        return None
    calls, error = (answer.plan.calls, None) if answer.plan is not None else read_calls(text, header.end())
    used = [(call.span.start, call.span.end) for call in calls if call.span is not None]
    if error is not None:
        used.append((error.span.start, error.span.end))
    plan = Plan(calls=calls) if error is None else None
    return FoundPlan(plan=plan, error=error, text=text, pieces=ordered_pieces(used, [], [header.span()], []))


def _strict_plan(text: str, task: Task) -> FoundPlan | None:
    """The plan of a text that is a plan strictly; None for other texts, and where facts or remarks stand in it."""
    try:
        plan = read_plan(text, FILE)
    except SourceError:
        return None
    names = line_reader(task).names
    if not plan.keys or not all(names.is_call([name, *arguments]) for name, arguments in set(plan.keys)):
        return None
    used: list[tuple[int, int]] = []
    comments: list[tuple[int, int]] = []
    commented = ";" in text
    for call in plan.calls:
        assert call.span is not None
        at = call.span.start
        for comment in _COMMENT_TEXT.finditer(text, at, call.span.end) if commented else ():
            used.append((at, comment.start()))
            comments.append(comment.span())
            at = comment.end()
        used.append((at, call.span.end))
    return FoundPlan(plan=plan, error=None, text=text, pieces=ordered_pieces(used, [], [], comments))
