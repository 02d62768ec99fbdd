"""Corpora: the same seed gives the same bytes, splits share no class, nothing of PlanBench's is in them."""

import hashlib
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from planlearn.chains import plan_text, read_answer
from planlearn.corpus import SHARES, split_of
from planlearn.corpus import build as corpus_build
from planlearn.corpus.build import build_corpus
from planlearn.errors import RecipeError
from planlearn.planners import reference_plan
from planlearn.problems import DOMAINS as GENERATORS
from planlearn.problems import domain_text, planbench_classes, problem_class
from planlearn.recipes import find_recipe, load_recipe
from val_bridge import Outcome, check_chain, check_plan, read_task

DOMAINS = sorted(GENERATORS)
SMALL = ["unsolvable=0.0", "examples=24", "validation=4", "test=4", "judged=0.4", "mended=0.0"]


def build(folder: Path, domain: str, *overrides: str, seed: int = 0) -> dict:
    recipe = load_recipe(find_recipe(domain, ""), [*SMALL, *overrides], seed=seed)
    return build_corpus(folder, domain, seed, recipe.corpus, lambda *_: None)


def rows(folder: Path, split: str) -> list[dict]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]


def test_the_split_of_a_class_is_a_share_and_fixed_for_ever():
    classes = [hashlib.sha256(str(n).encode()).hexdigest()[:20] for n in range(4000)]
    found = [split_of(c) for c in classes]
    for split, share in SHARES.items():
        assert abs(found.count(split) / 40 - share) < 3
    # Changing the rule would move problems that a published model was trained on into a test set.
    assert [split_of(c) for c in ("a", "b", "c", "d")] == GOLDEN_SPLITS


GOLDEN_SPLITS = ["train", "train", "d2", "train"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_example_is_what_it_says(tmp_path, domain):
    build(tmp_path, domain)
    train = rows(tmp_path, "train")
    assert len(train) == 24 and {row["kind"] for row in train} == {"chain", "judge"}
    for row in train + rows(tmp_path, "validation"):
        task = read_task(domain_text(domain), row["problem_pddl"])
        assert problem_class(task) == row["problem_class"]
        assert row["prompt"] + row["completion"] == "".join(s["text"] for s in row["segments"])
        if row["kind"] == "chain":
            answer = read_answer(row["completion"], task)
            assert check_plan(task, answer.plan).outcome is Outcome.VALID
            assert check_chain(task, answer.chain).outcome is Outcome.VALID
            assert len(answer.plan.calls) == row["steps"]
        else:
            assert ("INVALID" in row["completion"]) is bool(row["error"])


@pytest.mark.parametrize("domain", DOMAINS)
def test_splits_share_no_class_and_none_is_planbenchs(tmp_path, domain):
    build(tmp_path, domain)
    classes = {split: {row["problem_class"] for row in rows(tmp_path, split)} for split in ("train", "validation", "test")}
    for split, found in classes.items():
        assert found and {split_of(c) for c in found} == {split}
        assert not found & planbench_classes()


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(tmp_path):
    """Two processes with different hash seeds: an unsorted set anywhere would show."""
    script = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:]; from test_build import build;"
        " build(Path(sys.argv[1]), 'blocksworld', 'examples=8')"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed), str(Path(__file__).parent)],
            check=True, env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
        )
    first, second = (json.loads((tmp_path / s / "manifest.json").read_text())["files_sha256"] for s in "12")
    assert first == second and set(first) >= {"train.jsonl", "validation.jsonl", "test.jsonl"}
    other = build(tmp_path / "3", "blocksworld", "examples=8", seed=1)["files_sha256"]
    assert other["train.jsonl"] != first["train.jsonl"]


def test_a_finished_corpus_is_left_alone_and_an_unfinished_one_is_built_again(tmp_path):
    first = build(tmp_path, "blocksworld", "examples=4", "judged=0.0")
    (tmp_path / "train.jsonl").write_text("kept")
    assert build(tmp_path, "blocksworld", "examples=4", "judged=0.0") == first
    assert (tmp_path / "train.jsonl").read_text() == "kept"
    (tmp_path / "manifest.json").unlink()
    assert build(tmp_path, "blocksworld", "examples=4", "judged=0.0") == first
    assert (tmp_path / "train.jsonl").read_text() != "kept"


@pytest.mark.parametrize(("read", "other"), [
    ("domain_text", lambda name: domain_text(name) + "; another comment"), ("planbench_classes", lambda: planbench_classes() | {"0"}),
])  # fmt: skip
def test_a_corpus_of_another_domain_file_or_other_classes_left_out_is_not_taken_up(tmp_path, monkeypatch, read, other):
    build(tmp_path, "blocksworld", "examples=4")
    monkeypatch.setattr(corpus_build, read, other)
    with pytest.raises(RecipeError, match="template_hash"):
        build(tmp_path, "blocksworld", "examples=4")


