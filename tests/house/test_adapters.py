"""Trained models that the project carries: what lies there is what was measured, adapters on the base that planlearn fetches."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ADAPTERS = sorted(path.parent for path in ROOT.glob("data/adapters/*/recipe.yaml"))


def test_there_is_one_for_blocksworld() -> None:
    assert "blocksworld" in {folder.name for folder in ADAPTERS}
    assert {folder.name for folder in ADAPTERS} == {path.name for path in (ROOT / "data" / "adapters").iterdir()}


@pytest.mark.parametrize("folder", ADAPTERS, ids=lambda folder: folder.name)
def test_its_results_are_its_own_and_its_recipe_is_read(folder: Path) -> None:
    from planlearn.recipes import load_recipe

    recipe = load_recipe(folder / "recipe.yaml")
    results = json.loads((folder / "planbench.json").read_text(encoding="utf-8"))
    if recipe.adapter.rank:
        weights = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
        assert results["about"]["adapter_sha256"] == weights
        assert results["hashes"]["base_weights"] == json.loads((folder / "planlearn.json").read_text())["base_hash"]
        assert results["about"]["model"] == recipe.model
    else:
        from planlearn.models import weights_hash

        assert results["about"]["model_sha256"] == weights_hash(folder)
    assert results["about"]["style"].items() <= yaml.safe_load((folder / "recipe.yaml").read_text())["corpus"].items()
    (validity,) = [arms["greedy"]["plan_validity"] for arms in results["results"].values()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = f"**{100 * validity['value']:.1f} %** valid ({100 * validity['low']:.1f}-{100 * validity['high']:.1f}) | {validity['n']} |"
    assert shown in readme, "the README's table shows another figure"
