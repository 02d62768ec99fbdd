"""The port through which the loop teaches: whoever completes prompts and learns from lessons. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from planlearn.corpus import Example
from planlearn.evaluate import Completion, Prompt


class Stage(StrEnum):
    """The two stages of a round, in turn: the reasoning with rate δ1, then the final plan with rate δ2 < δ1."""

    CHAIN = "chain"
    PLAN = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """An example and what each of its segments weighs in a stage.

    weights: one a segment, no unit. Above 0: likelihood of the segment's tokens, so many times. 0: given, no loss. Below 0:
    unlikelihood, |weight| times. end: the weight of the end mark behind the last segment. verdict: whether the plan that the
    lesson judges is valid, where the first token of its VERDICT segment is a two-way choice (binary cross entropy) and not
    one word of the vocabulary; None elsewhere.
    """

    example: Example
    weights: tuple[float, ...]
    end: float = 0.0
    verdict: bool | None = None

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.example.segments):
            raise ValueError(f"{self.example.id}: {len(self.weights)} weights for {len(self.example.segments)} segments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """A problem that is answered again and again while learning. reward: of a whole answer, in [0, 1]."""

    id: str
    prompt: str
    reward: Callable[[str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a stage came to. tokens: read, with those that carry no loss; learned: those that carry some.

    losses: means a learned token over the stage's last start, unweighted, by name ("likelihood", "unlikelihood", "verdict"), no unit; a name is
    missing where no token carries that loss. After `reinforce`: "reward", the mean over its answers, and "policy", the loss. seconds: wall time, killed starts included.
    """

    lessons: int
    tokens: int
    learned: int
    losses: dict[str, float]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Learner(Protocol):
    """A model that writes and learns; the loop knows nothing else of it."""

    @property
    def weights(self) -> str:
        """A hash of the weights from which the first fit began: base and adapter."""
        ...

    @property
    def longest(self) -> int:
        """How many tokens a lesson may have."""
        ...

    def length(self, example: Example) -> int:
        """Tokens of an example, the end mark included."""
        ...

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float = 0.0, seed: int = 0
    ) -> Iterable[Completion]:
        """A completion for each prompt, in any order; the same for the same model, prompt and seed."""
        ...

    def fit(
        self, lessons: Sequence[Lesson], *, rate: float, falls_to: float = 0.0, seed: int, folder: Path, what: str = "fit"
    ) -> Fitted:
        """Learn from the lessons, in their order, once; the weights and what came of it are in `folder` then.

        Where `folder` holds them already, they are taken from there. A killed fit goes on from what it left there.
        falls_to: the share of `rate` at which the last step learns. what: the first words of its progress line.
        """
        ...

    def reinforce(
        self, problems: Sequence[Posed], *, rate: float, falls_to: float = 0.0, seed: int, folder: Path, what: str = "reinforce"
    ) -> Fitted:
        """Answer each problem several times and make likelier what is rewarded more; else as `fit`."""
        ...

    def load(self, folder: Path) -> None:
        """Take the weights that a `fit` left."""
        ...
