"""TRL's SFTTrainer with our loss, order, cap of minutes and progress."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import nn
from transformers import TrainerCallback
from transformers.optimization import get_scheduler
from trl import SFTTrainer

from planlearn.files import read_json_lines, write_json, write_text
from planlearn.learn.kernels import frozen_vocabulary_loss
from planlearn.learn.tokens import IGNORED
from planlearn.progress import Progress

WHOLE = "planlearn-whole"  # marks a checkpoint that was written to its end


def head_alone_makes_logits(config: Any) -> bool:
    """Some models scale or cap their logits behind the head (Granite, Cohere, Gemma 2): those get TRL's own loss."""
    names = ("logits_scaling", "logit_scale", "final_logit_softcapping")
    return all(getattr(config, name, None) in (None, 1.0) for name in names)


def labelled(causal: Any, inputs: Any) -> tuple[Any, Any, Any]:
    """(hidden states, labels, where there is a label), each one shorter than the input: a state foretells the next token.

    input_ids, labels: shape (batch, tokens). The hidden states are those of the layers below the head: (batch, tokens - 1, d).
    """
    labels = inputs["labels"][:, 1:]
    hidden = causal.base_model(input_ids=inputs["input_ids"], use_cache=False).last_hidden_state[:, :-1]
    return hidden, labels, labels != IGNORED


class ChainTrainer(SFTTrainer):
    """Loss on completions, over the whole vocabulary, computed only where there is a label."""

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Mean negative log likelihood of the labelled tokens (no unit); the same number as `SFTTrainer`'s.

        input_ids, labels: shape (batch, tokens), padded on the right; so causal attention needs no mask: no token
        sees the padding behind it, and no padding has a label.
        """
        causal = self.accelerator.unwrap_model(model)
        causal = causal.get_base_model() if hasattr(causal, "get_base_model") else causal
        if return_outputs or not head_alone_makes_logits(causal.config):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        hidden, labels, kept = labelled(causal, inputs)
        head = causal.get_output_embeddings()
        if isinstance(head, nn.Linear) and not any(p.requires_grad for p in head.parameters()):
            loss = frozen_vocabulary_loss(hidden[kept], head, labels[kept])
        else:
            logits = F.linear(hidden[kept], head.weight, getattr(head, "bias", None)).float()
            loss = F.cross_entropy(logits, labels[kept], reduction="sum")
        count = kept.sum() if num_items_in_batch is None else num_items_in_batch
        self.saw(inputs)
        return loss / count

    def saw(self, inputs: Any) -> None:
        """Count the tokens of a batch, padding left out."""
        self._total_train_tokens += int(inputs["attention_mask"].sum())

    @property
    def tokens_seen(self) -> int:
        return self._total_train_tokens

    def count_tokens(self, earlier: int) -> None:
        """Take up the count of a run that goes on: TRL's checkpoints do not keep it."""
        self._total_train_tokens = earlier


