"""Text -> what it asserts, strictly: every line is read or named as unread; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import _lru_cache_wrapper, lru_cache
from typing import TypeVar

from planlearn.chains.grammar import (
    AFTER,
    BUT,
    CHAIN_HEADER,
    DROPS,
    FOR,
    GIVES,
    GOALS,
    NEEDS,
    NEVER,
    NO,
    NONE,
    NOT,
    PARTS,
    PLAN_HEADER,
    RESERVED,
    STATE,
    TAKES,
    UNSOLVABLE,
    YES,
)
from planlearn.chains.ways import telling_apart
from val_bridge import Atom, Call, Claim, Literal, Lookup, ParsedChain, Plan, SourceError, Span, State, Task
from val_bridge.pddl.collecting import uncollected

# A PDDL name: what is none names nothing in any task, so the line is unreadable rather than wrong.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
# Several with blanks between them, as nearly always.
_NAMES = re.compile(r"[A-Za-z][A-Za-z0-9_-]*+(?: ++[A-Za-z][A-Za-z0-9_-]*+)*+\Z")
_PARTS = frozenset(PARTS)
_PLAN_LINE = re.compile(rf"^{PLAN_HEADER}[ \t\r]*$", re.MULTILINE)
_CHAIN_LINE = re.compile(rf"{CHAIN_HEADER}[ \t\r]*\n")
_BUT, _AFTER = (re.compile(rf"\s{word}\s") for word in (BUT, AFTER))
_SHOWN = 40
_LONGEST_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model's answer asserts.

    plan: the plan section as written, whole; None where there is none or a line of it cannot be read.
    chain: the chain section's claims; None where the section holds no readable step.
    problem: why the plan cannot be read; "" where it can.
    unread: the lines that no rule reads, in order.
    unsolvable: it says that there is no plan; then plan is None and problem "". never: the goals that it says cannot hold together,
    () where it gives no reason.
    """

    plan: Plan | None
    chain: ParsedChain | None
    problem: str
    unread: tuple[str, ...]
    unsolvable: bool = False
    never: tuple[Atom, ...] = ()


class _Unreadable(ValueError):
    """A line that is not in the format."""


