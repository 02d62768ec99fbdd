"""What the page may ask for: time, memory, size and number of requests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """seconds: of one check; planner_seconds: of a search for a plan; model_seconds, model_tokens: of one answer of a model. memory: address space of the
    each checking process, in bytes. body, answer: of a request and of what is said to it, in bytes. waiting: requests before one process, all pages together.
    """

    seconds: float = 2.0
    planner_seconds: float = 10.0
    model_seconds: float = 120.0
    model_tokens: int = 1400
    memory: int = 2**30
    body: int = 2**20
    answer: int = 4 * 2**20
    waiting: int = 8
