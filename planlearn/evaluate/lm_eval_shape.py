"""Our results.json in the shape of lm-evaluation-harness's `results_*.json`, so that what reads those reads ours.

The keys are those that its release 0.4.13 writes (`lm_eval.result_schema.EvalResults`): a task's numbers are named "metric,filter", the
filter is "none" here, "N/A" is a standard error that is not known. What it would have to invent (git hash, seeds, tokenizer) is left
out; all its keys are optional. Pure: nothing is read, asked or measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

FILTER = "none"
UNKNOWN = "N/A"
PREFIX = "planlearn"
TASK_VERSION = 1.0
"""Of the tasks in `planlearn.integrations.lm_eval`; goes up when prompt, reading or judgement change what a number means."""

SHARES = ("plan_validity", "goal_reached")
MEANS = ("executable_prefix",)
ERRORS = "checker_error"
HIGHER_IS_BETTER = {name: True for name in (*SHARES, *MEANS)} | {ERRORS: False}


def task_name(domain: str, arm: str = "greedy") -> str:
    """`planlearn_blocksworld`; behind it the arm, where it is another than the greedy one."""
    return f"{PREFIX}_{domain}" if arm == "greedy" else f"{PREFIX}_{domain}_{arm}"


def lm_eval_results(results: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of lm-evaluation-harness's results for a dict of `planlearn.evaluate.build_results`; a task is a domain and an arm.

    Shares have the standard error of a mean, sqrt(p (1 - p) / (n - 1)), as it computes it; our intervals have no place in that shape. Metrics
    that could not be counted are left out. n-shot: of `about`'s `shots` by arm, 0 where nothing is said of an arm. n-samples: original counts missing answers too, effective does not.
    """
    tasks = {
        task_name(domain, arm): (domain, arm, numbers) for domain, arms in results["results"].items() for arm, numbers in arms.items()
    }
    about = dict(results.get("about", {}))
    versions = dict(results.get("versions", {}))
    model = str(about.get("model", UNKNOWN))
    out: dict[str, Any] = {
        "results": {
            name: {"name": name, "alias": name, "sample_len": _answered(numbers)} | _metrics(numbers) for name, (_, _, numbers) in tasks.items()
        },
        "group_subtasks": {},
        "configs": {name: _config(name, domain, arm, about) for name, (domain, arm, _) in tasks.items()},
        "versions": dict.fromkeys(tasks, TASK_VERSION),
        "n-shot": {name: _shots(arm, about) for name, (_, arm, _) in tasks.items()},
        "higher_is_better": {name: dict(HIGHER_IS_BETTER) for name in tasks},
        "n-samples": {name: {"original": _asked(numbers), "effective": _answered(numbers)} for name, (_, _, numbers) in tasks.items()},
        "config": {"model": PREFIX, "model_args": about | {"hashes": dict(results.get("hashes", {}))}, "gen_kwargs": None, "limit": None},
        "model_source": PREFIX,
        "model_name": model,
        "model_name_sanitized": "".join(char if char.isalnum() or char in "._-" else "__" if char == "/" else "_" for char in model),
        "planlearn_version": versions.get("planlearn"),
    }
    if "transformers" in versions:
        out["transformers_version"] = versions["transformers"]
    return out


def _shots(arm: str, about: Mapping[str, Any]) -> int:
    """How many solved problems stand before the one that is asked."""
    return int(about.get("shots", {}).get(arm, 0))


def _asked(numbers: Mapping[str, Any]) -> int:
    return sum(numbers["outcomes"].values())


def _answered(numbers: Mapping[str, Any]) -> int:
    return _asked(numbers) - numbers["outcomes"].get("missing", 0)


def _metrics(numbers: Mapping[str, Any]) -> dict[str, float | str]:
    out: dict[str, float | str] = {}
    for name in SHARES:
        share = numbers.get(name)
        if share is not None:
            out[f"{name},{FILTER}"] = share["value"]
            out[f"{name}_stderr,{FILTER}"] = _standard_error(share["value"], share["n"])
    for name in MEANS:
        if numbers.get(name) is not None:
            out[f"{name},{FILTER}"] = numbers[name]
            out[f"{name}_stderr,{FILTER}"] = UNKNOWN
    for k, share in numbers.get("pass_at_k", {}).items():
        out[f"pass@{k},{FILTER}"] = share["value"]
        out[f"pass@{k}_stderr,{FILTER}"] = UNKNOWN
    if answered := _answered(numbers):
        errors = numbers["outcomes"].get(ERRORS, 0) / answered
        out[f"{ERRORS},{FILTER}"] = errors
        out[f"{ERRORS}_stderr,{FILTER}"] = _standard_error(errors, answered)
    return out


def _standard_error(share: float, n: int) -> float | str:
    return sqrt(share * (1 - share) / (n - 1)) if n > 1 else UNKNOWN


def _config(name: str, domain: str, arm: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "task": name, "dataset_name": domain, "dataset_kwargs": {"instances": about.get("instances")}, "output_type": "generate_until",
        "num_fewshot": _shots(arm, about), "repeats": 1, "generation_kwargs": {"do_sample": False} if arm == "greedy" else {},
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": better} for name, better in HIGHER_IS_BETTER.items()],
        "metadata": {"version": TASK_VERSION, "arm": arm, "says": about.get("arms", {}).get(arm, "")},
    }
