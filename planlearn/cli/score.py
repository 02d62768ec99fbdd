"""`planlearn score`: how many recorded answers hold a valid plan, and whether another verdict agrees; old samples under today's checker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from planlearn.cli.app import command

EXTRACTED = "extracted_plan"


@command()
def score(
    answers: Annotated[
        list[Path],
        typer.Argument(
            help="JSONL files of answers (instance_set, instance_id, response, recorded_valid), or a run's samples.jsonl or its folder."
        ),
    ],
    instances: Annotated[
        Path | None, typer.Option(help="The folder of the sets (SET/instance-N.pddl), or of one set; samples have their problems in them.")
    ] = None,
    field: Annotated[
        str, typer.Option(help="The field that holds the answer; extracted_plan is read strictly, as a plan file.")
    ] = "response",
    strict: Annotated[
        bool, typer.Option("--strict", help="Take an answer for a plan only if it is one and nothing else.")
    ] = False,
    reference: Annotated[
        bool, typer.Option("--reference", help="Plan each instance, to say how long plans are beside ours; takes its time.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write results.json and samples.jsonl with all measures here; never over others. Each model has one answer an instance then."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score recorded answers of any model, or a run's samples again.

    Of recorded answers the plan is found in the raw text and judged. Samples of `planlearn eval` are judged by today's checker, and what it
    says otherwise than they do is told.
    """
    from planlearn.evaluate.rescore import refuse_used
    from planlearn.evaluate.saved import holds_samples, samples_file

    if out is not None:
        refuse_used(out)
    paths = [samples_file(path) for path in answers]
    samples = [path for path in paths if holds_samples(path)]
    if samples and len(samples) < len(paths):
        other = next(path for path in paths if path not in samples)
        raise typer.BadParameter(f"{samples[0]} holds a run's samples and {other} does not; score them apart")
    if samples:
        if instances is not None or strict or reference or field != "response":
            raise typer.BadParameter("a run's samples say what they answer and how they are read; give --out and --json alone")
        _again(paths, out, as_json=as_json)
    else:
        if instances is None:
            raise typer.BadParameter("needed for recorded answers: the folder of the instances that they answer", param_hint="--instances")
        _recorded(paths, instances, field, out, strict=strict or field == EXTRACTED, reference=reference, as_json=as_json)


def _recorded(paths: list[Path], instances: Path, field: str, out: Path | None, *, strict: bool, reference: bool, as_json: bool) -> None:
    from planlearn.evaluate.recorded import judge_recorded, read_recorded, recorded_figures, refuse_second, score_recorded, write_recorded
    from planlearn.progress import Progress

    if strict and (out is not None or reference):
        raise typer.BadParameter("all measures are of answers read leniently; leave out --strict and --field extracted_plan")
    rows = [row for path in paths for row in read_recorded(path, field)]
    if out is not None:
        refuse_second(rows)
    bar = Progress("score", len(rows), "answers")
    written = ""
    if strict:
        scored = score_recorded(rows, instances, strict=True, progress=bar.update)
    else:
        records = judge_recorded(rows, instances, reference=reference, progress=bar.update)
        scored = recorded_figures(rows, records)
        if out is not None:
            results = write_recorded(out, rows, records, instances)
            written = _written(out, results)
    typer.echo(json.dumps(scored, ensure_ascii=False) if as_json else _text(scored) + written, nl=as_json)


def _written(out: Path, results: dict[str, Any]) -> str:
    from planlearn.evaluate import results_table
    from planlearn.evaluate.rescore import RESULTS
    from planlearn.evaluate.saved import SAMPLES_FILE

    return f"\n{results_table(results).rstrip()}\n\nresults  {out / RESULTS}\nsamples  {out / SAMPLES_FILE}\n"


def _again(paths: list[Path], out: Path | None, *, as_json: bool) -> None:
    from planlearn.evaluate.rescore import Rescored, rescore, write_rescored
    from planlearn.evaluate.saved import saved_rows
    from planlearn.progress import Progress

    if out is not None and len(paths) > 1:
        raise typer.BadParameter("writes the samples of one run; give one file", param_hint="--out")
    rows = [(path, saved_rows(path)) for path in paths]
    bar = Progress("score", sum(len(some) for _, some in rows), "answers")
    found: list[tuple[Path, Rescored]] = []
    for path, some in rows:
        before = len(found)
        found += [(path, one) for one in rescore(path, some, lambda done, before=before: bar.update(before + done))]
    written = ""
    if out is not None:
        written = _written(out, write_rescored(out, paths[0], [one for _, one in found]))
    typer.echo(json.dumps(_again_object(found), ensure_ascii=False) if as_json else rescored_text(found) + written, nl=as_json)


def _details(found: list[tuple[Path, Any]]) -> dict[str, int]:
    """How many answers differ now in each further field of the judgement."""
    return dict(sorted(Counter(name for _, one in found for name in one.details).items()))


def _again_object(found: list[tuple[Path, Any]]) -> dict[str, Any]:
    from planlearn.evaluate.rescore import changes

    return {
        "n": len(found), "changed": sum(one.changed for _, one in found), "details": _details(found),
        "changes": [{"old": was, "new": now, "n": count} for (was, now), count in changes(one for _, one in found).items()],
        "answers": [
            {"file": str(path), "line": one.line, "domain": one.record.sample.domain, "arm": one.record.sample.arm, "id": one.record.sample.id,
             "attempt": one.record.sample.attempt, "old": one.old, "new": one.record.outcome.value, "reason": _reason(one.record)}
            for path, one in found if one.changed
        ],
    }  # fmt: skip


def rescored_text(found: list[tuple[Path, Any]]) -> str:
    """What people read: how many verdicts changed, from what to what, and each of them with its reason."""
    from planlearn.evaluate import text_table
    from planlearn.evaluate.rescore import changes

    count = sum(one.changed for _, one in found)
    out = [f"{len(found)} answer{'' if len(found) == 1 else 's'} scored again, {count or 'no'} verdict{'' if count == 1 else 's'} changed\n"]
    if details := _details(found):
        out.append("other changes: " + ", ".join(f"{name} {number}" for name, number in details.items()) + "\n")
    if count:
        rows = [(was, now, number) for (was, now), number in changes(one for _, one in found).items()]
        out.append("\n" + text_table(("old", "new", "n"), rows) + "\n")
    for path, one in found:
        if one.changed:
            sample = one.record.sample
            attempt = f" attempt {sample.attempt}" if sample.attempt != 1 else ""
            out.append(f"{path}:{one.line}: {sample.id} ({sample.arm}{attempt}): {one.old} -> {one.record.outcome.value}: {_reason(one.record)}\n")
    return "".join(out)


def _reason(record: Any) -> str:
    """One sentence on today's verdict."""
    if record.faults:
        return str(record.faults[0]["message"])
    return record.problem or ("the goal holds" if record.goal_reached else "the answer says that there is no plan")


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
