"""Small models for the tests: made from a seed, no network, no files."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

# Set before transformers is imported: no test of this room may reach for the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from planlearn.models import LoadedModel, load_model

TEXTS = (
    "Init: clear a, clear b, handempty, on a c, ontable b, ontable c\nGoal: on a b\nChain:\n",
    "unstack a c takes clear a, handempty, on a c gives clear c, holding a\nleft on a b\n",
    "Plan:\nunstack a c\nstack a b\n",
)


@pytest.fixture(scope="session")
def texts() -> tuple[str, ...]:
    return TEXTS


@pytest.fixture(scope="session")
def restless() -> Callable[[], LoadedModel]:
    """Gives tiny models that do not repeat themselves: newlines are common, answers end at different lengths.

    A random Llama says the same word for ever. Larger weights make each word depend on all before it, and a
    longer vector in the tied embeddings makes a word likelier.
    """
    import torch

    torch.set_num_threads(1)  # threads waiting for each other cost more than these matrices

    def make() -> LoadedModel:
        loaded = load_model("tiny", seed=13, vocabulary=TEXTS, device="cpu")
        newline = loaded.tokenizer("\n")["input_ids"][0]
        with torch.no_grad():
            for weights in loaded.model.parameters():
                if weights.dim() == 2:
                    weights.mul_(20)
            embedding = loaded.model.get_input_embeddings().weight
            embedding[newline] *= 2.2
            embedding[loaded.tokenizer.eos_token_id] *= 1.8
        return loaded

    return make
