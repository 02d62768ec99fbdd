"""`planlearn eval`: arms, controls and sets from the command line."""

import json
import os

import pytest

from planlearn.evaluate.sets import read_set

pytest.importorskip("torch", reason="the train extra is not installed")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

TINY = ("eval", "--model", "tiny", "--out", "out", "--limit", "2", "--max-tokens", "12")


def results(files, out="out"):
    return json.loads((files / out / "results.json").read_text())


def test_a_set_is_asked_in_arms_beside_controls(run, files):
    done = run(*TINY, "--ask", "chain", "--arms", "greedy,samples,masked,verified-none,verified-detailed", "--samples", "2", "--eta", "2")
    assert done.exit_code == 0, done.output
    found = results(files)
    (arms,) = found["results"].values()
    assert set(arms) == {"greedy", "samples", "masked", "verified-none", "verified-detailed", "random_walk", "planner"}
    assert arms["planner"]["plan_validity"]["value"] == 1.0
    assert found["about"]["instances"] == "blocksworld" and found["about"]["source"] == "planlearn's set" and set(found["about"]["left_out"]) == {"base", "few_shot"}
    assert "base: left out, made from a seed" in done.output and "planlearn's own planner" in done.output
    assert json.loads((files / "out/results_lm_eval.json").read_text())["results"]
    refused = run(*TINY, "--ask", "chain")
    assert refused.exit_code == 2 and "finished result" in refused.stderr


def test_a_model_that_was_not_trained_here_is_asked_for_a_plan_and_has_a_base(run, files):
    from planlearn.models import load_model

    base = load_model("tiny", vocabulary=["(pick-up a) Domain: Problem: Plan:\n"])
    base.model.config.max_position_embeddings = 4096
    base.model.save_pretrained(files / "base")
    base.tokenizer.save_pretrained(files / "base")
    done = run("eval", "--model", "base", "--out", "out", "--limit", "1", "--max-tokens", "4")
    assert done.exit_code == 0, done.output
    (arms,) = results(files)["results"].values()
    assert set(arms) == {"greedy", "random_walk", "planner", "base", "few_shot"}
    rows = {row["arm"]: row for row in map(json.loads, (files / "out/samples.jsonl").read_text().splitlines())}
    assert rows["greedy"]["prompt"].count("Problem:") == 1 and rows["few_shot"]["prompt"].count("Problem:") == 3
    assert rows["greedy"]["reader"] == "lenient" and rows["planner"]["reader"] == "strict"


def test_a_renamed_set_shows_its_own_domain(run, files):
    done = run(*TINY, "--ask", "chain", "--set", "blocksworld-renamed", "--controls", "none", "--limit", "1")
    assert done.exit_code == 0, done.output
    row = json.loads((files / "out/samples.jsonl").read_text().splitlines()[0])
    assert row["prompt"].count("\nActions:\n") == 1 and row["domain_pddl"] == read_set("blocksworld-renamed")[0]["domain_pddl"]


def test_shots_are_in_the_problems_own_names(run, files):
    """Blocksworld's words below a disguised domain would say what it is."""
    done = run(*TINY, "--ask", "plan", "--set", "blocksworld-renamed", "--controls", "none", "--limit", "1", "--shots", "2")
    assert done.exit_code == 0, done.output
    prompt = json.loads((files / "out/samples.jsonl").read_text().splitlines()[0])["prompt"]
    assert prompt.count("Problem:") == 3 and "pick-up" not in prompt and "ontable" not in prompt


def test_answers_are_replayed_and_judged_anew(run, files):
    words = ("--ask", "chain", "--limit", "2", "--max-tokens", "12", "--controls", "none")
    assert run("eval", "--model", "tiny", "--out", "out", *words).exit_code == 0
    done = run("eval", "--replay", "out", "--out", "again", *words)
    assert done.exit_code == 0, done.output
    assert results(files, "again")["results"]["blocksworld"]["greedy"] == results(files)["results"]["blocksworld"]["greedy"]
    other = run("eval", "--replay", "out", "--out", "other", *words, "--set", "blocksworld-6-8")
    assert other.exit_code == 2 and "has an answer to none of 2 problems" in other.stderr


def test_a_chat_models_plans_are_replayed_as_they_were_asked(run, files):
    """The recording says how it was read, and its prompts hold the model's own template around the text."""
    from planlearn.models import load_model

    base = load_model("tiny", vocabulary=["(pick-up a) Domain: Problem: Plan:\n<user>"])
    base.model.config.max_position_embeddings = 4096
    base.tokenizer.chat_template = "{% for message in messages %}<user>{{ message['content'] }}<user>{% endfor %}"
    base.model.save_pretrained(files / "base")
    base.tokenizer.save_pretrained(files / "base")
    words = ("--limit", "2", "--max-tokens", "4", "--controls", "none")
    assert run("eval", "--model", "base", "--out", "out", *words).exit_code == 0
    assert "<user>" in (files / "out/samples.jsonl").read_text()
    done = run("eval", "--replay", "out", "--out", "again", *words)
    assert done.exit_code == 0, done.output
    assert results(files, "again")["results"]["blocksworld"]["greedy"] == results(files)["results"]["blocksworld"]["greedy"]


