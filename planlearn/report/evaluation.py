"""A recorded evaluation -> what the report shows of it: its numbers beside those of its controls, and an entry an answer."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cached_property
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
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PlanlearnError(f"{path}: not a results.json ({error})") from None
    for name in ("about", "versions", "hashes"):
        if not isinstance(found.get(name, {}), dict):
            raise PlanlearnError(f"{path}: not a results.json ({name}: expected an object)")
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


def has_answers(folder: Path) -> bool:
    """Whether a whole row stands in a folder's samples.jsonl: one that just began, or was killed then, has none."""
    return any(line.strip() for line in (folder / SAMPLES_FILE).read_bytes().split(b"\n")[:-1])


def measured(folder: Path, title: str, labels: Mapping[str, str] | None = None) -> tuple[Json, list[Entry]]:
    """`evaluation` of a part of a run: one without an answer so far is a note."""
    if not has_answers(folder):
        return section(title, notes=["No answer was recorded here when this report was made."]), []
    return evaluation(folder, title, labels)


def evaluation(folder: Path, title: str, labels: Mapping[str, str] | None = None) -> tuple[Json, list[Entry]]:
    """(section, entries) of a folder with samples.jsonl. Raises PlanlearnError, OSError."""
    records, former = records_of(folder), results_of(folder)
    try:
        answered = {(record.sample.domain, record.sample.arm) for record in records}
        missing = {key: some for key, some in missing_before(former).items() if key in answered or kind_of(key[1]) is Kind.IN_TURN}
        counted = build_results(records, missing=missing)["results"]
        fits = bool(former) and _of_these(former["results"], counted)
        results = _completed(former["results"], counted) if fits else counted
        about = former.get("about", {})
        notes = _notes(results, about)
        if not former:
            notes.insert(0, f"There is no {RESULTS}: the evaluation was not finished when this report was made.")
        elif not fits:
            notes.insert(0, f"{RESULTS} is of other answers than {SAMPLES_FILE}: the numbers here are counted anew from the answers.")
        part = section(title, tables=[arms_table(results), *_attempts_table(results), *_own_table(results)], charts=_charts(results), notes=notes)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PlanlearnError(f"{folder / RESULTS}: not a results.json ({error!r})") from None
    arms = [(domain, arm) for domain, arms in results.items() for arm in arms]
    return part, entries_of(records, Beside(folder), labels or {}, arms)


def _of_these(results: Mapping[str, Any], counted: Mapping[str, Any]) -> bool:
    """Whether numbers are those of the samples that others were counted from, as far as they tell."""
    if {domain: set(arms) for domain, arms in results.items()} != {domain: set(arms) for domain, arms in counted.items()}:
        return False
    return all(
        _alike(own[key], numbers[key])
        for domain, arms in results.items() for arm, numbers in arms.items() for own in [counted[domain][arm]]
        # Which problems an attempt is missing of is known while it is measured alone, and decides what is counted of such an arm.
        for key in (("tokens",) if kind_of(arm) is Kind.IN_TURN else ("samples", "tokens", "outcomes"))
        if key in numbers and key in own
    )  # fmt: skip


def _alike(one: Any, other: Any) -> bool:
    """Where both have a number; former releases count fewer things."""
    return one == other if not isinstance(one, dict) else all(one[key] == other[key] for key in one.keys() & other.keys())


def _completed(results: Mapping[str, Any], counted: Mapping[str, Any]) -> Json:
    """With the numbers that former releases did not write."""
    whole: Json = {}
    for domain, arms in results.items():
        for arm, numbers in arms.items():
            own = counted[domain][arm]
            parts = {key: own[key] | numbers.get(key, {}) for key in ("chain", "unsolvable")}
            whole.setdefault(domain, {})[arm] = own | numbers | parts
    return whole


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


def _own_table(results: Mapping[str, Any]) -> list[Json]:
    """What a model says of the plans that it wrote itself, where it was asked."""
    rows = []
    for domain, arms in results.items():
        for arm in _in_order(arms):
            if own := arms[arm].get("own_verdict"):
                sure = ["-" if own[key] is None else f"{own[key]:.3f}" for key in ("brier", "calibration_error")]
                beside = [str(own[key]) for key in ("unreadable", "missing")]
                rows.append((False, [domain, arm, str(own["n"]), share(own["accuracy"]), *sure, share(own["of_valid"]), share(own["of_invalid"]), *beside]))
    columns = ["domain", "arm", "n", "verdict right", "Brier score", "calibration error", "right of valid plans", "right of invalid plans", "unreadable", "missing"]
    return [table("What the model thinks of its own plans", columns, rows)] if rows else []


def _charts(results: Mapping[str, Any]) -> list[Json | None]:
    """A domain's charts behind another's: sizes and lengths mean something else in each."""
    return [
        one
        for domain, arms in results.items()
        for one in _charts_of({arm: arms[arm] for arm in _in_order(arms)}, f": {domain}" if len(results) > 1 else "")
    ]


