"""Lessons -> token ids, and of each token its label, its weight and whether it is a two-way choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from planlearn.chains import Role
from planlearn.corpus.example import GIVEN
from planlearn.errors import SequenceTooLong
from planlearn.learn.tokens import IGNORED
from planlearn.refine import Lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonTokens:
    """input_ids: prompt, completion, end mark. labels, weights, said: the same shape; IGNORED, 0 and 0 where there is no loss.

    said: 1 or -1 where the token is a choice between VALID and INVALID, by the truth.
    """

    id: str
    input_ids: list[int]
    labels: list[int]
    weights: list[float]
    said: list[int]


def lesson_tokens(lessons: Iterable[Lesson], tokenizer: Any, limit: int) -> list[LessonTokens]:
    """Token ids as `planlearn.learn.tokens.tokenize` gives them; a token belongs to the segment in which it begins.

    Raises SequenceTooLong if a lesson does not fit `limit` tokens.
    """
    out = []
    for lesson in lessons:
        example = lesson.example
        prompt = tokenizer(example.prompt)["input_ids"]
        coded = tokenizer(example.completion, add_special_tokens=False, return_offsets_mapping=True)
        ids = coded["input_ids"]
        if len(prompt) + len(ids) + 1 > limit:
            raise SequenceTooLong(f"lesson {example.id} has {len(prompt) + len(ids) + 1} tokens, the limit is {limit}: raise max_length")
        weights, said = _of_tokens(lesson, [start for start, _ in coded["offset_mapping"]])
        weights.append(lesson.end)
        said.append(0)
        ids = [*ids, tokenizer.eos_token_id]
        nothing = len(prompt)
        out.append(LessonTokens(
            id=example.id, input_ids=[*prompt, *ids],
            labels=[IGNORED] * nothing + [token if weight else IGNORED for token, weight in zip(ids, weights, strict=True)],
            weights=[0.0] * nothing + weights, said=[0] * nothing + said,
        ))
    return out


def _of_tokens(lesson: Lesson, starts: Sequence[int]) -> tuple[list[float], list[int]]:
    """(weight, two-way choice) of each token of the completion, by the place where it begins."""
    spans, place = [], 0
    for segment, weight in zip(lesson.example.segments, lesson.weights, strict=True):
        if segment.role not in GIVEN:
            place += len(segment.text)
            spans.append((place, weight, segment.role))
    weights, said, at = [], [], 0
    chosen = False
    for start in starts:
        while at < len(spans) - 1 and start >= spans[at][0]:
            at += 1
        _, weight, role = spans[at]
        choice = role is Role.VERDICT and lesson.verdict is not None and not chosen
        chosen = chosen or choice
        weights.append(weight)
        said.append((1 if lesson.verdict else -1) if choice else 0)
    return weights, said
