"""Examples a second of our trainer against TRL's SFTTrainer, same examples, batches and loss, in one process.

    python tests/bench/bench_train.py [model] [examples] [steps]

Four runs of the same examples from the same weights, all in float32: TRL's defaults (gradient checkpointing), TRL without
it, both on the batches that ours sorts by length; TRL without it, grouping by length itself; ours. Printed: the ratio of each to ours, and the largest difference between the
losses of the two trainers over the steps. A last line has ours in the precision that this machine prefers.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path


def main(model: str = "smollm2-135m", examples: int = 32, steps: int = 8) -> None:
    import torch
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from trl import SFTConfig, SFTTrainer

    from planlearn.corpus.build import build_corpus
    from planlearn.learn.attention import use_causal_attention
    from planlearn.learn.kernels import bfloat16_pays, fuse_lora
    from planlearn.learn.tokens import order_by_length, tokenize
    from planlearn.learn.train import read_rows
    from planlearn.learn.trainer import ChainTrainer
    from planlearn.models import load_model
    from planlearn.problems import stream
    from planlearn.recipes import find_recipe, load_recipe

    batch = examples // steps
    with tempfile.TemporaryDirectory() as work:
        recipe = load_recipe(find_recipe("blocksworld", ""), [f"examples={examples}", "validation=1", "test=1"])
        build_corpus(Path(work) / "corpus", "blocksworld", 0, recipe.corpus, lambda *_: None)
        rows = read_rows(Path(work) / "corpus" / "train.jsonl")

        def run(kind: type, ours: bool, checkpointing: bool, bf16: bool = False, sampling: str = "sequential") -> tuple[float, list[float]]:
            loaded = load_model(model, vocabulary=[r[k] for r in rows for k in ("prompt", "completion")])
            tokens = order_by_length(tokenize(rows, loaded.tokenizer, recipe.max_length), batch, stream(0, "order"))
            data = Dataset.from_dict({
                "input_ids": [list(t.input_ids) for t in tokens], "labels": [list(t.labels) for t in tokens],
            })
            base = loaded.model.to(torch.bfloat16) if bf16 else loaded.model
            if bf16:
                use_causal_attention(base)
            torch.manual_seed(0)
            adapted = get_peft_model(base, LoraConfig(
                r=32, lora_alpha=64, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM",
            ))
            if ours:
                fuse_lora(adapted)
            trainer = kind(
                model=adapted, train_dataset=data, processing_class=loaded.tokenizer,
                args=SFTConfig(
                    output_dir=str(Path(work) / "out"), max_steps=steps, per_device_train_batch_size=batch,
                    max_length=None, train_sampling_strategy=sampling, logging_steps=1, use_cpu=True, bf16=False,
                    learning_rate=1e-3, report_to="none", save_strategy="no", disable_tqdm=True,
                    gradient_checkpointing=checkpointing, dataset_kwargs={"skip_prepare_dataset": True},
                ),
            )
            start = time.perf_counter()
            trainer.train()
            return time.perf_counter() - start, [r["loss"] for r in trainer.state.log_history if "loss" in r]

        ours, losses = run(ChainTrainer, True, False)
        plain, expected = run(SFTTrainer, False, False)
        grouped, _ = run(SFTTrainer, False, False, sampling="group_by_length")
        default, _ = run(SFTTrainer, False, True)
        print(f"{model}, {examples} examples, batch {batch}, LoRA r = 32, {torch.get_num_threads()} threads, float32")
        print(f"largest difference of the losses over {steps} steps: {max(abs(a - b) for a, b in zip(losses, expected)):.1e}")
        print(f"ours                                  {examples / ours:6.2f} examples/s")
        print(f"SFTTrainer, no gradient checkpointing {examples / plain:6.2f} examples/s, ours is {plain / ours:.2f} times as fast")
        print(f"SFTTrainer, its own length grouping   {examples / grouped:6.2f} examples/s, ours is {grouped / ours:.2f} times as fast")
        print(f"SFTTrainer, its defaults              {examples / default:6.2f} examples/s, ours is {default / ours:.2f} times as fast")
        if bfloat16_pays():
            half, _ = run(ChainTrainer, True, False, bf16=True)
            print(f"ours, frozen weights in bfloat16      {examples / half:6.2f} examples/s, {plain / half:.2f} times SFTTrainer in float32")


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(a) for a in sys.argv[2:4]))
