"""Two witnesses: our checker and the real VAL judge the same plans; every difference is listed.

VAL gets many plans a process, which costs a tenth of one each. But a refusal leaves its memory in disorder, and a
crash takes what it had printed with it: so what a process says is believed only up to its first refusal, and the
plans behind it are asked again. Plans that we refuse go into processes of their own at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from val_bridge.check import Verdict, check_plan
from val_bridge.check.plan import unreadable
from val_bridge.dialect.answering import differ, our_answer
from val_bridge.dialect.binary import Val, scratch
from val_bridge.dialect.deviations import TASK_REFUSED, Case, explain
from val_bridge.dialect.reading import Answer, Said, last_words, read_output, refusal_of_task
from val_bridge.pddl import Plan, SourceError, load_plan
from val_bridge.semantics import BindError, Task, read_task

BATCH = 50
"""Plans a process."""

TIMEOUT = 10.0
"""Seconds for a process; VAL needs milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What both said of a plan. `deviation` is the id of the known deviation that explains a difference, or ""."""

    name: str
    ours: Answer
    theirs: Answer
    difference: str = ""
    deviation: str = ""

    @property
    def disagreement(self) -> bool:
        """Whether there is a difference that nothing explains."""
        return bool(self.difference) and not self.deviation

    def __str__(self) -> str:
        if not self.difference:
            return f"{self.name}: both {self.ours}"
        known = f" [known: {self.deviation}]" if self.deviation else ""
        return f"{self.name}: {self.difference}: ours {self.ours}; VAL {self.theirs}{known}"

    def to_dict(self) -> dict[str, Any]:
        def answer(value: Answer) -> dict[str, Any]:
            return {
                "said": value.said.value,
                "step": value.step,
                "literals": list(value.literals),
                "words": value.words,
            }

        return {
            "plan": self.name,
            "difference": self.difference,
            "deviation": self.deviation,
            "ours": answer(self.ours),
            "val": answer(self.theirs),
        }


def crosscheck(
    domain_text: str,
    problem_text: str,
    plans: Iterable[tuple[str, bytes]],
    val: Val,
    *,
    batch: int = BATCH,
    timeout: float = TIMEOUT,
) -> Iterator[Comparison]:
    """Judges plans, each a name and the bytes of its file, by both; in the order given.

    A domain or problem that we refuse gives `TASK_REFUSED` for each plan that VAL judges all the same. Raises ValNotFound if
    VAL cannot run.
    """
    try:
        task = read_task(domain_text, problem_text)
    except SourceError as error:
        refusal = Answer(said=Said.REFUSED, words=f"{error.kind}: {error}")
        compare = partial(_compare_refused, refusal)
    else:
        compare = partial(_compare, task)
    plans = iter(plans)
    while waiting := list(islice(plans, batch)):
        yield from compare(domain_text, problem_text, waiting, val, timeout)


@contextmanager
def _written(domain_text: str, problem_text: str, plans: list[tuple[str, bytes]]) -> Iterator[tuple[Path, list[str]]]:
    """A folder with the files, and the names of the plans' files in it."""
    with scratch() as name:
        folder = Path(name)
        # Line ends and all: both read the same bytes.
        (folder / "domain").write_bytes(domain_text.encode())
        (folder / "problem").write_bytes(problem_text.encode())
        files = [str(number) for number in range(len(plans))]
        for file, (_, content) in zip(files, plans, strict=True):
            (folder / file).write_bytes(content)
        yield folder, files


def _compare_refused(
    ours: Answer, domain_text: str, problem_text: str, plans: list[tuple[str, bytes]], val: Val, timeout: float
) -> Iterator[Comparison]:
    with _written(domain_text, problem_text, plans) as (folder, files):
        answers = ask(val, folder, files, timeout)
        for file, (name, _) in zip(files, plans, strict=True):
            theirs = answers[file]
            judged = theirs.said in (Said.VALID, Said.INVALID)
            yield Comparison(
                name=name, ours=ours, theirs=theirs, difference=differ(ours, theirs) if judged else "",
                deviation=TASK_REFUSED.id if judged else "",
            )


