"""Free text -> the plan in it, and each text that was skipped. Nothing is dropped in silence.

`find_plan` reads what models write: code fences, marks, numbers, bullets, emphasis, prose around the plan, commas,
missing parentheses, states between the actions, and the domain's English (`english`). Its opposite is
`val_bridge.read_plan`, where all of that is an error with its line and column.

A text that is a plan strictly is that plan: of its calls none is dropped and none is read otherwise. Only where one
of them is a fact of the domain, as in a chain, or a remark, "(see above)", the text is read as any other.

How a line is read. Inside parentheses stands PDDL: every word is a name as written, and what the domain lacks is an
unknown action or object for the checker to find; facts and remarks in parentheses are prose. Without them a line is
an action if it begins with an action's name (`pick-up`, `pick up`) or with the first words of a sentence. Before it
may stand a number, a letter or a label; words that negate it or suppose it make the line prose. Behind it may stand
another action or a remark; a remark in which a further action hides is none. A line that begins so and cannot be read
makes the plan unreadable, and so does an action's name that is misspelt before an object or glued to one
(`stack_a_b`). Everything else is prose. A JSON list of calls, or of objects with "action", is read as JSON,
since its lines may be cut anywhere.

Which plan counts. Candidates start at a mark (`[PLAN]`, `<answer>`), at a heading ("Here is the plan:", "Plan:",
"let me start again") and at a code fence behind loose actions; a heading starts none where the numbers of the steps
go on. The last candidate between marks counts, without marks the last one, thoughts (`<think>`) and what stands
below "Explanation:", "... because:" or behind an end mark left aside; behind `[STATEMENT]` another problem begins.
What belongs to another candidate is listed as `DRAFT`, unreadable or not. Text in our own chain format is read by
`read_answer`: its plan section counts whole. No call at all is no plan, never the empty plan.

Rejected: joining all actions of an answer, as PlanBench's extraction does (a draft and its correction become one
wrong plan); dropping lines that cannot be read, as it does too (a plan is judged that nobody wrote); taking the first
candidate that is valid (it pays for guessing).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any

from planlearn.chains.english import NAME, Sentence, Wording, domain_wording
from planlearn.chains.grammar import CHAIN_HEADER, GOALS, PARTS, STATE
from planlearn.chains.read import plan_header, read_answer, read_calls
from val_bridge import BindError, Call, Plan, SourceError, Span, Task, read_plan

FILE = "answer"
_SHOWN = 60


class SkipReason(StrEnum):
    """Why a text is no part of the plan."""

    MARK = "mark"
    """A fence, a plan's mark, or the number and bullet before an action."""
    PROSE = "prose"
    REMARK = "remark"
    """What stands behind an action on its line; in a chain, what the step claims."""
    DRAFT = "draft"
    """An action, or what looks like one, outside the plan that counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    text: str
    reason: SkipReason
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlan:
    """The plan of an answer. Without plan and error there is none in it.

    error: the first line of the plan that cannot be read, with its place; then `plan` is None. text: the answer.
    pieces: (start, end, reason) of what was told apart in it, in order; the reason of the plan's own calls is None.
    """

    plan: Plan | None
    error: SourceError | None
    text: str = field(repr=False)
    pieces: tuple[tuple[int, int, SkipReason | None], ...] = field(repr=False)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Every text with a letter or digit that is no part of the plan, in order; worked out when asked for."""
        return _skipped(self.text, self.pieces)

    @property
    def no_plan(self) -> bool:
        return self.plan is None and self.error is None


