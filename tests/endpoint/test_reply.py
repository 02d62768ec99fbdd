"""Whatever a server sends is read, and nothing raises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.endpoint.reply import NO_COUNTS, Reply, read_reply, retry_after, server_says
from planlearn.evaluate import Stop
from tests.endpoint.server import answer

KEY = "sk-1234567890"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["stop", "length", KEY]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "usage", "finish_reason", "error", "detail", "type", "text", KEY]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def read(*args: Any, **more: Any) -> Reply:
    return read_reply(answer(*args, **more), None)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read(content: bytes) -> None:
    reply = read_reply(content, KEY)
    assert (reply.stop is Stop.MISSING) <= (reply.text == "" and reply.reason != "")
    reply.text.encode(), reply.reason.encode()
    said = server_says(content, KEY)
    assert KEY not in reply.text + reply.reason + said
    assert len(said) <= 203 and said.isprintable()


@given(JSON, JSON, JSON)
def test_any_parts_of_an_answer_are_read(content: Any, finish: Any, usage: Any) -> None:
    body = {"choices": [{"message": {"content": content}, "finish_reason": finish}], "usage": usage}
    reply = read_reply(json.dumps(body).encode(), KEY)
    assert KEY not in reply.text + reply.reason
    assert reply.prompt_tokens >= 0 <= reply.tokens


@pytest.mark.parametrize(
    ("finish", "stop"), [("stop", Stop.END), ("length", Stop.CAP), (None, Stop.END), ("eos", Stop.END), ("content_filter", Stop.MISSING)]
)
def test_why_an_answer_ended(finish: str | None, stop: Stop) -> None:
    assert read("text", finish).stop is stop


def test_reasoning_is_no_part_of_the_answer() -> None:
    reply = read("pick-up a", usage=(7, 900), reasoning_content="pick up b?", reasoning="hm")
    assert (reply.text, reply.tokens) == ("pick-up a", 900)
    parts = [{"type": "thinking", "text": "b?"}, {"type": "text", "text": "pick-up "}, {"type": "text", "text": "a"}]
    assert read(parts).text == "pick-up a"


def test_a_cap_spent_on_reasoning_is_an_answer_without_text() -> None:
    reply = read(None, "length", usage=(7, 16))
    assert (reply.stop, reply.text, reply.tokens, reply.reason) == (Stop.CAP, "", 16, "")


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": 7}, {"prompt_tokens": 7, "completion_tokens": None}, {"prompt_tokens": -1, "completion_tokens": 2}, []],
)
def test_missing_counts_are_noted(usage: Any) -> None:
    reply = read("text", usage=usage)
    assert (reply.prompt_tokens, reply.tokens, reply.counted, reply.reason) == (0, 0, False, NO_COUNTS)


def test_half_a_surrogate_pair_does_not_reach_a_file() -> None:
    assert read_reply(rb'{"choices": [{"message": {"content": "a\ud800b"}}]}', None).text == "a?b"


def test_the_key_is_blotted_out_before_words_are_cut() -> None:
    said = server_says(b"x" * 195 + KEY.encode(), KEY)
    assert said == "x" * 195 + "[key]"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("3", 3.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", None), ("inf", float("inf")), ("", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_a_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=10.0) == seconds
