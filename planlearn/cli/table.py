"""`planlearn table`: all recorded models and our own beside them, in one Markdown table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planlearn.cli.app import command


@command()
def table(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Recorded answers (.jsonl, or a folder of them) and our own results (.json, or NAME=FILE.json to name the model).",
        ),
    ],
    instances: Annotated[Path | None, typer.Option(help="The folder of the sets that recorded answers are about.")] = None,
    controls: Annotated[
        bool, typer.Option("--controls", help="Rows of the control arms of our results too (a random walk, a planner, the untuned model).")
    ] = False,
    readme: Annotated[
        Path | None, typer.Option(help="Put the table between the lines <!-- recorded:begin --> and <!-- recorded:end --> of this file.")
    ] = None,
) -> None:
    """Draw the table of recorded models, judged by today's checker, with our own results beside them."""
    from planlearn.errors import PlanlearnError
    from planlearn.evaluate.models_table import around_marks, models_markdown, put_between_marks, recorded_rows, result_rows
    from planlearn.evaluate.recorded import judge_recorded, read_recorded, refuse_second
    from planlearn.progress import Progress

    if readme is not None:
        around_marks(readme)  # before the work, not after it
    rows, answers = [], []
    for source in sources:
        name, _, file = source.rpartition("=")
        path = Path(source) if Path(source).exists() else Path(file)
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise PlanlearnError(f"{path}: no .jsonl file in this folder")
        for one in files:
            if one.suffix == ".json":
                rows += result_rows(one, "" if path == Path(source) else name, controls=controls)
            else:
                answers += read_recorded(one)
    if answers and instances is None:
        raise typer.BadParameter("needed for recorded answers: the folder of the instances that they answer", param_hint="--instances")
    skipped = 0
    if answers and instances is not None:
        refuse_second(answers)
        records = judge_recorded(answers, instances, progress=Progress("score", len(answers), "answers").update)
        rows += recorded_rows(answers, records)
        skipped = records.count(None)
    text = models_markdown(rows, skipped)
    if readme is None:
        typer.echo(text, nl=False)
    else:
        put_between_marks(readme, text)
        typer.echo(f"{len(rows)} rows in {readme}")