# What only dresses a text becomes a blank, one character for one, so that places stay.
_BLANKS = "*`\"'~\\$\t\r\v\f\x00\ufeff\u00a0\u2007\u202f\u200b\u2060\u2028\u2029\u0085"
_BLANKS += "•◦▪‣●○·“”‘’«»✓✔✅"
_SAME = (
    {ord(c): " " for c in _BLANKS}
    | {ord(c): "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2212"}
    | {ord(c): ">" for c in "→⇒➔➜⟶"}
    | {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
)

_LINE = re.compile(r"[^\n]+")
_LETTER = re.compile(r"[^\W_]")
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
# Of XML and HTML, around an action. `<move a b>` is a call in angle brackets.
_TAGS = (
    r"</?(?:actions?|steps?|moves?|calls?|items?|li|p|br|code|pre|b|i|em|strong|ol|ul)(?:_?\d{1,4}"
    r"|\s[^<>=]{1,15}=[^<>]{0,20})?\s?/?>"
)
# Before an action: bullets, numbers, letters, time stamps, "Step 3:". No group captures here: Python 3.11's `re`
# fails with a SystemError on some texts if one does inside a possessive repetition.
_LETTERS = r"\(?(?:[a-z]|[ivx]{2,4})(?:\)|[.:](?=\s))\s*+"  # "e.g." is none: a blank follows a letter's point
_LEAD = re.compile(
    rf"(?:{_LETTERS}|[\s>#|+=\[\]{{}}_,-]++|{_TAGS}"
    r"|\(?\d{1,6}(?:\.\d{1,9})*+(?:\s?[.):\]|>-]++|\s++(?=[(a-z]))"
    r"|t(?:ime)?\s*+=\s*+\d{1,6}(?:\.\d{1,9})?+\s*+[.,):>|-]++"
    r"|(?:step|action|move|operation)[\s_-]*+#?\d{1,6}\s*+[.):>|-]*+"
    r"|(?:(?:next|my|the)\s)?(?:step|action|move|operation)\s*+[:>]++"
    r"|\((?:define[\s(]++)?:?plan\s++(?=\())*+"
)
_LETTER_NAME = re.compile(r"[a-z]|[ivx]{2,4}")
_LEAD_OF_NO_LETTERS = re.compile(_LEAD.pattern.replace(_LETTERS + "|", "", 1))
_NUMBER = re.compile(r"(?<![\d.])\d{1,6}")
# Between two actions, and before the first of a sentence.
_JOIN = re.compile(
    rf"(?:{_TAGS}|[\s,;.|&+<>]++|[-=]++>"
    r"|(?:and|then|next|finally|lastly|first(?:ly)?|second(?:ly)?|third(?:ly)?|now|afterwards"
    r"|after that|followed by)(?![\w-]))*+"
)
_COMMENT = re.compile(r"\s*+;")
_COMMENT_TEXT = re.compile(r";[^\n]*")
_CLOSE = re.compile(rf"(?:[\s.,;:!|\])}}>_-]|{_TAGS})*+\Z")
_REMARK = re.compile(
    r"\s*+(?:[;#(\[{:,.!?|]|//|-+\s|<-|[-=]+>|(?:because|since|so|which|while|making|leaving|thus|as)(?![\w-])"
    r"|(?:in order )?to (?:achieve|complete|make|free|clear|get|reach|satisfy|create|finish|build|expose|access)\b)"
)
_CLAIM = re.compile(rf"\s*+(?:{'|'.join((*PARTS, STATE, GOALS))})\s")
_GROUP = re.compile(r"\(([^()]*+)(\)?)")
_OUTER = re.compile(r"\((?:\s*+\()++")
_BEHIND_CALL = re.compile(r"\s*+(?:[\[#]|//)")
_WORD = re.compile(rf"[\s,]*+({NAME})")
_ONE_NAME = re.compile(NAME)
_FILLER = frozenset("the it them this that of on from to into at in top is are be and or for with".split())
_POINTING = frozenset(("the", "it", "them", "this", "that"))

# What stands in parentheses and is no call, though it is made of names alone: "(see above)", "(Note that b is clear)".
_PDDL_NAME = re.compile(r"[a-z][a-z0-9_-]*+")
_PDDL_WORDS = frozenset(
    "and or not imply when forall exists either define domain problem objects init goal action parameters precondition"
    " effect predicates types constants requirements metric".split()
)
_REMARK_HEADS = _PDDL_WORDS | _FILLER | frozenset(
    "a an no not all both each every any some more most these those there here i we you he they its my our your"
    " note notes notice see recall remember assume given example hint explanation reason comment remark result results"
    " preconditions effects end done plan plan-end plan_end end-plan start begin stop finish complete success solved valid"
    " invalid optimal optional optionally none nothing yes ok okay empty etc cont repeat same total initial initially"
    " final finally first second third last next previous previously current currently step steps state states actions"
    " goals answer solution sequence alternative alternatively however therefore thus hence once after before while"
    " until where why how what if so because since as now then again also back by hand arm gripper".split()
)  # fmt: skip
_CLAUSE = frozenset(
    "is are was were be been has have had do does did will would can cannot could should must may might that which who"
    " because since so if unless as than this these those there the it its them they we you my our your their not no"
    " and or but now then already still again also only just without".split()
)
_ABOUT = frozenset(
    "of at in top with for above below goal goals state states step steps action actions plan achieved reached satisfied"
    " complete completed done empty needed required necessary change changes position previous next cost length optimal"
    " order else".split()
)
_PARTICIPLE = re.compile(r"[a-z]{3,}(?:ing|ed)")

_LABEL = re.compile(r"[^:()]{1,60}:(?!\S)|[^:()]{1,80}(?=\()")
# A label of any words before a call in parentheses: "hand: (", "State 1 -> (", "t1 (left) | (".
_TAG = re.compile(r"(?:[^()]|\([^()]{0,20}\)){1,60}?(?:[:=>|]|\s-)\s*+(?=\()")
# Words before a call that say that it is not, or only perhaps, a step. Apostrophes have become blanks.
_NEGATED = re.compile(
    r"\b(?:not|never|cannot|can ?not|nor|neither|without|avoid(?:s|ing)?|unable|impossible|illegal|forbidden"
    r"|instead of|rather than|should have|no(?!\W*\d)"
    r"|(?:ca|do|does|did|wo|would|could|should|is|are|was|were|must|need|has|have|had)n ?t)\b"
)
_SUPPOSED = re.compile(r"\b(?:if|unless|suppose|supposing|imagine|whether|what happens)\b")
_PERHAPS = re.compile(r"\b(?:would|could|might)\b(?! be\b)")
# "Since a is not clear, the plan is": what is negated in one clause says nothing of the next.
_NEW_CLAUSE = re.compile(
    r"[.;!?]|, (?=(?:then|the|we|i|my|our|let|and|here)\b)|\b(?:so|therefore|thus|hence|but)\b"
)
_PLANNED = re.compile(r"\b(?:plans?|solution|answer|sequence|actions?|steps?|do|execute|perform)\b")
_ANNOUNCED = re.compile(
    r"\b(?:plan|solution|answer|sequence|optimi[sz]ed|corrected|revised|improved|instead|better|final)\b"
)
_EXPLAINED = re.compile(
    r"\b(?:explanations?|explain(?:s|ed)?|because|reasons?|reasoning|why|works (?:as|like|by)|justification|rationale"
    r"|verify|verification|checks?)\b|\Anotes?\W*+\Z"
)
_NO_PLAN = re.compile(r"\b(?:thoughts?|goals?|states?|preconditions?|effects?|results?|notes?)\b")
_HEADING = re.compile(r"\W*+(?:(?:the|my|final|complete|full|correct|optimal)\s+)*+(?:plan|solution|answer)\W*+\Z")
_RESTART = re.compile(r"\b(?:start (?:again|over)|try again|scratch that)\b")


_APART = "blanks between the action's name and its objects"


def _denied(about: str, colon: bool) -> bool:
    """Whether the words before a call say that it is no step. A plan before a colon is one, even if it "would be" so."""
    clause = _NEW_CLAUSE.split(about.rstrip(" .;:!?>=|-("))[-1]
    # "If b is to be reached, the plan is:" announces a plan all the same.
    supposed = _SUPPOSED.search(clause if colon and _ANNOUNCED.search(clause) else about)
    return bool(supposed or _NEGATED.search(clause) or (not colon and _PERHAPS.search(clause)))


# Three ways to read a line; the offsets in them count from its start.


@dataclass(frozen=True, slots=True)
class _Actions:
    """Calls as (name, arguments, start, end)."""

    calls: tuple[tuple[str, tuple[str, ...], int, int], ...]


@dataclass(frozen=True, slots=True)
class _Broken:
    """It begins as an action and cannot be read; `expected` is what would have been readable."""

    expected: str


class _Line(StrEnum):
    PROSE = "prose"
    ANNOUNCES = "announces"
    EXPLAINS = "explains"


_Reading = _Actions | _Broken | _Line


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]", "", name)


