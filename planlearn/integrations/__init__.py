"""The same task for other people's tools: plans asked and judged as `planlearn eval` does it.

`LM_EVAL_TASKS` is a task folder for lm-evaluation-harness (`lm_eval run --include_path`). `planlearn.integrations.trl` has reward functions
and an environment for TRL's GRPO. `planbench_responses` writes a samples file as PlanBench's own scripts read it, `save_dataset` a
corpus, a problem set or samples for the library `datasets`. None of it imports those tools when planlearn is imported, torch never.

Rejected: a fork of those tools, and a judgement of our own for each of them: every one calls `planlearn.evaluate` and `val_bridge`, so
that a number means the same wherever it was made.
"""

from pathlib import Path

from planlearn.integrations.hf_datasets import save_dataset
from planlearn.integrations.planbench_json import planbench_responses
from planlearn.integrations.request import read_row

LM_EVAL_TASKS = Path(__file__).parent / "lm_eval"
"""The folder for lm-evaluation-harness's `--include_path`; in an installed package too."""

__all__ = ["LM_EVAL_TASKS", "planbench_responses", "read_row", "save_dataset"]
