"""What does an evaluation cost beside the model, how much does batching help, how much memory does it take?
`python tests/bench/bench_evaluate.py [TRAINED_FOLDER] [PROBLEMS] [MAX_TOKENS]`

The first problems of a set, greedy, as `planlearn eval` asks them: in batches of 32, then a quarter of them one at a time. The share outside the model is wall
time less the seconds that generation took, of all: prompts, reading, judging, samples and results. Ratios are compared; seconds depend on the machine.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from planlearn.evaluate import Asked, asked_from_set
from planlearn.models import evaluate, load_trained

DEFAULT = Path("data/adapters/blocksworld-nano")
MAX_TOKENS = 1500


def measured(trained: Path, asked: list[Asked], batch: int, max_tokens: int) -> tuple[float, float, int]:
    """(wall seconds, seconds of the model, tokens written) of one evaluation, loading left out."""
    loaded, style, about = load_trained(trained, None)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        results = evaluate(loaded, asked, style, Path(folder) / "out", batch=batch, max_tokens=max_tokens, about=about)
        wall = time.perf_counter() - begun
    (numbers,) = (arms["greedy"] for arms in results["results"].values())
    return wall, numbers["seconds"]["total"], numbers["tokens"]["answer"]


def main() -> None:
    trained = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else MAX_TOKENS
    asked = asked_from_set("blocksworld")[:count]
    wall, model, tokens = measured(trained, asked, 32, limit)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{trained.name}, {len(asked)} problems: {wall:.1f} s, {tokens / wall:.0f} tokens/s, outside the model {100 * (wall - model) / wall:.2f} %")
    print(f"peak memory {peak:.2f} GiB")
    few = asked[: max(1, count // 4)]
    alone, _, tokens_alone = measured(trained, few, 1, limit)
    print(f"one at a time, {len(few)} problems: {tokens_alone / alone:.0f} tokens/s; a batch of 32 is {tokens / wall / (tokens_alone / alone):.2f} times as fast")


if __name__ == "__main__":
    main()
