"""`planlearn check`: outcomes, exit codes, and no plan that spoils another's verdict."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from planlearn.problems import domain_text
from val_bridge import check_plan

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("plans", "code"),
    [
        (["good.plan"], 0),
        (["bad.plan"], 1),
        (["prose.plan"], 2),
        (["missing.plan"], 2),
        (["good.plan", "bad.plan"], 1),
        (["prose.plan", "bad.plan", "good.plan"], 2),
        (["bad.plan"] * 300, 1),
    ],
)
def test_exit_code_is_the_highest_outcome_and_never_a_count(run: Run, plans: list[str], code: int) -> None:
    assert run("check", "blocksworld", "p.pddl", *plans).exit_code == code


def test_one_plan_is_explained(run: Run) -> None:
    result = run("check", "blocksworld", "p.pddl", "bad.plan")
    assert result.stdout.splitlines() == [
        "The plan is invalid: step 1, (stack a b), fails.",
        "Step 1, (stack a b): not applicable.",
        "  unmet precondition: (holding a)",
        "  true before it: (clear a) (clear b) (handempty) (ontable a) (ontable b)",
        "  advice: Make (holding a) true before step 1, for example by (pick-up a).",
    ]
    assert result.stderr == ""


def test_several_plans_are_a_line_each_in_order(run: Run) -> None:
    result = run("check", "blocksworld", "p.pddl", "prose.plan", "good.plan", "missing.plan", "bad.plan")
    assert result.stdout.splitlines() == [
        "prose.plan: The plan is unreadable: line 1.",
        "good.plan: The plan is valid.",
        "bad.plan: The plan is invalid: step 1, (stack a b), fails.",
    ]
    assert result.stderr == "planlearn: missing.plan: No such file or directory\n"


def test_wording_can_be_chosen(run: Run) -> None:
    one = run("check", "blocksworld", "p.pddl", "bad.plan", "--feedback", "binary").stdout
    assert one == "The plan is invalid: step 1, (stack a b), fails.\n"
    several = run("check", "blocksworld", "p.pddl", "bad.plan", "good.plan", "--feedback", "detailed").stdout
    assert "bad.plan: The plan is invalid" in several and "unmet precondition" in several


def test_json_is_one_object_a_plan(run: Run) -> None:
    result = run("check", "blocksworld", "p.pddl", "good.plan", "bad.plan", "prose.plan", "--json")
    good, bad, prose = map(json.loads, result.stdout.splitlines())
    assert [row["plan"] for row in (good, bad, prose)] == ["good.plan", "bad.plan", "prose.plan"]
    assert [row["valid"] for row in (good, bad, prose)] == [True, False, False]
    assert bad["failing_step"] == 1 and bad["error"] == "precondition" and "feedback" not in bad
    assert bad["failing_literals"] == ["(holding a)"] and prose["error"] == "plan_syntax"
    worded = json.loads(
        run("check", "blocksworld", "p.pddl", "bad.plan", "--json", "--feedback", "binary").stdout
    )
    assert worded["feedback"] == "The plan is invalid: step 1, (stack a b), fails."


ANSWER = """Sure! Here is my plan:
```
1. Pick-Up A  ; the upper one
2. (stack a b
```
"""


def test_a_plan_in_free_text_is_found_when_asked_for_and_what_was_skipped_is_listed(run: Run, files: Path) -> None:
    (files / "answer.txt").write_text(ANSWER)
    strict = json.loads(run("check", "blocksworld", "p.pddl", "answer.txt", "--json").stdout)
    assert strict["error"] == "plan_syntax" and strict["valid"] is False and "skipped" not in strict
    assert run("check", "blocksworld", "p.pddl", "answer.txt").exit_code == 2
    result = run("check", "blocksworld", "p.pddl", "answer.txt", "--lenient", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0 and found["valid"] is True and found["plan_length"] == 2
    assert {"text": "Sure! Here is my plan:", "reason": "prose", "line": 1, "column": 1} in found["skipped"]
    lines = run("check", "blocksworld", "p.pddl", "answer.txt", "--lenient").stdout.splitlines()
    assert "  skipped at 1:1 (prose): Sure! Here is my plan:" in lines


def test_a_strict_plan_skips_nothing_when_read_leniently(run: Run) -> None:
    result = run("check", "blocksworld", "p.pddl", "good.plan", "bad.plan", "--lenient", "--json")
    good, bad = map(json.loads, result.stdout.splitlines())
    assert (good["valid"], good["skipped"], bad["error"], bad["skipped"]) == (True, [], "precondition", [])
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "text, line",
    [
        ("I cannot do that.", "found: no action in the text"),
        ("pick-up a\nstack a on top of all others\n", "line 2"),
    ],
)
def test_free_text_without_a_readable_plan_exits_2_with_the_place(run: Run, files: Path, text: str, line: str) -> None:
    (files / "found.txt").write_text(text)
    result = run("check", "blocksworld", "p.pddl", "found.txt", "--lenient")
    assert result.exit_code == 2 and line in result.stdout and "unreadable" in result.stdout
    several = run("check", "blocksworld", "p.pddl", "found.txt", "good.plan", "--lenient")
    assert several.exit_code == 2 and several.stdout.endswith("\ngood.plan: The plan is valid.\n")


def test_a_domain_is_a_file_or_a_name(run: Run, files: Path) -> None:
    (files / "d.pddl").write_text(domain_text("blocksworld"))
    assert run("check", "d.pddl", "p.pddl", "good.plan").exit_code == 0
    # A file wins over a name: what stands in the folder is what the user sees.
    (files / "logistics").write_text(domain_text("blocksworld"))
    assert run("check", "logistics", "p.pddl", "good.plan").exit_code == 0


def test_json_tells_a_broken_problem_too(run: Run) -> None:
    """One line a plan, valid unknown, the place of the mistake; the exit code says that it is none of the plans."""
    result = run("check", "blocksworld", "broken.pddl", "good.plan", "bad.plan", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 2 and [row["plan"] for row in rows] == ["good.plan", "bad.plan"]
    assert {(row["valid"], row["error"], row["place"]["file"]) for row in rows} == {(None, "problem_syntax", "broken.pddl")}


def test_json_tells_a_missing_plan(run: Run) -> None:
    result = run("check", "blocksworld", "p.pddl", "missing.plan", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) | {"valid": None, "error": None} == json.loads(result.stdout)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["blocksword", "p.pddl", "good.plan"],
            "planlearn: no domain 'blocksword'; did you mean 'blocksworld'?",
        ),
        (["nowhere/d.pddl", "p.pddl", "good.plan"], "planlearn: nowhere/d.pddl: No such file or directory"),
        (["blocksworld", "q.pddl", "good.plan"], "planlearn: q.pddl: No such file or directory"),
        (["blocksworld", ".", "good.plan"], "planlearn: .: Is a directory"),
        (
            ["p.pddl", "p.pddl", "good.plan"],
            "planlearn: p.pddl:2:9: expected '(domain name)', found '(problem p)'",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(run: Run, words: list[str], line: str) -> None:
    result = run("check", *words)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line + "\n")


def test_a_broken_problem_is_named_with_its_place(run: Run) -> None:
    result = run("check", "blocksworld", "broken.pddl", "good.plan")
    assert result.exit_code == 2 and result.stderr.startswith("planlearn: broken.pddl:")
    assert result.stderr.count("\n") == 1


def test_undecodable_bytes_are_unreadable_not_a_crash(run: Run, files: Path) -> None:
    (files / "bytes.plan").write_bytes(b"(pick-up a)\n\xff\xfe")
    result = run("check", "blocksworld", "p.pddl", "bytes.plan", "good.plan")
    assert result.exit_code == 2
    assert result.stdout == "bytes.plan: The plan is unreadable: line 2.\ngood.plan: The plan is valid.\n"


def test_a_file_name_that_is_no_text_is_shown_all_the_same(process: Process, files: Path) -> None:
    odd = os.fsdecode(b"\xff.plan")
    (files / odd).write_text("(stack a b)")
    result = process("check", "blocksworld", "p.pddl", odd, "good.plan")
    assert result.returncode == 1 and result.stdout.endswith("good.plan: The plan is valid.\n")


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("There is no way to do this.\n", "plan_syntax", 1),
        ("", "plan_syntax", 1),
        ("My plan:\npick up the zebra quickly\n", "plan_syntax", 2),
        ("My plan:\n(pick-up zebra)\n", "unknown_object", 2),
        ("My plan:\n(stack a b)\n", "precondition", 2),
    ],
)
def test_what_is_wrong_in_a_free_text_is_told_with_file_and_line(
    run: Run, files: Path, text: str, error: str, line: int
) -> None:
    (files / "answer.txt").write_text(text)
    result = run("check", "blocksworld", "p.pddl", "answer.txt", "--lenient", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == (2 if error == "plan_syntax" else 1)
    assert (answer["valid"], answer["error"]) == (False, error)
    assert (answer["place"]["file"], answer["place"]["line"]) == ("answer.txt", line)


def test_one_bad_plan_never_touches_another(run: Run, files: Path) -> None:
    """Together each plan gets the line that it gets alone, and the code is the highest of theirs."""
    (files / "bytes.plan").write_bytes(b"(pick-up a)\n\xff\xfe")
    (files / "unknown.plan").write_text("(fly a b)\n")
    (files / "empty.plan").write_text("")
    names = ["bytes.plan", "good.plan", "unknown.plan", "missing.plan", "bad.plan", "empty.plan", "prose.plan", "good.plan"]
    for options in (["--json"], ["--json", "--lenient"]):
        alone = [run("check", "blocksworld", "p.pddl", name, *options) for name in names]
        together = run("check", "blocksworld", "p.pddl", *names, *options)
        assert together.stdout.splitlines() == [result.stdout.rstrip("\n") for result in alone]
        assert together.exit_code == max(result.exit_code for result in alone) == 2
        assert {result.exit_code for result in alone} == {0, 1, 2}


def test_a_crash_on_one_plan_leaves_the_others_their_verdicts(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(task: object, plan: object, **_: object) -> object:
        if "stack" not in str(plan) or "pick-up" in str(plan):
            return check_plan(task, plan)  # type: ignore[arg-type]
        raise AssertionError("a defect")

    monkeypatch.setattr("planlearn.cli.check.check_plan", fragile)
    result = run("check", "blocksworld", "p.pddl", "bad.plan", "good.plan")
    assert result.exit_code == 3 and result.stdout == "good.plan: The plan is valid.\n"
    assert result.stderr.startswith(
        "planlearn: internal error: AssertionError: a defect (set PLANLEARN_DEBUG=1"
    )


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "much"])
def test_a_tolerance_is_a_number(run: Run, value: str) -> None:
    result = run("check", "blocksworld", "p.pddl", "good.plan", "--tolerance", value)
    assert result.exit_code == 2 and "--tolerance" in result.stderr and "internal" not in result.stderr


def test_a_missing_file_is_told_as_an_object_too(run: Run) -> None:
    judged = json.loads(run("check", "blocksworld", "p.pddl", "good.plan", "--json").stdout)
    for words in (("blocksworld", "absent", "good.plan"), ("absent.pddl", "p.pddl", "good.plan"), ("blocksworld", "p.pddl", "absent")):
        result = run("check", *words, "--json")
        answer = json.loads(result.stdout)
        assert result.exit_code == 2 and answer.keys() == judged.keys()
        assert (answer["valid"], answer["error"]) == (None, None) and "No such file" in answer["message"]


def test_axioms_that_take_too_long_in_a_state_cost_no_other_plan_its_verdict(run: Run, files: Path) -> None:
    (files / "d.pddl").write_text(
        "(define (domain d) (:predicates (q) (r ?x) (w ?a ?b ?c ?d))"
        " (:derived (w ?a ?b ?c ?d) (or (not (r ?a)) (w ?b ?c ?d ?a)))"
        " (:action m :parameters (?x) :precondition (w ?x ?x ?x ?x) :effect (q))"
        " (:action n :effect (q)))"
    )
    names = " ".join(f"o{number}" for number in range(1, 31))
    (files / "w.pddl").write_text(f"(define (problem w) (:domain d) (:objects {names}) (:init) (:goal (q)))")
    (files / "heavy.plan").write_text("(m o1)")
    (files / "light.plan").write_text("(n)")
    result = run("check", "d.pddl", "w.pddl", "heavy.plan", "light.plan", "--json")
    heavy, light = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 2 and light["valid"] is True
    assert (heavy["valid"], heavy["error"], heavy["place"]["file"]) == (None, "unsupported_feature", "d.pddl")
    (files / "heavy.json").write_text('[{"state": []}, {"action": "(m o1)", "state": ["(q)"]}]')
    result = run("check-chain", "d.pddl", "w.pddl", "heavy.json", "--json")
    assert result.exit_code == 2 and "in one state, to derive 'w'" in result.stderr


def test_later_errors_name_the_file_and_what_was_found(run: Run, files: Path) -> None:
    (files / "answer.txt").write_text("My plan:\n(stack a b)\n(pick-up zebra)\n(pick-up a)\n")
    for options in ([], ["--lenient"]):
        text = "answer.txt" if options else "late.plan"
        (files / "late.plan").write_text("(stack a b)\n\n(pick-up zebra)\n")
        told = json.loads(run("check", "blocksworld", "p.pddl", text, "--json", *options).stdout)
        (later,) = told["later_errors"]
        assert (told["error"], told["failing_step"], later["error"], later["step"]) == ("precondition", 1, "unknown_object", 2)
        assert (later["place"]["file"], later["place"]["line"]) == (text, 3)
