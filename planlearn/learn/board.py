"""Where a training reports to beside its own record: TensorBoard in the run's folder, or what else transformers knows.

TensorBoard shows all of a run with `tensorboard --logdir RUN`: losses of each learning by its steps, validity on validation problems by steps
(`validity/curve` of the snapshots, `validity/validation` behind phase 1) and by rounds. Other destinations get the losses alone.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from planlearn.errors import RecipeError
from planlearn.recipes import Recipe

FOLDER, MEASURED, TENSORBOARD = "tensorboard", "measured", "tensorboard"
CURVE, VALIDATION = "validity/curve", "validity/validation"


def destinations(recipe: Recipe) -> list[str]:
    """Names in transformers' words; those in the recipe's `training` block are meant as well."""
    found: list[str] = []
    for named in (recipe.watch.report_to, recipe.training.get("report_to")):
        found += [named] if isinstance(named, str) else named or []
    return [name for name in dict.fromkeys(found) if name != "none"]


def check_destinations(recipe: Recipe) -> None:
    """Raise RecipeError for a destination that transformers does not know, or whose package is missing."""
    if not (wanted := destinations(recipe)):
        return
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK, get_available_reporting_integrations

    for name in wanted:
        if name not in INTEGRATION_TO_CALLBACK:
            raise RecipeError(f"report_to: expected none or some of {' '.join(sorted(INTEGRATION_TO_CALLBACK))}, found {name!r}")
        if name == TENSORBOARD and find_spec("tensorboard") is None:
            raise RecipeError("report_to: tensorboard is not installed; planlearn's extra [tensorboard] brings it (pip install tensorboard)")
        if name not in get_available_reporting_integrations():
            raise RecipeError(f"report_to: the package of {name} is not installed")


def others(recipe: Recipe) -> list[str]:
    """What the trainer's own callbacks report to."""
    return [name for name in destinations(recipe) if name != TENSORBOARD] or ["none"]


def callbacks(recipe: Recipe, folder: Path, last: Path | None = None) -> list[Any]:
    """TensorBoard's callback for a trainer that learns in a folder; none where the recipe does not ask for it.

    last: the checkpoint from which it goes on; what was logged behind its step, or of a start without one, is logged anew.
    """
    if TENSORBOARD not in destinations(recipe):
        return []
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    done = 0 if last is None else int(last.name.rpartition("-")[2])
    return [TensorBoardCallback(SummaryWriter(log_dir=str(folder / FOLDER), purge_step=done + 1))]


def note(recipe: Recipe, folder: Path, tag: str, value: float, step: int) -> None:
    """One measured point, in TensorBoard's files of its own: what a trainer logs anew does not remove it."""
    if TENSORBOARD in destinations(recipe):
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter(log_dir=str(folder / FOLDER / MEASURED)) as writer:
            writer.add_scalar(tag, value, step)
