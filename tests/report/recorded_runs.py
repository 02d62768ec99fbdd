"""Recorded runs made without a model, for tests and benchmarks of the report."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle, answer_segments, problem_prompt
from planlearn.chains.grammar import PLAN_HEADER
from planlearn.evaluate import Sample, build_results, score
from planlearn.planners import reference_plan
from planlearn.problems import domain_text, get_generator
from val_bridge import Task, execute, read_task, write_problem

STYLE = ChainStyle(states="full", purposes=True, domain_in_prompt=False)
FAULTS = ("", "", "", "lacks a step", "wrong effect", "nonsense")


def recorded_evaluation(folder: Path, samples: Iterable[Sample], task: Task | None = None, **about: Any) -> Path:
    """Samples judged and written as an evaluation does; samples without a problem of their own are of `task`."""
    records = []
    for sample in samples:
        own = read_task(sample.domain_pddl or domain_text(sample.domain), sample.problem_pddl) if sample.problem_pddl else task
        assert own is not None
        records.append(score(own, sample))
    folder.mkdir(parents=True, exist_ok=True)
    # ASCII, as an evaluation writes its rows: texts may hold half a surrogate pair.
    (folder / "samples.jsonl").write_text("".join(json.dumps({"run": "run", **record.to_row()}) + "\n" for record in records))
    (folder / "results.json").write_text(json.dumps(build_results(records, about={"model": "none", "instances": "generated"} | about)))
    return folder


def samples_of_ten_steps(count: int, *, arm: str = "greedy") -> Iterator[Sample]:
    """Answers to blocksworld problems whose reference plan has ten steps, half of them with a fault; the same in every call."""
    rng, made = random.Random("ten steps"), 0
    generator, domain = get_generator("blocksworld"), domain_text("blocksworld")
    while made < count:
        problem = generator.generate(rng, "6")
        task = read_task(domain, problem.problem_text)
        plan = reference_plan("blocksworld", task, to_teach=True)
        if plan is None or len(plan.calls) != 10:
            continue
        chain = execute(task, [task.bind(call) for call in plan.calls])
        answer = "".join(segment.text for segment in answer_segments(task, chain, STYLE)[1:])
        yield Sample(
            domain="blocksworld", arm=arm, id=f"bw-{made}", size="6", prompt=problem_prompt(task, STYLE), answer=spoiled(answer, FAULTS[made % len(FAULTS)]), stop="end",
            prompt_tokens=50, tokens=600, seconds=0.1, reference_length=10, problem_pddl=write_problem(task.problem),
        )  # fmt: skip
        made += 1


def spoiled(answer: str, fault: str) -> str:
    chain, plan = answer.split(f"{PLAN_HEADER}\n")
    match fault:
        case "lacks a step":
            return f"{chain}{PLAN_HEADER}\n{plan.split(chr(10), 1)[1]}"
        case "wrong effect":
            return f"{chain.replace(' gives clear', ' gives holding', 1)}{PLAN_HEADER}\n{plan}"
        case "nonsense":
            return "no chain here"
        case _:
            return answer
