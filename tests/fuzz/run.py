"""`python -m tests.fuzz.run --cases 20000 --seed 0`: mutated texts of every kind, and what comes of them.

Of the cases a quarter each are domains, problems, plans (strict and in free text) and chains (text and JSON). Every find
gets a folder below `--out` with its texts and its traceback. With `--val` the real VAL is asked about each plan that
was called valid; where it disagrees and nothing explains it, that is a find too. Exit code 1 if there was a find.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from tests.fuzz.mutate import mutated, mutated_bytes
from tests.fuzz.oracles import Case, Kind, Slow, Valid, examine
from tests.fuzz.seeds import Seed, seeds

SHARES: tuple[Kind, ...] = ("domain", "domain", "problem", "problem", "plan", "answer", "chain", "json")
LIMIT = 5
"""Seconds of the processor after which a case is stopped."""

_FIELDS = {
    "plan": "plans", "answer": "answers", "chain": "chains", "json": "json_chains",
}  # fmt: skip


def texts_of(seed: Seed, kind: Kind) -> tuple[str, ...]:
    return (getattr(seed, kind),) if kind in ("domain", "problem") else getattr(seed, _FIELDS[kind])


def make_case(kind: Kind, number: int, seed: int) -> Case:
    """The case with this number; what it is depends on nothing else."""
    rng = random.Random(f"{seed} {kind} {number}")
    own = rng.choice([candidate for candidate in seeds() if texts_of(candidate, kind)])
    other = rng.choice(seeds())
    text = rng.choice(texts_of(own, kind))
    lenders = [*texts_of(own, kind), own.problem, *texts_of(other, kind)]
    text = mutated(text, rng, lenders)
    # Byte mutations go through files; the other kinds are read from files in the same way.
    data = mutated_bytes(text.encode("utf-8", "surrogatepass"), rng) if _takes_bytes(kind) and rng.random() < 0.1 else None
    return Case(kind=kind, seed=own, text=text, data=data)


def _takes_bytes(kind: Kind) -> bool:
    return kind not in ("answer", "chain")


def cases(count: int, seed: int) -> Iterator[Case]:
    for number in range(count):
        yield make_case(SHARES[number % len(SHARES)], number, seed)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Slow(f"stopped after {LIMIT} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "planlearn-finds")
    parser.add_argument("--val", action="store_true", help="ask the real VAL about what was called valid")
    options = parser.parse_args()
    signal.signal(signal.SIGVTALRM, _stop)
    became: Counter[str] = Counter()
    finds = 0
    slowest = 0.0
    valid: dict[Valid, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases(options.cases, options.seed), 1):
            signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
            try:
                examined = examine(case, Path(folder))
                became[f"{case.kind} {examined.became}"] += 1
                slowest = max(slowest, examined.seconds)
                valid |= dict.fromkeys(examined.valid, f"{case.kind}-{number}")
            except Exception as error:
                finds += 1
                became[f"{case.kind} FIND"] += 1
                _save(options.out / f"{case.kind}-{number}", case, traceback.format_exc())
                print(f"\r{case.kind}-{number}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            if number % 50 == 0 or number == options.cases:
                print(f"\r{number} of {options.cases}, {finds} finds, slowest {slowest:.2f} s ", end="", file=sys.stderr)
    print(file=sys.stderr)
    for name, count in sorted(became.items()):
        print(f"{count:7} {name}")
    print(f"slowest: {slowest:.2f} s of the processor's time")
    if options.val:
        from tests.fuzz.val import disagreements

        finds += disagreements(valid, options.out)
    print(f"{finds} finds{f', in {options.out}' if finds else ''}")
    return 1 if finds else 0


def _save(folder: Path, case: Case, trace: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "text").write_bytes(case.text.encode("utf-8", "surrogatepass") if case.data is None else case.data)
    (folder / "domain.pddl").write_text(case.seed.domain)
    (folder / "problem.pddl").write_text(case.seed.problem)
    (folder / "trace.txt").write_text(trace, errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
