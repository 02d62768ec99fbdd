"""`planlearn export`: what was trained or measured, for other people's tools."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from planlearn.cli.app import command, group

export = group("export", "Give a model, a corpus or answers to other tools: transformers, the hub, PlanBench, datasets.")

FORCE = typer.Option(False, "--force", help="Replace what is there.")


class RepoKind(StrEnum):
    """What a repository on the hub is for."""

    MODEL = "model"
    DATASET = "dataset"


@command(export)
def merged(
    adapter: Path = typer.Argument(..., exists=True, file_okay=False, help="A trained adapter's (or whole model's) folder."),
    out: Path = typer.Option(..., help="The folder of the merged model."),
    model: str = typer.Option(None, help="The adapter's base: a preset, a folder or a hub id; default: what the adapter says."),
    force: bool = FORCE,
) -> None:
    """Merge an adapter into its base: one folder that transformers loads alone."""
    from planlearn.models.export import export_merged

    print(f"model  {export_merged(adapter, out, model=model, force=force)}")


@command(export)
def hub(
    folder: Path = typer.Argument(..., exists=True, file_okay=False, help="A model's, an adapter's or a data set's folder."),
    repo: str = typer.Option(..., help="The repository: OWNER/NAME."),
    public: bool = typer.Option(False, "--public", help="Make a public repository; by default it is private."),
    kind: RepoKind = typer.Option(None, "--type", help="Default: what the folder holds."),
    force: bool = typer.Option(False, "--force", help="Upload into a repository that is there."),
) -> None:
    """Push a folder to the hub. The token comes from HF_TOKEN or `hf auth login`. Tested against a hub that is played, not the real one."""
    from planlearn.models.export import push_folder

    print(f"pushed  {push_folder(folder, repo, kind=kind.value if kind is not None else None, private=not public, force=force)}")


@command(export)
def planbench(
    samples: Path = typer.Argument(..., exists=True, dir_okay=False, help="samples.jsonl of an evaluation on PlanBench's instances."),
    out: Path = typer.Option(..., help="The file; PlanBench reads responses/DOMAIN/ENGINE/task_1_plan_generation.json."),
    arm: str = typer.Option("greedy", help="The arm whose answers are written."),
    engine: str = typer.Option("planlearn", help="What PlanBench calls the model."),
    domain: str = typer.Option(None, help="PlanBench's name of the configuration, where it is another than ours."),
    as_written: bool = typer.Option(False, "--as-written", help="Give PlanBench the answers themselves, not the plans in its English."),
    force: bool = FORCE,
) -> None:
    """Write answers as PlanBench's response_evaluation.py reads them."""
    from planlearn.integrations import planbench_responses

    written = planbench_responses(samples, out, arm=arm, engine=engine, domain=domain, as_written=as_written, force=force)
    valid = sum(row["llm_correct"] for row in written["instances"])
    print(f"responses  {out}: {len(written['instances'])} instances of {written['domain']}, {valid} valid by our checker")


@command(export)
def datasets(
    source: Path = typer.Argument(..., exists=True, help="A corpus's folder, or a JSONL file of problems or samples."),
    out: Path = typer.Option(..., help="The folder: for datasets.load_from_disk, or with --parquet a file a split."),
    parquet: bool = typer.Option(False, "--parquet", help="Write Parquet; a corpus has it already."),
    force: bool = FORCE,
) -> None:
    """Write a corpus, a problem set or samples for the library datasets."""
    from planlearn.integrations import save_dataset

    splits = save_dataset(source, out, parquet=parquet, force=force)
    print(f"dataset  {out}: {', '.join(f'{name} {rows}' for name, rows in splits.items())}")
