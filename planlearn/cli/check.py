"""`planlearn check`: is a plan valid, and if not, why not."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from planlearn.cli.app import INTERNAL, command, report, sentence
from planlearn.errors import PlanlearnError
from val_bridge import (
    Domain,
    Outcome,
    SourceError,
    Span,
    Task,
    Verdict,
    check_plan,
    load_domain,
    load_plan,
    load_problem,
    no_answer,
    plan_answer,
    source_answer,
)
from val_bridge.check.plan import unreadable
from val_bridge.pddl.read import read_utf8

EXIT_CODES = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.UNREADABLE: 2}


class Wording(StrEnum):
    """The levels of `planlearn.feedback`, named here so that --help need not import its templates."""

    BINARY = "binary"
    DETAILED = "detailed"


@command()
def check(
    domain: Annotated[
        str, typer.Argument(help="A domain file, or the name of a domain that planlearn carries.")
    ],
    problem: Annotated[Path, typer.Argument(help="A problem file.")],
    plans: Annotated[list[Path], typer.Argument(help="Plan files.")],
    feedback: Annotated[
        Wording | None, typer.Option(help="How much to say; for one plan detailed, for several binary.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="By how much comparisons of numbers may miss; VAL's is 0.0001.")
    ] = 0.0,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Find the plan in free text, and list each text that was skipped.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a plan.")] = False,
) -> None:
    """Judge plans, and say why one is wrong.

    Exit code: 0 all valid, 1 some invalid, 2 something unreadable or unsupported, 3 internal error; the highest that
    occurs. Each plan is judged alone: one that cannot be judged changes nothing for the others.
    """
    if not isfinite(tolerance):
        raise typer.BadParameter(f"{tolerance} is no tolerance; give a number such as 0.0001", param_hint="--tolerance")
    wording = feedback or (Wording.DETAILED if len(plans) == 1 else Wording.BINARY)
    try:
        task = named_task(domain, problem)
    except (SourceError, OSError, PlanlearnError) as error:
        if not as_json:
            raise
        for path in plans:
            _print(path, source_answer(error) if isinstance(error, SourceError) else no_answer(sentence(error)))
        raise typer.Exit(report(error)) from None
    code = 0
    for path in plans:
        try:
            verdict, skipped = (_judge_found if lenient else _judge)(task, path, tolerance)
            if as_json:
                texts = {"skipped": skipped} if lenient else {}
                _print(path, _placed(plan_answer(task, verdict), path) | texts | _worded(verdict, task, feedback))
            elif len(plans) == 1:
                typer.echo("\n".join([_text(verdict, task, wording), *map(_skipped_line, skipped)]))
            else:
                note = f" ({len(skipped)} texts skipped)" if skipped else ""
                typer.echo(f"{typer.format_filename(path)}: {_text(verdict, task, wording)}{note}")
            code = max(code, EXIT_CODES[verdict.outcome])
        except BrokenPipeError:
            raise
        except Exception as error:
            failed = report(error)
            code = max(code, failed)
            if as_json and isinstance(error, SourceError):
                # Its axioms take too long in a state that the plan leads to.
                _print(path, source_answer(error))
            elif as_json:
                _print(path, no_answer(f"internal error: {error}" if failed == INTERNAL else str(error)))
    raise typer.Exit(code)


def _print(path: Path, answer: dict[str, Any]) -> None:
    typer.echo(json.dumps({"plan": str(path)} | answer))


def named_task(domain: str, problem: Path) -> Task:
    """Raises SourceError, OSError, UnknownDomain."""
    loaded = named_domain(domain)
    return Task(loaded, load_problem(problem, loaded))


def named_domain(name: str) -> Domain:
    path = Path(name)
    if path.exists() or path.suffix or len(path.parts) > 1:
        return load_domain(path)
    from planlearn.problems import load_named_domain

    return load_named_domain(name)


Skips = list[dict[str, Any]]
"""What the lenient reader skipped: the text, why, line and column."""


def _judge(task: Task, path: Path, tolerance: float) -> tuple[Verdict, Skips]:
    try:
        plan = load_plan(path)
    except SourceError as error:
        return unreadable(error), []
    return check_plan(task, plan, tolerance=tolerance), []


def _judge_found(task: Task, path: Path, tolerance: float) -> tuple[Verdict, Skips]:
    """As `_judge`, of the plan that the lenient reader finds in the file's text."""
    from planlearn.chains import find_plan

    try:
        found = find_plan(read_utf8(path, "plan_syntax"), task)
    except SourceError as error:
        return unreadable(error), []
    skipped = [
        {"text": part.text, "reason": part.reason.value, "line": part.span.line, "column": part.span.column}
        for part in found.skipped
    ]
    if found.plan is not None:
        verdict = check_plan(task, found.plan, tolerance=tolerance)
    else:
        start = Span(file=str(path), line=1, column=1, start=0, end=0)
        verdict = unreadable(found.error or SourceError("plan_syntax", start, "a plan", "no action in the text"))
    # The reader of texts does not know the name of the file.
    faults = [replace(fault, span=fault.span and fault.span._replace(file=str(path))) for fault in verdict.faults]
    return replace(verdict, faults=tuple(faults)), skipped


def _placed(answer: dict[str, Any], path: Path) -> dict[str, Any]:
    """The answer with the file's name in the places of later calls, as `_judge_found` does for the first."""
    for error in answer["later_errors"]:
        error["place"]["file"] = str(path)
    return answer


def _skipped_line(part: dict[str, Any]) -> str:
    return f"  skipped at {part['line']}:{part['column']} ({part['reason']}): {part['text']}"


def _worded(verdict: Verdict, task: Task, wording: Wording | None) -> dict[str, str]:
    return {} if wording is None else {"feedback": _text(verdict, task, wording)}


def _text(verdict: Verdict, task: Task, wording: Wording) -> str:
    from planlearn.feedback import binary_feedback, detailed_feedback

    feedback = binary_feedback(verdict) if wording is Wording.BINARY else detailed_feedback(verdict, task)
    return feedback.text
