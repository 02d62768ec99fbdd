"""What does a report cost? `python tests/bench/bench_report.py [PROBLEMS]`

Problems of ten steps with the answers that the reference planner's plans make, half of them spoiled: seconds to write the report by the command, its size,
and, where there is a Chromium, seconds from opening the file until the first step is shown.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.browser import launched  # noqa: E402
from tests.report.recorded_runs import recorded_evaluation, samples_of_ten_steps  # noqa: E402


class NoBrowser(Exception):
    pass


def no_browser(name: str, reason: str) -> None:
    raise NoBrowser(f"{name}: {reason}")


def main(problems: int = 500) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = recorded_evaluation(Path(folder) / "run", samples_of_ten_steps(problems))
        before, began = os.times(), time.perf_counter()
        subprocess.run([sys.executable, "-m", "planlearn", "report", str(run)], cwd=ROOT, check=True)
        spent = os.times().children_user - before.children_user
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        print(f"written in           {time.perf_counter() - began:8.2f} s, {spent:.2f} s of a processor, {cores} to be had")
        report = run / "report.html"
        print(f"size                 {report.stat().st_size / 1e6:8.2f} MB")
        try:
            with launched(no_browser) as browser:
                for _ in range(3):
                    page = browser.new_page()
                    began = time.perf_counter()
                    page.goto(report.as_uri())
                    page.wait_for_selector(".pl-action")
                    print(f"first step visible in {time.perf_counter() - began:7.2f} s")
                    page.close()
        except NoBrowser as lacking:
            print(lacking)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
