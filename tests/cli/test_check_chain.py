"""`planlearn check-chain`: JSON and chain text, exit codes, the options."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from planlearn.problems import domain_text
from val_bridge import execute, read_plan, read_problem, read_task
from tests.cli.conftest import PROBLEM

Run = Callable[..., Result]

START = ["(handempty)", "(ontable a)", "(ontable b)", "(clear a)", "(clear b)"]
GOOD = [
    {"state": START},
    {"action": "(pick-up a)", "state": ["(holding a)", "(ontable b)", "(clear b)"]},
    {"action": "(stack a b)", "state": ["(handempty)", "(on a b)", "(clear a)", "(ontable b)"]},
]
BAD = [GOOD[0], GOOD[1], GOOD[2] | {"state": ["(handempty)", "(on a b)", "(clear b)", "(ontable b)"]}]


@pytest.fixture
def told(run: Run, files: Path) -> Callable[..., tuple[int, dict]]:
    """Writes a chain, checks it, gives exit code and answer."""

    def check(chain, *options: str) -> tuple[int, dict]:
        text = chain if isinstance(chain, str) else json.dumps(chain)
        (files / "chain").write_text(text)
        result = run("check-chain", "blocksworld", "p.pddl", "chain", "--json", *options)
        return result.exit_code, json.loads(result.stdout)

    return check


def test_valid_invalid_and_unreadable(told) -> None:
    code, answer = told(GOOD)
    assert (code, answer["valid"], answer["error"]) == (0, True, None)
    code, answer = told(BAD)
    assert (code, answer["valid"], answer["error"], answer["failing_step"]) == (1, False, "transition", 2)
    assert [(v["kind"], v["fact"]) for v in answer["violations"]] == [
        ("missing_add", "(clear a)"), ("missing_delete", "(clear b)"),
    ]  # fmt: skip
    code, answer = told('[{"state": 3}]')
    assert (code, answer["valid"], answer["error"]) == (2, False, "plan_syntax")
    assert "chain:1:2" in answer["message"]


def test_people_get_sentences(run: Run, files: Path) -> None:
    (files / "chain").write_text(json.dumps(BAD))
    result = run("check-chain", "blocksworld", "p.pddl", "chain")
    assert result.exit_code == 1
    assert result.stdout.startswith("The chain is invalid: step 2, (stack a b), fails.\n")
    assert "  missing add: (clear a)\n" in result.stdout


def test_the_projects_own_chain_text(told) -> None:
    from planlearn.chains import ChainStyle, chain_text

    task = read_task(domain_text("blocksworld"), PROBLEM)
    chain = execute(task, read_plan("(pick-up a)(stack a b)").calls)
    for states in ("changes", "full"):
        text = chain_text(task, chain, ChainStyle(states=states))
        assert told(text)[0] == 0
        assert told(text + "Plan:\npick-up a\nstack a b\n")[0] == 0
        code, answer = told(text + "Plan:\npick-up b\nstack a b\n")
        assert (code, answer["error"], answer["failing_step"]) == (1, "plan_mismatch", 1)
        code, answer = told(text + "and so on!\n")
        assert (code, answer["error"]) == (2, "plan_syntax")
        code, answer = told(text + "and so on!\n", "--lenient")
        assert (code, answer["skipped"]) == (0, ["and so on!"])


def test_prose_is_no_chain(told) -> None:
    assert told("I would pick up a.")[0] == 2
    assert told("")[0] == 2


def test_changes_and_the_correct_state(told) -> None:
    changes = [GOOD[0], {"action": "(pick-up a)", "state": ["(holding a)", "(not (ontable a))", "(not (clear a))", "(not (handempty))"]}]
    code, answer = told(changes, "--states", "changes")
    assert (code, answer["error"]) == (1, "goal")
    assert told(changes)[1]["error"] == "plan_syntax"
    lost = [GOOD[0], GOOD[1] | {"state": ["(holding a)", "(clear b)"]}, GOOD[2] | {"state": ["(handempty)", "(on a b)", "(clear a)"]}]
    assert told(lost)[1]["later"] == []
    assert [step["failing_step"] for step in told(lost, "--judge-from", "correct")[1]["later"]] == [2]


def test_static_facts_may_be_left_out(run: Run, files: Path) -> None:
    (files / "l.pddl").write_text(
        "(define (problem l) (:domain logistics-strips) (:objects p t x y c) (:init (obj p) (truck t) (location x)"
        " (location y) (city c) (in-city x c) (in-city y c) (at t x) (at p x)) (:goal (and (at t y))))"
    )
    chain = [{"state": ["(at t x)", "(at p x)"]}, {"action": "(drive-truck t x y c)", "state": ["(at t y)", "(at p x)"]}]
    (files / "chain").write_text(json.dumps(chain))
    problem = read_problem((files / "l.pddl").read_text(), read_task(domain_text("logistics"), (files / "l.pddl").read_text()).domain)
    assert len(problem.initial) == 9
    assert run("check-chain", "logistics", "l.pddl", "chain", "--states", "fluent").exit_code == 0
    result = run("check-chain", "logistics", "l.pddl", "chain", "--json")
    answer = json.loads(result.stdout)
    assert (answer["error"], answer["failing_step"], len(answer["violations"])) == ("initial_state", 0, 7)


@pytest.mark.parametrize(
    ("domain", "problem", "chain", "error", "said"),
    [
        ("broken.pddl", "p.pddl", "chain", "domain_syntax", "broken.pddl:"),
        ("blocksworld", "broken.pddl", "chain", "problem_syntax", "broken.pddl:"),
        ("blocksworld", "absent.pddl", "chain", None, "absent.pddl: No such file"),
        ("blocksworld", "p.pddl", "absent", None, "absent: No such file"),
        ("blokcsworld", "p.pddl", "chain", None, "did you mean 'blocksworld'?"),
    ],
)
def test_what_cannot_be_judged_is_an_object_too(run: Run, files: Path, told, domain, problem, chain, error, said) -> None:
    _, judged = told(GOOD)
    result = run("check-chain", domain, problem, chain, "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["valid"], answer["error"]) == (2, None, error)
    assert said in answer["message"] and said in result.stderr
    assert answer.keys() == judged.keys()


TEXT = (
    "Chain:\npick-up a takes clear a, handempty, ontable a gives holding a\n"
    "stack a b takes clear b, holding a gives clear a, handempty, on a b\nPlan:\npick-up a\nstack a b"
)


@pytest.mark.parametrize("behind", ["\n(fly me to the moon", "\n!!", "\nDone!", "\n(pick-up", "\nPlan:\n(pick-up b)"])
@pytest.mark.parametrize("options", [(), ("--lenient",)])
def test_a_plan_section_that_cannot_be_read_is_no_valid_chain(told, behind: str, options: tuple[str, ...]) -> None:
    assert told(TEXT)[0] == 0
    code, answer = told(TEXT + behind, *options)
    assert (code, answer["valid"], answer["error"], answer["failing_step"]) == (2, False, "plan_syntax", None)
    assert "chain:7:1" in answer["message"]


@pytest.mark.parametrize("left_out", [[0], [1], [2], [0, 1, 2]])
def test_a_state_that_is_left_out_is_an_error(told, left_out: list[int]) -> None:
    chain = [{k: v for k, v in item.items() if k != "state" or n not in left_out} for n, item in enumerate(GOOD)]
    code, answer = told([item for item in chain if item])
    assert (code, answer["error"]) == (2, "plan_syntax")
    assert "state" in answer["message"]


@pytest.mark.parametrize("text", ["bye", "I agree", "pick-up a\nstack a b", "Chain:\npick-up a\nstack a b\nPlan:\npick-up a\nstack a b"])
def test_actions_that_claim_nothing_and_short_prose_are_no_chain(told, text: str) -> None:
    code, answer = told(text)
    assert (code, answer["error"]) == (2, "plan_syntax")


def test_leniently_a_json_chain_is_found_in_prose(told) -> None:
    text = f"Here [as asked]:\n{json.dumps(GOOD)}\nbye\n"
    assert told(text)[0] == 2
    code, answer = told(text, "--lenient")
    assert (code, answer["valid"], answer["skipped"]) == (0, True, ["Here [as asked]:", "bye"])
    broken = json.dumps(GOOD).replace('"(holding a)"', "3")
    assert "chain:2:" in told(f"Here:\n{broken}\nbye\n", "--lenient")[1]["message"]


def test_a_chain_of_more_steps_than_is_judged_is_refused_at_its_start(run, files):
    (files / "long.chain").write_text("Chain:\n" + "stack a b\n" * 100_001)
    done = run("check-chain", "blocksworld", "p.pddl", "long.chain")
    assert done.exit_code == 2
    assert done.stdout == "The plan is unreadable: line 1.\n  expected: a chain of at most 100,000 steps\n  found: more than 100,000 steps\n"
