"""How long do texts of a megabyte take? `python tests/bench/bench_large.py [SHOWN] [KIND]`

Processor seconds, the best of some tries, of what `check --json`, `check-chain --json` and `score` do with each text of `tests/fuzz/large.py`: to read
it, to judge it and to make the whole JSON answer, the slowest first. Beside them the real VAL, where there is one, on the same domain, problem or
plan, at most `PATIENCE` seconds; and a loop of additions, so that machines can be compared.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.large import LARGE, judged
from tests.val_bridge.conftest import BLOCKS_DOMAIN, BLOCKS_PROBLEM
from val_bridge.dialect.binary import Val, ValNotFound, find_val

SIZE = 1_000_000
PATIENCE = 30
TRIES, SHORT = 6, 0.6
FILES = {"domain": BLOCKS_DOMAIN, "problem": BLOCKS_PROBLEM, "plan": "(unstack b a)\n"}


def best(work: Callable[[], object], enough: float = 0.0) -> float:
    """Seconds; machines are shared, and slower for some seconds now and then. What takes less than `enough` is not tried again."""
    least = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least


def additions() -> None:
    total = 0
    for number in range(5_000_000):
        total += number


def of_val(val: Val, kind: str, text: str, folder: Path) -> str:
    """VAL's seconds, by the clock, or why there are none."""
    for name, usual in FILES.items():
        (folder / name).write_text(text if name == kind else usual, encoding="utf-8")
    began = time.monotonic()
    done = val.run([*FILES], folder, PATIENCE)
    seconds = f"{time.monotonic() - began:.2f}"
    if done.status is None:
        return f"> {PATIENCE}"
    return seconds if done.status >= 0 else f"{seconds}, signal {-done.status}"


def main(shown: int = 12, only: str | None = None) -> None:
    taken = []
    for (kind, name), make in LARGE.items():
        if only in (None, kind):
            taken.append((best(lambda kind=kind, text=make(SIZE): judged(kind, text), SHORT), kind, name))
    try:
        val = find_val()
    except ValNotFound as error:
        val = None
        print(error)
    print(f"5 million additions {best(additions):.2f} s; {len(taken)} texts, {sum(s < 1 for s, *_ in taken)} of them under 1 s")
    print(f"{'text':40}{'seconds':>8}{'VAL':>16}")
    with tempfile.TemporaryDirectory() as folder:
        for seconds, kind, name in sorted(taken, reverse=True)[:shown]:
            theirs = of_val(val, kind, LARGE[kind, name](SIZE), Path(folder)) if val and kind in FILES else ""
            print(f"{f'{kind}: {name}':40}{seconds:8.2f}{theirs:>16}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12, sys.argv[2] if len(sys.argv) > 2 else None)
