"""Laws of the word-level tokenizer."""

from __future__ import annotations

import random
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from planlearn.models import default_words, load_model, unknown_words, word_level_tokenizer
from planlearn.models.tokenizer import END, PAD, UNKNOWN


@pytest.fixture(scope="module")
def tokenizer(texts: tuple[str, ...]) -> PreTrainedTokenizerFast:
    return word_level_tokenizer(texts)


def tokens(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    return tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])


words = st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_-]{0,9}\Z") | st.sampled_from(
    ["l0-1", "p12", "unstack", "a", "12"]
)
ascii_texts = st.text(alphabet=string.printable, max_size=80) | st.lists(words, max_size=12).map(" ".join)


@given(text=ascii_texts)
@example(text=f"{PAD} {END}{UNKNOWN}")
@settings(max_examples=400, deadline=None)
def test_decoding_gives_the_text_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert not {0, 1, 2}.intersection(ids)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("unstack a c", ["unstack", " a", " c"]),
        ("drive-truck t0 l0-1 l10-10 c0", ["drive-truck", " t0", " l0-1", " l10-10", " c0"]),
        ("(on b12 ?x), 12 un-such\n\n", ["(", "on", " b12", " ?", "x", ")", ",", " 1", "2", " u", "n", "-"]),
        ("on a b, clear c, zuch, 1,\n", ["on", " a", " b,", " clear", " c,", " z", "u", "c", "h", ",", " 1", ",", "\n"]),
        ("Goal: holding a.", ["Goal", ":", " holding", " a", "."]),
        ("a  b", ["a", " ", " b"]),
    ],
)
def test_one_token_a_word_name_sign_and_digit(
    tokenizer: PreTrainedTokenizerFast, text: str, pieces: list[str]
) -> None:
    assert tokens(tokenizer, text)[: len(pieces)] == pieces


def test_texts_of_the_vocabulary_take_one_token_a_word_with_its_comma_sign_and_line(
    tokenizer: PreTrainedTokenizerFast, texts: tuple[str, ...]
) -> None:
    assert unknown_words(tokenizer, texts) == []
    for text in texts:
        assert len(tokens(tokenizer, text)) == len(re.findall(r"[\w-]+,?|[:\n]", text))


def test_unknown_words_are_named(tokenizer: PreTrainedTokenizerFast) -> None:
    assert unknown_words(tokenizer, ["zwieback a", "on zwieback, quux-7\n", "café"]) == [
        "caf",
        "quux-7",
        "zwieback",
        "é",
    ]


def test_only_signs_outside_ascii_are_unknown(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokens(tokenizer, "a é") == ["a", UNKNOWN]


def test_the_words_of_every_domain_are_known(tokenizer: PreTrainedTokenizerFast) -> None:
    domains = sorted(Path(__file__).parents[2].glob("domains/*/domain.pddl"))
    assert len(domains) >= 3
    for domain in domains:
        lines = [line.partition(";")[0] for line in domain.read_text(encoding="utf-8").splitlines()]
        assert unknown_words(tokenizer, lines) == []


def test_the_vocabulary_depends_on_the_set_of_words_alone(
    tokenizer: PreTrainedTokenizerFast, texts: tuple[str, ...]
) -> None:
    shuffled = list(texts * 3)
    random.Random(1).shuffle(shuffled)
    assert word_level_tokenizer(shuffled).get_vocab() == tokenizer.get_vocab()


def test_the_vocabulary_is_the_same_under_every_hash_seed() -> None:
    program = (
        "from planlearn.models import word_level_tokenizer;"
        "print(sorted(word_level_tokenizer(['some words, and some more']).get_vocab().items()))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": ":".join(sys.path), "HF_HUB_OFFLINE": "1"},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1 and len(outputs.pop()) > 1000


def test_special_tokens_have_their_ids_and_are_never_added(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.convert_tokens_to_ids([PAD, UNKNOWN, END]) == [0, 1, 2]
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.eos_token_id) == (0, 1, 2)
    assert tokens(tokenizer, "a") == ["a"]


def test_a_saved_model_brings_its_tokenizer_back(tmp_path: Path, texts: tuple[str, ...]) -> None:
    loaded = load_model("tiny", vocabulary=texts)
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again.get_vocab() == loaded.tokenizer.get_vocab()
    for text in (*texts, f"zwieback  12,\n{END}"):
        assert again(text)["input_ids"] == loaded.tokenizer(text)["input_ids"]
        assert again.decode(again(text)["input_ids"]) == text
    assert again.eos_token == END and again.pad_token == PAD


def test_default_words_are_sorted_and_name_the_common_objects() -> None:
    found = default_words()
    assert found == sorted(set(found))
    assert {"a", "z", "p0", "t9", "l0-0", "l9-9", "unstack", "load-truck"} <= set(found)
