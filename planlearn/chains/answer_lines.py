"""How one line of an answer is read: as actions, as something that begins so and cannot be read, or as none.

Inside parentheses stands PDDL: every word is a name as written, and what the domain lacks is an unknown action or
object for the checker to find; facts and remarks in parentheses are prose. Without them a line is an action if it
begins with an action's name (`pick-up`, `pick up`) or with the first words of a sentence. Before it may stand a
number, a letter or a label; words that negate it or suppose it make the line prose. Behind it may stand another action
or a remark; a remark in which a further action hides is none. A line that begins so and cannot be read makes the plan
unreadable, and so does an action's name that is misspelt before an object or glued to one (`stack_a_b`). Everything
else is prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from planlearn.chains.answer_names import FILLER, GROUP, WHOLE_NAME, WORD, TaskNames, squeezed
from planlearn.chains.answer_words import (
    ANNOUNCEMENT,
    BARE_HEADING,
    CHAIN_CLAIM,
    CLOSE,
    COMMENT,
    EXPLAINED,
    JOIN,
    LABEL_OF_CALL,
    NEGATED,
    NO_STEPS,
    OUTER_PARENTHESES,
    PLAN_ANNOUNCED,
    REMARK,
    REMARK_BEHIND_GROUP,
    REMARK_BEHIND_STEP,
    RESTART,
    STEPS_ANNOUNCED,
    denied,
    lead_pattern,
)
from val_bridge import BindError, Call, Task

_NOTHING_MORE = "nothing behind the action, another action, or a remark"
_APART = "blanks between the action's name and its objects"

PlacedCall = tuple[str, tuple[str, ...], int, int]
"""(name, arguments, start, end)."""


# Three ways to read a line; the offsets in them count from its start.


@dataclass(frozen=True, slots=True)
class Actions:
    calls: tuple[PlacedCall, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """It begins as an action and cannot be read; `expected` is what would have been readable."""

    expected: str


class NoAction(StrEnum):
    """What a line without an action says of the lines below it."""

    PROSE = "prose"
    ANNOUNCES = "announces"
    EXPLAINS = "explains"


Reading = Actions | Broken | NoAction


def _heading(s: str) -> NoAction:
    """What a line says in which no action was found."""
    text = s.rstrip(" #_:=-.")
    if s.rstrip(" _").endswith(":"):
        if EXPLAINED.search(text):
            return NoAction.EXPLAINS
        if PLAN_ANNOUNCED.search(text):
            return NoAction.ANNOUNCES
    if BARE_HEADING.match(text) or RESTART.search(text):
        return NoAction.ANNOUNCES
    return NoAction.PROSE


class LineReader:
    """Reads lines for one task."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.names = TaskNames(task)
        self.grammar = self.names.grammar
        self.lead = lead_pattern(self.names.arity)
        self.known: dict[tuple[str, bool], Reading] = {}

    def read(self, line: str, numbered: bool = False) -> Reading:
        """A line without its lead, in which a number stood or not. Lines repeat, so short ones are kept."""
        reading = self.known.get((line, numbered))
        if reading is None:
            reading = self._read(line, numbered)
            if len(line) < 200:
                self.known[line, numbered] = reading
        return reading

    def _read(self, s: str, numbered: bool) -> Reading:
        if s.startswith(";") or s.startswith("//"):
            return NoAction.PROSE
        begin = self.grammar.begin
        outer = OUTER_PARENTHESES.match(s)
        first = outer.end() - 1 if outer else 0
        joined = JOIN.match(s).end()  # type: ignore[union-attr]
        for start in (first, joined):
            if begin.match(s, start):
                return self._actions(s, start)
        if reading := self._labelled(s) or self._unknown_action(s, first, numbered):
            return reading
        if self.names.glued(s, first) or self.names.glued(s, joined):
            return Broken(_APART)
        return _heading(s)

    def _labelled(self, s: str) -> Reading | None:
        """The actions behind words that announce them: "The plan is: pick up ...", "We do (pick-up b)", "hand: (...)"."""
        if label := ANNOUNCEMENT.match(s):
            start = self.lead.match(s, label.end()).end()  # type: ignore[union-attr]
            about, colon = label[0], label[0].endswith(":")
            says = STEPS_ANNOUNCED.search(about) and not EXPLAINED.search(about) and not NO_STEPS.search(about)
            if says and not denied(about, colon):
                if colon and self.names.glued(s, start):
                    return Broken(_APART)
                reading = self._actions(s, start) if self.grammar.begin.match(s, start) else None
                if isinstance(reading, Actions):
                    asks = not colon and s[reading.calls[-1][3] :].lstrip().startswith("?")
                    return None if asks else reading
                if reading is not None and colon:
                    return reading
        if tag := LABEL_OF_CALL.match(s):
            # In PDDL a state holds no action, so "State 1: (pick-up b)" says what is done in it.
            about = tag[0].replace("state", "")
            if not (EXPLAINED.search(about) or NO_STEPS.search(about) or denied(about, True)):
                reading = self._actions(s, tag.end()) if self.names.known_call(s, tag.end()) else None
                if isinstance(reading, Actions):
                    return reading
        return None

    def _unknown_action(self, s: str, start: int, numbered: bool) -> Reading | None:
        """A line that is shaped as an action but for its name: `(fly a b)`, `fly(a, b)`, `fly a b`, `stak the red block ...`.

        Behind a number a remark may follow it: of a numbered step nothing is dropped.
        """
        if s.startswith("(", start):
            return self._unknown_groups(s, start, numbered)
        first = WORD.match(s)
        if first is None:
            return None
        if (group := GROUP.match(s, first.end())) and group[2]:  # fly(a, b)
            words = [first[1], *group[1].replace(",", " ").split()]
            if self.names.call_shaped(words) and self._may_follow(s, group.end(), numbered):
                return Actions(((words[0], tuple(words[1:]), first.start(1), group.end()),))
        text = s[: first.end() + 200]
        if numbered and (remark := REMARK_BEHIND_STEP.search(text)):
            text = text[: remark.start()]
        text = text.rstrip(" .,;:!)]}|")
        words = text.replace(",", " ").split()
        if len(words) > 1 and self.names.call_shaped(words):
            return Actions(((words[0], tuple(words[1:]), first.start(1), len(text)),))
        near = self.names.near(first[1])
        if near is not None:
            second = WORD.match(s, first.end())
            end = second.end() if second and self.names.nearly_second(second[1]) else first.end()
            if self.names.acts_on(s, end):
                return Broken(f"an action of the domain, such as '{near}'")
        return None

    def _may_follow(self, s: str, end: int, numbered: bool) -> bool:
        """Whether what stands behind a call of an action that the domain lacks says nothing."""
        if CLOSE.match(s, end) or COMMENT.match(s, end):
            return True
        clear = REMARK_BEHIND_GROUP.match(s, end) or (numbered and REMARK_BEHIND_STEP.match(s, end))
        return bool(clear) and not any(self.names.acts_on(s, found.end()) for found in self.grammar.inside.finditer(s, end))

    def _unknown_groups(self, s: str, at: int, numbered: bool) -> Reading | None:
        """The calls of a line whose first group is none of the domain's actions: `(fly a b)`, `(holding a) (stack a b)`."""
        calls: list[PlacedCall] = []
        first = at
        while group := GROUP.match(s, at):
            words = group[1].replace(",", " ").split()
            if at > first and group[2] and self.names.is_known_call(words):
                rest = self._actions(s, at)
                if isinstance(rest, Actions):
                    return Actions((*calls, *rest.calls))
                return rest if calls else None
            shaped = self.names.call_shaped(words)
            if at == first and not shaped:
                found = self.grammar.inside.search(group[1])
                if found and not FILLER.intersection(words) and self.names.acts_on(group[1], found.end()):
                    return Broken("'(action object ...)'")
            if shaped or (group[2] and self.names.is_call(words)):
                calls.append((words[0], tuple(words[1:]), at, group.end()))
            elif at == first and NEGATED.search(group[1]):
                return None
            end = group.end()
            begins_so = calls and calls[0][2] == first
            if self._may_follow(s, end, numbered):
                return Actions(tuple(calls)) if begins_so else None
            if begins_so and numbered and REMARK_BEHIND_STEP.match(s, end):
                return Broken(_NOTHING_MORE)
            at = JOIN.match(s, end).end()  # type: ignore[union-attr]
        return None

    # Actions, one behind the other

    def _actions(self, s: str, start: int) -> Reading:
        calls: list[PlacedCall] = []
        while True:
            call = self._call(s, start)
            if isinstance(call, str):
                return Broken(call)
            calls.append(call)
            end = call[3]
            if CLOSE.match(s, end):
                return Actions(tuple(calls))
            if s[end - 1] == ")" and COMMENT.match(s, end):
                return Actions(tuple(calls))
            start = self._next_action(s, end)
            if start is None:
                if self._is_remark(s, end):
                    return Actions(tuple(calls))
                return Broken(_NOTHING_MORE)

    def _next_action(self, s: str, end: int) -> int | None:
        """Where the next action begins, if one follows."""
        start = JOIN.match(s, end).end()  # type: ignore[union-attr]
        if start == end and not s.startswith("(", end):
            return None
        # A gloss, "(pick up the red block)", is no second action; PDDL in parentheses is one.
        begun = self.grammar.begin.match(s, start)
        if begun is None or (s.startswith("(", start) and s[end - 1] != ")"):
            return None
        return start

    def _is_remark(self, s: str, end: int) -> bool:
        """Whether a text behind an action says nothing that could be an action."""
        if CHAIN_CLAIM.match(s, end):
            return True
        if not REMARK.match(s, end):
            return False
        if any(self.names.acts_on(s, found.end()) for found in self.grammar.inside.finditer(s, end)):
            return False
        glued = (found for found in self.grammar.glued_inside.finditer(s, end) if found[0] not in self.names.objects)
        return not any(self.names.objects.intersection(re.split(r"[_-]++", found[1])) for found in glued)

    def _call(self, s: str, start: int) -> PlacedCall | str:
        """The call at `start`, or what was expected there."""
        if s.startswith("(", start):
            return self._group(s, start)
        head = self.grammar.head.match(s, start)
        if head is None:
            return self._sentence(s, start) or self._expected_sentence(s, start)
        name = self.grammar.by_name[squeezed(head[1])]
        if group := GROUP.match(s, head.end()):  # stack(a, b)
            words = group[1].replace(",", " ").split()
            if group[2] and words and all(map(WHOLE_NAME.fullmatch, words)) and not FILLER.intersection(words):
                return name, tuple(words), start, group.end()
        arguments: list[str] = []
        end = head.end()
        while (word := WORD.match(s, end)) and word[1] in self.names.objects and len(arguments) < 100:
            arguments.append(word[1])
            end = word.end()
        if len(arguments) == self.names.arity[name] and self._may_end(s, end):
            return name, tuple(arguments), start, end
        if sentence := self._sentence(s, start):
            return sentence
        # Names that the task lacks, too few or too many: for the checker to say.
        while (word := WORD.match(s, end)) and word[1] not in FILLER and len(arguments) < 100:
            arguments.append(word[1])
            end = word.end()
        known = self.names.objects_only(arguments)
        exact = s.startswith(name, start) and len(arguments) == self.names.arity[name]
        if (known or exact) and arguments and self._may_end(s, end):
            return name, tuple(arguments), start, end
        return self._expected_sentence(s, start)

    def _expected_sentence(self, s: str, start: int) -> str:
        begun = self.grammar.begin.match(s, start)
        return f"the objects of '{begun[0].strip()}' and nothing else" if begun else "an action"

    def _may_end(self, s: str, end: int) -> bool:
        return bool(
            REMARK.match(s, end) or CLOSE.match(s, end) or CHAIN_CLAIM.match(s, end)
            or self._next_action(s, end) is not None
        )  # fmt: skip

    def _group(self, s: str, start: int) -> PlacedCall | str:
        """`(name object ...)`, the closing parenthesis forgiven; or a sentence in parentheses."""
        group = GROUP.match(s, start)
        assert group is not None
        inner, closed = group[1], bool(group[2])
        end = group.end()
        if not closed and (cut := re.search(r"[;:#/.]", inner)):
            inner, end = inner[: cut.start()], group.start(1) + cut.start()
        words = inner.replace(",", " ").split()
        if words and words[0] in self.names.arity and "the" not in words and all(map(WHOLE_NAME.fullmatch, words)):
            if not closed:
                end = start + 1 + len(inner.rstrip(" ,"))
            return words[0], tuple(words[1:]), start, end
        if closed and len(words) > 1 and self.names.call_shaped(words):
            return words[0], tuple(words[1:]), start, end
        first = group.start(1) + len(inner) - len(inner.lstrip())
        sentence = self._sentence(s, first)
        if sentence and sentence[3] >= start + 1 + len(inner.rstrip()):
            return *sentence[:2], start, end
        if closed and self.names.is_call(words):
            return words[0], tuple(words[1:]), start, end
        if words and self.grammar.head.match(inner.lstrip()) is None:
            return "a sentence of the domain inside the parentheses"
        return "'(action object ...)'"

    def _sentence(self, s: str, start: int) -> PlacedCall | None:
        """The action whose sentence stands at `start`. Of several, the first whose static facts hold."""
        found = []
        for sentence in self.grammar.sentences:
            if match := sentence.pattern.match(s, start):
                groups = sorted(match.groupdict().items())
                names = [self.grammar.wording.object_name(phrase, self.names.objects) for _, phrase in groups]
                if None not in names and self._may_end(s, match.end()):
                    found.append((sentence.action, tuple(map(str, names)), start, match.end()))
        return next(filter(self._fits, found), found[0] if found else None)

    def _fits(self, call: PlacedCall) -> bool:
        try:
            action = self.task.bind(Call(name=call[0], arguments=call[1]))
        except BindError:
            return False
        return all(atom in self.task.initial for atom in action.precondition if atom[0] in self.task.static)


@lru_cache(maxsize=8)
def line_reader(task: Task) -> LineReader:
    return LineReader(task)
