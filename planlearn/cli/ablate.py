"""`planlearn ablate`: the paper's table with controls, arm by arm, each a command that could be typed alone."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import typer

from planlearn.cli.app import command


@command()
def ablate(
    overrides: list[str] = typer.Argument(None, metavar="[KEY=VALUE]...", help="Keys of the recipe for every arm, e.g. refine.tokens=300000."),
    domain: str = typer.Option(None, help="The planning domain; default: the recipe's, else blocksworld."),
    model: str = typer.Option(None, help="A preset, a folder or a hub id; default: the recipe's."),
    eta: int = typer.Option(15, min=1, help="η: rounds of every arm that has rounds; the tenth is shown too."),
    seeds: str = typer.Option("0,1", help="Seeds of phase 1, problems, attempts and order."),
    arms: str = typer.Option(None, help="Some of the arms, e.g. none,binary,detailed; default: all."),
    problems: int = typer.Option(500, min=1, help="Test problems on which every arm of a seed is measured."),
    recipe: Path = typer.Option(None, exists=True, dir_okay=False, help="A recipe file instead of the domain's own."),
    out: Path = typer.Option(None, help="The folder of all arms; default: data/runs/ablation-<domain>-<model>-<recipe hash>."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Print the commands and how long they take, and run none."),
) -> None:
    """Run the paper's ablation at equal tokens: base, each phase alone, rounds without, with binary and with detailed feedback; tables, plots.

    Says before each command how long it takes. A second call goes on where a killed one stopped.
    """
    from planlearn.ablate import Places, Plan, chosen, collect, expected_seconds, refuse_unequal, tables, write_report
    from planlearn.evaluate import versions
    from planlearn.files import runs_folder, write_json
    from planlearn.models import PRESETS
    from planlearn.problems import get_generator
    from planlearn.progress import clock
    from planlearn.recipes import as_trained, recipe_hash, refuse_another, resolve

    overrides, numbers = list(overrides or ()), _numbers(seeds)
    _, resolved = resolve(recipe, overrides, known=get_generator, domain=domain, model=model)
    preset = PRESETS.get(resolved.model)
    made_here = preset is not None and preset.shape is not None
    resolved = as_trained(resolved, overrides, made_here=made_here, own_file=recipe is not None)
    refuse_unequal(resolved)
    assert resolved.refine is not None and resolved.refine.tokens is not None
    name = f"ablation-{resolved.domain}-{Path(resolved.model).name}-eta{eta}-n{problems}-{recipe_hash(resolved)}"
    places = Places(out=out or runs_folder() / name, trained="adapter" if resolved.adapter.rank else "model")
    plan = Plan(
        arms=chosen(arms), seeds=numbers, eta=eta, problems=problems, keys=overrides,
        given=["--domain", resolved.domain, "--model", resolved.model, *(["--recipe", str(recipe)] if recipe else [])],
        base=["--model", resolved.model] if resolved.adapter.rank else [],
        a_round=round(resolved.refine.tokens * (1 + resolved.refine.plan_share)), plan_share=resolved.refine.plan_share,
    )
    about = {
        "domain": resolved.domain, "model": Path(resolved.model).name, "eta": eta, "seeds": numbers, "recipe": resolved.model_dump(mode="json"),
        "versions": versions(),
    }
    noted, fixed = places.out / "plan.json", {"eta": eta, "problems": problems, "recipe": about["recipe"]}
    if noted.exists():  # what is finished there must be what is asked for now
        refuse_another(places.out, json.loads(noted.read_text(encoding="utf-8")), fixed)
    todo = plan.steps(places)
    print(f"ablation: {places.out}", flush=True)
    if not dry_run:
        places.out.mkdir(parents=True, exist_ok=True)
        lock = _alone(places.out)
        if not noted.exists():
            write_json(noted, fixed)
    for number, step in enumerate(todo, start=1):
        if step.is_done():
            continue
        seconds = expected_seconds(step, plan, places, resolved.refine)
        takes = "how long is known behind phase 1" if seconds is None else f"about {clock(seconds)}"
        try:
            line = step.arguments()
        except FileNotFoundError:
            if not dry_run:
                raise
            line = []  # phase 1 would be there by now
        print(f"\n[{number}/{len(todo)}] {step}: {takes}\n{shlex.join(['planlearn', *line]) if line else '(needs the tokens of phase 1)'}", flush=True)
        if dry_run:
            continue
        began = time.monotonic()
        code = subprocess.run([sys.executable, "-m", "planlearn", *line], check=False, pass_fds=[lock.fileno()]).returncode
        if code:
            print(f"{step}: stopped with code {code}; the same command goes on here", file=sys.stderr)
            raise typer.Exit(code if code > 0 else 128 - code)
        print(f"{step}: done in {clock(time.monotonic() - began)}", flush=True)
        if found := collect(places, numbers):
            write_report(places.out, found, resolved.domain, about)
    if found := collect(places, numbers):
        files = write_report(places.out, found, resolved.domain, about)
        print(f"\n{tables(found, resolved.domain)}\n" + "\n".join(map(str, files)))


def _alone(folder: Path) -> IO[str]:
    """A lock on the folder, held until this process and the command that it runs have ended: a kill may leave that running.

    Raises PlanlearnError where another has it.
    """
    import fcntl

    from planlearn.errors import PlanlearnError

    lock = (folder / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise PlanlearnError(f"{folder}: another ablation, or a command that a killed one left, is at work there") from None
    return lock


def _numbers(seeds: str) -> list[int]:
    from planlearn.errors import RecipeError

    try:
        return list(dict.fromkeys(int(seed) for seed in seeds.split(",")))
    except ValueError:
        raise RecipeError(f"--seeds: expected numbers with commas between them, found {seeds!r}") from None
