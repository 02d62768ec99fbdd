"""One training run: from a corpus folder to an adapter folder, resumable after a kill at any moment."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from planlearn.errors import PlanlearnError, RecipeError, SequenceTooLong
from planlearn.files import full_disk_is_named, write_json, write_text
from planlearn.learn.board import callbacks, check_destinations, others
from planlearn.problems import stream
from planlearn.progress import Progress
from planlearn.recipes import Recipe, mistakes

T = TypeVar("T")


def each_row(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a corpus split, read as they are asked for: a large corpus need not fit the memory."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def read_rows(path: Path) -> list[dict[str, Any]]:
    return list(each_row(path))


FROM_RECIPE = frozenset({
    "output_dir", "max_steps", "max_length", "use_cpu", "save_strategy", "save_steps", "dataset_kwargs", "seed", "bf16", "fp16",
})  # fmt: skip
"""Fields of SFTConfig that other keys of the recipe decide."""

OWN_WAY = frozenset({
    "loss_type", "completion_only_loss", "assistant_only_loss", "label_smoothing_factor", "router_aux_loss_coef", "packing",
    "packing_strategy", "padding_free", "eval_packing", "shuffle_dataset", "truncation_mode", "auto_find_batch_size",
    "dataset_text_field", "dataset_num_proc", "chat_template_path", "eos_token", "model_init_kwargs", "trust_remote_code",
    "do_train", "do_eval", "do_predict", "eval_strategy", "eval_steps", "eval_delay", "eval_on_start",
    "per_device_eval_batch_size", "eval_accumulation_steps", "load_best_model_at_end", "metric_for_best_model",
    "greater_is_better", "resume_from_checkpoint", "save_only_model", "ignore_data_skip",
})  # fmt: skip
"""Fields of SFTConfig that would have no effect, or break the loss, the order or the checkpoints."""

POSITIVE = ("per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs")


def training_config(recipe: Recipe, folder: Path, steps: int, bf16_weights: bool) -> Any:
    """TRL's SFTConfig from the recipe's `training` block; raises RecipeError on keys and values that it cannot have."""
    import torch
    from trl import SFTConfig

    known = {field.name for field in dataclasses.fields(SFTConfig)}
    problems = []
    for key in recipe.training:
        if key in FROM_RECIPE:
            problems.append(f"training.{key}: set by the recipe itself, leave it out")
        elif key in OWN_WAY:
            problems.append(f"training.{key}: planlearn has its own loss, batches, checkpoints and evaluation, leave it out")
        elif key in ("optim", "optim_args") and recipe.optimizer == "muon":
            problems.append(f"training.{key}: has no effect beside optimizer: muon, leave one of them out")
        elif key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"training.{key}: not a field of TRL's SFTConfig{hint}")
    _refuse(problems)
    kinds = get_type_hints(SFTConfig)
    training = {}
    for key, value in recipe.training.items():
        try:
            training[key] = TypeAdapter(kinds[key]).validate_python(value)
        except ValidationError as error:
            problems.append(f"training.{key}: {error.errors()[0]['msg'].lower()}, found {value!r}")
            continue
        if isinstance(value, float) and not math.isfinite(value):
            problems.append(f"training.{key}: expected a finite number, found {value!r}")
        elif key in POSITIVE and training[key] <= 0:
            problems.append(f"training.{key}: expected a number above 0, found {value!r}")
    _refuse(problems)
    check_destinations(recipe)
    cuda = torch.cuda.is_available()
    defaults = {
        "logging_steps": 5, "logging_first_step": True, "activation_checkpointing": False, "disable_tqdm": True,
        "train_sampling_strategy": "sequential", "lr_scheduler_type": "cosine", "save_total_limit": 2,
        "dataloader_pin_memory": cuda,
    }
    settings = defaults | training | {
        "report_to": others(recipe), "output_dir": str(folder), "max_steps": steps, "max_length": None, "use_cpu": not cuda,
        "save_strategy": "steps", "save_steps": recipe.checkpoint_steps, "seed": recipe.seed,
        "bf16": bool(cuda and bf16_weights), "dataset_kwargs": {"skip_prepare_dataset": True},
    }
    try:
        return SFTConfig(**settings)
    except (ValueError, TypeError, ImportError) as error:
        raise RecipeError(f"training: {error}") from None


def _refuse(problems: list[str]) -> None:
    if problems:
        raise mistakes(problems)


def check_training(recipe: Recipe) -> None:
    """Raise RecipeError where TRL cannot use the recipe's `training` block, before anything else is made."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        training_config(recipe, Path(folder), 1, False)


