"""Answers -> numbers.

Reads the problems to be asked (`asked`). Takes a `Task`, a read `Answer` and the `Sample` it belongs to; gives a `SampleRecord` (appended to
samples.jsonl as it comes) and, over many records, results.json with an interval beside every share. Numbers
only: no torch, no plots.

`valid`, `invalid`, `unreadable` and `checker_error` are counted apart everywhere. Our own models are read strictly;
`score_recorded` reads recorded answers of any model leniently, since nobody asked them for our format. Rejected:
normal-approximation intervals (at 100 of 100 they claim certainty) and a lenient score of our own models beside the
strict one (it pays for stray text).
"""

from planlearn.evaluate.answers import Completion, Hopeless, Prompt, Stop, lost_cause
from planlearn.evaluate.arms import CONTROLS, Arm, Asking, Complete, Turn
from planlearn.evaluate.asked import Asked, asked_from_file, asked_from_planbench, asked_from_rows, asked_from_set
from planlearn.evaluate.controls import ClassicalPlanner, RandomWalk
from planlearn.evaluate.intervals import Interval, bootstrap, wilson
from planlearn.evaluate.measure import chain_prompt, greedy_arm, measure, measure_arms
from planlearn.evaluate.prompts import Shot, few_shots, few_shots_for, plan_prompt
from planlearn.evaluate.recorded import (
    AnswersError,
    Judged,
    RecordedAnswer,
    judge_answer,
    read_recorded,
    score_recorded,
)
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
from planlearn.evaluate.scoring import Cause, Reader, Result, Sample, SampleRecord, score
from planlearn.evaluate.skill import measure_skill, skill, skill_table
from planlearn.evaluate.table import text_table

__all__ = [
    "CONTROLS",
    "AnswersError",
    "Arm",
    "Asked",
    "Asking",
    "Cause",
    "ClassicalPlanner",
    "Complete",
    "Completion",
    "Hopeless",
    "Interval",
    "Judged",
    "Prompt",
    "RandomWalk",
    "Reader",
    "RecordedAnswer",
    "Result",
    "ResultExists",
    "Sample",
    "SampleLog",
    "SampleRecord",
    "Shot",
    "SamplesError",
    "Stop",
    "Turn",
    "asked_from_file",
    "asked_from_planbench",
    "asked_from_rows",
    "asked_from_set",
    "bootstrap",
    "build_results",
    "chain_prompt",
    "few_shots",
    "few_shots_for",
    "greedy_arm",
    "judge_answer",
    "lost_cause",
    "measure",
    "measure_arms",
    "measure_skill",
    "plan_prompt",
    "read_recorded",
    "refuse_finished",
    "results_table",
    "score",
    "score_recorded",
    "skill",
    "skill_table",
    "summarise",
    "text_table",
    "versions",
    "wilson",
    "write_results",
]
