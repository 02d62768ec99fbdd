"""Training: TRL's loss, resuming after a kill, the cap of minutes, an adapter that plain peft loads."""

import dataclasses
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from planlearn.corpus.build import build_corpus  # noqa: E402
from planlearn.errors import DiskFull, RecipeError, SequenceTooLong  # noqa: E402
from planlearn.evaluate import asked_from_rows  # noqa: E402
from planlearn.learn.tokens import tokenize  # noqa: E402
from planlearn.learn.train import read_rows, train  # noqa: E402
from planlearn.learn import trainer as trainer_module  # noqa: E402
from planlearn.learn.trainer import MinutesCap  # noqa: E402
from planlearn.models import load_model, load_trained  # noqa: E402
from planlearn.recipes import find_recipe, load_recipe  # noqa: E402

SMALL = [
    "examples=32", "validation=4", "test=4", "adapter.rank=4", "checkpoint_steps=2", "precision=float32",
    "training.per_device_train_batch_size=4", "training.logging_steps=1", "evaluation.max_tokens=40",
    "refine.rounds=0",
]


def recipe(*overrides, **fixed):
    return load_recipe(find_recipe("blocksworld", ""), [*SMALL, *overrides], model="tiny", **fixed)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    build_corpus(folder, "blocksworld", 0, recipe().corpus, lambda *_: None)
    return folder


def base(corpus, seed=0):
    texts = [row[key] for row in read_rows(corpus / "train.jsonl") for key in ("prompt", "completion")]
    return load_model("tiny", seed=seed, vocabulary=texts)


def steps(run):
    return [json.loads(line)["step"] for line in (run / "training.jsonl").read_text().splitlines()]


def tokens_at_the_end(run):
    return json.loads((run / "training.jsonl").read_text().splitlines()[-1])["tokens"]


def weights(folder):
    from safetensors.torch import load_file

    return load_file(next(folder.glob("*.safetensors")))