class _Grammar:
    """What is the same for all tasks of a domain."""

    def __init__(self, actions: tuple[str, ...], wording: Wording) -> None:
        self.wording = wording
        self.by_name = {_squeezed(name): name for name in sorted(actions, reverse=True)}
        heads = [r"[\s_-]?".join(map(re.escape, re.split(r"[_-]", name))) for name in actions]
        self.sentences: tuple[Sentence, ...] = tuple(s for s in wording.sentences if s.action in actions)
        leads = sorted({s.lead for s in self.sentences})
        heads = sorted(heads, key=len, reverse=True) or [r"(?!)"]
        self.head = re.compile(rf"({'|'.join(heads)})(?![\w-])")
        begin = "|".join([*heads, *leads])
        self.begin = re.compile(rf"(?:\(\s*+)?(?:{begin})(?![\w-])")
        self.inside = re.compile(rf"(?<![\w-])(?:{begin})(?![\w-])")
        # A name with something behind it and no blank between: `stack_a_b`, `put_a_on_b`. In English it has hyphens.
        glued = rf"(?:{'|'.join(heads)})[_-]++|(?:{'|'.join(leads) or '(?!)'})_++"
        self.glued = re.compile(rf"(?:\(\s*+)?((?:{glued})\w[\w-]*+)")
        self.glued_inside = re.compile(rf"(?<![\w-])(?:{glued})([\w-]++)")
        spoken = [tuple((word,) for word in re.split(r"[_-]", name)) for name in actions]
        spoken += [sentence.words for sentence in self.sentences]
        self.seconds = frozenset(word for words in spoken for word in words[1:2] for word in word)
        firsts = sorted({word for words in spoken for word in words[0] if len(word) > 3})
        self.near = {cut: first for first in firsts for cut in _cuts(first)}


