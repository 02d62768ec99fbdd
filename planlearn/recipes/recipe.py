"""The recipe's fields, reading one from YAML, and overriding single keys."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from planlearn.errors import RecipeError

HERE = Path(__file__).parent
DEFAULT_DOMAIN = "blocksworld"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StageRecipe(_Strict):
    """One stage of the curriculum: its share of the examples, what problems it holds, how long their plans may be."""

    share: PositiveFloat
    sizes: dict[str, PositiveFloat]
    max_steps: PositiveInt

    @field_validator("sizes", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        # YAML reads 4: as a number; a size is a name ("4" blocks, "small").
        return {str(k): v for k, v in value.items()} if isinstance(value, dict) else value


class CorpusRecipe(_Strict):
    """What the corpus holds.

    examples: training examples. validation: held-out problems, one a class.
    renamings: how many training examples one drawn problem gives, each with its objects' names shuffled anew; for
    domains without static facts alone (elsewhere names carry meaning, as l0-1 does), and cheaper than more problems.
    judged: share of judged plans, half of them spoiled, among the training examples, in [0, 1). mended: share of chains with a
    fault and feedback on it that are to be corrected, so that the form of the rounds' lessons is known. unsolvable: share of problems
    without a plan, whose answer says so; the validation and test splits have so many of them for each of their solvable problems, behind
    these. The sum of the three shares is below 1.
    shuffled: whether each chain says what another one's says but for its actions, a control (`planlearn.corpus.shuffle`).
    states, goals, purposes, domain_in_prompt: see `planlearn.chains.ChainStyle`.
    """

    examples: PositiveInt
    validation: PositiveInt = 100
    test: PositiveInt = 100
    renamings: PositiveInt = 1
    judged: float = Field(default=0.0, ge=0.0, lt=1.0)
    mended: float = Field(default=0.0, ge=0.0, lt=1.0)
    unsolvable: float = Field(default=0.0, ge=0.0, lt=1.0)
    shuffled: bool = False
    states: Literal["changes", "full"] = "changes"
    goals: bool = True
    purposes: bool = False
    domain_in_prompt: bool = True
    stages: list[StageRecipe] = Field(min_length=1)
    validation_sizes: dict[str, PositiveFloat] = Field(min_length=1)

    @field_validator("mended", "unsolvable")
    @classmethod
    def _some_chains(cls, value: float, info: ValidationInfo) -> float:
        shares = {name: info.data.get(name, 0.0) for name in ("judged", "mended", "unsolvable")} | {str(info.field_name): value}
        if sum(shares.values()) >= 1.0:
            named = [name for name, share in shares.items() if share or name != "unsolvable"]
            raise PydanticCustomError("no_chains", f"leaves no chains to learn: {' + '.join(named)} must be below 1")
        return value

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `unsolvable` where it is 0: a recipe from before there was this key keeps its hash, and its runs go on."""
        found: dict[str, Any] = serialize(self)
        return {key: value for key, value in found.items() if key != "unsolvable" or value}

    @field_validator("purposes")
    @classmethod
    def _with_goals(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("goals", True):
            raise PydanticCustomError("needs_goals", "needs goals: true")
        return value

    _names = field_validator("validation_sizes", mode="before")(StageRecipe._names.__func__)  # type: ignore[attr-defined]


class AdapterRecipe(_Strict):
    """LoRA, Hu et al. 2021. rank 0 trains the whole model (for models made from nothing)."""

    rank: int = Field(default=32, ge=0)
    alpha: PositiveFloat = 64.0
    targets: str | list[str] = "all-linear"


class EvaluationRecipe(_Strict):
    """batch: problems answered side by side. max_tokens: the cap of one answer.

    curve: how many snapshots, evenly spaced before the end, are kept while training and measured, then or behind it (see `WatchRecipe`), on the first
    `curve_problems` validation problems, for a curve of validity against examples and minutes.
    """

    batch: PositiveInt = 64
    max_tokens: PositiveInt = 700
    curve: int = Field(default=0, ge=0)
    curve_problems: PositiveInt = 60


class RefineRecipe(_Strict):
    """Phase 2 of PDDL-Instruct (arXiv 2509.13351): rounds of attempts, feedback and two stages of learning from them.

    rounds: η, the cap on rounds. patience: stop where validity on the validation problems has not risen for so many rounds.
    feedback: what the model is told of its failed attempts ("none": nothing, the same problems and corrections).
    problems: problems of D2 in a round, of `sizes` and at most `max_steps`; those of earlier rounds come again only where a size has no more. temperature: of the
    attempts. attempts: how many more a failed problem gets, with the feedback. correction: "own", or "reference", where the
    planner alone makes corrections (a departure: D2 holds no solutions). keep_valid: whether chains that came out right at once
    are learned too. mend: share of the failed attempts that are lessons in mending too. altered: share of those lessons whose
    feedback is that on another attempt, as the paper alters some of VAL's outputs (Sec. 5.1). judge: whether the model learns to judge
    the plans it wrote.
    objective: see `planlearn.refine.Weighing`, as for fault_weight (λ), penalties, unlikelihood (β) and verdict; or "policy", experimental:
    no lessons, each problem answered `generations` times at `policy_temperature` and rewarded (`planlearn.refine.reward`), by TRL's GRPO.
    tokens: read in stage "chain" of a round, lessons coming again until then; None: each lesson once. plan_share: stage "plan"
    reads that share of what stage "chain" reads. names: under so many more shufflings of its objects' names each correction is
    learned too, with the planner's plan for these (plans go by names); 0 in domains with static facts.
    chain_rate, plan_rate: δ1 > δ2, at which the stages of round 1 begin. decay: a stage's rate falls along a cosine to that share of
    what it began with, and there the next round's begins: 0 starts every round anew. validation: the first so many problems of the
    validation split, measured after each round; where a run of rounds alone asks for more than corpus.validation, a class may come
    again under other names.
    """

    rounds: int = Field(default=3, ge=0)
    patience: PositiveInt | None = None
    feedback: Literal["none", "binary", "detailed"] = "detailed"
    problems: PositiveInt = 100
    sizes: dict[str, PositiveFloat] = Field(min_length=1)
    max_steps: PositiveInt | None = None
    temperature: float = Field(default=0.3, ge=0.0)
    attempts: int = Field(default=1, ge=0)
    correction: Literal["own", "reference"] = "own"
    keep_valid: bool = True
    mend: float = Field(default=1.0, ge=0.0, le=1.0)
    altered: float = Field(default=0.0, ge=0.0, le=1.0)
    judge: bool = True
    objective: Literal["weighted", "nll", "policy"] = "weighted"
    generations: int = Field(default=8, ge=2)
    policy_temperature: PositiveFloat = 1.0
    fault_weight: float = Field(default=0.25, ge=0.0)
    penalties: dict[Literal["precondition", "effect", "goal", "other"], float] = {
        "precondition": 1.0, "effect": 1.0, "goal": 1.0, "other": 1.0,
    }  # fmt: skip
    unlikelihood: float = Field(default=0.5, ge=0.0)
    verdict: float = Field(default=1.0, ge=0.0)
    tokens: PositiveInt | None = None
    plan_share: float = Field(default=0.25, gt=0.0, le=1.0)
    names: int = Field(default=0, ge=0)
    chain_rate: PositiveFloat = 1.0e-5
    plan_rate: PositiveFloat = 5.0e-6
    decay: float = Field(default=0.0, ge=0.0, le=1.0)
    validation: PositiveInt = 100

    _names = field_validator("sizes", mode="before")(StageRecipe._names.__func__)  # type: ignore[attr-defined]

    @field_validator("plan_rate")
    @classmethod
    def _slower(cls, value: float, info: ValidationInfo) -> float:
        if value >= info.data.get("chain_rate", math.inf):
            raise PydanticCustomError("slower", "must be less than chain_rate (δ2 < δ1)")
        return value


class WatchRecipe(_Strict):
    """How a run is watched. It changes nothing that the run computes, so it is in no hash and no recorded recipe, and may change when a run goes on.

    report_to: where losses go beside the run's own record, in transformers' words: "none", "tensorboard" (into the run's folder, validity
    too), "trackio", "wandb"; one or a list. validity: measure the snapshots of `evaluation.curve` when they are made instead of
    after the training, so that progress shows validity; takes memory for a second model.
    """

    report_to: str | list[str] = "none"
    validity: bool = False


class Recipe(_Strict):
    """A whole run.

    phase1: whether the model learns from the corpus before the rounds; without it they begin with the base as it is.
    precision: "auto" trains frozen weights in bfloat16 where this machine multiplies faster in it.
    optimizer: "adamw", or "muon" for the weights of linear layers and AdamW for the rest (`planlearn.learn.optimizer`);
    any other goes into `training` as `optim`, in transformers' words.
    """

    domain: str
    model: str
    seed: int = Field(default=0, ge=0, lt=2**32)
    minutes: PositiveFloat | None = None
    phase1: bool = True
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    optimizer: Literal["adamw", "muon"] = "adamw"
    checkpoint_steps: PositiveInt = 50
    max_length: PositiveInt = 2048
    corpus: CorpusRecipe
    adapter: AdapterRecipe = AdapterRecipe()
    evaluation: EvaluationRecipe = EvaluationRecipe()
    refine: RefineRecipe | None = None
    watch: WatchRecipe = Field(default=WatchRecipe(), exclude=True)
    training: dict[str, Any] = Field(default_factory=dict)

    @field_validator("training")
    @classmethod
    def _numbers(cls, value: dict[str, Any]) -> dict[str, Any]:
        # YAML 1.1 reads 1e-3 as a text; only 1.0e-3 is a number.
        return {key: _number(given) for key, given in value.items()}


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _known_keys(field.annotation, f"{prefix}{name}.")
    return keys


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"override {key}: {part} is a value, not a block")
    tree[last] = value


def _full_key(key: str) -> str:
    """`examples` -> `corpus.examples`: a last part that stands in one block alone need not name the block."""
    known = _known_keys(Recipe)
    if key in known or key.startswith("training."):
        return key
    ends = [k for k in known if k.endswith("." + key)]
    return ends[0] if len(ends) == 1 else key


def _hint(name: str, prefix: str) -> str:
    names = [k.removeprefix(prefix) for k in _known_keys(Recipe) if k.startswith(prefix)]
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _problems(error: ValidationError, file: str, given: Iterable[str]) -> list[str]:
    """A line a mistake; those in keys that were not `given` on the command line name the recipe's file."""
    lines = []
    for e in error.errors():
        where = ".".join(str(part) for part in e["loc"])
        if not any(f"{where}.".startswith(f"{key}.") for key in given):
            where = f"{file}: {where}"
        if e["type"] == "extra_forbidden":
            prefix = "".join(f"{part}." for part in e["loc"][:-1])
            lines.append(f"{where}: unknown key{_hint(str(e['loc'][-1]), prefix)}")
        elif e["type"] == "missing":
            lines.append(f"{where}: missing")
        else:
            lines.append(f"{where}: {e['msg'][0].lower()}{e['msg'][1:]}, found {e['input']!r}")
    return lines


def mistakes(problems: Sequence[str]) -> RecipeError:
    """All mistakes in one sentence, numbered where there are several."""
    if len(problems) == 1:
        return RecipeError(problems[0])
    return RecipeError(f"{len(problems)} problems: " + " ".join(f"({n}) {text}" for n, text in enumerate(problems, start=1)))


def find_recipe(domain: str, model: str) -> Path:
    """The recipe file for a domain and a model: `<domain>-<model>.yaml`, else `<domain>.yaml`."""
    for name in (f"{domain}-{Path(model).name}.yaml", f"{domain}.yaml"):
        if (HERE / name).exists():
            return HERE / name
    raise RecipeError(f"no recipe for domain {domain!r}; give one with --recipe FILE")


def resolve(
    path: Path | None, overrides: Sequence[str] = (), *, known: Callable[[str], Any] = lambda domain: None, **named: Any,
) -> tuple[Path, Recipe]:
    """(the recipe's file, the recipe with its overrides): the file given, else the one for the domain and the model.

    known: told the domain, raises where there is none of that name. named: keys given by name (None: not given); they
    may stand among the overrides too, but not with another value there. Where neither says the domain, it is the recipe
    file's, and `DEFAULT_DOMAIN` without a file. Raises RecipeError.
    """
    given = {key: value for key, value in map(_parsed, overrides) if key in Recipe.model_fields}
    for key, value in named.items():
        if value is not None and key in given and given[key] != value and str(given[key]) != str(value):
            raise RecipeError(f"{key} is given twice: {value} and {key}={given[key]}")
    given |= {key: value for key, value in named.items() if value is not None}
    if path is None:
        named["domain"] = given.setdefault("domain", DEFAULT_DOMAIN)
        known(str(given["domain"]))
        path = find_recipe(str(given["domain"]), str(given.get("model", "")))
    recipe = load_recipe(path, overrides, **named)
    known(recipe.domain)
    return path, recipe


