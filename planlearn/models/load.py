"""Load a model by name, folder or hub id, with or without an adapter."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planlearn.errors import AdapterMismatch, ModelNotFound
from planlearn.files import write_json
from planlearn.models.fetch import RECORD, fetch, is_fetched, need_training_packages
from planlearn.models.presets import PRESETS, LlamaShape, ModelPreset
from planlearn.models.tokenizer import word_level_tokenizer
from planlearn.models.weights import weights_hash

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model ready to answer, and what it was loaded from.

    name: as it was asked for. preset: None for a folder or a hub id. base_hash: `weights_hash` of the weights
    below any adapter. seed: what the base was made from, None where it was read. adapter: the adapter's
    folder, if one was loaded.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    preset: ModelPreset | None
    base_hash: str
    seed: int | None = None
    adapter: Path | None = None


def public_name(name: str) -> str:
    """What a model is called in files that go to others: a folder's last part, so that no path of this machine is told."""
    path = Path(name).expanduser()
    return path.resolve().name if name not in PRESETS and path.is_dir() else name


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterRecord:
    """`planlearn.json` beside an adapter: its base model, and the seed if that was made from one."""

    base: str
    base_hash: str
    seed: int | None = None


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Without transformers' progress bars, which would mix with planlearn's own lines."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def load_model(
    name: str | Path,
    *,
    seed: int = 0,
    vocabulary: Iterable[str] = (),
    adapter: str | Path | None = None,
    merge: bool = False,
    trainable: bool = False,
    dtype: Any = "float32",
    device: str = "auto",
    cache: Path | None = None,
    download: bool = True,
) -> LoadedModel:
    """Load a preset, a local folder or a hub id.

    seed, vocabulary: for presets made from a seed alone; the texts (or words) whose words get a token of
    their own, beside `default_words()`. The caller's random state is left as it was. With an adapter, both
    come from its folder where it holds them.
    adapter: a peft folder; `merge` adds it to the weights (same answers, faster), `trainable` lets it be
    trained further.
    dtype: a torch dtype or its name. device: "auto" is a GPU if torch sees one, else the CPU.
    download: False uses what is on this machine alone.

    No code that comes with a model is run, and weights are read from safetensors alone.
    Raises ModelNotFound and AdapterMismatch, each one sentence; DiskFull while fetching.
    """
    name = str(name)
    preset = PRESETS.get(name)
    need_training_packages(name)
    if preset is not None and preset.shape is not None:
        tokenizer, seed = _words_and_seed(preset.shape, vocabulary, seed, adapter)
        model = _seeded_llama(preset.shape, tokenizer, seed)
        base_hash = _memory_hash(model)
        model = model.to(_dtype(dtype))
    else:
        folder = _find_folder(name, preset, cache, download)
        model, tokenizer = _read_folder(folder, name, _dtype(dtype))
        base_hash = _folder_hash(folder, name, preset)
    model = model.to(_device(device)).eval()
    if adapter is not None:
        model = _with_adapter(model, Path(adapter), name, base_hash, merge=merge, trainable=trainable)
    return LoadedModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        preset=preset,
        base_hash=base_hash,
        seed=seed if preset is not None and preset.shape is not None else None,
        adapter=Path(adapter) if adapter is not None else None,
    )


def _words_and_seed(
    shape: LlamaShape, vocabulary: Iterable[str], seed: int, adapter: str | Path | None
) -> tuple[Any, int]:
    """The tokenizer and the seed of a model that is made; an adapter saved with both brings its base back."""
    from transformers import AutoTokenizer

    if adapter is not None:
        record = read_adapter_record(adapter)
        if record is not None and record.seed is not None:
            seed = record.seed
        if (Path(adapter) / "tokenizer.json").exists():
            return AutoTokenizer.from_pretrained(adapter, local_files_only=True), seed
    tokenizer = word_level_tokenizer(vocabulary)
    tokenizer.model_max_length = shape.context
    return tokenizer, seed


def _dtype(dtype: Any) -> Any:
    import torch

    return getattr(torch, dtype) if isinstance(dtype, str) else dtype


