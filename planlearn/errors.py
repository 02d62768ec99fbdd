"""What a user can get wrong, as exceptions that say it in one sentence.

Policy: a wrong *plan* is a value (`val_bridge.Verdict`), a broken *PDDL file* is `val_bridge.SourceError`, everything
else that a user can mend is a `PlanlearnError`. The command line prints it without a traceback and exits with 2; any
other exception is a defect of planlearn and exits with 3.

    PlanlearnError
    ├── RecipeError        a recipe or an override that cannot be used
    ├── UnknownDomain      no such domain; the message names the nearest one
    ├── ModelNotFound      a preset, folder or hub id that cannot be loaded
    ├── AdapterMismatch    an adapter trained on another base model
    ├── SequenceTooLong    an example that does not fit the model's context
    ├── ResultExists       a finished result stands where this one would be written
    ├── DiskFull           no space left while writing a result
    ├── BeyondStrips       a task in a language that only the checker knows
    └── EngineError        a planning engine that is missing, failed or was stopped
"""

import errno
import os
from typing import Protocol

from val_bridge import SourceError


class HasLanguage(Protocol):
    """A task, a domain or a problem."""

    @property
    def is_strips(self) -> bool: ...


class PlanlearnError(Exception):
    """A mistake that the user can mend; its text is one clear sentence."""


class RecipeError(PlanlearnError):
    """A recipe or an override that cannot be used; names every mistake in it."""


class UnknownDomain(PlanlearnError):
    """No such domain; names the nearest known one."""


class ModelNotFound(PlanlearnError):
    """A preset, folder or hub id that cannot be loaded."""


class AdapterMismatch(PlanlearnError):
    """An adapter that was trained on another base model."""


class SequenceTooLong(PlanlearnError):
    """An example that does not fit the model's context; nothing is ever cut silently."""


class ResultExists(PlanlearnError):
    """A finished result stands where this one would be written."""


class DiskFull(PlanlearnError):
    """No space left on the device while a result was written."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that the disk, or the user's share of it, is full: the system's own or a library's words."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    # safetensors repeats the system's words; torch's writer of archives only notices that it wrote too little.
    words = ("No space left on device", "Disk quota exceeded", "PytorchStreamWriter failed", "unexpected pos ")
    return any(word in str(error) for word in words)


def words_for(error: BaseException) -> str | None:
    """What to say of an error that the user can mend: planlearn's own, a full disk, a file that cannot be used; else None."""
    match error:
        case PlanlearnError() | SourceError():
            return str(error)
        case Exception() if is_disk_full(error):
            file = f"{os.fsdecode(error.filename)}: " if isinstance(error, OSError) and error.filename else ""
            return f"{file}no space left on the device; free some and run the same command again"
        case OSError(filename=str() | bytes()):
            return f"{os.fsdecode(error.filename)}: {error.strerror}"
        case _:
            return None


class BeyondStrips(PlanlearnError):
    """A task whose language only the checker knows: planners, chains and corpora are made for STRIPS."""


def require_strips(task: HasLanguage, name: str, purpose: str) -> None:
    """Raises BeyondStrips unless the task, domain or problem is of STRIPS; `name` and `purpose` say for whom."""
    if not task.is_strips:
        raise BeyondStrips(
            f"{name} has formulas, conditional effects, axioms or numbers: {purpose} need STRIPS, as {name} can"
            " only be checked"
        )


class EngineError(PlanlearnError):
    """A planning engine that is missing, failed, or was stopped at its time limit."""
