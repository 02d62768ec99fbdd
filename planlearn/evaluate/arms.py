"""Arms: the ways in which problems are asked, each with numbers of its own.

An arm says which prompts come next, given what was answered so far, and lets them be answered; `measure_arms` judges, writes down and asks
again. So whatever an arm does between attempts is decided by rows that are in the file already, and a killed evaluation goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from planlearn.evaluate.answers import Completion, Hopeless, Mask, Prompt
from planlearn.evaluate.asked import Asked
from planlearn.evaluate.scoring import Reader, SampleRecord
from val_bridge import Task

Complete = Callable[[Sequence[Prompt]], Iterable[Completion]]
"""Answers each prompt, in any order."""

GREEDY = "greedy"
SAMPLES = "samples"
MASKED = "masked"
RECORDED = "recorded"
VERIFIED = "verified"
"""The start of the names "verified-none", "verified-binary" and "verified-detailed"."""
RANDOM_WALK = "random_walk"
PLANNER = "planner"
BASE = "base"
FEW_SHOT = "few_shot"

CONTROLS = (RANDOM_WALK, PLANNER, BASE, FEW_SHOT)
"""What stands beside the arms of every result."""


class Kind(StrEnum):
    """How the answers of an arm to one problem belong together.

    ONE: there is one. DRAWN: they are independent. IN_TURN: each is given in the knowledge of those before it, the last counts.
    """

    ONE = "one"
    DRAWN = "drawn"
    IN_TURN = "in_turn"


def kind_of(arm: str) -> Kind:
    """By the arm's name, so that a samples file can be summed up without anything beside it."""
    return Kind.DRAWN if arm == SAMPLES else Kind.IN_TURN if arm.startswith(f"{VERIFIED}-") else Kind.ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question. attempt: from 1. The prompt's id is another in each turn of an arm."""

    asked: Asked
    attempt: int
    prompt: Prompt


class Arm(Protocol):
    """A way of asking.

    name: as results.json has it. says: one line for people. reader: of its answers. settings: JSON values that decide the answers
    beside model and problems. first: the arm whose answers are the first attempts, asked before this one; "" where it
    has its own.
    """

    @property
    def name(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def reader(self) -> Reader: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def first(self) -> str: ...

    def turns(self, asked: Asked, records: Sequence[SampleRecord]) -> Sequence[Turn]:
        """What is to be asked next about a problem; nothing where it is done with. records: its attempts so far, those of `first` included."""

    def complete(self, turns: Sequence[Turn]) -> Iterable[Completion]:
        """Answers each turn, in any order; a completion's id is its prompt's."""


def turn_id(asked: Asked, attempt: int) -> str:
    """The id of a prompt. It names the stream that an answer is drawn with, so the first one's is the problem's own."""
    return asked.id if attempt == 1 else f"{asked.id}#{attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An arm that puts one text to a model, once or so many times, whatever comes back.

    text: the prompt. hopeless: why an answer need not be finished, mask: what it may hold; both are asked of a problem's task, None where
    an answer is finished, or free.
    """

    name: str
    says: str
    answer: Complete
    text: Callable[[Asked], str]
    reader: Reader = Reader.STRICT
    settings: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 1
    hopeless: Callable[[Task], Hopeless] | None = None
    mask: Callable[[Task], Mask] | None = None
    first: str = ""

    def turns(self, asked: Asked, records: Sequence[SampleRecord]) -> Sequence[Turn]:
        known = {record.sample.attempt for record in records}
        missing = [number for number in range(1, self.attempts + 1) if number not in known]
        if not missing:
            return ()
        text = self.text(asked)
        hopeless = self.hopeless(asked.task) if self.hopeless is not None else None
        mask = self.mask(asked.task) if self.mask is not None else None
        return [
            Turn(asked=asked, attempt=number, prompt=Prompt(id=turn_id(asked, number), text=text, hopeless=hopeless, mask=mask))
            for number in missing
        ]

    def complete(self, turns: Sequence[Turn]) -> Iterable[Completion]:
        return self.answer([turn.prompt for turn in turns])
