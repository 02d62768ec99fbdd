"""`planlearn check`: is a plan valid, and if not, why not."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from planlearn.cli.app import INTERNAL, command, report
from val_bridge import (
    Domain,
    Outcome,
    SourceError,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a plan.")] = False,
) -> None:
    """Judge plans, and say why one is wrong.

    Exit code: 0 all valid, 1 some invalid, 2 something unreadable or unsupported, 3 internal error; the highest that
    occurs. Each plan is judged alone: one that cannot be judged changes nothing for the others.
    """
    wording = feedback or (Wording.DETAILED if len(plans) == 1 else Wording.BINARY)
    try:
        loaded = named_domain(domain)
        task = Task(loaded, load_problem(problem, loaded))
    except SourceError as error:
        if not as_json:
            raise
        for path in plans:
            _print(path, source_answer(error))
        raise typer.Exit(2) from None
    code = 0
    for path in plans:
        try:
            verdict = _judge(task, path, tolerance)
            if as_json:
                _print(path, plan_answer(task, verdict) | _worded(verdict, task, feedback))
            else:
                text = _text(verdict, task, wording)
                typer.echo(text if len(plans) == 1 else f"{typer.format_filename(path)}: {text}")
            code = max(code, EXIT_CODES[verdict.outcome])
        except BrokenPipeError:
            raise
        except Exception as error:
            failed = report(error)
            code = max(code, failed)
            if as_json:
                _print(path, no_answer(f"internal error: {error}" if failed == INTERNAL else str(error)))
    raise typer.Exit(code)


def _print(path: Path, answer: dict[str, Any]) -> None:
    typer.echo(json.dumps({"plan": str(path)} | answer))


def named_domain(name: str) -> Domain:
    path = Path(name)
    if path.exists() or path.suffix or len(path.parts) > 1:
        return load_domain(path)
    from planlearn.problems import load_named_domain

    return load_named_domain(name)


def _judge(task: Task, path: Path, tolerance: float) -> Verdict:
    try:
        return check_plan(task, load_plan(path), tolerance=tolerance)
    except SourceError as error:
        return unreadable(error)


def _worded(verdict: Verdict, task: Task, wording: Wording | None) -> dict[str, str]:
    return {} if wording is None else {"feedback": _text(verdict, task, wording)}


def _text(verdict: Verdict, task: Task, wording: Wording) -> str:
    from planlearn.feedback import binary_feedback, detailed_feedback

    feedback = binary_feedback(verdict) if wording is Wording.BINARY else detailed_feedback(verdict, task)
    return feedback.text
