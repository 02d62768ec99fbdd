"""Two runs paired by problem: the exact test, the interval of the difference, and what is no pair."""

from __future__ import annotations

import random
from collections import Counter
from itertools import accumulate
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from scipy.stats import bootstrap as scipy_bootstrap

from planlearn.evaluate.paired import (
    Answered,
    Comparison,
    PairingError,
    _binomial_sums,
    answers_of,
    by_size,
    compare_pairs,
    difference_interval,
    newcombe,
    pair_up,
)

cells = st.tuples(*[st.integers(0, 60)] * 4).filter(any)
"""(both right, the first alone, the second alone, neither)."""


def answered(id: str = "p1", right: bool | None = True, **changes: Any) -> Answered:
    about: dict[str, Any] = {
        "domain": "blocksworld", "attempt": 1, "size": "5", "problem": f"(define (problem {id}))", "prompt": id, "solvable": True,
    }  # fmt: skip
    return Answered(id=id, right=right, **(about | changes))


def runs(both: int, first: int, second: int, neither: int) -> tuple[list[Answered], list[Answered]]:
    rights = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    return [answered(f"p{n}", one) for n, (one, _) in enumerate(rights)], [answered(f"p{n}", two) for n, (_, two) in enumerate(rights)]


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_exact_test_is_scipys(first: int, second: int) -> None:
    ours = Comparison(n=1000, first=first, second=second).p
    assert ours == pytest.approx(binomtest(first, first + second).pvalue if first + second else 1.0)


@given(st.integers(0, 400), st.floats(0.001, 0.999))
def test_binomial_sums_are_scipys(n: int, chance: float) -> None:
    start, sums = _binomial_sums(n, chance)
    theirs = binom.cdf(np.arange(start, start + len(sums)), n, chance)
    assert np.array(sums) / sums[-1] == pytest.approx(theirs, abs=1e-9)
    assert start >= 0 and start + len(sums) <= n + 1


def exact(both: int, first: int, second: int, neither: int) -> dict[int, float]:
    """The chance of each value of (first - second) in a multinomial resample."""
    n = both + first + second + neither
    found: dict[int, float] = Counter()
    for one in range(n + 1):
        for two in range(n + 1 - one):
            ways = factorial(n) // (factorial(one) * factorial(two) * factorial(n - one - two))
            found[one - two] += ways * (first / n) ** one * (second / n) ** two * ((both + neither) / n) ** (n - one - two)
    return found


@given(st.tuples(*[st.integers(0, 6)] * 4).filter(any))
def test_the_interval_has_the_quantiles_of_all_resamples(counts: tuple[int, int, int, int]) -> None:
    """Against the whole distribution, worked out: a bound is off by no more than 10,000 draws are."""
    n = sum(counts)
    found = compare_pairs(pair_up(*runs(*counts)).pairs).difference
    chances = sorted(exact(*counts).items())
    below = dict(zip((value for value, _ in chances), accumulate(chance for _, chance in chances), strict=True))
    for bound, share in ((found.low, 0.025), (found.high, 0.975)):
        value = round(bound * n)
        assert below[value] >= share - 0.007
        assert below.get(value - 1, 0.0) <= share + 0.007
    assert found.value == pytest.approx((counts[1] - counts[2]) / n)


def test_the_interval_is_scipys() -> None:
    counts = (120, 52, 21, 58)
    ours = compare_pairs(pair_up(*runs(*counts)).pairs).difference
    values = np.array([1] * 52 + [-1] * 21 + [0] * (120 + 58))
    theirs = scipy_bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(1)).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.009)
    assert ours == compare_pairs(pair_up(*runs(*counts)).pairs).difference, "drawn from a stream with a name"


def test_several_attempts_are_drawn_with_their_problem() -> None:
    """A problem whose attempts all go one way counts once: its interval is that of 30 problems, not of 240 answers."""
    rng = random.Random(4)
    leads = [rng.choice((-1, 0, 1)) for _ in range(30)]
    first = [answered(f"p{n}", lead >= 0, attempt=k) for n, lead in enumerate(leads) for k in range(1, 9)]
    second = [answered(f"p{n}", lead <= 0, attempt=k) for n, lead in enumerate(leads) for k in range(1, 9)]
    found = compare_pairs(pair_up(first, second).pairs)
    single = compare_pairs(pair_up([one for one in first if one.attempt == 1], [one for one in second if one.attempt == 1]).pairs)
    assert found.n == 240 and found.comparison == single.comparison and found.difference == single.difference
    assert found.score is None and single.score is not None