def test_the_manifest_has_the_versions_that_decide_the_bytes(tmp_path):
    versions = build(tmp_path, "blocksworld", "examples=4")["versions"]
    assert versions.keys() == {"python", "datasets", "pyarrow"} and versions["python"] == platform.python_version()


def test_renamings_give_the_same_problem_under_other_names(tmp_path):
    manifest = build(tmp_path, "blocksworld", "renamings=3", "judged=0.0", "examples=12")
    train = rows(tmp_path, "train")
    assert len(train) == 12
    assert len({row["problem_pddl"] for row in train}) > sum(manifest["splits"]["train"]["distinct_classes"].values())
    for row in train:
        task = read_task(domain_text("blocksworld"), row["problem_pddl"])
        assert problem_class(task) == row["problem_class"]
        assert check_plan(task, read_answer(row["completion"], task).plan).outcome is Outcome.VALID


def test_every_copy_has_the_plan_to_learn_from_under_its_own_names(tmp_path):
    """Plans go by names: the first copy's plan with its names changed would turn to goals in an order that no line gives."""
    build(tmp_path, "blocksworld", "renamings=4", "judged=0.0", "examples=120", "states=full", "purposes=true")
    for row in rows(tmp_path, "train"):
        task = read_task(domain_text("blocksworld"), row["problem_pddl"])
        assert row["plan"] == plan_text(reference_plan("blocksworld", task, to_teach=True))
        assert " but " not in row["completion"]


def test_renamings_are_refused_where_names_carry_meaning(tmp_path):
    with pytest.raises(RecipeError, match="logistics has static facts"):
        build(tmp_path, "logistics", "renamings=2")


def test_the_manifest_counts_what_was_left_out(tmp_path):
    manifest = build(tmp_path, "blocksworld")
    assert manifest["rejected"]["train"]["class is PlanBench's"] > 0
    assert manifest["splits"]["train"]["kinds"]["judge"] > 0
    assert set(manifest["splits"]["train"]["distinct_classes"]) <= {"4", "5", "6", "7"}
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("---\n") and "path: train.jsonl" in card


def test_a_size_of_few_problems_keeps_its_share_by_drawing_them_again(tmp_path):
    """Of 3 blocks no class may be trained on, of 4 few: drawn ones come again, counted, and never in validation."""
    stages = "stages=[{share: 1.0, sizes: {4: 1, 5: 1}, max_steps: 2}, {share: 1.0, sizes: {4: 1, 5: 1}, max_steps: 12}]"
    manifest = build(tmp_path, "blocksworld", stages, "examples=120", "judged=0.0")
    train = rows(tmp_path, "train")
    again = len(train) - len({row["problem_pddl"] for row in train})
    assert sum(manifest["drawn_again"].values()) == again > 0
    assert all(row["steps"] <= 2 for row in train[:60]) and any(row["steps"] > 2 for row in train[60:])
    fours = sum(row["size"] == "4" for row in train)
    assert 40 <= fours <= 80
    assert len({row["id"] for row in train}) == 120
    assert len({row["problem_pddl"] for row in rows(tmp_path, "validation")}) == 4


@pytest.mark.parametrize(
    "stage, found",
    [
        ("{share: 1.0, sizes: {3: 1}, max_steps: 9}", "no problem of sizes 3 with at most 9 steps"),  # PlanBench has all classes
        ("{share: 1.0, sizes: {4: 1, 5: 1}, max_steps: 1}", "no problem of sizes 4, 5 with at most 1 steps"),
    ],
)
def test_a_stage_that_finds_no_problem_is_refused(tmp_path, stage, found):
    with pytest.raises(RecipeError, match=found):
        build(tmp_path, "blocksworld", f"stages=[{{share: 1.0, sizes: {{5: 1}}, max_steps: 8}}, {stage}]")
    assert not (tmp_path / "manifest.json").exists()


def test_chains_to_be_mended_stand_among_the_others(tmp_path):
    manifest = build(tmp_path, "blocksworld", "examples=40", "judged=0.2", "mended=0.3")
    kinds = manifest["splits"]["train"]["kinds"]
    assert kinds.keys() == {"chain", "judge", "mend"} and 4 <= kinds["mend"] <= 20
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    mend = next(row for row in rows if row["kind"] == "mend")
    assert "Feedback:" in mend["prompt"] and mend["prompt"].endswith("Chain:\n") and "Feedback:" not in mend["completion"]
    # Without them the others are the same.
    build(tmp_path / "less", "blocksworld", "examples=40", "judged=0.2", "mended=0.0")
    less = {row["id"]: row for row in map(json.loads, (tmp_path / "less" / "train.jsonl").read_text().splitlines())}
    assert all(less[row["id"]] == row for row in rows if row["kind"] != "mend")
