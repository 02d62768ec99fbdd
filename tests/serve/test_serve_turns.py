"""The line before a process."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from planlearn.serve.turns import Busy, Turns

MOST = 4
ASKED = st.tuples(st.sampled_from(["", "one", "two", "three"]), st.integers(0, 5), st.booleans())
"""(page, number, whether it goes away before its turn)."""


@given(st.lists(st.one_of(ASKED, st.none()), max_size=40))
def test_one_is_at_work_the_newest_of_a_page_is_never_passed_over_and_nothing_is_left_behind(events: list[tuple[str, int, bool] | None]) -> None:
    """None: the loop goes on meanwhile."""
    at_work: list[int] = []
    newest: dict[str, int] = {}

    async def ask(turns: Turns, page: str, number: int) -> str:
        try:
            if not await turns.take(page, number):
                return "superseded"
        except Busy:
            return "busy"
        try:
            at_work.append(1)
            assert len(at_work) == 1
            await asyncio.sleep(0)
            return "answered"
        finally:
            at_work.pop()
            turns.give()

    async def run() -> None:
        turns, asked = Turns(MOST), []
        for event in events:
            if event is None:
                await asyncio.sleep(0)
                continue
            page, number, leaves = event
            task = asyncio.create_task(ask(turns, page, number))
            await asyncio.sleep(0)
            if leaves:
                task.cancel()
            asked.append((page, number, leaves, task))
            newest[page] = max(number, newest.get(page, 0))
        said = await asyncio.gather(*(task for *_, task in asked), return_exceptions=True)
        for (page, number, leaves, _), answer in zip(asked, said, strict=True):
            assert answer in ("answered", "superseded", "busy") or (leaves and isinstance(answer, asyncio.CancelledError)), answer
            if not page or number == newest[page]:
                assert answer != "superseded"
        # All the places are free again.
        assert await asyncio.gather(*(ask(turns, "", 0) for _ in range(MOST + 1))) == ["answered"] * MOST + ["busy"]

    asyncio.run(run())
