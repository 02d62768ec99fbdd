"""`planlearn data`: build a corpus without training, write problems to be solved, list and make sets, read PlanBench's folders."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

import typer

from planlearn.cli.app import command, group

data = group("data", "Build a corpus, write problems or sets of them, or read PlanBench's folders.")


@command(data)
def build(
    overrides: list[str] = typer.Argument(None, metavar="[KEY=VALUE]...", help="Keys of the recipe, e.g. examples=500."),
    domain: str = typer.Option(None, help="The planning domain; default: the recipe's, else blocksworld."),
    seed: int = typer.Option(None, help="Seed of the problems."),
    recipe: Path = typer.Option(None, exists=True, dir_okay=False, help="A recipe file instead of the domain's own."),
    out: Path = typer.Option(..., help="The corpus's folder."),
) -> None:
    """Build a corpus: examples, dataset card, manifest; the same seed gives the same bytes."""
    from planlearn.corpus.build import build_corpus
    from planlearn.progress import bars
    from planlearn.problems import get_generator
    from planlearn.recipes import resolve

    _, resolved = resolve(recipe, overrides or (), known=get_generator, domain=domain, seed=seed)
    manifest = build_corpus(out, resolved.domain, resolved.seed, resolved.corpus, bars("corpus", "problems"))
    for split, counts in manifest["splits"].items():
        sizes = ", ".join(f"{size}: {count}" for size, count in counts["distinct_classes"].items())
        asked = f" of {counts['asked']} asked for" if counts["examples"] < counts["asked"] else ""
        print(f"{split:11} {counts['examples']:6} examples{asked}, distinct classes by size {sizes or 'none'}")
    print(f"corpus     {out}\nmanifest   {out / 'manifest.json'}")


class Split(StrEnum):
    """A split that nothing is trained on."""

    VALIDATION = "validation"
    TEST = "test"


@command(data)
def problems(
    overrides: list[str] = typer.Argument(None, metavar="[KEY=VALUE]...", help="Keys of the recipe, e.g. corpus.validation_sizes={5: 1}."),
    domain: str = typer.Option(None, help="The planning domain; default: the recipe's, else blocksworld."),
    model: str = typer.Option(None, help="A preset, a folder or a hub id, where the domain has a recipe for it."),
    seed: int = typer.Option(None, help="Seed of the problems."),
    recipe: Path = typer.Option(None, exists=True, dir_okay=False, help="A recipe file instead of the domain's own."),
    split: Split = typer.Option(Split.TEST, help="The split whose classes they have."),
    count: int = typer.Option(500, min=1, help="How many; a class may come again under other names, a problem does not."),
    out: Path = typer.Option(..., help="The file: a row a problem, for `planlearn eval --instances`."),
) -> None:
    """Write problems of classes that nothing is trained on, as many as are asked for."""
    from planlearn.corpus.build import held_out, style_of
    from planlearn.files import write_json_lines
    from planlearn.problems import get_generator
    from planlearn.progress import bars
    from planlearn.recipes import resolve

    _, resolved = resolve(recipe, overrides or (), known=get_generator, domain=domain, model=model, seed=seed)
    corpus = resolved.corpus
    rows, _ = held_out(
        resolved.domain, resolved.seed, split.value, count, corpus.validation_sizes, style_of(corpus), bars("problems", "problems"),
        fresh_classes=False,
    )
    write_json_lines(out, (row.to_row() for row in rows))
    classes = len({row.problem_class for row in rows})
    print(f"problems  {out}: {len(rows)} of {classes} classes{f', {count} were asked for' if len(rows) < count else ''}")


@command(data)
def sets(
    names: list[str] = typer.Argument(None, metavar="[NAME]...", help="The sets; default: all."),
    out: Path = typer.Option(None, file_okay=False, help="Make them anew in this folder, the same bytes as those that planlearn carries."),
) -> None:
    """List the sets of problems that evaluations ask, all of classes that nothing is trained on, or make them anew."""
    from planlearn.evaluate import text_table
    from planlearn.evaluate.sets import SETS, carried_manifest, named_set, set_row, write_set
    from planlearn.progress import bars

    chosen = [named_set(name).name for name in dict.fromkeys(names or SETS)]
    if out is None:
        entries = carried_manifest()
    else:
        progress = bars("set", "problems")
        entries = {name: write_set(out, name, progress) for name in chosen}
    rows = [set_row(name, entries[name]) for name in chosen if name in entries]
    print(text_table(("set", "domain", "n", "classes", "sizes", "steps", "what it is"), rows), end="")
    if out is not None:
        print(f"manifest  {out / 'manifest.json'}")


@command(data)
def planbench(
    folder: Path = typer.Argument(..., metavar="DIR", exists=True, file_okay=False, help="A set, a folder of sets, or an upstream clone."),
    out: Path = typer.Option(None, help="Also write the problems, a JSON line each."),
) -> None:
    """Read PlanBench's folders: count instances and classes of each set, all of which training leaves out."""
    from planlearn.evaluate import text_table
    from planlearn.files import write_text
    from planlearn.problems import planbench_classes, problem_class, read_planbench

    excluded = planbench_classes()
    sets: dict[str, list[tuple[str, dict[str, object]]]] = {}
    for problem in read_planbench(folder):
        kind = problem_class(problem.task())
        row = {
            "set": problem.set, "id": problem.id, "domain_pddl": problem.domain_text,
            "problem_pddl": problem.problem_text, "problem_class": kind, "excluded_from_training": kind in excluded,
        }
        sets.setdefault(problem.set, []).append((kind, row))
    rows = [
        (name, len(found), len({kind for kind, _ in found}), sum(kind in excluded for kind, _ in found))
        for name, found in sorted(sets.items())
    ]
    print(text_table(("set", "instances", "classes", "left out of training"), rows), end="")
    if out is not None:
        write_text(out, "".join(json.dumps(row) + "\n" for found in sets.values() for _, row in found))
        print(f"problems  {out}")
