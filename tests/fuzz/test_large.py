"""Texts of a megabyte: judged or refused with a place, never a RecursionError, in a time that grows with their length."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from tests.fuzz.large import LARGE, judged

SHORT = 30_000
FACTOR = 4
NOTICED = 0.02
"""Seconds below which no ratio says anything."""


@pytest.fixture
def own_garbage_alone() -> Iterator[None]:
    """The collector looks at what a test itself makes: a pass over all that other tests left behind is not its time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("own_garbage_alone")
@pytest.mark.parametrize(("kind", "name"), LARGE, ids=map(" ".join, LARGE))
def test_time_grows_with_the_text_and_no_faster(kind, name):
    """Of twice the text at most thrice the time. A busy machine may disturb one measurement, not each of four."""

    def ratio() -> float:
        taken = []
        for size in (SHORT, FACTOR * SHORT):
            text = LARGE[kind, name](size)
            began = time.process_time()
            judged(kind, text)
            taken.append(time.process_time() - began)
        return taken[1] / taken[0] if taken[1] > NOTICED else 0.0

    assert any(ratio() <= 9 for _ in range(4))


def test_the_ratio_can_fail():
    assert max(len(text(SHORT)) for text in LARGE.values()) < 2 * SHORT
    assert min(len(text(FACTOR * SHORT)) for text in LARGE.values()) > 2 * SHORT