def _compare(
    task: Task, domain_text: str, problem_text: str, plans: list[tuple[str, bytes]], val: Val, timeout: float
) -> Iterator[Comparison]:
    with _written(domain_text, problem_text, plans) as (folder, files):
        judged = [_judge(task, folder / file, name) for file, (name, _) in zip(files, plans, strict=True)]
        sound = [file for file, (plan, _) in zip(files, judged, strict=True) if plan and _callable(task, plan)]
        answers = ask(val, folder, sound, timeout)
        for file in files:
            if file not in answers:
                answers |= ask(val, folder, [file], timeout)
        for file, (name, content), (plan, verdict) in zip(files, plans, judged, strict=True):
            ours, theirs = our_answer(verdict), answers[file]
            difference = differ(ours, theirs)
            deviation = ""
            if difference:
                case = Case(task=task, content=content, plan=plan, verdict=verdict, ours=ours, theirs=theirs)
                deviation = explain(case)
            yield Comparison(name=name, ours=ours, theirs=theirs, difference=difference, deviation=deviation)


def _judge(task: Task, path: Path, name: str) -> tuple[Plan | None, Verdict]:
    try:
        plan = load_plan(path)
    except SourceError as error:
        span = error.span._replace(file=name)
        return None, unreadable(SourceError(error.kind, span, error.expected, error.found, error.hint))
    return plan, check_plan(task, plan)


def _callable(task: Task, plan: Plan) -> bool:
    """Whether every call names an action, those behind a fault too: VAL looks at all of them first."""
    try:
        for call in plan.calls:
            task.bind(call)
    except BindError:
        return False
    return True


def ask(val: Val, folder: Path, files: Sequence[str], timeout: float = TIMEOUT) -> dict[str, Answer]:
    """VAL's answer on each plan file of a folder that holds `domain` and `problem` too.

    A plan that VAL refuses, or on which it crashes or hangs, costs no other its answer. Raises ValNotFound.
    """
    answers: dict[str, Answer] = {}
    chunks = [list(files)] if files else []
    while chunks:
        chunk = chunks.pop()
        found, refusal, failure = _run(val, folder, chunk, timeout)
        if refusal:
            return dict.fromkeys(files, failure)
        if len(chunk) == 1:
            answers[chunk[0]] = found.get(chunk[0], failure)
            continue
        believed = _believed(found, chunk)
        answers |= believed
        rest = chunk[len(believed) :]
        if rest:
            # A refusal stands in the output, so the first of the rest is its cause. A crash may hide its place.
            cut = 1 if rest[0] in found else max(1, len(rest) // 2)
            chunks += [part for part in (rest[cut:], rest[:cut]) if part]
    return answers


def _run(
    val: Val, folder: Path, files: Sequence[str], timeout: float
) -> tuple[dict[str, Answer], str, Answer]:
    """The answers of one process; the words with which it refused the task; what to say of a plan without answer."""
    run = val.run(["-v", "domain", "problem", *files], folder, timeout)
    refusal = refusal_of_task(run.errors)
    words = refusal or last_words(run.output, run.errors)
    if run.status is None:
        failure = Answer(said=Said.STOPPED, words=f"no answer within {timeout:g} s")
    elif words:
        failure = Answer(said=Said.REFUSED, words=words)
    else:
        failure = Answer(said=Said.CRASHED, words=f"status {run.status}")
    return read_output(run.output, files), refusal, failure


def _believed(answers: dict[str, Answer], files: Sequence[str]) -> dict[str, Answer]:
    believed: dict[str, Answer] = {}
    for file in files:
        if file not in answers or answers[file].said not in (Said.VALID, Said.INVALID):
            break
        believed[file] = answers[file]
    return believed
