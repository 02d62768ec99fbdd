"""Engines run apart, answer in plans, and are stopped; each failure has its name."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from planlearn.errors import EngineError
from planlearn.planners import ENGINES, engine_plan, engines, plan
from planlearn.problems import domain_text, get_generator, stream
from val_bridge import Outcome, check_plan

PATIENCE = 250  # seconds; an engine needs two, a busy machine many more


@pytest.fixture
def installed(need):
    def ask(name):
        if any(
            importlib.util.find_spec(module) is None for module in ("unified_planning", ENGINES[name].module)
        ):
            need(name, f"the extra {ENGINES[name].extra!r} is not installed")

    return ask


def small():
    return get_generator("logistics").generate(stream("engine"), "c2-s2-p1-a1")


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_an_engine_gives_a_shortest_plan(installed, name):
    installed(name)
    made = small()
    found = engine_plan(
        domain_text("logistics"), made.problem_text, engine=name, optimal=True, seconds=PATIENCE
    )
    assert check_plan(made.task(), found).outcome is Outcome.VALID
    assert len(found) == len(plan(made.task()))


LAMP = """
(define (domain D) (:predicates (Lit ?x) (never))
  (:action LIGHT :parameters (?x) :precondition (and) :effect (Lit ?x)))
"""
DARK = "(define (problem p) (:domain D) (:objects Lamp) (:init) (:goal (and (Lit Lamp){})))"


def test_names_come_back_in_lower_case(installed):
    installed("pyperplan")
    assert str(engine_plan(LAMP, DARK.format(""), seconds=PATIENCE)) == "(light lamp)"


def test_that_there_is_no_plan_is_an_answer(installed):
    installed("pyperplan")
    assert engine_plan(LAMP, DARK.format(" (never)"), seconds=PATIENCE) is None


def test_an_engine_whose_parent_was_killed_ends_itself(installed):
    installed("pyperplan")
    request = {
        "domain": domain_text("logistics"),
        "problem": get_generator("logistics").generate(stream("long"), "c3-s3-p7-a2").problem_text,
        "engine": "pyperplan",
        "complete": True,
        "parameters": dict(ENGINES["pyperplan"].shortest),
        "cpu_seconds": 1,
    }
    script = Path(engines.__file__).with_name("engine_process.py")
    done = subprocess.run(
        [sys.executable, "-P", script], input=json.dumps(request), text=True, timeout=PATIENCE
    )
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)


def test_what_an_engine_cannot_read_is_its_failure(installed):
    installed("pyperplan")
    with pytest.raises(EngineError, match="engine 'pyperplan' failed: "):
        engine_plan("(define", "(define", seconds=PATIENCE)


def test_an_engine_is_stopped_with_all_that_it_started(installed, monkeypatch):
    installed("pyperplan")
    started = []
    real = subprocess.Popen
    monkeypatch.setattr(
        engines.subprocess, "Popen", lambda *a, **k: started.append(real(*a, **k)) or started[-1]
    )
    made = get_generator("logistics").generate(stream("long"), "c3-s3-p7-a2")
    with pytest.raises(EngineError, match="engine 'pyperplan' was stopped after 0.5 s without a plan"):
        engine_plan(domain_text("logistics"), made.problem_text, optimal=True, seconds=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0].pid, 0)


def test_a_process_that_dies_is_named(installed, monkeypatch):
    installed("pyperplan")
    monkeypatch.setattr(engines.sys, "executable", "/bin/false")
    with pytest.raises(EngineError, match="ended with code 1 and no answer"):
        engine_plan("", "")


def test_a_missing_engine_is_named(monkeypatch):
    with pytest.raises(EngineError, match="no engine 'fastdownward'; known are pyperplan, fast-downward"):
        engine_plan("", "", engine="fastdownward")
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"'fast-downward' is not installed: planlearn's extra \[fd\] brings it"):
        engine_plan("", "", engine="fast-downward")


def test_pyperplan_never_enters_this_process():
    """It is GPL-3+: only the child may import it."""
    program = (
        "from planlearn.planners import engine_plan, reference_plan; import sys\n"
        "print(sorted(m for m in sys.modules if 'pyperplan' in m or 'unified' in m))"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert (
        subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True).stdout
        == "[]\n"
    )