def _cuts(word: str) -> set[str]:
    """The word, and the word without one letter: two words that share one differ by about one letter."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


@lru_cache(maxsize=64)
def _grammar(pddl_name: str, actions: tuple[str, ...]) -> _Grammar:
    return _Grammar(actions, domain_wording(pddl_name))


@dataclass(slots=True)
class _Candidate:
    """A plan in the making. marked: between marks. aside: thoughts and explanations, which never count."""

    marked: bool = False
    aside: bool = False
    fenced: bool = False
    calls: list[tuple[str, tuple[str, ...], int, int]] = field(default_factory=list)
    broken: list[tuple[int, int, str]] = field(default_factory=list)
    number: int | None = None

    @property
    def empty(self) -> bool:
        return not self.calls and not self.broken

    @property
    def places(self) -> list[tuple[int, int]]:
        """(start, end) of every call and every line that cannot be read, each once: a JSON string may hold several."""
        return list(dict.fromkeys([call[2:] for call in self.calls] + [line[:2] for line in self.broken]))


class _LineReader:
    """Reads lines for one task."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.grammar = _grammar(task.domain.name, tuple(sorted(task.domain.actions)))
        self.arity = {name: len(schema.parameters) for name, schema in task.domain.actions.items()}
        self.objects = frozenset(task.objects)
        self.predicates = frozenset(task.domain.predicates)
        self.facts = frozenset(map(_squeezed, task.domain.predicates))
        self.no_names = self.predicates | self.objects | self.grammar.wording.nouns | _FILLER
        self.known: dict[str, _Reading] = {}
        # Where "(a)" may be an action, it is no letter of a list.
        self.lead = _LEAD_OF_NO_LETTERS if any(map(_LETTER_NAME.fullmatch, self.arity)) else _LEAD

    def read(self, line: str) -> _Reading:
        """A line without its lead. Lines repeat, so short ones are kept."""
        reading = self.known.get(line)
        if reading is None:
            reading = self._read(line)
            if len(line) < 200:
                self.known[line] = reading
        return reading

    def _read(self, s: str) -> _Reading:
        if s.startswith(";") or s.startswith("//"):
            return _Line.PROSE
        begin = self.grammar.begin
        outer = _OUTER.match(s)
        first = outer.end() - 1 if outer else 0
        joined = _JOIN.match(s).end()  # type: ignore[union-attr]
        for start in (first, joined):
            if begin.match(s, start):
                return self._actions(s, start)
        if reading := self._labelled(s) or self._unknown_action(s, first):
            return reading
        if self._glued(s, first) or self._glued(s, joined):
            return _Broken(_APART)
        return self._heading(s)

    def _labelled(self, s: str) -> _Reading | None:
        """The actions behind words that announce them: "The plan is: pick up ...", "We do (pick-up b)", "hand: (...)"."""
        if label := _LABEL.match(s):
            start = self.lead.match(s, label.end()).end()  # type: ignore[union-attr]
            about, colon = label[0], label[0].endswith(":")
            says = _PLANNED.search(about) and not _EXPLAINED.search(about) and not _NO_PLAN.search(about)
            if says and not _denied(about, colon):
                if colon and self._glued(s, start):
                    return _Broken(_APART)
                reading = self._actions(s, start) if self.grammar.begin.match(s, start) else None
                if isinstance(reading, _Actions):
                    asks = not colon and s[reading.calls[-1][3] :].lstrip().startswith("?")
                    return None if asks else reading
                if reading is not None and colon:
                    return reading
        if tag := _TAG.match(s):
            # In PDDL a state holds no action, so "State 1: (pick-up b)" says what is done in it.
            about = tag[0].replace("state", "")
            if not (_EXPLAINED.search(about) or _NO_PLAN.search(about) or _denied(about, True)):
                reading = self._actions(s, tag.end()) if self._known_call(s, tag.end()) else None
                if isinstance(reading, _Actions):
                    return reading
        return None

    def _glued(self, s: str, start: int) -> bool:
        """Whether an action's name stands there that has become one word with what is behind it."""
        word = self.grammar.glued.match(s, start)
        return word is not None and word[1] not in self.objects and word[1] not in self.predicates

    def _known_call(self, s: str, start: int) -> bool:
        """Whether a call in PDDL of one of the domain's actions stands there."""
        group = _GROUP.match(s, start)
        words = group[1].replace(",", " ").split() if group and group[2] else []
        return bool(words) and words[0] in self.arity and all(map(_ONE_NAME.fullmatch, words))

    def _heading(self, s: str) -> _Line:
        text = s.rstrip(" #_:=-.")
        if s.rstrip(" _").endswith(":"):
            if _EXPLAINED.search(text):
                return _Line.EXPLAINS
            if _ANNOUNCED.search(text):
                return _Line.ANNOUNCES
        if _HEADING.match(text) or _RESTART.search(text):
            return _Line.ANNOUNCES
        return _Line.PROSE

    def _unknown_action(self, s: str, start: int) -> _Reading | None:
        """A line that is shaped as an action but for its name: `(fly a b)`, `fly a b`, `stak the red block ...`."""
        if s.startswith("(", start):
            return self._unknown_groups(s, start)
        first = _WORD.match(s)
        if first is None:
            return None
        text = s[: first.end() + 200].rstrip(" .,;:!)]}|")
        words = text.replace(",", " ").split()
        if len(words) > 1 and self._call_shaped(words):
            return _Actions(((words[0], tuple(words[1:]), first.start(1), len(text)),))
        near = self._near(first[1])
        if near is not None:
            second = _WORD.match(s, first.end())
            end = second.end() if second and second[1] in self.grammar.seconds else first.end()
            if self._acts_on(s, end):
                return _Broken(f"an action of the domain, such as '{near}'")
        return None

    def _unknown_groups(self, s: str, at: int) -> _Reading | None:
        """The calls of a line whose first group is none of the domain's actions: `(fly a b)`, `(holding a) (stack a b)`."""
        calls: list[tuple[str, tuple[str, ...], int, int]] = []
        first = at
        while group := _GROUP.match(s, at):
            if at > first and self._known_call(s, at):
                rest = self._actions(s, at)
                if isinstance(rest, _Actions):
                    return _Actions((*calls, *rest.calls))
                return rest if calls else None
            words = group[1].replace(",", " ").split()
            if at == first and not self._call_shaped(words):
                found = self.grammar.inside.search(group[1])
                if found and not _FILLER.intersection(words) and self._acts_on(group[1], found.end()):
                    return _Broken("'(action object ...)'")
            if self._call_shaped(words) or (group[2] and self.names_call(words)):
                calls.append((words[0], tuple(words[1:]), at, group.end()))
            elif at == first and _NEGATED.search(group[1]):
                return None
            end = group.end()
            begins_so = calls and calls[0][2] == first
            remark = _BEHIND_CALL.match(s, end) and self._is_remark(s, end)
            if remark or _CLOSE.match(s, end) or _COMMENT.match(s, end):
                return _Actions(tuple(calls)) if begins_so else None
            at = _JOIN.match(s, end).end()  # type: ignore[union-attr]
        return None

    def _acts_on(self, s: str, end: int) -> bool:
        """Whether an object, or a word that points at one, stands next."""
        word = _WORD.match(s, end)
        return word is not None and (
            word[1] in _POINTING or word[1] in self.objects or word[1] in self.grammar.wording.nouns
        )

    def _objects_only(self, words: list[str]) -> bool:
        return all(word in self.objects for word in words)

    def _call_shaped(self, words: list[str]) -> bool:
        """The name of no fact, then objects of the task alone; without objects, nearly the name of an action."""
        if not words or not _ONE_NAME.fullmatch(words[0]) or not words[0][0].isalpha():
            return False
        if len(words) == 1:
            return self._near(words[0]) is not None
        fact = _squeezed(words[0]) in self.facts
        return words[0] not in self.no_names and not fact and self._objects_only(words[1:])

    def names_call(self, words: list[str]) -> bool:
        """Whether names in parentheses are a call, of whatever action and objects; if not, a fact or a remark."""
        if not words or not all(map(_PDDL_NAME.fullmatch, words)):
            return False
        head, *rest = words
        if head in self.arity or self._call_shaped(words):
            return True
        if head in self.no_names or head in _REMARK_HEADS or _PARTICIPLE.fullmatch(head):
            return False
        if self.facts.intersection((_squeezed(head), _squeezed(head + "".join(rest[:1])))):
            return False
        others = [word for word in rest if word not in self.objects]
        return not _CLAUSE.intersection(others) and (len(others) < len(rest) or not _ABOUT.intersection(others))

    def _near(self, word: str) -> str | None:
        if len(word) < 4 or len(word) > 30 or word in self.predicates:
            return None
        return next((near for cut in _cuts(word) if (near := self.grammar.near.get(cut))), None)

    # Actions, one behind the other

    def _actions(self, s: str, start: int) -> _Reading:
        calls: list[tuple[str, tuple[str, ...], int, int]] = []
        while True:
            call = self._call(s, start)
            if isinstance(call, str):
                return _Broken(call)
            calls.append(call)
            end = call[3]
            if _CLOSE.match(s, end):
                return _Actions(tuple(calls))
            if s[end - 1] == ")" and _COMMENT.match(s, end):
                return _Actions(tuple(calls))
            start = self._next_action(s, end)
            if start is None:
                if self._is_remark(s, end):
                    return _Actions(tuple(calls))
                return _Broken("nothing behind the action, another action, or a remark")

    def _next_action(self, s: str, end: int) -> int | None:
        """Where the next action begins, if one follows."""
        start = _JOIN.match(s, end).end()  # type: ignore[union-attr]
        if start == end and not s.startswith("(", end):
            return None
        # A gloss, "(pick up the red block)", is no second action; PDDL in parentheses is one.
        begun = self.grammar.begin.match(s, start)
        if begun is None or (s.startswith("(", start) and s[end - 1] != ")"):
            return None
        return start

    def _is_remark(self, s: str, end: int) -> bool:
        """Whether a text behind an action says nothing that could be an action."""
        if _CLAIM.match(s, end):
            return True
        if not _REMARK.match(s, end):
            return False
        if any(self._acts_on(s, found.end()) for found in self.grammar.inside.finditer(s, end)):
            return False
        glued = (found for found in self.grammar.glued_inside.finditer(s, end) if found[0] not in self.objects)
        return not any(self.objects.intersection(re.split(r"[_-]++", found[1])) for found in glued)

    def _call(self, s: str, start: int) -> tuple[str, tuple[str, ...], int, int] | str:
        """The call at `start`, or what was expected there."""
        if s.startswith("(", start):
            return self._group(s, start)
        head = self.grammar.head.match(s, start)
        if head is None:
            return self._sentence(s, start) or self._expected_sentence(s, start)
        name = self.grammar.by_name[_squeezed(head[1])]
        if group := _GROUP.match(s, head.end()):  # stack(a, b)
            words = group[1].replace(",", " ").split()
            if group[2] and words and all(map(_ONE_NAME.fullmatch, words)) and not _FILLER.intersection(words):
                return name, tuple(words), start, group.end()
        arguments: list[str] = []
        end = head.end()
        while (word := _WORD.match(s, end)) and word[1] in self.objects and len(arguments) < 100:
            arguments.append(word[1])
            end = word.end()
        if len(arguments) == self.arity[name] and self._may_end(s, end):
            return name, tuple(arguments), start, end
        if sentence := self._sentence(s, start):
            return sentence
        # Names that the task lacks, too few or too many: for the checker to say.
        while (word := _WORD.match(s, end)) and word[1] not in _FILLER and len(arguments) < 100:
            arguments.append(word[1])
            end = word.end()
        known = self._objects_only(arguments)
        exact = s.startswith(name, start) and len(arguments) == self.arity[name]
        if (known or exact) and arguments and self._may_end(s, end):
            return name, tuple(arguments), start, end
        return self._expected_sentence(s, start)

    def _expected_sentence(self, s: str, start: int) -> str:
        begun = self.grammar.begin.match(s, start)
        return f"the objects of '{begun[0].strip()}' and nothing else" if begun else "an action"

    def _may_end(self, s: str, end: int) -> bool:
        return bool(
            _CLOSE.match(s, end) or self._next_action(s, end) is not None or _REMARK.match(s, end)
            or _CLAIM.match(s, end)
        )  # fmt: skip

    def _group(self, s: str, start: int) -> tuple[str, tuple[str, ...], int, int] | str:
        """`(name object ...)`, the closing parenthesis forgiven; or a sentence in parentheses."""
        group = _GROUP.match(s, start)
        assert group is not None
        inner, closed = group[1], bool(group[2])
        end = group.end()
        if not closed and (cut := re.search(r"[;:#/.]", inner)):
            inner, end = inner[: cut.start()], group.start(1) + cut.start()
        words = inner.replace(",", " ").split()
        if words and words[0] in self.arity and "the" not in words and all(map(_ONE_NAME.fullmatch, words)):
            if not closed:
                end = start + 1 + len(inner.rstrip(" ,"))
            return words[0], tuple(words[1:]), start, end
        if closed and len(words) > 1 and self._call_shaped(words):
            return words[0], tuple(words[1:]), start, end
        first = group.start(1) + len(inner) - len(inner.lstrip())
        sentence = self._sentence(s, first)
        if sentence and sentence[3] >= start + 1 + len(inner.rstrip()):
            return *sentence[:2], start, end
        if closed and self.names_call(words):
            return words[0], tuple(words[1:]), start, end
        if words and self.grammar.head.match(inner.lstrip()) is None:
            return "a sentence of the domain inside the parentheses"
        return "'(action object ...)'"

    def _sentence(self, s: str, start: int) -> tuple[str, tuple[str, ...], int, int] | None:
        """The action whose sentence stands at `start`. Of several, the first whose static facts hold."""
        found = []
        for sentence in self.grammar.sentences:
            if match := sentence.pattern.match(s, start):
                groups = sorted(match.groupdict().items())
                names = [self.grammar.wording.object_name(phrase, self.objects) for _, phrase in groups]
                if None not in names and self._may_end(s, match.end()):
                    found.append((sentence.action, tuple(map(str, names)), start, match.end()))
        return next(filter(self._fits, found), found[0] if found else None)

    def _fits(self, call: tuple[str, tuple[str, ...], int, int]) -> bool:
        try:
            action = self.task.bind(Call(name=call[0], arguments=call[1]))
        except BindError:
            return False
        return all(atom in self.task.initial for atom in action.precondition if atom[0] in self.task.static)


