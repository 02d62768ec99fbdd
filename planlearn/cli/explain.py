"""`planlearn explain`: a plan or chain step by step, in the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planlearn.cli.app import INTERNAL, command
from planlearn.cli.check import named_task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planlearn.report.terminal import Line, Signs


@command()
def explain(
    domain: Annotated[str, typer.Argument(help="A domain file, or the name of a domain that planlearn carries.")],
    problem: Annotated[Path, typer.Argument(help="A problem file.")],
    plan: Annotated[Path, typer.Argument(help="A plan, planlearn's chain text, or a JSON list of states and actions.")],
    step: Annotated[
        int | None, typer.Option(min=0, help="Only this step, between the whole states before and behind it; 0: the state at the start.")
    ] = None,
    states: Annotated[bool, typer.Option("--states/--no-states", help="Show the state behind each step.")] = True,
) -> None:
    """Show a plan step by step: what each action needs and changes, the state behind it, and where and why it fails.

    Facts that no action changes are left out of states, but for --step. In colour on a terminal, unless NO_COLOR is set.
    Exit code: 0 valid, 1 invalid (or what a chain says of a valid plan's steps is wrong), 2 unreadable, 3 internal error.
    """
    from planlearn.report.pictures import picture_for
    from planlearn.report.playback import FactTable, problem_json, text_attempt
    from planlearn.report.terminal import PLAIN_WIDTH, attempt_lines, ending
    from val_bridge.pddl.read import read_utf8

    task = named_task(domain, problem)
    facts = FactTable()
    attempt = text_attempt(task, facts, read_utf8(plan, "plan_syntax"), file=str(plan))
    told = problem_json(task, facts)
    width = _columns()
    lines = attempt_lines(
        told, attempt, step=step, states=states, width=width or PLAIN_WIDTH, signs=_signs(), picture=picture_for(task.domain)
    )
    _print(lines)
    codes = {"valid": 0, "invalid": 1, "checker_error": INTERNAL}
    raise typer.Exit(codes.get(ending(attempt)[0], 2))


def _columns() -> int | None:
    """Of the terminal; None elsewhere, so that text in files is always the same."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _signs() -> Signs:
    from planlearn.report.terminal import ASCII, Signs

    try:
        f"{Signs().yes}{Signs().no}".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return ASCII
    return Signs()


def _print(lines: Iterable[Line]) -> None:
    from planlearn.report.terminal import plain

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        typer.echo(plain(lines), nl=False)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*line))
