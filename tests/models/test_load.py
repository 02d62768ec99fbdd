"""Laws of loading models and adapters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.errors import AdapterMismatch, ModelNotFound
from planlearn.evaluate import Prompt
from planlearn.models import (
    LoadedModel,
    generate,
    load_model,
    read_adapter_record,
    weights_hash,
    write_adapter_record,
)
from tests.models.adapters import restless_adapter


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, texts: tuple[str, ...]) -> Path:
    """A small model's folder."""
    folder = tmp_path_factory.mktemp("base")
    loaded = load_model("tiny", seed=1, vocabulary=texts)
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of `base` whose weights are far from zero."""
    return restless_adapter(base, tmp_path_factory.mktemp("adapter"))


def logits(loaded: LoadedModel, text: str = "Init: clear a, on a c\n") -> Any:
    import torch

    with torch.inference_mode():
        return loaded.model(**loaded.tokenizer(text, return_tensors="pt")).logits


def one_sentence(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text and "Traceback" not in text
    return text


# Made from a seed


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    first, again, other = (load_model("tiny", seed=seed) for seed in (1, 1, 2))
    assert first.base_hash == again.base_hash != other.base_hash
    assert (logits(first) == logits(again)).all() and not (logits(first) == logits(other)).all()


def test_making_a_model_leaves_the_random_state_alone() -> None:
    import torch

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_model("tiny", seed=1)
    assert (torch.rand(3) == expected).all()


def test_nano_has_one_to_five_million_parameters(texts: tuple[str, ...]) -> None:
    loaded = load_model("nano", vocabulary=texts)
    assert 1e6 < loaded.model.num_parameters() < 5e6
    assert loaded.model.config.vocab_size == len(loaded.tokenizer)
    assert loaded.model.config.eos_token_id == loaded.tokenizer.eos_token_id != loaded.tokenizer.pad_token_id


def test_a_saved_model_loads_the_same(base: Path, texts: tuple[str, ...]) -> None:
    made, read = load_model("tiny", seed=1, vocabulary=texts), load_model(base)
    assert made.base_hash == read.base_hash == weights_hash(base)
    assert (logits(made) == logits(read)).all()
    assert read.preset is None and made.preset is not None


# What cannot be loaded


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("smolm2-135m", "did you mean 'smollm2-135m'?"),
        ("something", "presets are nano, smollm2-135m, tiny"),
        ("./no/such/folder", "neither a preset, nor a folder, nor a hub id"),
        ("/nowhere", "neither a preset, nor a folder, nor a hub id"),
        ("a/b/c", "neither a preset, nor a folder, nor a hub id"),
        ("nobody/nothing", "is no folder here nor in the hub's local cache"),
    ],
)
def test_an_unknown_name_is_one_sentence(
    name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelNotFound) as error:
        load_model(name, download=False)
    assert says in one_sentence(error)


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from httpx2 import ConnectError

    def unreachable(*arguments: object, **options: object) -> None:
        raise huggingface_hub.errors.LocalEntryNotFoundError(
            "Max retries exceeded\nwith url"
        ) from ConnectError("no")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(ModelNotFound) as error:
        load_model("nobody/nothing")
    assert one_sentence(error).endswith(
        "the hub cannot be reached; a folder with the model's files works without the hub"
    )


def test_a_preset_that_is_not_fetched_is_not_downloaded_unasked(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound) as error:
        load_model("smollm2-135m", download=False, cache=tmp_path)
    assert "`python -m planlearn.models smollm2-135m` fetches it" in one_sentence(error)
    assert list(tmp_path.iterdir()) == []


def copied(base: Path, to: Path) -> Path:
    to.mkdir()
    for file in base.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound) as error:
        load_model(tmp_path)
    assert "holds no model (config.json is missing)" in one_sentence(error)


def test_an_adapter_is_not_a_model(adapter: Path) -> None:
    with pytest.raises(ModelNotFound) as error:
        load_model(adapter)
    assert "holds an adapter, not a model" in one_sentence(error)


def test_torn_weights_are_one_sentence(base: Path, tmp_path: Path) -> None:
    folder = copied(base, tmp_path / "m")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelNotFound) as error:
        load_model(folder)
    assert "cannot be loaded" in one_sentence(error)


def test_pickled_weights_are_refused(base: Path, tmp_path: Path) -> None:
    """A .bin file can run any code when it is read."""
    import torch

    folder = copied(base, tmp_path / "m")
    (folder / "model.safetensors").unlink()
    torch.save(load_model(base).model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelNotFound) as error:
        load_model(folder)
    assert "cannot be loaded" in one_sentence(error)


def test_code_that_comes_with_a_model_is_not_run(base: Path, tmp_path: Path) -> None:
    folder = copied(base, tmp_path / "m")
    trace = tmp_path / "was_run"
    (folder / "evil.py").write_text(f"open({str(trace)!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelNotFound) as error:
        load_model(folder)
    one_sentence(error)
    assert not trace.exists()


def test_torch_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys.modules["planlearn.models.fetch"], "find_spec", lambda name: None)
    with pytest.raises(ModelNotFound) as error:
        load_model("tiny")
    assert "planlearn's extra [train] brings them" in one_sentence(error)


# Adapters


def test_an_adapter_names_its_base(base: Path, adapter: Path) -> None:
    record = read_adapter_record(adapter)
    assert record is not None and (record.base, record.base_hash) == (base.name, weights_hash(base))
    assert str(base.parent) not in (adapter / "planlearn.json").read_text()


def test_an_adapter_changes_the_answers_and_merging_it_changes_no_more(base: Path, adapter: Path) -> None:
    import torch

    plain, adapted, merged = (
        load_model(base),
        load_model(base, adapter=adapter),
        load_model(base, adapter=adapter, merge=True),
    )
    assert plain.base_hash == adapted.base_hash == merged.base_hash
    assert not torch.allclose(logits(plain), logits(adapted), atol=1e-3)
    assert torch.allclose(logits(adapted), logits(merged), atol=1e-5)
    prompts = [Prompt(id=str(n), text=f"Init: on a b{n}, clear c\n" * (n + 1)) for n in range(6)]

    def written(loaded: LoadedModel) -> dict[str, str]:
        return {c.id: c.text for c in generate(loaded, prompts, max_tokens=30, batch_size=4)}

    assert written(adapted) == written(merged) != written(plain)


def test_an_adapter_brings_a_base_made_from_a_seed_back(tmp_path: Path, texts: tuple[str, ...]) -> None:
    """The words and the seed lie in the adapter's folder; nobody has to remember them."""
    from peft import LoraConfig, get_peft_model

    made = load_model("tiny", seed=11, vocabulary=[*texts, "zwieback"])
    before = logits(made)
    get_peft_model(made.model, LoraConfig(r=2, target_modules="all-linear")).save_pretrained(tmp_path)
    made.tokenizer.save_pretrained(tmp_path)
    write_adapter_record(tmp_path, made)
    again = load_model("tiny", adapter=tmp_path, merge=True)
    assert (again.seed, again.base_hash) == (11, made.base_hash)
    assert (logits(again) == before).all()


