"""What a training run left in a folder: its recipe, its chain style, its model ready to answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from planlearn.chains import ChainStyle
from planlearn.errors import ModelNotFound, RecipeError
from planlearn.files import file_sha256
from planlearn.models.load import LoadedModel, load_model, public_name, read_adapter_record
from planlearn.models.weights import weights_hash


def trained_recipe(folder: Path) -> dict[str, Any]:
    """The recipe that a trained folder carries; {} where somebody else trained it. Raises RecipeError."""
    path = folder / "recipe.yaml"
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError):
        raise RecipeError(f"{path}: not YAML") from None
    if not isinstance(recipe, dict) or not all(isinstance(recipe.get(key, {}), dict) for key in ("corpus", "evaluation")):
        raise RecipeError(f"{path}: expected a recipe, blocks of keys")
    return recipe


def _style(folder: Path) -> ChainStyle:
    corpus = trained_recipe(folder).get("corpus", {})
    try:
        return ChainStyle(**{k: corpus[k] for k in ("states", "goals", "purposes", "domain_in_prompt") if k in corpus})
    except ValueError as error:
        raise RecipeError(f"{folder / 'recipe.yaml'}: corpus.{error}") from None


def load_trained(folder: Path, model: str | None) -> tuple[LoadedModel, ChainStyle, dict[str, Any]]:
    """A model to be evaluated: an adapter's folder (merged into its base), or a whole model's.

    Raises AdapterMismatch, ModelNotFound, RecipeError.
    """
    style = _style(folder)
    about: dict[str, Any] = {"decoding": "greedy, whole vocabulary, one attempt, no feedback"}
    if (folder / "adapter_config.json").exists():
        record = read_adapter_record(folder)
        base = model or (record.base if record else None)
        if base is None:
            raise ModelNotFound(f"{folder} does not say its base model; name it with --model")
        try:
            loaded = load_model(base, adapter=folder, merge=True)
        except ModelNotFound as error:
            raise ModelNotFound(error if model else f"{error}; it is the base of {folder}: name its folder with --model") from None
        digest = file_sha256(folder / "adapter_model.safetensors")
        about |= {"model": public_name(base), "adapter": folder.name, "adapter_sha256": digest}
    else:
        loaded = load_model(folder)
        about |= {"model": folder.name, "model_sha256": weights_hash(folder)}
    return loaded, style, about


def chat_text(loaded: LoadedModel, text: str) -> str:
    """What to put to a model that is spoken to in turns: its own template around the text, as a user's turn; the text where it has none."""
    if not getattr(loaded.tokenizer, "chat_template", None):
        return text
    return loaded.tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True)
