"""Problems, classes and reference plans a second, by CPU time of one core: `python
tests/bench/bench_planners.py [count]`.

Prints a table, asserts nothing: the numbers are the machine's. "problem" is drawing and reading it, "plan" is
planning and judging the plan, "taught" the plan that a corpus holds; "corpus/s" is problem, class and taught plan.
"longer" is the length of taught plans over that of the others, which are optimal or all but (README).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from planlearn.planners import plan, reference_plan
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


def measure(domain: str, size: str, count: int) -> str:
    """One row of the table."""
    generator = get_generator(domain)

    def draw(index: int) -> Task:
        return generator.generate(stream("bench", domain, size, index), size).task()

    tasks = [draw(index) for index in range(count)]
    # The domain's own part is worked out once and kept.
    problem_class(tasks[0]), plan(tasks[0])
    taught = [reference_plan(domain, task, to_teach=True) for task in tasks]
    works = [
        draw,
        lambda index: problem_class(tasks[index]),
        lambda index: plan(tasks[index]),
        lambda index: reference_plan(domain, tasks[index], to_teach=True),
    ]
    rates = [rate(work, count) for work in works]
    whole = 1 / (1 / rates[0] + 1 / rates[1] + 1 / rates[3])
    steps = sum(len(plan(task) or ()) for task in tasks)
    longer = sum(len(each.calls) for each in taught) / steps
    cells = "".join(f"{each:12.0f}" for each in (*rates, whole))
    return f"{domain:20} {size:16}{cells}{steps / count:8.1f}{longer:8.3f}"


def main(count: int) -> None:
    heads = ("problem/s", "class/s", "plan/s", "taught/s", "corpus/s")
    print(f"{'domain':20} {'size':16}" + "".join(f"{head:>12}" for head in heads) + f"{'steps':>8}{'longer':>8}")
    for domain, sizes in CASES:
        for size in sizes:
            print(measure(domain, size, count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
