"""The typer app and what every command shares: registration and the one way to fail.

Exit codes: 0 done, 1 a plan is invalid (check) or two checkers disagree (crosscheck), 2 a mistake the user can
mend (usage, files, PlanlearnError), 3 a defect of planlearn, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import typer

from planlearn import __version__
from planlearn.errors import words_for

USAGE, INTERNAL, INTERRUPTED = 2, 3, 130
DEBUG = "PLANLEARN_DEBUG"

# Plain help: rich costs a quarter of a second at every start.
_PLAIN: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "no_args_is_help": True,
}

app = typer.Typer(name="planlearn", help="Teach small language models to plan, and check plans.", **_PLAIN)

Command = TypeVar("Command", bound=Callable[..., None])


def group(name: str, help: str) -> typer.Typer:
    """A group of commands below `planlearn`, e.g. `data = group("data", "...")`, then `@command(data)`."""
    child = typer.Typer(**_PLAIN)
    app.add_typer(child, name=name, help=help)
    return child


def command(parent: typer.Typer = app) -> Callable[[Command], Command]:
    """Register a function as the command of its name; the first line of its docstring is the one-line help.

    Failures end in one line on stderr and an exit code. A command that has its own code raises
    `typer.Exit(code)`.
    """

    def register(function: Command) -> Command:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except (typer.Exit, typer.Abort, typer.BadParameter):
                raise  # typer's own ways to end a command
            except BrokenPipeError:
                raise  # `planlearn ... | head`: click ends it quietly
            except (Exception, KeyboardInterrupt) as error:
                raise typer.Exit(report(error)) from None

        parent.command(name=function.__name__.replace("_", "-"))(guarded)
        return function

    return register


def report(error: BaseException) -> int:
    """Say on stderr, in one line, what stopped the command; the exit code that goes with it.

    With PLANLEARN_DEBUG=1 the traceback comes first.
    """
    said, code = _explain(error)
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error)
    print(f"planlearn: {' '.join(said.split())}", file=sys.stderr)
    return code


def sentence(error: BaseException) -> str:
    """What `report` says of an error, for those who do not print it."""
    return " ".join(_explain(error)[0].split())


def _explain(error: BaseException) -> tuple[str, int]:
    if (said := words_for(error)) is not None:
        return said, USAGE
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    hint = "" if os.environ.get(DEBUG) == "1" else f" (set {DEBUG}=1 for the traceback)"
    return f"internal error: {type(error).__name__}: {error}{hint}", INTERNAL


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"planlearn {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass
