"""Recipes: typed, all mistakes together, overrides by short names."""

from pathlib import Path

import pytest

from planlearn.errors import RecipeError
from planlearn.recipes import find_recipe, is_given, load_recipe, recipe_hash, refuse_another, resolve

HERE = Path(find_recipe("blocksworld", "smollm2-135m")).parent
SHIPPED = sorted(HERE.glob("*.yaml"))


def test_every_domain_has_a_recipe_that_loads():
    from planlearn.problems import DOMAINS

    assert {path.stem for path in SHIPPED} >= set(DOMAINS)
    for path in SHIPPED:
        recipe = load_recipe(path)
        assert path.stem in (recipe.domain, f"{recipe.domain}-{recipe.model}")


def test_a_model_may_have_a_recipe_of_its_own():
    assert find_recipe("blocksworld", "nano").name == "blocksworld-nano.yaml"
    assert find_recipe("blocksworld", "somebody/else").name == "blocksworld.yaml"


def test_overrides_take_short_names_and_yaml_values():
    recipe = load_recipe(HERE / "blocksworld.yaml", ["examples=7", "adapter.rank=4", "training.learning_rate=0.5"])
    assert (recipe.corpus.examples, recipe.adapter.rank, recipe.training["learning_rate"]) == (7, 4, 0.5)


def test_all_mistakes_are_reported_together_with_their_keys(tmp_path):
    """In one sentence, numbered; those of the file with its name, those of the command line without."""
    (tmp_path / "mine.yaml").write_text((HERE / "blocksworld.yaml").read_text() + "sead: 3\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "mine.yaml", ["corpus.exampels=3", "rank=-1"])
    assert str(caught.value) == (
        "3 problems: (1) corpus.exampels: unknown key; did you mean 'examples'? "
        "(2) adapter.rank: input should be greater than or equal to 0, found -1 "
        "(3) mine.yaml: sead: unknown key; did you mean 'seed'?"
    )
    with pytest.raises(RecipeError, match="^mine.yaml: sead: unknown key"):
        load_recipe(tmp_path / "mine.yaml")


def test_purposes_stand_with_the_goals():
    with pytest.raises(RecipeError, match="corpus.purposes: needs goals: true, found True"):
        load_recipe(HERE / "blocksworld.yaml", ["corpus.goals=false"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("domain: [", "recipe.yaml:1:10: not YAML"),
        ("- a", "expected a block of keys, found list"),
        ("domain: blocksworld\nmodel: tiny\n", "corpus: missing"),
    ],
)
def test_a_broken_file_says_what_and_where(tmp_path, text, says):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=".*" + says.replace("[", r"\[")):
        load_recipe(path)


def test_an_override_without_a_value_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(RecipeError, match="expected key=value, found 'examples'"):
        load_recipe(HERE / "blocksworld.yaml", ["examples"])
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "none.yaml")


def test_a_file_that_is_not_utf_8_is_refused_with_its_byte(tmp_path):
    (tmp_path / "recipe.yaml").write_bytes(b"domain: \xff")
    with pytest.raises(RecipeError, match=r"recipe.yaml: not UTF-8 text \(byte 8\)"):
        load_recipe(tmp_path / "recipe.yaml")


@pytest.mark.parametrize("text", [
    "seed=-1", "stages=[]", "validation_sizes={}", "stages=[{share: .inf, sizes: {5: 1}, max_steps: 8}]", "validation_sizes={5: .inf}",
    "adapter.alpha=.inf", "minutes=.inf", "corpus.judged=.nan",
])
def test_values_that_cannot_be_meant_are_refused(text):
    with pytest.raises(RecipeError, match=text.partition("=")[0]):
        load_recipe(HERE / "blocksworld.yaml", [text])


def test_a_number_that_yaml_reads_as_a_text_is_a_number():
    recipe = load_recipe(HERE / "blocksworld.yaml", ["training.learning_rate=1e-3", "training.optim=adamw_torch"])
    assert (recipe.training["learning_rate"], recipe.training["optim"]) == (0.001, "adamw_torch")


def test_domain_and_model_come_from_the_name_the_override_the_file_in_this_order(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text((HERE / "logistics.yaml").read_text())

    def found(path, overrides=(), **named):
        file, recipe = resolve(path, list(overrides), **named)
        return file.name, recipe.domain

    assert found(mine) == ("mine.yaml", "logistics")
    assert found(mine, ["domain=blocksworld"]) == found(mine, domain="blocksworld") == ("mine.yaml", "blocksworld")
    assert found(None) == ("blocksworld.yaml", "blocksworld")
    assert found(None, ["domain=logistics"]) == ("logistics.yaml", "logistics")
    assert found(None, ["model=nano"]) == found(None, model="nano") == ("blocksworld-nano.yaml", "blocksworld")
    with pytest.raises(RecipeError, match="domain is given twice: blocksworld and domain=logistics"):
        resolve(None, ["domain=logistics"], domain="blocksworld")


def test_what_is_given_by_name_and_as_a_key_must_be_the_same():
    assert resolve(None, ["seed=2", "minutes=5"], seed=2, minutes=5.0)[1].seed == 2
    with pytest.raises(RecipeError, match="seed is given twice: 2 and seed=1"):
        resolve(None, ["seed=1"], seed=2)
    with pytest.raises(RecipeError, match="minutes is given twice: 5.0 and minutes=6"):
        resolve(None, ["minutes=6"], minutes=5.0)


def test_a_key_may_be_given_with_its_block():
    for words in (["adapter.rank=2"], ["rank=2"], ["adapter={rank: 2}"], ["examples=5", "adapter={alpha: 8, rank: 2}"]):
        assert is_given("adapter.rank", words)
    for words in ([], ["adapter={alpha: 8}"], ["adapter.alpha=8"], ["adapter=5"]):
        assert not is_given("adapter.rank", words)


def test_work_of_another_recipe_is_refused_with_what_differs(tmp_path):
    old, new = ({"seed": 1, "corpus": {"examples": n, "test": 2}} for n in (3, 4))
    refuse_another(tmp_path, old, dict(reversed(old.items())))
    with pytest.raises(RecipeError, match=r"another recipe \(corpus.examples: 3 -> 4\); choose another folder"):
        refuse_another(tmp_path, old, new)


def test_the_hash_names_the_content_alone():
    same = [recipe_hash(load_recipe(HERE / "blocksworld.yaml", o)) for o in ([], ["seed=0"], ["seed=1"])]
    assert same[0] == same[1] != same[2]
