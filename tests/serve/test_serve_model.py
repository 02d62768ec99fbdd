"""The model's process: what it tells while it writes, and how it is ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import planlearn.models
from planlearn.evaluate import Completion, Stop
from planlearn.serve.model import CANCELLED, LATE, _answered

LINES = ("Chain:\n", "Chain:\npick-up a\n", "Chain:\npick-up a\nPlan:\n")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, str, list[str]]]:
    """Answers by a generator that writes LINES; act(n) is called behind the nth."""

    def run(until: float, act: Callable[[threading.Event], None] = lambda cancelled: None) -> tuple[str, str, list[str]]:
        heard: list[str] = []
        cancelled = threading.Event()

        def generate(loaded: Any, prompts: Any, *, max_tokens: int) -> Iterator[Completion]:
            (prompt,) = prompts
            assert (prompt.text, max_tokens) == ("prompt", 7)
            stop, reason, text = Stop.END, None, ""
            for text in LINES:
                if (reason := prompt.hopeless(text)) is not None:
                    stop = Stop.HOPELESS
                    break
                act(cancelled)
            yield Completion(id=prompt.id, text=text, stop=stop, reason=reason or "", prompt_tokens=1, tokens=1, seconds=0.0)

        monkeypatch.setattr(planlearn.models, "generate", generate)
        return *_answered(None, "prompt", 7, until, cancelled, heard.append), heard  # type: ignore[arg-type]

    return run


def test_each_line_is_told(told: Any) -> None:
    assert told(time.monotonic() + 3600) == (LINES[-1], "end", list(LINES))


def test_a_cancelled_answer_ends_at_its_line(told: Any) -> None:
    assert told(time.monotonic() + 3600, threading.Event.set) == (LINES[1], CANCELLED, [LINES[0]])


def test_a_late_answer_ends_at_its_line(told: Any) -> None:
    assert told(time.monotonic() - 1) == (LINES[0], LATE, [])
