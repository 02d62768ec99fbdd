"""Seeded mutations of texts and bytes: of tokens, lines, characters and bytes, a few at a time.

Every mutation takes a text, a stream of random numbers and the texts to borrow from, and gives a text. What comes out
depends on the seed alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(r"[()\[\]{},:]|\s+|[^\s()\[\]{},:]+")
_NAME = re.compile(r"[?:]?[A-Za-z][\w-]*")
LONGEST = 40_000
"""Characters of a mutated text: so much can be told apart from a hang at a glance."""

ODD = (
    "\x00", "\ufeff", "\r\n", "\r", "\t", "\v", "\f", "\x1c", "\x85", "\u00a0", "\u200b", "\u2028", "\u212a", "\u0130",
    "\u017f", "é", "ß", "Σ", "\u0663", "²", "😀", "\ud800", ";", '"', "'", "\\", "|", "#", "-", "?", ":", "=", "/", "`",
)  # fmt: skip
WORDS = (
    "and", "or", "not", "imply", "exists", "forall", "when", "either", "assign", "increase", "decrease", "scale-up",
    "scale-down", "object", "number", "=", "<", ">=", "+", "-", "*", "/", "define", "domain", "problem", "minimize",
    "total-time", "total-cost", "preference", "always", "at", "start", "?x", "?x-2", "?", ":", "::", ":goal", ":init",
    ":action", ":derived", ":types", ":metric", ":effect", ":parameters", ":precondition", "none", "state", "goals", "for", "after", "but", "yes", "no",
    "for", "needs", "takes", "gives", "drops", "plan:", "chain:", "null", "true", "[plan]", "```", "<think>", "</think>",
)  # fmt: skip
NUMBERS = (
    "0", "-0", "+1", "1.", ".5", "1e9", "1/3", "0x10", "007", "1_000", "9" * 25, "9" * 301, "9" * 5000,
    "0." + "0" * 200 + "1", "-99999999999999999999.5", "nan", "inf", "1.5.2", "0.001:", "1:", "[1]",
)  # fmt: skip

Mutation = Callable[[str, random.Random, Sequence[str]], str]


def tokens_of(text: str) -> list[str]:
    return _TOKEN.findall(text)


def mutated(text: str, rng: random.Random, others: Sequence[str], most: int = 3) -> str:
    """The text with one to `most` mutations in it; `others` are texts to take pieces from."""
    for _ in range(1 if rng.random() < 0.6 else rng.randint(2, most)):
        text = rng.choice(MUTATIONS)(text, rng, others)[:LONGEST]
    return text


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to three of them changed, cut out, put in or doubled, or behind a byte order mark."""
    for _ in range(rng.randint(1, 3)):
        start, end = _range(len(data), rng)
        kind = rng.randrange(5)
        if kind == 0:
            data = data[:start] + bytes([rng.randrange(256)]) + data[start + 1 :]
        elif kind == 1:
            data = data[:start] + data[end:]
        elif kind == 2:
            data = data[:start] + rng.randbytes(rng.randint(1, 4)) + data[start:]
        elif kind == 3:
            data = data[:end] + data[start:end] + data[end:]
        else:
            data = b"\xef\xbb\xbf" + data
    return data[:LONGEST]


def _range(length: int, rng: random.Random, longest: int = 12) -> tuple[int, int]:
    """Start and end of a piece, seldom a long one."""
    start = rng.randint(0, length)
    size = rng.randint(1, longest) if rng.random() < 0.9 else rng.randint(1, max(1, length))
    return start, min(length, start + size)


def _spliced(
    pieces: list[str], rng: random.Random, lenders: Sequence[list[str]], separator: str = "", longest: int = 12
) -> str:
    """One change of a list of tokens, lines or characters: one cut, doubled, exchanged, moved, or lent by another."""
    start, end = _range(len(pieces), rng, longest)
    part = pieces[start:end]
    kind = rng.randrange(6)
    if kind == 0:
        new = pieces[:start] + pieces[end:]
    elif kind == 1:
        new = pieces[:end] + part + pieces[end:]
    elif kind == 2:
        other = rng.randint(0, len(pieces))
        rest = pieces[:start] + pieces[end:]
        new = rest[:other] + part + rest[other:]
    elif kind == 3:
        new = pieces[:start] + part[::-1] + pieces[end:]
    else:
        lender = rng.choice(lenders) if lenders else pieces
        first, last = _range(len(lender), rng, longest)
        new = pieces[:start] + lender[first:last] + pieces[end if kind == 4 else start :]
    return separator.join(new)


def token_splice(text: str, rng: random.Random, others: Sequence[str]) -> str:
    return _spliced(tokens_of(text), rng, [tokens_of(rng.choice(others))] if others else [])


def line_splice(text: str, rng: random.Random, others: Sequence[str]) -> str:
    lender = [rng.choice(others).split("\n")] if others else []
    return _spliced(text.split("\n"), rng, lender, "\n", 3)


def character_splice(text: str, rng: random.Random, others: Sequence[str]) -> str:
    return _spliced(list(text), rng, [list(rng.choice(others))] if others else [])


def odd_character(text: str, rng: random.Random, others: Sequence[str]) -> str:
    place = 0 if rng.random() < 0.1 else rng.randint(0, len(text))
    return text[:place] + rng.choice(ODD) * rng.choice((1, 1, 1, 2, 50)) + text[place + rng.randrange(2) :]


