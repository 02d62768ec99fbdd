"""`planlearn eval`: how many plans of a model are valid, beside controls; other arms where they are asked for."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path

import typer

from planlearn.cli.app import command


class States(StrEnum):
    """What the states of a chain say: see `planlearn.chains.ChainStyle`."""

    CHANGES = "changes"
    FULL = "full"


class Asks(StrEnum):
    """The prompt."""

    CHAIN = "chain"
    PLAN = "plan"


@command()
def eval(  # noqa: A001 - the command's name
    domain: str = typer.Option(None, help="The domain; default: the adapter's, else blocksworld."),
    adapter: Path = typer.Option(None, exists=True, file_okay=False, help="A trained adapter's (or whole model's) folder. Default without --model, --base-url and --replay: the domain's carried one."),
    model: str = typer.Option(None, help="A preset, folder or hub id; with --adapter, the adapter's base; with --base-url, the model's name there."),
    base_url: str = typer.Option(None, help="An OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1."),
    key_variable: str = typer.Option(None, help="The environment variable that holds the endpoint's key, which is written nowhere. Default: OPENAI_API_KEY for api.openai.com, PLANLEARN_API_KEY elsewhere."),
    replay: Path = typer.Option(None, exists=True, help="Answers of an earlier run (its folder or samples.jsonl) instead of a model."),
    set_name: str = typer.Option(None, "--set", help="One of planlearn's sets (`planlearn data sets` lists them); default: the domain's own."),
    planbench: Path = typer.Option(None, exists=True, file_okay=False, help="The folder with PlanBench's sets: what it has in the set's place is asked."),
    instances: Path = typer.Option(None, exists=True, help="Instead of a set: a folder of instances as PlanBench has them, or a file of problems (.jsonl)."),
    out: Path = typer.Option(..., help="Where results.json, results_lm_eval.json and samples.jsonl go."),
    arms: str = typer.Option("greedy", help="How to ask, some of greedy,samples,masked,verified-none,verified-binary,verified-detailed."),
    controls: str = typer.Option("all", help="all, none, or some of random_walk,planner,base,few_shot."),
    verdicts: bool = typer.Option(False, "--verdicts", help="Ask the model too whether its own plans are valid, and how sure it is."),
    ask: Asks = typer.Option(None, help="chain: our own format; plan: PDDL in, a plan out. Default: chain for what was trained here, else plan."),
    shots: int = typer.Option(0, min=0, help="Solved training problems shown before the problem (with --ask plan)."),
    samples: int = typer.Option(10, min=1, help="Answers a problem in arm samples: pass@1, 5 and 10."),
    eta: int = typer.Option(5, min=1, help="Attempts in all in the verified arms."),
    temperature: float = typer.Option(0.3, min=0.0, help="Of samples and of later attempts."),
    seed: int = typer.Option(0, help="Of samples and of later attempts."),
    batch: int = typer.Option(64, min=1, help="Problems answered side by side at most; on a CPU fewer where memory is short."),
    concurrency: int = typer.Option(4, min=1, help="Requests at a time to an endpoint."),
    timeout: float = typer.Option(600.0, min=0.1, help="Seconds for one request to an endpoint."),
    retries: int = typer.Option(5, min=0, help="Further tries of a request, with longer and longer waits."),
    price_in: float = typer.Option(None, min=0.0, help="Price of a million prompt tokens of an endpoint."),
    price_out: float = typer.Option(None, min=0.0, help="Price of a million answer tokens."),
    request: str = typer.Option("{}", help='A JSON object: further fields of a request, e.g. {"reasoning_effort": "low"}.'),
    planner: str = typer.Option("", help="The control's planner: an engine of unified-planning, e.g. pyperplan; default: planlearn's own for the domain."),
    max_tokens: int = typer.Option(None, min=1, help="The cap of an answer; default: what the longest reference answers need, half as much again, at least the recipe's; of an endpoint 4096."),
    limit: int = typer.Option(None, min=1, help="Only the first so many problems."),
    states: States = typer.Option(None, help="Chain style where the model does not say."),
    domain_in_prompt: bool = typer.Option(None, help="Whether the schemas stand in the prompt, where the model does not say."),
    force: bool = typer.Option(False, help="Overwrite a finished result."),
) -> None:
    """Measure plan validity of a model, ours or anybody's: greedy, whole vocabulary, one attempt, no feedback; beside it controls.

    The model alone is arm greedy. Several answers (samples), the checker's help in decoding (masked) and its feedback at test time (verified-...) are
    arms with rows of their own, never mixed. Controls: a random walk, a classical planner, the untuned base model, the base model with
    solved problems in the prompt.

    \b
    The domain's set, the carried adapter:
      planlearn eval --domain blocksworld --out runs/bw
    Larger problems:
      planlearn eval --domain blocksworld --set blocksworld-6-8 --out runs/bw-6-8
    PlanBench, and what it has in a set's place:
      planlearn eval --adapter DIR --instances PLANBENCH/blocksworld --out runs/pb
      planlearn eval --adapter DIR --set blocksworld-6-8 --planbench PLANBENCH --out runs/pb-6-8
    Somebody's model:
      OPENAI_API_KEY=... planlearn eval --base-url https://api.openai.com/v1 --model NAME --out runs/theirs
    What feedback is worth:
      planlearn eval --adapter DIR --arms verified-none,verified-binary,verified-detailed --eta 10 --out runs/eta
    An earlier run's answers, judged and summed up anew:
      planlearn eval --replay runs/bw --domain blocksworld --out runs/bw-again

    Called again it goes on where it was killed, asks again what was not answered, and adds arms. `planlearn compare` pairs two runs, `planlearn score`
    judges samples again.
    """
    from dataclasses import asdict, replace

    from planlearn.cli.asking import (
        Options,
        caps,
        default_key_variable,
        endpoint_asker,
        local_asker,
        make_arms,
        make_controls,
        make_verdicts,
        replay_asker,
        shots_of,
    )
    from planlearn.errors import PlanlearnError
    from planlearn.evaluate import CONTROLS, asked_from_file, asked_from_planbench, asked_from_set, measure_arms, results_table
    from planlearn.evaluate.arms import GREEDY
    from planlearn.evaluate.sets import named_set
    from planlearn.models import trained_recipe
    from planlearn.problems import domain_text
    from planlearn.recipes import DEFAULT_DOMAIN

    if sum(given is not None for given in (adapter, base_url, replay)) > 1:
        raise PlanlearnError("--adapter, --base-url, --replay: expected one of them")
    if base_url is not None and model is None:
        raise PlanlearnError("--base-url needs --model, the model's name there")
    if instances is not None and (set_name is not None or planbench is not None):
        raise PlanlearnError("--instances: is given instead of --set and --planbench")
    chosen = [name.strip() for name in arms.split(",") if name.strip()]
    if verdicts and GREEDY not in chosen:
        chosen = [GREEDY, *chosen]  # its plans are those that the model judges
    wanted = {"all": CONTROLS, "none": ()}.get(controls, tuple(name.strip() for name in controls.split(",")))
    if set_name is not None:
        domain = domain or named_set(set_name).domain
    if domain is not None:
        domain_text(domain)  # an unknown domain is said with the nearest name
    if adapter is None and model is None and base_url is None and replay is None:
        adapter = _carried(domain or DEFAULT_DOMAIN)
    recipe = trained_recipe(adapter) if adapter is not None else {}
    own = domain or recipe.get("domain", DEFAULT_DOMAIN)
    if instances is None:
        name = set_name or own
        asked, what, source = asked_from_set(name, planbench), name, "planlearn's set" if planbench is None else "PlanBench"
    elif instances.is_dir():
        asked, what, source = asked_from_planbench(instances, own), instances.name, "PlanBench"
    else:
        asked, what, source = asked_from_file(instances), instances.name, "a file"
    if domain is not None and any(one.domain != domain for one in asked):
        raise PlanlearnError(f"{what} has problems of other domains than {domain}")
    asked = asked[:limit]
    if not asked:
        raise PlanlearnError(f"{what} holds no problem")
    if base_url is not None:
        from planlearn.endpoint import Endpoint

        assert model is not None
        asker = endpoint_asker(Endpoint(
            base_url=base_url, model=model, key_variable=key_variable or default_key_variable(base_url), concurrency=concurrency, timeout=timeout, retries=retries,
            price_in=price_in, price_out=price_out, seed=seed or None, extra=_object(request),
        ))  # fmt: skip
    elif replay is not None:
        asker = replay_asker(replay)
    else:
        asker = local_asker(adapter, model, batch=batch, seed=seed)
    style = asker.style
    if states is not None:
        style = replace(style, states=states.value)
    if domain_in_prompt is not None:
        style = replace(style, domain_in_prompt=domain_in_prompt)
    elif recipe and any(one.domain != recipe.get("domain") for one in asked):
        style = replace(style, domain_in_prompt=True)  # a model of another domain cannot know these schemas
    asker = replace(asker, style=style)
    chain_cap, plan_cap = caps(asker, asked, recipe.get("evaluation", {}).get("max_tokens"))
    options = Options(
        ask=ask.value if ask is not None else asker.ask, max_tokens=max_tokens or chain_cap, plan_tokens=max_tokens or plan_cap,
        samples=samples, eta=eta, temperature=temperature, seed=seed, shots=shots,
    )
    asks = make_arms(chosen, asker, options)
    beside, left_out, base = make_controls(wanted, asker, asked, options, planner=planner)
    said = dict(asker.said) | base | ({"left_out": left_out} if left_out else {})
    if options.ask == "chain":
        said |= {"style": asdict(style)}
    results = measure_arms(
        [*asks, *beside], asked, out, about=dict(asker.about) | {"instances": what, "source": source}, hashes=asker.hashes, force=force,
        said=said | {"max_tokens": options.cap, "seed": seed, "shots": shots_of([*asks, *beside])}, verdicts=make_verdicts(asker, options) if verdicts else None,
    )
    if replay is not None and all(arms[name]["plan_validity"] is None and arms[name]["outcomes"]["missing"] for arms in results["results"].values() for name in chosen):
        raise PlanlearnError(f"{replay}: has an answer to none of {len(asked)} problems; it is of other ones")
    print(results_table(results))
    for name, why in left_out.items():
        print(f"{name}: left out, {why}")
    print(f"results  {out / 'results.json'}\nsamples  {out / 'samples.jsonl'}")


def _carried(domain: str) -> Path | None:
    """The adapter that the checkout carries for the domain; where it carries none, that is said."""
    from planlearn.resources import resource_path

    try:
        return resource_path("data", "adapters", domain)
    except FileNotFoundError:
        print(f"no adapter is carried for {domain}: the default base model is asked, which was not tuned", file=sys.stderr)
        return None


def _object(text: str) -> dict[str, object]:
    from planlearn.errors import PlanlearnError

    try:
        found = json.loads(text)
    except ValueError as error:
        raise PlanlearnError(f"--request: no JSON ({error})") from None
    if not isinstance(found, dict):
        raise PlanlearnError(f"--request: expected a JSON object, found {text}")
    return found
