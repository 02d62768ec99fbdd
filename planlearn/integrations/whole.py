"""A folder that is whole or not there: written beside, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planlearn.errors import PlanlearnError
from planlearn.evaluate import refuse_finished
from planlearn.files import full_disk_is_named


@contextmanager
def whole_folder(out: Path, *, force: bool = False) -> Iterator[Path]:
    """An empty folder to write in, which becomes `out` when the block ends well and is removed when it does not.

    Raises ResultExists where `out` is there, unless forced; then it stands until it is replaced. PlanlearnError where `out` is a file,
    DiskFull.
    """
    if out.exists() and not out.is_dir():
        raise PlanlearnError(f"{out} is a file; name a folder")
    if not (out.is_dir() and not any(out.iterdir())):
        refuse_finished(out, force=force)
    out.parent.mkdir(parents=True, exist_ok=True)
    work, old = (out.with_name(f".{out.name}.{os.getpid()}.{kind}") for kind in ("part", "old"))
    shutil.rmtree(work, ignore_errors=True)
    try:
        with full_disk_is_named(out):
            work.mkdir()
            yield work
        if out.exists():
            os.rename(out, old)
        os.rename(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if old.exists() and not out.exists():  # stopped between the two renames
            os.rename(old, out)
        shutil.rmtree(old, ignore_errors=True)
