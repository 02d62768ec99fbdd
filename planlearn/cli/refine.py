"""`planlearn refine`: rounds of attempts, feedback and learning (Phase 2 of PDDL-Instruct), from a trained adapter or model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from planlearn.cli.app import command


class FeedbackLevel(StrEnum):
    """What the model is told of a failed attempt."""

    NONE = "none"
    BINARY = "binary"
    DETAILED = "detailed"


def round_keys(eta: int | None, feedback: FeedbackLevel | None) -> list[str]:
    """The options as keys of the recipe."""
    keys = [] if eta is None else [f"refine.rounds={eta}"]
    return keys if feedback is None else [*keys, f"refine.feedback={feedback.value}"]


def start_learner(folder: Path, resolved: Any, model: str | None = None) -> Any:
    """The learner that goes on from a trained adapter's or model's folder. model: the adapter's base, where it does not say."""
    from planlearn.learn.learner import ModelLearner
    from planlearn.models import PRESETS, load_model, read_adapter_record, weights_hash

    if not resolved.adapter.rank:
        # It keeps the name of what it was made from, whatever its folder is called.
        loaded = replace(load_model(folder), name=resolved.model, preset=PRESETS.get(resolved.model))
        return ModelLearner(loaded, resolved)
    record = read_adapter_record(folder)
    base = model or (record.base if record else resolved.model)
    return ModelLearner(load_model(base, adapter=folder, trainable=True), resolved, weights_hash(folder))


def rounds_table(rows: list[dict[str, Any]], start: dict[str, Any]) -> str:
    """A line a round: attempts that came out right, lessons, tokens, validity on the validation problems."""
    from planlearn.evaluate import text_table

    def validity(share: dict[str, Any]) -> str:
        return f"{100 * share['value']:.1f} ({100 * share['low']:.1f}-{100 * share['high']:.1f})"

    lines: list[tuple[Any, ...]] = [(0, "", "", "", "", validity(start["plan_validity"]), start["plan_validity"]["n"])]
    for row in rows:
        tried, fits = row["attempts"], row["stages"].values()
        lines.append((
            row["round"], f"{tried['valid']}/{tried['problems']}", tried["valid_after_feedback"],
            sum(row["lessons"].values()), sum(fit["tokens"] for fit in fits),
            validity(row["validation"]["plan_validity"]), row["validation"]["plan_validity"]["n"],
        ))
    return text_table(("round", "attempts valid", "mended", "lessons", "tokens", "valid % (95 %)", "n"), lines)


def run_rounds(learner: Callable[[], Any], resolved: Any, run: Path, rows: list[dict[str, Any]], final: Path) -> None:
    """The rounds of a recipe in `run/refine`, then the best round's weights as `final`; prints the table.

    learner: makes the learner, where there is anything to do.
    """
    from planlearn.corpus.build import style_of
    from planlearn.evaluate import asked_from_rows
    from planlearn.refine import Refinement

    def behind_round(number: int, validation: dict[str, Any]) -> None:
        from planlearn.learn.board import VALIDATION, note

        note(resolved, run / "refine", VALIDATION, validation["plan_validity"]["value"], number)

    rounds = Refinement(
        None, resolved.refine, run / "refine", domain=resolved.domain, seed=resolved.seed, style=style_of(resolved.corpus),
        validation=asked_from_rows(rows), max_tokens=resolved.evaluation.max_tokens, told=behind_round,
    )
    if not (final.exists() and rounds.is_finished):
        rounds.taught_by(learner())
    done = rounds.run()
    best = rounds.best(done)
    facts = final / "training.json"
    if not facts.exists() or json.loads(facts.read_text(encoding="utf-8"))["rounds"] != len(done):
        # More rounds than those of an earlier start may have found a better one; what the start left is kept beside it.
        if final.exists():
            final.rename(final.with_name(f"{final.name}-of-{json.loads(facts.read_text(encoding='utf-8'))['rounds']}-rounds"))
        rounds.taught_by(None)  # two of them need not fit the memory
        teacher = learner()  # as the rounds began
        if best:
            teacher.load(rounds.weights_folder(best))
        fits = [fit for row in done[:best] for fit in row["stages"].values()]
        teacher.export(final, {
            "round": best, "rounds": len(done), "feedback": resolved.refine.feedback, "precision": "float32",
            "examples": sum(fit["lessons"] for fit in fits), "tokens": sum(fit["tokens"] for fit in fits),
        })
    print(f"\n{rounds_table(done, rounds.start())}")
    print(f"best: round {best}; {resolved.refine.feedback} feedback, objective {resolved.refine.objective}")


