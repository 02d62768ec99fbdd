"""Objective "policy", experimental: TRL's GRPO with the checker's reward (`planlearn.refine.reward`), as is.

GRPO (Shao et al. 2024, arXiv 2402.03300): a problem is answered G times; the advantage of an answer is its reward less the mean of its
group, over the group's standard deviation; its tokens become likelier by it, without a reference model (TRL's loss "dapo", β = 0).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback
from trl import GRPOConfig, GRPOTrainer

from planlearn.files import write_json_lines
from planlearn.learn.board import callbacks, others
from planlearn.learn.train import muon
from planlearn.models.load import quiet_transformers
from planlearn.problems import stream
from planlearn.progress import Progress
from planlearn.recipes import Recipe
from planlearn.refine import Fitted, Posed


def reinforced(
    model: Any, tokenizer: Any, recipe: Recipe, problems: Sequence[Posed], *, rate: float, falls_to: float, seed: int, folder: Path, what: str
) -> Fitted:
    """Trains the model in place: one step a problem, in an order by the seed. A killed one begins anew.

    `training.jsonl` in `folder` has a row a step: its group's mean reward, the spread of its rewards, the loss.
    """
    import torch
    from datasets import Dataset

    assert recipe.refine is not None
    order = stream(seed, "reinforce", folder.name).sample(list(problems), len(problems))
    rewards = {one.id: one.reward for one in problems}

    def reward(completions: Sequence[str], id: Sequence[str], **_: Any) -> list[float]:  # noqa: A002 - the column's name
        return [rewards[name](text) for name, text in zip(id, completions, strict=True)]

    cuda = torch.cuda.is_available()
    config = GRPOConfig(
        output_dir=str(folder), max_steps=len(order), per_device_train_batch_size=recipe.refine.generations,
        num_generations=recipe.refine.generations, max_completion_length=recipe.evaluation.max_tokens,
        temperature=recipe.refine.policy_temperature, beta=0.0, learning_rate=rate, lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": falls_to}, warmup_steps=max(1, len(order) // 10), logging_steps=1, save_strategy="no",
        report_to=others(recipe), disable_tqdm=True, use_cpu=not cuda, bf16=False, seed=seed, shuffle_dataset=False, remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        **{key: recipe.training[key] for key in ("max_grad_norm", "weight_decay") if key in recipe.training},
    )
    torch.manual_seed(seed)
    rows = _Rows(len(order), what)
    trainer = GRPOTrainer(
        model=model, reward_funcs=reward, args=config, processing_class=tokenizer, callbacks=[rows, *callbacks(recipe, folder)],
        train_dataset=Dataset.from_dict({"prompt": [one.prompt for one in order], "id": [one.id for one in order]}),
        optimizers=(muon(model, config) if recipe.optimizer == "muon" else None, None),
    )
    trainer.remove_callback(PrinterCallback)
    start = time.monotonic()
    with quiet_transformers():
        trainer.train()
    model.eval()
    write_json_lines(folder / "training.jsonl", rows.rows)
    answers = len(rows.rows) * recipe.refine.generations
    written = round(sum(row["answer_tokens"] for row in rows.rows) * recipe.refine.generations)
    asked = recipe.refine.generations * sum(len(tokenizer(one.prompt)["input_ids"]) for one in order)
    return Fitted(
        lessons=answers, tokens=asked + written, learned=written, seconds=round(time.monotonic() - start, 2),
        losses={name: sum(row[key] for row in rows.rows) / max(1, len(rows.rows)) for name, key in (("reward", "reward"), ("policy", "loss"))},
    )


class _Rows(TrainerCallback):
    """What TRL logs of each step, and a line of progress."""

    def __init__(self, steps: int, what: str) -> None:
        self.rows: list[dict[str, float]] = []
        self.bar = Progress(what, steps, "problems")

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, float] | None = None, **_: Any) -> None:
        if logs is None or "reward" not in logs:
            return
        self.rows.append({
            "step": state.global_step, "reward": logs["reward"], "reward_std": logs["reward_std"], "loss": logs["loss"],
            "learning_rate": logs["learning_rate"], "answer_tokens": logs["completions/mean_length"],
        })  # fmt: skip
        last = self.rows[-20:]
        self.bar.update(len(self.rows), f"reward {sum(row['reward'] for row in last) / len(last):.2f}")

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.bar.done = len(self.rows)
        self.bar.close()
