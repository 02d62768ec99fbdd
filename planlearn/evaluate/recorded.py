"""Recorded answers of any model, against the instances they answer.

A row is a JSON object with `instance_set`, `instance_id` (the N of `instance-N.pddl`), the answer under some field,
and perhaps `recorded_valid`, somebody else's verdict to compare with, `model` and `prompt`, the names of who was asked how. Each row becomes
a `Sample`, so that it is judged and summed up by what judges our own answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from planlearn.chains import find_plan
from planlearn.errors import EngineError, PlanlearnError
from planlearn.evaluate.arms import CONTROLS, GREEDY, MASKED, RECORDED, Kind, kind_of
from planlearn.evaluate.rescore import write_scored
from planlearn.evaluate.results import build_results
from planlearn.evaluate.scoring import NO_PLAN_REASON, Reader, Result, Sample, SampleRecord, score
from planlearn.files import file_sha256, numbered_json
from planlearn.planners import reference_plan
from planlearn.problems import PlanBenchProblem, domain_names, domain_text, has_no_plans, load_named_domain, read_planbench
from val_bridge import FaultKind, Outcome, Task, check_plan, check_plan_text
from val_bridge.check.plan import unreadable

RESPONSE = "response"
NO_PLAN = "no_plan"


class AnswersError(PlanlearnError):
    """A file of answers that cannot be used; names the file and the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """One row. recorded_valid: the verdict that came with it, None where there is none. model, prompt: their names, "" where untold."""

    file: str
    line: int
    set: str
    number: int
    text: str
    recorded_valid: bool | None
    model: str = ""
    prompt: str = ""

    @property
    def id(self) -> str:
        return f"{self.set}-{self.number}"

    @property
    def asked(self) -> tuple[str, str]:
        """(model, prompt). What the row does not tell is taken from a file's name SET__MODEL__PROMPT; another name is that of the model."""
        stem = Path(self.file).stem
        model, _, prompt = stem.partition("__")[2].partition("__")
        return self.model or model or stem, self.prompt or prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """error: None for a right answer (a valid plan, "there is none" where there is none), NO_PLAN, or the name of the fault. reason: one sentence."""

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
    told = {key: row[key] for key in ("model", "prompt") if isinstance(row.get(key), str)}
    return RecordedAnswer(file=file, line=line, set=name, number=number, text=text or "", recorded_valid=theirs, **told)


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
        return Judged(error=NO_PLAN, reason=NO_PLAN_REASON)
    if verdict.outcome is Outcome.VALID:
        return Judged(error=None, reason=str(verdict))
    assert verdict.first is not None
    return Judged(error=verdict.first.kind.value, reason=str(verdict))


def judged_by(record: SampleRecord) -> Judged:
    """What a record of a recorded answer says of it, in the words of `judge_answer`."""
    if record.outcome is Result.VALID:
        steps = record.plan_length
        return Judged(error=None, reason=f"valid: the goal holds after {steps} step{'' if steps == 1 else 's'}")
    if record.outcome is Result.UNSOLVABLE:
        return Judged(error=NO_PLAN if record.sample.solvable else None, reason="the answer says that there is no plan")
    if record.faults:
        return Judged(error=str(record.faults[0]["kind"]), reason=f"{record.outcome.value}: {record.faults[0]['message']}")
    if no_plan_found(record):
        return Judged(error=NO_PLAN, reason=NO_PLAN_REASON)
    error = FaultKind.PLAN_SYNTAX.value if record.outcome is Result.UNREADABLE else record.outcome.value
    return Judged(error=error, reason=f"{record.outcome.value}: {record.problem}")


def no_plan_found(record: SampleRecord) -> bool:
    """Whether there was nothing in the answer that a lenient reader takes for a plan, not even a broken one; it may say that there is none."""
    return record.outcome is Result.UNSOLVABLE or (record.outcome is Result.UNREADABLE and record.problem == NO_PLAN_REASON)


class _Tasks:
    """The task of each instance below a folder, made when it is asked for."""

    def __init__(self, instances: Path, wanted: Iterable[str]) -> None:
        wanted = set(wanted)
        try:
            problems = read_planbench(instances, wanted)
        except PlanlearnError:  # a set that is not there: its answers are skipped
            problems = read_planbench(instances)
        self.problems: dict[tuple[str, int], PlanBenchProblem] = {(p.set, p.id): p for p in problems}
        sets = {name for name, _ in self.problems}
        # A folder of one set may have any name, as long as it is clear which answers are about it.
        self.alias = {only: next(iter(sets)) for only in wanted} if len(sets) == len(wanted) == 1 else {}
        self.tasks: dict[tuple[str, int], Task] = {}
        self.lengths: dict[tuple[str, int], int | None] = {}

    def get(self, name: str, number: int) -> tuple[Task, PlanBenchProblem] | None:
        key = (self.alias.get(name, name), number)
        problem = self.problems.get(key)
        if problem is None:
            return None
        if key not in self.tasks:
            self.tasks[key] = problem.task()
        return self.tasks[key], problem

    def reference_length(self, task: Task, problem: PlanBenchProblem) -> int | None:
        """Steps of our reference plan; None where there is none, or where it is not found in time."""
        key = (problem.set, problem.id)
        if key not in self.lengths:
            try:
                plan = reference_plan(problem.set, task)
            except EngineError:
                plan = None
            self.lengths[key] = len(plan.calls) if plan is not None else None
        return self.lengths[key]


@cache
def _names_of_domains() -> dict[tuple[str, frozenset[str]], str]:
    named = {name: load_named_domain(name) for name in domain_names()}
    return {(domain.name, frozenset(domain.actions)): name for name, domain in named.items()}


