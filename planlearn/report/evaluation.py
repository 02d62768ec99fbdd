"""A recorded evaluation -> what the report shows of it: its numbers beside those of its controls, and an entry an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planlearn.corpus.mend import FEEDBACK_HEADER
from planlearn.errors import PlanlearnError
from planlearn.evaluate import CONTROLS, Cause, Interval, Result, SampleRecord, SamplesError, build_results, skill_table
from planlearn.evaluate.arms import GREEDY, Kind, kind_of
from planlearn.evaluate.results import by_number, missing_before
from planlearn.evaluate.saved import SAMPLES_FILE, saved_rows
from planlearn.files import numbered_json
from planlearn.report.entries import Entry, Recorded
from planlearn.report.figures import Json, chart, per_cent, point, section, share, table

RESULTS = "results.json"
BESIDE = ("problems.jsonl", "validation.jsonl", "test.jsonl", "corpus/validation.jsonl", "corpus/test.jsonl")
"""Where problems lie that rows of former releases do not hold, seen from a run's folder or those above it."""
FACTS = {
    "model": "model", "adapter": "adapter", "base": "base model", "endpoint": "endpoint", "replayed": "replayed answers", "recipe": "recipe", "instances": "problems",
    "source": "source", "decoding": "decoding", "seed": "seed", "max_tokens": "most tokens", "date": "date", "round": "round",
}  # fmt: skip


def records_of(folder: Path) -> list[SampleRecord]:
    """Of a folder's samples.jsonl. Raises SamplesError, which names file and line; OSError."""
    path = folder / SAMPLES_FILE
    records = []
    for number, row in saved_rows(path):
        try:
            records.append(SampleRecord.from_row(row))
        except (KeyError, ValueError, TypeError) as error:
            raise SamplesError(f"{path}:{number}: not a row of samples ({error})") from None
    return records


def results_of(folder: Path) -> Json:
    """results.json, {} where there is none yet. Raises PlanlearnError."""
    path = folder / RESULTS
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found["results"].items()
        dict(found.get("about", {}))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PlanlearnError(f"{path}: not a results.json ({error})") from None
    return dict(found)


