"""Let a model answer many prompts at a time, with the answers it would give one at a time.

Rows leave the batch as soon as they are finished; the next prompts come when all have left. Prompts are aligned
at their right ends: a row's first columns are padding, masked and not counted by its positions. (Prompts
that take the places of finished rows would be padded to the width of the longest answer at work: two thirds
of what attention reads on a CPU, and more than the last rows of a batch lose.) Decoding is plain: the whole vocabulary, no word added, forced or forbidden,
but for prompts that bring a mask: its lines, as the tokenizer writes them, and the end mark are all that such a row may choose from. Only
the last bits of a logit depend on the batch, so answers can differ only where two words are all but equal.
"""

from __future__ import annotations

import inspect
import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from planlearn.errors import PlanlearnError, SequenceTooLong
from planlearn.evaluate import Completion, Prompt, Stop

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from planlearn.models.load import LoadedModel

@dataclass(slots=True, kw_only=True, eq=False)
class _Row:
    """One prompt on its way: its place among the prompts, and what was generated so far."""

    place: int
    prompt: Prompt
    ids: list[int]
    cap: int
    rng: Random | None
    written: list[int] = field(default_factory=list)
    seconds: float = 0.0
    lines: list[list[int]] | None = None
    """The tokens of each line that may be written, or of what is left of it; None where anything may."""
    words: tuple[int, int] | None = None
    """The tokens with which the prompt's two words begin; None where they cannot be told apart by them."""
    begun: list[tuple[int, float]] = field(default_factory=list)
    """Where in `written` one of these stands at the start of a line, and the probability of the first of them there."""


def generate(
    loaded: LoadedModel,
    prompts: Sequence[Prompt],
    *,
    max_tokens: int,
    batch_size: int = 32,
    temperature: float = 0.0,
    seed: int = 0,
) -> Iterator[Completion]:
    """Continue each prompt; completions come as they are finished, in no order, one for each prompt.

    max_tokens: limit for each answer, the end mark included; shortened where the model's context ends. batch_size: rows at most; on a CPU
    fewer where they could come to remember more than `CACHE_BYTES`.
    temperature 0 is greedy: each token is the most likely one, the lowest id among equals. Above 0, a row
    draws with a generator of its own, seeded from `seed` and the prompt's id: the batch size changes nothing
    but the speed.

    Raises SequenceTooLong if a prompt alone fills the context, ValueError for an empty prompt or two equal
    ids; both before the first token is generated.
    """
    if max_tokens < 1 or batch_size < 1 or temperature < 0:
        raise ValueError("max_tokens and batch_size must be positive, temperature must not be negative")
    return _answers(loaded, _rows(loaded, prompts, max_tokens, temperature, seed), batch_size, temperature)


def _answers(
    loaded: LoadedModel, waiting: deque[_Row], batch_size: int, temperature: float
) -> Iterator[Completion]:
    import torch

    finish, masking, room = _Finisher(loaded), _Masking(loaded), _room(loaded.model)
    batch = _Batch(loaded.model)
    training = loaded.model.training
    loaded.model.eval()
    try:
        while waiting or batch.rows:
            begun = time.perf_counter()
            # Not around the yield: the caller's own work must not run in inference mode.
            with torch.inference_mode():
                if not batch.rows:
                    batch.begin(_next_rows(waiting, batch_size, room))
                    for row in batch.rows:
                        masking.look(row)
                chosen = _choose(masking.masked(batch.logits, batch.rows), [row.rng for row in batch.rows], temperature)
                stops = []
                for number, (row, token) in enumerate(zip(batch.rows, chosen, strict=True)):
                    row.written.append(token)
                    masking.note(row, token)
                    if row.words is not None and token in row.words and finish.begins_line(row):
                        share = torch.softmax(batch.logits[number, list(row.words)].double(), -1)[0]
                        row.begun.append((len(row.written) - 1, float(share)))
                    stops.append(finish.why(row))
                rows = list(batch.rows)
                batch.step([number for number, stop in enumerate(stops) if stop is None], chosen)
            share = (time.perf_counter() - begun) / len(rows)
            for row in rows:
                row.seconds += share
            yield from [finish.completion(row, *why) for row, why in zip(rows, stops, strict=True) if why]
    finally:
        loaded.model.train(training)