@lru_cache(maxsize=8)
def _line_reader(task: Task) -> _LineReader:
    return _LineReader(task)


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is a mark) of the pieces of each line that are not blank."""
    for line in _LINE.finditer(text):
        at = line.start()
        if "[" in line[0] or "<" in line[0]:
            for mark in _MARK.finditer(text, at, line.end()):
                if mark.start() > at:
                    yield at, mark.start(), False
                yield mark.start(), mark.end(), True
                at = mark.end()
        if at < line.end():
            yield at, line.end(), False


@lru_cache(maxsize=256)
def _meaning(mark: str) -> tuple[bool, bool]:
    """Whether a mark is about thoughts, and whether it ends something."""
    return _THOUGHT.match(mark) is not None, mark.startswith("</") or _ENDING.search(mark) is not None


# Where a JSON list of texts or objects, or an object, may begin.
_JSON = re.compile(r'\[\s*+["{]|\{\s*+"')
_JSON_OPEN = re.compile(r"[\[{]")
_JSON_CUT = re.compile(r"[,\[\]{}]")
_JSON_SPACE = re.compile(r"[ \t\r\n]*+")
_JSON_LETTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]")
_JSON_ACTION = re.compile(r'"action"\s*+:\s*+("(?:[^"\\]|\\.)*+")', re.IGNORECASE)


class _NoChainError(Exception):
    """Text that is no JSON, or JSON that is no chain; `at`: how far it was read."""

    def __init__(self, at: int) -> None:
        self.at = at


def _json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    """An object by its keys in lower case; None, which is no item of a chain, where a key stands twice."""
    found = {key.lower(): value for key, value in pairs}
    return found if len(found) == len(pairs) else None


# Numbers say nothing of a plan, and Python refuses to read those of thousands of digits.
_decode = json.JSONDecoder(
    object_pairs_hook=_json_object, parse_int=lambda _: 0, parse_float=lambda _: 0
).raw_decode


def _json_item(text: str, start: int) -> tuple[Any, int]:
    try:
        return _decode(text, start)
    except json.JSONDecodeError as error:
        raise _NoChainError(error.pos) from None
    except RecursionError:
        raise _NoChainError(len(text)) from None


def _json_chain(text: str, start: int) -> tuple[list[tuple[Any, int, int]], int]:
    """The items of the JSON list at `start`, or the one object there, each with its place; and the end of it all.

    Raises _NoChainError.
    """
    if text[start] == "{":
        item, end = _json_item(text, start)
        return [(item, start, end)], end
    items: list[tuple[Any, int, int]] = []
    at = start
    while text[at : at + 1] == ("," if items else "["):
        at = _JSON_SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
        item, end = _json_item(text, at)
        items.append((item, at, end))
        at = _JSON_SPACE.match(text, end).end()  # type: ignore[union-attr]
    if text[at : at + 1] != "]":
        raise _NoChainError(at)
    return items, at + 1


class _Finder:
    """Walks over the pieces of a text and collects candidates."""

    def __init__(self, text: str, task: Task) -> None:
        self.text = text
        self.plain = text.translate(_SAME)
        self.reader = _line_reader(task)
        self.candidates = [_Candidate()]
        self.in_fence = False
        self.pending: _Candidate | None = None
        self.thinking = False
        self.thought = 0  # all candidates before this one are known to be aside
        self.marks: list[tuple[int, int]] = []
        self.states: list[tuple[int, int]] = []  # of a JSON chain, between its actions
        self.done = 0  # all before this place has been read as JSON
        # How much text may be read as JSON in vain: lists inside lists would be read again and again.
        self.patience = 4 * len(text) if _JSON.search(text) else -1

    @property
    def current(self) -> _Candidate:
        return self.candidates[-1]

    def start(self, *, marked: bool = False, aside: bool = False) -> None:
        if not self.current.empty:
            self.candidates.append(_Candidate())
        self.current.marked, self.current.aside = marked, aside
        self.pending = None

    def walk(self) -> None:
        for start, end, is_mark in _pieces(self.plain):
            if is_mark:
                # Marks side by side are listed as one.
                first = self.marks.pop()[0] if self.marks and self.marks[-1][1] == start else start
                self.marks.append((first, end))
                if self.mark(self.plain[start:end]):
                    return
            elif end > self.done and not self.chain(max(start, self.done), end):
                self.piece(max(start, self.done), end)

    def chain(self, start: int, end: int) -> bool:
        """Whether a JSON chain, or a JSON list of calls, begins in this piece of a line; then it is read."""
        if self.patience < 0:
            return False
        for opening in islice(_JSON_OPEN.finditer(self.text, start, end), 8):
            at = opening.start()
            before = self.plain[start:at].rstrip()
            about = _JSON_CUT.split(before)[-1]
            says = before[-1:] in ("", ":", "=", ">") or self.reader.lead.fullmatch(before)
            if not says or _EXPLAINED.search(about) or _denied(about, True):
                return False
            if _JSON.match(self.text, at):
                try:
                    items, stop = _json_chain(self.text, at)
                    readings = self.items(items, stop)
                except _NoChainError as error:
                    # Python's error counts lines from the text's beginning on.
                    self.patience -= error.at - at + end - start + at // 64
                    if self.patience < 0:
                        return False
                else:
                    self.piece(start, at)
                    for reading, first, last in readings:
                        self.add(reading, first, last, None)
                    self.done = stop
                    return True
        return False

    def items(self, items: list[tuple[Any, int, int]], stop: int) -> list[tuple[_Actions | _Broken, int, int]]:
        """What the items of a JSON list say is done. Raises _NoChainError where they are neither steps nor calls."""
        readings: list[tuple[_Actions | _Broken, int, int]] = []
        states = []
        for item, start, end in items:
            if isinstance(item, str):
                reading = self.string(item, start, end)
                if isinstance(reading, _Line):
                    raise _NoChainError(stop)
                readings.append((reading, start, end))
            elif not isinstance(item, dict):
                raise _NoChainError(stop)
            elif action := item.get("action"):
                written = (m for m in _JSON_ACTION.finditer(self.text, start, end) if json.loads(m[1]) == action)
                place = next((m.span(1) for m in written), (start, end))
                reading = self.string(action, *place) if isinstance(action, str) else _Line.PROSE
                readings.append((_Broken("an action") if isinstance(reading, _Line) else reading, *place))
            elif not item or not {"state", "action"}.issuperset(item):
                raise _NoChainError(stop)
            elif "\n" not in self.text[start:end]:
                states.append((start, end))
        if not any(isinstance(reading, _Actions) for reading, *_ in readings):
            raise _NoChainError(stop)
        self.states += states
        return readings

    def string(self, value: str, start: int, end: int) -> _Reading:
        """A JSON string as a line. text[start:end]: it as written, or its object, where the key has escapes."""
        plain = value.translate(_SAME).replace("\n", " ")
        first = self.reader.lead.match(plain).end()  # type: ignore[union-attr]
        reading = self.reader.read(plain[first:].rstrip())
        if not isinstance(reading, _Actions):
            return reading
        # Where each character is written; two escapes may stand for one character beyond the first 65,536.
        places = [place.start() for place in _JSON_LETTER.finditer(self.text, start + 1, end - 1)]
        if len(places) != len(value) or self.text[start] != '"':
            return _Actions(tuple((name, args, 0, end - start) for name, args, _, _ in reading.calls))
        places.append(end - 1)
        return _Actions(tuple(
            (name, args, places[first + a] - start, places[first + b] - start) for name, args, a, b in reading.calls
        ))  # fmt: skip

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

    def piece(self, start: int, end: int) -> None:
        plain = self.plain
        if _FENCE.match(self.text, start, end):
            self.marks.append((start, end))
            self.in_fence = not self.in_fence
            if self.in_fence and not self.current.fenced and not self.current.empty and not self.current.marked:
                self.pending = self.pending or _Candidate()
            return
        lead = self.reader.lead.match(plain, start, end)
        assert lead is not None
        first = lead.end()
        while end > first and plain[end - 1] == " ":
            end -= 1
        if first == end:
            return
        line = plain[first:end]
        if "plan" in line and _PDDL_MARK.match(line):
            self.marks.append((start, end))
            if "end" in line:
                self.mark("[plan end]")
            return
        reading = self.reader.read(line)
        if isinstance(reading, _Line):
            if reading is not _Line.PROSE and not (self.current.marked and self.current.empty):
                self.pending = _Candidate(aside=reading is _Line.EXPLAINS)
            return
        numbers = _NUMBER.findall(lead[0])
        self.add(reading, first, end, int(numbers[-1]) if numbers else None)

    def add(self, reading: _Actions | _Broken, first: int, end: int, number: int | None) -> None:
        if self.pending is not None:
            here = self.current
            goes_on = number is not None and here.number is not None and number == here.number + 1
            # Between marks headings say nothing: the marks do.
            if not goes_on and not (here.marked or self.thinking):
                self.start(aside=self.pending.aside)
            self.pending = None
        here = self.current
        here.fenced |= self.in_fence
        here.number = number
        if isinstance(reading, _Broken):
            here.broken.append((first, end, reading.expected))
        else:
            here.calls += [(name, args, first + a, first + b) for name, args, a, b in reading.calls]

    def chosen(self) -> _Candidate | None:
        full = [candidate for candidate in self.candidates if not candidate.empty and not candidate.aside]
        marked = [candidate for candidate in full if candidate.marked]
        return (marked or full or [None])[-1]  # type: ignore[list-item]


class _Places:
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


def find_plan(text: str, task: Task) -> FoundPlan:
    """Read an answer leniently; see the module's text for what counts. Never raises on a text."""
    known = _own_format(text, task) or _strict_plan(text, task)
    if known is not None:
        return known
    finder = _Finder(text, task)
    finder.walk()
    chosen = finder.chosen()
    calls: list[Call] = []
    error = None
    if chosen is not None and chosen.broken:
        first, end, expected = chosen.broken[0]
        found = text[first:end].strip()
        shown = found if len(found) <= _SHOWN else found[: _SHOWN - 3] + "..."
        error = SourceError("plan_syntax", _Places(text).span(first, end), expected, f"'{shown}'")
    elif chosen is not None:
        places = _Places(text)
        calls = [Call(name=name, arguments=args, span=places.span(a, b)) for name, args, a, b in chosen.calls]
    drafts = [place for candidate in finder.candidates if candidate is not chosen for place in candidate.places]
    return FoundPlan(
        plan=Plan(calls=tuple(calls)) if calls else None,
        error=error,
        text=text,
        pieces=_ordered(chosen.places if chosen is not None else [], drafts, finder.marks, finder.states),
    )


