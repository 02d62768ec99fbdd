"""How long does it take to score recorded answers? `python tests/bench/bench_score.py [REPEATS]`

500 answers of PlanBench's Blocksworld with all measures, results.json and samples.jsonl written: the whole command in a process of its own,
with bytecode kept as an installed package keeps it; then the samples that it wrote, scored again, and compared with themselves under another
arm's name. Processor and wall seconds, the best of so many. Needs PLANBENCH_DIR with `responses/`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNT = 500


def answers(planbench: Path, out: Path) -> int:
    """Write so many answers whose instances are there, over the models in turn; gives how many there were."""
    files = [path.open(encoding="utf-8") for path in sorted(planbench.glob("responses/blocksworld__*.jsonl"))]
    rows = (row for rows in zip(*files, strict=False) for row in rows)
    there = (row for row in rows if (planbench / "blocksworld" / f"instance-{json.loads(row)['instance_id']}.pddl").exists())
    chosen = list(islice(there, COUNT))
    out.write_text("".join(chosen), encoding="utf-8")
    return len(chosen)


def seconds(words: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """Processor and wall seconds of a command, its start included."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "planlearn", *words], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, time.perf_counter() - begun


def main(repeats: int = 5) -> None:
    planbench = Path(os.environ["PLANBENCH_DIR"])
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(work / "bytecode")
        count = answers(planbench, work / "answers.jsonl")
        scored, again, other = work / "scored", work / "again", work / "other"
        commands = {
            "planlearn --help": ["--help"],
            f"score {count} answers, all measures, --out": [
                "score", str(work / "answers.jsonl"), "--instances", str(planbench), "--out", str(scored),
            ],
            f"score {count} samples again, --out": ["score", str(scored), "--out", str(again)],
            f"compare two runs of {count}": ["compare", str(scored), str(other), "--arm-a", "first", "--arm-b", "second"],
        }
        for said, words in commands.items():
            if words[0] == "compare":
                _two_arms(scored, other)
            best = []
            for _ in range(repeats + 1):  # the first compiles
                if "--out" in words:
                    shutil.rmtree(words[-1], ignore_errors=True)
                best.append(seconds(words, environment))
            processor, wall = (min(column) for column in zip(*best[1:], strict=True))
            print(f"{said:44}{processor:8.3f} s processor{wall:8.3f} s wall", flush=True)


def _two_arms(first: Path, second: Path) -> None:
    """Give the rows of a run one arm, and write them as another run with another arm, every tenth of them judged otherwise."""
    rows = [json.loads(line) for line in (first / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    second.mkdir()
    for folder, arm in ((first, "first"), (second, "second")):
        lines = []
        for number, row in enumerate(rows):
            outcome = "valid" if arm == "second" and number % 10 == 0 else row["outcome"]
            lines.append(json.dumps(row | {"arm": arm, "attempt": 1, "id": str(number), "outcome": outcome}))
        (folder / "samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
