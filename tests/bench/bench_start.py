"""How long do things take to start? `python tests/bench/bench_start.py [REPEATS]`

Processor seconds of processes of their own, the best of so many, with bytecode kept as an installed package keeps it; beside
them what they import of others, so that machines can be compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "the standard library's part of val_bridge": "import dataclasses, fractions, pathlib, difflib, json",
    "import val_bridge": "import val_bridge",
    "import typer": "import typer",
    "planlearn --help": "sys.argv = ['planlearn', '--help']; from planlearn.cli import main; main()",
}


def seconds(program: str, environment: dict[str, str]) -> float:
    timed = f"import time, sys\nt = time.process_time()\ntry:\n    {program}\nexcept SystemExit:\n    pass\n"
    timed += "print('\\nseconds', time.process_time() - t)"
    said = subprocess.run(
        [sys.executable, "-c", timed], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    return float(said.rpartition("seconds")[2])


def main(repeats: int = 10) -> None:
    with tempfile.TemporaryDirectory() as kept:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = kept
        for name, program in PROGRAMS.items():
            seconds(program, environment)  # compiles
            print(f"{name:44}{min(seconds(program, environment) for _ in range(repeats)):8.3f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