def _ordered(
    used: list[tuple[int, int]], drafts: list[tuple[int, int]], marks: list[tuple[int, int]],
    remarks: list[tuple[int, int]],
) -> tuple[tuple[int, int, SkipReason | None], ...]:
    pieces: list[tuple[int, int, SkipReason | None]] = [(a, b, None) for a, b in used]
    pieces += [(a, b, SkipReason.DRAFT) for a, b in drafts]
    pieces += [(a, b, SkipReason.MARK) for a, b in marks]
    pieces += [(a, b, SkipReason.REMARK) for a, b in remarks]
    return tuple(sorted(pieces, key=itemgetter(0)))


def _own_format(text: str, task: Task) -> FoundPlan | None:
    """The plan section of a text in our own chain format, as the strict reader has it; None for other texts."""
    header = plan_header(text)
    if header is None:
        return None
    answer = read_answer(text, task)
    claims = answer.chain.claims if answer.chain is not None else ()
    if not text.startswith(CHAIN_HEADER) and all(claim.add is None for claim in claims):
        return None
    calls, error = read_calls(text, header.end())
    used = [(call.span.start, call.span.end) for call in calls if call.span is not None]
    if error is not None:
        used.append((error.span.start, error.span.end))
    plan = Plan(calls=calls) if error is None else None
    return FoundPlan(plan=plan, error=error, text=text, pieces=_ordered(used, [], [header.span()], []))


