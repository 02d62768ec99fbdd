"""`planlearn score`: how many recorded answers hold a valid plan, and whether another verdict agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from planlearn.cli.app import command

EXTRACTED = "extracted_plan"


@command()
def score(
    answers: Annotated[
        list[Path], typer.Argument(help="JSONL files of answers: instance_set, instance_id, response, recorded_valid.")
    ],
    instances: Annotated[
        Path, typer.Option(help="The folder of the sets (SET/instance-N.pddl), or of one set.")
    ],
    field: Annotated[
        str, typer.Option(help="The field that holds the answer; extracted_plan is read strictly, as a plan file.")
    ] = "response",
    strict: Annotated[
        bool, typer.Option("--strict", help="Take an answer for a plan only if it is one and nothing else.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score recorded answers of language models: the plan is found in the raw text and judged."""
    from planlearn.evaluate import read_recorded, score_recorded
    from planlearn.progress import Progress

    rows = [row for path in answers for row in read_recorded(path, field)]
    bar = Progress("score", len(rows), "answers")
    scored = score_recorded(rows, instances, strict=strict or field == EXTRACTED, progress=bar.update)
    if as_json:
        typer.echo(json.dumps(scored, ensure_ascii=False))
    else:
        typer.echo(_text(scored), nl=False)


def _text(scored: dict[str, Any]) -> str:
    """A row a file and one for all, the errors, and the disagreements."""
    from planlearn.evaluate import text_table

    columns = ("n", "valid", "no_plan", "skipped", "agreement")
    rows = [(row["file"], *(row[name] for name in columns)) for row in scored["files"]]
    rows.append(("all", *(scored[name] for name in columns)))
    shown = [(*row[:-1], None if row[-1] is None else f"{100 * row[-1]:.2f} %") for row in rows]
    out = [text_table(("file", "scored", "valid", "no plan", "skipped", "agreement"), shown)]
    if scored["errors"]:
        out.append("errors: " + ", ".join(f"{name} {count}" for name, count in scored["errors"].items()) + "\n")
    for row in scored["disagreements"]:
        words = {True: "valid", False: "not valid"}
        out.append(
            f"{row['file']}:{row['line']}: {row['id']}: ours {words[row['ours']]}, theirs {words[row['theirs']]}: "
            f"{row['reason']}\n"
        )
    return "".join(out)
