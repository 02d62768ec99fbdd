"""An endpoint measured: what was missing is asked again, and the recording of it measures the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planlearn.chains import ChainStyle
from planlearn.endpoint import Endpoint, complete
from planlearn.evaluate import Asked, measure
from planlearn.evaluate.replay import replay
from planlearn.problems import domain_text
from tests.endpoint.server import Handler, answer, serving
from val_bridge import read_task

DOMAIN = domain_text("blocksworld")
GOALS = ("(on a b)", "(on b a)", "(on a c)", "(on c a)")


def problem(goal: str) -> Asked:
    text = (
        "(define (problem p) (:domain blocksworld-4ops) (:objects a b c) (:init (handempty) (ontable a) (ontable b) (ontable c)"
        f" (clear a) (clear b) (clear c)) (:goal {goal}))"
    )
    return Asked(
        id=goal, domain="blocksworld", size="3", task=read_task(DOMAIN, text), reference_length=2, domain_text=DOMAIN, problem_text=text
    )


def test_what_was_missing_is_asked_again_and_a_recording_measures_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    refuse = {"on c a"}

    def plan(handler: Handler) -> None:
        """Right for all but the second problem; the fourth has no answer at first."""
        goal = handler.prompt.split("Goal: ")[1].splitlines()[0]
        if goal in refuse:
            handler.send(400, b'{"detail": "not now"}')
        else:
            _, upper, lower = goal.split()
            handler.send(200, answer(f"Plan:\npick-up {upper}\nstack {upper} {'c' if goal == 'on b a' else lower}\n"))

    asked, out = [problem(goal) for goal in GOALS], tmp_path / "first"
    with serving(plan) as script:
        one = Endpoint(base_url=script.url, model="m", key_variable="PLANLEARN_TEST_KEY", concurrency=2, price_in=1.0, price_out=1.0)

        def run() -> dict:
            return measure(
                lambda prompts: complete(one, prompts, max_tokens=16), asked, ChainStyle(), out, max_tokens=16, about=one.about(16),
                hashes={}, said=one.said(),
            )  # fmt: skip

        outcomes = run()["results"]["blocksworld"]["greedy"]["outcomes"]
        assert (outcomes["valid"], outcomes["invalid"], outcomes["missing"]) == (2, 1, 1)
        asked_first = len(script.requests)
        refuse.clear()
        results = run()
    assert (asked_first, len(script.requests)) == (4, 5)
    numbers = results["results"]["blocksworld"]["greedy"]
    assert (numbers["outcomes"]["valid"], numbers["outcomes"]["invalid"], numbers["outcomes"]["missing"]) == (3, 1, 0)
    assert numbers["cost"]["total"] == pytest.approx(4 * 10 / 1e6)
    rows = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert sorted(row["id"] for row in rows) == sorted(GOALS)

    again = measure(replay(out), asked, ChainStyle(), tmp_path / "second", max_tokens=16, about={"model": "recorded"}, hashes={})
    assert again["results"] == results["results"]
