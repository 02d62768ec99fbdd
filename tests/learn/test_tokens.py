"""Tokens: prompt without loss, nothing cut, batches of like length in the curriculum's order."""

from collections import Counter
from random import Random

import pytest

from planlearn.errors import SequenceTooLong
from planlearn.learn.tokens import IGNORED, Tokens, order_by_length, tokenize

torch = pytest.importorskip("torch", reason="the train extra is not installed")


@pytest.fixture(scope="module")
def tokenizer():
    from planlearn.models import word_level_tokenizer

    return word_level_tokenizer(["Init: on a b\n"])


def test_loss_is_on_the_completion_and_its_end_mark_alone(tokenizer):
    (one,) = tokenize([{"id": "x", "prompt": "Init: on a b\n", "completion": "stack a b"}], tokenizer, 100)
    kept = [token for token, label in zip(one.input_ids, one.labels) if label != IGNORED]
    assert tokenizer.decode(kept[:-1]) == "stack a b" and kept[-1] == tokenizer.eos_token_id
    assert all(label in (IGNORED, token) for token, label in zip(one.input_ids, one.labels))


def test_what_does_not_fit_is_an_error_that_names_the_example(tokenizer):
    rows = [{"id": "bw-7", "prompt": "on a b\n", "completion": "stack a b"}]
    length = len(tokenize(rows, tokenizer, 100)[0].input_ids)
    assert tokenize(rows, tokenizer, length)
    with pytest.raises(SequenceTooLong, match=f"example bw-7 has {length} tokens, the limit is {length - 1}"):
        tokenize(rows, tokenizer, length - 1)


def test_ordering_loses_nothing_and_keeps_like_lengths_together():
    rng = Random(0)
    tokens = [Tokens(id=str(n), input_ids=(1,) * rng.randrange(1, 200), labels=()) for n in range(1003)]
    ordered = order_by_length(tokens, 8, Random(1))
    assert Counter(t.id for t in ordered) == Counter(t.id for t in tokens)

    def padding(rows):
        batches = [[len(t.input_ids) for t in rows[i : i + 8]] for i in range(0, len(rows), 8)]
        return sum(max(b) * len(b) - sum(b) for b in batches)

    assert padding(ordered) < 0.2 * padding(tokens)
    assert ordered != order_by_length(tokens, 8, Random(2))
    # The curriculum holds: an example moves within its window of 16 batches alone.
    assert all(abs(int(t.id) - place) < 8 * 16 for place, t in enumerate(ordered))