def facts_of(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, its value) of what results.json says of the run."""
    about = results.get("about", {})
    found = [(said, _plain(about[key])) for key, said in FACTS.items() if about.get(key) not in (None, "", {})]
    shown = about.get("style", {}).get("domain_in_prompt") if isinstance(about.get("style"), Mapping) else None
    if shown is not None:
        found.append(("schemas in the prompt", "yes" if shown else "no"))
    versions = results.get("versions", {})
    if versions:
        found.append(("versions", ", ".join(f"{name} {number}" for name, number in versions.items())))
    found += [(f"sha256 of {name.replace('_', ' ')}", str(text)) for name, text in results.get("hashes", {}).items()]
    return found


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def evaluation(folder: Path, title: str, labels: Mapping[str, str] | None = None) -> tuple[Json, list[Entry]]:
    """(section, entries) of a folder with samples.jsonl. Raises PlanlearnError, OSError."""
    records, former = records_of(folder), results_of(folder)
    try:
        results = build_results(records, missing=missing_before(former), about=former.get("about"))["results"]
    except (KeyError, TypeError, AttributeError) as error:
        raise PlanlearnError(f"{folder / RESULTS}: not a results.json ({error!r})") from None
    about = former.get("about", {})
    notes = _notes(results, about)
    if not former:
        notes.insert(0, f"There is no {RESULTS}: the evaluation was not finished when this report was made.")
    part = section(title, tables=[arms_table(results), *_attempts_table(results)], charts=_charts(results), notes=notes)
    return part, entries_of(records, folder, labels or {})


def _named(domain: str, arm: str, results: Mapping[str, Any]) -> str:
    return arm if len(results) == 1 else f"{domain}, {arm}"


def _in_order(arms: Mapping[str, Any]) -> list[str]:
    """Arms, then controls."""
    return sorted(arms, key=lambda name: (name in CONTROLS, CONTROLS.index(name) if name in CONTROLS else 0))


def arms_table(results: Mapping[str, Any]) -> Json:
    """A row an arm or control."""
    every = [(domain, arm, numbers) for domain, arms in results.items() for arm in _in_order(arms) for numbers in [arms[arm]]]
    beside = [name for name in (*(result.value for result in Result), "missing") if name != Result.VALID]
    shown = [name for name in beside if any(numbers["outcomes"].get(name) for _, _, numbers in every)]
    columns = ["domain", "arm", "n", "plan validity", "goal reached", "executable prefix", "states right", *(name.replace("_", " ") for name in shown)]
    rows = []
    for domain, arm, numbers in every:
        valid = numbers["plan_validity"]
        rows.append((arm in CONTROLS, [
            domain, arm, str(valid["n"]) if valid else "-", share(valid), share(numbers["goal_reached"]), per_cent(numbers["executable_prefix"]),
            per_cent(numbers["chain"]["states_right"]), *(str(numbers["outcomes"].get(name, 0)) for name in shown),
        ]))  # fmt: skip
    return table("Arms and controls", columns, rows)


def _attempts_table(results: Mapping[str, Any]) -> list[Json]:
    rows = [
        (arm in CONTROLS, [domain, arm, f"pass@{k}", share(found)])
        for domain, arms in results.items() for arm in _in_order(arms) for k, found in arms[arm].get("pass_at_k", {}).items()
    ]  # fmt: skip
    rows += [
        (arm in CONTROLS, [domain, arm, "unsolvable problems recognised", share(found)])
        for domain, arms in results.items() for arm in _in_order(arms) if (found := arms[arm]["unsolvable"]["recognised"]) is not None
    ]  # fmt: skip
    return [table("Several attempts, unsolvable problems", ["domain", "arm", "what", "share"], rows)] if rows else []


def _charts(results: Mapping[str, Any]) -> list[Json | None]:
    def by(key: str) -> tuple[dict[str, list[list[float]]], list[str]]:
        sizes = sorted({size for arms in results.values() for numbers in arms.values() for size in numbers[key]}, key=by_number)
        series = {
            _named(domain, arm, results): [one for size, found in arms[arm][key].items() for one in point(sizes.index(size), found["plan_validity"])]
            for domain, arms in results.items() for arm in _in_order(arms)
        }  # fmt: skip
        return series, sizes

    def counts(key: str, names: Sequence[str]) -> dict[str, list[list[float]]]:
        return {
            _named(domain, arm, results): [[place, arms[arm][key].get(name, 0)] for place, name in enumerate(names)]
            for domain, arms in results.items() for arm in _in_order(arms) if any(arms[arm][key].get(name) for name in names)
        }  # fmt: skip

    sized, sizes = by("by_size")
    long, lengths = by("by_length")
    causes = [cause.value for cause in Cause]
    faults = sorted({kind for arms in results.values() for numbers in arms.values() for kind in numbers["first_faults"]})
    in_turn = {
        _named(domain, arm, results): [one for row in arms[arm].get("by_attempt", ()) for one in point(row["attempt"], row["plan_validity"])]
        for domain, arms in results.items() for arm in _in_order(arms)
    }  # fmt: skip
    return [
        chart("dots", "Plan validity by size", x="size", y="plan validity", percent=True, categories=sizes, series=sized),
        chart("dots", "Plan validity by length of the reference plan", x="steps of the reference plan", y="plan validity", percent=True, categories=lengths, series=long)
        if 1 < len(lengths) <= 40 else None,
        chart("line", "Plan validity by attempt", x="attempts", y="plan validity", percent=True, series=in_turn),
        chart("bars", "Error classes of the paper", x="error class", y="answers", categories=causes, series=counts("causes", causes)),
        chart("bars", "First fault that the checker found", x="fault", y="answers", categories=[kind.replace("_", " ") for kind in faults],
              series=counts("first_faults", faults)),
    ]  # fmt: skip


def _notes(results: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    notes = []
    for domain, arms in results.items():
        for arm in _in_order(arms):
            numbers, of = arms[arm], _named(domain, arm, results)
            if missing := numbers["outcomes"].get("missing"):
                notes.append(f"{of}: {missing} answers did not come; they are not counted.")
            if failed := numbers["outcomes"].get("checker_error"):
                notes.append(f"{of}: the checker failed on {failed} answers; they are not counted as wrong.")
            if numbers.get("undecided"):
                notes.append(f"{of}: {numbers['undecided']} problems undecided, since an attempt is missing.")
            if cut := numbers["stops"].get("cap"):
                notes.append(f"{of}: {cut} answers ran into the cap of tokens or the model's context.")
            alarms = numbers["unsolvable"]["false_alarms"]
            if alarms and alarms["value"]:
                notes.append(f"{of}: {Interval(**alarms)} % of solvable problems called unsolvable.")
    says = about.get("arms", {})
    shown = dict.fromkeys(arm for arms in results.values() for arm in _in_order(arms))
    notes += [f"{arm}: {says[arm]}." for arm in shown if arm in says] if isinstance(says, Mapping) else []
    return notes


def entries_of(records: Sequence[SampleRecord], folder: Path, labels: Mapping[str, str]) -> list[Entry]:
    """One entry for each problem and arm, its attempts in order; an arm whose attempts go on from the greedy one's begins with that."""
    first = {(r.sample.domain, r.sample.id): r for r in records if r.sample.arm == GREEDY and r.sample.attempt == 1}
    groups: dict[tuple[str, str, str], list[SampleRecord]] = {}
    for record in records:
        groups.setdefault((record.sample.domain, record.sample.arm, record.sample.id), []).append(record)
    lost = _Problems(folder) if any(not record.sample.problem_pddl for record in records) else None
    entries = []
    for (domain, arm, name), some in groups.items():
        some.sort(key=lambda record: record.sample.attempt)
        if kind_of(arm) is Kind.IN_TURN and (domain, name) in first:
            some.insert(0, first[domain, name])
        sample = some[0].sample
        problem = sample.problem_pddl or (lost.found(sample.domain, name, sample.prompt if sample.arm == GREEDY else None) if lost else "")
        entries.append(Entry(
            id=name, domain=domain, size=sample.size, labels={**labels, "arm": arm}, domain_pddl=sample.domain_pddl, problem_pddl=problem,
            answers=[_recorded(some, place) for place in range(len(some))],
        ))  # fmt: skip
    return entries


