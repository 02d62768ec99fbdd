"""Our words are VAL's: byte for byte what the real binary printed on every recorded situation."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.golden_files import check_golden
from tests.val_bridge.val_cases import FOLDER, RUNS, SINGLE, inputs, text
from tests.walks import walk
from val_bridge import (
    BindError,
    SourceError,
    Task,
    check_plan,
    check_plan_text,
    load_plan,
    read_plan,
    read_task,
    transcript,
    write_domain,
    write_problem,
)
from val_bridge import __main__ as command
from val_bridge.dialect import advice_lines
from val_bridge.dialect.binary import Val
from val_bridge.dialect.deviations import DEVIATIONS
from val_bridge.dialect.random_plans import random_plans
from val_bridge.dialect.transcript import plan_times


@pytest.mark.parametrize("name", RUNS)
def test_the_recordings_are_what_val_prints(name: str, val: Val) -> None:
    """`make golden` records them again here, from the real binary alone."""
    check_golden(f"val/{name}", val.run(RUNS[name], FOLDER, 60).output)


@pytest.mark.parametrize("name", RUNS)
def test_the_command_prints_what_val_printed(name: str, capsys, monkeypatch) -> None:
    monkeypatch.chdir(FOLDER)
    command.main(RUNS[name])
    assert capsys.readouterr().out == text(name)


def test_every_input_and_recording_is_used() -> None:
    used = {word for words in RUNS.values() for word in words}
    assert {path.name for path in inputs()} <= used
    assert {path.name for path in FOLDER.glob("*.txt")} == set(RUNS)


def test_the_recordings_show_every_situation() -> None:
    """The words for each kind of failure that the language has; a recording that lost them shows nothing."""
    said = "\n".join(text(name) for name in RUNS)
    for words in (
        "Plan valid",
        "Plan failed because of unsatisfied precondition in:",
        "The goal is not satisfied",
        "(Follow each of:",
        "(Set (sealed l1) to false)",
        "(Set (= l1 l1) to false)",
        "(Set (= p q) to true)",
        "adds and deletes the literal",
        "deletes the literal (p o1) twice",
        "adds the literal (r o1 o1) twice",
        "Type-checking go",
        "Bad plan description!",
        "Bad plan file!",
        "Checking next happening (time 12.25)",
        "Final value: 0 ",
    ):
        assert words in said, words


@pytest.mark.parametrize("case", [case for case in SINGLE if "stamped" not in case and "absent" not in case])
def test_the_function_says_what_the_command_says(case: str) -> None:
    world = case.partition("-")[0]
    domain = "blocks" if world == "done" else world
    task = read_task(text(f"{domain}.domain.pddl"), text(f"{world}.problem.pddl"))
    source = text(f"{case}.plan")
    verdict = check_plan_text(task, source)
    plan = None if case.endswith("-cut") else read_plan(source)
    assert transcript(task, plan, verdict, f"{case}.plan") == text(f"{case}.plain.txt")
    assert transcript(task, plan, verdict, f"{case}.plan", verbose=True) == text(f"{case}.v.txt")


def test_advice_can_be_left_out() -> None:
    task = read_task(text("blocks.domain.pddl"), text("blocks.problem.pddl"))
    plan = read_plan("")
    said = transcript(task, plan, check_plan(task, plan), verbose=True, advice=False)
    assert "Plan invalid" in said and "Advice" not in said


@pytest.mark.parametrize("name", ["blocksworld", "logistics", "gripper"])
def test_whole_runs_on_random_plans_are_printed_as_val_prints_them(
    name: str, val: Val, tmp_path: Path, capsys, monkeypatch
) -> None:
    """Byte for byte, several plans a run, for all plans that name actions and objects."""
    monkeypatch.chdir(tmp_path)
    compared = 0
    for seed in range(3):
        task = walk(name, seed)[0]
        Path("domain").write_text(write_domain(task.domain))
        Path("problem").write_text(write_problem(task.problem))
        files = []
        for file, content in random_plans(task, random.Random(f"transcript {name} {seed}"), 60):
            Path(file).write_bytes(content)
            if b"\r" not in content and names_actions(task, file):
                files.append(file)
        words = ["-v", "domain", "problem", *files]
        command.main(words)
        assert capsys.readouterr().out == val.run(words, tmp_path, 60).output
        compared += len(files)
    assert compared > 100


def names_actions(task: Task, file: str) -> bool:
    try:
        for call in load_plan(file).calls:
            task.bind(call)
    except (SourceError, BindError):
        return False
    return True


# A reader such as PlanBench's: it looks for lines, and takes the advice between two of them.


def planbench_reader(output: str) -> tuple[bool, str, list[str]]:
    """Whether the plan is valid, the step that failed, and the literals to be set."""
    valid, step, literals = False, "", []
    lines = output.split("\n")
    for line, following in zip(lines, lines[1:], strict=False):
        if line == "Plan valid":
            valid = True
        if line.startswith("Plan failed because of unsatisfied precondition in:"):
            step = following
        if "Set" in line:
            literals += re.findall(r"\(Set (\([^()]*\)) to (?:true|false)\)", line)
    return valid, step, literals


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ("blocks-valid", (True, "", [])),
        ("blocks-precondition", (False, "(pick-up b)", ["(handempty)"])),
        ("blocks-several", (False, "(stack a c)", ["(holding a)", "(clear c)"])),
        ("blocks-goals", (False, "", ["(on a b)", "(on b c)"])),
    ],
)
def test_a_reader_of_lines_reads_ours(case: str, found: object, capsys, monkeypatch) -> None:
    monkeypatch.chdir(FOLDER)
    command.main(RUNS[f"{case}.v.txt"])
    assert planbench_reader(capsys.readouterr().out) == found


# What VAL says of conditions that are more than literals, over trees; the words were read off the real binary.


@pytest.mark.parametrize(
    ("tree", "lines"),
    [
        ({"make_true": "(p a)"}, ["(Set (p a) to true)"]),
        ({"all": [{"make_false": "(p a)"}]}, ["(Set (p a) to false)"]),
        ({"all": []}, []),
        (
            {"any": [{"make_true": "(p a)"}, {"make_false": "(q b)"}]},
            ["(Follow one of:", "    (Set (p a) to true)", "    or (Set (q b) to false)", ")"],
        ),
        (
            {
                "all": [
                    {"make_true": "(z)"},
                    {
                        "any": [
                            {"make_true": "(p a)"},
                            {"all": [{"make_true": "(q b)"}, {"make_true": "(q a)"}]},
                            {"make_false": "(r a b)"},
                        ]
                    },
                ]
            },
            [
                "(Follow each of:",
                "    (Set (z) to true)",
                "    and ",
                "    (Follow one of:",
                "        (Set (p a) to true)",
                "        or ",
                "        (Follow each of:",
                "            (Set (q b) to true)",
                "            and (Set (q a) to true)",
                "        )",
                "        or (Set (r a b) to false)",
                "    )",
                ")",
            ],
        ),
        (
            {"any": [{"all": [{"make_true": "(p a)"}, {"make_true": "(z)"}]}, {"all": [{"make_true": "(q a)"}]}]},
            [
                "(Follow one of:",
                "    (Follow each of:",
                "        (Set (p a) to true)",
                "        and (Set (z) to true)",
                "    )",
                "    or ",
                "    (Set (q a) to true)",
                ")",
            ],
        ),
        ({"satisfy": "(>= (fuel a) 5)", "value": "1"}, ["(Satisfy (fuel a)[=1] >= 5)"]),
        ({"satisfy": "(not (<= (fuel a) 3))", "value": "1"}, ["(Do NOT satisfy (fuel a)[=1] <= 3)"]),
        ({"satisfy": "(> (- 7 3) (* 2 4))"}, ["(Satisfy (7 - 3) > (2 * 4))"]),
        ({"satisfy": "(above b a)"}, ["(Satisfy derived predicate (above b a)!)"]),
        ({"satisfy": "(not (above a b))"}, ["(Satisfy derived predicate (NOT (above a b))!)"]),
    ],
)
def test_a_tree_of_advice_in_vals_words(tree: dict, lines: list[str]) -> None:
    assert advice_lines(tree) == lines


def test_a_deep_tree_is_printed_too() -> None:
    tree: dict = {"make_true": "(p)"}
    for _ in range(5_000):
        tree = {"all": [tree]}
    assert advice_lines(tree) == ["(Set (p) to true)"]


def test_nested_conjunctions_are_one_list_here() -> None:
    """VAL keeps the inner `and` as a list of its own; the literals and their order are the same."""
    action = "(:action a :precondition (and (p) (and (q) (r))) :effect (p))"
    domain = f"(define (domain d) (:predicates (p) (q) (r)) {action})"
    task = read_task(domain, "(define (problem x) (:domain d) (:init) (:goal (p)))")
    plan = read_plan("(a)")
    said = transcript(task, plan, check_plan(task, plan), verbose=True)
    literals = "    (Set (p) to true)\n    and (Set (q) to true)\n    and (Set (r) to true)\n"
    assert f"(Follow each of:\n{literals})\n" in said


def test_a_wrong_type_names_the_call_and_dumps_no_memory() -> None:
    task = read_task(text("delivery.domain.pddl"), text("delivery.problem.pddl"))
    plan = read_plan("(go d l1 l2)")
    said = transcript(task, plan, check_plan(task, plan), "a.plan", verbose=True).splitlines()
    assert said[14:] == [
        "Checking plan: a.plan",
        "Type problem in action (go d l1 l2)",
        "Bad plan description!",
        "",
        "",
        "Failed plans:",
        " a.plan ",
    ]


def test_val_dumps_memory_on_a_wrong_type(val: Val, tmp_path: Path) -> None:
    (tmp_path / "a.plan").write_text("(go d l1 l2)")
    words = ["-v", str(FOLDER / "delivery.domain.pddl"), str(FOLDER / "delivery.problem.pddl"), "a.plan"]
    said = val.run(words, tmp_path, 60).output.splitlines()
    assert said[15] == "Type problem in action "
    assert any("[0x" in line for line in said[16:])
    assert said[-5:] == ["Bad plan description!", "", "", "Failed plans:", " a.plan "]


def test_carriage_returns_are_not_echoed(val: Val, tmp_path: Path, capsys) -> None:
    (tmp_path / "a.plan").write_bytes(b"(unstack c a)\r\n")
    words = [str(FOLDER / "blocks.domain.pddl"), str(FOLDER / "blocks.problem.pddl"), str(tmp_path / "a.plan")]
    assert command.main(words) == 1
    ours, theirs = capsys.readouterr().out, val.run(words, tmp_path, 60).output
    assert "\r" in theirs and theirs.replace("\r", "") == ours


# The page of deviations


def test_the_page_names_every_deviation_and_tests_that_exist() -> None:
    folder = Path(__file__).parent
    page = (Path(command.__file__).parent / "dialect" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == [deviation.id for deviation in DEVIATIONS]
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    assert len(named) > 10
    for file, test in named:
        assert f"def {test}(" in (folder / file).read_text(encoding="utf-8"), test


def test_the_page_and_the_command_refuse_the_same_options() -> None:
    page = (Path(command.__file__).parent / "dialect" / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `(-c [^`]*)` \|", page, re.M)
    assert set(row.split()) == {flag[:2] for flag in command._UNSUPPORTED}


def test_stamps_are_found_between_durations_and_comments(blocks):
    stamped = "0: (pick-up a) [1.5] ; 7:\n1.25 : (stack a b)[10]\n3.: (unstack b a)"
    assert plan_times(stamped, read_plan(stamped)) == (0, 1.25, 3)
    assert plan_times("(pick-up a)", read_plan("(pick-up a)")) == ()
