"""What does an evaluation cost beside the model, how much does batching help, how much memory does it take?
`python tests/bench/bench_evaluate.py [TRAINED_FOLDER] [PROBLEMS] [MAX_TOKENS] [ALONE]`

The first problems of a set, greedy, as `planlearn eval` asks them: in batches of 32, and ALONE of them (a quarter, if not said) one at a time, half before
the batches and half behind them, since the speed of a shared machine drifts. The share outside the model is wall time less the seconds that generation took,
of all: prompts, reading, judging, samples and results. Ratios are compared; seconds depend on the machine.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from planlearn.evaluate import Asked, asked_from_set
from planlearn.models import evaluate, load_trained

DEFAULT = Path("data/adapters/blocksworld-nano")
MAX_TOKENS = 1500


class Measured(NamedTuple):
    """Wall seconds, seconds of the model, tokens written and right plans of one evaluation, loading left out."""

    wall: float
    model: float
    tokens: int
    valid: int


def measured(trained: Path, asked: list[Asked], batch: int, max_tokens: int) -> Measured:
    loaded, style, about = load_trained(trained, None)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        results = evaluate(loaded, asked, style, Path(folder) / "out", batch=batch, max_tokens=max_tokens, about=about)
        wall = time.perf_counter() - begun
    (numbers,) = (arms["greedy"] for arms in results["results"].values())
    validity = numbers["plan_validity"]
    return Measured(wall, numbers["seconds"]["total"], numbers["tokens"]["answer"], round(validity["value"] * validity["n"]))


def main() -> None:
    trained = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else MAX_TOKENS
    asked = asked_from_set("blocksworld")[:count]
    few = asked[: int(sys.argv[4]) if len(sys.argv) > 4 else max(2, count // 4)]
    half = len(few) // 2
    alone = [measured(trained, few[:half], 1, limit)]
    all_of = measured(trained, asked, 32, limit)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    speed = all_of.tokens / all_of.wall
    outside = 100 * (all_of.wall - all_of.model) / all_of.wall
    print(f"{trained.name}, {len(asked)} problems: {all_of.wall:.1f} s, {speed:.1f} tokens/s, {all_of.valid} valid, outside the model {outside:.2f} %", flush=True)
    print(f"peak memory {peak:.2f} GiB", flush=True)
    alone.append(measured(trained, few[half:], 1, limit))
    speed_alone = sum(one.tokens for one in alone) / sum(one.wall for one in alone)
    print(f"one at a time, {len(few)} problems: {speed_alone:.1f} tokens/s; a batch of 32 is {speed / speed_alone:.2f} times as fast")


if __name__ == "__main__":
    main()
