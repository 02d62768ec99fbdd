"""`python -m val_bridge`: Validate's arguments and words, and an exit status that never counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from val_bridge import __main__ as command

VALID = "(unstack b a) (stack b c) (pick-up a) (stack a b)"


@pytest.fixture
def run(blocks, tmp_path: Path, capsys, monkeypatch):
    """Judges plan texts in files called 0.plan, 1.plan ... and gives status, output and errors."""
    monkeypatch.chdir(tmp_path)
    Path("d.pddl").write_text(blocks.domain)
    Path("p.pddl").write_text(blocks.problem)

    def judge(*plans: str, domain: str = "d.pddl", options: str = "") -> tuple[int, str, str]:
        names = [f"{index}.plan" for index in range(len(plans))]
        for name, plan in zip(names, plans, strict=True):
            Path(name).write_text(plan)
        status = command.main([*options.split(), domain, "p.pddl", *names])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return judge


def verdicts(out: str) -> list[str]:
    """The last line on each plan, before the summary."""
    reports = out.split("\n\nFailed plans:")[0].split("\n\nSuccessful plans:")[0].split("Checking plan: ")[1:]
    return [report.splitlines()[-1] for report in reports]


def test_a_valid_plan_exits_0(run):
    said = "Checking plan: 0.plan\nPlan executed successfully - checking goal\nPlan valid\nFinal value: 4 \n"
    assert run(VALID) == (0, f"{said}\nSuccessful plans:\nValue: 4\n 0.plan 4 \n\n", "")


def test_an_invalid_plan_exits_1_even_256_times(run):
    """Where VAL, which counts, exits with 0."""
    assert run("(pick-up a)")[0] == 1
    status, out, _ = run(*["(pick-up a)"] * 256)
    assert (status, out.count("Plan failed to execute")) == (1, 256)


def test_an_unreadable_plan_exits_2_and_costs_no_other_its_verdict(run):
    """VAL calls this plan empty and judges it against the goal."""
    status, out, err = run(VALID, "hello", "(pick-up a)", VALID)
    assert status == 2
    assert verdicts(out) == [
        "Final value: 4 ",
        "Bad plan description!",
        "Plan failed to execute",
        "Final value: 4 ",
    ]
    assert out.endswith("\n\nFailed plans:\n 1.plan 2.plan \n")
    assert err.startswith("1.plan:1:1: expected")


def test_a_missing_plan_exits_2_and_costs_no_other_its_verdict(run, capsys):
    run(VALID)
    assert command.main(["d.pddl", "p.pddl", "none.plan", "0.plan"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "none.plan: No such file or directory\n"
    assert verdicts(captured.out) == ["Bad plan file!", "Final value: 4 "]


def test_a_number_without_a_value_exits_1_and_is_a_query(fuel, tmp_path, capsys, monkeypatch):
    """VAL has the same words, and exits with 0."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("d", fuel.domain), ("p", fuel.problem), ("0.plan", "(drive b)"), ("1.plan", "(drive a)")):
        Path(name).write_text(content)
    assert command.main(["d", "p", "0.plan", "1.plan"]) == 1
    said = "Error occurred in validation attempt:\n  Attempt to access undefined numeric expression!\n"
    listed = "\n\nFailed plans:\n 1.plan \n\n\nQueries (validator failed):\n 0.plan \n"
    out = capsys.readouterr().out
    assert out == f"Checking plan: 0.plan\n{said}Checking plan: 1.plan\n\nPlan failed to execute\n{listed}"


@pytest.mark.parametrize("plan", ["(fly a)", "(pick-up a a)", "(pick-up)", "(pick-up z)"])
def test_a_call_of_no_action_exits_1_and_the_run_goes_on(run, plan):
    """VAL ends its process, crashes or accepts."""
    status, out, err = run(plan, VALID)
    assert (status, err) == (1, "")
    assert verdicts(out) == ["Bad plan description!", "Final value: 4 "]


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("(define (domain d)", "Problem in domain definition!", "broken.pddl:1:19: expected ')'"),
        (
            "(define (domain d) (:predicates (p ?x - t)))",
            "Type problem in domain description!",
            "broken.pddl:1:41: expected a declared type",
        ),
    ],
)
def test_a_broken_domain_exits_2_with_its_place(run, text, words, place):
    Path("broken.pddl").write_text(text)
    status, out, err = run(VALID, domain="broken.pddl")
    assert (status, out) == (2, "")
    assert err.splitlines()[0] == words
    assert err.splitlines()[1].startswith(place)