def _charts_of(arms: Mapping[str, Any], behind: str) -> list[Json | None]:
    def by(key: str) -> tuple[dict[str, list[list[float]]], list[str]]:
        sizes = sorted({size for numbers in arms.values() for size in numbers[key]}, key=by_number)
        series = {
            arm: [one for size, found in numbers[key].items() for one in point(sizes.index(size), found["plan_validity"])]
            for arm, numbers in arms.items()
        }  # fmt: skip
        return series, sizes

    def counts(key: str, names: Sequence[str]) -> dict[str, list[list[float]]]:
        return {
            arm: [[place, numbers[key].get(name, 0)] for place, name in enumerate(names)]
            for arm, numbers in arms.items() if any(numbers[key].get(name) for name in names)
        }  # fmt: skip

    sized, sizes = by("by_size")
    long, lengths = by("by_length")
    causes = [cause.value for cause in Cause]
    faults = sorted({kind for numbers in arms.values() for kind in numbers["first_faults"]})
    in_turn = {
        arm: [one for row in numbers.get("by_attempt", ()) for one in point(row["attempt"], row["plan_validity"])] for arm, numbers in arms.items()
    }
    return [
        chart("dots", f"Plan validity by size{behind}", x="size", y="plan validity", percent=True, categories=sizes, series=sized),
        chart("dots", f"Plan validity by length of the reference plan{behind}", x="steps of the reference plan", y="plan validity", percent=True,
              categories=lengths, series=long) if 1 < len(lengths) <= 40 else None,
        chart("line", f"Plan validity by attempt{behind}", x="attempts", y="plan validity", percent=True, series=in_turn),
        chart("bars", f"Error classes of the paper{behind}", x="error class", y="answers", categories=causes, series=counts("causes", causes)),
        chart("bars", f"First fault that the checker found{behind}", x="fault", y="answers", categories=[kind.replace("_", " ") for kind in faults],
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


def entries_of(
    records: Sequence[SampleRecord], beside: Beside, labels: Mapping[str, str], arms: Iterable[tuple[str, str]] = ()
) -> list[Entry]:
    """One entry for each problem and arm, its attempts in order; an arm whose attempts go on from the greedy one's begins with that.

    arms: (domain, arm) of those that may have no row of their own, since no problem needed a second attempt.
    """
    first = {(r.sample.domain, r.sample.id): r for r in records if r.sample.arm == GREEDY and r.sample.attempt == 1}
    groups: dict[tuple[str, str], dict[str, list[SampleRecord]]] = {}
    for record in records:
        groups.setdefault((record.sample.domain, record.sample.arm), {}).setdefault(record.sample.id, []).append(record)
    for key in arms:
        groups.setdefault(key, {})
    entries = []
    for (domain, arm), by_id in groups.items():
        if kind_of(arm) is Kind.IN_TURN:
            begun = {name: [record] for (of, name), record in first.items() if of == domain}
            by_id = begun | {name: [*begun.get(name, ()), *some] for name, some in by_id.items()}
        most = max(map(len, by_id.values()), default=0)
        for name, some in by_id.items():
            some.sort(key=lambda record: record.sample.attempt)
            sample, asked = some[0].sample, first.get((domain, name))
            prompts = {sample.prompt, asked.sample.prompt if asked is not None else sample.prompt}
            entries.append(Entry(
                id=name, domain=domain, size=sample.size, labels={**labels, "arm": arm}, domain_pddl=sample.domain_pddl,
                problem_pddl=sample.problem_pddl or beside.found(domain, name, prompts), solvable=sample.solvable,
                answers=[_recorded(arm, some, place, most) for place in range(len(some))], counted=0 if kind_of(arm) is Kind.DRAWN else -1,
            ))  # fmt: skip
    return entries


def _recorded(arm: str, some: Sequence[SampleRecord], place: int, most: int) -> Recorded:
    """most: attempts at the problem of the arm that has the most of them."""
    sample, kind = some[place].sample, kind_of(arm)
    told = None
    if kind is Kind.IN_TURN and place + 1 < len(some):
        told = told_in(some[place + 1].sample.prompt)
    notes = ["It ran into the cap of tokens."] if sample.stop == "cap" else []
    if kind is Kind.IN_TURN and place + 1 == len(some) < most and some[place].outcome in (Result.INVALID, Result.UNREADABLE):
        notes.append("The attempt behind it is missing: the problem is undecided and not counted.")
    return Recorded(
        label=f"attempt {sample.attempt}" if len(some) > 1 or kind is Kind.IN_TURN else "answer", text=sample.answer, outcome=some[place].outcome.value,
        prompt=sample.prompt, told=told, reader=sample.reader, note=" ".join(notes), faults=[*some[place].faults, *(some[place].chain_faults or ())],
        of_another=sample.arm != arm,
    )  # fmt: skip


def told_in(prompt: str) -> str:
    """The feedback on the attempt before that a prompt holds; "" where it tells nothing."""
    _, header, behind = prompt.rpartition(f"\n{FEEDBACK_HEADER}\n")
    if not header:
        return ""
    return behind.rstrip("\n").rpartition("\n")[0].strip()


class Beside:
    """Problems by id that lie near a run, for rows that do not hold theirs; read when the first such row asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Json]:
        rows: dict[tuple[str, str], Json] = {}
        for above in (self._folder, *self._folder.resolve().parents[:3]):
            for name in BESIDE:
                if (path := above / name).is_file():
                    try:
                        for _, row in numbered_json(path):
                            if isinstance(row, dict) and isinstance(row.get("problem_pddl"), str):
                                rows.setdefault((str(row.get("domain")), str(row.get("id"))), row)
                    except (PlanlearnError, OSError):
                        continue  # nothing that belongs to the run
        return rows

    def found(self, domain: str, name: str, prompts: Container[str]) -> str:
        """The problem's PDDL; "" where it is not there, or was asked there in none of these words: ids are given again in every set of problems."""
        row = self._rows.get((domain, name))
        return str(row["problem_pddl"]) if row is not None and row.get("prompt") in prompts else ""


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
