"""A tokenizer with one token a word, for models made from a seed.

A piece is a word or a name (`pick-up`, `l0-1`, `p12`) with the space before it and the comma behind it, a single digit of a
number, a sign, or a newline. The comma goes with its word since one token in seven of a chain is one (data/LAB.md, 23). Decoding puts pieces side by side, so `decode(encode(text)) == text` for every text of
printable ASCII, tabs and newlines (words up to 1,000 letters). A word outside the vocabulary is spelled in
the longest pieces there are, at worst in letters: it costs tokens and cannot be lost. Training data should
hold no such word (`unknown_words`), because a small model does not learn to spell. Rejected: one token for
all unknown words (the prompt would lose the very names that the plan must use), and byte pairs (three times
as many tokens, and names cut at places that depend on the corpus).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from planlearn import feedback
from planlearn.resources import resource_path

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, END = "<|pad|>", "<|unknown|>", "<|end|>"

# A word may hold hyphens and digits, but neither ends with a hyphen nor starts with a digit.
_WORD = r"[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*"
_PIECE = rf" ?{_WORD},?| ?[^\sA-Za-z]|\s"
_PIECES = re.compile(_PIECE)

_AROUND_FEEDBACK = "Mend the chain of steps, then the plan. Judge: VALID or INVALID. Chain: Plan: Feedback: Judgement:"
_CHARACTERS = string.digits + string.ascii_letters + string.punctuation


def _object_names() -> list[str]:
    """Names that problems commonly use: letters, b1, and those of logistics (p0, t0, a0, c0, l0-0)."""
    numbered = [f"{letter}{number}" for letter in "abcloptx" for number in range(21)]
    places = [f"l{city}-{place}" for city in range(11) for place in range(11)]
    return [*string.ascii_lowercase, *numbered, *places]


def _feedback_words() -> set[str]:
    """The words of the templates and of the prompts around them, so that a model made before it was ever told of a fault can
    read later what it is told."""
    folder = Path(feedback.__file__).parent / "templates"
    texts = (re.sub(r"(?s)\{#.*?#\}", "", file.read_text(encoding="utf-8")) for file in folder.rglob("*.jinja"))
    return {word for text in (*texts, _AROUND_FEEDBACK) for word in re.findall(_WORD, text)}


def default_words() -> list[str]:
    """What each vocabulary holds, sorted: common object names, the words of the carried domains and those of the feedback."""
    words = {*_object_names(), *_feedback_words()}
    for file in sorted(resource_path("domains").glob("*/*")):
        if file.suffix in {".pddl", ".yaml"}:
            text = re.sub(r"[;#].*", "", file.read_text(encoding="utf-8"))
            words.update(re.findall(_WORD, text))
    return sorted(words)


def word_level_tokenizer(
    texts: Iterable[str] = (), *, words: Iterable[str] | None = None
) -> PreTrainedTokenizerFast:
    """A tokenizer with one token for each word of `texts` and for each of `words`, with and without a comma behind it.

    words: `default_words()` where not given. The vocabulary depends on the set of words alone, not on their
    order or number. Ids 0, 1 and 2 are padding, unknown (never made from printable ASCII) and the end mark.
    Nothing is added to a text when it is encoded.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = {piece for text in texts for piece in _PIECES.findall(text) if piece.isascii()}
    for word in default_words() if words is None else words:
        pieces.update((word, f" {word}", f" {word},"))
    characters = [*"\n\t\r\f\v ", *_CHARACTERS, *(f" {character}" for character in _CHARACTERS)]
    vocabulary = [PAD, UNKNOWN, END, *characters, *sorted(pieces.difference(characters))]
    core = Tokenizer(
        # Greedy longest match with an empty prefix: a known word is one token, an unknown one is spelled.
        models.WordPiece(
            {piece: number for number, piece in enumerate(vocabulary)},
            unk_token=UNKNOWN,
            continuing_subword_prefix="",
            max_input_chars_per_word=1000,
        )
    )
    core.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE), behavior="isolated")
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        # A text that spells a mark means its letters: no prompt can end an answer.
        split_special_tokens=True,
    )


def unknown_words(tokenizer: PreTrainedTokenizerFast, texts: Iterable[str]) -> list[str]:
    """The words and signs of `texts` without a token of their own, sorted, without the space before them."""
    vocabulary = tokenizer.get_vocab()
    # A comma alone is a sign; behind a word it has a token of its own or none with it.
    pieces = {piece.removesuffix(",") or "," for text in texts for piece in _PIECES.findall(text)}
    return sorted({piece.strip(" ") for piece in pieces if piece not in vocabulary})