def _strict_plan(text: str, task: Task) -> FoundPlan | None:
    """The plan of a text that is a plan strictly; None for other texts, and where facts or remarks stand in it."""
    try:
        plan = read_plan(text, FILE)
    except SourceError:
        return None
    reader = _line_reader(task)
    if not plan.keys or not all(reader.names_call([name, *arguments]) for name, arguments in set(plan.keys)):
        return None
    used: list[tuple[int, int]] = []
    comments: list[tuple[int, int]] = []
    for call in plan.calls:
        assert call.span is not None
        at = call.span.start
        for comment in _COMMENT_TEXT.finditer(text, at, call.span.end):
            used.append((at, comment.start()))
            comments.append(comment.span())
            at = comment.end()
        used.append((at, call.span.end))
    return FoundPlan(plan=plan, error=None, text=text, pieces=_ordered(used, [], [], comments))


def _skipped(text: str, pieces: tuple[tuple[int, int, SkipReason | None], ...]) -> tuple[Skipped, ...]:
    """All that is not used, line by line, with its reason."""
    places = _Places(text)
    out: list[Skipped] = []

    def gap(start: int, end: int, reason: SkipReason) -> None:
        if _LETTER.search(text, start, end):
            part = text[start:end]
            inner = part.strip()
            first = start + len(part) - len(part.lstrip())
            out.append(Skipped(text=inner, reason=reason, span=places.span(first, first + len(inner))))

    index = done = 0
    for line in _LINE.finditer(text):
        # A call may have begun on a line before.
        at, end = max(line.start(), done), line.end()
        behind = at > line.start()
        while index < len(pieces) and pieces[index][0] < end:
            start, stop, reason = pieces[index]
            gap(at, start, SkipReason.REMARK if behind else SkipReason.MARK)
            if reason is not None:
                gap(start, stop, reason)
            at, behind = stop, behind or reason is not SkipReason.MARK
            done = stop
            index += 1
        gap(at, end, SkipReason.REMARK if behind else SkipReason.PROSE)
    return tuple(out)