def _quoted(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _plain_names(text: str) -> tuple[str, ...]:
    """The names of a text that has nothing else but blanks between them; () for any other text."""
    return tuple(text.lower().split()) if _NAMES.match(text) else ()


def _names(text: str) -> tuple[str, ...]:
    names = _plain_names(text)
    if not names:
        words = text.split()
        names = tuple(map(str.lower, words)) if all(map(_NAME.match, words)) else ()
    if not names or not RESERVED.isdisjoint(names):
        raise _Unreadable
    return names


_Read = TypeVar("_Read")


def _kept(read: _lru_cache_wrapper[_Read], part: str) -> _Read:
    """A part of a list as it was read before: chains say the same of the same atoms again and again, which is most of their text. What is long
    is no atom of anybody's, and not kept."""
    return read(part) if len(part) <= _LONGEST_KEPT else read.__wrapped__(part)


def _signed(text: str) -> list[tuple[Atom, bool]]:
    """The atoms of a comma list in their order, and whether each stands without "not"; none for "none"."""
    return [_kept(_signed_atom, part) for part in text.split(",")] if text.strip() != NONE else []


@lru_cache(maxsize=1 << 14)
def _signed_atom(part: str) -> tuple[Atom, bool]:
    names = _plain_names(part.strip(" "))
    if names and RESERVED.isdisjoint(names):
        return names, True
    words = part.split()
    negated = words[:1] == [NOT]
    return _names(" ".join(words[negated:])), not negated


def _literals(text: str) -> tuple[Literal, ...]:
    """The literals of a comma list in their order; none for "none"."""
    return tuple([Literal(atom=atom, positive=positive) for atom, positive in _signed(text)])


def _lookups(text: str) -> tuple[Lookup, ...]:
    """The literals of a comma list with "yes" or "no" behind each, in their order; none for "none"."""
    entries = _lookup_entries(text)
    if any(len(entry) > 1 for entry in entries):
        raise _Unreadable  # no comma between two
    return tuple(lookup for (lookup,) in entries)


def _lookup_entries(text: str) -> list[tuple[Lookup, ...]]:
    """A comma list of entries, each of one literal or more with "yes" or "no" behind each; none for "none"."""
    return [_kept(_entry, part) for part in text.split(",")] if text.strip() != NONE else []


@lru_cache(maxsize=1 << 14)
def _entry(part: str) -> tuple[Lookup, ...]:
    lookups, words = [], []
    for word in part.split():
        if word in (YES, NO):
            found = _literals(" ".join(words))
            if len(found) != 1:
                raise _Unreadable  # "none"
            lookups.append(Lookup(literal=found[0], holds=word == YES))
            words = []
        else:
            words.append(word)
    if words or not lookups:
        raise _Unreadable  # no "yes" or "no"
    return tuple(lookups)


def _atoms(text: str) -> tuple[frozenset[Atom], frozenset[Atom]]:
    """(positive, negated) atoms of a comma list, or of "none"."""
    signed = _signed(text)
    return tuple(frozenset([atom for atom, positive in signed if positive is sign]) for sign in (True, False))


def _parts(line: str) -> tuple[str, dict[str, tuple[frozenset[Atom], frozenset[Atom]]]]:
    """The action's text and the atoms behind each part word that the line holds."""
    written = line.split()
    if _PARTS.isdisjoint(written):
        return line, {}
    head: list[str] = []
    words = head
    collected: dict[str, list[str]] = {}
    for word in written:
        if word in _PARTS:
            if word in collected:
                raise _Unreadable  # it stands twice
            words = collected[word] = []
        else:
            words.append(word)
    return " ".join(head), {part: _atoms(" ".join(words)) for part, words in collected.items()}


def _call(text: str, span: Span) -> Call:
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    name, *arguments = _names(text)
    return Call(name=name, arguments=tuple(arguments), span=span)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[str, Span]]:
    """(line, its place in the whole text) of each line of text[start:end] that is not blank; stripped."""
    offset = start
    # A NamedTuple's own constructor is twice as slow.
    make = tuple.__new__
    for number, line in enumerate(text[start:end].split("\n"), start=text.count("\n", 0, start) + 1):
        if words := line.strip():
            indent = line.index(words)
            first = offset + indent
            yield words, make(Span, ("answer", number, indent + 1, first, first + len(words)))
        offset += len(line) + 1


def read_calls(text: str, start: int) -> tuple[tuple[Call, ...], SourceError | None]:
    """The calls from `start` to the end of the text, or as far as they can be read and the error that ends them."""
    calls: list[Call] = []
    for line, span in _lines(text, start, len(text)):
        try:
            calls.append(_call(line, span))
        except _Unreadable:
            return tuple(calls), SourceError("plan_syntax", span, "an action", _quoted(line))
    return tuple(calls), None


def says_unsolvable(text: str, start: int) -> bool:
    """Whether the plan section from `start` on says that there is no plan, and nothing else."""
    return text[start:].strip().lower() == UNSOLVABLE


def read_plan_section(text: str, start: int) -> tuple[Plan | None, str]:
    """(plan, "") of the calls from `start` to the end of the text; (None, why not), its line and text; (None, "") where it says that
    there is no plan.
    """
    if says_unsolvable(text, start):
        return None, ""
    calls, error = read_calls(text, start)
    if error is not None:
        return None, f"line {error.line}: expected {error.expected}, found {error.found}"
    return Plan(calls=calls), ""