def other(corpus, kind):
    """A minute model of another kind: its own names for its parts, no limit of positions, or logits that the head alone does
    not make."""
    from transformers import (
        BloomConfig, BloomForCausalLM, GPT2Config, GPT2LMHeadModel, GraniteConfig, GraniteForCausalLM,
    )  # fmt: skip

    loaded = base(corpus)
    torch.manual_seed(1)
    if kind == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(
            vocab_size=len(loaded.tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=2048, resid_pdrop=0.0,
            embd_pdrop=0.0, attn_pdrop=0.0,
        ))
    elif kind == "bloom":
        model = BloomForCausalLM(BloomConfig(
            vocab_size=len(loaded.tokenizer), hidden_size=16, n_layer=1, n_head=2, pad_token_id=0,
        ))
    else:
        model = GraniteForCausalLM(GraniteConfig(
            vocab_size=len(loaded.tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
            num_attention_heads=2, logits_scaling=3.0, pad_token_id=0,
        ))
    return dataclasses.replace(loaded, model=model)


@pytest.mark.parametrize(("kind", "rank", "accumulate"), [
    ("tiny", 0, 1), ("tiny", 4, 1), ("tiny", 4, 2), ("gpt2", 0, 1), ("gpt2", 4, 1), ("granite", 0, 1),
])
def test_the_loss_is_trls_own(corpus, tmp_path, kind, rank, accumulate):
    """Five steps of our trainer and of SFTTrainer on the same batches; equal to 1e-4."""
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from trl import SFTConfig, SFTTrainer

    from planlearn.learn.train import adapted
    from planlearn.learn.trainer import ChainTrainer

    losses = {}
    for trainer_of in (SFTTrainer, ChainTrainer):
        loaded = base(corpus) if kind == "tiny" else other(corpus, kind)
        tokens = tokenize(read_rows(corpus / "train.jsonl")[:20], loaded.tokenizer, 2048)
        data = Dataset.from_dict({
            "input_ids": [list(t.input_ids) for t in tokens], "labels": [list(t.labels) for t in tokens],
        })
        torch.manual_seed(0)
        model = loaded.model
        if rank and trainer_of is ChainTrainer:
            model = adapted(model, recipe(f"adapter.rank={rank}", "adapter.alpha=8"))
        elif rank:
            config = LoraConfig(r=rank, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
            model = get_peft_model(model, config)
        trainer = trainer_of(
            model=model, train_dataset=data, processing_class=loaded.tokenizer,
            args=SFTConfig(
                output_dir=str(tmp_path / trainer_of.__name__), max_steps=5, per_device_train_batch_size=4 // accumulate,
                gradient_accumulation_steps=accumulate, max_length=None,
                train_sampling_strategy="sequential", logging_steps=1, use_cpu=True, bf16=False, learning_rate=1e-3,
                report_to="none", save_strategy="no", gradient_checkpointing=False, disable_tqdm=True,
                dataset_kwargs={"skip_prepare_dataset": True},
            ),
        )
        trainer.train()
        losses[trainer_of.__name__] = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert len(losses["ChainTrainer"]) == 5
    assert losses["ChainTrainer"] == pytest.approx(losses["SFTTrainer"], abs=1e-4)


def test_a_prompt_begins_as_generation_begins(corpus):
    """A tokenizer that puts a mark before each text puts it before the prompt, and not before the completion."""
    from tokenizers.processors import TemplateProcessing

    loaded = base(corpus)
    row = read_rows(corpus / "train.jsonl")[0]
    (plain,) = tokenize([row], loaded.tokenizer, 2048)
    loaded.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|pad|> $A", special_tokens=[("<|pad|>", 0)]
    )
    (marked,) = tokenize([row], loaded.tokenizer, 2048)
    assert list(marked.input_ids) == [0, *plain.input_ids]
    assert list(marked.input_ids[: marked.labels.count(-100)]) == loaded.tokenizer(row["prompt"])["input_ids"]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_finished_run_is_left_alone_and_a_checkpoint_taken_up(corpus, tmp_path, optimizer):
    """A run that lost its last steps ends with the weights of one that was never stopped."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    wanted = recipe(f"optimizer={optimizer}")
    adapter = train(wanted, base(corpus), corpus, whole)
    assert steps(whole) == list(range(1, 9))
    state = torch.load(whole / "checkpoints" / "checkpoint-8" / "optimizer.pt", weights_only=True)
    assert (set(state) == {"muon", "adamw"}) == (optimizer == "muon")
    before = (adapter / "adapter_model.safetensors").stat().st_mtime_ns
    assert train(wanted, base(corpus), corpus, whole) == adapter
    assert (adapter / "adapter_model.safetensors").stat().st_mtime_ns == before

    train(wanted, base(corpus), corpus, broken)
    shutil.rmtree(broken / "adapter")
    (broken / "checkpoints" / "checkpoint-8" / "planlearn-whole").unlink()  # as if killed while it was written
    with (broken / "training.jsonl").open("a") as log:
        log.write('{"start": "2026-')  # and a row torn with it
    resumed = train(wanted, base(corpus), corpus, broken)
    assert steps(broken)[8:] == [7, 8]  # from checkpoint 6
    assert tokens_at_the_end(broken) == tokens_at_the_end(whole)
    for name, tensor in weights(adapter).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


ENVIRONMENT = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def kill_when(command, there):
    """kill -9 of the command at the moment when something is there."""
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not there():
        assert process.poll() is None and time.monotonic() < deadline, "the moment to kill did not come"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.timeout(900)
def test_kill_9_in_the_rounds_costs_what_was_under_way_alone(tmp_path):
    run = tmp_path / "run"
    command = [
        sys.executable, "-m", "planlearn", "train", "--model", "tiny", "--out", str(run), *SMALL, "refine.rounds=2", "refine.problems=12",
        "refine.validation=4", "evaluation.batch=1",
    ]
    rounds = run / "refine"
    attempts = rounds / "round-01" / "attempts.jsonl"
    kill_when(command, lambda: attempts.exists() and attempts.read_bytes().count(b"\n") >= 3)
    first = attempts.read_bytes().rpartition(b"\n")[0]
    kill_when(command, lambda: list(rounds.glob("round-01/*/checkpoints/checkpoint-*/planlearn-whole")))
    assert attempts.read_bytes().startswith(first) and not (rounds / "rounds.jsonl").exists()
    kill_when(command, lambda: (rounds / "rounds.jsonl").exists())
    told = (rounds / "rounds.jsonl").read_bytes()
    assert not (run / "adapter").exists() and (run / "phase1").exists()
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (rounds / "rounds.jsonl").read_bytes().startswith(told) and told.count(b"\n") == 1
    assert [json.loads(line)["round"] for line in (rounds / "rounds.jsonl").read_text().splitlines()] == [1, 2]
    assert (run / "adapter" / "adapter_model.safetensors").exists()
    stamp = (rounds / "rounds.jsonl").stat().st_mtime_ns
    again = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert again.stdout == done.stdout and (rounds / "rounds.jsonl").stat().st_mtime_ns == stamp


@pytest.mark.timeout(900)
def test_kill_9_in_any_part_costs_the_work_since_the_last_checkpoint_alone(tmp_path):
    """The command line, killed while it builds, trains and evaluates; the same command goes on and finishes."""
    run = tmp_path / "run"
    command = [
        sys.executable, "-m", "planlearn", "train", "--model", "tiny", "--out", str(run), *SMALL, "examples=400",
        "validation=12", "evaluation.batch=1", "evaluation.max_tokens=300", "evaluation.curve=1",
        "evaluation.curve_problems=8",
    ]
    def kill_once(there):
        kill_when(command, there)

    for _ in range(5):  # the moment between the first file and the last is short
        kill_once((run / "corpus" / "train.jsonl").exists)
        if not (run / "corpus" / "manifest.json").exists():
            break
        shutil.rmtree(run)
    assert not (run / "corpus" / "manifest.json").exists()
    kill_once(lambda: list(run.glob("checkpoints/checkpoint-*/planlearn-whole")))
    hashes = json.loads((run / "corpus" / "manifest.json").read_text())["files_sha256"]
    assert not (run / "adapter").exists() and "train.jsonl" in hashes
    whole = max(int(path.parent.name.rpartition("-")[2]) for path in run.glob("checkpoints/checkpoint-*/planlearn-whole"))
    before = steps(run)
    for name, expected in hashes.items():
        assert hashlib.sha256((run / "corpus" / name).read_bytes()).hexdigest() == expected
    samples = run / "evaluation" / "validation" / "samples.jsonl"
    kill_once(lambda: samples.exists() and samples.read_bytes().count(b"\n") >= 2)
    assert (run / "adapter").exists() and not (samples.parent / "results.json").exists()
    answered = samples.read_bytes()
    assert steps(run)[len(before)] == whole + 1, "the second start began elsewhere"
    assert set(steps(run)) == set(range(1, 101))
    drawn = run / "evaluation" / "curve"
    kill_once(lambda: any(path.read_bytes().count(b"\n") >= 2 for path in drawn.glob("*/samples.jsonl")))
    (curve,) = drawn.glob("*/samples.jsonl")
    half = curve.read_bytes()

    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    seen = steps(run)
    for log, rows, earlier in ((samples, 12 + 1, answered), (curve, 8, half)):
        assert log.read_bytes().startswith(earlier[: earlier.rindex(b"\n") + 1])
        assert log.read_bytes().count(b"\n") == rows  # one more for a problem without a plan
    assert str(run / "adapter") in done.stdout and "seconds" in done.stdout
    again = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=400)
    assert again.returncode == 0 and again.stdout == done.stdout and steps(run) == seen


def test_minutes_shorten_the_schedule(corpus, tmp_path):
    """A cap that only some of the steps fit; the rate still falls to the schedule's end."""
    short = recipe("examples=32", "training.num_train_epochs=400", "training.warmup_steps=2", "minutes=0.05")
    train(short, base(corpus), corpus, tmp_path)
    planned = json.loads((tmp_path / "schedule.json").read_text())["max_steps"]
    assert 12 < planned < 3200
    assert steps(tmp_path)[-1] == planned
    last = json.loads((tmp_path / "training.jsonl").read_text().splitlines()[-1])
    assert last["learning_rate"] < 0.05 * short.training["learning_rate"]


@pytest.mark.parametrize(
    "seconds, schedules",
    [
        (lambda step: 0.125, {12: 400}),  # all fit
        (lambda step: 0.25, {12: 240}),
        (lambda step: 0.25 if step <= 60 else 0.5, {12: 240, 69: 208, 103: 150}),
        (lambda step: 0.25 if step <= 12 else 0.125, {12: 240, 69: 400}),  # longer again, but not than planned
        (lambda step: 0.25 if step <= 60 else 0.1875, {12: 240, 69: 249, 114: 300}),
    ],
)
def test_a_run_whose_speed_changes_is_fitted_again(tmp_path, monkeypatch, seconds, schedules):
    """When a quarter of what was left is done; 240 steps of a quarter of a second are a minute. A change of speed is seen in
    part at the first look behind it, whole at the second."""
    clock, found = [0.0], {}
    monkeypatch.setattr(trainer_module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(MinutesCap, "reschedule", lambda cap, steps, args, state: setattr(state, "max_steps", steps))
    cap = MinutesCap(1.0, tmp_path / "schedule.json", 400, [100])
    state = SimpleNamespace(global_step=0, max_steps=400)
    cap.on_train_begin(None, state, None)
    while state.global_step < state.max_steps:
        state.global_step += 1
        clock[0] += seconds(state.global_step)
        cap.on_step_end(None, state, None)
        if (steps := MinutesCap.saved_steps(cap.path)) is not None and steps not in found.values():
            found[state.global_step] = steps
    assert found == schedules


def test_a_run_that_goes_on_after_a_kill_counts_the_seconds_before_it(tmp_path, monkeypatch):
    """40 of 60 seconds are gone at step 100; at half a second a step, 40 more fit."""
    clock = [0.0]
    monkeypatch.setattr(trainer_module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(MinutesCap, "reschedule", lambda cap, steps, args, state: setattr(state, "max_steps", steps))
    cap = MinutesCap(1.0, tmp_path / "schedule.json", 400, [100], spent=40.0)
    state = SimpleNamespace(global_step=100, max_steps=400)
    cap.on_train_begin(None, state, None)
    for _ in range(12):
        state.global_step += 1
        clock[0] += 0.5
        cap.on_step_end(None, state, None)
    assert MinutesCap.saved_steps(cap.path) == 140 == state.max_steps


@pytest.mark.parametrize("tokens, steps", [(0, 5), (20, 5), (49, 5), (50, 6), (59, 6), (60, 7), (1000, 9)])
def test_the_cap_counts_tokens_since_later_examples_are_longer(tmp_path, tokens, steps):
    """4 of 9 steps done; the fifth takes 20 tokens, then 30, and after the last of the list the first again: 10, 10."""
    cap = MinutesCap(1.0, tmp_path / "schedule.json", 9, [10, 10, 10, 10, 20, 30])
    assert cap.fitting(4, 9, tokens) == steps


def test_plain_peft_gives_the_same_plans_as_our_evaluator(corpus, tmp_path):
    """The adapter folder needs nothing of planlearn: PeftModel and generate write the same text.

    Its weights are made large, or every answer would be the one that the base gives.
    """
    from peft import PeftModel
    from safetensors.torch import save_file

    from planlearn.chains import problem_prompt
    from planlearn.evaluate import Prompt
    from planlearn.models import generate

    adapter = train(recipe(), base(corpus), corpus, tmp_path)
    generator = torch.Generator().manual_seed(0)
    large = {name: torch.randn(w.shape, generator=generator).mul(0.5).half() for name, w in weights(adapter).items()}
    save_file(large, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    loaded, style, _ = load_trained(adapter, "tiny")
    asked = asked_from_rows(read_rows(corpus / "validation.jsonl"))
    prompts = [Prompt(id=a.id, text=problem_prompt(a.task, style)) for a in asked]
    ours = {c.id: c.text for c in generate(loaded, prompts, max_tokens=30, batch_size=4)}
    plain = base(corpus)
    unadapted = {c.id: c.text for c in generate(plain, prompts, max_tokens=30, batch_size=4)}
    assert all(ours[prompt.id] != unadapted[prompt.id] for prompt in prompts)
    assert len(set(ours.values())) == len(prompts)
    model = PeftModel.from_pretrained(plain.model, str(adapter)).eval()
    for prompt in prompts:
        ids = torch.tensor([loaded.tokenizer(prompt.text)["input_ids"]])
        out = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=30,
            eos_token_id=loaded.tokenizer.eos_token_id, pad_token_id=loaded.tokenizer.pad_token_id,
        )[0, ids.shape[1] :].tolist()
        if loaded.tokenizer.eos_token_id in out:
            out = out[: out.index(loaded.tokenizer.eos_token_id)]
        assert loaded.tokenizer.decode(out) == ours[prompt.id]


def test_the_adapter_folder_names_no_path_and_holds_half_precision(corpus, tmp_path):
    adapter = train(recipe(), base(corpus), corpus, tmp_path)
    names = {path.name for path in adapter.iterdir()}
    assert names >= {"adapter_model.safetensors", "adapter_config.json", "README.md", "recipe.yaml", "planlearn.json"}
    for path in adapter.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes() and b"/home/" not in path.read_bytes(), path.name
    assert {t.dtype for t in weights(adapter).values()} == {torch.float16}
    assert json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, "No space left on device"), RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598"),
])  # fmt: skip
@pytest.mark.parametrize("writer", ["torch.save", "safetensors.torch.save_file"])
def test_a_full_disk_names_the_folder_of_the_run(corpus, tmp_path, monkeypatch, writer, error):
    def full(*_, **__):
        raise error

    monkeypatch.setattr(writer, full)
    with pytest.raises(DiskFull, match=f"^{tmp_path}: no space left on the device; free some"):
        train(recipe("examples=4"), base(corpus), corpus, tmp_path)
    assert not (tmp_path / "adapter").exists()


