"""JSON text -> claimed chain.

    [{"state": ["(on c a)", ...]}, {"action": "(unstack c a)", "state": ["(holding c)", ...]}, ...]

The first item may be the first state alone; every other item has an action. `state` is the state behind the action;
`precondition`, `add` and `delete` may stand beside it. Where states are written as changes, a later `state` lists the
facts that became true and, as "(not (on c a))", those that became false. States are of facts alone: numbers follow from the
actions, and no text claims them.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from val_bridge.pddl.collecting import uncollected
from val_bridge.pddl.errors import SourceError, nearest
from val_bridge.pddl.read import read_atom, read_utf8
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import Atom, Call
from val_bridge.pddl.tokens import Source
from val_bridge.semantics.chain import Claim, ParsedChain

_KEYS = ("action", "state", "precondition", "add", "delete")
_SHOWN = 40
_SPACE = re.compile(r"[ \t\r\n]*")
_NEGATED = re.compile(r"\(\s*not\b(.*)\)\s*\Z", re.IGNORECASE | re.DOTALL)


@uncollected
def read_chain(
    text: str, file: str | None = None, *, changes: bool = False, complete: bool = False
) -> ParsedChain:
    """The chain that a JSON text claims; `changes`: states behind actions are lists of what changed.

    complete: the first state and the state behind each action must be there; else what is left out is not judged. Where
    states are changes, the first may be missing, and `add` or `delete` may stand for a step's.
    Raises SourceError of kind plan_syntax; its place is that of the item that cannot be read.
    """
    return _ChainReader(Source(text, file or "<chain>"), changes, complete).chain()


def load_chain(path: str | Path, *, changes: bool = False) -> ParsedChain:
    """`read_chain` of a file. Raises OSError too."""
    return read_chain(read_utf8(path, "plan_syntax"), str(path), changes=changes)


class _TwiceError(Exception):
    """An object with the same key twice."""


class _ChainReader:
    def __init__(self, source: Source, changes: bool, complete: bool) -> None:
        self.source = source
        self.changes = changes
        self.complete = complete
        self.span = source.span(0, 0)
        self.known: dict[str, Atom] = {}  # states repeat their facts

    def chain(self) -> ParsedChain:
        initial: frozenset[Atom] | None = None
        claims: list[Claim] = []
        for number, (item, self.span) in enumerate(self.items()):
            if not isinstance(item, dict):
                self.fail("an object with 'action' and 'state'", item)
            for key in item:
                if key not in _KEYS:
                    self.fail(f"one of {' '.join(_KEYS)}", key, nearest(key, _KEYS))
            if "action" in item:
                if self.complete and not self.changes and number == 0:
                    self.fail("the first state, an object with 'state' alone", "a step")
                if self.complete and "state" not in item and not (self.changes and {"add", "delete"} & item.keys()):
                    self.fail("'state', the facts behind the step", ", ".join(map(repr, item)))
                claims.append(self.claim(item))
            elif number == 0 and set(item) == {"state"}:
                initial = self.atoms(item, "state")
            else:
                self.fail("'action'" if number else "'action', or 'state' alone", ", ".join(map(repr, item)))
        return ParsedChain(initial=initial, claims=tuple(claims))

    def items(self) -> Iterator[tuple[Any, Span]]:
        """The items of the outermost list, each with its place."""
        text, decode = self.source.text, json.JSONDecoder(object_pairs_hook=self.object).raw_decode
        place = self.skip(0)
        if text[place : place + 1] != "[":
            self.fail_at(place, "'[', the start of a JSON list")
        place = self.skip(place + 1)
        first = True
        while text[place : place + 1] != "]":
            if not first:
                if text[place : place + 1] != ",":
                    self.fail_at(place, "',' or ']'")
                place = self.skip(place + 1)
            first = False
            try:
                item, end = decode(text, place)
            except json.JSONDecodeError as error:
                self.fail_at(error.pos, "JSON")
            except _TwiceError as error:
                self.fail_at(place, f"each key of an item once, not a second {_shown(error.args[0])}")
            except ValueError:
                # Python's own limit for whole numbers.
                self.fail_at(place, "an item without a number of thousands of digits")
            except RecursionError:
                self.fail_at(place, "an item that is not nested so deeply")
            yield item, self.source.span(place, end)
            place = self.skip(end)
        rest = self.skip(place + 1)
        if rest < len(text):
            self.fail_at(rest, "nothing after the list's ']'")

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """A JSON object; the last of two equal keys would silently win otherwise."""
        item: dict[str, Any] = {}
        for key, value in pairs:
            if key in item:
                raise _TwiceError(key)
            item[key] = value
        return item

    def skip(self, place: int) -> int:
        match = _SPACE.match(self.source.text, place)
        return match.end() if match else place

    def claim(self, item: dict[str, Any]) -> Claim:
        name, *arguments = self.atom(item["action"], "an action such as \"(pick-up a)\"")
        call = Call(name=name, arguments=tuple(arguments), span=self.span)
        written = {key: self.atoms(item, key) for key in ("precondition", "add", "delete") if key in item}
        after = None
        if "state" in item and self.changes:
            if "add" in written or "delete" in written:
                self.fail("'state', or 'add' and 'delete', where states are changes", "both")
            written["add"], written["delete"] = self.literals(item["state"])
        elif "state" in item:
            after = self.atoms(item, "state")
        return Claim(
            call=call, precondition=written.get("precondition"), add=written.get("add"),
            delete=written.get("delete"), after=after, span=self.span,
        )  # fmt: skip

    def atoms(self, item: dict[str, Any], key: str) -> frozenset[Atom]:
        return frozenset(self.atom(fact, f"a fact such as \"(on a b)\" in '{key}'") for fact in self.list(item[key], key))

    def literals(self, value: Any) -> tuple[frozenset[Atom], frozenset[Atom]]:
        """(atoms that became true, atoms that became false)."""
        true, false = set(), set()
        for fact in self.list(value, "state"):
            negated = _NEGATED.match(fact) if isinstance(fact, str) else None
            expected = "a fact such as \"(on a b)\" or \"(not (on a b))\" in 'state'"
            (false if negated else true).add(self.atom(negated[1].strip() if negated else fact, expected))
        return frozenset(true), frozenset(false)

    def list(self, value: Any, key: str) -> list[Any]:
        if not isinstance(value, list):
            self.fail(f"a list of facts in '{key}'", value)
        return value

    def atom(self, text: Any, expected: str) -> Atom:
        if not isinstance(text, str):
            self.fail(expected, text)
        atom = self.known.get(text)
        if atom is None:
            try:
                atom = self.known[text] = read_atom(text)
            except SourceError:
                self.fail(expected, text)
        return atom

    def fail(self, expected: str, found: Any, hint: str = "") -> NoReturn:
        raise SourceError("plan_syntax", self.span, expected, _shown(found), hint)

    def fail_at(self, place: int, expected: str) -> NoReturn:
        end = min(place + 1, len(self.source.text))
        found = self.source.quote(place, end) if place < end else "the end of the text"
        raise SourceError("plan_syntax", self.source.span(place, end), expected, found)


def _shown(found: Any) -> str:
    """A JSON value as messages show it; what is nested deeply is not looked through."""
    shown = repr(found) if isinstance(found, str) else reprlib.repr(found)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