def name_for_name(text: str, rng: random.Random, others: Sequence[str]) -> str:
    """One name in place of another, once or everywhere."""
    names = _NAME.findall(text)
    if not names:
        return text
    old = rng.choice(names)
    pool = rng.choice((names, names, WORDS, _NAME.findall(rng.choice(others)) if others else WORDS)) or WORDS
    new = rng.choice(pool)
    found = list(re.finditer(rf"(?<![\w-]){re.escape(old)}(?![\w-])", text))
    for match in reversed(found if rng.random() < 0.3 else found and [rng.choice(found)]):
        text = text[: match.start()] + new + text[match.end() :]
    return text


def number_for_token(text: str, rng: random.Random, others: Sequence[str]) -> str:
    tokens = tokens_of(text)
    if not tokens:
        return rng.choice(NUMBERS)
    numeric = [index for index, token in enumerate(tokens) if token[:1].isdigit()]
    place = rng.choice(numeric) if numeric and rng.random() < 0.7 else rng.randrange(len(tokens))
    tokens[place] = rng.choice(NUMBERS)
    return "".join(tokens)


def letter_case(text: str, rng: random.Random, others: Sequence[str]) -> str:
    start, end = _range(len(text), rng, 30)
    return text[:start] + text[start:end].swapcase() + text[end:]


def line_ends(text: str, rng: random.Random, others: Sequence[str]) -> str:
    return text.replace("\n", rng.choice(("\r\n", "\r", "\n\n", " ", "\t", "\f", " ;x\n", "\u2028")))


def white_space(text: str, rng: random.Random, others: Sequence[str]) -> str:
    start, end = _range(len(text), rng, 80)
    return text[:start] + text[start:end].replace(" ", rng.choice(("", "\t", "  ", "\n", ";\n", "_"))) + text[end:]


def deep_nesting(text: str, rng: random.Random, others: Sequence[str]) -> str:
    """A group wrapped many times, or parentheses opened without an end."""
    tokens = tokens_of(text)
    depth = rng.choice((1, 2, 5, 99, 100, 101, 300, 1500))
    head = rng.choice(("(", "(and ", "(or ", "(not ", "(and (p) ", "(when (and) ", "(forall (?x) ", "(+ 1 ", "[", '{"a":'))
    tail = {"[": "]", '{"a":': "}"}.get(head, ")")
    places = [index for index, token in enumerate(tokens) if token in ("(", "[", "{")]
    start = rng.choice(places) if places else 0
    end = _closing(tokens, start)
    closed = tail * depth if rng.random() < 0.8 else ""
    return "".join((*tokens[:start], head * depth, *tokens[start:end], closed, *tokens[end:]))


def _closing(tokens: list[str], start: int) -> int:
    """The index behind the group that opens at `start`."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index] in ("(", "[", "{")) - (tokens[index] in (")", "]", "}"))
        if depth <= 0:
            return index + 1
    return len(tokens)


def group_splice(text: str, rng: random.Random, others: Sequence[str]) -> str:
    """A whole group cut out, doubled, or put in place of another: what comes out is often still well-formed."""
    tokens = tokens_of(text)
    lender = tokens_of(rng.choice(others)) if others and rng.random() < 0.3 else tokens
    places = [index for index, token in enumerate(tokens) if token in ("(", "[", "{")]
    lent = [index for index, token in enumerate(lender) if token in ("(", "[", "{")]
    if not places or not lent:
        return text
    start, first = rng.choice(places), rng.choice(lent)
    end, last = _closing(tokens, start), _closing(lender, first)
    kept = tokens[start:end] if rng.random() < 0.4 else []
    new = lender[first:last] if rng.random() < 0.8 else []
    return "".join((*tokens[:start], *kept, " ", *new, *tokens[end:]))


def head_for_head(text: str, rng: random.Random, others: Sequence[str]) -> str:
    """Another word behind an opening parenthesis."""
    tokens = tokens_of(text)
    places = [index + 1 for index, token in enumerate(tokens[:-1]) if token == "("]
    if not places:
        return text
    place = rng.choice(places)
    pool = WORDS if rng.random() < 0.6 else [tokens[index] for index in places]
    tokens[place] = rng.choice(pool) + (" " if tokens[place] in "()" else "")
    return "".join(tokens)


def long_repetition(text: str, rng: random.Random, others: Sequence[str]) -> str:
    start, end = _range(len(text), rng, 8)
    return text[:start] + text[start:end] * rng.choice((5, 50, 1000)) + text[end:]


def cut(text: str, rng: random.Random, others: Sequence[str]) -> str:
    place = rng.randint(0, len(text))
    return text[:place] if rng.random() < 0.7 else text[place:]


def comment(text: str, rng: random.Random, others: Sequence[str]) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + ";" + rng.choice(("", ")", "(", "x", "\x00")) + rng.choice(("\n", "")) + text[place:]


MUTATIONS: tuple[Mutation, ...] = (
    token_splice, token_splice, token_splice, line_splice, character_splice, odd_character, name_for_name, name_for_name,
    number_for_token, letter_case, line_ends, white_space, deep_nesting, group_splice, group_splice, group_splice,
    head_for_head, head_for_head, long_repetition, cut, comment,
)  # fmt: skip
"""Each as often as it is worth."""