def _device(device: str) -> str:
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _seeded_llama(shape: LlamaShape, tokenizer: Any, seed: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def _memory_hash(model: Any) -> str:
    """The hash that the model's folder will have: tied weights are saved once."""
    from safetensors.torch import save

    tied = set(model.all_tied_weights_keys)
    return weights_hash(save({k: v.contiguous() for k, v in model.state_dict().items() if k not in tied}))


def _find_folder(name: str, preset: ModelPreset | None, cache: Path | None, download: bool) -> Path:
    if preset is not None:
        if not download and not is_fetched(preset, cache):
            raise ModelNotFound(f"{name} is not in the cache; `python -m planlearn.models {name}` fetches it")
        return fetch(preset, cache=cache)
    return local_model(name) or _hub_snapshot(name, download)


def local_model(name: str) -> Path | None:
    """The folder that a name other than a preset's stands for; None where it may be a hub id.

    Reads no weights. Raises ModelNotFound where the name is neither, or the folder holds no model.
    """
    path = Path(name).expanduser()
    if not path.is_dir():
        if name.count("/") != 1:
            raise _unknown(name)
        return None
    if (path / "config.json").exists():
        return path
    if (path / ADAPTER_CONFIG).exists():
        raise ModelNotFound(f"{path} holds an adapter, not a model; load its base model with this adapter")
    raise ModelNotFound(f"{path} holds no model (config.json is missing)")


def _presets(name: str) -> str:
    """The nearest preset, and all of them where none is near."""
    near = difflib.get_close_matches(name, PRESETS, n=1)
    return f"did you mean {near[0]!r}?" if near else f"presets are {', '.join(sorted(PRESETS))}"


def _unknown(name: str) -> ModelNotFound:
    return ModelNotFound(f"{name!r} is neither a preset, nor a folder, nor a hub id (owner/name); {_presets(name)}")


def _hub_snapshot(name: str, download: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    files = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
    try:
        return Path(snapshot_download(name, allow_patterns=files, local_files_only=not download))
    except RepositoryNotFoundError:
        raise ModelNotFound(f"the hub has no model {name!r}, or it is not public; {_presets(name)}") from None
    except HFValidationError:
        raise _unknown(name) from None
    except OSError as error:  # the many ways of not reaching the hub are all OSErrors
        where = "and the hub cannot be reached" if download else "nor in the hub's local cache"
        raise ModelNotFound(
            f"{name!r} is no folder here {where}; a folder with the model's files works without the hub"
        ) from error


def _read_folder(folder: Path, name: str, dtype: Any) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        with quiet_transformers():
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, local_files_only=True
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelNotFound(f"the model in {folder} cannot be loaded: {_first_line(error)}") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return model, tokenizer


def _folder_hash(folder: Path, name: str, preset: ModelPreset | None) -> str:
    if preset is not None:
        # Written by `fetch` after the weights and before the folder got its name: it speaks of these weights.
        return str(json.loads((folder / RECORD).read_text(encoding="utf-8"))["weights_sha256"])
    try:
        return weights_hash(folder)
    except ValueError as error:
        raise ModelNotFound(f"{name}: {error}") from None


def _with_adapter(
    model: Any, folder: Path, name: str, base_hash: str, *, merge: bool, trainable: bool
) -> Any:
    from peft import PeftModel, PeftType
    from safetensors import SafetensorError

    if merge and trainable:
        raise ValueError("a merged adapter cannot be trained")
    record = read_adapter_record(folder)
    if record is not None and record.base_hash != base_hash:
        raise AdapterMismatch(
            f"the adapter in {folder} was trained on {record.base} (weights {record.base_hash[:12]}), "
            f"but {name} has weights {base_hash[:12]}"
        )
    try:
        known = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))["peft_type"] in PeftType.__members__
    except (KeyError, TypeError, ValueError):
        known = False
    if not known:
        raise ModelNotFound(f"{folder / ADAPTER_CONFIG} does not describe an adapter of peft (peft_type)")
    try:
        adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=trainable, use_safetensors=True)
    except (RuntimeError, ValueError) as error:
        raise AdapterMismatch(f"the adapter in {folder} does not fit {name}: {_first_line(error)}") from error
    except (OSError, SafetensorError) as error:
        raise ModelNotFound(f"the adapter in {folder} cannot be read: {_first_line(error)}") from error
    return adapted.merge_and_unload() if merge else adapted


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def read_adapter_record(folder: str | Path) -> AdapterRecord | None:
    """The base model of an adapter; None if planlearn did not train it.

    Raises ModelNotFound if the folder holds no adapter.
    """
    folder = Path(folder)
    for file in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / file).exists():
            raise ModelNotFound(f"{folder} holds no whole adapter ({file} is missing)")
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return AdapterRecord(base=found["base"], base_hash=found["base_hash"], seed=found.get("seed"))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        raise ModelNotFound(f"{folder / RECORD} is not an adapter's record") from None


def write_adapter_record(folder: str | Path, loaded: LoadedModel) -> None:
    """Write beside a saved adapter which base model it belongs to. Raises DiskFull."""
    record = AdapterRecord(base=public_name(loaded.name), base_hash=loaded.base_hash, seed=loaded.seed)
    write_json(Path(folder) / RECORD, asdict(record))
