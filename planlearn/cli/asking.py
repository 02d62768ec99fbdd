"""Who is asked and in which arms: puts models, endpoints and recordings behind `planlearn.evaluate.Arm`s."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from planlearn.errors import PlanlearnError

if TYPE_CHECKING:
    from planlearn.chains import ChainStyle
    from planlearn.endpoint import Endpoint
    from planlearn.evaluate import Arm, Asked, Complete
    from planlearn.evaluate.verdicts import VerdictAsker
    from planlearn.refine.attempt import FeedbackLevel

Ask = Literal["chain", "plan"]
"""The prompt: "chain" is our own format, for models trained on it; "plan" is PDDL in, a plan out, for any model."""

LEVELS: tuple[FeedbackLevel, ...] = ("none", "binary", "detailed")
NO_BASE = "made from a seed: there is no model that was not tuned"
ELSEWHERE = "the model is asked elsewhere: no base of it is here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Something that answers.

    answers(arm, cap of tokens, temperature): a function from prompts to completions. ask, style: how it is asked by default. chat: a text as
    the model wants to be spoken to. count: tokens of a text, None where they are counted elsewhere. about, hashes, said: see `measure_arms`. base: makes the untuned model; or says why there is none.
    masks: whether decoding can be masked. is_general: whether it may be shown solved problems where it has no base here, as a model
    behind an address may.
    """

    answers: Callable[[str, int, float], Complete]
    ask: Ask
    style: ChainStyle
    about: Mapping[str, Any]
    chat: Callable[[str], str] = str
    count: Callable[[str], int] | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    base: Callable[[], Asker] | str = ELSEWHERE
    masks: bool = False
    is_general: bool = False


def local_asker(adapter: Path | None, model: str | None, *, batch: int, seed: int) -> Asker:
    """An adapter on its base, a whole model that was trained here, or any model by name."""
    from planlearn.chains import ChainStyle
    from planlearn.models import DEFAULT_MODEL, PRESETS, chat_text, generate, load_model, load_trained, public_name

    def asker(loaded: Any, style: ChainStyle, about: Mapping[str, Any], ask: Ask, base: Callable[[], Asker] | str) -> Asker:
        def answers(arm: str, max_tokens: int, temperature: float) -> Complete:
            return lambda prompts: generate(loaded, prompts, max_tokens=max_tokens, batch_size=batch, temperature=temperature, seed=seed)

        return Asker(
            answers=answers, ask=ask, style=style, about=about, chat=lambda text: chat_text(loaded, text),
            count=lambda text: len(loaded.tokenizer(text)["input_ids"]), hashes={"base_weights": loaded.base_hash},
            said={"batch": batch}, base=base, masks=True,
        )

    def untuned(name: str) -> Asker:
        loaded = load_model(name)
        return asker(loaded, ChainStyle(), {"model": public_name(name)}, "plan", NO_BASE)

    if adapter is None:
        name = model or DEFAULT_MODEL
        made = name in PRESETS and PRESETS[name].shape is not None
        return replace(untuned(name), base=NO_BASE if made else lambda: untuned(name))
    loaded, style, about = load_trained(adapter, model)
    name = _base_of(adapter, model)
    made = name is None or (name in PRESETS and PRESETS[name].shape is not None)
    return asker(loaded, style, about, "chain", NO_BASE if made else lambda: untuned(str(name)))


def _base_of(trained: Path, model: str | None) -> str | None:
    """The name of the model below an adapter; None for a model that was trained whole."""
    from planlearn.models import read_adapter_record

    if not (trained / "adapter_config.json").exists():
        return None
    record = read_adapter_record(trained)
    return model or (record.base if record is not None else None)


def endpoint_asker(endpoint: Endpoint) -> Asker:
    """A model behind an address."""
    from planlearn.chains import ChainStyle
    from planlearn.endpoint import complete

    def answers(arm: str, max_tokens: int, temperature: float) -> Complete:
        # Some models refuse any temperature; then none is sent, whatever the arm.
        drawn = temperature if temperature and endpoint.temperature is not None else endpoint.temperature
        return lambda prompts: complete(replace(endpoint, temperature=drawn), prompts, max_tokens=max_tokens)

    return Asker(answers=answers, ask="plan", style=ChainStyle(), about=endpoint.about(), said=endpoint.said(), is_general=True)


def default_key_variable(base_url: str) -> str:
    """OpenAI's key is for OpenAI alone, wherever else somebody points."""
    from urllib.parse import urlsplit

    return "OPENAI_API_KEY" if urlsplit(base_url).hostname == "api.openai.com" else "PLANLEARN_API_KEY"