def test_a_problem_with_more_attempts_weighs_more() -> None:
    found = difference_interval({(3, 3): 1, (0, 1): 1})
    assert found.value == 3 / 4 and (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("counts", "low", "value", "high"),
    [
        ((14, 5, 0, 22), 0.011, 0.122, 0.226),  # Altman et al., Statistics with confidence (2000), table 6.2
        ((1, 1, 7, 12), -0.507, -0.286, -0.026),  # Fagerland et al., Statistical analysis of contingency tables (2017), 8.6
    ],
)
def test_published_score_intervals(counts: tuple[int, int, int, int], low: float, value: float, high: float) -> None:
    found = compare_pairs(pair_up(*runs(*counts)).pairs).score
    assert found is not None and (found.low, found.value, found.high) == pytest.approx((low, value, high), abs=0.0006)


@given(cells)
def test_the_score_interval_mirrors_holds_the_difference_and_is_never_certain(counts: tuple[int, int, int, int]) -> None:
    both, first, second, neither = counts
    n = sum(counts)
    ours = newcombe(both + first, both + second, Comparison(n=n, first=first, second=second))
    mirrored = newcombe(both + second, both + first, Comparison(n=n, first=second, second=first))
    assert (ours.low, ours.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-12)
    assert -1 - 1e-9 <= ours.low <= ours.value <= ours.high <= 1 + 1e-9
    assert ours.high - ours.low > 0.005


def test_the_same_id_must_be_the_same_problem() -> None:
    first = [answered("p1"), answered("p2"), answered("p3")]
    other = [answered("p1"), answered("p2", problem="(define (problem other))"), answered("p3", problem="(define (problem p9))")]
    with pytest.raises(PairingError, match="^2 of 3 answers with the same id are to different problems, e.g. blocksworld/p2; "):
        pair_up(first, other)
    spaced = [answered("p1", problem=" (DEFINE (problem\n  P1))")]
    assert len(pair_up(first, spaced).pairs) == 1
    old = [answered("p1", problem="", prompt="p1")]
    assert len(pair_up(first, old).pairs) == 1, "an old row has only its prompt"
    with pytest.raises(PairingError, match="1 of 1 answers"):
        pair_up(first, [answered("p1", problem="", prompt="another")])


def test_what_is_no_pair_is_counted() -> None:
    first = [answered("p1"), answered("p2", None), answered("p3"), answered("p4"), answered("p5", attempt=2)]
    second = [answered("p1", False), answered("p2"), answered("p3", None), answered("p5"), answered("p4", domain="logistics"), answered("p9")]
    found = pair_up(first, second)
    assert [(one.id, other.right) for one, other in found.pairs] == [("p1", False)]
    assert (found.only_first, found.only_second, found.unjudged) == (2, 3, 2)
    with pytest.raises(PairingError, match="no problem in common"):
        pair_up(first, [answered("p7")])
    with pytest.raises(PairingError, match="of the 1 answers that the two share none has a verdict in both: the checker failed at every problem"):
        pair_up([answered("p1", None)], second)


def test_problems_without_a_plan_are_pairs_of_their_own() -> None:
    first = [answered("p1"), answered("n1", solvable=False), answered("n2", False, solvable=False)]
    second = [answered("p1", False), answered("n1", solvable=False), answered("n2", None, solvable=False)]
    found = pair_up(first, second)
    assert [one.id for one, _ in found.solvable] == ["p1"] and [one.id for one, _ in found.unsolvable] == ["n1"]
    assert [one.id for one, _ in found.pairs] == ["p1", "n1"] and found.unjudged == 1
    with pytest.raises(PairingError, match="^1 of 2 problems are solvable in one run and not in the other, e.g. blocksworld/n1$"):
        pair_up(first[:2], [answered("p1"), answered("n1")])


def test_sizes_are_in_order_and_named_with_their_domain_only_where_there_are_two() -> None:
    sizes = ["10", "9", "9"]
    first = [answered(f"p{n}", size=size) for n, size in enumerate(sizes)]
    second = [answered(f"p{n}", n == 1, size=size) for n, size in enumerate(sizes)]
    found = by_size(pair_up(first, second).pairs)
    assert {size: (one.n, one.right) for size, one in found.items()} == {"9": (2, (2, 1)), "10": (1, (1, 0))} and list(found) == ["9", "10"]
    both = by_size(pair_up([*first, answered("q", domain="logistics")], [*second, answered("q", domain="logistics")]).pairs)
    assert list(both) == ["blocksworld 9", "blocksworld 10", "logistics 5"]


