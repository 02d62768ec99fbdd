"""Coverage-guided fuzzing with atheris, which no other test needs: `pip install atheris` (3.0 was used).

    python -m tests.fuzz.atheris_targets domain FOLDER -max_total_time=300 -rss_limit_mb=4000

The first word is the kind of text (`tests.fuzz.oracles.KINDS`), the second a folder for corpus and finds; what follows
goes to libFuzzer. The first byte of an input chooses the task, the rest is the text. A find does not end the run: each
kind of traceback is kept once, with its input, in FOLDER/finds. Inputs are mutated by libFuzzer and by our own mutator
in turn, so that they stay near to what can be read.
"""

from __future__ import annotations

import random
import sys
import traceback
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["val_bridge", "planlearn.chains"]):
    from tests.fuzz.mutate import mutated
    from tests.fuzz.oracles import KINDS, Case, examine
    from tests.fuzz.run import texts_of
    from tests.fuzz.seeds import seeds

LONGEST = 20_000


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind not in KINDS:
        raise SystemExit(f"expected one of {' '.join(KINDS)}, found {kind!r}")
    known = [seed for seed in seeds() if texts_of(seed, kind)]
    corpus, finds = folder / f"corpus-{kind}", folder / "finds"
    for path in (corpus, finds):
        path.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(known):
        for number, text in enumerate(texts_of(seed, kind)):
            (corpus / f"seed-{index}-{number}").write_bytes(bytes([index]) + text.encode())
    lenders = [text for seed in known for text in texts_of(seed, kind)]
    seen: set[str] = set()

    def one(data: bytes) -> None:
        if not data:
            return
        seed = known[data[0] % len(known)]
        case = Case(kind=kind, seed=seed, text=data[1:].decode("utf-8", "surrogateescape"))
        try:
            examine(case)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
            if place not in seen:
                seen.add(place)
                (finds / f"{kind}-{place}").write_bytes(data)
                (finds / f"{kind}-{place}.txt").write_text(traceback.format_exc(), errors="backslashreplace")
                print(f"FIND {kind} {place}: {str(error)[:200]!r}", file=sys.stderr)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        if seed % 2 or not data:
            return atheris.Mutate(data, max_size)
        text = mutated(data[1:].decode("utf-8", "surrogateescape"), random.Random(seed), lenders)
        return (data[:1] + text.encode("utf-8", "surrogatepass"))[:max_size]

    atheris.Setup(
        [sys.argv[0], str(corpus), f"-max_len={LONGEST}", *sys.argv[3:]], one, custom_mutator=mutate
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