def test_a_broken_problem_exits_2_with_its_place(run, capsys):
    run(VALID)
    assert command.main(["d.pddl", "d.pddl", "0.plan"]) == 2
    words, place = capsys.readouterr().err.splitlines()
    assert words == "Type problem in problem specification!"
    assert place.startswith("d.pddl:1:9: expected '(problem name)'")


@pytest.mark.parametrize(("names", "words"), [("none p.pddl", "domain"), ("d.pddl none", "problem")])
def test_a_missing_domain_or_problem_exits_2(run, capsys, names, words):
    run(VALID)
    assert command.main([*names.split(), "0.plan"]) == 2
    assert capsys.readouterr().err == f"Bad {words} file!\nnone: No such file or directory\n"


@pytest.mark.parametrize("words", ["d.pddl", "d.pddl p.pddl", "-t x d p q", "-t -1 d p q", "-x d p q", "-va d p"])
def test_wrong_usage_exits_2(words):
    with pytest.raises(SystemExit) as caught:
        command.main(words.split())
    assert caught.value.code == 2


@pytest.mark.parametrize("flag", sorted(command._UNSUPPORTED))
def test_options_that_only_val_has_are_refused_with_a_reason(run, capsys, flag):
    with pytest.raises(SystemExit) as caught:
        run(VALID, options=flag)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{flag} is not supported: " in captured.err


def test_help_is_printed_with_status_0(capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(["-h"])
    assert caught.value.code == 0
    assert "plan [plan ...]" in capsys.readouterr().out


def test_a_tolerance_changes_nothing_for_a_sequence(run):
    assert run(VALID, options="-t 0.5 -v") == run(VALID, options="-v")


def test_a_defect_of_the_checker_exits_3_and_costs_no_other_plan_its_verdict(run, monkeypatch):
    """It is no wrong plan: VAL's words for it are a query, not a failure."""
    judge = command.check_plan

    def broken(task, plan):
        if not plan.calls:
            raise ZeroDivisionError("planted")
        return judge(task, plan)

    monkeypatch.setattr(command, "check_plan", broken)
    status, out, err = run("", VALID)
    assert status == 3
    assert verdicts(out) == ["  ZeroDivisionError: planted", "Final value: 4 "]
    assert out.endswith("\n\nQueries (validator failed):\n 0.plan \n")
    assert "Failed plans" not in out
    assert "ZeroDivisionError: planted" in err


def test_a_defect_outside_the_plans_exits_3(run, monkeypatch):
    monkeypatch.setattr(command, "load_problem", lambda *_: 1 / 0)
    status, out, err = run(VALID)
    assert (status, out) == (3, "")
    assert "ZeroDivisionError" in err


def test_a_reader_that_goes_away_gets_no_traceback(blocks, tmp_path: Path):
    for name, content in (("d", blocks.domain), ("p", blocks.problem), ("a", VALID)):
        (tmp_path / name).write_text(content)
    words = [sys.executable, "-m", "val_bridge", *(str(tmp_path / name) for name in "dpa")]
    reading, writing = os.pipe()
    os.close(reading)
    root = Path(command.__file__).parent.parent
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, cwd=root)
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, b"")


def test_it_runs_as_a_module_even_on_names_that_are_no_text(blocks, tmp_path: Path):
    (tmp_path / "d.pddl").write_text(blocks.domain)
    (tmp_path / "p.pddl").write_text(blocks.problem)
    odd = str(tmp_path).encode() + b"/\xff.plan"
    with open(odd, "w") as file:
        file.write(VALID)
    words = [sys.executable, "-m", "val_bridge", str(tmp_path / "d.pddl"), str(tmp_path / "p.pddl"), odd]
    root = Path(command.__file__).parent.parent
    done = subprocess.run(words, capture_output=True, cwd=root)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"Value: 4\n " + odd + b" 4 \n\n")
