"""Depots: what its problems are, and that the chain format, prompts and readers of answers take a domain with types."""

from collections import Counter

import pytest

from planlearn.chains import ChainStyle, answer_segments, find_plan, problem_prompt, read_answer
from planlearn.feedback import detailed_feedback
from planlearn.planners import plan
from planlearn.problems import domain_words, get_generator, planbench_classes, problem_class, read_planbench, stream
from planlearn.problems.depots import random_stacks
from val_bridge import Outcome, check_chain, check_plan, execute, read_plan


def drawn(size="in_distribution", *path):
    return get_generator("depots").generate(stream("depots", size, *path), size).task()


def test_every_place_has_a_pallet_and_a_hoist_and_every_crate_a_place_of_its_stack():
    for index in range(40):
        task = drawn("larger", index)
        facts = {name: [atom[1:] for atom in task.initial if atom[0] == name] for name in ("at", "on", "clear", "available")}
        at, on = dict(facts["at"]), dict(facts["on"])
        of_kind = {kind: [name for name, its in task.objects.items() if its == kind] for kind in set(task.objects.values())}
        places = sorted(of_kind["depot"] + of_kind["distributor"])
        assert sorted(at[name] for name in of_kind["pallet"]) == sorted(at[name] for name in of_kind["hoist"]) == places
        assert all(at[crate] == at[on[crate]] for crate in of_kind["crate"]) and on.keys() == set(of_kind["crate"])
        assert {name for (name,) in facts["available"]} == set(of_kind["hoist"])
        assert {name for (name,) in facts["clear"]} == {*of_kind["pallet"], *of_kind["crate"]} - set(on.values())


def test_goals_are_one_arrangement_of_crates_down_to_pallets():
    shares = Counter()
    for index in range(200):
        task = drawn("in_distribution", "goal", index)
        goal = dict(atom[1:] for atom in task.goal)
        assert len(set(goal.values())) == len(goal) and all(lower in goal or lower.startswith("pallet") for lower in goal.values())
        shares[len(goal)] += 1
    assert 0.6 < shares[3] / 200 < 0.85 and shares[2] and sum(shares.values()) == 200


def test_stacks_take_each_pallet_equally_often():
    rng = stream("stacks")
    seen = Counter(random_stacks(rng, ["a", "b"], ["p", "q"])["b"] for _ in range(4000))
    assert all(abs(seen[name] / 4000 - share) < 0.03 for name, share in {"a": 0.5, "p": 0.25, "q": 0.25}.items())


def test_planbenchs_classes_are_left_out(planbench):
    assert {problem_class(problem.task()) for problem in read_planbench(planbench, ["depots"])[::10]} <= planbench_classes()


@pytest.mark.parametrize("style", [ChainStyle(), ChainStyle(states="full", purposes=True)], ids=["changes", "purposes"])
def test_a_chain_is_written_and_read_with_types_in_the_prompt(style):
    task = drawn("small", 1)
    prompt, *answer = answer_segments(task, execute(task, [task.bind(call) for call in plan(task).calls]), style)
    assert "Objects: crate crate0" in prompt.text and "lift ?x - hoist ?y - crate ?z - surface ?p - place" in prompt.text
    read = read_answer("".join(segment.text for segment in answer), task)
    assert check_chain(task, read.chain).outcome is check_plan(task, read.plan).outcome is Outcome.VALID
    assert problem_prompt(task, style) == prompt.text


def test_sentences_of_words_yaml_are_read_as_the_plan():
    task = drawn("in_distribution", "words")
    found, patterns = plan(task), domain_words("depots").actions
    text = "\n".join(patterns[call.name].format(*call.arguments) for call in found.calls)
    assert find_plan(text, task).plan.calls == found.calls
    assert {call.name for call in found.calls} == {"drive", "lift", "drop", "load", "unload"}


@pytest.mark.parametrize(("said", "call"), [
    ("lift crate0 from pallet0 at depot0 using hoist0", "(lift hoist0 crate0 pallet0 depot0)"),
    ("Use Hoist 0 to load Crate 0 onto Truck 0 at Depot 0", "(load hoist0 crate0 truck0 depot0)"),
    ("1. Unload crate0 off truck0 at place distributor0 with hoist1.", "(unload hoist1 crate0 truck0 distributor0)"),
    ("drive truck_0 from depot_0 to distributor_0", "(drive truck0 depot0 distributor0)"),
])  # fmt: skip
def test_other_words_for_the_same_are_read(said, call):
    assert [str(found) for found in find_plan(said, drawn("d1-r1-t1-c1", 2)).plan.calls] == [call]


def test_feedback_names_the_unmet_precondition():
    task = drawn("d1-r1-t1-c1", 2)
    place = next(atom[2] for atom in task.initial if atom[:2] == ("at", "hoist0"))
    verdict = check_plan(task, read_plan(f"(drop hoist0 crate0 pallet0 {place})"))
    assert "(lifting hoist0 crate0)" in detailed_feedback(verdict, task).text
