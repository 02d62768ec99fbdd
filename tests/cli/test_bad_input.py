"""What cannot be used gets one sentence that says what and where, exit code 2, and nothing under a final name."""

import errno
import json
from pathlib import Path

import pytest

from planlearn.recipes import find_recipe

TRAIN = ("train", "--model", "tiny", "--out", "run", "examples=8", "validation=2", "test=2")


def final_files(folder: Path) -> set[str]:
    """What a finished run has; a recipe alone is no result."""
    if not folder.exists():
        return set()
    return {path.name for path in folder.rglob("*") if path.name in ("manifest.json", "adapter", "model", "results.json")}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", "--domain", "blocksword"), "did you mean 'blocksworld'"),
        (("train", "domain=blocksword"), "did you mean 'blocksworld'"),
        (("data", "build", "domain=blocksword", "--out", "c"), "did you mean 'blocksworld'"),
        ((*TRAIN, "--recipe", "blocksword.yaml"), "did you mean 'blocksworld'"),
        (("data", "build", "--recipe", "blocksword.yaml", "--out", "c"), "did you mean 'blocksworld'"),
        ((*TRAIN, "seed=1", "--seed", "2"), "seed is given twice: 2 and seed=1"),
        (("check", "blocksword", "p.pddl", "good.plan"), "did you mean 'blocksworld'"),
        (("check", "broken.pddl", "p.pddl", "good.plan"), "broken.pddl:2:1: expected"),
        (("check", "blocksworld", "broken.pddl", "good.plan"), "broken.pddl:"),
        ((*TRAIN, "exampels=3"), "exampels: unknown key"),
        ((*TRAIN, "adapter.rank=-3"), "adapter.rank: "),
        ((*TRAIN, "--recipe", "broken.pddl"), "broken.pddl: expected a block of keys"),
        (("data", "planbench", "bare"), "PlanBench folder"),
        (("data", "build", "--domain", "sokobann", "--out", "c"), "sokobann"),
        ((*TRAIN, "seed=-1"), "seed: "),
        ((*TRAIN, "--domain", "blocksworld", "domain=logistics"), "domain is given twice"),
        (("eval", "--instances", "rows.jsonl", "--out", "out", "--model", "tiny"), "rows.jsonl:2: no JSON object: Expecting value at column 1"),
        (("eval", "--instances", "fields.jsonl", "--out", "out", "--model", "tiny"), "field 'domain' is missing"),
        (("eval", "--instances", "set", "--domain", "blocksword", "--out", "out"), "did you mean 'blocksworld'"),
        (("eval", "--instances", "set", "--out", "out", "--model", "tiny"), "instance-1.pddl:1:1: expected text in UTF-8"),
        (("data", "planbench", "set"), "instance-1.pddl:1:1: expected text in UTF-8"),
        (("eval", "--instances", "empty.jsonl", "--out", "out", "--model", "tiny"), "empty.jsonl holds no problem"),
    ],
)
def test_one_sentence_and_exit_code_two(run, files, words, says):
    (files / "empty.jsonl").write_text("")
    (files / "blocksword.yaml").write_text(find_recipe("blocksworld", "").read_text().replace("blocksworld", "blocksword"))
    (files / "rows.jsonl").write_text("\nnothing\n")
    (files / "fields.jsonl").write_text('{"id": "x"}\n')
    (files / "bare").mkdir()
    (files / "set").mkdir()
    (files / "set/domain.pddl").write_text("(define (domain d))")
    (files / "set/instance-1.pddl").write_bytes(b"\xff")
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert says in done.stderr and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert not final_files(files) and not (files / "run").exists()


def test_a_size_that_the_domain_cannot_have(run, files):
    done = run(*TRAIN, "validation_sizes={huge: 1}")
    assert done.exit_code == 2 and "huge" in done.stderr
    assert not final_files(files / "run")


def test_a_split_without_a_problem_is_refused(run, files):
    """All classes of 3 blocks are PlanBench's."""
    done = run("data", "build", "--out", "corpus", "examples=2", "validation_sizes={3: 1}")
    assert done.exit_code == 2 and "asked for 100 problems of sizes 3, found none" in done.stderr
    assert not final_files(files)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("training.learning_rate=much", "training.learning_rate: input should be a valid number"),
        ("training.per_device_train_batch_size=abc", "training.per_device_train_batch_size: "),
        ("training.lr_scheduler_type=nope", "training: "),
        ("training.learning_rat=1", "did you mean 'learning_rate'"),
        ("training.per_device_train_batch_size=0", "training.per_device_train_batch_size: expected a number above 0, found 0"),
        ("training.gradient_accumulation_steps=0", "training.gradient_accumulation_steps: expected a number above 0"),
        ("training.num_train_epochs=-1", "training.num_train_epochs: expected a number above 0"),
        ("training.num_train_epochs=.inf", "training.num_train_epochs: expected a finite number"),
        ("training.learning_rate=.nan", "training.learning_rate: expected a finite number"),
        ("training.eval_strategy=steps", "training.eval_strategy: planlearn has its own loss, batches, checkpoints and evaluation"),
        ("training.padding_free=true", "training.padding_free: planlearn has its own"),
        ("training.loss_type=dft", "training.loss_type: planlearn has its own"),
        ("training.completion_only_loss=false", "training.completion_only_loss: planlearn has its own"),
        ("training.save_strategy=epoch", "training.save_strategy: set by the recipe itself"),
    ],
)
def test_a_training_block_that_trl_cannot_use_is_said_before_the_corpus_is_built(run, files, override, says):
    pytest.importorskip("torch", reason="the train extra is not installed")
    done = run(*TRAIN, override)
    assert done.exit_code == 2, done.output
    assert says in done.stderr and not (files / "run").exists()


