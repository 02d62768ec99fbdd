"""`planlearn compare` on two runs of a few problems."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.golden_files import check_golden

Run = Callable[..., Result]


def write_run(folder: Path, outcomes: str, arm: str = "greedy", **changes: Any) -> None:
    """A run's folder; each letter is the outcome of a problem: v valid, i invalid, u unreadable, c a failing checker, - none."""
    folder.mkdir(exist_ok=True)
    names = {"v": "valid", "i": "invalid", "u": "unreadable", "c": "checker_error"}
    with (folder / "samples.jsonl").open("a") as file:
        for number, letter in enumerate(outcomes):
            if letter != "-":
                row = {
                    "run": "r", "domain": "blocksworld", "arm": arm, "id": f"p{number}", "attempt": 1, "size": str(4 + number % 2), "prompt": "ask",
                    "problem_pddl": f"(define (problem p{number}))", "answer": "Plan:", "outcome": names[letter],
                }  # fmt: skip
                file.write(json.dumps(row | changes) + "\n")


@pytest.fixture
def runs(files: Path) -> Path:
    write_run(files / "one", "vvvvvvvvvviiiivvvvviuicv-v")
    write_run(files / "two", "vvvviiiiiiiiviivuvvvvivcv-")
    return files


def test_the_table(run: Run, runs: Path) -> None:
    done = run("compare", "one", "two", "--list")
    assert done.exit_code == 0, done.output
    check_golden("evaluate/compare.txt", done.stdout)


def test_attempts_are_named_where_there_are_several(run: Run, runs: Path) -> None:
    for folder, more in (("one", "vvvvvviiiiii"), ("two", "iiiivvvvvvii")):
        write_run(runs / folder, more, attempt=2)
    write_run(runs / "one", "i", id="none", solvable=False, outcome="unsolvable")
    write_run(runs / "two", "i", id="none", solvable=False)
    done = run("compare", "one", "two/samples.jsonl", "--list")
    assert done.exit_code == 0, done.output
    check_golden("evaluate/compare_attempts.txt", done.stdout)


def test_one_json_object(run: Run, runs: Path) -> None:
    found = json.loads(run("compare", "one", "two", "--json").stdout)
    assert found["a"] == {"samples": "one/samples.jsonl", "arm": "greedy"} and found["b"]["samples"] == "two/samples.jsonl"
    assert found["unsolvable"] is None and found["undecided"] == 0
    assert (found["n"], found["problems"], found["alone"]) == (22, 22, [8, 3])
    assert (found["only_a"], found["only_b"], found["unjudged"]) == (1, 1, 2)
    assert found["p"] == pytest.approx(2 * sum((1, 11, 55, 165)) / 2**11)
    assert found["difference"]["value"] == pytest.approx(5 / 22) and found["difference"]["low"] < 5 / 22 < found["difference"]["high"]
    assert [share["value"] for share in found["right"]] == [15 / 22, 10 / 22]
    assert {size: one["n"] for size, one in found["by_size"].items()} == {"4": 11, "5": 11}
    assert len(found["differ"]) == 11 and found["differ"][0] == {"domain": "blocksworld", "id": "p4", "attempt": 1, "solvable": True, "right": "a"}


def test_two_arms_of_one_run(run: Run, runs: Path) -> None:
    write_run(runs / "one", "v" * 26, arm="masked")
    for words in (("--arm-a", "masked", "--arm-b", "greedy"), ("--arm-a", "masked", "--arm", "greedy")):
        found = json.loads(run("compare", "one", "one", *words, "--json").stdout)
        assert (found["a"]["arm"], found["b"]["arm"], found["alone"][1]) == ("masked", "greedy", 0)
    shared = json.loads(run("compare", "one", "two", "--json").stdout)
    assert (shared["a"]["arm"], shared["b"]["arm"]) == ("greedy", "greedy"), "the only one that they share"


def test_greedy_is_taken_where_two_runs_share_more(run: Run, runs: Path) -> None:
    for folder in ("one", "two"):
        for arm in ("planner", "base"):
            write_run(runs / folder, "v" * 26, arm=arm)
    done = run("compare", "one", "two")
    assert done.exit_code == 0, done.output
    head = "A  one (greedy)\nB  two (greedy)\nBoth have base, greedy, planner: greedy is taken, another with --arm.\n\nproblems"
    assert done.stdout.startswith(head)
    assert json.loads(run("compare", "one", "two", "--json").stdout)["a"]["arm"] == "greedy"
    named = run("compare", "one", "two", "--arm", "base")
    assert named.stdout.startswith("A  one (base)\nB  two (base)\n\nproblems")
    for folder in ("three", "four"):
        write_run(runs / folder, "v", arm="masked")
        write_run(runs / folder, "v", arm="base")
    assert "name the arms with --arm" in run("compare", "three", "four").stderr, "without it they have to be named"