def _rows(
    loaded: LoadedModel, prompts: Sequence[Prompt], max_tokens: int, temperature: float, seed: int
) -> deque[_Row]:
    """The prompts as rows, longest first: no long answer comes last, and memory runs out at once or never."""
    if len({prompt.id for prompt in prompts}) < len(prompts):
        raise ValueError("two prompts have the same id")
    context = getattr(loaded.model.config, "max_position_embeddings", None)
    rows = []
    for place, prompt in enumerate(prompts):
        ids = loaded.tokenizer(prompt.text)["input_ids"]
        if not ids:
            raise ValueError(f"prompt {prompt.id}: empty")
        room = max_tokens if context is None else min(max_tokens, context - len(ids))
        if room < 1:
            raise SequenceTooLong(
                f"prompt {prompt.id} has {len(ids)} tokens, but the model's context holds {context}"
            )
        # A string seeds Python's generator through SHA-512: the same on every machine and in every process.
        rng = Random(f"{seed}\0{prompt.id}") if temperature > 0 else None
        try:
            words = None if prompt.words is None else first_tokens(loaded.tokenizer, prompt.words)
        except ValueError:  # a word that begins like the other one is answered all the same
            words = None
        rows.append(_Row(place=place, prompt=prompt, ids=ids, cap=room, rng=rng, words=words))
    return deque(sorted(rows, key=lambda row: (-len(row.ids), row.place)))


CACHE_BYTES = 9 * 2**28
"""What a batch may come to remember on a CPU, 2.25 GiB, so that a small model's evaluation stays below 4."""


def _room(model: PreTrainedModel) -> int | None:
    """How many columns of how many rows a batch may have, taken together; None where the device's memory is left to the user."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or getattr(config, "num_attention_heads", None)
    layers, width = getattr(config, "num_hidden_layers", None), getattr(config, "hidden_size", None)
    if model.device.type != "cpu" or not (heads and layers and width):
        return None
    head = getattr(config, "head_dim", None) or width // config.num_attention_heads
    return CACHE_BYTES // (2 * layers * heads * head * model.dtype.itemsize)


def _next_rows(waiting: deque[_Row], batch_size: int, room: int | None) -> list[_Row]:
    """As many rows as there may be, even if all ran to their caps; one at least."""
    rows: list[_Row] = []
    columns = 0
    while waiting and len(rows) < batch_size:
        columns = max(columns, len(waiting[0].ids) + waiting[0].cap)
        if rows and room is not None and columns * (len(rows) + 1) > room:
            break
        rows.append(waiting.popleft())
    return rows


def _choose(logits: Tensor, rngs: list[Random | None], temperature: float) -> list[int]:
    """The next token of each row; logits: shape (rows, vocabulary)."""
    import torch

    if temperature == 0:
        return logits.argmax(-1).tolist()
    # Inverse distribution function in float64: one uniform number a row and token, drawn outside torch.
    reach = torch.softmax(logits.double() / temperature, -1).cumsum(-1)
    drawn = torch.tensor(
        [[rng.random()] for rng in rngs if rng is not None], dtype=reach.dtype, device=reach.device
    )
    found = torch.searchsorted(reach, drawn * reach[:, -1:], right=True)[:, 0]
    return found.clamp(max=logits.shape[-1] - 1).tolist()


def first_tokens(tokenizer: Any, words: tuple[str, str]) -> tuple[int, int]:
    """The tokens with which two words begin. Raises ValueError where they begin alike."""
    first = tuple(tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words)
    if first[0] == first[1]:
        raise ValueError(f"this tokenizer begins {words[0]} and {words[1]} with the same token")
    return first[0], first[1]


class _Finisher:
    """Says whether a row is finished, and with what."""

    def __init__(self, loaded: LoadedModel) -> None:
        ends = getattr(loaded.model.generation_config, "eos_token_id", None)
        self.tokenizer = loaded.tokenizer
        self.ends = {*(ends if isinstance(ends, list) else [ends]), self.tokenizer.eos_token_id} - {None}
        self._newline: dict[int, bool] = {}

    def why(self, row: _Row) -> tuple[Stop, str] | None:
        """The stop and its reason; None while the row goes on."""
        token = row.written[-1]
        if token in self.ends:
            return Stop.END, ""
        if len(row.written) >= row.cap:
            return Stop.CAP, ""
        if row.prompt.hopeless is not None and self.has_newline(token):
            reason = row.prompt.hopeless(self.text(row.written))
            if reason is not None:
                return Stop.HOPELESS, reason
        return None

    def completion(self, row: _Row, stop: Stop, reason: str) -> Completion:
        ids = row.written[:-1] if stop is Stop.END else row.written
        return Completion(
            id=row.prompt.id,
            text=self.text(ids),
            stop=stop,
            reason=reason,
            prompt_tokens=len(row.ids),
            tokens=len(row.written),
            seconds=row.seconds,
            probability=self.probability(row, ids),
        )

    def begins_line(self, row: _Row) -> bool:
        """Whether the last token stands at the start of the answer or behind a token that ends a line."""
        return len(row.written) == 1 or self.text([row.written[-2]]).endswith("\n")

    def probability(self, row: _Row, ids: list[int]) -> float | None:
        """Where a line last began with one of the prompt's words, whole; None where none did.

        Within a word, and in another word that begins alike, the first tokens say nothing: a tokenizer may spell both words out.
        """
        for place, probability in reversed(row.begun):
            behind = self.text(ids[place:])
            if any(re.match(rf"{re.escape(word)}(?!\w)", behind) for word in row.prompt.words or ()):
                return probability
        return None

    def has_newline(self, token: int) -> bool:
        known = self._newline.get(token)
        if known is None:
            known = self._newline[token] = "\n" in self.text([token])
        return known

    def text(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


class _Masking:
    """Keeps rows whose prompts have a mask to the lines that it admits.

    A line is admitted as the tokenizer writes it behind a newline, in no other tokens. Where no line is left the row may end alone.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.finish = _Finisher(loaded)
        self.tokenizer = loaded.tokenizer
        self.before: list[int] | None = None

    def look(self, row: _Row) -> None:
        """Ask the row's mask what may come next."""
        if row.prompt.mask is None:
            return
        lines = row.prompt.mask(self.finish.text(row.written) if row.written else "")
        row.lines = None if lines is None else [self._tokens(line) for line in lines]

    def note(self, row: _Row, token: int) -> None:
        """Go on with the lines that begin with the token that was chosen; behind a line's end ask again."""
        if row.prompt.mask is None:
            return
        if row.lines is not None:
            row.lines = [line[1:] for line in row.lines if line[0] == token and len(line) > 1]
        if not row.lines and (row.lines is not None or self.finish.has_newline(token)):
            self.look(row)

    def masked(self, logits: Tensor, rows: list[_Row]) -> Tensor:
        """The logits with all that a row may not choose at minus infinity; shape (rows, vocabulary)."""
        import torch

        bound = [number for number, row in enumerate(rows) if row.lines is not None]
        if not bound:
            return logits
        masked = logits.clone()
        for number in bound:
            may = sorted({line[0] for line in rows[number].lines or ()} or self.finish.ends)
            masked[number] = float("-inf")
            masked[number, may] = logits[number, torch.tensor(may, device=logits.device)]
        return masked

    def _tokens(self, line: str) -> list[int]:
        """The line and its newline, as they stand behind one; the end mark for no line."""
        if not line:
            return [self.tokenizer.eos_token_id]
        if self.before is None:
            self.before = self.tokenizer("\n", add_special_tokens=False)["input_ids"]
        ids = self.tokenizer(f"\n{line}\n", add_special_tokens=False)["input_ids"]
        if ids[: len(self.before)] != self.before:
            raise PlanlearnError(f"masked decoding: the model's tokenizer joins a newline with the line behind it ({line!r})")
        return ids[len(self.before) :]


