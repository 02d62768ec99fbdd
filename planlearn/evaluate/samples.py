"""samples.jsonl: a row an answer, appended as it is judged, so that a stopped run goes on where it was.

Rejected: one file at the end (a crash in the third hour loses three hours), a database (nobody greps it).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from planlearn.errors import PlanlearnError
from planlearn.evaluate.scoring import Key, SampleRecord


SHARED = "-"


class SamplesError(PlanlearnError):
    """A samples file that cannot be gone on with: damaged, or written by a run with other settings."""


class SampleLog:
    """The rows of one samples file, open for appending; a file that is not there is made with its first row.

    runs: for each arm a fingerprint of the settings that decide its answers: of what its run shares (model, adapter, problems), then `SHARED`,
    then of its own (decoding, prompts). Rows of another run are refused, so that one file never mixes two models or sets; of arms that are
    not named now the shared part has to be the same. A torn last line, left by a killed
    run, is dropped from the file.

    Raises SamplesError for a row that is no record or belongs to another run.
    """

    def __init__(self, path: Path, *, runs: Mapping[str, str]) -> None:
        self.path = path
        self.runs = runs
        self._records: dict[Key, SampleRecord] = {}
        self._file: BinaryIO | None = None
        if path.exists():
            self._load()

    def _load(self) -> None:
        whole = self.path.read_bytes()
        kept = whole.rfind(b"\n") + 1
        if kept < len(whole):
            os.truncate(self.path, kept)
        for number, line in enumerate(whole[:kept].split(b"\n")[:-1], start=1):
            self._read_row(line, number)

    def _read_row(self, line: bytes, number: int) -> None:
        try:
            row = json.loads(line)
            run, record = row["run"], SampleRecord.from_row(row)
        except (ValueError, KeyError, TypeError) as error:
            raise SamplesError(
                f"{self.path}:{number}: not a row of samples ({error}); mend or remove the file"
            ) from None
        shared = {run_now.partition(SHARED)[0] for run_now in self.runs.values()}
        known = run.partition(SHARED)[0] in shared if record.sample.arm not in self.runs else run == self.runs[record.sample.arm]
        if not known:
            now = self.runs.get(record.sample.arm, ", ".join(sorted(shared)))
            raise SamplesError(
                f"{self.path}:{number}: written with other settings (run {run}, now {now}); choose another folder"
            )
        self._records[record.sample.key] = record

    @property
    def records(self) -> tuple[SampleRecord, ...]:
        """Every record, those of earlier runs first."""
        return tuple(self._records.values())

    def __contains__(self, key: Key) -> bool:
        """Whether (domain, arm, id, attempt) is answered already."""
        return key in self._records

    def append(self, record: SampleRecord) -> None:
        """Write one row through to the file. Raises ValueError for an answer that has its row already, KeyError for an arm without a run."""
        if record.sample.key in self:
            raise ValueError(f"{'/'.join(map(str, record.sample.key))} has its row already")
        row = {"run": self.runs[record.sample.arm], **record.to_row()}
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab")
        self._file.write(json.dumps(row, allow_nan=False).encode("ascii") + b"\n")
        self._file.flush()
        self._records[record.sample.key] = record

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> SampleLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()