def test_an_adapter_can_be_trained_further_only_when_asked(base: Path, adapter: Path) -> None:
    def trainable(**options: bool) -> set[bool]:
        model = load_model(base, adapter=adapter, **options).model
        return {weights.requires_grad for name, weights in model.named_parameters() if "lora_" in name}

    assert trainable() == {False} and trainable(trainable=True) == {True}
    with pytest.raises(ValueError, match="merged adapter cannot be trained"):
        trainable(trainable=True, merge=True)


def test_another_base_is_refused_in_one_sentence(adapter: Path, texts: tuple[str, ...]) -> None:
    """Same shape, other weights: only the hash can tell."""
    with pytest.raises(AdapterMismatch) as error:
        load_model("tiny", seed=2, vocabulary=texts, adapter=adapter)
    assert "was trained on" in one_sentence(error) and "but tiny has weights" in one_sentence(error)


def test_an_adapter_of_another_shape_and_unknown_origin_is_refused(
    adapter: Path, tmp_path: Path, texts: tuple[str, ...]
) -> None:
    folder = copied(adapter, tmp_path / "a")
    (folder / "planlearn.json").unlink()
    assert read_adapter_record(folder) is None
    with pytest.raises(AdapterMismatch) as error:
        load_model("nano", vocabulary=texts, adapter=folder)
    assert "does not fit nano" in one_sentence(error)


def test_an_adapter_of_unknown_origin_that_fits_is_loaded(base: Path, adapter: Path, tmp_path: Path) -> None:
    folder = copied(adapter, tmp_path / "a")
    (folder / "planlearn.json").unlink()
    assert (logits(load_model(base, adapter=folder)) == logits(load_model(base, adapter=adapter))).all()


@pytest.mark.parametrize("spoil", ["config", "kind", "no kind", "no block", "torn", "weights", "record", "empty"])
def test_a_broken_adapter_is_one_sentence(base: Path, adapter: Path, tmp_path: Path, spoil: str) -> None:
    folder = copied(adapter, tmp_path / "a")
    match spoil:
        case "config":
            (folder / "adapter_config.json").unlink()
        case "kind":
            (folder / "adapter_config.json").write_text('{"peft_type": "LORE"}')
        case "no kind":
            (folder / "adapter_config.json").write_text("{}")
        case "no block":
            (folder / "adapter_config.json").write_text("[]")
        case "torn":
            (folder / "adapter_config.json").write_text('{"peft_ty')
        case "weights":
            (folder / "adapter_model.safetensors").unlink()
        case "record":
            (folder / "planlearn.json").write_text("[]")
        case "empty":
            (folder / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(ModelNotFound) as error:
        load_model(base, adapter=folder)
    one_sentence(error)


# The hash


def test_the_hash_knows_weights_not_files(base: Path, tmp_path: Path) -> None:
    """In two files, in another order, with other metadata: the same weights. One changed value: others."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(base / "model.safetensors")
    half = len(tensors) // 2
    items = list(tensors.items())[::-1]
    save_file(dict(items[:half]), tmp_path / "a.safetensors", metadata={"made": "here"})
    save_file(dict(items[half:]), tmp_path / "b.safetensors")
    assert weights_hash(tmp_path) == weights_hash(base)
    items[0][1].view(-1)[0] += 1
    save_file(dict(items[:half]), tmp_path / "a.safetensors")
    assert weights_hash(tmp_path) != weights_hash(base)


@pytest.mark.parametrize("content", [None, b"", b"short", b"\xff" * 64, (5).to_bytes(8, "little") + b"[1,2]"])
def test_what_is_not_safetensors_has_no_hash(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError):
        weights_hash(tmp_path)
