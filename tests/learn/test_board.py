"""What is shown while a model trains: the line in the terminal, and TensorBoard's files, which change nothing of the training."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from planlearn.corpus.build import build_corpus  # noqa: E402
from planlearn.errors import RecipeError  # noqa: E402
from planlearn.learn import board, trainer as trainer_module  # noqa: E402
from planlearn.learn.trainer import MinutesCap  # noqa: E402
from planlearn.learn.train import check_training, read_rows, train  # noqa: E402
from planlearn.models import load_model  # noqa: E402
from planlearn.progress import Progress  # noqa: E402
from planlearn.recipes import Recipe, find_recipe, load_recipe, recipe_hash  # noqa: E402

Need = Callable[[str, str], None]

SMALL = [
    "examples=32", "validation=4", "test=4", "adapter.rank=4", "checkpoint_steps=2", "precision=float32",
    "training.per_device_train_batch_size=4", "training.logging_steps=1", "evaluation.max_tokens=40", "evaluation.curve=2",
    "evaluation.curve_problems=3",
]  # fmt: skip


def recipe(*overrides: str) -> Recipe:
    return load_recipe(find_recipe("blocksworld", ""), [*SMALL, "refine.rounds=0", *overrides], model="tiny")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    build_corpus(folder, "blocksworld", 0, recipe().corpus, lambda *_: None)
    return folder


@pytest.fixture
def tensorboard(need: Need) -> None:
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        need("tensorboard", "the extra is not installed")


def trained(corpus: Path, run: Path, *overrides: str, **how: Any) -> dict[str, Any]:
    from safetensors.torch import load_file

    texts = [row[key] for row in read_rows(corpus / "train.jsonl") for key in ("prompt", "completion")]
    return load_file(train(recipe(*overrides), load_model("tiny", seed=0, vocabulary=texts), corpus, run, **how) / "adapter_model.safetensors")


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard reads in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    return {tag: [(one.step, one.value) for one in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_watching_changes_nothing(tensorboard: None, corpus: Path, tmp_path: Path) -> None:
    """The weights are those of a run that nobody watched, though each snapshot was loaded and random numbers were drawn."""
    alone = trained(corpus, tmp_path / "alone")
    asked: list[str] = []

    def measure(folder: Path) -> float:
        asked.append(folder.name)
        torch.manual_seed(5)
        torch.rand(100)
        assert (folder / "adapter_model.safetensors").exists()
        return len(asked) / 4

    watched = trained(corpus, tmp_path / "watched", "report_to=tensorboard", "watch.validity=true", measure=measure)
    assert asked == ["step-3", "step-5"]
    assert alone.keys() == watched.keys() and all(torch.equal(alone[name], watched[name]) for name in alone)
    found = scalars(tmp_path / "watched" / "tensorboard")
    rows = [json.loads(line) for line in (tmp_path / "watched" / "training.jsonl").read_text().splitlines()]
    assert [step for step, _ in found["train/loss"]] == [row["step"] for row in rows] == list(range(1, 9))
    assert [loss for _, loss in found["train/loss"]] == pytest.approx([row["loss"] for row in rows], abs=1e-4)
    assert not (tmp_path / "alone" / "tensorboard").exists()


def test_a_measurement_that_fails_ends_no_training(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(folder: Path) -> float:
        raise MemoryError("a second model")

    alone = trained(corpus, tmp_path / "alone")
    watched = trained(corpus, tmp_path / "watched", "watch.validity=true", measure=measure)
    assert all(torch.equal(alone[name], watched[name]) for name in alone)
    assert "step-3 is measured behind the training: MemoryError: a second model" in capsys.readouterr().err
    assert (tmp_path / "watched" / "snapshots" / "step-3").is_dir()


def test_a_run_that_goes_on_logs_each_step_once(tensorboard: None, corpus: Path, tmp_path: Path) -> None:
    import shutil

    trained(corpus, tmp_path, "report_to=tensorboard")
    shutil.rmtree(tmp_path / "adapter")
    (tmp_path / "checkpoints" / "checkpoint-8" / "planlearn-whole").unlink()  # as if killed behind step 7
    trained(corpus, tmp_path, "report_to=tensorboard")
    assert [step for step, _ in scalars(tmp_path / "tensorboard")["train/loss"]] == list(range(1, 9))


def test_how_a_run_is_watched_is_no_part_of_its_recipe() -> None:
    plain, watched = recipe(), recipe("report_to=[tensorboard]", "watch.validity=true")
    assert watched.watch.report_to == ["tensorboard"] and watched.watch.validity
    assert recipe_hash(watched) == recipe_hash(plain) and watched.model_dump() == plain.model_dump() and "watch" not in plain.model_dump()


@pytest.mark.parametrize("key", ["watch.report_to", "training.report_to"])
def test_a_destination_that_nobody_knows_is_refused(key: str) -> None:
    with pytest.raises(RecipeError, match=r"report_to: expected none or some of .*tensorboard.*, found 'tensorbord'"):
        check_training(recipe(f"{key}=tensorbord"))


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r"tensorboard is not installed; planlearn's extra \[tensorboard\]"):
        check_training(recipe("report_to=tensorboard"))


def test_nothing_is_written_where_nobody_asks(tmp_path: Path) -> None:
    board.note(recipe(), tmp_path, board.CURVE, 0.5, 1)
    assert list(tmp_path.iterdir()) == [] and board.callbacks(recipe(), tmp_path) == []


def test_the_clock_of_the_training_stands_still_while_validity_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(trainer_module.time, "monotonic", lambda: now[0])
    cap = MinutesCap(1.0, tmp_path / "schedule.json", 100, [10])
    cap.on_train_begin(None, type("State", (), {"global_step": 0}), None)
    cap.mark = 2, 101.0
    now[0] += 50
    cap.rested(50.0)
    assert (cap.start, cap.mark) == (150.0, (2, 151.0))


def test_the_line_in_a_pipe(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(trainer_module, "Progress", lambda *given, **named: Progress(*given, **named, every=0.0))
    trained(corpus, tmp_path, "watch.validity=true", measure=lambda folder: 0.25)
    told = capsys.readouterr().err
    lines = [line for line in told.splitlines() if line.startswith("train: ")]
    # Measured behind steps 3 and 5, of 4 examples each, before their lines.
    shape = r"train: (\d+)/32 examples, loss \d+\.\d{4}, \d+ tokens/s(?:, 25% valid at example (\d+))?(?:, \d+ s left|, \d+ s)?"
    found = [re.fullmatch(shape, line) for line in lines]
    assert all(found), lines
    where = {int(match[1]): match[2] for match in found if match}
    assert where == {4: None, 8: None, 12: "12", 16: "12", 20: "20", 24: "20", 28: "20", 32: "20"}
    assert "\r" not in told and " s left" in told


@pytest.mark.timeout(900)
def test_the_whole_of_a_run_on_a_terminal(tensorboard: None, tmp_path: Path) -> None:
    """One round behind phase 1, all of it in TensorBoard's files, and the line renews itself."""
    run = tmp_path / "run"
    words = [
        "train", "--model", "tiny", "--out", str(run), *SMALL, "test=1", "evaluation.max_tokens=8", "refine.rounds=1", "refine.problems=2",
        "refine.validation=2", "refine.attempts=0", "judged=0", "report_to=tensorboard", "watch.validity=true",
    ]  # fmt: skip
    ours, theirs = pty.openpty()
    said: list[bytes] = []
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-m", "planlearn", *words], stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        reader = threading.Thread(target=_drain, args=(ours, said))
        reader.start()
        process.communicate()
        reader.join()
    os.close(ours)
    told = b"".join(said).decode()
    assert process.returncode == 0, told
    assert re.search(r"[\r\n]train: \d+/32 examples, loss \d\.\d+, \d+ tokens/s, \d+% valid at example 12, \d+ s left", told), told
    assert re.search(r"[\r\n]train: [^\r\n]* left *\r*\n", told), told[told.find("train: 4/") :][:2000]

    found = scalars(run / "tensorboard" / "measured")
    assert [step for step, _ in found["validity/curve"]] == [3, 5] and [step for step, _ in found["validity/validation"]] == [8]
    assert len(scalars(run / "tensorboard")["train/loss"]) == 8
    rounds = [json.loads(line) for line in (run / "refine" / "rounds.jsonl").read_text().splitlines()]
    validity = scalars(run / "refine" / "tensorboard" / "measured")["validity/validation"]
    assert [step for step, _ in validity] == [0, 1]
    assert validity[1][1] == pytest.approx(rounds[0]["validation"]["plan_validity"]["value"])
    curve = [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]
    assert [(row["step"], pytest.approx(row["plan_validity"]["value"])) for row in curve] == found["validity/curve"]


def _drain(terminal: int, said: list[bytes]) -> None:
    try:
        while chunk := os.read(terminal, 1 << 16):
            said.append(chunk)
    except OSError:  # Linux: the other end is closed
        pass
