"""What a server sent back -> a `Reply`. Any bytes are read; none raise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from planlearn.endpoint.settings import without_key
from planlearn.evaluate import Stop

_QUOTED = 200
NO_COUNTS = "the server gave no token counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, or why there is none (stop MISSING).

    prompt_tokens, tokens: as the server counts them, reasoning included; 0 where it does not count (`counted`). again: another try may
    help; wait: seconds that the server asks for first. about_prompt: the server refused this prompt, others may do.
    """

    stop: Stop
    text: str = ""
    reason: str = ""
    prompt_tokens: int = 0
    tokens: int = 0
    counted: bool = False
    again: bool = False
    wait: float | None = None
    about_prompt: bool = False


def missing(reason: str, **more: Any) -> Reply:
    return Reply(stop=Stop.MISSING, reason=reason, **more)


def read_reply(content: bytes, key: str | None) -> Reply:
    """The answer in the body of a 200. Reasoning that the server gives apart is no part of it."""
    value = _json(content)
    if not isinstance(value, dict):
        return missing("the answer is no JSON object")
    counts = _counts(value.get("usage"))
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices:
        said = f": {_said(value, key)}" if value.get("error") else ""
        return missing(f"the answer has no choices{said}", **counts)
    choice = choices[0] if isinstance(choices[0], dict) else {}
    message = choice.get("message")
    finish = choice.get("finish_reason")
    if finish in ("content_filter", "error"):
        return missing(f"the server ended the answer itself ({finish})", about_prompt=finish == "content_filter", **counts)
    text = _text(message.get("content") if isinstance(message, dict) else None)
    if text is None and finish != "length":  # all of the cap spent on reasoning is an answer: none within the cap
        return missing("the answer has no text", about_prompt=True, **counts)
    return Reply(
        stop=Stop.CAP if finish == "length" else Stop.END, text=without_key(text or "", key),
        reason="" if counts["counted"] else NO_COUNTS, **counts,
    )


def server_says(content: bytes, key: str | None) -> str:
    """A server's own words for an error, shortened, on one line, without the key; "" where it has none."""
    value = _json(content)
    return _said(value, key) if value is not None else _quote(content.decode("utf-8", "replace"), key)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds from a Retry-After: a number, or a date compared with `now` (seconds since 1970). None for what is neither."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError, OSError):
            return None
    return max(seconds, 0.0) if seconds == seconds else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _counts(usage: Any) -> dict[str, Any]:
    found = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else []
    if not found or any(type(count) is not int or count < 0 for count in found):
        return {"prompt_tokens": 0, "tokens": 0, "counted": False}
    return {"prompt_tokens": found[0], "tokens": found[1], "counted": True}


def _text(content: Any) -> str | None:
    """A text, or the texts among typed parts; None where there is none."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        content = "".join(part for part in parts if isinstance(part, str)) if parts else None
    if not isinstance(content, str):
        return None
    return content.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be written to a file


def _said(value: Any, key: str | None) -> str:
    """`error.message`, as OpenAI has it, or what other servers have in its place."""
    for name in ("error", "message", "detail"):
        if isinstance(value, dict) and name in value:
            value = value[name]
    return _quote(value if isinstance(value, str) else json.dumps(value) if value else "", key)


def _quote(text: str, key: str | None) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in without_key(text, key)).split()).removesuffix(".")
    return line if len(line) <= _QUOTED else f"{line[:_QUOTED]}..."
