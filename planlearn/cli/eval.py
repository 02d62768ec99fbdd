"""`planlearn eval`: how many plans of a model are valid, greedy, one attempt, no feedback."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from planlearn.cli.app import command

MAX_TOKENS = 1400  # PlanBench's longest Blocksworld plans with full states need about 1,000


class States(StrEnum):
    """What the states of a chain say: see `planlearn.chains.ChainStyle`."""

    CHANGES = "changes"
    FULL = "full"


@command()
def eval(  # noqa: A001 - the command's name
    domain: str = typer.Option(None, help="The domain of PlanBench's instances; default: the adapter's, else blocksworld."),
    adapter: Path = typer.Option(None, exists=True, file_okay=False, help="A trained adapter's (or whole model's) folder."),
    model: str = typer.Option(None, help="A preset, folder or hub id; with --adapter, the adapter's base."),
    instances: Path = typer.Option(..., exists=True, help="PlanBench's folder of one set, or a corpus split (.jsonl)."),
    out: Path = typer.Option(..., help="Where results.json and samples.jsonl go."),
    batch: int = typer.Option(64, min=1, help="Problems answered side by side."),
    max_tokens: int = typer.Option(None, min=1, help="The cap of tokens of one answer; default: the adapter's recipe's, else 1400."),
    limit: int = typer.Option(None, min=1, help="Only the first so many problems."),
    states: States = typer.Option(None, help="Chain style where the model does not say."),
    domain_in_prompt: bool = typer.Option(None, help="Whether the schemas stand in the prompt, where the model does not say."),
    force: bool = typer.Option(False, help="Overwrite a finished result."),
) -> None:
    """Measure plan validity: greedy, whole vocabulary, one attempt, no feedback, batched."""
    from dataclasses import replace

    from planlearn.chains import ChainStyle
    from planlearn.errors import PlanlearnError
    from planlearn.evaluate import asked_from_file, asked_from_planbench, refuse_finished, results_table
    from planlearn.models import DEFAULT_MODEL, evaluate, load_model, load_trained, public_name, trained_recipe
    from planlearn.problems import domain_text
    from planlearn.recipes import DEFAULT_DOMAIN

    refuse_finished(out / "results.json", force=force)
    recipe = trained_recipe(adapter) if adapter is not None else {}
    if instances.is_dir():
        domain = domain or recipe.get("domain", DEFAULT_DOMAIN)
        domain_text(domain)  # an unknown domain is said with the nearest name
        asked = asked_from_planbench(instances, domain)
    else:
        asked = asked_from_file(instances)
        if domain is not None and any(one.domain != domain for one in asked):
            raise PlanlearnError(f"{instances} has problems of other domains than {domain}")
    asked = asked[:limit]
    if not asked:
        raise PlanlearnError(f"{instances} holds no problem")
    if adapter is not None:
        loaded, style, about = load_trained(adapter, model)
    else:
        loaded, style = load_model(model or DEFAULT_MODEL), ChainStyle()
        about = {"model": public_name(loaded.name), "decoding": "greedy, whole vocabulary, one attempt, no feedback"}
    if states is not None:
        style = replace(style, states=states.value)
    if domain_in_prompt is not None:
        style = replace(style, domain_in_prompt=domain_in_prompt)
    if max_tokens is None:
        max_tokens = recipe.get("evaluation", {}).get("max_tokens", MAX_TOKENS)
    about |= {"instances": instances.name}
    results = evaluate(loaded, asked, style, out, batch=batch, max_tokens=max_tokens, about=about, force=force)
    print(results_table(results))
    print(f"results  {out / 'results.json'}\nsamples  {out / 'samples.jsonl'}")
