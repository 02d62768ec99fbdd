"""Answers to one problem -> an entry of the report: the problem, its attempts judged again step by step, one beside the other.

An entry becomes a JSON text at once: hundreds of judged chains as Python objects would take ten times the memory of the page.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.evaluate.scoring import Reader, Result
from planlearn.feedback import CHAIN_KINDS
from planlearn.problems import domain_text
from planlearn.progress import Progress
from planlearn.report.playback import FactTable, answer_attempt, problem_json, text_attempt
from val_bridge import Domain, SourceError, Task, read_domain, read_problem

Json = dict[str, Any]

LONGEST_TEXT = 20_000
"""Characters of one text that a page shows; what stands behind them is counted."""
MOST_LINES = 1000
"""Lines of an answer that no rule reads, as a page shows them."""
LARGEST = 2_000_000
"""Characters of an entry's JSON; one that is larger is shown as text, not step by step."""
LONGEST_NAME = 300
"""Characters of a name in the list of problems."""
ALONE = 300
"""So many answers are judged sooner by one process than by two, of which one has to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer as a run recorded it.

    label: for people, e.g. "attempt 2". outcome: as judged then, a `Result`, or "not valid" where no more is known; "" where nobody judged. told: the
    feedback that the model was given on it; None where that is not recorded. faults: as judged then, shown where the answer cannot be
    judged again. written: a person's plan or chain rather than a model's answer. of_another: it stands in another arm's entry too, and is told there.
    """

    label: str
    text: str
    outcome: str = ""
    prompt: str = ""
    told: str | None = None
    note: str = ""
    reader: Reader = Reader.STRICT
    faults: Sequence[Mapping[str, Any]] = ()
    written: bool = False
    of_another: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One problem and its answers, in order.

    counted: the place of the answer that counts in the run's numbers. solvable: whether there is a plan, None where that is not known. domain_pddl: "" for the
    domain's own text. problem_pddl: "" where it is not known; `lacking` says why.
    """

    id: str
    domain: str
    size: str
    answers: Sequence[Recorded]
    labels: Mapping[str, str] = field(default_factory=dict)
    domain_pddl: str = ""
    problem_pddl: str = ""
    lacking: str = "The run did not record this problem."
    counted: int = -1
    solvable: bool | None = None

    @property
    def failed(self) -> bool:
        right = Result.VALID if self.solvable is not False else Result.UNSOLVABLE
        return bool(self.answers) and self.answers[self.counted].outcome != right


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An entry for the page.

    text: its JSON. index: [id, domain, size, outcome, kinds of faults, labels, solvable], outcome and kinds of the answer that counts.
    changed: (outcome then, outcome now) of each answer of its own that today's checker judges otherwise.
    """

    text: str
    index: list[Any]
    changed: Sequence[tuple[str, str]]
    picture: Mapping[str, Any] | None


def chosen(entries: Sequence[Entry], most: int) -> list[Entry]:
    """At most so many: those that failed before those that did not, each evenly over the run, in the run's order."""
    if len(entries) <= most:
        return list(entries)
    failed = [number for number, entry in enumerate(entries) if entry.failed]
    others = [number for number, entry in enumerate(entries) if not entry.failed]
    kept = _evenly(failed, most)
    kept += _evenly(others, most - len(kept))
    return [entries[number] for number in sorted(kept)]


