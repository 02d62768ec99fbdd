"""Text -> what it asserts, strictly: every line is read or named as unread; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from planlearn.chains.grammar import (
    CHAIN_HEADER,
    DROPS,
    FOR,
    GIVES,
    LEFT,
    NEEDS,
    NONE,
    NOT,
    PARTS,
    PLAN_HEADER,
    RESERVED,
    STATE,
    TAKES,
)
from val_bridge import Atom, Call, Claim, Literal, ParsedChain, Plan, SourceError, Span, Task

# A PDDL name: what is none names nothing in any task, so the line is unreadable rather than wrong.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_PLAN_LINE = re.compile(rf"^{PLAN_HEADER}[ \t\r]*$", re.MULTILINE)
_CHAIN_LINE = re.compile(rf"{CHAIN_HEADER}[ \t\r]*\n")
_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model's answer asserts.

    plan: the plan section as written, whole; None where there is none or a line of it cannot be read.
    chain: the chain section's claims; None where the section holds no readable step.
    problem: why the plan cannot be read; "" where it can.
    unread: the lines that no rule reads, in order.
    """

    plan: Plan | None
    chain: ParsedChain | None
    problem: str
    unread: tuple[str, ...]


class _Unreadable(ValueError):
    """A line that is not in the format."""


def _quoted(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _names(text: str, wanted: str) -> tuple[str, ...]:
    words = text.split()
    names = tuple(word.lower() for word in words if _NAME.match(word))
    if not words or len(names) < len(words) or RESERVED.intersection(names):
        raise _Unreadable(f"expected {wanted}, found {_quoted(text)}")
    return names


def _literals(text: str) -> tuple[Literal, ...]:
    """The literals of a comma list in their order; none for "none"."""
    literals = []
    for part in text.split(",") if text.strip() != NONE else ():
        words = part.split()
        negated = words[:1] == [NOT]
        literals.append(Literal(atom=_names(" ".join(words[negated:]), "an atom"), positive=not negated))
    return tuple(literals)


def _atoms(text: str) -> tuple[frozenset[Atom], frozenset[Atom]]:
    """(positive, negated) atoms of a comma list, or of "none"."""
    literals = _literals(text)
    return tuple(frozenset(lit.atom for lit in literals if lit.positive is sign) for sign in (True, False))


def _parts(line: str) -> tuple[str, dict[str, tuple[frozenset[Atom], frozenset[Atom]]]]:
    """The action's text and the atoms behind each part word that the line holds."""
    head: list[str] = []
    words = head
    collected: dict[str, list[str]] = {}
    for word in line.split():
        if word in PARTS:
            if word in collected:
                raise _Unreadable(f"{word!r} stands twice")
            words = collected[word] = []
        else:
            words.append(word)
    return " ".join(head), {part: _atoms(" ".join(words)) for part, words in collected.items()}


def _call(text: str, span: Span) -> Call:
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    name, *arguments = _names(text, "an action")
    return Call(name=name, arguments=tuple(arguments), span=span)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[str, Span]]:
    """(line, its place in the whole text) of each line of text[start:end] that is not blank; stripped."""
    offset = start
    for number, line in enumerate(text[start:end].split("\n"), start=text.count("\n", 0, start) + 1):
        if words := line.strip():
            column = len(line) - len(line.lstrip()) + 1
            first = offset + column - 1
            yield words, Span(file="answer", line=number, column=column, start=first, end=first + len(words))
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


def read_plan_section(text: str, start: int) -> tuple[Plan | None, str]:
    """(plan, "") of the calls from `start` to the end of the text, or (None, why not): its line and text."""
    calls, error = read_calls(text, start)
    if error is not None:
        return None, f"line {error.line}: expected {error.expected}, found {error.found}"
    return Plan(calls=calls), ""


