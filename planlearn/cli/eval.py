"""`planlearn eval`: how many plans of a model are valid, greedy, one attempt, no feedback."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from planlearn.cli.app import command

if TYPE_CHECKING:
    from planlearn.chains import ChainStyle
    from planlearn.models import LoadedModel
    from val_bridge import Task

ARM = "greedy"
MAX_TOKENS = 1400  # PlanBench's longest Blocksworld plans with full states need about 1,000


class States(StrEnum):
    """What the states of a chain say: see `planlearn.chains.ChainStyle`."""

    CHANGES = "changes"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One problem to be solved: its task, and the reference plan's length where there is one."""

    id: str
    domain: str
    size: str
    task: Task
    reference_length: int | None


def lost_cause(task: Task) -> Any:
    """A test for generation: why the answer so far can no longer become a valid plan, or None.

    Only the plan section decides validity, so only there can an answer be lost: at a call that cannot be read or
    applied. What was written is kept and judged as it stands.
    """
    from planlearn.chains import read_answer
    from planlearn.chains.grammar import PLAN_HEADER
    from val_bridge import Outcome, check_plan

    def hopeless(text: str) -> str | None:
        if f"{PLAN_HEADER}\n" not in text:
            return None
        answer = read_answer(text[: text.rfind("\n") + 1], task)
        if answer.plan is None:
            return None if answer.problem.startswith("no line") else answer.problem
        verdict = check_plan(task, answer.plan)
        if verdict.outcome is not Outcome.VALID and verdict.first is not None and verdict.first.step is not None:
            return f"step {verdict.first.step} of the plan cannot be applied"
        return None

    return hopeless


def evaluate(
    loaded: LoadedModel, asked: Iterable[Asked], style: ChainStyle, out: Path, *, batch: int, max_tokens: int,
    about: dict[str, Any], force: bool = False,
) -> dict[str, Any]:
    """Answer every problem greedily and write `results.json` and `samples.jsonl` in `out`; gives the results.

    Goes on where a killed evaluation stopped. Raises ResultExists where `out` holds a finished result, unless forced.
    """
    from planlearn.chains import problem_prompt, read_answer
    from planlearn.evaluate import (
        Sample,
        SampleLog,
        build_results,
        refuse_finished,
        score,
        write_results,
    )
    from planlearn.models import Prompt, generate
    from planlearn.progress import Progress

    asked = list(asked)
    results_path = out / "results.json"
    refuse_finished(results_path, force=force)
    texts = {a.id: problem_prompt(a.task, style) for a in asked}
    settings = json.dumps([about, max_tokens, loaded.base_hash, dataclasses.asdict(style), texts], sort_keys=True)
    run = hashlib.sha256(settings.encode()).hexdigest()[:16]
    samples = out / "samples.jsonl"
    if results_path.exists():  # forced: the answers of the finished result are made anew
        results_path.unlink()
        samples.unlink(missing_ok=True)
    with SampleLog(samples, run=run) as log:
        todo = {a.id: a for a in asked if (a.domain, ARM, a.id) not in log}
        prompts = [Prompt(id=a.id, text=texts[a.id], hopeless=lost_cause(a.task)) for a in todo.values()]
        progress = Progress("evaluate", len(asked), "problems", start=len(asked) - len(todo))
        valid = sum(record.outcome.value == "valid" for record in log.records)
        for completion in generate(loaded, prompts, max_tokens=max_tokens, batch_size=batch):
            one = todo[completion.id]
            sample = Sample(
                domain=one.domain, arm=ARM, id=one.id, size=one.size, prompt=texts[one.id], answer=completion.text,
                stop=completion.stop.value, prompt_tokens=completion.prompt_tokens, tokens=completion.tokens,
                seconds=completion.seconds, reference_length=one.reference_length,
            )
            record = score(one.task, read_answer(completion.text, one.task), sample)
            log.append(record)
            valid += record.outcome.value == "valid"
            progress.update(len(log.records), f"{valid} valid")
        progress.note = f"{valid} valid"
        progress.close()
        results = build_results(
            log.records,
            about=about | {"style": dataclasses.asdict(style), "max_tokens": max_tokens, "batch": batch},
            hashes={"base_weights": loaded.base_hash},
        )
    write_results(results_path, results, force=force)
    return results


