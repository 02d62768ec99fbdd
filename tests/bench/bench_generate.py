"""How much faster is a batch than one prompt at a time? `python tests/bench/bench_generate.py [MODEL]
[PROMPTS]`

Same prompts, same limit of tokens, both through `planlearn.models.generate`; `transformers`' own `generate`,
a prompt at a time, beside them. Compares ratios: tokens a second depend on the machine and on what else it
does.
"""

from __future__ import annotations

import sys
import time
from random import Random

from planlearn.evaluate import Prompt
from planlearn.models import PRESETS, LoadedModel, generate, is_fetched, load_model
from planlearn.problems import get_generator

LIMIT = 48


def prompts(count: int) -> list[Prompt]:
    """Blocksworld problems as PDDL: of different lengths, like those of an evaluation."""
    blocksworld, rng = get_generator("blocksworld"), Random(0)
    return [Prompt(id=str(number), text=blocksworld.generate(rng).problem_text) for number in range(count)]


def batched(loaded: LoadedModel, asked: list[Prompt], batch_size: int) -> tuple[float, int]:
    begun = time.perf_counter()
    tokens = sum(answer.tokens for answer in generate(loaded, asked, max_tokens=LIMIT, batch_size=batch_size))
    return time.perf_counter() - begun, tokens


def library(loaded: LoadedModel, asked: list[Prompt]) -> tuple[float, int]:
    begun, tokens = time.perf_counter(), 0
    for prompt in asked:
        encoded = loaded.tokenizer(prompt.text, return_tensors="pt").to(loaded.model.device)
        written = loaded.model.generate(**encoded, do_sample=False, max_new_tokens=LIMIT)
        tokens += written.shape[1] - encoded["input_ids"].shape[1]
    return time.perf_counter() - begun, tokens


def main() -> None:
    default = "smollm2-135m" if is_fetched(PRESETS["smollm2-135m"]) else "nano"
    name = sys.argv[1] if len(sys.argv) > 1 else default
    asked = prompts(int(sys.argv[2]) if len(sys.argv) > 2 else 32)
    loaded = load_model(name, vocabulary=[prompt.text for prompt in asked])
    batched(loaded, asked[:2], 2)  # the first call pays for what is loaded late
    print(f"{name}, {len(asked)} prompts, at most {LIMIT} tokens each")
    base = None
    for label, run in (
        ("one at a time", lambda: batched(loaded, asked, 1)),
        ("transformers, one at a time", lambda: library(loaded, asked)),
        ("batch of 8", lambda: batched(loaded, asked, 8)),
        ("batch of 32", lambda: batched(loaded, asked, 32)),
    ):
        seconds, tokens = run()
        speed = tokens / seconds
        base = base or speed
        print(f"{label:28} {seconds:8.2f} s {tokens:6} tokens {speed:8.1f} tokens/s {speed / base:6.2f} x")


if __name__ == "__main__":
    main()
