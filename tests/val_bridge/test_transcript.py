"""Our words are VAL's: byte for byte what the real binary printed on every recorded situation."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.golden_files import check_golden
from tests.val_bridge.random_worlds import READABLE, random_world
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
from val_bridge.dialect import advice_lines, verdict_text
from val_bridge.dialect.binary import Run, Val
from val_bridge.dialect.deviations import DEVIATIONS, TOLERANCE
from val_bridge.dialect.effects import effects_of
from val_bridge.dialect.random_plans import random_plans
from val_bridge.dialect.transcript import Judged, Manner, header, plan_times, report, summary


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
        "Updating (total-cost) (1) by 3.916666667 increase",
        "(Follow one of:",
        "Violation in conditional effect in (fill small)",
        "(weigh big) assigns to expression (load big) twice",
        "assigns to expression (total-cost)twice",
        "Attempt to access undefined numeric expression!",
        "Queries (validator failed):",
        "(Satisfy (fuel big)[=6] >= (2 * (way mill depot)[=4]))",
        "(Satisfy derived predicate (path a d)!)",
        "(Satisfy derived predicate (NOT (safe c))!)",
        "Strata 1: path, safe",
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
        ({"all": []}, ["(No advice for conjunction!)"]),
        ({"any": [{"make_true": "(z)"}, {"any": []}]}, [
            "(Follow one of:", "    (Set (z) to true)", "    or ", "    (No advice for disjunction!)", ")",
        ]),
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
        ({"satisfy": "(>= (fuel a) 5)", "values": {"(fuel a)": "1"}}, ["(Satisfy (fuel a)[=1] >= 5)"]),
        (
            {"satisfy": "(not (<= (* 2 (fuel a)) (- (n))))", "values": {"(fuel a)": "1", "(n)": "0.5"}},
            ["(Do NOT satisfy (2 * (fuel a)[=1]) <=  - (n)[=0.5])"],
        ),
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


NESTED = """(define (domain d) (:predicates (p) (q) (r))
  (:action a :parameters () :precondition (and (p) (or (and (q) (and (r))))) :effect (p)))"""
ONE_GOAL = "(define (problem x) (:domain d) (:init) (:goal (p)))"
ONE_LIST = "    (Set (p) to true)\n    and (Set (q) to true)\n    and (Set (r) to true)\n"
ITS_OWN = """    (Set (p) to true)
    and 
    (Follow each of:
        (Set (q) to true)
        and 
        (Set (r) to true)
    )
"""


def said_of(task: Task, text: str) -> str:
    plan = read_plan(text)
    return transcript(task, plan, check_plan(task, plan), "plan", verbose=True)


def val_says(val: Val, folder: Path, domain: str, problem: str, plan: str, *options: str) -> Run:
    for name, content in (("domain", domain), ("problem", problem), ("plan", plan)):
        (folder / name).write_text(content)
    return val.run([*options, "domain", "problem", "plan"], folder, 60)


def test_nested_conjunctions_are_lists_of_their_own(val: Val, tmp_path: Path) -> None:
    said = said_of(read_task(NESTED, ONE_GOAL), "(a)")
    assert f"(Follow each of:\n{ITS_OWN})\n" in said
    assert said == val_says(val, tmp_path, NESTED, ONE_GOAL, "(a)", "-v").output


def test_nested_conjunctions_are_one_list_in_a_domain_that_a_program_made() -> None:
    """Its text, if it has one, is that of another domain."""
    task = read_task(NESTED, ONE_GOAL)
    action = replace(task.domain.actions["a"], name="b")
    for domain in (replace(task.domain, text=""), replace(task.domain, actions={"b": action})):
        (name,) = domain.actions
        said = said_of(Task(domain, task.problem), f"({name})")
        assert f"(Follow each of:\n{ONE_LIST})\n" in said


def test_a_nesting_beyond_the_language_is_shown_merged() -> None:
    deep = NESTED.replace("(or (and (q) (and (r))))", f"{'(and ' * 200}(q) (r){')' * 200}")
    assert f"(Follow each of:\n{ONE_LIST})\n" in said_of(read_task(deep, ONE_GOAL), "(a)")


def test_more_than_fifty_ways_are_all_told(val: Val, tmp_path: Path) -> None:
    names = " ".join(f"o{number}" for number in range(70))
    domain = """(define (domain d) (:predicates (p ?x))
      (:action a :parameters (?x) :precondition (exists (?y) (p ?y)) :effect (p ?x)))"""
    problem = f"(define (problem x) (:domain d) (:objects {names}) (:init) (:goal (forall (?y) (p ?y))))"
    for plan, count in (("(a o1)", 70), ("", 70)):
        said = said_of(read_task(domain, problem), plan)
        assert said.count("(Set (p o") == count
        assert said == val_says(val, tmp_path, domain, problem, plan, "-v").output


def test_whole_runs_on_random_worlds_are_printed_as_val_prints_them(val: Val, tmp_path: Path) -> None:
    """Byte for byte, formulas, conditional effects, axioms and numbers; judged with VAL's tolerance."""
    compared, met = 0, ""
    for seed in range(60):
        rng = random.Random(f"transcript world {seed}")
        world = random_world(rng, READABLE)
        (tmp_path / "domain").write_text(world.domain)
        (tmp_path / "problem").write_text(world.problem)
        task = read_task(world.domain, world.problem).tolerant(TOLERANCE)
        plans = []
        for file, content in random_plans(task, rng, 20):
            (tmp_path / file).write_bytes(content)
            if b"\r" in content or not names_actions(task, str(tmp_path / file)):
                continue
            plan = load_plan(tmp_path / file)
            verdict = check_plan(task, plan)
            if not any(effects_of(task, s.action, s.before, s.values_before).violation for s in verdict.steps):
                times = plan_times(content.decode(), plan)
                plans.append(Judged(name=file, plan=plan, verdict=verdict, times=times))
        for manner in (Manner(verbose=True), Manner()):
            words = ["-v"] * manner.verbose + ["domain", "problem", *(judged.name for judged in plans)]
            printed = val.run(words, tmp_path, 60).output
            reports = "".join(report(task, judged, manner) for judged in plans)
            ours = header(task.domain, manner) + reports + summary(task, plans, manner)
            assert ours == without_minus_zero(printed), seed
            met += ours
        compared += len(plans)
    assert compared > 800
    for words in ("(Follow one of:", "Satisfy derived", " scale down", "assigns to expression"):
        assert words in met, words