def test_a_model_of_another_domain_is_shown_the_schemas(run, files):
    """Depots' actions stand in no prompt that a model of Blocksworld was trained on."""
    small = ("--model", "tiny", "examples=8", "validation=1", "test=1", "adapter.rank=2", "evaluation.max_tokens=4", "max_length=4096", "refine.rounds=0")
    assert run("train", "--out", "run", *small).exit_code == 0
    for name, schemas in (("depots", 1), ("blocksworld", 0)):
        done = run("eval", "--adapter", "run/adapter", "--set", name, "--limit", "1", "--max-tokens", "4", "--controls", "none", "--out", name)
        assert done.exit_code == 0, done.output
        row = json.loads((files / name / "samples.jsonl").read_text().splitlines()[0])
        assert row["prompt"].count("\nActions:\n") == schemas and row["domain"] == name
    assert "adapter, on depots (planlearn's set)" in run("eval", "--replay", "depots", "--set", "depots", "--limit", "1", "--out", "r", "--controls", "none").output.replace("depots, on depots", "adapter, on depots")


def test_what_is_missing_in_a_control_is_asked_again_and_controls_can_be_added(run, files):
    words = (*TINY, "--ask", "chain")
    assert run(*words, "--controls", "none").exit_code == 0
    done = run(*words, "--controls", "random_walk")
    assert done.exit_code == 0, done.output
    assert set(results(files)["results"]["blocksworld"]) == {"greedy", "random_walk"} == set(results(files)["about"]["arms"])
    assert run(*words, "--controls", "random_walk").exit_code == 2


def test_the_cap_lets_right_answers_be_written(run, files):
    """Half as much again as the longest right answers take; a cap that is given is kept."""
    done = run("eval", "--model", "tiny", "--ask", "plan", "--set", "logistics-large", "--limit", "3", "--out", "out", "--controls", "none")
    assert done.exit_code == 0, done.output
    assert results(files)["about"]["max_tokens"] > 400


@pytest.mark.parametrize(
    "words, says",
    [
        (("--arms", "greedy,fast"), "--arms: expected some of greedy, samples, masked"),
        (("--controls", "walk"), "--controls: expected all, none or some of random_walk"),
        (("--set", "blocksworld-6-9"), "blocksworld-6-8"),
        (("--set", "depots", "--domain", "blocksworld"), "depots has problems of other domains than blocksworld"),
        (("--planner", "fast"), "--planner: expected one of"),
        (("--set", "depots", "--instances", "p.pddl"), "--instances: is given instead of --set"),
        (("--base-url", "http://127.0.0.1:9/v1", "--adapter", "."), "--adapter, --base-url, --replay: expected one of them"),
        (("--request", "[1]", "--base-url", "http://127.0.0.1:9/v1"), "--request: expected a JSON object"),
        (("--set", "mystery_blocksworld-renamed", "--planbench", "."), "PlanBench has no set like mystery_blocksworld-renamed"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(run, files, words, says):
    done = run("eval", "--model", "tiny", "--out", "out", "--limit", "1", *words)
    assert done.exit_code == 2 and says in done.stderr, done.output
    assert not (files / "out").exists()


def test_planbenchs_larger_problems_stand_for_a_set(run, files, planbench):
    done = run("eval", "--model", "tiny", "--ask", "chain", "--set", "blocksworld-6-8", "--planbench", str(planbench), "--limit", "1", "--max-tokens", "4", "--out", "out", "--controls", "none")
    assert done.exit_code == 0, done.output
    assert (results(files)["about"]["instances"], results(files)["about"]["source"]) == ("blocksworld-6-8", "PlanBench")


def test_somebodys_model_behind_an_address(run, files, monkeypatch):
    """Prompted as any model, read leniently, priced; its key stands in no file. A control shows it solved problems; it has no base here."""
    from tests.endpoint.server import answer, serving

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PLANLEARN_TEST_KEY", "sk-0123456789abcdef")
    with serving(lambda handler: handler.send(200, answer("Here you are:\n(pick-up a)\n"))) as script:
        words = ("eval", "--base-url", script.url, "--model", "theirs", "--key-variable", "PLANLEARN_TEST_KEY", "--limit", "3", "--out", "out")
        done = run(*words, "--price-in", "1", "--price-out", "2", "--arms", "greedy,samples,verified-binary", "--samples", "2", "--eta", "2", "--temperature", "0.5")
        assert done.exit_code == 0, done.output
        asked = [body for _, _, body in script.requests]
        headers = [headers for _, headers, _ in script.requests]
    assert all(one["Authorization"] == "Bearer sk-0123456789abcdef" for one in headers)
    assert sorted(body["temperature"] for body in asked) == [0.0] * 6 + [0.5] * 9
    shown = [body["messages"][-1]["content"] for body in asked]
    assert sum(text.count("Problem:") == 3 for text in shown) == 3 and sum("Feedback:" in text for text in shown) == 3
    (arms,) = results(files)["results"].values()
    assert set(arms) == {"greedy", "samples", "verified-binary", "random_walk", "planner", "few_shot"}
    assert arms["greedy"]["cost"]["total"] > 0 and arms["planner"]["cost"] is None
    assert results(files)["about"]["left_out"] == {"base": "the model is asked elsewhere: no base of it is here"}
    for file in (files / "out").iterdir():
        assert "sk-0123456789abcdef" not in file.read_text()


def test_an_address_where_nobody_listens_is_one_sentence(run, files):
    done = run("eval", "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--limit", "1", "--out", "out", "--controls", "none")
    assert done.exit_code == 2 and "cannot be reached" in done.stderr and not (files / "out/results.json").exists()
