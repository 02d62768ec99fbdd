"""The table of models: recorded answers of others, judged here, and our own results beside them, as Markdown between two marks of a README."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.evaluate.arms import CONTROLS, GREEDY
from planlearn.evaluate.intervals import Interval
from planlearn.evaluate.recorded import RecordedAnswer, no_plan_found, refuse_second
from planlearn.evaluate.results import summarise
from planlearn.evaluate.scoring import Result, SampleRecord
from planlearn.files import write_text

BEGIN, END = "<!-- recorded:begin -->", "<!-- recorded:end -->"
OURS = "own format, greedy"
PLANBENCH = "PlanBench"
HEADER = (
    "set", "model", "prompt", "n", "valid % (95 %)", "PlanBench's verdict %", "goal reached %", "executable prefix %", "no plan found",
    "no readable plan",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model on a set of problems, asked in one way.

    n: judged answers. theirs: share that PlanBench's own verdict calls valid, of those answers that have one. prefix: mean share of a plan's
    leading steps that can be executed, over readable plans. no_plan: answers in which nothing looks like a plan; unreadable: with
    these, all whose plan cannot be read. ours: of a model of ours, from a results.json, which does not tell the two apart.
    """

    set: str
    model: str
    prompt: str
    n: int
    valid: Interval
    theirs: float | None
    goal: float | None
    prefix: float | None
    no_plan: int | None
    unreadable: int
    ours: bool = False


def recorded_rows(answers: Sequence[RecordedAnswer], records: Sequence[SampleRecord | None]) -> list[ModelRow]:
    """A row a set, model and prompt, of the answers that have a record; sets whose problems have no plan have no row.

    Raises AnswersError as `refuse_second` does.
    """
    refuse_second(answers)
    groups: dict[tuple[str, str, str], list[tuple[RecordedAnswer, SampleRecord]]] = {}
    for answer, record in zip(answers, records, strict=True):
        if record is not None:
            groups.setdefault((answer.set, *answer.asked), []).append((answer, record))
    rows = []
    for (name, model, prompt), some in groups.items():
        judged = [record for _, record in some]
        numbers = summarise(judged)
        if numbers["plan_validity"] is None:
            continue
        theirs = [
            answer.recorded_valid for answer, record in some if answer.recorded_valid is not None and record.outcome is not Result.CHECKER_ERROR
        ]
        rows.append(_row(
            numbers, set=name, model=model, prompt=prompt, theirs=sum(theirs) / len(theirs) if theirs else None,
            no_plan=sum(map(no_plan_found, judged)),
        ))  # fmt: skip
    return rows


def result_rows(path: Path, label: str = "", *, controls: bool = False) -> list[ModelRow]:
    """A row a domain and arm of a results.json; label: what the model is called, else the folder's name. Raises PlanlearnError.

    controls: rows of the control arms too, which are no model of ours. A set that is not PlanBench's has its source in its name, since ours
    are named as PlanBench's folders are.
    """
    label = label or path.resolve().parent.name
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        name, source = Path(results["about"].get("instances", "")).stem, results["about"].get("source", PLANBENCH)
        # Asked in our format, as all were by releases that did not describe their arms.
        own = "style" in results["about"] or "arms" not in results["about"]
        rows = []
        for domain, arms in results["results"].items():
            for arm, numbers in arms.items():
                control = arm in CONTROLS
                if numbers["plan_validity"] is not None and (controls or not control):
                    rows.append(_row(
                        numbers, set=(name or domain) + ("" if source == PLANBENCH else f" ({source})"), model=arm if control else label,
                        prompt=f"control of {label}" if control else (OURS if arm == GREEDY else arm) if own else f"PDDL, {arm}", theirs=None,
                        no_plan=None, ours=own and not control,
                    ))  # fmt: skip
        return rows
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanlearnError(f"{path}: not a results.json ({type(error).__name__}: {error})") from None


def _row(numbers: Mapping[str, Any], **about: Any) -> ModelRow:
    valid, goal = Interval(**numbers["plan_validity"]), numbers["goal_reached"]
    return ModelRow(
        n=valid.n, valid=valid, goal=None if goal is None else goal["value"], prefix=numbers["executable_prefix"],
        unreadable=numbers["outcomes"]["unreadable"] + numbers["outcomes"].get("unsolvable", 0), **about,
    )


def models_markdown(rows: Iterable[ModelRow], skipped: int = 0) -> str:
    """The table, sets by name and the best model first, and below it what its columns are. skipped: answers without an instance."""
    ordered = sorted(rows, key=lambda row: (row.set, -row.valid.value, row.model, row.prompt))
    lines = [HEADER, ("---", "---", "---", *["---:"] * (len(HEADER) - 3))]
    for row in ordered:
        lines.append((
            f"`{row.set}`", f"**{_cell(row.model)}** (ours)" if row.ours else _cell(row.model), _cell(row.prompt), str(row.n), str(row.valid),
            _per_cent(row.theirs), _per_cent(row.goal), _per_cent(row.prefix), "-" if row.no_plan is None else str(row.no_plan),
            str(row.unreadable),
        ))  # fmt: skip
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    left = f" ({skipped} more answers are to instances that are not there)" if skipped else ""
    unless = ", unless the prompt column names another arm," if any(row.ours and row.prompt != OURS for row in ordered) else ""
    return (
        f"{table}\nn: answers judged{left}. The plan of a recorded answer is found in its raw text; ours{unless} are greedy, one attempt, and have to be "
        "in our own format to the letter; they were trained for the domain, the others only asked. All are judged by the same checker. "
        "Executable prefix: mean share of leading steps that can be executed, over plans that can be read. No readable plan: none was found, or one with a line that cannot be read.\n"
    )


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _per_cent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def around_marks(path: Path) -> tuple[str, str]:
    """What stands before and behind the two marks of a file, with them. Raises PlanlearnError unless each mark is there once, in order."""
    try:
        whole = path.read_bytes().decode("utf-8")  # as it is: line ends too
    except UnicodeDecodeError as error:
        raise PlanlearnError(f"{path}: not UTF-8 text (byte {error.start})") from None
    if whole.count(BEGIN) != 1 or whole.count(END) != 1 or whole.index(END) < whole.index(BEGIN):
        raise PlanlearnError(f"{path}: expected one line {BEGIN} and behind it one line {END}; the table goes between them")
    return whole[: whole.index(BEGIN) + len(BEGIN)], whole[whole.index(END) :]


def put_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the two marks of a file, in one step. Raises PlanlearnError as `around_marks` does, DiskFull."""
    before, after = around_marks(path)
    write_text(path, f"{before}\n{text}{after}")
