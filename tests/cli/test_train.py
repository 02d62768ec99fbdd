"""The main job in small, in this process: every domain through the same code, one adapter measured on PlanBench's layout."""

import json
import shutil
from pathlib import Path

import pytest

from planlearn.problems import DOMAINS

pytest.importorskip("torch", reason="the train extra is not installed")

from planlearn.models import load_model  # noqa: E402

SMALL = (
    "--model", "tiny", "examples=8", "validation=2", "test=2", "adapter.rank=2", "evaluation.max_tokens=24",
    "max_length=4096", "refine.rounds=0",
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    import torch

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_one_command_fetches_builds_trains_and_evaluates(run, files, domain):
    done = run("train", "--domain", domain, "--out", "run", *SMALL)
    assert done.exit_code == 0, done.output
    for words in ("validation", "test", "seconds  ", "adapter ", "record ", "results "):
        assert words in done.stdout
    results = json.loads((files / "run/evaluation/test/results.json").read_text())
    assert results["results"][domain]["greedy"]["plan_validity"]["n"] == 2
    assert {"corpus", "train", "evaluate test"} <= json.loads((files / "run/record.json").read_text())["seconds"].keys()
    samples = [json.loads(line) for line in (files / "run/evaluation/test/samples.jsonl").read_text().splitlines()]
    assert {"prompt", "answer", "plan", "outcome", "faults", "stop"} <= samples[0].keys()
    stamp = (files / "run/evaluation/test/results.json").stat().st_mtime_ns
    again = run("train", "--domain", domain, "--out", "run", *SMALL)
    assert again.exit_code == 0 and again.stdout == done.stdout
    assert "(the domain's schemas are not in the prompt)" in done.stdout
    manifest = files / "run/corpus/manifest.json"
    manifest.write_text(manifest.read_text().replace('"template_hash": "', '"template_hash": "of another version '))
    assert run("train", "--domain", domain, "--out", "run", *SMALL).stdout == done.stdout
    refused = run("train", "--domain", domain, "--out", "run", *SMALL, "seed=4")
    assert refused.exit_code == 2 and "seed: 0 -> 4" in refused.stderr
    assert "seed: 0" in (files / "run/recipe.yaml").read_text()
    assert (files / "run/evaluation/test/results.json").stat().st_mtime_ns == stamp


def test_snapshots_give_a_curve_of_validity(run, files):
    done = run("train", "--out", "run", *SMALL, "evaluation.curve=1", "evaluation.curve_problems=2",
               "training.per_device_train_batch_size=4")
    assert done.exit_code == 0, done.output
    (row,) = [json.loads(line) for line in (files / "run/curve.jsonl").read_text().splitlines()]
    assert row["step"] == 1 and row["plan_validity"]["n"] == 2 and row["minutes"] >= 0
    assert "minutes  examples  tokens  valid %  n" in done.stdout and "trained on 8 examples" in done.stdout


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_a_model_made_from_a_seed_is_trained_whole_unless_a_rank_is_given(run, files, domain):
    done = run("train", "--domain", domain, "--out", "run", *(word for word in SMALL if word != "adapter.rank=2"))
    assert done.exit_code == 0, done.output
    assert (files / "run/model/model.safetensors").exists() and not (files / "run/adapter").exists()


def test_a_rank_may_be_given_with_its_block(run, files):
    done = run("train", "--out", "run", *(w for w in SMALL if w != "adapter.rank=2"), "adapter={rank: 2}")
    assert done.exit_code == 0, done.output
    assert (files / "run/adapter").exists() and not (files / "run/model").exists()


def test_a_folder_in_which_nothing_was_trained_takes_a_mended_recipe(run, files):
    """The corpus is taken up; notes of the start that failed are not."""
    assert run("train", "--out", "run", *SMALL, "max_length=9000").exit_code == 2
    assert (files / "run/recipe.yaml").exists() and not (files / "run/adapter").exists()
    built = (files / "run/corpus/manifest.json").stat().st_mtime_ns
    (files / "run/schedule.json").write_text('{"max_steps": 5}')
    assert run("train", "--out", "run", *SMALL).exit_code == 0
    assert (files / "run/corpus/manifest.json").stat().st_mtime_ns == built
    assert json.loads((files / "run/adapter/training.json").read_text())["steps"] == 4
    assert "max_length: 4096" in (files / "run/recipe.yaml").read_text()


def test_a_checkpoint_of_another_recipe_is_left_alone(run, files):
    assert run("train", "--out", "run", *SMALL, "checkpoint_steps=1").exit_code == 0
    shutil.rmtree(files / "run/adapter")
    shutil.rmtree(files / "run/snapshots", ignore_errors=True)
    refused = run("train", "--out", "run", *SMALL, "checkpoint_steps=2")
    assert refused.exit_code == 2 and "checkpoint_steps: 1 -> 2" in refused.stderr
    assert (files / "run/training.jsonl").exists() and "checkpoint_steps: 1" in (files / "run/recipe.yaml").read_text()


def test_results_name_no_path_of_a_base(run, files):
    """A local base goes into files that others read by its folder's last part."""
    base = load_model("tiny", vocabulary=["Init: clear a\nGoal: on a b\n"])
    base.model.save_pretrained(files / "deep/base")
    base.tokenizer.save_pretrained(files / "deep/base")
    words = ("--model", str(files / "deep/base"))
    assert run("train", "--out", "run", *SMALL[2:], *words, "max_length=4096").exit_code == 0
    done = run("eval", "--instances", "run/corpus/test.jsonl", "--out", "alone", "--max-tokens", "4", *words)
    assert done.exit_code == 0, done.output
    for out in ("run/evaluation/test", "alone"):
        text = (files / out / "results.json").read_text()
        assert json.loads(text)["about"]["model"] == "base" and str(files) not in text


def test_an_adapter_is_measured_on_planbenchs_layout_once(run, files):
    assert run("train", "--out", "run", *SMALL).exit_code == 0
    from planlearn.problems import domain_text

    (files / "set").mkdir()
    (files / "set/domain.pddl").write_text(domain_text("blocksworld"))
    for number in (1, 3):
        (files / f"set/instance-{number}.pddl").write_text((files / "p.pddl").read_text())
    words = ("eval", "--adapter", "run/adapter", "--instances", "set", "--out", "out", "--max-tokens", "16")
    done = run(*words)
    assert done.exit_code == 0, done.output
    results = json.loads((files / "out/results.json").read_text())
    assert results["results"]["blocksworld"]["greedy"]["plan_validity"]["n"] == 2
    assert results["about"]["style"]["domain_in_prompt"] is False and results["hashes"]["base_weights"]
    refused = run(*words)
    assert refused.exit_code == 2 and "finished result" in refused.stderr
    stamp = (files / "out/samples.jsonl").stat().st_ino, (files / "out/samples.jsonl").stat().st_mtime_ns
    assert run(*words, "--force").exit_code == 0
    assert ((files / "out/samples.jsonl").stat().st_ino, (files / "out/samples.jsonl").stat().st_mtime_ns) != stamp
    changed = run(*words[:-1], "17", "--force")
    assert changed.exit_code == 0, changed.output


def test_instances_of_another_domain_are_refused(run, files):
    from planlearn.problems import domain_text

    (files / "set").mkdir()
    (files / "set/domain.pddl").write_text(domain_text("blocksworld"))
    (files / "set/instance-1.pddl").write_text((files / "p.pddl").read_text())
    done = run("eval", "--model", "tiny", "--domain", "logistics", "--instances", "set", "--out", "out")
    assert done.exit_code == 2 and "is of domain blocksworld-4ops" in done.stderr and not (files / "out").exists()


@pytest.mark.parametrize(
    "recipe, said",
    [
        ("corpus: {states: foo}", "recipe.yaml: corpus.states: expected one of changes, full, found 'foo'"),
        ("evaluation: 5", "expected a recipe, blocks of keys"),
        ("evaluation:", "expected a recipe, blocks of keys"),
    ],
)
def test_a_trained_folders_recipe_that_is_none_is_one_sentence(run, files, recipe, said):
    (files / "adapter").mkdir()
    (files / "adapter/recipe.yaml").write_text(recipe)
    (files / "rows.jsonl").write_text("")
    done = run("eval", "--adapter", "adapter", "--instances", "rows.jsonl", "--out", "out")
    assert done.exit_code == 2
    (files / "set").mkdir()
    from planlearn.problems import domain_text

    (files / "set/domain.pddl").write_text(domain_text("blocksworld"))
    (files / "set/instance-1.pddl").write_text((files / "p.pddl").read_text())
    done = run("eval", "--adapter", "adapter", "--domain", "blocksworld", "--instances", "set", "--out", "out")
    assert done.exit_code == 2 and said in done.stderr and "internal" not in done.stderr


def test_an_adapter_of_a_local_base_says_how_to_name_it(run, files):
    assert run("train", "--out", "run", *SMALL).exit_code == 0
    record = files / "run/adapter/planlearn.json"
    record.write_text(record.read_text().replace('"tiny"', '"my-base"'))
    done = run("eval", "--adapter", "run/adapter", "--instances", "run/corpus/test.jsonl", "--out", "out")
    assert done.exit_code == 2 and "name its folder with --model" in done.stderr


def test_the_whole_method_in_one_command_and_rounds_from_what_it_left(run, files):
    words = [*(word for word in SMALL if word != "refine.rounds=0"), "refine.problems=2", "refine.validation=2"]
    done = run("train", "--out", "run", *words, "--eta", "1", "--feedback", "binary")
    assert done.exit_code == 0, done.output
    assert "phase 1 alone, validation" in done.stdout and "best: round" in done.stdout and "binary feedback" in done.stdout
    assert {"train", "evaluate phase 1", "refine", "evaluate test"} <= json.loads((files / "run/record.json").read_text())["seconds"].keys()
    for folder in ("phase1", "adapter"):
        assert (files / "run" / folder / "adapter_model.safetensors").exists()
    again = run("train", "--out", "run", *words, "--eta", "1", "--feedback", "binary")
    assert again.exit_code == 0 and again.stdout == done.stdout

    more = ["refine", "--adapter", "run/adapter", "--out", "more", "--feedback", "detailed"]
    assert run(*more, "--eta", "1").exit_code == 0
    on = run(*more, "--eta", "2")
    assert on.exit_code == 0, on.output
    rows = [json.loads(line) for line in (files / "more/refine/rounds.jsonl").read_text().splitlines()]
    assert [(row["round"], row["feedback"]) for row in rows] == [(1, "detailed"), (2, "detailed")]
    refused = run("refine", "--adapter", "run/adapter", "--out", "more", "--feedback", "none", "--eta", "2")
    assert refused.exit_code == 2 and "refine.feedback" in refused.stderr
    (files / "run/adapter/recipe.yaml").unlink()
    assert "holds no recipe.yaml" in run("refine", "--adapter", "run/adapter", "--out", "other").stderr


@pytest.mark.parametrize("whole", [False, True])
def test_without_phase_1_the_base_is_measured_as_it_is(run, files, whole):
    small = [word for word in SMALL if word != "adapter.rank=2"] if whole else SMALL
    done = run("train", "--out", "run", *small, "phase1=false", "evaluation.curve=1")
    assert done.exit_code == 0, done.output
    final = files / "run" / ("model" if whole else "adapter")
    facts = json.loads((final / "training.json").read_text())
    assert (facts["steps"], facts["tokens"]) == (0, 0) and not (files / "run/training.jsonl").exists()
    assert not (files / "run/curve.jsonl").exists()
    assert json.loads((files / "run/evaluation/test/results.json").read_text())["results"]["blocksworld"]["greedy"]["plan_validity"]["n"] == 2


def test_the_seconds_of_a_part_inside_another_are_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from planlearn.cli.train import Parts

    now = [0.0]
    monkeypatch.setattr("planlearn.cli.train.time.monotonic", lambda: now[0])

    def spend(seconds: float) -> None:
        now[0] += seconds

    parts = Parts(tmp_path / "record.json")

    def training() -> None:
        spend(10)
        parts.timed("curve", lambda: spend(3), again=True)
        spend(10)
        parts.timed("curve", lambda: spend(4), again=True)

    parts.timed("train", training, already=5)
    parts.timed("evaluate", lambda: spend(2))
    assert Parts(tmp_path / "record.json").record["seconds"] == {"curve": 7.0, "train": 25.0, "evaluate": 2.0}
