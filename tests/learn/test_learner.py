"""A real, minute model behind the loop's port: it learns, goes on after a kill, and what it leaves can be loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from safetensors.torch import load_file  # noqa: E402

from planlearn.corpus.build import build_corpus, style_of  # noqa: E402
from planlearn.evaluate import Prompt, asked_from_rows  # noqa: E402
from planlearn.learn.learner import WEIGHTS, ModelLearner  # noqa: E402
from planlearn.learn.train import read_rows  # noqa: E402
from planlearn.models import generate, load_model, load_trained  # noqa: E402
from planlearn.recipes import Recipe, find_recipe, load_recipe  # noqa: E402
from planlearn.refine import Lesson, Posed, Refinement  # noqa: E402
from planlearn.chains import Role, Segment  # noqa: E402
from planlearn.corpus import Example  # noqa: E402

SMALL = [
    "examples=16", "validation=4", "test=2", "corpus.renamings=1", "max_tokens=60", "optimizer=adamw", "checkpoint_steps=2",
    "refine={rounds: 2, problems: 4, sizes: {4: 1}, validation: 4, chain_rate: 1.0e-2, plan_rate: 5.0e-3}",
]


def recipe(rank: int, *more: str) -> Recipe:
    return load_recipe(find_recipe("blocksworld", "nano"), [*SMALL, f"adapter.rank={rank}", *more], model="tiny")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    build_corpus(folder, "blocksworld", 0, recipe(0).corpus, lambda *_: None)
    return folder


def learner(corpus: Path, rank: int) -> ModelLearner:
    words = [row[key] for row in read_rows(corpus / "train.jsonl") for key in ("prompt", "completion")]
    return ModelLearner(load_model("tiny", vocabulary=words), recipe(rank))


def lessons(count: int) -> list[Lesson]:
    out = []
    for number in range(count):
        segments = (
            Segment(role=Role.PROMPT, text="Init: clear a\nChain:\n"), Segment(role=Role.CHAIN, text="state clear a\n" * (number % 3 + 1)),
        )
        example = Example(
            id=f"e{number}", kind="chain", domain="blocksworld", size="1", split="d2", seed=0, problem_class="", problem_pddl="",
            plan="", steps=0, error="", segments=segments,
        )  # fmt: skip
        out.append(Lesson(example=example, weights=(0.0, 1.0)))
    return out


@pytest.mark.parametrize("rank", [0, 4])
def test_it_learns_what_the_lessons_say(corpus, tmp_path, rank):
    one = learner(corpus, rank)
    first = one.fit(lessons(40), rate=3e-2, seed=0, folder=tmp_path / "1")
    second = one.fit(lessons(40), rate=3e-2, seed=0, folder=tmp_path / "2")
    assert second.losses["likelihood"] < first.losses["likelihood"]
    assert (first.lessons, first.learned) == (40, second.learned) and first.tokens > first.learned > 0
    assert not (tmp_path / "1" / "checkpoints").exists()
    # What is finished is not done again: another learner gets the same weights from there.
    other = learner(corpus, rank)
    assert other.fit(lessons(40), rate=3e-2, seed=0, folder=tmp_path / "2") == second
    prompt = [Prompt(id="p", text="Init: clear a\nChain:\n")]
    assert [c.text for c in other.complete(prompt, max_tokens=9)] == [c.text for c in one.complete(prompt, max_tokens=9)]


@pytest.mark.parametrize("falls_to", [0.0, 0.5])
def test_the_rate_falls_to_the_share_that_is_asked_for(corpus, tmp_path, falls_to):
    learner(corpus, 0).fit(lessons(40), rate=1e-2, falls_to=falls_to, seed=0, folder=tmp_path)
    rates = [row["learning_rate"] for row in read_rows(tmp_path / "training.jsonl")]
    assert max(rates) <= 1e-2 and rates[-1] == min(rates[1:])
    assert rates[-1] == pytest.approx(falls_to * 1e-2, abs=2e-4)


@pytest.mark.parametrize("rank", [0, 4])
def test_a_killed_fit_goes_on_to_the_same_weights(corpus, tmp_path, rank, monkeypatch):
    whole = learner(corpus, rank)
    whole.fit(lessons(16), rate=1e-2, seed=0, folder=tmp_path / "whole" / "chain")

    from planlearn.learn.learner import StageTrainer

    class Killed(BaseException):
        pass

    loss, left = StageTrainer.compute_loss, [5]

    def dies(self, *arguments, **named):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return loss(self, *arguments, **named)

    monkeypatch.setattr(StageTrainer, "compute_loss", dies)
    with pytest.raises(Killed):
        learner(corpus, rank).fit(lessons(16), rate=1e-2, seed=0, folder=tmp_path / "killed" / "chain")
    assert (tmp_path / "killed" / "chain" / "checkpoints").exists() and not (tmp_path / "killed" / "chain" / WEIGHTS).exists()
    learner(corpus, rank).fit(lessons(16), rate=1e-2, seed=0, folder=tmp_path / "killed" / "chain")
    assert left[0] == -4, "eight steps, of which four were saved"
    a, b = load_file(tmp_path / "whole" / "chain" / WEIGHTS), load_file(tmp_path / "killed" / "chain" / WEIGHTS)
    assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("rank", [0, 4])
def test_rounds_end_in_a_folder_that_the_evaluator_loads(corpus, tmp_path, rank):
    one = learner(corpus, rank)
    rounds = Refinement(
        one, one.recipe.refine, tmp_path / "refine", domain="blocksworld", seed=0, style=style_of(one.recipe.corpus),
        validation=asked_from_rows(read_rows(corpus / "validation.jsonl")), max_tokens=60,
    )
    done = rounds.run()
    assert [row["round"] for row in done] == [1, 2]
    assert all(row["stages"]["chain"]["losses"]["likelihood"] > 0 for row in done)
    final = tmp_path / ("adapter" if rank else "model")
    one.export(final, {"examples": 1, "tokens": 2})
    loaded, style, about = load_trained(final, "tiny" if rank else None)
    assert style == style_of(one.recipe.corpus)
    prompts = [Prompt(id=str(n), text=row["prompt"]) for n, row in enumerate(read_rows(corpus / "validation.jsonl"))]
    wanted = {c.id: c.text for c in one.complete(prompts, max_tokens=30)}
    assert {c.id: c.text for c in generate(loaded, prompts, max_tokens=30)} == wanted
    assert json.loads((final / "training.json").read_text()) == {"examples": 1, "tokens": 2}


@pytest.mark.parametrize("rank", [0, 4])
def test_what_is_rewarded_becomes_likelier(corpus, tmp_path, rank):
    """TRL's GRPO behind the port: the share of digits among the letters of an answer rises; what is finished is not done again.

    An adapter cannot move the nearly equal logits of this model's random head, so of it only the weights are looked at.
    """
    one = learner(corpus, rank)
    one.recipe = recipe(rank, "refine.generations=8", "refine.objective=policy", "max_tokens=12")

    def share(text: str) -> float:
        return sum(letter in "0123456789" for letter in text) / max(1, len(text))

    posed = [Posed(id=str(n), prompt=f"Init: clear {'abcd'[n % 4]}\nChain:\n", reward=share) for n in range(12)]
    fitted = [one.reinforce(posed, rate=3e-2, seed=0, folder=tmp_path / str(n)) for n in range(3)]
    assert fitted[0].lessons == 12 * 8 and fitted[0].tokens > fitted[0].learned > 0
    if rank == 0:
        assert fitted[2].losses["reward"] > fitted[0].losses["reward"] + 0.05
    assert not all(
        torch.equal(value, other) for value, other in zip(*(load_file(tmp_path / n / WEIGHTS).values() for n in "02"), strict=True)
    )
    rows = read_rows(tmp_path / "0" / "training.jsonl")
    assert [row["step"] for row in rows] == list(range(1, 13)) and rows[-1]["learning_rate"] < max(row["learning_rate"] for row in rows)
    other = learner(corpus, rank)
    assert other.reinforce(posed, rate=3e-2, seed=0, folder=tmp_path / "2") == fitted[2]
    prompt = [Prompt(id="p", text="Init: clear a\nChain:\n")]
    assert [c.text for c in other.complete(prompt, max_tokens=9)] == [c.text for c in one.complete(prompt, max_tokens=9)]


def test_rounds_by_reward_run_on_a_real_model(corpus, tmp_path):
    one = learner(corpus, 0)
    one.recipe = recipe(0, "refine.generations=2", "refine.objective=policy", "refine.rounds=1", "refine.problems=2")
    rounds = Refinement(
        one, one.recipe.refine, tmp_path, domain="blocksworld", seed=0, style=style_of(one.recipe.corpus),
        validation=asked_from_rows(read_rows(corpus / "validation.jsonl")), max_tokens=60,
    )
    (row,) = rounds.run()
    assert row["objective"] == "policy" and 0 <= row["stages"]["chain"]["losses"]["reward"] <= 1 and not row["lessons"]