def asked_from_rows(rows: Iterable[dict[str, Any]]) -> list[Asked]:
    """Problems of a corpus split. Raises KeyError for a field that a row lacks, UnknownDomain, SourceError."""
    from planlearn.problems import domain_text
    from val_bridge import read_task

    return [
        Asked(
            id=row["id"], domain=row["domain"], size=str(row["size"]), reference_length=row["steps"],
            task=read_task(domain_text(row["domain"]), row["problem_pddl"], row["domain"], f"{row['id']}: problem_pddl"),
        )
        for row in rows
    ]


def asked_from_file(path: Path) -> list[Asked]:
    """Problems of a corpus split's JSONL file. Raises PlanlearnError, which names file and line; SourceError."""
    from planlearn.errors import PlanlearnError
    from planlearn.files import numbered_json

    asked: list[Asked] = []
    for number, row in numbered_json(path):
        try:
            asked += asked_from_rows([row])
        except KeyError as error:
            raise PlanlearnError(f"{path}:{number}: not a row of a corpus, field {error} is missing") from None
        except (TypeError, AttributeError):
            raise PlanlearnError(f"{path}:{number}: expected a row of a corpus, a JSON object of texts") from None
        except PlanlearnError as error:
            raise PlanlearnError(f"{path}:{number}: {error}") from None
    if len({(one.domain, one.id) for one in asked}) < len(asked):
        raise PlanlearnError(f"{path}: two rows have the same id")
    return asked


def asked_from_planbench(folder: Path, domain: str) -> list[Asked]:
    """Problems of a PlanBench folder, with the length of our reference plan where there is one."""
    from planlearn.errors import EngineError
    from planlearn.planners import reference_plan
    from planlearn.problems import read_planbench

    out = []
    for problem in read_planbench(folder):
        task = problem.task()
        try:
            plan = reference_plan(domain, task)
        except EngineError:
            plan = None
        out.append(Asked(
            id=f"{problem.set}-{problem.id}", domain=domain, size=str(len(task.objects)), task=task,
            reference_length=len(plan.calls) if plan is not None else None,
        ))
    return out


def trained_recipe(folder: Path) -> dict[str, Any]:
    """The recipe that a trained folder carries; {} where somebody else trained it. Raises RecipeError."""
    import yaml

    from planlearn.errors import RecipeError

    path = folder / "recipe.yaml"
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError):
        raise RecipeError(f"{path}: not YAML") from None
    if not isinstance(recipe, dict) or not isinstance(recipe.get("corpus", {}), dict):
        raise RecipeError(f"{path}: expected a recipe, blocks of keys")
    return recipe


def load_trained(folder: Path, model: str | None) -> tuple[LoadedModel, ChainStyle, dict[str, Any]]:
    """A model to be evaluated: an adapter's folder (merged into its base), or a whole model's.

    Raises AdapterMismatch, ModelNotFound.
    """
    from planlearn.chains import ChainStyle
    from planlearn.models import load_model, read_adapter_record, weights_hash

    corpus = trained_recipe(folder).get("corpus", {})
    style = ChainStyle(**{k: corpus[k] for k in ("states", "goals", "purposes", "domain_in_prompt") if k in corpus})
    about: dict[str, Any] = {"decoding": "greedy, whole vocabulary, one attempt, no feedback"}
    if (folder / "adapter_config.json").exists():
        record = read_adapter_record(folder)
        base = model or (record.base if record else None)
        if base is None:
            raise typer.BadParameter("this adapter does not say its base model; name it with --model")
        loaded = load_model(base, adapter=folder, merge=True)
        digest = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
        about |= {"model": base, "adapter": folder.name, "adapter_sha256": digest}
    else:
        loaded = load_model(folder)
        about |= {"model": folder.name, "model_sha256": weights_hash(folder)}
    return loaded, style, about


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
    from planlearn.evaluate import refuse_finished, results_table
    from planlearn.models import DEFAULT_MODEL, load_model
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
        about = {"model": loaded.name, "decoding": "greedy, whole vocabulary, one attempt, no feedback"}
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
