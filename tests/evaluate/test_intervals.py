"""The Wilson interval against scipy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from planlearn.evaluate import Interval, wilson

trials = st.integers(1, 2_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(trials)
def test_equals_scipy(counts: tuple[int, int]) -> None:
    hits, total = counts
    ours, theirs = wilson(hits, total), binomtest(hits, total).proportion_ci(0.95, method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-7)
    assert ours.high == pytest.approx(theirs.high, abs=1e-7)
    assert (ours.value, ours.n) == (hits / total, total)


@given(trials)
def test_mirrored_counts_give_the_mirrored_interval(counts: tuple[int, int]) -> None:
    hits, total = counts
    ours, mirrored = wilson(hits, total), wilson(total - hits, total)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - ours.high, 1 - ours.low), abs=1e-12)


def test_published_numbers() -> None:
    """94 of 100 and 64 of 100, as readers of the paper compute them."""
    assert str(wilson(94, 100)) == "94.0 (87.5-97.2)"
    assert str(wilson(64, 100)) == "64.0 (54.2-72.7)"


def test_certainty_is_never_claimed() -> None:
    assert wilson(300, 300).low < 0.99 and wilson(300, 300).high == 1
    assert wilson(0, 300).high > 0.01 and wilson(0, 300).low == 0


@pytest.mark.parametrize(("hits", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(hits: int, total: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= hits <= total"):
        wilson(hits, total)


def test_bounds_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="not an interval"):
        Interval(value=0.5, low=0.6, high=0.7, n=10)
