"""A chain, or a list of calls, that an answer gives as JSON.

Its lines may be cut anywhere, so it is read as JSON and not line by line: `["(pick-up a)", ...]`, or objects with
"action" between objects with "state". Any other JSON is none of these and is read as text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from planlearn.chains.answer_lines import Actions, Broken, LineReader, NoAction, Reading
from planlearn.chains.answer_words import undressed

# Where a JSON list of texts or objects, or an object, may begin.
CHAIN_START = re.compile(r'\[\s*+["{]|\{\s*+"')
_SPACE = re.compile(r"[ \t\r\n]*+")
# Of a JSON string, as written.
_CHARACTER = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]")
_ACTION_FIELD = re.compile(r'"action"\s*+:\s*+("(?:[^"\\]|\\.)*+")', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSteps:
    """steps: what is done, each with its place. states: the places of the states between. end: of the JSON."""

    steps: list[tuple[Actions | Broken, int, int]]
    states: list[tuple[int, int]]
    end: int


class NoChainError(Exception):
    """Text that is no JSON, or JSON that is no chain; `at`: how far it was read."""

    def __init__(self, at: int) -> None:
        self.at = at


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    """An object by its keys in lower case; None, which is no item of a chain, where a key stands twice."""
    found = {key.lower(): value for key, value in pairs}
    return found if len(found) == len(pairs) else None


# Numbers say nothing of a plan, and Python refuses to read those of thousands of digits.
_decode = json.JSONDecoder(object_pairs_hook=_object, parse_int=lambda _: 0, parse_float=lambda _: 0).raw_decode


def _item(text: str, start: int) -> tuple[Any, int]:
    try:
        return _decode(text, start)
    except json.JSONDecodeError as error:
        raise NoChainError(error.pos) from None
    except RecursionError:
        raise NoChainError(len(text)) from None


def _items(text: str, start: int) -> tuple[list[tuple[Any, int, int]], int]:
    """The items of the JSON list at `start`, or the one object there, each with its place; and the end of it all.

    Raises NoChainError.
    """
    if text[start] == "{":
        item, end = _item(text, start)
        return [(item, start, end)], end
    items: list[tuple[Any, int, int]] = []
    at = start
    while text[at : at + 1] == ("," if items else "["):
        at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
        item, end = _item(text, at)
        items.append((item, at, end))
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    if text[at : at + 1] != "]":
        raise NoChainError(at)
    return items, at + 1


def _call(item: dict[str, Any]) -> list[str] | None:
    """An action's name and its objects where they stand under keys of their own: {"name": "stack", "args": ["a", "b"]}."""
    names = [item[key] for key in ("action", "name", "operator") if key in item]
    lists = [item[key] for key in ("args", "arguments", "parameters", "params", "objects") if key in item]
    if len(names) != 1 or len(lists) != 1:
        return None
    (name,), (objects,) = names, lists
    if isinstance(objects, dict):
        objects = list(objects.values())
    words = [name, *objects] if isinstance(objects, list) else []
    return words if words and all(isinstance(word, str) and word and not word.isspace() for word in words) else None


def read_json_steps(text: str, start: int, reader: LineReader) -> JsonSteps:
    """What the JSON at `start` says is done.

    Raises NoChainError for what is no JSON, and where its items are neither steps nor calls.
    """
    items, stop = _items(text, start)
    steps: list[tuple[Actions | Broken, int, int]] = []
    states = []
    for item, first, end in items:
        if isinstance(item, str):
            reading = _string(text, item, first, end, reader)
            if isinstance(reading, NoAction):
                raise NoChainError(stop)
            steps.append((reading, first, end))
        elif not isinstance(item, dict):
            raise NoChainError(stop)
        elif call := _call(item):
            # What is no name stays none: the checker or the reader says so.
            reading = reader.read(f"({undressed(' '.join(call))})")
            whole = Actions(tuple((name, args, 0, end - first) for name, args, _, _ in reading.calls)) if isinstance(reading, Actions) else None
            steps.append((whole or Broken("an action"), first, end))
        elif action := item.get("action"):
            written = (m for m in _ACTION_FIELD.finditer(text, first, end) if json.loads(m[1]) == action)
            place = next((m.span(1) for m in written), (first, end))
            reading = _string(text, action, *place, reader) if isinstance(action, str) else NoAction.PROSE
            steps.append((Broken("an action") if isinstance(reading, NoAction) else reading, *place))
        elif not item or not {"state", "action"}.issuperset(item):
            raise NoChainError(stop)
        elif "\n" not in text[first:end]:
            states.append((first, end))
    if not any(isinstance(reading, Actions) for reading, *_ in steps):
        raise NoChainError(stop)
    return JsonSteps(steps=steps, states=states, end=stop)


def _string(text: str, value: str, start: int, end: int, reader: LineReader) -> Reading:
    """A JSON string as a line. text[start:end]: it as written, or its object, where the key has escapes."""
    plain = undressed(value).replace("\n", " ")
    first = reader.lead.match(plain).end()  # type: ignore[union-attr]
    reading = reader.read(plain[first:].rstrip())
    if not isinstance(reading, Actions):
        return reading
    if text[start] == '"' and end - start - 2 == len(value):  # no escapes
        first += 1
        return Actions(tuple((name, args, first + a, first + b) for name, args, a, b in reading.calls))
    # Where each character is written; two escapes may stand for one character beyond the first 65,536.
    places = [place.start() for place in _CHARACTER.finditer(text, start + 1, end - 1)]
    if len(places) != len(value) or text[start] != '"':
        return Actions(tuple((name, args, 0, end - start) for name, args, _, _ in reading.calls))
    places.append(end - 1)
    return Actions(tuple(
        (name, args, places[first + a] - start, places[first + b] - start) for name, args, a, b in reading.calls
    ))  # fmt: skip