def test_problems_without_a_plan_have_a_table_of_their_own(run: Run, runs: Path) -> None:
    for folder, said in (("one", "uuui"), ("two", "iiuu")):
        for number, letter in enumerate(said):
            write_run(runs / folder, letter, id=f"n{number}", solvable=False, outcome="unsolvable" if letter == "u" else "invalid")
    done = run("compare", "one", "two", "--list")
    assert done.exit_code == 0, done.output
    check_golden("evaluate/compare_unsolvable.txt", done.stdout)
    found = json.loads(run("compare", "one", "two", "--json").stdout)
    assert (found["n"], found["unsolvable"]["n"], found["unsolvable"]["alone"]) == (22, 4, [2, 1])
    assert sum(one["n"] for one in found["by_size"].values()) == 22 and sum(not one["solvable"] for one in found["differ"]) == 3


def test_nothing_but_problems_without_a_plan(run: Run, files: Path) -> None:
    for folder, outcome in (("one", "unsolvable"), ("two", "valid")):
        write_run(files / folder, "i", solvable=False, outcome=outcome)
    assert run("compare", "one", "two").stdout.split("\n\n")[1].startswith("problems without a plan  n  A recognised %")
    found = json.loads(run("compare", "one", "two", "--json").stdout)
    assert (found["n"], found["right"], found["p"], found["by_size"]) == (0, None, None, {}) and found["unsolvable"]["alone"] == [1, 0]


def test_missing_attempts_are_left_out_and_counted(run: Run, runs: Path) -> None:
    write_run(runs / "one", "----------ii", arm="verified-binary", attempt=2)
    write_run(runs / "one", "----------v", arm="verified-binary", attempt=3)
    found = json.loads(run("compare", "one", "one", "--arm-a", "verified-binary", "--arm-b", "greedy", "--json").stdout)
    assert (found["n"], found["undecided"], found["alone"]) == (18, 6, [1, 0])
    said = run("compare", "one", "one", "--arm-a", "verified-binary", "--arm-b", "greedy").stdout
    assert said.endswith("Left out: 1 without a verdict in one of the two, 6 undecided, since an attempt is missing in one of the two.\n")


def test_how_many_attempts_an_arm_makes_is_seen_in_every_domain(run: Run, files: Path) -> None:
    write_run(files / "one", "iv")
    write_run(files / "one", "i", domain="logistics")
    write_run(files / "one", "i", domain="logistics", arm="verified-none", attempt=2)
    words = ("compare", "one", "one", "--arm-a", "verified-none", "--arm-b", "greedy", "--domain", "blocksworld", "--json")
    write_run(files / "one", "i", id="p2")
    write_run(files / "one", "v", id="p2", arm="verified-none", attempt=2)
    write_run(files / "one", "i", domain="logistics", arm="verified-none", attempt=3)
    found = json.loads(run(*words).stdout)
    assert (found["n"], found["undecided"]) == (2, 1)


def test_two_runs_with_one_arm_each_need_no_names(run: Run, runs: Path) -> None:
    write_run(runs / "others", "v" * 26, arm="recorded")
    found = json.loads(run("compare", "one", "others", "--json").stdout)
    assert (found["a"]["arm"], found["b"]["arm"]) == ("greedy", "recorded")


def test_one_domain_of_several(run: Run, runs: Path) -> None:
    for folder in ("one", "two"):
        write_run(runs / folder, "vv", domain="logistics")
    assert json.loads(run("compare", "one", "two", "--json").stdout)["n"] == 24
    assert json.loads(run("compare", "one", "two", "--domain", "logistics", "--json").stdout)["n"] == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("one", "one"), "A and B are the same answers; name two arms of the run with --arm-a and --arm-b"),
        (("one", "two", "--arm", "masked"), "one/samples.jsonl has no arm 'masked'; it has greedy"),
        (("one", "two", "--domain", "depots"), "one/samples.jsonl holds no answer in domain depots"),
        (("one", "sub"), "sub: no samples.jsonl in this folder"),
        (("one", "good.plan"), "good.plan:1: not a row of samples"),
        (("one", "moved"), "1 of 1 answers with the same id are to different problems, e.g. blocksworld/p0"),
        (("one", "many"), "name the arms with --arm, or with --arm-a and --arm-b: one/samples.jsonl has greedy; many/samples.jsonl has base, masked"),
        (("one", "missing"), "missing"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(run: Run, runs: Path, words: tuple[str, ...], sentence: str) -> None:
    (runs / "sub").mkdir()
    write_run(runs / "moved", "v", problem_pddl="(define (problem other))")
    write_run(runs / "many", "v", arm="base")
    write_run(runs / "many", "v", arm="masked")
    done = run("compare", *words)
    assert done.exit_code == 2, done.output
    assert sentence in done.stderr and "Traceback" not in done.output