def adapted(model: Any, recipe: Recipe) -> Any:
    """The model with LoRA layers, or the model itself where the recipe trains it whole (rank 0)."""
    if recipe.adapter.rank == 0:
        return model
    from peft import LoraConfig, get_peft_model

    from planlearn.learn.kernels import fuse_lora

    config = LoraConfig(
        r=recipe.adapter.rank, lora_alpha=recipe.adapter.alpha, lora_dropout=0.0,
        target_modules=recipe.adapter.targets, task_type="CAUSAL_LM",
    )
    try:
        whole = get_peft_model(model, config)
    except ValueError as error:
        raise RecipeError(f"adapter.targets: {error}") from None
    fuse_lora(whole)
    return whole


def muon(model: Any, config: Any) -> Any:
    from planlearn.learn.optimizer import MuonAndAdamW

    return MuonAndAdamW(
        model, lr=config.learning_rate, weight_decay=config.weight_decay, betas=(config.adam_beta1, config.adam_beta2),
        eps=config.adam_epsilon,
    )


def _bf16(recipe: Recipe, chosen: Path) -> bool:
    """Whether to train in bfloat16; what was measured for "auto" is kept, so that a run that goes on does not change."""
    from planlearn.learn.kernels import bfloat16_pays

    if recipe.adapter.rank == 0 or recipe.precision == "float32":
        return False
    if recipe.precision == "auto":
        if not chosen.exists():
            write_json(chosen, {"bfloat16": bfloat16_pays()})
        return json.loads(chosen.read_text(encoding="utf-8"))["bfloat16"]
    return True


def _shown(rows: Iterable[T], total: int) -> Iterator[T]:
    """The same rows, with progress."""
    done, progress = 0, Progress("tokens", total, "examples")
    for done, row in enumerate(rows, start=1):
        yield row
        progress.update(done)
    progress.done = done
    progress.close()


def untrained(recipe: Recipe, loaded: Any, final: Path) -> Path:
    """The base as it is in the form of what `train` gives, so that rounds and evaluations can begin there; nothing where that is there."""
    if not final.exists():
        import torch

        torch.manual_seed(recipe.seed)
        final.parent.mkdir(parents=True, exist_ok=True)
        with full_disk_is_named(final.parent):
            facts = {"steps": 0, "examples": 0, "tokens": 0, "precision": "float32"}
            save_final(adapted(loaded.model, recipe), loaded, recipe, final, facts)
    return final


def trained_name(recipe: Recipe) -> str:
    """What the folder of a trained adapter, or of a whole model, is called."""
    return "adapter" if recipe.adapter.rank else "model"