def differences(old: Any, new: Any, prefix: str = "") -> list[str]:
    """Where two trees of JSON values differ, as "corpus.examples: 8 -> 9"."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{prefix}.{key}" if prefix else key)]
    return [] if old == new else [f"{prefix}: {json.dumps(old)} -> {json.dumps(new)}"]


def refuse_another(folder: Path, old: Any, new: Any) -> None:
    """Raise RecipeError where a folder holds work made from another recipe."""
    if changed := differences(old, new):
        raise RecipeError(f"{folder} was made from another recipe ({'; '.join(changed)}); choose another folder")


def _parsed(override: str) -> tuple[str, Any]:
    """(full key, value) of "key=value"."""
    key, equals, value = override.partition("=")
    if not equals:
        raise RecipeError(f"expected key=value, found {override!r}")
    try:
        return _full_key(key.strip()), yaml.safe_load(value)
    except yaml.YAMLError:
        raise RecipeError(f"override {key}: {value!r} is not a YAML value") from None


def is_given(key: str, overrides: Iterable[str]) -> bool:
    """Whether overrides set a key, alone or with its block: adapter.rank=2, rank=2, adapter={rank: 2}."""
    tree: Any = {}
    for override in overrides:
        _set(tree, *_parsed(override))
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True


def as_trained(recipe: Recipe, overrides: Sequence[str], *, made_here: bool, own_file: bool) -> Recipe:
    """The recipe as it is trained: the domain's recipe may be for models that know something, and one made from a seed is trained whole.

    made_here: whether the model is made from a seed. own_file: whether somebody gave the recipe's file.
    """
    if not made_here or own_file or is_given("adapter.rank", overrides):
        return recipe
    return recipe.model_copy(update={"adapter": recipe.adapter.model_copy(update={"rank": 0})})


def load_recipe(path: Path, overrides: Sequence[str] = (), *, defaults: dict[str, Any] | None = None, **fixed: Any) -> Recipe:
    """Read a recipe; `overrides` are "key=value" with YAML values; `fixed` are keys given by name (None: not given).

    defaults: keys and what they have where the file has nothing.

    Raises RecipeError, one sentence or a list of all mistakes, each with its key.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise RecipeError(f"{path}{place}: not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(tree, dict):
        raise RecipeError(f"{path}: expected a block of keys, found {type(tree).__name__}")
    tree = {**(defaults or {}), **{key: value for key, value in tree.items() if value is not None or key not in (defaults or {})}}
    given = [*map(_parsed, overrides), *((key, value) for key, value in fixed.items() if value is not None)]
    for key, value in given:
        _set(tree, key, value)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise mistakes(_problems(error, path.name, [key for key, _ in given])) from None


def recipe_hash(recipe: Recipe) -> str:
    """Eight hex digits that name the recipe's content."""
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