@pytest.mark.parametrize(
    ("model", "says"),
    [("smollm3-135m", "did you mean 'smollm2-135m'"), ("nowhere", "presets are"), ("bare", "bare holds no model (config.json is missing)")],
)
def test_an_unknown_model_is_said_before_the_corpus_is_built(run, files, model, says):
    pytest.importorskip("torch", reason="the train extra is not installed")
    (files / "bare").mkdir()
    done = run(*TRAIN, f"model={model}", "--model", model)
    assert done.exit_code == 2 and says in done.stderr and not (files / "run").exists()


@pytest.mark.parametrize("record", ["{", "[]", '{"seconds": 5}', '{"seconds": {"corpus": "x"}}', "\xff"])
def test_a_damaged_record_is_one_sentence(run, files, record):
    pytest.importorskip("torch", reason="the train extra is not installed")
    (files / "run").mkdir()
    (files / "run/record.json").write_text(record, encoding="latin-1")
    done = run(*TRAIN)
    assert done.exit_code == 2, done.output
    assert "run/record.json: not the record of a run; remove it" in done.stderr and not final_files(files)


def test_a_folder_of_another_recipe_is_left_alone(run, files):
    words = ("data", "build", "--out", "corpus", "examples=2", "validation=1", "test=1")
    assert run(*words).exit_code == 0
    before = (files / "corpus/manifest.json").read_text()
    assert run(*words).exit_code == 0
    refused = run("data", "build", "--out", "corpus", "--seed", "5", "examples=3", "validation=1", "test=1")
    assert refused.exit_code == 2
    assert "seed: 0 -> 5; recipe.examples: 2 -> 3" in refused.stderr
    assert (files / "corpus/manifest.json").read_text() == before


def test_a_full_disk_leaves_nothing_half_written(run, files, monkeypatch):
    import planlearn.files

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(planlearn.files.os, "fsync", full)
    done = run("data", "build", "--out", "corpus", "examples=2", "validation=1", "test=1")
    assert done.exit_code == 2 and "no space left on the device" in done.stderr
    assert not [path for path in (files / "corpus").rglob("*") if path.is_file()]


def test_a_table_that_is_cut_short_is_not_there(run, files, monkeypatch):
    """The library that writes Parquet writes where it is told, byte by byte."""
    datasets = pytest.importorskip("datasets", reason="the train extra is not installed")

    def full(self, path):
        Path(path).write_bytes(b"PAR1")
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(datasets.Dataset, "to_parquet", full)
    done = run("data", "build", "--out", "corpus", "examples=2", "validation=1", "test=1")
    assert done.exit_code == 2 and "corpus: no space left on the device" in done.stderr
    assert not list((files / "corpus").glob("*.parquet")) and not final_files(files)


def test_the_corpus_and_planbench_commands_say_where_results_are(run, files):
    done = run("data", "build", "--out", "corpus", "examples=4", "validation=2", "test=2")
    assert done.exit_code == 0, done.output
    assert "distinct classes by size" in done.stdout and "corpus/manifest.json" in done.stdout
    upstream = files / "plan-bench/instances/blocksworld"
    (upstream / "generated_basic").mkdir(parents=True)
    from planlearn.problems import domain_text

    (upstream / "generated_domain.pddl").write_text(domain_text("blocksworld"))
    (upstream / "generated_basic/instance-3.pddl").write_text((files / "p.pddl").read_text())
    done = run("data", "planbench", ".", "--out", "problems.jsonl")
    assert done.exit_code == 0, done.output
    (row,) = [json.loads(line) for line in (files / "problems.jsonl").read_text().splitlines()]
    assert row["id"] in (3, "3") and "on" in row["problem_pddl"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "nobody/nothing"), "hub cannot be reached"),
        (("--model", "smollm3-135m"), "did you mean 'smollm2-135m'"),
        (("--adapter", "other", "--model", "tiny"), "trained on"),
    ],
)
def test_models_that_are_not_there_and_adapters_of_another_base(run, files, monkeypatch, words, says):
    pytest.importorskip("torch", reason="the train extra is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run("data", "build", "--out", "corpus", "examples=2", "validation=1", "test=1").exit_code == 0
    (files / "other").mkdir()
    (files / "other/adapter_config.json").write_text("{}")
    (files / "other/adapter_model.safetensors").write_bytes(b"")
    (files / "other/planlearn.json").write_text(json.dumps({"base": "nano", "base_hash": "0" * 64}))
    done = run("eval", "--instances", "corpus/test.jsonl", "--out", "out", *words)
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert not (files / "out/results.json").exists()
