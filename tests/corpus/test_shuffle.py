"""The shuffled-chain control: the words of another chain, the own problem, actions and plan."""

from __future__ import annotations

import json
from random import Random

from planlearn.chains import Role, Segment
from planlearn.corpus import Example
from planlearn.corpus.build import build_corpus
from planlearn.corpus.shuffle import shuffle_chains
from planlearn.recipes import find_recipe, load_recipe


def rows(folder, *keys: str) -> list[dict]:
    recipe = load_recipe(find_recipe("blocksworld", "nano"), ["examples=60", "validation=1", "test=1", "judged=0.2", "mended=0.1", *keys])
    build_corpus(folder, "blocksworld", 0, recipe.corpus, lambda *_: None)
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def parts(row: dict) -> dict[str, str]:
    return {segment["role"]: segment["text"] for segment in row["segments"]}


def test_chains_say_what_others_say_and_all_else_stays(tmp_path):
    true, shuffled = rows(tmp_path / "true"), rows(tmp_path / "shuffled", "corpus.shuffled=true")
    assert [row["id"] for row in true] == [row["id"] for row in shuffled]
    moved = 0
    for one, other in zip(true, shuffled):
        if one["kind"] != "chain":
            assert one == other
            continue
        before, after = parts(one), parts(other)
        assert before["prompt"] == after["prompt"] and before["plan"] == after["plan"] and one["plan"] == other["plan"]
        assert len(before["chain"].splitlines()) == len(after["chain"].splitlines())
        actions = iter(after["chain"].splitlines())
        assert all(any(line.split(" takes ")[0] == call for line in actions) for call in one["plan"].splitlines())
        moved += before["chain"] != after["chain"]
    manifest = json.loads((tmp_path / "shuffled" / "manifest.json").read_text())
    alone = manifest["spoiled_plans_dropped"]["kept its own chain: alone of its size and length"]
    assert moved == sum(row["kind"] == "chain" for row in true) - alone > 20


def test_an_example_alone_of_its_kind_keeps_its_chain(tmp_path):
    def example(name: str, steps: int) -> Example:
        plan = "\n".join(["pick-up a"] * steps)
        chain = f"state {name}\n" + "".join(f"pick-up a takes {name}\n" for _ in range(steps))
        segments = (Segment(role=Role.PROMPT, text=name), Segment(role=Role.CHAIN, text=chain), Segment(role=Role.PLAN, text=plan))
        return Example(
            id=name, kind="chain", domain="d", size="1", split="train", seed=0, problem_class="", problem_pddl="", plan=plan, steps=steps,
            error="", segments=segments,
        )  # fmt: skip

    one, two, alone = example("x", 2), example("y", 2), example("z", 1)
    shuffled, kept = shuffle_chains([one, two, alone], Random(0))
    assert kept == 1 and shuffled[2] == alone
    assert shuffled[0].segments[1].text == two.segments[1].text and shuffled[0].segments[0].text == "x"


def test_shuffled_is_off_by_default():
    assert load_recipe(find_recipe("blocksworld", "nano")).corpus.shuffled is False


def test_the_same_seed_gives_the_same_shuffle(tmp_path):
    assert rows(tmp_path / "a", "corpus.shuffled=true") == rows(tmp_path / "b", "corpus.shuffled=true")
