"""Corpora with problems that no plan solves: their examples say so and why, and nothing else changes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from planlearn.chains import read_answer
from planlearn.corpus import split_of
from planlearn.corpus import build as corpus_build
from planlearn.corpus.build import build_corpus
from planlearn.errors import RecipeError
from planlearn.planners import is_conflict
from planlearn.problems import domain_text, planbench_classes, problem_class
from planlearn.recipes import find_recipe, load_recipe, recipe_hash
from val_bridge import read_task

SMALL = ["unsolvable=0.0", "examples=24", "validation=5", "test=5", "judged=0.2", "mended=0.0"]
SHARE = "unsolvable=0.4"


def build(folder: Path, domain: str, *overrides: str, seed: int = 0) -> dict:
    recipe = load_recipe(find_recipe(domain, ""), [*SMALL, *overrides], seed=seed)
    return build_corpus(folder, domain, seed, recipe.corpus, lambda *_: None)


def rows(folder: Path, split: str) -> list[dict]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict]]:
    """Blocksworld with and without unsolvable problems, from the same seed."""
    found = {}
    for name, share in (("with", [SHARE]), ("without", [])):
        folder = tmp_path_factory.mktemp(name)
        found[name] = folder, build(folder, "blocksworld", *share)
    return found


@pytest.mark.parametrize("domain", ["blocksworld", "mystery_blocksworld", "logistics"])
def test_each_answer_says_so_and_names_goals_that_cannot_hold_together(tmp_path: Path, domain: str) -> None:
    build(tmp_path, domain, "examples=12", "validation=2", "test=2", SHARE)
    seen: set[str] = set()
    for split in ("train", "validation", "test"):
        for row in rows(tmp_path, split):
            assert row["solvable"] == (row["kind"] != "unsolvable")
            if row["solvable"]:
                assert row["steps"] > 0
                continue
            task = read_task(domain_text(domain), row["problem_pddl"])
            answer = read_answer(row["completion"], task)
            assert answer.unsolvable and answer.unread == () and is_conflict(task, answer.never)
            assert row["steps"] is None and row["plan"] == "unsolvable" and row["error"] == ""
            assert row["prompt"] + row["completion"] == "".join(s["text"] for s in row["segments"])
            assert problem_class(task) == row["problem_class"]
            assert split_of(row["problem_class"]) == row["split"] == split
            assert row["problem_class"] not in planbench_classes()
            assert row["problem_pddl"] not in seen
            seen.add(row["problem_pddl"])
    assert len(seen) >= 4


def test_the_prompt_does_not_say_which_answer_is_right(corpora) -> None:
    folder, _ = corpora["with"]
    first_lines = {row["kind"]: row["prompt"].splitlines()[0] for row in rows(folder, "train")}
    assert first_lines["unsolvable"] == first_lines["chain"]


def test_the_other_examples_are_those_of_a_corpus_without_any(corpora) -> None:
    (folder, manifest), (plain, plain_manifest) = corpora["with"], corpora["without"]
    replaced = 0
    for row, other in zip(rows(folder, "train"), rows(plain, "train"), strict=True):
        assert "solvable" not in other
        if row.pop("solvable"):
            assert row == other
        else:
            replaced += 1
            assert row["size"] == other["size"]
    assert 0 < replaced == manifest["splits"]["train"]["kinds"]["unsolvable"] < 24
    for split in ("validation", "test"):
        mixed, solvable = rows(folder, split), rows(plain, split)
        assert [{k: v for k, v in row.items() if k != "solvable"} for row in mixed[:5]] == solvable
        assert [row["kind"] for row in mixed[5:]] == ["unsolvable"] * 2  # two fifths of five
    assert "unsolvable" not in json.dumps(plain_manifest) and "unsolvable" not in (plain / "README.md").read_text()


def test_manifest_and_card_count_them(corpora) -> None:
    folder, manifest = corpora["with"]
    for split, counts in manifest["splits"].items():
        assert sum(manifest["unsolvable_kinds"][split].values()) == counts["kinds"]["unsolvable"]
        assert sum(counts["steps"].values()) == counts["examples"] - counts["kinds"]["unsolvable"]
    assert manifest["rejected"]["validation"]["unsolvable: class of another split"] > 0
    assert "not confirmed" not in json.dumps(manifest["rejected"])
    card = (folder / "README.md").read_text()
    count = manifest["splits"]["train"]["kinds"]["unsolvable"]
    assert f"train: {count} examples of problems that no plan solves (" in card


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, corpora) -> None:
    """Another process with another hash seed: an unsorted set anywhere would show."""
    script = (
        "import sys; from pathlib import Path; from tests.corpus.test_unsolvable import SHARE, build;"
        " build(Path(sys.argv[1]), 'blocksworld', SHARE)"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True,
        env={"PYTHONHASHSEED": "3", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
    )
    assert json.loads((tmp_path / "manifest.json").read_text())["files_sha256"] == corpora["with"][1]["files_sha256"]


def test_what_is_not_confirmed_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planlearn.planners.goal_conflict", lambda task: None)
    monkeypatch.setattr(corpus_build, "PATIENCE", 60)
    manifest = build(tmp_path, "blocksworld", "examples=12", "validation=1", "test=1", SHARE)
    assert "unsolvable" not in manifest["splits"]["train"]["kinds"]
    assert manifest["splits"]["train"]["examples"] == 12
    assert manifest["rejected"]["train"]["unsolvable: not confirmed"] > 0


def test_a_domain_without_such_problems_is_refused_before_anything_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_build, "UNSOLVABLE_KINDS", {"logistics": ()})
    said = "corpus.unsolvable: no unsolvable problems are made of domain blocksworld; they are of logistics"
    with pytest.raises(RecipeError, match=said):
        build(tmp_path, "blocksworld", SHARE)
    assert not list(tmp_path.iterdir())


def test_a_recipe_without_any_keeps_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("".join(line for line in find_recipe("blocksworld", "").read_text().splitlines(True) if "unsolvable" not in line))
    plain = load_recipe(path)
    assert plain.corpus.unsolvable == 0.0 and "unsolvable" not in plain.model_dump(mode="json")["corpus"]
    assert recipe_hash(load_recipe(path, ["corpus.unsolvable=0.0"])) == recipe_hash(plain)
    some = load_recipe(path, ["corpus.unsolvable=0.1"])
    assert recipe_hash(some) != recipe_hash(plain)
    assert type(some).model_validate(some.model_dump(mode="json")).model_dump() == some.model_dump()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["unsolvable=1.0"], "should be less than 1"),
        (["unsolvable=-0.1"], "greater than or equal to 0"),
        (["judged=0.5", "unsolvable=0.5"], "judged [+] mended [+] unsolvable must be below 1"),
    ],
)
def test_shares_that_leave_no_chains_are_refused(overrides: list[str], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(find_recipe("blocksworld", ""), overrides)