def _claim(line: str, span: Span) -> Claim:
    names = _plain_names(line)
    if names and RESERVED.isdisjoint(names):
        return Claim.of_call(Call(name=names[0], arguments=names[1:], span=span))
    head, parts = _parts(line)
    call = _call(head, span)
    if not parts:
        return Claim.of_call(call)
    nothing: tuple[frozenset[Atom], frozenset[Atom]] = frozenset(), frozenset()
    needs, takes, drops, gives = (parts.get(word, nothing) for word in (NEEDS, TAKES, DROPS, GIVES))
    if takes[1] or drops[1] or gives[1]:
        raise _Unreadable  # what does not hold can only be needed
    return Claim(
        call=call, precondition=needs[0] | takes[0], add=gives[0], delete=takes[0] | drops[0], span=span
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Purpose:
    """A `for` line: the literals from the goal, or what one takes beforehand, down, all that was looked up, and those of it
    behind the last ":"."""

    line: str
    span: Span
    path: tuple[Literal, ...]
    lookups: tuple[Lookup, ...]
    own: tuple[Lookup, ...]


def _purpose(line: str, span: Span) -> _Purpose:
    goals, *levels = line.partition(" ")[2].split(":")
    goals, *others = _BUT.split(goals)
    goal, *earlier = _AFTER.split(goals)
    path = _literals(goal)
    if len(path) != 1:
        raise _Unreadable
    if not (earlier or others or levels):
        return _Purpose(line=line, span=span, path=path, lookups=(), own=())
    before, other, needed = (list(map(_lookups, texts)) for texts in (earlier, others, levels))
    if not all((*before, *other, *needed)) or len(other) > 1 or any(len(level) > 1 for level in other):
        raise _Unreadable
    if any(level[-1].holds for level in (*before[:-1], *other, *needed[:-1])):
        raise _Unreadable  # only what does not hold leads on
    path += tuple(level[-1].literal for level in (*before, *other, *needed[:-1]) if not level[-1].holds)
    lookups = tuple(each for level in (*before, *other, *needed) for each in level)
    return _Purpose(line=line, span=span, path=path, lookups=lookups, own=needed[-1] if needed else ())


def _for(claim: Claim, purpose: _Purpose, task: Task) -> Claim:
    """The claim with what stands above it: what it is for, and its preconditions, which it does not say again."""
    own = [each.literal.atom for each in purpose.own if each.literal.positive and each.holds]
    if others := [each.literal.atom for each in purpose.own if each.literal.positive and not each.holds]:
        # What another way to it would take does not hold, and is no precondition of this one.
        apart = telling_apart(task, purpose.path[-1].atom)
        own += [atom for atom in others if atom not in apart]
    precondition = frozenset(own)
    return replace(
        claim, purpose=purpose.path, lookups=purpose.lookups, precondition=(claim.precondition or frozenset()) | precondition,
        purpose_span=purpose.span,
    )  # fmt: skip


def _goals(line: str) -> dict[str, tuple[Lookup, ...] | None]:
    """What a `goals` line says: of each goal, and of what open goals take beforehand (None where it says nothing of that)."""
    entries = _lookup_entries(line.partition(" ")[2])
    if any(entry[0].holds and len(entry) > 1 for entry in entries):
        raise _Unreadable  # what is reached takes nothing
    prepared = tuple(at for _, *each in entries for at in each)
    return {"goals": tuple(goal for goal, *_ in entries), "prepared": prepared or None}


def _state(line: str, task: Task) -> State:
    """A `state` line's facts, with the static ones, which stand in the prompt alone."""
    positive, negative = _atoms(line.partition(" ")[2])
    if negative:
        raise _Unreadable
    return positive | task.static_facts


_Saying = TypeVar("_Saying", Claim, ParsedChain)


def _saying(of: _Saying, line: str, span: Span, task: Task) -> _Saying:
    """A chain's start, or the claim of a step, with what a `state` or `goals` line says of the state there."""
    if line.partition(" ")[0] == GOALS:
        if of.goals is not None:
            raise _Unreadable  # a second line of this kind, as below
        return replace(of, **_goals(line), goals_span=span)
    field = "after" if isinstance(of, Claim) else "initial"
    if getattr(of, field) is not None:
        raise _Unreadable
    return replace(of, **{field: _state(line, task), f"{field}_span": span})


MOST_STEPS = 100_000
"""Of a chain that is judged; models write tens."""
TOO_MANY_STEPS = f"more than {MOST_STEPS:,} steps"
"""All that is said of a longer one, in place of the lines that cannot be read."""


def _chain(text: str, start: int, end: int, task: Task) -> tuple[ParsedChain | None, tuple[str, ...]]:
    claims: list[Claim] = []
    unread: list[str] = []
    start_of_it = ParsedChain()  # with what "state" and "goals" say before the first step
    at_head: list[str] = []  # these lines
    in_step = False
    above: _Purpose | None = None  # of a step that has not come yet
    for line, span in _lines(text, start, end):
        purpose, above = above, None
        if not (line[0].isalpha() or line[0] == "("):  # no line of a chain begins like this
            unread += [purpose.line, line] if purpose else [line]
            in_step = False
            continue
        word = line.partition(" ")[0]
        try:
            if word in (STATE, GOALS) and not claims and not unread and purpose is None:
                start_of_it = _saying(start_of_it, line, span, task)
                at_head.append(line)
            elif word not in (STATE, GOALS):
                # What stands behind an unread step says nothing about the step before it.
                in_step = False
                if word == FOR:
                    above = _purpose(line, span)
                else:
                    claim = _claim(line, span)
                    if len(claims) == MOST_STEPS:
                        return None, (TOO_MANY_STEPS,)
                    claims.append(_for(claim, purpose, task) if purpose else claim)
                    purpose, in_step = None, True
            elif not in_step:
                raise _Unreadable  # no step that this belongs to
            else:
                claims[-1] = _saying(claims[-1], line, span, task)
        except _Unreadable:
            unread += [purpose.line, line] if purpose else [line]
            purpose = None
        if purpose is not None:
            unread.append(purpose.line)
    if above is not None:
        unread.append(above.line)
    if not claims:
        return None, (*at_head, *unread)  # of no chain
    return replace(start_of_it, claims=tuple(claims), unread=tuple(unread)), tuple(unread)


def _reason(text: str, start: int, end: int, task: Task) -> tuple[tuple[Atom, ...], tuple[str, ...]] | None:
    """(the goals of the `never` line, the lines that no rule reads) of a chain section without steps; None where there is a step."""
    head, never, unread = ParsedChain(), (), []
    for line, span in _lines(text, start, end):
        word, _, rest = line.partition(" ")
        try:
            if word == NEVER and not never:
                signed = _signed(rest)
                if not signed or not all(positive for _, positive in signed):
                    raise _Unreadable
                never = tuple(atom for atom, _ in signed)
            elif word in (STATE, GOALS) and not never:
                head = _saying(head, line, span, task)
            elif word in (STATE, GOALS, NEVER):
                raise _Unreadable  # a second reason, or a state behind no step
            else:
                _claim(line, span)
                return None
        except _Unreadable:
            unread.append(line)
    return never, tuple(unread)


def plan_header(text: str) -> re.Match[str] | None:
    """The line that is the header of the plan section and nothing else: the first one behind the chain's header."""
    header = _CHAIN_LINE.match(text)
    return _PLAN_LINE.search(text, header.end() if header else 0)


@uncollected
def read_answer(text: str, task: Task) -> Answer:
    """Read a whole answer (what stands behind the prompt, without the end mark). Never raises on a text.

    The plan is what the plan section says and nothing else: it is not cut at the goal, not taken from the
    chain, and one unreadable line makes it unreadable. The section starts at the first line that is its
    header alone. A chain without steps says something above `unsolvable` alone: the start, which is not kept, and the reason.
    """
    header = _CHAIN_LINE.match(text)
    chain_start = header.end() if header else 0
    plan_line = plan_header(text)
    chain, unread = _chain(text, chain_start, plan_line.start() if plan_line else len(text), task)
    if plan_line is None:
        return Answer(plan=None, chain=chain, problem=f"no line {PLAN_HEADER!r}", unread=unread)
    plan, problem = read_plan_section(text, plan_line.end())
    if says_unsolvable(text, plan_line.end()):
        never, unread = _reason(text, chain_start, plan_line.start(), task) or ((), unread)
        return Answer(plan=None, chain=chain, problem="", unread=unread, unsolvable=True, never=never)
    if chain is not None:
        chain = replace(chain, plan=plan)
    return Answer(plan=plan, chain=chain, problem=problem, unread=unread)
