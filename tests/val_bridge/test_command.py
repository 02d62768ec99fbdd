"""`python -m val_bridge`: a sentence a plan, and an exit status that never counts."""

from __future__ import annotations

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

    def judge(*plans: str, domain: str = "d.pddl") -> tuple[int, str, str]:
        names = [f"{index}.plan" for index in range(len(plans))]
        for name, plan in zip(names, plans, strict=True):
            Path(name).write_text(plan)
        status = command.main([domain, "p.pddl", *names])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return judge


def test_a_valid_plan_exits_0(run):
    assert run(VALID) == (0, "0.plan: valid: the goal holds after 4 steps\n", "")


def test_an_invalid_plan_exits_1_even_256_times(run):
    assert run("(pick-up a)")[0] == 1
    status, out, _ = run(*["(pick-up a)"] * 256)
    assert (status, out.count("invalid")) == (1, 256)


def test_an_unreadable_plan_exits_2_and_costs_no_other_its_verdict(run):
    status, out, _ = run(VALID, "hello", "(pick-up a)", VALID)
    assert status == 2
    assert [line.split(": ")[1] for line in out.splitlines()] == ["valid", "unreadable", "invalid", "valid"]
    assert "1.plan:1:1: plan_syntax: expected" in out


def test_a_missing_plan_exits_2_and_costs_no_other_its_verdict(run, capsys):
    run(VALID)
    assert command.main(["d.pddl", "p.pddl", "none.plan", "0.plan"]) == 2
    captured = capsys.readouterr()
    assert "none.plan" in captured.err
    assert captured.out.startswith("0.plan: valid")


def test_a_broken_domain_exits_2_with_its_place(run):
    Path("broken.pddl").write_text("(define (domain d)")
    status, out, err = run(VALID, domain="broken.pddl")
    assert (status, out) == (2, "")
    assert err.startswith("broken.pddl:1:19: expected ')'")


def test_a_missing_domain_exits_2(run):
    assert run(VALID, domain="none.pddl")[0] == 2


def test_wrong_usage_exits_2():
    with pytest.raises(SystemExit) as caught:
        command.main(["d.pddl"])
    assert caught.value.code == 2


def test_a_defect_of_the_checker_exits_3_and_is_no_wrong_plan(run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(command, "check_plan", broken)
    status, out, err = run(VALID)
    assert (status, out) == (3, "")
    assert "ZeroDivisionError: planted" in err


def test_it_runs_as_a_module(blocks, tmp_path: Path):
    (tmp_path / "d.pddl").write_text(blocks.domain)
    (tmp_path / "p.pddl").write_text(blocks.problem)
    (tmp_path / "a.plan").write_text(VALID)
    command_line = [
        sys.executable,
        "-m",
        "val_bridge",
        *(str(tmp_path / name) for name in ("d.pddl", "p.pddl")),
    ]
    root = Path(command.__file__).parent.parent
    done = subprocess.run([*command_line, str(tmp_path / "a.plan")], capture_output=True, text=True, cwd=root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("a.plan: valid: the goal holds after 4 steps\n")
