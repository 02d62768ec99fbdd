"""Recipes: one YAML file for a run that somebody would repeat, typed, with all mistakes reported together.

A recipe counts examples, never minutes: minutes repeat on no other machine. `MINUTES` is a cap that shortens the
schedule once the machine's speed is measured. The `training` block is passed word for word to TRL's `SFTConfig`, so
TRL's documentation applies; its keys are checked against that dataclass before anything is made.
"""

from planlearn.recipes.recipe import (
    DEFAULT_DOMAIN,
    AdapterRecipe,
    CorpusRecipe,
    EvaluationRecipe,
    Recipe,
    RefineRecipe,
    StageRecipe,
    as_trained,
    differences,
    find_recipe,
    is_given,
    load_recipe,
    mistakes,
    recipe_hash,
    refuse_another,
    resolve,
)

__all__ = [
    "DEFAULT_DOMAIN", "AdapterRecipe", "CorpusRecipe", "EvaluationRecipe", "Recipe", "RefineRecipe", "StageRecipe", "as_trained", "differences", "find_recipe",
    "is_given", "load_recipe", "mistakes", "recipe_hash", "refuse_another", "resolve",
]