def _domain(task: Task, problem: PlanBenchProblem) -> tuple[str, str]:
    """The folder in `domains/` that a task is of, by the names of its domain and actions, else its set; and its PDDL unless that is the folder's."""
    named = _names_of_domains().get((task.domain.name, frozenset(task.domain.actions)))
    if named is None:
        return problem.set, problem.domain_text
    return named, "" if domain_text(named) == problem.domain_text else problem.domain_text


def recorded_arms(answers: Sequence[RecordedAnswer]) -> list[str]:
    """The arm of each answer: "recorded" where all are of one model and prompt, else these two names."""
    if len({answer.asked for answer in answers}) <= 1:
        return [RECORDED] * len(answers)
    names = [" ".join(filter(None, answer.asked)) for answer in answers]
    # A file may be called as one of our own arms is, whose answers belong together in another way.
    ours = {name for name in names if name in (GREEDY, MASKED, *CONTROLS) or kind_of(name) is not Kind.ONE}
    return [f"{RECORDED} {name}" if name in ours else name for name in names]


def refuse_second(answers: Sequence[RecordedAnswer]) -> None:
    """Raise AnswersError where an arm has two answers to one instance, which would be two rows of one answer; ask before the work starts."""
    seen: dict[tuple[str, str], RecordedAnswer] = {}
    for answer, arm in zip(answers, recorded_arms(answers), strict=True):
        first = seen.setdefault((arm, answer.id), answer)
        if first is not answer:
            raise AnswersError(
                f"{answer.file}:{answer.line}: a second answer of {' '.join(filter(None, answer.asked))} to {answer.id}; the first is "
                f"{first.file}:{first.line}; fields model and prompt tell apart whose they are"
            )


def judge_recorded(
    answers: list[RecordedAnswer], instances: Path, *, reference: bool = False, progress: Callable[[int], None] = lambda done: None
) -> list[SampleRecord | None]:
    """The record of each answer, read leniently; None for those without an instance in the folder. `progress` hears how many are done.

    Id, domain and size are those with which `asked_from_planbench` asks the instance; arms are those of `recorded_arms`. reference: plan each
    instance too, which takes far longer than judging. Raises PlanlearnError for a folder without instances, SourceError for a broken one.
    """
    tasks = _Tasks(instances, (answer.set for answer in answers))
    records: list[SampleRecord | None] = []
    for done, (answer, arm) in enumerate(zip(answers, recorded_arms(answers), strict=True), start=1):
        known = tasks.get(answer.set, answer.number)
        if known is None:
            records.append(None)
        else:
            task, problem = known
            domain, domain_pddl = _domain(task, problem)
            records.append(score(task, Sample(
                domain=domain, arm=arm, id=answer.id, size=str(len(task.objects)),
                prompt="", answer=answer.text, stop=RECORDED, prompt_tokens=0, tokens=0, seconds=0.0, reader=Reader.LENIENT,
                reference_length=tasks.reference_length(task, problem) if reference else None,
                solvable=not has_no_plans(problem.set), domain_pddl=domain_pddl, problem_pddl=problem.problem_text,
            )))  # fmt: skip
        progress(done)
    return records


def score_recorded(
    answers: list[RecordedAnswer], instances: Path, *, strict: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """The figures of `recorded_figures`, of answers read leniently or (strict) taken for a plan only where they are one and nothing else.

    Raises PlanlearnError for a folder without instances, SourceError for a broken one.
    """  # fmt: skip
    if not strict:
        return recorded_figures(answers, judge_recorded(answers, instances, progress=progress))
    tasks = _Tasks(instances, (answer.set for answer in answers))
    judged: list[Judged | None] = []
    for done, answer in enumerate(answers, start=1):
        known = tasks.get(answer.set, answer.number)
        judged.append(judge_answer(known[0], answer.text, strict=True) if known is not None else None)
        progress(done)
    return _figures(answers, judged)


def recorded_figures(answers: list[RecordedAnswer], records: list[SampleRecord | None]) -> dict[str, Any]:
    """One JSON object over all answers and their records.

    n: judged. valid. errors: how many by fault. no_plan. skipped: rows without an instance in the folder. agreement:
    share of judged rows that agree with `recorded_valid` among those that have one, None without any. disagreements:
    id, file, line, ours, theirs, reason. files: the same figures by file.
    """
    return _figures(answers, [None if record is None else judged_by(record) for record in records])


def _figures(answers: list[RecordedAnswer], judgements: list[Judged | None]) -> dict[str, Any]:
    total, by_file = _Count(), {answer.file: _Count() for answer in answers}
    errors: Counter[str] = Counter()
    disagreements: list[dict[str, Any]] = []
    for answer, judged in zip(answers, judgements, strict=True):
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


def write_recorded(out: Path, answers: list[RecordedAnswer], records: list[SampleRecord | None], instances: Path) -> dict[str, Any]:
    """Write results.json and samples.jsonl of recorded answers with all measures; gives the results.

    Raises AnswersError as `refuse_second` does, ResultExists, DiskFull.
    """
    refuse_second(answers)
    hashes = {file: file_sha256(Path(file)) for file in dict.fromkeys(answer.file for answer in answers)}
    kept = [(hashes[answer.file][:16], record) for answer, record in zip(answers, records, strict=True) if record is not None]
    told = {name: sorted({getattr(answer, name) for answer in answers} - {""}) for name in ("model", "prompt")}
    about: dict[str, Any] = {name: ", ".join(names) for name, names in told.items() if names}
    about |= {"instances": instances.name, "answers": [Path(file).name for file in hashes], "skipped": len(answers) - len(kept)}
    results = build_results([record for _, record in kept], about=about, hashes={Path(file).name: sha for file, sha in hashes.items()})
    write_scored(out, kept, results)
    return results
