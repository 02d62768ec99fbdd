"""Laws of batched generation."""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from planlearn.errors import SequenceTooLong
from planlearn.evaluate import Completion, Prompt, Stop
from planlearn.models import LoadedModel, generate
from planlearn.models.generate import cache_argument

Make = Callable[[], LoadedModel]

PROMPTS = [
    Prompt(id=str(number), text="Init: " + "on a b, " * (number % 7) + f"{number} clear c\n")
    for number in range(24)
]


def answers(loaded: LoadedModel, prompts: list[Prompt] = PROMPTS, **options: object) -> list[Completion]:
    found = {completion.id: completion for completion in generate(loaded, prompts, **options)}  # type: ignore[arg-type]
    assert len(found) == len(prompts)
    return [found[prompt.id] for prompt in prompts]


def one_at_a_time(loaded: LoadedModel, text: str, limit: int) -> list[int]:
    encoded = loaded.tokenizer(text, return_tensors="pt")
    written = loaded.model.generate(**encoded, do_sample=False, max_new_tokens=limit)
    return written[0, encoded["input_ids"].shape[1] :].tolist()


@pytest.fixture(scope="module")
def alone(restless: Make) -> list[list[int]]:
    """What transformers' own greedy decoding writes, a prompt at a time, the end mark included."""
    loaded = restless()
    return [one_at_a_time(loaded, prompt.text, 60) for prompt in PROMPTS]


def test_the_model_used_here_ends_answers_at_many_lengths(alone: list[list[int]]) -> None:
    """Without this, the tests of this module would prove little."""
    assert len({len(written) for written in alone}) >= 10
    assert max(map(len, alone)) >= 40


@pytest.mark.parametrize("batch_size", [1, 2, 5, 24, 64])
def test_a_batch_writes_what_each_prompt_gets_alone(
    restless: Make, alone: list[list[int]], batch_size: int
) -> None:
    loaded = restless()
    for completion, written in zip(answers(loaded, max_tokens=60, batch_size=batch_size), alone, strict=True):
        ended = written[-1] == loaded.tokenizer.eos_token_id
        assert completion.stop is (Stop.END if ended else Stop.CAP)
        assert completion.tokens == len(written)
        assert completion.text == loaded.tokenizer.decode(written[:-1] if ended else written)