def without_minus_zero(printed: str) -> str:
    """VAL's floats know two zeros; see the page of deviations."""
    return re.sub(r"(?<=[ (=])-0(?=[ )\]\n])", "0", printed)


# Numbers

COUNTER = """(define (domain counter)
  (:requirements :adl :fluents)
  (:predicates (p))
  (:functions (n) (m))
  (:action turn :parameters () :precondition (and) :effect (and (p) (scale-up (n) (- 0 2))))
  (:action add :parameters () :precondition (and) :effect (and (p) (not (p)) (increase (n) (m))))
  (:action round :parameters () :precondition (and)
    :effect (and (p) (assign (n) (- (+ 0.1 0.2) 0.3))))
  (:action long :parameters () :precondition (and) :effect (and (p) (assign (n) 4294967297)))
  (:action nest :parameters () :precondition (and)
    :effect (and (p) (when (not (p)) (when (not (p)) (and (increase (n) 1) (assign (n) 0)))))))
"""


def counter(metric: str = "") -> str:
    return f"(define (problem x) (:domain counter) (:init (= (n) 0)) (:goal (and (p))) {metric})"


def test_zero_has_no_sign_here(val: Val, tmp_path: Path) -> None:
    plan = "(turn)(turn)"
    ours = said_of(read_task(COUNTER, counter()), plan)
    theirs = val_says(val, tmp_path, COUNTER, counter(), plan, "-v").output
    assert "Updating (n) (-0) by -2 scale up" in theirs
    assert ours == without_minus_zero(theirs)


def test_numbers_are_exact_here(val: Val, tmp_path: Path) -> None:
    ours = said_of(read_task(COUNTER, counter()), "(round)")
    assert "by 0 assignment" in ours
    theirs = val_says(val, tmp_path, COUNTER, counter(), "(round)", "-v").output
    assert re.sub(r"by -?[0-9.]+e-[0-9]+ ", "by 0 ", theirs) == ours != theirs


def test_integers_have_any_length_here(val: Val, tmp_path: Path) -> None:
    ours = said_of(read_task(COUNTER, counter()), "(long)")
    assert "by 4294967297 assignment" in ours
    theirs = val_says(val, tmp_path, COUNTER, counter(), "(long)", "-v").output
    assert theirs == ours.replace("4294967297", "1")


def test_a_violation_below_nested_conditions_is_told_once(val: Val, tmp_path: Path) -> None:
    ours = said_of(read_task(COUNTER, counter()), "(nest)")
    line = "Violation in conditional effect in (nest)"
    theirs = val_says(val, tmp_path, COUNTER, counter(), "(nest)", "-v").output
    assert line in ours and theirs == ours.replace(line, line + line)


