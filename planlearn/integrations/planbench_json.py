"""A samples file as the JSON that PlanBench's `response_evaluation.py` reads (github.com/karthikv792/LLMs-Planning, plan-bench/).

    {"task": "task_1_plan_generation", "prompt_type": "zeroshot", "domain", "engine",
     "instances": [{"instance_id", "query", "ground_truth_plan", "llm_raw_response", "extracted_llm_plan", "llm_correct", "planlearn_answer"}]}

It belongs in `plan-bench/responses/<domain>/<engine>/task_1_plan_generation.json`. PlanBench reads actions in the English of its
configurations, and every line that names one: of a chain it would read each step twice. So `llm_raw_response` is the plan that was read, in
that English, and the answer as it was written stands in `planlearn_answer`. `llm_correct` and `extracted_llm_plan` are our judgement, which
PlanBench writes over with its own. It leaves out an empty response; NO_ANSWER stands for one, so that it counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.evaluate import Result, SampleRecord, SamplesError, refuse_finished
from planlearn.evaluate.arms import GREEDY, Kind, kind_of
from planlearn.files import numbered_json, write_json

TASK = "task_1_plan_generation"
NO_ANSWER = "no answer"

_COLOURS = dict(zip("abcdefghijkl", "red blue orange yellow white magenta black cyan green violet silver gold".split(), strict=True))
_KINDS = {"p": "package", "t": "truck", "a": "airplane", "c": "city", "l": "location"}


def _block(name: str) -> str:
    return f"the {_COLOURS[name]} block" if name in _COLOURS else name


def _mystery(name: str) -> str:
    return f"object {name}"


def _carried(name: str) -> str:
    """`l0-1` -> location_0_1."""
    match = re.fullmatch(r"([ptacl])(\d+(?:-\d+)*)", name)
    return f"{_KINDS[match[1]]}_{match[2].replace('-', '_')}" if match else name


# What PlanBench's configurations write for an action, and for an object.
_ENGLISH: dict[str, tuple[dict[str, str], Callable[[str], str]]] = {
    "blocksworld": (
        {
            "pick-up": "pick up {}", "put-down": "put down {}", "stack": "stack {} on top of {}", "unstack": "unstack {} from on top of {}",
        }, _block,
    ),
    "mystery_blocksworld": (
        {"attack": "attack {}", "succumb": "succumb {}", "overcome": "overcome {} from {}", "feast": "feast {} from {}"}, _mystery,
    ),
    "logistics": (
        dict.fromkeys(("load-truck", "load-airplane"), "load {} into {} at {}")
        | dict.fromkeys(("unload-truck", "unload-airplane"), "unload {} from {} at {}")
        | {"drive-truck": "drive {} from {} to {} in {}", "fly-airplane": "fly {} from {} to {}"}, _carried,
    ),
}  # fmt: skip


def planbench_english(domain: str, calls: tuple[str, ...]) -> str:
    """Calls such as "(stack a b)" as PlanBench words them, a line each; as they are where it has no words for them.

    Of Depots PlanBench reads an action's name and its arguments, so these stand there without parentheses.
    """
    actions, words = _ENGLISH.get(domain, ({}, str))
    lines = []
    for call in calls:
        name, *arguments = call.strip("()").split()
        pattern = actions.get(name)
        if pattern is not None and pattern.count("{}") == len(arguments):
            lines.append(pattern.format(*map(words, arguments)))
        else:
            lines.append(" ".join((name, *arguments)))
    return "\n".join(lines)


def planbench_responses(
    samples: Path, out: Path, *, arm: str = GREEDY, engine: str = "planlearn", domain: str | None = None, as_written: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Write `out` from the rows of one arm and one set of PlanBench; gives what was written.

    domain: PlanBench's name of the configuration, where it is another than ours. as_written: `llm_raw_response` is the answer itself. Of
    several attempts the first counts where they are independent, else the last.
    Raises SamplesError for a row that is none, PlanlearnError where the rows are not of one domain and one set of numbered instances,
    ResultExists where `out` is there, unless forced.
    """
    refuse_finished(out, force=force)
    records = _of_arm(_records(samples), arm, samples)
    domains = {record.sample.domain for record in records}
    if len(domains) > 1:
        raise PlanlearnError(f"{samples} has answers of {', '.join(sorted(domains))}; PlanBench reads a file a domain")
    sets = {_instance(record, samples)[0] for record in records}
    if len(sets) > 1:
        raise PlanlearnError(f"{samples} has answers of the sets {', '.join(sorted(sets))}; PlanBench reads a file a set")
    instances = [_row(record, _instance(record, samples)[1], as_written) for record in records]
    result = {
        "task": TASK, "prompt_type": "zeroshot", "domain": domain or domains.pop(), "engine": engine,
        "instances": sorted(instances, key=lambda row: row["instance_id"]),
    }
    write_json(out, result)
    return result


def _records(path: Path) -> list[SampleRecord]:
    records = []
    for number, row in numbered_json(path, SamplesError):
        try:
            records.append(SampleRecord.from_row(row))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SamplesError(f"{path}:{number}: not a row of samples ({type(error).__name__}: {error})") from None
    return records


def _of_arm(records: list[SampleRecord], arm: str, path: Path) -> list[SampleRecord]:
    """One record a problem."""
    found: dict[tuple[str, str], SampleRecord] = {}
    first = kind_of(arm) is Kind.DRAWN
    for record in sorted(records, key=lambda record: record.sample.attempt):
        key = record.sample.domain, record.sample.id
        if record.sample.arm == arm and not (first and key in found):
            found[key] = record
    if not found:
        arms = sorted({record.sample.arm for record in records})
        raise PlanlearnError(f"{path} has no answer of arm {arm}; its arms are {', '.join(arms) or 'none'}")
    return list(found.values())


def _instance(record: SampleRecord, path: Path) -> tuple[str, int]:
    """(set, N) of the instance."""
    name, dash, number = record.sample.id.rpartition("-")
    if not dash or not number.isdecimal():
        raise PlanlearnError(f"{path}: {record.sample.id} is no instance of PlanBench (SET-N)")
    return name, int(number)


def _row(record: SampleRecord, number: int, as_written: bool) -> dict[str, Any]:
    sample, plan = record.sample, record.plan or ()
    response = sample.answer if as_written or not plan else planbench_english(sample.domain, plan)
    return {
        "instance_id": number, "query": sample.prompt, "ground_truth_plan": "", "llm_raw_response": response.strip() or NO_ANSWER,
        "extracted_llm_plan": "".join(f"{call}\n" for call in plan), "llm_correct": record.outcome is Result.VALID,
        "planlearn_answer": sample.answer,
    }