def test_the_padding_is_masked(
    restless: Make, alone: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The law above fails when padded columns are seen: it would notice a forgotten mask."""
    from planlearn.models.generate import _Batch

    honest = _Batch._forward
    monkeypatch.setattr(
        _Batch, "_forward", lambda self, ids, seen, *rest: honest(self, ids, seen.new_ones(seen.shape), *rest)
    )
    loaded = restless()
    texts = [completion.text for completion in answers(loaded, max_tokens=60, batch_size=24)]
    ends = {loaded.tokenizer.eos_token_id}
    assert texts != [loaded.tokenizer.decode([t for t in written if t not in ends]) for written in alone]


@pytest.mark.parametrize("batch_size", [1, 4, 7, 24])
def test_no_step_is_spent_on_a_finished_row(
    restless: Make, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are released at once: forward passes hold wanted rows alone."""
    from planlearn.models.generate import _Batch

    honest, sizes = _Batch._forward, []

    def counting(self: _Batch, ids: object, *rest: object) -> object:
        sizes.append(tuple(ids.shape))  # type: ignore[attr-defined]
        return honest(self, ids, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(_Batch, "_forward", counting)
    written = answers(restless(), max_tokens=60, batch_size=batch_size)
    steps = [rows for rows, columns in sizes if columns == 1]
    assert max(steps, default=0) <= batch_size
    # Each token but a row's last is read once.
    assert sum(steps) == sum(completion.tokens - 1 for completion in written)


def test_padding_columns_are_dropped_with_the_rows_that_needed_them(restless: Make) -> None:
    """The memory is never wider than the longest row at work."""
    from planlearn.models.generate import _Batch

    honest, widths = _Batch.step, []
    first, begun = _Batch.begin, []

    def beginning(self: _Batch, rows: list[Any]) -> None:
        assert not self.rows
        begun.append(len(rows))
        first(self, rows)

    def watching(self: _Batch, keep: list[int], chosen: list[int]) -> None:
        honest(self, keep, chosen)
        if self.rows:
            widths.append((self.cache.get_seq_length(), max(len(r.ids) + len(r.written) for r in self.rows)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Batch, "step", watching)
        patch.setattr(_Batch, "begin", beginning)
        answers(restless(), max_tokens=60, batch_size=6)
    assert len(widths) > 50
    assert sorted(begun) == [6, 6, 6, 6], "24 prompts, the next ones when all rows have left"
    assert all(width == longest for width, longest in widths[:1])
    assert all(width <= longest + 1 for width, longest in widths)


def test_any_of_several_end_marks_ends_an_answer(restless: Make) -> None:
    loaded = restless()
    newline = loaded.tokenizer("\n")["input_ids"][0]
    loaded.model.generation_config.eos_token_id = [loaded.tokenizer.eos_token_id, newline]
    written = answers(loaded, max_tokens=60)
    assert any(completion.stop is Stop.END for completion in written)
    assert not any("\n" in completion.text for completion in written)


def test_settings_made_for_chat_change_nothing(restless: Make, alone: list[list[int]]) -> None:
    """Greedy means greedy: a temperature or penalty in the model's own settings is not used."""
    loaded = restless()
    loaded.model.generation_config.update(do_sample=True, temperature=5.0, repetition_penalty=9.0, top_k=3)
    assert [c.tokens for c in answers(loaded, max_tokens=60)] == [len(written) for written in alone]


def test_a_hopeless_answer_stops_at_its_line_and_no_other_answer_changes(restless: Make) -> None:
    plain = answers(restless(), max_tokens=60)
    told: list[str] = []

    def give_up(text: str) -> str | None:
        told.append(text)
        return "lost" if text.count("\n") >= 2 else None

    lost = {c.id for c in plain if c.text[:-1].count("\n") >= 2}
    assert lost, "the model must write answers of more than two lines"
    mixed = [
        Prompt(id=p.id, text=p.text, hopeless=give_up if int(p.id) % 2 or p.id in lost else None)
        for p in PROMPTS
    ]
    for before, after in zip(plain, answers(restless(), mixed, max_tokens=60), strict=True):
        if after.id in lost:
            assert (after.stop, after.reason) == (Stop.HOPELESS, "lost")
            assert after.text.count("\n") == 2 and after.text.endswith("\n")
            assert before.text.startswith(after.text) and after.tokens < before.tokens
        else:
            assert after == before
            assert after.reason == ""
    assert told and all(text.endswith("\n") for text in told)


def test_an_answer_ends_where_the_context_ends(restless: Make) -> None:
    loaded = restless()
    loaded.model.config.max_position_embeddings = 20
    for completion in answers(loaded, PROMPTS[:4], max_tokens=60):
        assert completion.prompt_tokens + completion.tokens <= 20


def test_a_prompt_that_fills_the_context_is_an_error_before_any_work(restless: Make) -> None:
    loaded = restless()
    loaded.model.config.max_position_embeddings = 8
    with pytest.raises(SequenceTooLong, match=r"^prompt 6 has \d+ tokens, but the model's context holds 8$"):
        generate(loaded, [PROMPTS[6]], max_tokens=5)


@pytest.mark.parametrize(
    ("prompts", "options"),
    [
        ([Prompt(id="a", text="x"), Prompt(id="a", text="y")], {"max_tokens": 1}),
        ([Prompt(id="a", text="")], {"max_tokens": 1}),
        ([], {"max_tokens": 0}),
        ([], {"max_tokens": 1, "batch_size": 0}),
        ([], {"max_tokens": 1, "temperature": -1.0}),
    ],
)
def test_nonsense_is_refused_at_once(
    restless: Make, prompts: list[Prompt], options: dict[str, float]
) -> None:
    with pytest.raises(ValueError):
        generate(restless(), prompts, **options)  # type: ignore[arg-type]


def test_no_name_of_yesterday_is_passed_to_the_model(restless: Make) -> None:
    """transformers warns of arguments that it renamed: users would read it at each run."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers(restless(), PROMPTS[:2], max_tokens=4)


def test_the_cache_goes_by_the_name_that_the_model_knows() -> None:
    class Older:
        def forward(self, input_ids: object, past_key_values: object = None) -> None: ...

    class Newer:
        def forward(self, input_ids: object, cache: object = None) -> None: ...

    class Adapted:
        def get_base_model(self) -> Newer:
            return Newer()

        def forward(self, *inputs: object, **named: object) -> None: ...

    assert [cache_argument(kind()) for kind in (Older, Newer, Adapted)] == ["past_key_values", "cache", "cache"]


def test_no_prompts_no_completions(restless: Make) -> None:
    assert answers(restless(), [], max_tokens=5) == []


def test_sampling_depends_on_seed_and_prompt_not_on_the_batch(restless: Make) -> None:
    loaded = restless()
    first = answers(loaded, max_tokens=30, temperature=3.0, seed=1, batch_size=24)
    assert first == answers(loaded, max_tokens=30, temperature=3.0, seed=1, batch_size=3)
    assert first != answers(loaded, max_tokens=30, temperature=3.0, seed=2, batch_size=24)
    assert first != answers(loaded, max_tokens=30)


def test_sampling_near_temperature_zero_is_greedy(restless: Make) -> None:
    loaded = restless()
    assert answers(loaded, max_tokens=30, temperature=1e-3) == answers(loaded, max_tokens=30)


def test_sampling_follows_the_distribution() -> None:
    """Frequencies of 20,000 draws are within four standard errors of the softmax at that temperature."""
    import random

    import torch

    from planlearn.models.generate import _choose

    logits, rng, draws = torch.tensor([[0.0, 1.0, 2.0, -30.0]]), random.Random(0), 20_000
    drawn = _choose(logits.repeat(draws, 1), [rng] * draws, 2.0)
    for token, chance in enumerate(torch.softmax(logits[0] / 2.0, 0).tolist()):
        error = (chance * (1 - chance) / draws) ** 0.5
        assert abs(drawn.count(token) / draws - chance) <= 4 * error + 1e-9


def test_seconds_add_up_to_the_wall(restless: Make) -> None:
    loaded = restless()
    begun = time.perf_counter()
    written = answers(loaded, max_tokens=60)
    assert 0 < sum(completion.seconds for completion in written) <= time.perf_counter() - begun


def test_the_model_gets_its_mode_back_even_from_a_caller_who_stops_early(restless: Make) -> None:
    loaded = restless()
    loaded.model.train()
    running = generate(loaded, PROMPTS, max_tokens=60)
    next(running)
    running.close()
    assert loaded.model.training


def test_the_caller_may_train_between_two_completions(restless: Make) -> None:
    """No inference mode leaks out of the generator."""
    import torch

    loaded = restless()
    for _ in generate(loaded, PROMPTS[:3], max_tokens=5):
        assert not torch.is_inference_mode_enabled()


def _lines(text: str) -> list[str]:
    """After two lines the end; before it one of three lines, whatever the model would rather write."""
    return [""] if text.count("\n") >= 2 else ["on a b", "clear c", "on a c"]


def test_a_masked_answer_has_admitted_lines_alone(restless: Make, alone: list[list[int]]) -> None:
    """Law: masked rows keep to their mask, and rows without one beside them write what they write alone."""
    loaded = restless()
    prompts = [Prompt(id=p.id, text=p.text, mask=_lines if int(p.id) % 2 else None) for p in PROMPTS]
    found = answers(loaded, prompts, max_tokens=60, batch_size=5)
    for prompt, completion, written in zip(prompts, found, alone, strict=True):
        if prompt.mask is None:
            assert completion.tokens == len(written)
            continue
        assert completion.stop is Stop.END and completion.text.endswith("\n")
        lines = completion.text.removesuffix("\n").split("\n")
        assert len(lines) == 2 and set(map(str.strip, lines)) <= set(_lines(""))
    assert len({completion.text for completion in found if int(completion.id) % 2}) > 1, "the model chooses among them"


def test_a_mask_that_looks_up_later_leaves_the_rest_free(restless: Make) -> None:
    """Behind each newline the mask is asked anew; while it says nothing, the row writes what it would."""
    loaded = restless()
    free = answers(loaded, max_tokens=40)
    watched = answers(loaded, [Prompt(id=p.id, text=p.text, mask=lambda _: None) for p in PROMPTS], max_tokens=40)
    assert [one.text for one in watched] == [one.text for one in free]


def test_masked_samples_are_the_same_in_every_batch(restless: Make) -> None:
    loaded = restless()
    prompts = [Prompt(id=p.id, text=p.text, mask=_lines) for p in PROMPTS]
    by_size = [[one.text for one in answers(loaded, prompts, max_tokens=40, batch_size=size, temperature=1.0)] for size in (1, 7)]
    assert by_size[0] == by_size[1]


def share_of_the_first(loaded: LoadedModel, ids: list[int], words: tuple[str, str]) -> float:
    """Softmax over the first tokens of two words alone, behind `ids`: one pass of the model over the whole text."""
    import torch

    first = [loaded.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
    with torch.no_grad():
        logits = loaded.model(input_ids=torch.tensor([ids])).logits[0, -1]
    return float(torch.softmax(logits[first].double(), -1)[0])


def test_how_likely_the_model_found_the_word_that_it_wrote(restless: Make) -> None:
    """Where a line last began with one of the words; None where none did, whatever stands elsewhere."""
    loaded = restless()
    plain = answers(loaded, max_tokens=30)
    lines = Counter(line.split(" ")[0] for found in plain for line in found.text.split("\n"))
    words = tuple(word for word, _ in lines.most_common() if word.isalnum() and len(loaded.tokenizer(word)["input_ids"]) == 1)[:2]
    asked = answers(loaded, [Prompt(id=p.id, text=p.text, words=words) for p in PROMPTS], max_tokens=30, batch_size=5)
    assert [one.text for one in asked] == [one.text for one in plain]
    ids = [loaded.tokenizer(word)["input_ids"][0] for word in words]
    newline = loaded.tokenizer("\n")["input_ids"][0]
    seen = elsewhere = 0
    for prompt, completion in zip(PROMPTS, asked, strict=True):
        written = one_at_a_time(loaded, prompt.text, 30)
        behind = [loaded.tokenizer.decode(written[place:])[len(loaded.tokenizer.decode(token)) :][:1] for place, token in enumerate(written)]
        whole = [place for place, token in enumerate(written) if token in ids and not behind[place].isalnum()]
        starts = [place for place in whole if place == 0 or written[place - 1] == newline]
        elsewhere += len(whole) - len(starts)
        if not starts:
            assert completion.probability is None
            continue
        seen += 1
        context = [*loaded.tokenizer(prompt.text)["input_ids"], *written[: starts[-1]]]
        assert completion.probability == pytest.approx(share_of_the_first(loaded, context, words), abs=1e-4)
    assert seen >= 5 and elsewhere >= 2


SPELLED = ("QARZ", "UNQARZ")


def forced(lines: list[str]) -> Callable[[str], list[str]]:
    """A mask that admits these lines alone, in their order."""
    return lambda text: [(lines + [""])[text.count("\n")]]


def test_a_word_that_is_spelled_counts_where_it_begins(restless: Make) -> None:
    """A tokenizer may write both words letter by letter: the U, N and Q of UNQARZ are no words of their own."""
    loaded = restless()
    assert all(len(loaded.tokenizer(word)["input_ids"]) == len(word) for word in SPELLED)
    written = {
        "none": ["on a b", "a QARZ", "QARZY", "U"],  # within a line; two others that begin alike
        **{word: ["on a b", word, "U"] for word in SPELLED},
        "twice": ["QARZ", "on a", "UNQARZ x"],
    }
    prompts = [Prompt(id=name, text=PROMPTS[3].text, mask=forced(lines), words=SPELLED) for name, lines in written.items()]
    found = dict(zip(written, answers(loaded, prompts, max_tokens=60), strict=True))
    assert {name: one.text for name, one in found.items()} == {name: "".join(f"{line}\n" for line in lines) for name, lines in written.items()}
    assert found["none"].probability is None
    for name, before in (("QARZ", "on a b\n"), ("UNQARZ", "on a b\n"), ("twice", "QARZ\non a\n")):
        context = loaded.tokenizer(PROMPTS[3].text + before)["input_ids"]
        assert found[name].probability == pytest.approx(share_of_the_first(loaded, context, SPELLED), abs=1e-4), name


def test_a_word_that_was_cut_off_is_none(restless: Make) -> None:
    prompt = Prompt(id="a", text="Init:\n", mask=forced(["UNQARZ"]), words=SPELLED)
    cut, whole = (answers(restless(), [prompt], max_tokens=limit)[0] for limit in (5, 6))
    assert (cut.text, cut.probability, whole.text) == ("UNQAR", None, "UNQARZ")
    assert whole.probability is not None


def test_words_that_begin_alike_have_no_probability(restless: Make) -> None:
    prompt = Prompt(id="a", text="Init:\n", mask=forced(["QARZ"]), words=("QARZ", "QUARZ"))
    (found,) = answers(restless(), [prompt], max_tokens=20)
    assert (found.text, found.probability) == ("QARZ\n", None)


def test_a_batch_has_as_many_rows_as_memory_may_hold(restless: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: rows times the longest prompt with its cap stay within the room; the answers are the same."""
    from planlearn.models.generate import _Batch, _room

    module = sys.modules["planlearn.models.generate"]  # the package has a function of that name

    loaded = restless()
    wide = answers(loaded, max_tokens=30, batch_size=24)
    config = loaded.model.config
    column = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * 4
    monkeypatch.setattr(module, "CACHE_BYTES", column * 300)
    begun: list[list[Any]] = []
    honest = _Batch.begin
    monkeypatch.setattr(_Batch, "begin", lambda self, rows: (begun.append(list(rows)), honest(self, rows))[1])
    assert [one.text for one in answers(loaded, max_tokens=30, batch_size=24)] == [one.text for one in wide]
    sizes = [(len(rows), max(len(row.ids) + row.cap for row in rows)) for rows in begun]
    assert len(sizes) > 3 and all(count * columns <= 300 or count == 1 for count, columns in sizes) and max(sizes)[0] >= 3
    assert _room(loaded.model) == 300
