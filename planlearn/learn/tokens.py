"""Examples -> token ids and labels, in the order of training. Nothing is ever cut."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any, Protocol, TypeVar

from planlearn.errors import SequenceTooLong

IGNORED = -100  # torch's cross entropy skips this label
TOGETHER = 256  # texts that go to the tokenizer at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """input_ids: prompt, completion, end mark. labels: the same shape, IGNORED on the prompt.

    Arrays of four bytes a token: a corpus of 50,000 examples as tuples takes gigabytes.
    """

    id: str
    input_ids: Sequence[int]
    labels: Sequence[int]


def tokenize(rows: Iterable[dict[str, Any]], tokenizer: Any, limit: int) -> list[Tokens]:
    """Token ids of prompt and completion, encoded apart so that the prompt's ids are those that generation starts from:
    a tokenizer that begins each text with a mark does so here too.

    Raises SequenceTooLong if an example does not fit `limit` tokens.
    """
    out = []
    rows = iter(rows)
    while some := list(islice(rows, TOGETHER)):
        prompts = tokenizer([row["prompt"] for row in some])["input_ids"]
        completions = tokenizer([row["completion"] for row in some], add_special_tokens=False)["input_ids"]
        for row, prompt, completion in zip(some, prompts, completions, strict=True):
            written = [*completion, tokenizer.eos_token_id]
            length = len(prompt) + len(written)
            if length > limit:
                raise SequenceTooLong(
                    f"example {row['id']} has {length} tokens, the limit is {limit}: raise max_length (the model's context "
                    "allowing) or lower the stage's max_steps"
                )
            labels = [IGNORED] * len(prompt) + written
            out.append(Tokens(id=row["id"], input_ids=array("i", [*prompt, *written]), labels=array("i", labels)))
    return out


class HasTokens(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def input_ids(self) -> Sequence[int]: ...


T = TypeVar("T", bound=HasTokens)


def order_by_length(tokens: Sequence[T], batch: int, rng: Random, window: int = 16) -> list[T]:
    """The examples such that each run of `batch` has similar lengths, while the curriculum's order holds roughly.

    Within windows of `window` batches the examples are sorted by length, cut into batches, and the batches shuffled.
    """
    out: list[T] = []
    for start in range(0, len(tokens), batch * window):
        part = sorted(tokens[start : start + batch * window], key=lambda t: (len(t.input_ids), t.id))
        batches = [part[i : i + batch] for i in range(0, len(part), batch)]
        # A batch that is not full must stay last, or every later batch would be cut across two lengths.
        short = [b for b in batches if len(b) < batch]
        full = [b for b in batches if len(b) == batch]
        rng.shuffle(full)
        out += [t for b in full + short for t in b]
    return out