class MinutesCap(TrainerCallback):
    """Fits the schedule to the minutes, never beyond what the recipe plans; the fitted schedule survives a kill.

    planned: the recipe's steps. tokens: of each step, padding included. The speed is measured in tokens, since a
    curriculum's first examples are its shortest: over steps 3 to 12 of each start (the first ones warm up), and again
    whenever a quarter of the steps that were left then, at least 12, are done, since longer examples take longer a token
    and the machine may have other work: then the schedule gets shorter, or longer again. spent: seconds that earlier,
    killed starts trained. The learning rate's schedule is rebuilt for the new number of steps, so it still ends where it
    would have ended.
    """

    def __init__(
        self, minutes: float | None, path: Path, planned: int, tokens: Sequence[int], spent: float = 0.0
    ) -> None:
        self.minutes, self.path, self.planned, self.tokens, self.spent = minutes, path, planned, tokens, spent
        self.trainer: Any = None
        self.start, self.first = 0.0, 0  # this start's time, put back by what was spent, and its first step
        self.mark = 0, 0.0  # the step since which the speed is measured, and its time
        self.next = 0  # the step at which it is measured

    def rested(self, seconds: float) -> None:
        """So long nothing was trained."""
        self.start += seconds
        self.mark = self.mark[0], self.mark[1] + seconds

    @staticmethod
    def saved_steps(path: Path) -> int | None:
        return json.loads(path.read_text())["max_steps"] if path.exists() else None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.start, self.first = time.monotonic() - self.spent, state.global_step
        self.next = self.first + 12

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        done, here = state.global_step, state.global_step - self.first
        if self.minutes is None:
            return
        if here == 2:
            self.mark = done, time.monotonic()
        # At the last step the trainer has been told to stop.
        if done != self.next or done >= state.max_steps:
            return
        now, (since, begun) = time.monotonic(), self.mark
        self.mark = done, now
        per_token = (now - begun) / sum(self.tokens[step % len(self.tokens)] for step in range(since, done))
        left = self.minutes * 60 - (now - self.start)
        steps = self.fitting(done, self.planned, left / per_token)
        if steps != state.max_steps or not self.path.exists():
            write_json(self.path, {"max_steps": steps, "seconds_per_token": per_token})
            self.reschedule(steps, args, state)
        self.next = done + max(12, (steps - done) // 4)

    def reschedule(self, steps: int, args: Any, state: Any) -> None:
        state.max_steps = args.max_steps = steps
        trainer = self.trainer
        fresh = get_scheduler(
            args.lr_scheduler_type, trainer.optimizer, num_warmup_steps=args.get_warmup_steps(steps),
            num_training_steps=steps, scheduler_specific_kwargs=args.lr_scheduler_kwargs or {},
        )
        # Making it set the rate of step 0; the next step gets its own.
        fresh.last_epoch = state.global_step - 1
        fresh.step()
        trainer.lr_scheduler = fresh
        trainer.callback_handler.lr_scheduler = fresh

    def fitting(self, done: int, planned: int, tokens: float) -> int:
        """How many steps in all, beyond `done` and at most `planned`, take no more tokens from there on; one more at least."""
        steps = done
        while steps < planned and (steps == done or tokens >= self.tokens[steps % len(self.tokens)]):
            tokens -= self.tokens[steps % len(self.tokens)]
            steps += 1
        return steps


class WholeCheckpoints(TrainerCallback):
    """Marks each checkpoint once it is whole, so that a kill while one is written costs that one alone."""

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()

    @staticmethod
    def last(folder: Path) -> Path | None:
        """The newest whole checkpoint, or None; those that a kill tore are removed."""
        def step(checkpoint: Path) -> int:
            return int(checkpoint.name.rpartition("-")[2])

        last = max((p.parent for p in folder.glob(f"checkpoint-*/{WHOLE}")), key=step, default=None)
        for torn in folder.glob("checkpoint-*"):
            if last is None or step(torn) > step(last):
                shutil.rmtree(torn)
        return last


class Snapshots(TrainerCallback):
    """Keeps `count` adapters, evenly spaced before the end, to be measured once training is over.

    kept: how many are there already, of a run that goes on. keep: called with the step and the model, writes a snapshot.
    """

    def __init__(self, count: int, keep: Callable[[int, Any], None], kept: int = 0) -> None:
        self.count, self.keep, self.kept = count, keep, kept

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        # The schedule's end may move on the way, so the next mark is worked out at each step.
        if self.kept < self.count and state.global_step >= round((self.kept + 1) * state.max_steps / (self.count + 1)):
            self.keep(state.global_step, model)
            self.kept += 1


class Record(TrainerCallback):
    """Writes every logged step to a JSONL file and shows progress: examples, loss, tokens a second, validity, time left.

    validity: what was measured last, and where, as people read it; "" where nothing was.
    """

    def __init__(self, path: Path, batch: int, what: str = "train") -> None:
        self.path, self.batch, self.what, self.trainer = path, batch, what, None
        self.progress: Progress | None = None
        self.start, self.tokens0, self.validity = 0.0, 0, ""
        self.begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # tells the starts of a resumed run apart

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.start = time.monotonic()
        rows = read_json_lines(self.path) if self.path.exists() else []
        write_text(self.path, "".join(json.dumps(row) + "\n" for row in rows))  # without a line torn by a kill
        if state.global_step:
            self.trainer.count_tokens(max((r["tokens"] for r in rows if r["step"] <= state.global_step), default=0))
        self.tokens0 = self.trainer.tokens_seen
        self.progress = Progress(self.what, state.max_steps * self.batch, "examples", start=state.global_step * self.batch)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if not logs or "loss" not in logs:
            return
        seconds = time.monotonic() - self.start
        tokens = self.trainer.tokens_seen - self.tokens0
        row = {
            "start": self.begun, "step": state.global_step, "examples": state.global_step * self.batch, "loss": logs["loss"],
            "learning_rate": logs.get("learning_rate"), "tokens": self.trainer.tokens_seen,
            "seconds": round(seconds, 2), "tokens_per_second": round(tokens / max(seconds, 1e-9), 1),
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.progress.total = state.max_steps * self.batch
        validity = f", {self.validity}" if self.validity else ""
        self.progress.update(
            state.global_step * self.batch, f"loss {logs['loss']:.4f}, {row['tokens_per_second']:.0f} tokens/s{validity}"
        )

    def rest(self) -> None:
        """Something else shows its progress now."""
        self.progress.leave()

    def rested(self, seconds: float) -> None:
        """So long nothing was trained."""
        self.start += seconds
        self.progress.begun += seconds

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress.close()
