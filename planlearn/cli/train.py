"""`planlearn train`: fetch the base model, build the corpus, train, evaluate; the main job in one command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import typer

from planlearn.cli.app import command
from planlearn.cli.refine import FeedbackLevel, round_keys, run_rounds, start_learner
from planlearn.errors import PlanlearnError

T = TypeVar("T")


class Parts:
    """The seconds of each part of a run, kept in its record across kills and restarts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record: dict[str, Any] = {"schema": 1, "seconds": {}}
        self._inside: list[float] = []  # of each part at work the seconds of parts inside it
        if path.exists():
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                self.record = kept | {"seconds": {part: float(seconds) for part, seconds in kept["seconds"].items()}}
            except (ValueError, KeyError, TypeError, AttributeError):
                raise PlanlearnError(f"{path}: not the record of a run; remove it to go on without its seconds") from None

    def timed(self, part: str, work: Callable[[], T], *, already: float = 0.0, again: bool = False) -> T:
        """Do the work of a part, which may hold work of other parts: their seconds are theirs alone.

        already: seconds that earlier, killed starts spent on it. again: the part comes in pieces, whose seconds add up.
        """
        from planlearn.files import write_json

        start, seconds = time.monotonic(), self.record["seconds"]
        self._inside.append(0.0)
        value = work()
        took = time.monotonic() - start
        own = took - self._inside.pop()
        if self._inside:
            self._inside[-1] += took
        if again or part not in seconds:
            seconds[part] = round(seconds.get(part, 0.0) + own + already, 1)
            write_json(self.path, self.record)
        return value


def _seconds_answered(folder: Path) -> float:
    """Seconds of the answers in an evaluation's folder that is not finished."""
    from planlearn.files import read_json_lines

    samples = folder / "samples.jsonl"
    return sum(row["seconds"] for row in read_json_lines(samples)) if samples.exists() else 0.0


def _take_up(run: Path, recipe: dict[str, Any]) -> None:
    """Make sure that what lies in a run's folder is of this recipe. Raises RecipeError where another trained something.

    Where another trained nothing that lasts, what it noted on the way there is removed; its corpus has a check of its own.
    """
    from planlearn.learn.trainer import WHOLE
    from planlearn.models import trained_recipe
    from planlearn.recipes import differences, refuse_another

    if not (run / "recipe.yaml").exists() or not differences(old := trained_recipe(run), recipe):
        return
    if any(next(run.glob(made), None) for made in ("adapter", "model", "snapshots/step-*", f"checkpoints/*/{WHOLE}")):
        refuse_another(run, old, recipe)
    for noted in ("training.jsonl", "schedule.json", "precision.json"):
        (run / noted).unlink(missing_ok=True)


