"""Recorded answers of any model, against the instances they answer.

A row is a JSON object with `instance_set`, `instance_id` (the N of `instance-N.pddl`), the answer under some field,
and perhaps `recorded_valid`, somebody else's verdict to compare with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planlearn.chains import find_plan
from planlearn.errors import PlanlearnError
from planlearn.files import numbered_json
from planlearn.problems import PlanBenchProblem, read_planbench
from val_bridge import Outcome, Task, check_plan, check_plan_text
from val_bridge.check.plan import unreadable

RESPONSE = "response"
NO_PLAN = "no_plan"


class AnswersError(PlanlearnError):
    """A file of answers that cannot be used; names the file and the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """One row. recorded_valid: the verdict that came with it, None where there is none."""

    file: str
    line: int
    set: str
    number: int
    text: str
    recorded_valid: bool | None

    @property
    def id(self) -> str:
        return f"{self.set}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """error: None for a valid plan, NO_PLAN, or the name of the fault. reason: one sentence."""

    error: str | None
    reason: str

    @property
    def valid(self) -> bool:
        return self.error is None


def read_recorded(path: Path, field: str = RESPONSE) -> list[RecordedAnswer]:
    """The rows of a JSONL file, blank lines left out; `field` holds the answer: a text, a list of lines, or null.

    Raises AnswersError.
    """
    answers = []
    for number, row in numbered_json(path, AnswersError):
        try:
            answers.append(_answer(str(path), number, row, field))
        except AnswersError as error:
            raise AnswersError(f"{path}:{number}: {error}") from None
    return answers


def _answer(file: str, line: int, row: Any, field: str) -> RecordedAnswer:
    if not isinstance(row, dict):
        raise AnswersError(f"expected a JSON object, found {_kind(row)}")
    missing = [name for name in ("instance_set", "instance_id", field) if name not in row]
    if missing:
        raise AnswersError(f"no field {missing[0]!r}")
    name, number, text, theirs = row["instance_set"], row["instance_id"], row[field], row.get("recorded_valid")
    if not isinstance(name, str):
        raise AnswersError(f"instance_set: expected a text, found {_kind(name)}")
    if not isinstance(number, int) or isinstance(number, bool):
        raise AnswersError(f"instance_id: expected a whole number, found {_kind(number)}")
    if isinstance(text, list) and all(isinstance(part, str) for part in text):
        text = "\n".join(text)
    if text is not None and not isinstance(text, str):
        raise AnswersError(f"{field}: expected a text or a list of lines, found {_kind(text)}")
    if theirs is not None and not isinstance(theirs, bool):
        raise AnswersError(f"recorded_valid: expected true, false or null, found {_kind(theirs)}")
    return RecordedAnswer(file=file, line=line, set=name, number=number, text=text or "", recorded_valid=theirs)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def judge_answer(task: Task, text: str, *, strict: bool = False) -> Judged:
    """Is the plan in an answer valid? Leniently by `find_plan`; strictly the text must be a plan and nothing else."""
    if strict:
        verdict = check_plan_text(task, text, "answer") if text.strip() else None
    else:
        found = find_plan(text, task)
        if found.plan is not None:
            verdict = check_plan(task, found.plan)
        else:
            verdict = unreadable(found.error) if found.error is not None else None
    if verdict is None:
        return Judged(error=NO_PLAN, reason="there is no plan in the answer")
    if verdict.outcome is Outcome.VALID:
        return Judged(error=None, reason=str(verdict))
    assert verdict.first is not None
    return Judged(error=verdict.first.kind.value, reason=str(verdict))


class _Tasks:
    """The task of each instance below a folder, made when it is asked for."""

    def __init__(self, instances: Path, wanted: Iterable[str]) -> None:
        self.problems: dict[tuple[str, int], PlanBenchProblem] = {(p.set, p.id): p for p in read_planbench(instances)}
        sets, wanted = {name for name, _ in self.problems}, set(wanted)
        # A folder of one set may have any name, as long as it is clear which answers are about it.
        self.alias = {only: next(iter(sets)) for only in wanted} if len(sets) == len(wanted) == 1 else {}
        self.tasks: dict[tuple[str, int], Task] = {}

    def get(self, name: str, number: int) -> Task | None:
        key = (self.alias.get(name, name), number)
        problem = self.problems.get(key)
        if problem is None:
            return None
        if key not in self.tasks:
            self.tasks[key] = problem.task()
        return self.tasks[key]


def score_recorded(
    answers: list[RecordedAnswer], instances: Path, *, strict: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """One JSON object over all answers; `progress` hears how many are done.

    n: judged. valid. errors: how many by fault. no_plan. skipped: rows without an instance in the folder. agreement:
    share of judged rows that agree with `recorded_valid` among those that have one, None without any. disagreements:
    id, file, line, ours, theirs, reason. files: the same figures by file.

    Raises PlanlearnError for a folder without instances, SourceError for a broken one.
    """  # fmt: skip
    tasks = _Tasks(instances, (answer.set for answer in answers))
    total, by_file = _Count(), {answer.file: _Count() for answer in answers}
    errors: Counter[str] = Counter()
    disagreements: list[dict[str, Any]] = []
    for done, answer in enumerate(answers, start=1):
        task = tasks.get(answer.set, answer.number)
        judged = judge_answer(task, answer.text, strict=strict) if task is not None else None
        for count in (total, by_file[answer.file]):
            count.add(judged, answer.recorded_valid)
        if judged is not None:
            if judged.error not in (None, NO_PLAN):
                errors[str(judged.error)] += 1
            if answer.recorded_valid not in (None, judged.valid):
                disagreements.append({
                    "id": answer.id, "file": answer.file, "line": answer.line, "ours": judged.valid,
                    "theirs": answer.recorded_valid, "reason": judged.reason,
                })  # fmt: skip
        progress(done)
    figures = total.figures()
    agreement = figures.pop("agreement")
    return {
        "n": figures.pop("n"), "valid": figures.pop("valid"), "errors": dict(sorted(errors.items())), **figures,
        "agreement": agreement, "disagreements": disagreements,
        "files": [{"file": file} | count.figures() for file, count in by_file.items()],
    }  # fmt: skip


class _Count:
    """Running figures."""

    def __init__(self) -> None:
        self.n = self.valid = self.no_plan = self.skipped = self.compared = self.agreed = 0

    def add(self, judged: Judged | None, theirs: bool | None) -> None:
        if judged is None:
            self.skipped += 1
            return
        self.n += 1
        self.valid += judged.valid
        self.no_plan += judged.error == NO_PLAN
        if theirs is not None:
            self.compared += 1
            self.agreed += judged.valid == theirs

    def figures(self) -> dict[str, Any]:
        agreement = self.agreed / self.compared if self.compared else None
        return {
            "n": self.n, "valid": self.valid, "no_plan": self.no_plan, "skipped": self.skipped, "agreement": agreement,
        }  # fmt: skip
