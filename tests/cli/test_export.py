"""`planlearn export`: what each of its commands says and leaves behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import Result

from planlearn.corpus.build import build_corpus
from planlearn.recipes import find_recipe, load_recipe
from tests.evaluate.answers import GOAL_MISSED, VALID, record

Run = Callable[..., Result]

needs_training = pytest.mark.skipif(find_spec("torch") is None, reason="the train extra is not installed")


@pytest.fixture
def samples(files: Path) -> Path:
    rows = [record(VALID, "blocksworld-1"), record(GOAL_MISSED, "blocksworld-2")]
    path = files / "samples.jsonl"
    path.write_text("".join(json.dumps({"run": "x"} | row.to_row()) + "\n" for row in rows))
    return path


def test_answers_for_planbench(run: Run, samples: Path) -> None:
    words = ("export", "planbench", "samples.jsonl", "--out", "r.json", "--engine", "nano", "--domain", "blocksworld_3")
    done = run(*words)
    assert (done.exit_code, done.stdout) == (0, "responses  r.json: 2 instances of blocksworld_3, 1 valid by our checker\n")
    assert json.loads((samples.parent / "r.json").read_text())["engine"] == "nano"
    again = run(*words)
    assert again.exit_code == 2 and again.stderr.count("\n") == 1 and "r.json holds a finished result" in again.stderr
    assert run(*words, "--force").exit_code == 0


@pytest.mark.skipif(find_spec("datasets") is None, reason="the train extra is not installed")
def test_samples_and_a_corpus_for_datasets(run: Run, samples: Path) -> None:
    done = run("export", "datasets", "samples.jsonl", "--out", "d")
    assert (done.exit_code, done.stdout) == (0, "dataset  d: test 2\n")
    small = load_recipe(find_recipe("blocksworld", ""), ["examples=4", "validation=2", "test=2", "corpus.unsolvable=0"])
    build_corpus(Path("corpus"), "blocksworld", 0, small.corpus, lambda *_: None)
    assert run("export", "datasets", "corpus", "--out", "c").stdout == "dataset  c: train 4, validation 2, test 2\n"
    twice = run("export", "datasets", "corpus", "--out", "p", "--parquet")
    assert twice.exit_code == 2 and "Parquet beside its JSONL already" in twice.stderr and not Path("p").exists()


@needs_training
def test_a_merged_model(run: Run, files: Path) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from peft import LoraConfig, get_peft_model

    from planlearn.models import load_model, write_adapter_record

    made = load_model("tiny", seed=3)
    get_peft_model(made.model, LoraConfig(r=2, target_modules="all-linear")).save_pretrained("adapter")
    made.tokenizer.save_pretrained("adapter")
    write_adapter_record("adapter", made)
    done = run("export", "merged", "adapter", "--out", "model")
    assert (done.exit_code, done.stdout) == (0, "model  model\n"), done.stderr
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "README.md"} <= set(os.listdir("model"))
    again = run("export", "merged", "adapter", "--out", "model")
    assert again.exit_code == 2 and "model holds a finished result" in again.stderr
    other = run("export", "merged", "adapter", "--out", "other", "--model", "nano")
    assert other.exit_code == 2 and "was trained on tiny" in other.stderr and not Path("other").exists()


@needs_training
def test_a_hub_that_cannot_be_reached_is_one_sentence(files: Path) -> None:
    """A port of this machine at which nobody listens; in a process of its own, since the hub's library reads its settings once."""
    (files / "data").mkdir()
    (files / "data" / "train.jsonl").write_text("{}\n")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        environment = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")}
        environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{nobody.getsockname()[1]}", "HF_TOKEN": "hf_not_a_token", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, "-m", "planlearn", "export", "hub", "data", "--repo", "me/data"], capture_output=True, text=True,
            env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])}, timeout=120,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be reached" in done.stderr and done.stderr.count("\n") == 1
    assert "hf_not_a_token" not in done.stderr


@needs_training
def test_a_push_says_where_it_went(run: Run, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def push(folder: Path, repo: str, **options: object) -> str:
        asked.update(options, folder=folder, repo=repo)
        return "https://hub.example/me/x"

    monkeypatch.setattr("planlearn.models.export.push_folder", push)
    (files / "m").mkdir()
    assert run("export", "hub", "m", "--repo", "me/x").stdout == "pushed  https://hub.example/me/x\n"
    assert asked == {"folder": Path("m"), "repo": "me/x", "kind": None, "private": True, "force": False}
    run("export", "hub", "m", "--repo", "me/x", "--public", "--type", "dataset", "--force")
    assert (asked["kind"], asked["private"], asked["force"]) == ("dataset", False, True)