def train(
    recipe: Recipe, loaded: Any, corpus: Path, run: Path, final: Path | None = None, *, measure: Callable[[Path], float] | None = None,
) -> Path:
    """Train and give the adapter's folder, `final`, else `run/adapter` (the whole model's, `run/model`, where rank is 0).

    measure: the validity of a snapshot's folder, asked for as each is made; the training's clock stands still for it, and goes on where it fails.

    Does nothing where that folder is there. Takes up at the last whole checkpoint otherwise.
    Raises RecipeError, SequenceTooLong, DiskFull.
    """
    import numpy as np
    import torch
    from datasets import Dataset
    from transformers.trainer_callback import PrinterCallback

    from planlearn.learn.attention import PLAIN_ATTENTION, use_causal_attention
    from planlearn.learn.spent import seconds_until
    from planlearn.learn.tokens import order_by_length, tokenize
    from planlearn.learn.trainer import ChainTrainer, MinutesCap, Record, Snapshots, WholeCheckpoints
    from planlearn.models.load import quiet_transformers

    final = final or run / trained_name(recipe)
    if final.exists():
        return final
    context = getattr(loaded.model.config, "max_position_embeddings", None)  # kinds whose positions are relative have none
    if context is not None and recipe.max_length > context:
        raise SequenceTooLong(f"max_length {recipe.max_length} is more than the model's context of {context} tokens")
    tokens = tokenize(_shown(each_row(corpus / "train.jsonl"), recipe.corpus.examples), loaded.tokenizer, recipe.max_length)
    if not tokens:
        raise PlanlearnError(f"{corpus / 'train.jsonl'} holds no example")
    batch = int(recipe.training.get("per_device_train_batch_size", 8))
    accumulate = int(recipe.training.get("gradient_accumulation_steps", 1))
    epochs = float(recipe.training.get("num_train_epochs", 1))
    ordered = order_by_length(tokens, batch, stream(recipe.seed, "order"))
    dataset = Dataset.from_dict({
        key: [np.frombuffer(getattr(t, key), dtype=np.intc) for t in ordered] for key in ("input_ids", "labels")
    })
    checkpoints = run / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    schedule = run / "schedule.json"
    planned = max(1, round(len(ordered) / (batch * accumulate) * epochs))
    steps = MinutesCap.saved_steps(schedule) or planned
    bf16 = _bf16(recipe, run / "precision.json")
    torch.manual_seed(recipe.seed)
    model = loaded.model.to(torch.bfloat16) if bf16 else loaded.model
    if bf16 and model.device.type == "cpu" and model.config.model_type in PLAIN_ATTENTION:
        use_causal_attention(model)
    model = adapted(model, recipe)
    last = WholeCheckpoints.last(checkpoints)
    lengths = [len(t.input_ids) for t in ordered]
    padded = [batch * max(lengths[start : start + batch]) for start in range(0, len(lengths), batch)]
    step_tokens = [sum(padded[start : start + accumulate]) for start in range(0, len(padded), accumulate)]
    log = run / "training.jsonl"
    # How many epochs the trainer goes through is fixed by the steps that it starts with.
    reach = min(planned, -(-steps // len(step_tokens)) * len(step_tokens))
    cap = MinutesCap(recipe.minutes, schedule, reach, step_tokens, seconds_until(log))
    record = Record(log, batch * accumulate)

    def keep(step: int, snapshot: Any) -> None:
        facts = {"steps": step, "examples": step * batch * accumulate, "tokens": trainer.tokens_seen}
        folder = run / "snapshots" / f"step-{step}"
        if measure is not None:
            record.rest()
        save_final(snapshot, loaded, recipe, folder, facts)
        if measure is None:
            return
        began = time.monotonic()
        try:
            with torch.random.fork_rng():  # a second model is made and asked, and training must not notice
                record.validity = f"{measure(folder):.0%} valid at example {facts['examples']}"
        except Exception as error:  # the snapshot is there, so it is measured behind the training; hours of it must not end here
            print(f"{folder.name} is measured behind the training: {type(error).__name__}: {error}", file=sys.stderr)
        for clock in (cap, record):
            clock.rested(time.monotonic() - began)

    kept = len(list((run / "snapshots").glob("step-*")))
    config = training_config(recipe, checkpoints, steps, bf16)
    trainer = ChainTrainer(
        model=model, args=config, train_dataset=dataset, processing_class=loaded.tokenizer,
        optimizers=(muon(model, config) if recipe.optimizer == "muon" else None, None),
        callbacks=[cap, WholeCheckpoints(), Snapshots(recipe.evaluation.curve, keep, kept), record, *callbacks(recipe, run, last)],
    )
    cap.trainer = record.trainer = trainer
    trainer.remove_callback(PrinterCallback)
    start = time.monotonic()
    with quiet_transformers(), full_disk_is_named(run):
        outcome = trainer.train(resume_from_checkpoint=str(last) if last else None)
        save_final(trainer.model, loaded, recipe, final, {
            "steps": trainer.state.global_step, "examples": trainer.state.global_step * batch * accumulate,
            "tokens": trainer.tokens_seen, "loss": outcome.training_loss, "precision": "bfloat16" if bf16 else "float32",
            "seconds_since_last_start": round(time.monotonic() - start, 1),
        })
    return final


def save_final(model: Any, loaded: Any, recipe: Recipe, final: Path, facts: dict[str, Any]) -> None:
    """Write the adapter (fp16 safetensors) or the whole model, with card, recipe and base hash, in one step.

    No path of this machine is in it: the base is named by its preset, its hub id or its folder's last part.
    """
    import torch
    import yaml

    from planlearn.models import public_name, write_adapter_record
    from planlearn.models.load import quiet_transformers

    base = public_name(loaded.name)
    beside = final.with_name(f".{final.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    if recipe.adapter.rank:
        for config in model.peft_config.values():
            config.base_model_name_or_path = base
            config.inference_mode = True
        state = {k: v.to(torch.float16).contiguous() for k, v in adapter_state(model).items()}
        model.save_pretrained(beside, state_dict=None, safe_serialization=True)
        from safetensors.torch import save_file

        save_file(state, beside / "adapter_model.safetensors", metadata={"format": "pt"})
    else:
        with quiet_transformers():
            model.save_pretrained(beside, safe_serialization=True)
    # An adapter's tokenizer is its base's, unless that base is made anew from a seed and its words.
    if not recipe.adapter.rank or (loaded.preset is not None and loaded.preset.shape is not None):
        loaded.tokenizer.save_pretrained(beside)
    write_text(beside / "recipe.yaml", yaml.safe_dump(recipe.model_dump(mode="json") | {"model": base}, sort_keys=False))
    if recipe.adapter.rank:
        write_adapter_record(beside, loaded)
    write_json(beside / "training.json", facts)
    write_text(beside / "README.md", _card(base, recipe, facts))
    beside.rename(final)


def adapter_state(model: Any) -> dict[str, Any]:
    import warnings

    from peft import get_peft_model_state_dict

    with warnings.catch_warnings():
        # It looks for the base's configuration under the name of a preset, and needs it for changed vocabularies alone.
        warnings.filterwarnings("ignore", "Could not find a config file in")
        return get_peft_model_state_dict(model)


def _card(base: str, recipe: Recipe, facts: dict[str, Any]) -> str:
    library = "peft" if recipe.adapter.rank else "transformers"
    return (
        f"---\nlibrary_name: {library}\nbase_model: {base}\nlicense: apache-2.0\ntags: [planning, pddl, planlearn]\n---\n"
        f"# planlearn: {recipe.domain} on {base}\n\n"
        f"Writes state-action-state chains and plans for PDDL domain `{recipe.domain}`. Trained on {facts['examples']} "
        f"examples ({facts['tokens']} tokens) of generated problems; no class of PlanBench's instances was among them. "
        f"{'The domain schemas are in the prompt.' if recipe.corpus.domain_in_prompt else 'The domain schemas are not in the prompt: this model knows one domain.'}\n\n"
        f"`recipe.yaml` is the resolved recipe{', `planlearn.json` names the base model and its hash' if recipe.adapter.rank else ''}. "
        "Prompts must be those of `planlearn.chains.problem_prompt` with the recipe's style; measured results are beside this folder.\n"
    )