def test_a_metric_without_a_value_leaves_the_plan_valid(val: Val, tmp_path: Path) -> None:
    problem = counter("(:metric minimize (m))")
    ours = said_of(read_task(COUNTER, problem), "(turn)")
    assert "Plan valid\nFinal value: nan \n\nSuccessful plans:\nValue: nan\n plan nan " in ours
    theirs = val_says(val, tmp_path, COUNTER, problem, "(turn)").output
    assert "Attempt to access undefined numeric expression!" in theirs and "Plan valid" not in theirs


def test_a_metric_that_begins_with_a_minus_is_not_dropped(val: Val, tmp_path: Path) -> None:
    problem = counter("(:metric maximize (- (n)))")
    assert "Final value: 0 " in said_of(read_task(COUNTER, problem), "(turn)")
    assert "Final value: 1 " in val_says(val, tmp_path, COUNTER, problem, "(turn)").output


def test_warnings_before_a_number_without_a_value_are_left_out(val: Val, tmp_path: Path) -> None:
    ours = said_of(read_task(COUNTER, counter()), "(add)")
    theirs = val_says(val, tmp_path, COUNTER, counter(), "(add)", "-v").output
    warning = "WARNING: (add) adds and deletes the literal (p)\n"
    assert warning in theirs and ours == theirs.replace(warning, "")


# What VAL cannot read

UNREADABLE = {
    "an empty conjunction": "(:action a :parameters () :precondition (and (or (p) (and))) :effect (and (p)))",
    "an empty disjunction": "(:action a :parameters () :precondition (not (or)) :effect (and (p)))",
    "a condition that asks nothing": "(:action a :parameters () :precondition (and) :effect (when (and) (and (p))))",
    "no precondition": "(:action a :parameters () :effect (and (p)))",
    "the effect first": "(:action a :parameters () :effect (and (p)) :precondition (and))",
    "a lone change of a number": "(:action a :parameters () :precondition (and) :effect (assign (n) 1))",
    "a lone change for all": "(:action a :parameters () :precondition (and) :effect (forall (?x) (scale-up (n) 1)))",
    "three summands": "(:action a :parameters () :precondition (and (> (+ (n) 1 1) 0)) :effect (and (p)))",
    "an action named as a function": "(:action n :parameters () :precondition (and) :effect (and (p)))",
    "an action named either": "(:action either :parameters () :precondition (and) :effect (and (p)))",
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_val_reads_less_of_the_language(what: str, val: Val, tmp_path: Path) -> None:
    domain = f"(define (domain d) (:requirements :adl :fluents) (:predicates (p)) (:functions (n))\n{UNREADABLE[what]})"
    problem = "(define (problem x) (:domain d) (:init (= (n) 0) (p)) (:goal (and (p))))"
    task = read_task(domain, problem)
    (name,) = task.domain.actions
    assert "Plan valid" in said_of(task, f"({name})")
    assert "Plan valid" not in val_says(val, tmp_path, domain, problem, f"({name})").output


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


def test_the_semicolon_of_an_open_comment_is_not_echoed(val: Val, tmp_path: Path) -> None:
    ours = said_of(read_task(COUNTER, counter()), "(turn) ; done")
    assert val_says(val, tmp_path, COUNTER, counter(), "(turn) ; done", "-v").output == ours.replace(
        "Plan to validate:", ";Plan to validate:"
    )


# The page of deviations


def test_the_page_names_every_deviation_and_tests_that_exist() -> None:
    folder = Path(__file__).parent
    page = (Path(command.__file__).parent / "dialect" / "README.md").read_text(encoding="utf-8")
    # The tasks that we refuse have a table of their own, see `test_refused_tasks.py`.
    of_plans = page.partition("## Tasks that VAL judges and we refuse")[0]
    assert re.findall(r"^\| `(\w+)` \|", of_plans, re.M) == [deviation.id for deviation in DEVIATIONS]
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


def test_a_verdict_in_either_style() -> None:
    task = read_task(*map(text, ("blocks.domain.pddl", "blocks.problem.pddl")))
    plan = read_plan("(pick-up b)")
    verdict = check_plan(task, plan)
    assert verdict_text(task, plan, verdict) == str(verdict)
    assert verdict_text(task, plan, verdict, style="val") == transcript(task, plan, verdict)
    assert "Failed plans:" in verdict_text(task, plan, verdict, style="val")
    with pytest.raises(ValueError, match="sentence"):
        verdict_text(task, plan, verdict, style="prose")  # type: ignore[arg-type]