def _measured(
    recipe: Any, trained: Path, rows: list[dict[str, Any]], out: Path, instances: str, told: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Plan validity of a trained folder on rows of the corpus; what is measured already is read again.

    told: is told the share of valid plans where it is measured now.
    """
    from planlearn.evaluate import asked_from_rows
    from planlearn.models import evaluate, load_trained

    if not (out / "results.json").exists():
        loaded, style, about = load_trained(trained, recipe.model if recipe.adapter.rank else None)
        evaluate(
            loaded, asked_from_rows(rows), style, out, batch=recipe.evaluation.batch,
            max_tokens=recipe.evaluation.max_tokens, about=about | {"instances": instances},
        )
        if told is not None:
            told(_validity(recipe, json.loads((out / "results.json").read_text(encoding="utf-8"))))
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def _validity(recipe: Any, record: dict[str, Any]) -> float:
    return float(record["results"][recipe.domain]["greedy"]["plan_validity"]["value"])


def _snapshot_measured(run: Path, recipe: Any, rows: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """`_measured` of a snapshot, on the first validation problems."""
    from planlearn.learn.board import CURVE, note

    step = json.loads((folder / "training.json").read_text(encoding="utf-8"))["steps"]
    return _measured(
        recipe, folder, rows[: recipe.evaluation.curve_problems], run / "evaluation" / "curve" / folder.name, "validation",
        lambda validity: note(recipe, run, CURVE, validity, step),
    )


def _skill(recipe: Any, trained: Path, out: Path) -> dict[str, Any]:
    """Of phase 1: how well held-out plans are judged, as many as the test split has problems; read again where measured."""
    from planlearn.corpus.build import held_out_judged, style_of
    from planlearn.models import evaluate_skill, load_trained
    from planlearn.progress import bars

    if not (out / "skill.json").exists():
        rows = held_out_judged(
            recipe.domain, recipe.seed, "test", recipe.corpus.test, recipe.corpus.validation_sizes, style_of(recipe.corpus),
            bars("corpus", "plans"),
        )
        loaded, _, about = load_trained(trained, recipe.model if recipe.adapter.rank else None)
        evaluate_skill(
            loaded, [row.to_row() for row in rows], out, batch=recipe.evaluation.batch, max_tokens=recipe.evaluation.max_tokens,
            about=about,
        )
    return json.loads((out / "skill.json").read_text(encoding="utf-8"))["skill"]


def _curve(run: Path, recipe: Any, rows: list[dict[str, Any]]) -> None:
    """Measure each snapshot on the first validation problems: `curve.jsonl`, a row a snapshot."""
    from planlearn.files import write_json_lines
    from planlearn.learn.spent import seconds_until

    lines = []
    for folder in sorted((run / "snapshots").glob("step-*"), key=lambda path: int(path.name[5:])):
        facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        record = _snapshot_measured(run, recipe, rows, folder)
        results = record["results"][recipe.domain]["greedy"]
        lines.append({
            "step": facts["steps"], "examples": facts["examples"], "tokens": facts["tokens"],
            "minutes": round(seconds_until(run / "training.jsonl", facts["steps"]) / 60, 1),
            "plan_validity": results["plan_validity"], "outcomes": results["outcomes"], "causes": results["causes"],
        })
    write_json_lines(run / "curve.jsonl", lines)


def _curve_table(path: Path) -> str:
    from planlearn.evaluate import text_table
    from planlearn.files import read_json_lines

    rows = [
        (row["minutes"], row["examples"], row["tokens"], f"{100 * row['plan_validity']['value']:.1f}", row["plan_validity"]["n"])
        for row in read_json_lines(path)
    ]
    return text_table(("minutes", "examples", "tokens", "valid %", "n"), rows)


@command()
def train(
    overrides: list[str] = typer.Argument(None, metavar="[KEY=VALUE]...", help="Keys of the recipe, e.g. examples=500 adapter.rank=16."),
    domain: str = typer.Option(None, help="The planning domain; default: the recipe's, else blocksworld."),
    model: str = typer.Option(None, help="A preset, a folder or a hub id; default: the recipe's."),
    seed: int = typer.Option(None, help="Seed of problems, order and weights."),
    eta: int = typer.Option(None, min=0, help="η: at most so many rounds of feedback behind phase 1; 0: phase 1 alone."),
    feedback: FeedbackLevel = typer.Option(None, help="What the model is told of its failed attempts in the rounds."),
    minutes: float = typer.Option(None, help="Shorten phase 1 to about so many minutes of training."),
    recipe: Path = typer.Option(None, exists=True, dir_okay=False, help="A recipe file instead of the domain's own."),
    out: Path = typer.Option(None, help="The run's folder; default: data/runs/<domain>-<model>-s<seed>-<recipe hash>."),
) -> None:
    """Fetch the base model, build the corpus, train (phase 1), refine (phase 2: rounds of the checker's feedback) and evaluate; a
    second call goes on where a killed one stopped.
    """
    import yaml

    from planlearn.models import PRESETS, fetch, load_model, local_model
    from planlearn.models.fetch import need_training_packages
    from planlearn.problems import get_generator
    from planlearn.recipes import as_trained, recipe_hash, resolve

    overrides = [*(overrides or ()), *round_keys(eta, feedback)]
    _, resolved = resolve(recipe, overrides, known=get_generator, domain=domain, model=model, seed=seed, minutes=minutes)
    preset = PRESETS.get(resolved.model)
    need_training_packages(resolved.model)
    if preset is None:
        local_model(resolved.model)  # an unknown name is said before a corpus is built for it

    from planlearn.corpus.build import build_corpus
    from planlearn.evaluate import results_table, skill_table
    from planlearn.files import runs_folder, write_text
    from planlearn.learn.board import VALIDATION, note
    from planlearn.learn.train import check_training, each_row, read_rows, trained_name, untrained
    from planlearn.learn.train import train as learn
    from planlearn.learn.spent import seconds_until
    from planlearn.progress import bars

    made_here = preset is not None and preset.shape is not None
    resolved = as_trained(resolved, overrides, made_here=made_here, own_file=recipe is not None)
    check_training(resolved)
    domain = resolved.domain
    name = f"{domain}-{Path(resolved.model).name}-s{resolved.seed}-{recipe_hash(resolved)}"
    run = out or runs_folder() / name
    tree = resolved.model_dump(mode="json")
    _take_up(run, tree)
    parts = Parts(run / "record.json")
    print(f"run: {run}")
    write_text(run / "recipe.yaml", yaml.safe_dump(tree, sort_keys=False))

    if preset is not None and preset.source is not None:
        parts.timed("fetch", lambda: fetch(preset))

    corpus, final = run / "corpus", run / trained_name(resolved)
    rounds = resolved.refine is not None and resolved.refine.rounds > 0
    first = run / "phase1" if rounds else final
    if first.exists():  # whatever another version of planlearn would build by now
        manifest = json.loads((corpus / "manifest.json").read_text(encoding="utf-8"))
    else:
        manifest = parts.timed(
            "corpus", lambda: build_corpus(corpus, domain, resolved.seed, resolved.corpus, bars("corpus", "problems"))
        )
        vocabulary = (row[key] for row in each_row(corpus / "train.jsonl") for key in ("prompt", "completion"))
        loaded = load_model(resolved.model, seed=resolved.seed, vocabulary=vocabulary)
        if resolved.phase1:
            shown = read_rows(corpus / "validation.jsonl") if resolved.watch.validity else []

            def measured(folder: Path) -> float:
                return _validity(resolved, parts.timed("curve", lambda: _snapshot_measured(run, resolved, shown, folder), again=True))

            parts.timed(
                "train", lambda: learn(resolved, loaded, corpus, run, first, measure=measured if shown else None), already=seconds_until(run / "training.jsonl")
            )
        else:
            untrained(resolved, loaded, first)
        del loaded

    validation = read_rows(corpus / "validation.jsonl")
    steps = json.loads((first / "training.json").read_text(encoding="utf-8"))["steps"]

    def behind_phase1(validity: float) -> None:
        note(resolved, run, VALIDATION, validity, steps)

    tables = []
    skill = None
    if resolved.corpus.judged:
        skill = parts.timed("evaluate judging", lambda: _skill(resolved, first, run / "evaluation" / "judging"))
    if rounds:
        tables.append(("phase 1 alone, validation", parts.timed(
            "evaluate phase 1", lambda: _measured(resolved, first, validation, run / "evaluation" / "phase1", "validation", behind_phase1),
            already=_seconds_answered(run / "evaluation" / "phase1"),
        )))
        parts.timed("refine", lambda: run_rounds(lambda: start_learner(first, resolved, resolved.model), resolved, run, validation, final))
    for split in ("validation", "test"):
        if rows := read_rows(corpus / f"{split}.jsonl"):
            out_folder = run / "evaluation" / split
            tables.append((split, parts.timed(
                f"evaluate {split}",
                lambda: _measured(resolved, final, rows, out_folder, split, behind_phase1 if split == "validation" and not rounds else None),
                already=_seconds_answered(out_folder),
            )))

    if resolved.phase1 and resolved.evaluation.curve and validation and not (run / "curve.jsonl").exists():
        parts.timed("curve", lambda: _curve(run, resolved, validation), again=True)

    schemas = "in the prompt" if resolved.corpus.domain_in_prompt else "not in the prompt"
    counts = manifest["splits"]["train"]
    facts = json.loads((first / "training.json").read_text(encoding="utf-8"))
    print(f"\ntrained on {facts['examples']} examples ({facts['tokens']} tokens, {facts['precision']}); the corpus holds "
          f"{counts['examples']} of {sum(counts['distinct_classes'].values())} classes; domain schemas {schemas}; greedy, one attempt, no feedback")
    if skill is not None:
        print(f"\njudging of held-out plans, half of them spoiled (phase 1)\n{skill_table(skill)}")
    for split, results in tables:
        print(f"\n{split} (generated problems of unseen classes)\n{results_table(results)}")
    if (run / "curve.jsonl").exists():
        print(f"\n{_curve_table(run / 'curve.jsonl')}")
    print("seconds  " + ", ".join(f"{part} {seconds:.0f}" for part, seconds in parts.record["seconds"].items()))
    print(f"{final.name:8} {final}\nrecord   {run / 'record.json'}\nresults  {run / 'evaluation'}")
