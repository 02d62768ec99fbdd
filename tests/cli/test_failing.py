"""Every failure is one line on stderr and its own exit code."""

import errno
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner, Result

from planlearn.cli.app import app, command, report
from planlearn.errors import DiskFull, EngineError, PlanlearnError
from val_bridge import SourceError, Span

SPAN = Span(file="p.pddl", line=14, column=9, start=0, end=1)

FAILURES = [
    (EngineError("the engine was stopped after 60 s"), 2, "planlearn: the engine was stopped after 60 s"),
    (DiskFull("r.json: no space left on the device"), 2, "planlearn: r.json: no space left on the device"),
    (PlanlearnError("two\nlines"), 2, "planlearn: two lines"),
    (
        SourceError("problem_syntax", SPAN, "a block", "')'"),
        2,
        "planlearn: p.pddl:14:9: expected a block, found ')'",
    ),
    (FileNotFoundError(errno.ENOENT, "No such file", "x"), 2, "planlearn: x: No such file"),
    (PermissionError(errno.EACCES, "Permission denied", b"x"), 2, "planlearn: x: Permission denied"),
    (
        OSError(errno.ENOSPC, "No space"),
        2,
        "planlearn: no space left on the device; free some and run the same command again",
    ),
    (
        OSError(errno.EDQUOT, "Quota", "f"),
        2,
        "planlearn: f: no space left on the device; free some and run the same command again",
    ),
    (
        RuntimeError("IoError(Os { code: 28, message: \"No space left on device\" })"),
        2,
        "planlearn: no space left on the device; free some and run the same command again",
    ),
    (
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598"),  # torch.save
        2,
        "planlearn: no space left on the device; free some and run the same command again",
    ),
    (KeyError("x"), 3, "planlearn: internal error: KeyError: 'x' (set PLANLEARN_DEBUG=1 for the traceback)"),
    (OSError("odd"), 3, "planlearn: internal error: OSError: odd (set PLANLEARN_DEBUG=1 for the traceback)"),
    (MemoryError(), 3, "planlearn: internal error: MemoryError: (set PLANLEARN_DEBUG=1 for the traceback)"),
    (KeyboardInterrupt(), 130, "planlearn: interrupted"),
]


@pytest.fixture
def failing() -> Iterator[type]:
    """A command `boom` that raises what `Boom.error` holds."""

    class Boom:
        error: BaseException

    registered = len(app.registered_commands)

    @command()
    def boom() -> None:
        """Fail."""
        raise Boom.error

    yield Boom
    del app.registered_commands[registered:]


def invoke() -> Result:
    return CliRunner().invoke(app, ["boom"])


@pytest.mark.parametrize(("error", "code", "line"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_failure_is_one_line_and_a_code(
    failing: type, error: BaseException, code: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLANLEARN_DEBUG", raising=False)
    failing.error = error
    result = invoke()
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", line + "\n")


@pytest.mark.parametrize(
    ("error", "code"), [(typer.Exit(7), 7), (typer.BadParameter("no"), 2), (typer.Abort(), 1)]
)
def test_a_command_may_end_in_typers_own_ways(failing: type, error: Exception, code: int) -> None:
    failing.error = error
    result = invoke()
    assert result.exit_code == code and "internal error" not in result.stderr


def test_debugging_shows_the_traceback_and_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLANLEARN_DEBUG", "1")
    try:
        raise KeyError("x")
    except KeyError as error:
        assert report(error) == 3
    shown = capsys.readouterr().err
    assert "Traceback" in shown and shown.endswith("planlearn: internal error: KeyError: 'x'\n")
