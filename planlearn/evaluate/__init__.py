"""Answers -> numbers.

Takes a `Task`, a read `Answer` and the `Sample` it belongs to; gives a `SampleRecord` (appended to
samples.jsonl as it comes) and, over many records, results.json with an interval beside every share. Numbers
only: no torch, no plots.

`valid`, `invalid`, `unreadable` and `checker_error` are counted apart everywhere. Rejected:
normal-approximation intervals (at 100 of 100 they claim certainty) and a lenient score beside the strict one
(it pays for stray text).
"""

from planlearn.evaluate.intervals import Interval, wilson
from planlearn.evaluate.results import (
    ResultExists,
    build_results,
    refuse_finished,
    results_table,
    summarise,
    versions,
    write_results,
)
from planlearn.evaluate.samples import SampleLog, SamplesError
from planlearn.evaluate.scoring import Cause, Result, Sample, SampleRecord, score
from planlearn.evaluate.table import text_table

__all__ = [
    "Cause",
    "Interval",
    "Result",
    "ResultExists",
    "Sample",
    "SampleLog",
    "SampleRecord",
    "SamplesError",
    "build_results",
    "refuse_finished",
    "results_table",
    "score",
    "summarise",
    "text_table",
    "versions",
    "wilson",
    "write_results",
]
