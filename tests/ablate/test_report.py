"""What an ablation says: the exact test by hand, tables and pictures of what is finished."""

from __future__ import annotations

import json

import pytest
from scipy.stats import binomtest

from planlearn.ablate import ARMS, Comparison, collect, compared, tables, write_report
from planlearn.errors import PlanlearnError

ABOUT = {"domain": "blocksworld", "model": "nano", "eta": 2, "seeds": [0]}


def test_mcnemar_by_hand_and_against_scipy():
    # 5 against 0: both ways 2 / 2^5.
    assert Comparison(n=9, first=5, second=0).p == pytest.approx(1 / 16)
    assert Comparison(n=9, first=1, second=5).p == pytest.approx(2 * (1 + 6) / 64)
    assert Comparison(n=9, first=0, second=0).p == Comparison(n=9, first=4, second=4).p == 1.0
    for first, second in ((30, 12), (80, 79), (7, 31), (300, 200)):
        assert Comparison(n=999, first=first, second=second).p == pytest.approx(binomtest(first, first + second).pvalue)


def test_arms_are_compared_problem_by_problem(places, finished):
    finished("detailed", 0, [True] * 7 + [False] * 3)
    finished("none", 0, [True] * 4 + [False] * 5 + [True])
    none, detailed = collect(places, [0])
    assert compared(detailed, none) == Comparison(n=10, first=3, second=1)
    assert [round["plan_validity"]["value"] for round in detailed.rounds] == [0.5, 0.6, 0.8]
    assert (detailed.tokens, detailed.training, detailed.seconds) == (1_200_000, 500.0, 120.0)
    finished("binary", 0, [True] * 9)
    with pytest.raises(PlanlearnError, match="binary/samples.jsonl and .*none/samples.jsonl answer different problems"):
        compared(next(one for one in collect(places, [0]) if one.arm == "binary"), none)


def test_the_report_has_every_arm_that_is_finished(places, finished):
    for number, arm in enumerate(ARMS):
        finished(arm, 0, [True] * number + [False] * (10 - number))
    finished("detailed", 1, [True] * 10, rounds=(5, *range(10), 9, 9, 10))
    found = collect(places, [0, 1])
    files = write_report(places.out, found, "blocksworld", ABOUT)
    assert [file.name for file in files] == ["ablation.json", "ablation.md", "validity.png", "faults.png"]
    assert all(file.read_bytes()[:4] == b"\x89PNG" for file in files[2:])
    record = json.loads(files[0].read_text())
    assert [(row["arm"], row["seed"]) for row in record["arms"]] == [
        *((arm, 0) for arm in list(ARMS)[: list(ARMS).index("detailed") + 1]), ("detailed", 1), ("nll", 0), ("shuffled", 0),
    ]  # fmt: skip
    text = files[1].read_text()
    assert "| detailed | 1 | 13 | 100.0 (72.2-100.0) | 10 | 2.30 | 8.3 | 13.0 |" in text
    assert "| detailed | 1 | 10 | 90.0 (59.6-98.2) | 10 | 91 |" in text, "the paper's figure for η = 10 beside ours"
    assert "| base | 0 |  | 0.0 (0.0-27.8) | 10 | 1.00 | 8.3 | 0.0 | 28 |" in text
    assert "| detailed against none | 0 | 2 | 0 | 10 | 0.5000 |" in text
    assert f"- `shuffled`: {ARMS['shuffled'].says}" in text
    shown = tables(found, "blocksworld")
    assert "detailed against binary" in shown and "by round, validation problems" in shown


def test_arms_without_rounds_alone_have_a_report(places, finished):
    finished("phase1", 0, [True] * 5 + [False] * 5)
    files = write_report(places.out, collect(places, [0]), "blocksworld", ABOUT)
    assert files[-1].exists() and "by round" not in tables(collect(places, [0]), "blocksworld")