def row(id: str, arm: str, outcome: str = "valid", **changes: Any) -> dict[str, Any]:
    return {"domain": "blocksworld", "arm": arm, "id": id, "size": "5", "prompt": f"ask {id}", "answer": "", "outcome": outcome} | changes


def test_a_row_says_whether_its_answer_is_right() -> None:
    rows = [
        row("a", "greedy"), row("b", "greedy", "invalid"), row("c", "greedy", "unsolvable"), row("d", "greedy", "checker_error"),
        row("e", "greedy", "unsolvable", solvable=False), row("f", "greedy", "valid", solvable=False), row("g", "base"),
    ]  # fmt: skip
    assert {one.id: one.right for one in answers_of(rows, "greedy")} == {"a": True, "b": False, "c": False, "d": None, "e": True, "f": False}


def test_of_attempts_that_know_each_other_the_last_counts() -> None:
    """The first ones are the greedy arm's; a problem solved there is asked nothing more."""
    rows = [
        row("a", "greedy"), row("b", "greedy", "invalid"), row("c", "greedy", "invalid"),
        row("b", "verified-detailed", "invalid", attempt=2, prompt="mend"),
        row("b", "verified-detailed", attempt=3, prompt="mend"), row("c", "verified-detailed", "invalid", attempt=2, prompt="mend"),
        row("c", "verified-detailed", "invalid", attempt=3, prompt="mend"),
    ]  # fmt: skip
    mended = answers_of(rows, "verified-detailed")
    assert {one.id: one.right for one in mended} == {"a": True, "b": True, "c": False}
    found = compare_pairs(pair_up(mended, answers_of(rows, "greedy")).pairs)
    assert (found.n, found.comparison.first, found.comparison.second) == (3, 1, 0)


VERIFIED = "verified-binary"


def cut() -> list[dict[str, Any]]:
    """Up to three attempts: a is right at the third, b wrong at all, c and d are refused and not asked again, e and f end where they are."""
    return [
        *(row(id, "greedy", outcome) for id, outcome in zip("abcdef", ("invalid", "unreadable", "invalid", "unreadable", "valid", "unsolvable"), strict=True)),
        *(row(id, VERIFIED, "invalid", attempt=2) for id in "abd"),
        row("a", VERIFIED, attempt=3), row("b", VERIFIED, "unreadable", attempt=3),
    ]  # fmt: skip


def test_a_problem_whose_next_attempt_is_missing_is_undecided_and_not_wrong() -> None:
    mended = answers_of(cut(), VERIFIED)
    assert {one.id: (one.right, one.unfinished) for one in mended} == {
        "a": (True, False), "b": (False, False), "c": (None, True), "d": (None, True), "e": (True, False), "f": (False, False),
    }  # fmt: skip
    assert {one.id for one in answers_of(cut(), "greedy") if one.unfinished} == set(), "the greedy arm has one attempt"
    found = pair_up(mended, answers_of(cut(), "greedy"))
    assert (len(found.pairs), found.unfinished, found.unjudged) == (4, 2, 0)
    with pytest.raises(PairingError, match=r"none has a verdict in both; at 2 an attempt is missing, at the others the checker failed$"):
        pair_up([one for one in mended if one.unfinished], [answered(id, prompt=f"ask {id}", problem="") for id in "cd"])


def test_a_checker_that_failed_ends_the_attempts() -> None:
    some = [*cut(), row("g", "greedy", "invalid"), row("g", VERIFIED, "checker_error", attempt=2)]
    (last,) = (one for one in answers_of(some, VERIFIED) if one.id == "g")
    assert last.right is None and not last.unfinished
    assert pair_up(answers_of(some, VERIFIED), answers_of(some, "greedy")).unjudged == 1


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=6))
def test_an_arm_that_was_asked_to_its_end_has_nothing_unfinished(eta: int, problems: list[tuple[int, bool]]) -> None:
    """Each problem is tried until it is solved, at its attempt of that number, or η attempts are made; one of them makes all."""
    rows = []
    for number, (solved_at, solvable) in enumerate([*problems, (eta + 1, True)]):
        for attempt in range(1, min(solved_at, eta) + 1):
            outcome = ("valid" if solvable else "unsolvable") if attempt == solved_at else "invalid"
            rows.append(row(f"p{number}", VERIFIED if attempt > 1 else "greedy", outcome, attempt=attempt, solvable=solvable))
    found = answers_of(rows, VERIFIED)
    assert not any(one.unfinished for one in found)
    assert [one.right for one in found] == [solved_at <= eta for solved_at, _ in [*problems, (eta + 1, True)]]