@command()
def refine(
    overrides: list[str] = typer.Argument(None, metavar="[KEY=VALUE]...", help="Keys of the recipe, e.g. refine.problems=50."),
    adapter: Path = typer.Option(..., exists=True, file_okay=False, help="A trained adapter's (or whole model's) folder to start from."),
    model: str = typer.Option(None, help="The adapter's base, where it does not say."),
    eta: int = typer.Option(None, min=0, help="η: how many rounds at most."),
    feedback: FeedbackLevel = typer.Option(None, help="What the model is told of a failed attempt."),
    seed: int = typer.Option(None, help="Seed of problems, attempts and order."),
    out: Path = typer.Option(None, help="The run's folder; default: data/runs/refine-<adapter>-<feedback>-s<seed>-<recipe hash>."),
) -> None:
    """Let a trained model learn from the checker's feedback on its own attempts; a second call goes on where a killed one stopped."""
    import yaml

    from planlearn.corpus.build import held_out, style_of
    from planlearn.errors import RecipeError
    from planlearn.files import runs_folder, write_json, write_json_lines, write_text
    from planlearn.models import weights_hash
    from planlearn.problems import get_generator
    from planlearn.progress import bars
    from planlearn.recipes import find_recipe, load_recipe, recipe_hash, refuse_another

    path = adapter / "recipe.yaml"
    if not path.exists():
        raise RecipeError(f"{adapter} holds no recipe.yaml: only what planlearn trained can be refined")
    known = load_recipe(path)
    block = known.refine or load_recipe(find_recipe(known.domain, known.model)).refine
    given = {} if block is None else {"refine": block.model_dump(mode="json")}
    resolved = load_recipe(path, [*(overrides or ()), *round_keys(eta, feedback)], defaults=given, seed=seed)
    if resolved.refine is None:
        raise RecipeError(f"neither {path} nor the recipe of domain {known.domain} has a block refine")
    get_generator(resolved.domain)
    start = weights_hash(adapter)
    # More rounds belong into the same folder.
    same = resolved.model_copy(update={"refine": resolved.refine.model_copy(update={"rounds": 0})})
    name = f"refine-{adapter.resolve().name}-{start[:8]}-{resolved.refine.feedback}-s{resolved.seed}-{recipe_hash(same)}"
    run = out or runs_folder() / name
    tree = resolved.model_dump(mode="json")
    noted = run / "recipe.yaml"
    if noted.exists():
        # More rounds may follow those that were made.
        old = yaml.safe_load(noted.read_text(encoding="utf-8"))
        refuse_another(run, old | {"refine": (old.get("refine") or {}) | {"rounds": resolved.refine.rounds}}, tree)
        if (run / "start.json").exists() and json.loads((run / "start.json").read_text(encoding="utf-8"))["weights"] != start:
            raise RecipeError(f"{run} began with other weights than those in {adapter}; choose another folder")
    write_json(run / "start.json", {"adapter": adapter.resolve().name, "weights": start})
    write_text(noted, yaml.safe_dump(tree, sort_keys=False))
    print(f"run: {run}")
    problems = run / "validation.jsonl"
    if not problems.exists():
        rows, _ = held_out(
            resolved.domain, resolved.seed, "validation", resolved.refine.validation, resolved.corpus.validation_sizes,
            style_of(resolved.corpus), bars("problems", "problems"), fresh_classes=resolved.refine.validation <= resolved.corpus.validation,
        )
        write_json_lines(problems, (row.to_row() for row in rows))
    from planlearn.learn.train import read_rows, trained_name

    final = run / trained_name(resolved)
    run_rounds(lambda: start_learner(adapter, resolved, model), resolved, run, read_rows(problems), final)
    facts = json.loads((final / "training.json").read_text(encoding="utf-8"))
    print(f"{final.name:8} {final} (of round {facts['round']})\nrounds   {run / 'refine' / 'rounds.jsonl'}")
