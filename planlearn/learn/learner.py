"""A real model behind the loop's port: it writes with `generate` and learns with TRL's trainer and the stage's loss."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers.trainer_callback import PrinterCallback

from planlearn.corpus import Example
from planlearn.corpus.judge import VERDICTS
from planlearn.errors import PlanlearnError
from planlearn.evaluate import Completion, Prompt
from planlearn.files import full_disk_is_named, write_json
from planlearn.learn.board import callbacks, check_destinations
from planlearn.learn.kernels import fuse_lora
from planlearn.learn.lessons import LessonTokens, lesson_tokens
from planlearn.learn.objectives import add_up, stage_loss
from planlearn.learn.spent import seconds_until
from planlearn.learn.tokens import IGNORED, order_by_length
from planlearn.learn.train import adapted, adapter_state, muon, save_final, training_config
from planlearn.learn.trainer import ChainTrainer, Record, WholeCheckpoints, head_alone_makes_logits, labelled
from planlearn.models import LoadedModel, first_tokens, generate
from planlearn.models.load import quiet_transformers
from planlearn.problems import stream
from planlearn.recipes import Recipe
from planlearn.refine import Fitted, Lesson, Posed

WEIGHTS, REPORT = "weights.safetensors", "fitted.json"


class StageTrainer(ChainTrainer):
    """Loss of a stage (`planlearn.learn.objectives`); sums and counts of each kind of loss since this start in `kept`."""

    words: tuple[int, int] | None = None
    kept: dict[str, Any]

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """See `stage_loss`; input_ids, labels, weights, said, attention_mask: shape (batch, tokens)."""
        causal = self.accelerator.unwrap_model(model)
        causal = causal.get_base_model() if hasattr(causal, "get_base_model") else causal
        hidden, labels, kept = labelled(causal, inputs)
        losses = stage_loss(
            hidden[kept], causal.get_output_embeddings(), labels[kept], inputs["weights"][:, 1:][kept],
            inputs["said"][:, 1:][kept], self.words,
        )
        add_up(self.kept, losses)
        self.saw(inputs)
        return losses.total / self.args.gradient_accumulation_steps


class Collator:
    """Rows of `LessonTokens` -> tensors of shape (batch, tokens), padded on the right."""

    def __init__(self, pad: int) -> None:
        self.fill = {"input_ids": pad, "labels": IGNORED, "weights": 0.0, "said": 0, "attention_mask": 0}

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        rows = [{**row, "attention_mask": [1] * len(row["input_ids"])} for row in rows]
        longest = max(len(row["input_ids"]) for row in rows)
        return {
            key: torch.tensor([[*row[key], *[fill] * (longest - len(row[key]))] for row in rows])
            for key, fill in self.fill.items()
        }


class ModelLearner:
    """A model with an adapter, or one that is trained whole (adapter.rank 0), as the loop's learner.

    loaded: the base, or base and adapter where `loaded.adapter` is set (then loaded as trainable). All weights are float32. start:
    a hash of the adapter's weights, where it is not made here.
    """

    def __init__(self, loaded: LoadedModel, recipe: Recipe, start: str = "") -> None:
        if not head_alone_makes_logits(loaded.model.config):
            raise PlanlearnError(f"{loaded.name} scales or caps its logits behind the head, which the rounds' losses cannot do yet")
        check_destinations(recipe)
        self.loaded, self.recipe, self.start = loaded, recipe, start
        self.model = loaded.model
        if recipe.adapter.rank and loaded.adapter is None:
            torch.manual_seed(recipe.seed)
            self.model = adapted(loaded.model, recipe)
        elif recipe.adapter.rank:
            fuse_lora(self.model)
        self._writing: LoadedModel | None = None

    @property
    def weights(self) -> str:
        return hashlib.sha256(f"{self.loaded.base_hash} {self.start}".encode()).hexdigest()

    @property
    def longest(self) -> int:
        return self.recipe.max_length

    def length(self, example: Example) -> int:
        tokenizer = self.loaded.tokenizer
        completion = tokenizer(example.completion, add_special_tokens=False)["input_ids"]
        return len(tokenizer(example.prompt)["input_ids"]) + len(completion) + 1

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float = 0.0, seed: int = 0
    ) -> Iterable[Completion]:
        return generate(
            self._writer(), prompts, max_tokens=max_tokens, batch_size=self.recipe.evaluation.batch, temperature=temperature,
            seed=seed,
        )

    def _writer(self) -> LoadedModel:
        """The model to write with: an adapter is merged into a copy, which answers alike and faster."""
        if self._writing is None:
            model = self.model
            if self.recipe.adapter.rank:
                model = copy.deepcopy(model).merge_and_unload()
            self._writing = LoadedModel(
                name=self.loaded.name, model=model, tokenizer=self.loaded.tokenizer, preset=self.loaded.preset,
                base_hash=self.loaded.base_hash,
            )
        return self._writing

    def fit(
        self, lessons: Sequence[Lesson], *, rate: float, falls_to: float = 0.0, seed: int, folder: Path, what: str = "fit"
    ) -> Fitted:
        """See `Learner.fit`. Raises SequenceTooLong, RecipeError, DiskFull."""
        return self._kept(folder, lambda: self._fit(lessons, rate, falls_to, seed, folder, what))

    def reinforce(
        self, problems: Sequence[Posed], *, rate: float, falls_to: float = 0.0, seed: int, folder: Path, what: str = "reinforce"
    ) -> Fitted:
        """See `Learner.reinforce`. Raises DiskFull."""
        from planlearn.learn.policy import reinforced

        return self._kept(folder, lambda: reinforced(
            self.model, self.loaded.tokenizer, self.recipe, problems, rate=rate, falls_to=falls_to, seed=seed, folder=folder, what=what,
        ))  # fmt: skip

    def _kept(self, folder: Path, learn: Callable[[], Fitted]) -> Fitted:
        """What a learning left in its folder, which is done where that is not there."""
        report = folder / REPORT
        if not report.exists():
            self._writing = None
            folder.mkdir(parents=True, exist_ok=True)
            with full_disk_is_named(folder):
                fitted = learn()
                self._save(folder / WEIGHTS)
            write_json(report, fitted.to_dict())  # last: where it is, the weights are whole
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        else:
            self.load(folder)
        return Fitted(**json.loads(report.read_text(encoding="utf-8")))

    def _fit(self, lessons: Sequence[Lesson], rate: float, falls_to: float, seed: int, folder: Path, what: str) -> Fitted:
        if not lessons:
            return Fitted(lessons=0, tokens=0, learned=0, losses={}, seconds=0.0)
        from datasets import Dataset

        batch = int(self.recipe.training.get("per_device_train_batch_size", 8))
        tokens = order_by_length(
            lesson_tokens(lessons, self.loaded.tokenizer, self.recipe.max_length), batch, stream(seed, "order", folder.name)
        )
        accumulate = int(self.recipe.training.get("gradient_accumulation_steps", 1))
        steps = -(-len(tokens) // (batch * accumulate))
        training = self.recipe.training | {
            "learning_rate": rate, "lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": falls_to},
            "warmup_steps": max(1, steps // 10), "remove_unused_columns": False, "logging_steps": max(1, steps // 5),
        }
        checkpoints = folder / "checkpoints"
        checkpoints.mkdir(exist_ok=True)
        config = training_config(self.recipe.model_copy(update={"training": training, "seed": seed}), checkpoints, steps, False)
        columns = {key: [getattr(one, key) for one in tokens] for key in ("input_ids", "labels", "weights", "said")}
        log = folder / "training.jsonl"
        record = Record(log, batch * accumulate, what)
        torch.manual_seed(seed)
        last = WholeCheckpoints.last(checkpoints)
        trainer = StageTrainer(
            model=self.model, args=config, train_dataset=Dataset.from_dict(columns), processing_class=self.loaded.tokenizer,
            data_collator=Collator(self.loaded.tokenizer.pad_token_id),
            optimizers=(muon(self.model, config) if self.recipe.optimizer == "muon" else None, None),
            callbacks=[WholeCheckpoints(), record, *callbacks(self.recipe, folder, last)],
        )
        trainer.words = first_tokens(self.loaded.tokenizer, VERDICTS) if any(any(one.said) for one in tokens) else None
        trainer.kept = {}
        record.trainer = trainer
        trainer.remove_callback(PrinterCallback)
        earlier, start = seconds_until(log), time.monotonic()
        with quiet_transformers():
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        self.model.eval()
        return Fitted(
            lessons=len(tokens), tokens=sum(len(one.input_ids) for one in tokens), learned=_learned(tokens),
            losses={name: total / count for name, (total, count) in sorted(trainer.kept.items())},
            seconds=round(earlier + time.monotonic() - start, 2),
        )

    def load(self, folder: Path) -> None:
        self._writing = None
        state = load_file(folder / WEIGHTS)
        if self.recipe.adapter.rank:
            from peft import set_peft_model_state_dict

            set_peft_model_state_dict(self.model, state)
        else:
            self.model.load_state_dict(state, strict=False)  # tied weights are saved once

    def _save(self, path: Path) -> None:
        """All that was trained, in float32, so that a run that goes on is the run that was not stopped."""
        state = adapter_state(self.model) if self.recipe.adapter.rank else self.model.state_dict()
        tied = set(getattr(self.model, "all_tied_weights_keys", ()) or ()) if not self.recipe.adapter.rank else set()
        beside = path.with_name(f".{path.name}.part")
        save_file({k: v.detach().contiguous().clone() for k, v in state.items() if k not in tied}, beside)
        beside.replace(path)

    def export(self, final: Path, facts: dict[str, Any]) -> None:
        """Write the model as `train` does: adapter or whole model, with card, recipe and base hash."""
        save_final(self.model, self.loaded, self.recipe, final, facts)


def _learned(tokens: Sequence[LessonTokens]) -> int:
    return sum(sum(label != IGNORED for label in one.labels) for one in tokens)
