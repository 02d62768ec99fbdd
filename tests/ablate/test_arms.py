"""The commands of an ablation: what each arm has of its own, in which order, and with which budget."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from planlearn.ablate import ARMS, PAIRS, Budget, Plan, Work, chosen, expected_seconds, refuse_unequal
from planlearn.errors import RecipeError
from planlearn.files import write_json
from planlearn.recipes import RefineRecipe, find_recipe, load_recipe

KEYS = ["refine.tokens=80000"]


def plan(names: str | None = None, eta: int = 15, base: Sequence[str] = ()) -> Plan:
    return Plan(
        arms=chosen(names), seeds=[0, 1], eta=eta, problems=500, given=["--domain", "blocksworld", "--model", "nano"], keys=KEYS, base=list(base),
        a_round=100_000, plan_share=0.25,
    )


def test_every_arm_is_made_then_measured_on_the_problems_of_its_seed(places):
    steps = plan().steps(places)
    for seed in (0, 1):
        own = [step for step in steps if step.seed == seed]
        assert own[0].work is Work.PROBLEMS
        assert [step.of for step in own if step.work is Work.MEASURE] == list(ARMS)
        assert [step.of for step in own if step.work is Work.TRAIN] == ["base", "phase1", "longer", "shuffled"]
        for step in own:
            if step.work is Work.MEASURE:
                line = step.arguments()
                model, problems = line[line.index("--adapter") + 1], line[line.index("--instances") + 1]
                assert problems == str(places.problems(seed))
                made = "/start-" if ARMS[step.of].rounds is None else f"/s{seed}/{step.of}/model"
                assert made in model and model.endswith("/model")
                earlier = own[: own.index(step)]
                assert any(one.of == (step.of if ARMS[step.of].rounds else ARMS[step.of].start) for one in earlier)


def test_arms_with_rounds_differ_in_what_they_say_they_do(places):
    lines = {step.of: step.arguments() for step in plan("none,binary,detailed,nll").steps(places) if step.work is Work.ROUNDS and step.seed == 1}
    assert lines.keys() == {"none", "binary", "detailed", "nll"}

    def plain(line: list[str]) -> list[str]:
        line = list(line)
        line[line.index("--out") + 1] = ""
        return [part for part in line if not part.startswith(("refine.feedback=", "refine.objective="))]

    assert len({tuple(plain(line)) for line in lines.values()}) == 1
    assert {name: [part for part in line if "feedback" in part] for name, line in lines.items()} == {
        "none": ["refine.feedback=none"], "binary": ["refine.feedback=binary"], "detailed": ["refine.feedback=detailed"],
        "nll": ["refine.feedback=detailed"],
    }  # fmt: skip
    assert "refine.objective=nll" in lines["nll"] and "refine.objective=nll" not in lines["detailed"]
    assert all(line[line.index("--seed") + 1] == "1" and line[line.index("--eta") + 1] == "15" for line in lines.values())
    assert all(KEYS[0] in line for line in lines.values())


def test_all_arms_read_as_many_tokens_as_phase_1_and_its_rounds():
    budget = Budget(examples=7000, tokens=5_000_000, eta=10, a_round=100_000)
    assert budget.longer == 7000 + 1400  # a million tokens more, at 5 / 7000 million an example
    assert 10 * budget.alone(0.25) * 1.25 == 6_000_000


def test_arms_without_phase_1_before_them_wait_for_its_tokens(places):
    steps = {(step.work, step.of): step for step in plan("longer,phase2").steps(places) if step.seed == 0}
    assert list(steps)[1] == (Work.TRAIN, "phase1"), "its tokens decide the budget"
    for key in ((Work.TRAIN, "longer"), (Work.ROUNDS, "phase2")):
        with pytest.raises(FileNotFoundError):
            steps[key].arguments()
    write_json(places.start("phase1", 0) / "model" / "training.json", {"examples": 1000, "tokens": 1_500_000})
    assert "corpus.examples=2000" in steps[Work.TRAIN, "longer"].arguments()
    assert "refine.tokens=160000" in steps[Work.ROUNDS, "phase2"].arguments()
    assert "phase1=false" in steps[Work.TRAIN, "base"].arguments()


def test_rounds_are_done_when_there_are_as_many_as_asked(places):
    (step,) = (step for step in plan("none", eta=3).steps(places) if step.work is Work.ROUNDS and step.seed == 0)
    facts = places.rounds("none", 0) / "model" / "training.json"
    assert not step.is_done()
    for rounds, done in ((2, False), (3, True), (5, True)):
        write_json(facts, {"rounds": rounds})
        assert step.is_done() is done


def test_how_long_it_takes_is_said_from_what_phase_1_took(places, finished):
    recipe = RefineRecipe(sizes={"5": 1.0}, problems=30, attempts=1, validation=40)
    steps = {(step.work, step.of): step for step in plan(eta=2).steps(places) if step.seed == 0}

    def seconds(work: Work, of: str) -> float | None:
        return expected_seconds(steps[work, of], plan(eta=2), places, recipe)

    assert seconds(Work.ROUNDS, "none") is None and seconds(Work.TRAIN, "phase1") is None and seconds(Work.MEASURE, "none") is None
    finished("phase1", 0, [True] * 9 + [False])  # 1 million tokens in 500 seconds, 2 seconds an answer
    assert seconds(Work.MEASURE, "none") == pytest.approx(500 * 2)
    assert seconds(Work.TRAIN, "longer") == pytest.approx(600)
    assert seconds(Work.ROUNDS, "none") == pytest.approx(100 + 2 * (40 + 2 * (60 + 40)))
    assert seconds(Work.ROUNDS, "phase2") == pytest.approx(600 + 2 * (40 + 2 * (60 + 40)))


def test_an_adapters_base_is_named_where_it_is_loaded(places):
    for step in plan("none", base=["--model", "a/folder"]).steps(places):
        assert ("a/folder" in step.arguments()) is (step.work in (Work.ROUNDS, Work.MEASURE))


@pytest.mark.parametrize(("key", "said"), [
    ("refine.tokens=null", "refine.tokens: "), ("refine.patience=2", "refine.patience: "), ("refine.objective=policy", "refine.objective: "),
    ("corpus.shuffled=true", "corpus.shuffled: "), ("phase1=false", "phase1: "), ("minutes=5", "minutes: "),
    ("training.num_train_epochs=2", "training.num_train_epochs: "), ("refine=null", "the recipe has no block refine"),
])  # fmt: skip
def test_what_makes_arms_unequal_is_refused(key, said):
    given = ["refine.tokens=1000"] if key != "refine=null" else []
    with pytest.raises(RecipeError, match=said):
        refuse_unequal(load_recipe(find_recipe("blocksworld", "nano"), [*given, key]))
    refuse_unequal(load_recipe(find_recipe("blocksworld", "nano"), ["refine.tokens=1000"]))


def test_an_unknown_arm_is_refused_with_those_that_there_are():
    with pytest.raises(RecipeError, match="--arms: expected some of base, .*, found detail"):
        chosen("none,detail")
    assert [arm.name for arm in chosen("detailed, none")] == ["none", "detailed"]
    assert {name for pair in PAIRS for name in pair} <= ARMS.keys()
