"""The wheel works alone: without the checkout, without torch, from another folder, offline."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = (
    "torch", "transformers", "trl", "peft", "datasets", "accelerate", "safetensors", "gguf", "tokenizers",
    "numpy", "filelock", "huggingface_hub", "scipy", "pytest", "hypothesis", "unified_planning",
    "up_pyperplan", "pyperplan", "lm_eval", "httpx2", "fastapi", "starlette", "uvicorn", "tensorboard", "playwright",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = out.glob("planlearn-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing else; its needs come from this Python."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site),
        str(wheel)], check=True,
    )  # fmt: skip
    return site


def planlearn(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The installed command (with "-m" first: an installed module), in another folder, without the extras."""
    start = folder / "start"
    start.mkdir(exist_ok=True)
    # None in sys.modules makes a package look as if it were not installed.
    (start / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({EXTRAS}))\n")
    command = [sys.executable] if words[0] == "-m" else [sys.executable, str(site / "bin" / "planlearn")]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{start}:{site}", "HOME": str(folder)}
    return subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, text=True)


def test_the_wheel_holds_both_packages_and_what_they_read(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"planlearn", "val_bridge"}
    for package in ("planlearn", "val_bridge"):
        tracked = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", package],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        assert len(tracked) > 10
        assert set(tracked) <= names
    for domain in (ROOT / "domains").iterdir():
        for file in domain.iterdir():
            assert f"planlearn/_resources/domains/{domain.name}/{file.name}" in names
    assert "planlearn/_resources/data/planbench/classes.txt" in names
    for file in (ROOT / "data" / "sets").iterdir():
        assert f"planlearn/_resources/data/sets/{file.name}" in names
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not any("instance-" in name or name.startswith("tests/") for name in names)


def test_the_carried_files_are_those_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    program = (
        "from planlearn.resources import resource_path as r\n"
        "print(r('domains').parent)\nprint(r('data', 'planbench', 'classes.txt').read_text(), end='')"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    folder, _, classes = said.partition("\n")
    assert Path(folder) == installed / "planlearn" / "_resources"
    assert classes == (ROOT / "data" / "planbench" / "classes.txt").read_text()


def test_the_wheel_names_its_licence_and_no_torch_among_its_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    needs = [line for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line]
    assert "License-Expression: Apache-2.0" in lines
    assert len(needs) == 5 and not any("torch" in need for need in needs)


def test_check_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "p.pddl").write_text(
        "(define (problem p) (:domain blocksworld-4ops) (:objects a b)\n"
        "(:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))"
    )
    (tmp_path / "good.plan").write_text("(pick-up a)\n(stack a b)\n")
    (tmp_path / "bad.plan").write_text("(stack a b)\n")
    good = planlearn(installed, tmp_path, "check", "blocksworld", "p.pddl", "good.plan")
    assert good.returncode == 0, good.stderr
    bad = planlearn(installed, tmp_path, "check", "blocksworld", "p.pddl", "bad.plan")
    assert bad.returncode == 1 and "(holding a)" in bad.stdout
    explained = planlearn(installed, tmp_path, "explain", "blocksworld", "p.pddl", "bad.plan")
    assert explained.returncode == 1 and "hand: empty" in explained.stdout, explained.stderr
    told = planlearn(installed, tmp_path, "report", "blocksworld", "p.pddl", "bad.plan", "--out", "page.html")
    assert told.returncode == 0, told.stderr
    assert "PL.player" in (tmp_path / "page.html").read_text(encoding="utf-8")
    served = planlearn(installed, tmp_path, "serve")
    assert served.returncode == 2 and "[serve]" in served.stderr and served.stderr.count("\n") == 1


def test_data_is_built_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    words = ["data", "build", "--out", "corpus", "examples=6", "validation=2", "test=2"]
    done = planlearn(installed, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "corpus" / "manifest.json").exists()
    assert len((tmp_path / "corpus" / "train.jsonl").read_text().splitlines()) == 6


def test_val_bridge_runs_from_the_wheel_as_validate_does(installed: Path, tmp_path: Path) -> None:
    done = planlearn(installed, tmp_path, "-m", "val_bridge", "--help")
    assert done.returncode == 0, done.stderr


def test_help_and_version_run_from_the_wheel(installed: Path, tmp_path: Path, wheel: Path) -> None:
    assert "train" in planlearn(installed, tmp_path, "--help").stdout
    version = planlearn(installed, tmp_path, "--version").stdout.split()
    assert version == ["planlearn", wheel.name.split("-")[1]]


def test_a_model_without_the_extra_train_is_one_sentence(installed: Path, tmp_path: Path) -> None:
    done = planlearn(installed, tmp_path, "-m", "planlearn.models", "smollm2-135m")
    assert (done.returncode, done.stdout) == (2, "")
    assert "planlearn's extra [train] brings them" in done.stderr and done.stderr.count("\n") == 1


def test_training_without_the_extra_train_is_one_sentence(installed: Path, tmp_path: Path) -> None:
    done = planlearn(installed, tmp_path, "train", "--out", "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert "planlearn's extra [train] brings them" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