def test_a_kind_of_model_without_a_limit_of_positions_is_trained(corpus, tmp_path):
    loaded = other(corpus, "bloom")
    assert not hasattr(loaded.model.config, "max_position_embeddings")
    assert (train(recipe(), loaded, corpus, tmp_path) / "adapter_model.safetensors").exists()


def test_a_model_trained_whole_is_an_ordinary_folder(corpus, tmp_path):
    whole = recipe("adapter.rank=0")
    folder = train(whole, base(corpus), corpus, tmp_path)
    assert folder.name == "model"
    loaded, style, about = load_trained(folder, None)
    assert about["model"] == "model" and loaded.tokenizer.eos_token_id is not None
    assert not style.domain_in_prompt


@pytest.mark.parametrize(
    ("override", "error", "says"),
    [
        ("training.learning_rte=1", RecipeError, "training.learning_rte: not a field of TRL's SFTConfig; did you mean 'learning_rate'"),
        ("training.max_steps=3", RecipeError, "training.max_steps: set by the recipe itself"),
        ("training.optim=sgd optimizer=muon", RecipeError, "training.optim: has no effect beside optimizer: muon"),
        ("max_length=20", SequenceTooLong, "has [0-9]+ tokens, the limit is 20"),
        ("max_length=100000", SequenceTooLong, "more than the model's context"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_written(corpus, tmp_path, override, error, says):
    with pytest.raises(error, match=says):
        train(recipe(*override.split()), base(corpus), corpus, tmp_path)
    assert not (tmp_path / "adapter").exists()


def test_the_fields_that_a_recipe_may_not_set_are_fields():
    from trl import SFTConfig

    from planlearn.learn.train import FROM_RECIPE, OWN_WAY, POSITIVE

    names = {field.name for field in dataclasses.fields(SFTConfig)}
    assert FROM_RECIPE | OWN_WAY | set(POSITIVE) <= names and not FROM_RECIPE & OWN_WAY