def cache_argument(model: Any) -> str:
    """What the model's `forward` calls its cache: `cache`, else `past_key_values`."""
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "cache" if "cache" in inspect.signature(plain.forward).parameters else "past_key_values"


class _Batch:
    """The rows at work, and what the model remembers of them.

    seen: shape (rows, columns), 1 where a column belongs to the row, 0 where it is padding on the left.
    cache: of `RoomyLayer`s, one for each layer of the model. logits: shape (rows, vocabulary).
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.cache_argument = cache_argument(model)
        self.rows: list[_Row] = []
        self.seen: Tensor
        self.cache: Any
        self.logits: Tensor

    def begin(self, rows: list[_Row]) -> None:
        """Read the prompts of new rows; all earlier ones have left."""
        import torch

        from planlearn.models.cache import roomy_cache

        columns = max(len(row.ids) for row in rows)
        ids = torch.zeros(len(rows), columns, dtype=torch.long)
        seen = torch.zeros(len(rows), columns, dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, columns - len(row.ids) :] = torch.tensor(row.ids)
            seen[number, columns - len(row.ids) :] = 1
        self.rows, self.seen, self.cache = rows, seen.to(self.model.device), roomy_cache()
        positions = (self.seen.cumsum(1) - 1).clamp(min=0)
        self.logits = self._forward(ids.to(self.model.device), self.seen, positions, self.cache)

    def step(self, keep: list[int], chosen: list[int]) -> None:
        """Let the rows not in `keep` go and read the chosen token of the others."""
        import torch

        device = self.seen.device
        if len(keep) < len(self.rows):
            self.rows = [self.rows[number] for number in keep]
            if not keep:
                return
            kept = torch.tensor(keep, device=device)
            seen = self.seen[kept]
            # The columns on the left that are padding in every row that stays.
            empty = int(seen.shape[1] - seen.sum(1).max())
            self.seen = seen[:, empty:]
            for layer in self.cache.layers:
                layer.keep(kept, empty)
        ids = torch.tensor([[chosen[number]] for number in keep], device=device)
        positions = self.seen.sum(1, keepdim=True)
        self.seen = torch.cat([self.seen, torch.ones_like(ids)], 1)
        self.logits = self._forward(ids, self.seen, positions, self.cache)

    def _forward(self, ids: Tensor, seen: Tensor, positions: Tensor, cache: Any) -> Tensor:
        return self.model(
            input_ids=ids,
            attention_mask=seen,
            position_ids=positions,
            use_cache=True,
            logits_to_keep=1,
            **{self.cache_argument: cache},
        ).logits[:, -1]
