"""Records -> numbers -> results.json.

    {"schema": 1, "about": {...}, "versions": {...}, "hashes": {...},
     "results": {"<domain>": {"<arm>": {"plan_validity": {"value", "low", "high", "n"}, ...}}}}

Shares are in [0, 1] with a Wilson interval at 95 %, and null where nothing could be counted; seconds are wall
time.
"""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from planlearn import __version__
from planlearn.errors import PlanlearnError
from planlearn.evaluate.intervals import Interval, wilson
from planlearn.evaluate.scoring import Cause, Result, SampleRecord
from planlearn.evaluate.table import text_table
from planlearn.files import write_text

SCHEMA = 1
PACKAGES = ("torch", "transformers", "peft", "trl")

Records = Sequence[SampleRecord]


class ResultExists(PlanlearnError):
    """A finished result stands where this one would be written."""


def build_results(
    records: Iterable[SampleRecord],
    *,
    about: Mapping[str, Any] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The whole of results.json as a dict, domains and arms sorted.

    about: what was evaluated (model, adapter, recipe, seed), JSON values. hashes: sha256 of what decided the
    numbers.
    """
    arms: dict[tuple[str, str], list[SampleRecord]] = {}
    for record in records:
        arms.setdefault((record.sample.domain, record.sample.arm), []).append(record)
    results: dict[str, dict[str, Any]] = {}
    for (domain, arm), group in sorted(arms.items()):
        results.setdefault(domain, {})[arm] = summarise(group)
    return {
        "schema": SCHEMA,
        "about": dict(about or {}),
        "versions": versions(),
        "hashes": dict(sorted((hashes or {}).items())),
        "results": results,
    }


def summarise(records: Records) -> dict[str, Any]:
    """The numbers of one arm in one domain; needs at least one record."""
    read = [record for record in records if record.plan is not None]
    return {
        "plan_validity": _validity(records),
        # Answers without a plan count as not reaching the goal: leaving them out would flatter the model.
        "goal_reached": _share(records, lambda r: bool(r.goal_reached)),
        "executable_prefix": _mean(
            r.executed / len(r.plan) for r in read if r.plan and r.executed is not None
        ),
        "outcomes": {result.value: sum(r.outcome is result for r in records) for result in Result},
        "first_faults": _count(str(r.faults[0]["kind"]) for r in records if r.faults),
        "causes": {cause.value: sum(r.cause is cause for r in records) for cause in Cause},
        "chain": _chain(records),
        "plan_length": _lengths(records),
        "stops": _count(r.sample.stop for r in records),
        "tokens": {
            "prompt": sum(r.sample.prompt_tokens for r in records),
            "answer": sum(r.sample.tokens for r in records),
            "answer_mean": _mean(r.sample.tokens for r in records),
        },
        "seconds": {
            "total": sum(r.sample.seconds for r in records),
            "mean": _mean(r.sample.seconds for r in records),
        },
        "by_size": {
            size: {"plan_validity": _validity([r for r in records if r.sample.size == size])}
            for size in sorted({r.sample.size for r in records}, key=_by_number)
        },
    }


def _validity(records: Records) -> dict[str, float | int] | None:
    return _share(records, lambda record: record.outcome is Result.VALID)


def _share(records: Records, holds: Callable[[SampleRecord], bool]) -> dict[str, float | int] | None:
    return wilson(sum(map(holds, records)), len(records)).to_dict() if records else None


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return sum(values) / len(values) if values else None


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _chain(records: Records) -> dict[str, Any]:
    with_chain = [record for record in records if record.chain_faithful is not None]
    valid = [record for record in with_chain if record.outcome is Result.VALID]
    return {
        "n": len(with_chain),
        "faithful": _share(with_chain, lambda r: bool(r.chain_faithful)),
        "faithful_if_valid": _share(valid, lambda r: bool(r.chain_faithful)),
        "disagrees_with_plan": sum(record.chain_agrees is False for record in with_chain),
        # Answers that show the kind at least once.
        "faults": _count(
            kind
            for record in with_chain
            for kind in {str(fault["kind"]) for fault in record.chain_faults or ()}
        ),
    }


def _lengths(records: Records) -> dict[str, Any]:
    """Steps of valid plans, and against the reference where there is one."""
    valid = [r for r in records if r.outcome is Result.VALID and r.plan is not None]
    both = [(len(r.plan or ()), r.sample.reference_length) for r in valid if r.sample.reference_length]
    return {
        "mean": _mean(len(r.plan or ()) for r in valid),
        "reference_mean": _mean(reference for _, reference in both),
        "ratio": _mean(length / reference for length, reference in both),
        "n": len(both),
    }


def _by_number(size: str) -> tuple[list[int], str]:
    """Sort key that puts "9 blocks" before "10 blocks"."""
    return [int(digits) for digits in re.findall(r"\d+", size)], size


def versions() -> dict[str, str]:
    """The versions of what decides numbers: Python, planlearn, and PACKAGES where installed, without
    importing them."""
    found = {"python": platform.python_version(), "planlearn": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def refuse_finished(path: Path, *, force: bool = False) -> None:
    """Raise ResultExists if a finished result stands there; ask before the work starts, not after it."""
    if path.exists() and not force:
        raise ResultExists(f"{path} holds a finished result; choose another folder or force it")


def write_results(path: Path, results: Mapping[str, Any], *, force: bool = False) -> None:
    """Write results.json, whole or not at all.

    Raises ResultExists as `refuse_finished` does, DiskFull, and ValueError for a number that JSON lacks (NaN,
    infinity).
    """
    refuse_finished(path, force=force)
    write_text(path, json.dumps(results, indent=2, allow_nan=False) + "\n")


def results_table(results: Mapping[str, Any]) -> str:
    """The terminal's summary of a results dict: a line a domain and arm, shares in per cent with their
    intervals."""
    header = (
        "domain",
        "arm",
        "n",
        "valid % (95 %)",
        "goal %",
        "faithful %",
        *(result.value for result in Result),
    )
    rows = []
    for domain, arms in results["results"].items():
        for arm, numbers in arms.items():
            validity = Interval(**numbers["plan_validity"])
            faithful = numbers["chain"]["faithful"]
            rows.append(
                (
                    domain,
                    arm,
                    validity.n,
                    str(validity),
                    100 * numbers["goal_reached"]["value"],
                    None if faithful is None else 100 * faithful["value"],
                    *numbers["outcomes"].values(),
                )
            )
    return f"{text_table(header, rows)}{_prompt_note(results['about'])}"


def _prompt_note(about: Mapping[str, Any]) -> str:
    """What every table says of the prompt, where it is known."""
    shown = about.get("style", {}).get("domain_in_prompt")
    return "" if shown is None else f"\n(the domain's schemas are {'' if shown else 'not '}in the prompt)"