def _recorded(some: Sequence[SampleRecord], place: int) -> Recorded:
    sample = some[place].sample
    told = None
    if kind_of(some[-1].sample.arm) is Kind.IN_TURN and place + 1 < len(some):
        told = told_in(some[place + 1].sample.prompt)
    return Recorded(
        label=f"attempt {sample.attempt}" if len(some) > 1 else "answer", text=sample.answer, outcome=some[place].outcome.value, prompt=sample.prompt, told=told, reader=sample.reader,
        note="It ran into the cap of tokens." if sample.stop == "cap" else "",
        faults=[*some[place].faults, *(some[place].chain_faults or ())],
    )  # fmt: skip


def told_in(prompt: str) -> str:
    """The feedback on the attempt before that a prompt holds; "" where it tells nothing."""
    _, header, behind = prompt.rpartition(f"\n{FEEDBACK_HEADER}\n")
    if not header:
        return ""
    return behind.rstrip("\n").rpartition("\n")[0].strip()


class _Problems:
    """Problems by id that lie near a run, for rows that do not hold theirs."""

    def __init__(self, folder: Path) -> None:
        self._rows: dict[tuple[str, str], Json] = {}
        for above in (folder, *folder.resolve().parents[:3]):
            for name in BESIDE:
                if (path := above / name).is_file():
                    self._read(path)

    def _read(self, path: Path) -> None:
        try:
            for _, row in numbered_json(path):
                if isinstance(row, dict) and isinstance(row.get("problem_pddl"), str):
                    self._rows.setdefault((str(row.get("domain")), str(row.get("id"))), row)
        except (PlanlearnError, OSError):
            return  # nothing that belongs to the run

    def found(self, domain: str, name: str, prompt: str | None) -> str:
        """The problem's PDDL, "" where it is not there or was asked in other words than it has there; prompt None: asked in words of its own."""
        row = self._rows.get((domain, name))
        if row is None or (prompt is not None and row.get("prompt", prompt) != prompt):
            return ""
        return str(row["problem_pddl"])


def skill_section(folder: Path) -> Json:
    """Of a folder with skill.json: how well the model judges plans. Raises PlanlearnError."""
    path = folder / "skill.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["skill"]
        skill_table(found)
        rows = [
            (False, [name, str(shares["verdict"]["n"]), *(share(shares[part]) for part in ("verdict", "step", "error", "atom"))])
            for name, shares in [("all", found), *found["by_error"].items()]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanlearnError(f"{path}: not a skill.json ({error})") from None
    return section("Judging of plans", text="Plans of held-out problems, half of them spoiled, that the model itself judged.",
                   tables=[table("Judging", ["plans", "n", "verdict right", "step right", "class right", "fact right"], rows)])  # fmt: skip