def replay_asker(recording: Path) -> Asker:
    """The answers of an earlier run, judged anew; asked as that run asked."""
    from planlearn.chains import ChainStyle
    from planlearn.evaluate import Reader
    from planlearn.evaluate.replay import replay
    from planlearn.evaluate.saved import samples_file, saved_rows

    def answers(arm: str, max_tokens: int, temperature: float) -> Complete:
        return replay(recording, arm=arm)

    results = samples_file(recording).parent / "results.json"
    style = json.loads(results.read_text(encoding="utf-8"))["about"].get("style", {}) if results.exists() else {}
    _, first = next(iter(saved_rows(samples_file(recording))))
    ask: Ask = "plan" if first.get("reader") == Reader.LENIENT else "chain"
    return Asker(answers=answers, ask=ask, style=ChainStyle(**style), about={"replayed": recording.resolve().name})


ENDPOINT_TOKENS = 4096
"""The cap of an endpoint's answer: what it thinks unseen counts too."""
CHAIN_TOKENS, PLAN_TOKENS = 1400, 400
"""The least caps of our own models' answers: chains of PlanBench's longest Blocksworld plans with full states, and plans of 40 steps."""
LONGEST = 3


def caps(asker: Asker, asked: Sequence[Asked], of_recipe: int | None) -> tuple[int, int]:
    """(of a chain, of a plan alone): half as much again as right answers to the problems with the longest reference plans need."""
    from planlearn.chains import answer_segments
    from planlearn.evaluate.prompts import plan_lines
    from planlearn.planners import reference_plan
    from val_bridge import execute

    least = of_recipe or CHAIN_TOKENS, PLAN_TOKENS
    if asker.count is None:
        return (max(ENDPOINT_TOKENS, least[0]), ENDPOINT_TOKENS)
    longest = sorted((one for one in asked if one.reference_length), key=lambda one: -(one.reference_length or 0))[:LONGEST]
    chains, plans = [least[0]], [least[1]]
    for one in longest:
        plan = reference_plan(one.domain, one.task, to_teach=True)
        if plan is not None:
            text = "".join(segment.text for segment in answer_segments(one.task, execute(one.task, plan.calls), asker.style)[1:])
            chains.append(asker.count(text) * 3 // 2)
            plans.append(asker.count(plan_lines(plan)) * 3 // 2)
    return max(chains), max(plans)


def shots_of(arms: Iterable[Arm]) -> dict[str, int]:
    """How many solved problems each arm shows."""
    return {arm.name: arm.settings["shots"] for arm in arms if arm.settings.get("shots")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How arms are asked. max_tokens, plan_tokens: caps of an answer that is a chain, and of one that is a plan alone. samples: of the arm
    "samples". eta: attempts of the verified arms. temperature, seed: of samples and of later attempts. shots: solved problems shown."""

    ask: Ask
    max_tokens: int
    plan_tokens: int
    samples: int
    eta: int
    temperature: float
    seed: int
    shots: int

    @property
    def cap(self) -> int:
        return self.max_tokens if self.ask == "chain" else self.plan_tokens


def make_arms(names: Sequence[str], asker: Asker, options: Options) -> list[Arm]:
    """The arms of these names; greedy comes first where others go on from it. Raises PlanlearnError for one that the asker cannot have."""
    from planlearn.chains import ChainStyle
    from planlearn.evaluate import Asking, Reader, few_shots_for, lost_cause
    from planlearn.evaluate.arms import GREEDY, MASKED, SAMPLES, VERIFIED
    from planlearn.evaluate.mask import chain_mask, plan_mask
    from planlearn.evaluate.measure import chain_prompt, greedy_arm
    from planlearn.evaluate.prompts import plan_prompt
    from planlearn.refine.verified import Verified, correcting, mending

    known = (GREEDY, SAMPLES, MASKED, *(f"{VERIFIED}-{level}" for level in LEVELS))
    if unknown := [name for name in names if name not in known]:
        raise PlanlearnError(f"--arms: expected some of {', '.join(known)}, found {unknown[0]!r}")
    if any(name.startswith(VERIFIED) for name in names):
        names = [GREEDY, *(name for name in names if name != GREEDY)]
    chain = options.ask == "chain"
    shots = partial(few_shots_for, count=options.shots)
    style: ChainStyle = asker.style
    text = (lambda one: chain_prompt(one, style)) if chain else (lambda one: asker.chat(plan_prompt(one, shots(one))))
    common: dict[str, Any] = {"text": text, "reader": Reader.STRICT if chain else Reader.LENIENT}
    settings: dict[str, Any] = {"max_tokens": options.cap, **({"style": asdict(style)} if chain else {"shots": options.shots})}
    drawn = {"temperature": options.temperature, "seed": options.seed}
    arms: list[Arm] = []
    for name in dict.fromkeys(names):
        if name == GREEDY and chain:
            arms.append(greedy_arm(asker.answers(GREEDY, options.cap, 0.0), style, max_tokens=options.cap))
        elif name == GREEDY:
            shown = f", {options.shots} solved problems shown" if options.shots else ""
            arms.append(Asking(name=name, says=f"the model alone: greedy, one attempt, no feedback{shown}", answer=asker.answers(name, options.cap, 0.0), settings=settings, **common))
        elif name == SAMPLES:
            arms.append(Asking(
                name=name, says=f"{options.samples} independent answers at T = {options.temperature}; the row is the first one's",
                answer=asker.answers(name, options.cap, options.temperature), attempts=options.samples,
                settings=settings | drawn | {"samples": options.samples},
                hopeless=lost_cause if chain else None, **common,
            ))  # fmt: skip
        elif name == MASKED:
            if not asker.masks:
                raise PlanlearnError("--arms masked: needs a model on this machine, whose decoding can be masked")
            free = "the chain above it is free, states are not forced" if chain else "nothing else is written"
            arms.append(Asking(
                name=name, says=f"greedy, the plan's actions kept to applicable ones; {free}", answer=asker.answers(name, options.cap, 0.0),
                settings=settings, mask=chain_mask if chain else plan_mask, **common,
            ))  # fmt: skip
        else:
            level = next(level for level in LEVELS if name == f"{VERIFIED}-{level}")
            again = mending(style) if chain else (lambda one, last, of, make=correcting(shots): asker.chat(make(one, last, of)))
            arms.append(Verified(
                level=level, eta=options.eta, answer=asker.answers(name, options.cap, options.temperature), again=again,
                reader=common["reader"], settings=settings | drawn | {"eta": options.eta},
            ))  # fmt: skip
    return arms


def make_verdicts(asker: Asker, options: Options) -> VerdictAsker:
    """How the model is asked what it thinks of its own plans."""
    from planlearn.evaluate.verdicts import in_our_format, in_plain_words

    answer = asker.answers("verdict", options.cap, 0.0)
    return in_our_format(answer, asker.style) if options.ask == "chain" else in_plain_words(answer, asker.chat)


def make_controls(
    names: Iterable[str], asker: Asker, asked: Sequence[Asked], options: Options, *, planner: str = ""
) -> tuple[list[Arm], dict[str, str], dict[str, Any]]:
    """(arms, why some are left out, what results say of the untuned model)."""
    from planlearn.evaluate import CONTROLS, Asking, ClassicalPlanner, RandomWalk, Reader, few_shots_for
    from planlearn.evaluate.arms import BASE, FEW_SHOT, PLANNER, RANDOM_WALK
    from planlearn.evaluate.prompts import plan_prompt
    from planlearn.planners import ENGINES

    names = list(names)
    if unknown := [name for name in names if name not in CONTROLS]:
        raise PlanlearnError(f"--controls: expected all, none or some of {', '.join(CONTROLS)}, found {unknown[0]!r}")
    arms: list[Arm] = []
    left_out: dict[str, str] = {}
    said: dict[str, Any] = {}
    if RANDOM_WALK in names:
        arms.append(RandomWalk.for_problems(asked))
    if PLANNER in names:
        if planner and planner not in ENGINES:
            raise PlanlearnError(f"--planner: expected one of {', '.join(ENGINES)}, found {planner!r}")
        arms.append(ClassicalPlanner(engine=planner))
    wanted = [name for name in (BASE, FEW_SHOT) if name in names]
    if wanted and isinstance(asker.base, str):
        left_out |= {name: asker.base for name in wanted if not (name == FEW_SHOT and asker.is_general)}
        wanted = [name for name in wanted if name not in left_out]
        base = asker
    elif wanted:
        assert callable(asker.base)
        base = asker.base()
        said["base"] = dict(base.about)
    for name in wanted:
        count = max(options.shots, 2) if name == FEW_SHOT else 0
        model = "the model" if base is asker else "the base model, not tuned"
        arms.append(Asking(
            name=name, says=f"{model}: domain and problem as PDDL{f', {count} solved problems shown' if count else ''}, greedy",
            answer=base.answers(name, options.plan_tokens, 0.0), reader=Reader.LENIENT,
            text=lambda one, count=count: base.chat(plan_prompt(one, few_shots_for(one, count))),
            settings={"max_tokens": options.plan_tokens, "shots": count, **({"base": base.hashes} if base is not asker else {})},
        ))  # fmt: skip
    return arms, left_out, said