def _evenly(numbers: list[int], most: int) -> list[int]:
    return numbers if len(numbers) <= most else [numbers[place * len(numbers) // most] for place in range(most)]


def made(entries: Sequence[Entry], *, workers: int | None = None) -> Iterator[Made]:
    """The entries for the page, in order, with progress; by two processes where there are many answers and as many cores."""
    count = sum(len(entry.answers) for entry in entries)
    if workers is None:
        workers = min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) if count > ALONE else 1
    bar = Progress("report", len(entries), "problems", every=10.0)
    for done, one in enumerate(_in_turn(entries, workers), start=1):
        bar.update(done)
        yield one
    if entries:
        bar.close()


def _in_turn(entries: Sequence[Entry], workers: int) -> Iterable[Made]:
    if workers < 2:
        yield from map(make, entries)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(make, entries, chunksize=16)


def make(entry: Entry) -> Made:
    """Never raises because of what a model wrote, or a run recorded of a problem: such an entry says so."""
    facts = FactTable()
    task, reason = _task(entry)
    attempts = []
    changed: list[tuple[str, str]] = []
    for one in entry.answers:
        attempt = _judged(task, facts, one) if task is not None else _as_recorded(one, reason)
        now = attempt["outcome"]
        notes = [one.note]
        if task is not None and _differs(one.outcome, now):
            if not one.of_another:
                changed.append((one.outcome, now))
            notes.append(f"Recorded as {one.outcome.replace('_', ' ')}; today's checker says {now.replace('_', ' ')}.")
        if now == Result.UNSOLVABLE and entry.solvable is not None:
            notes.append("It wrongly says that there is no plan." if entry.solvable else "It rightly says that there is no plan.")
        attempt["label"] = one.label
        if said := " ".join(filter(None, notes)):
            attempt["note"] = said
        if one.prompt:
            attempt["prompt"] = one.prompt
        attempts.append(attempt)
    problem = problem_json(task, facts) if task is not None else None
    counts = attempts[entry.counted] if attempts else {"outcome": "", "faults": []}
    kinds = list(dict.fromkeys(map(_kind, counts["faults"])))
    body = {
        "id": entry.id, "domain": entry.domain, "size": _sized(entry.size), "labels": dict(entry.labels), "outcome": counts["outcome"],
        "counted": entry.counted % len(attempts) if attempts else 0, "problem": problem, "attempts": attempts, "lacking": "" if problem is not None else reason,
    }  # fmt: skip
    text = _dumped(body)
    if len(text) > LONGEST_TEXT:  # else no text in it is too long
        for attempt in attempts:
            _unmark(attempt)
        text = _dumped(_short(body))
    if len(text) > LARGEST:
        text = _dumped(_short(_as_text(body)))
    index = [shortened(entry.id, LONGEST_NAME), shortened(entry.domain, LONGEST_NAME), shortened(body["size"], LONGEST_NAME), counts["outcome"], kinds,
             {name: shortened(value, LONGEST_NAME) for name, value in body["labels"].items()}, entry.solvable]  # fmt: skip
    return Made(text=text, index=index, changed=changed, picture=_picture(entry.domain, entry.domain_pddl) if task is not None else None)


def _kind(fault: Json) -> str:
    """The kind of a fault, as the list names it: the plan's faults come first, and a chain apart from it fails by itself."""
    own = fault["track"] == "chain" and fault["kind"] not in CHAIN_KINDS
    return f"chain: {fault['kind']}" if own else fault["kind"]


def _as_text(body: Json) -> Json:
    """An entry of which the outcomes, the first faults and the texts are shown alone."""
    lacking = f"With {len(body['problem']['facts']):,} facts this problem is too large to be shown step by step." if body["problem"] else body["lacking"]
    attempts = [attempt | {"tracks": [], "faults": [_short_fault(fault) for fault in attempt["faults"][:20]], "unread": []} for attempt in body["attempts"]]
    return body | {"problem": None, "lacking": lacking, "attempts": attempts}


def _short_fault(fault: Json) -> Json:
    return fault | {"message": shortened(fault["message"], 1000), "violations": fault["violations"][:20]}


def _dumped(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _sized(size: str) -> str:
    return size if not size.isdecimal() else f"size {size}"


def _differs(then: str, now: str) -> bool:
    return bool(then) and (now == Result.VALID if then == NOT_VALID else now != then)


NOT_VALID = "not valid"


def _judged(task: Task, facts: FactTable, one: Recorded) -> Json:
    if one.written:
        return text_attempt(task, facts, one.text)
    return answer_attempt(task, facts, one.text, reader=one.reader, told=one.told)


def _as_recorded(one: Recorded, reason: str) -> Json:
    """What an answer to an unknown problem was judged then."""
    faults = [_fault_of_record(fault) for fault in one.faults if isinstance(fault, Mapping)]
    outcome = one.outcome if one.outcome in set(Result) else Result.INVALID.value if one.outcome else ""
    return {
        "outcome": outcome, "message": f"As recorded: {one.outcome or 'not judged'}. {reason}", "feedback": one.told or "", "text": one.text,
        "faults": faults, "tracks": [], "unread": [],
    }  # fmt: skip


def _fault_of_record(fault: Mapping[str, Any]) -> Json:
    """A fault as `Fault.to_dict` recorded it, in the form of playback's faults."""
    step, found, expected = fault.get("step"), str(fault.get("found", "")), str(fault.get("expected", ""))
    where = f"step {step}: " if isinstance(step, int) else ""
    kind = str(fault.get("kind", ""))
    return {
        "kind": kind, "step": step if isinstance(step, int) else None, "track": "plan", "violations": [], "hint": str(fault.get("hint", "")),
        "message": f"{where}{kind.replace('_', ' ')}: expected {expected}, found {found}" if expected or found else f"{where}{kind.replace('_', ' ')}",
        "at": None, "line": None, "column": None,
    }  # fmt: skip


@lru_cache(maxsize=64)
def _named_domain(name: str, text: str) -> Domain:
    return read_domain(text or domain_text(name), "domain_pddl" if text else name)


def _task(entry: Entry) -> tuple[Task | None, str]:
    """(the task, "") or (None, why there is none)."""
    if not entry.problem_pddl:
        return None, entry.lacking
    try:
        domain = _named_domain(entry.domain, entry.domain_pddl)
        return Task(domain, read_problem(entry.problem_pddl, domain)), ""
    except (SourceError, PlanlearnError) as error:
        return None, f"The recorded problem cannot be read: {error}"


@lru_cache(maxsize=64)
def _picture(name: str, text: str) -> Mapping[str, Any] | None:
    from planlearn.report.pictures import picture_for

    return picture_for(_named_domain(name, text))


def shortened(text: str, most: int = LONGEST_TEXT) -> str:
    """A text of at most so many characters, and how many were left out."""
    return text if len(text) <= most else f"{text[:most]} [{len(text) - most:,} more characters are left out]"


def _unmark(attempt: Json) -> None:
    """Leave out the places behind the cut of the attempt's text."""
    places = [*attempt["faults"], *(step for track in attempt["tracks"] for step in track["steps"])]
    for one in places:
        if one["at"] is not None and one["at"][1] > LONGEST_TEXT:
            one["at"] = None


def _short(value: Any, name: str = "") -> Any:
    """Texts cut, and the lines that no rule reads counted; never a list that places elsewhere point into."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list):
        if name == "unread" and len(value) > MOST_LINES:
            value = [*value[:MOST_LINES], f"[{len(value) - MOST_LINES:,} more lines are left out]"]
        return [_short(one) for one in value]
    return {key: _short(one, key) for key, one in value.items()} if isinstance(value, dict) else value
