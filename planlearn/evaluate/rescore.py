"""Old samples under today's checker: what is judged otherwise now, and all files of the run made anew beside the old ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from planlearn.errors import UnknownDomain
from planlearn.evaluate.arms import GREEDY
from planlearn.evaluate.lm_eval_shape import lm_eval_results
from planlearn.evaluate.results import ResultExists, build_results, missing_before, refuse_finished, write_results
from planlearn.evaluate.samples import SamplesError
from planlearn.evaluate.saved import SAMPLES_FILE, SavedRows
from planlearn.evaluate.scoring import Result, SampleRecord, score
from planlearn.evaluate.verdicts import VERDICTS_FILE
from planlearn.files import file_sha256, read_json_lines, write_json, write_json_lines, write_text
from planlearn.problems import domain_text
from val_bridge import SourceError, Task, read_task

RESULTS = "results.json"
LM_EVAL_RESULTS = "results_lm_eval.json"
_DETAILS = tuple(field.name for field in fields(SampleRecord) if field.name not in ("sample", "outcome"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """A row judged again. old: its outcome before. details: other fields of the judgement that the row has and that differ now."""

    line: int
    run: str
    old: str
    record: SampleRecord
    details: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.record.outcome.value != self.old


def rescore(path: Path, rows: SavedRows, progress: Callable[[int], None] = lambda done: None) -> list[Rescored]:
    """Judge each answer again, read as it was read then; `progress` hears how many are done.

    Raises SamplesError, which names file and line: for a row without its problem, as former releases wrote them, and for one whose task
    cannot be read.
    """
    tasks: dict[tuple[str, str, str], Task] = {}
    found = []
    for done, (number, row) in enumerate(rows, start=1):
        sample = _record(path, number, row).sample
        if not sample.problem_pddl:
            raise SamplesError(f"{path}:{number}: the row has no problem_pddl (an older planlearn wrote it), so its answer cannot be scored again")
        key = sample.domain if not sample.domain_pddl else "", sample.domain_pddl, sample.problem_pddl
        if key not in tasks:
            tasks[key] = _task(path, number, *key)
        record = score(tasks[key], sample)
        judged = record.to_row()
        details = tuple(name for name in _DETAILS if name in row and row[name] != judged[name])
        found.append(Rescored(line=number, run=str(row.get("run", "")), old=row["outcome"], record=record, details=details))
        progress(done)
    return found


def _record(path: Path, number: int, row: Mapping[str, Any]) -> SampleRecord:
    try:
        return SampleRecord.from_row(row)
    except (KeyError, ValueError, TypeError) as error:
        raise SamplesError(f"{path}:{number}: not a row of samples ({error})") from None


def _task(path: Path, number: int, domain: str, domain_pddl: str, problem_pddl: str) -> Task:
    try:
        return read_task(domain_pddl or domain_text(domain), problem_pddl, domain or "domain_pddl", "problem_pddl")
    except (SourceError, UnknownDomain) as error:
        raise SamplesError(f"{path}:{number}: {error}") from None


def changes(found: Iterable[Rescored]) -> dict[tuple[str, str], int]:
    """How many verdicts changed, by (old outcome, new outcome)."""
    return dict(sorted(Counter((one.old, one.record.outcome.value) for one in found if one.changed).items()))


def refuse_used(out: Path) -> None:
    """Raise ResultExists where a file that would be written stands in the folder; ask before the work starts."""
    refuse_finished(out / RESULTS)
    for name in (SAMPLES_FILE, VERDICTS_FILE, LM_EVAL_RESULTS):
        if (out / name).exists():
            raise ResultExists(f"{out / name} exists; choose another folder")


def write_rescored(out: Path, path: Path, found: Sequence[Rescored]) -> dict[str, Any]:
    """Write all files for the rows of `path` judged again; gives the results.

    What is said of the run, and what did not come, is taken from the results.json beside `path`, and what the model thinks of its own plans
    from the verdicts.jsonl there, where there are such. Raises SamplesError for one that is broken or of another run.
    """
    beside = path.with_name(RESULTS)
    try:
        old = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
        about, hashes = dict(old.get("about", {})), dict(old.get("hashes", {}))
        missing = missing_before(old)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SamplesError(f"{beside}: not a results.json ({error})") from None
    about["scored_again"] = {
        "samples_sha256": file_sha256(path), "planlearn": old.get("versions", {}).get("planlearn"),
        "changed": {f"{was} -> {now}": count for (was, now), count in changes(found).items()},
    }  # fmt: skip
    verdicts, left_out = _verdicts(path.with_name(VERDICTS_FILE), found)
    if left_out:
        about["scored_again"]["verdicts_left_out"] = left_out
    results = build_results([one.record for one in found], about=about, hashes=hashes, missing=missing, verdicts=verdicts)
    write_scored(out, [(one.run, one.record) for one in found], results, verdicts)
    return results


def _verdicts(path: Path, found: Iterable[Rescored]) -> tuple[list[dict[str, Any]] | None, int]:
    """(rows of a verdicts.jsonl with today's truth, None where there is no such file; how many are left out, since no greedy answer is there
    in which today's reader finds a plan and the checker judges it)."""
    if not path.exists():
        return None, 0
    answers = {(one.record.sample.domain, one.record.sample.id): one for one in found if one.record.sample.arm == GREEDY}
    rows, left_out = [], 0
    try:
        some = read_json_lines(path)
    except ValueError as error:
        raise SamplesError(f"{path}: not rows of JSON ({error})") from None
    for number, row in enumerate(some, start=1):
        if missing := [name for name in ("run", "domain", "id", "said", "probability", "valid") if not isinstance(row, dict) or name not in row]:
            raise SamplesError(f"{path}:{number}: not a row of verdicts, field {missing[0]!r} is missing")
        about = answers.get((row["domain"], row["id"]))
        if about is not None and row["run"] != about.run:
            raise SamplesError(f"{path}:{number}: a verdict on the answers of another run; move the file away to score the samples without it")
        if about is None or about.record.outcome not in (Result.VALID, Result.INVALID):
            left_out += 1
        else:
            rows.append(row | {"valid": about.record.outcome is Result.VALID})
    return rows, left_out


def write_scored(
    out: Path, records: Iterable[tuple[str, SampleRecord]], results: Mapping[str, Any], verdicts: Sequence[dict[str, Any]] | None = None
) -> None:
    """Write what `measure_arms` writes: samples.jsonl (with each record its run), verdicts.jsonl where the model was asked, results.json and
    results_lm_eval.json, each whole or not at all. Raises ResultExists, DiskFull."""
    refuse_used(out)
    # ASCII, as `SampleLog` writes: an answer may hold half a surrogate pair.
    write_text(out / SAMPLES_FILE, "".join(json.dumps({"run": run, **record.to_row()}, allow_nan=False) + "\n" for run, record in records))
    if verdicts is not None:
        write_json_lines(out / VERDICTS_FILE, verdicts)
    write_results(out / RESULTS, results)
    write_json(out / LM_EVAL_RESULTS, lm_eval_results(results))