def _claim(line: str, span: Span) -> Claim:
    head, parts = _parts(line)
    call = _call(head, span)
    if not parts:
        return Claim(call=call, span=span)
    nothing: tuple[frozenset[Atom], frozenset[Atom]] = frozenset(), frozenset()
    needs, takes, drops, gives = (parts.get(word, nothing) for word in (NEEDS, TAKES, DROPS, GIVES))
    if takes[1] or drops[1] or gives[1]:
        raise _Unreadable(f"{NOT!r} belongs in {NEEDS!r} alone")
    return Claim(
        call=call, precondition=needs[0] | takes[0], add=gives[0], delete=takes[0] | drops[0], span=span
    )  # fmt: skip


def _reached(line: str, task: Task) -> frozenset[Atom]:
    """The atoms of a `state` or `left` line; a state's with the static ones, which stand in the prompt alone."""
    word, _, rest = line.partition(" ")
    positive, negative = _atoms(rest)
    if word == LEFT:
        return positive | negative
    if negative:
        raise _Unreadable(f"{NOT!r} in a state")
    return positive | task.static_facts


def _with_reached(claim: Claim, line: str, task: Task) -> Claim:
    """The claim with what a `state` or `left` line says of it."""
    field = "after" if line.partition(" ")[0] == STATE else "unmet_goals"
    if getattr(claim, field) is not None:
        raise _Unreadable("stands twice")
    return replace(claim, **{field: _reached(line, task)})


def _chain(text: str, start: int, end: int, task: Task) -> tuple[ParsedChain | None, tuple[str, ...]]:
    claims: list[Claim] = []
    unread: list[str] = []
    at_head: dict[str, tuple[frozenset[Atom], str]] = {}  # "state" and "left" of the start: their atoms and their line
    in_step = False
    above: tuple[str, tuple[Literal, ...]] | None = None  # a purpose whose step has not come yet
    for line, span in _lines(text, start, end):
        word, _, rest = line.partition(" ")
        purpose, above = above, None
        try:
            is_head = not claims and not unread and purpose is None
            if is_head and word in (STATE, LEFT) and word not in at_head:
                at_head[word] = _reached(line, task), line
            elif word not in (STATE, LEFT):
                # What stands behind an unread step says nothing about the step before it.
                in_step = False
                if word == FOR:
                    above = line, _literals(rest)
                else:
                    claim = _claim(line, span)
                    claims.append(replace(claim, purpose=purpose[1]) if purpose else claim)
                    purpose, in_step = None, True
            elif not in_step:
                raise _Unreadable("no step that this belongs to")
            else:
                claims[-1] = _with_reached(claims[-1], line, task)
        except _Unreadable:
            unread += [purpose[0], line] if purpose else [line]
            purpose = None
        if purpose is not None:
            unread.append(purpose[0])
    if above is not None:
        unread.append(above[0])
    if not claims:
        unread[:0] = [line for _, line in at_head.values()]  # of no chain
    initial, left = (at_head[word][0] if word in at_head else None for word in (STATE, LEFT))
    parsed = ParsedChain(initial=initial, unmet_goals=left, claims=tuple(claims), unread=tuple(unread))
    return (parsed if claims else None), parsed.unread


def plan_header(text: str) -> re.Match[str] | None:
    """The line that is the header of the plan section and nothing else: the first one behind the chain's header."""
    header = _CHAIN_LINE.match(text)
    return _PLAN_LINE.search(text, header.end() if header else 0)


def read_answer(text: str, task: Task) -> Answer:
    """Read a whole answer (what stands behind the prompt, without the end mark). Never raises on a text.

    The plan is what the plan section says and nothing else: it is not cut at the goal, not taken from the
    chain, and one unreadable line makes it unreadable. The section starts at the first line that is its
    header alone.
    """
    header = _CHAIN_LINE.match(text)
    chain_start = header.end() if header else 0
    plan_line = plan_header(text)
    chain, unread = _chain(text, chain_start, plan_line.start() if plan_line else len(text), task)
    if plan_line is None:
        return Answer(plan=None, chain=chain, problem=f"no line {PLAN_HEADER!r}", unread=unread)
    plan, problem = read_plan_section(text, plan_line.end())
    if chain is not None:
        chain = replace(chain, plan=plan)
    return Answer(plan=plan, chain=chain, problem=problem, unread=unread)
