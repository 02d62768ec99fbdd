"""Problems, classes and reference plans a second, by CPU time of one core: `python tests/bench/bench_planners.py [count]`.

Prints a table, asserts nothing: the numbers are the machine's. "problem" is drawing and reading it, "plan" is planning
and judging the plan.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from planlearn.planners import plan
from planlearn.problems import get_generator, problem_class, stream
from val_bridge import Task

CASES = [
    ("blocksworld", ["in_distribution", "5", "6", "8", "12", "20"]),
    ("mystery_blocksworld", ["5"]),
    ("logistics", ["small", "in_distribution", "c3-s3-p7-a2", "larger"]),
]


def rate(work: Callable[[int], object], count: int) -> float:
    """Calls a second of CPU time."""
    begin = time.process_time()
    for index in range(count):
        work(index)
    return count / (time.process_time() - begin)


def main(count: int) -> None:
    print(f"{'domain':20} {'size':16} {'problem/s':>10} {'class/s':>10} {'plan/s':>10} {'all three/s':>12} {'steps':>6}")
    for domain, sizes in CASES:
        for size in sizes:

            def draw(index: int, domain: str = domain, size: str = size) -> Task:
                return get_generator(domain).generate(stream("bench", domain, size, index), size).task()

            tasks = [draw(index) for index in range(count)]
            problem_class(tasks[0]), plan(tasks[0])  # the domain's own part is worked out once and kept
            rates = [rate(draw, count), rate(lambda i: problem_class(tasks[i]), count), rate(lambda i: plan(tasks[i]), count)]
            whole = 1 / sum(1 / each for each in rates)
            steps = sum(len(plan(task) or ()) for task in tasks) / count
            print(f"{domain:20} {size:16} {rates[0]:10.0f} {rates[1]:10.0f} {rates[2]:10.0f} {whole:12.0f} {steps:6.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
