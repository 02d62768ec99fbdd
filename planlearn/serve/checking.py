"""The checker as the server sees it: one process, a bounded queue before it, limits that end it, a new one in its place."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from planlearn.serve.limits import Limits
from planlearn.serve.process import Child, Died

Json = dict[str, Any]

SUPERSEDED: Json = {"superseded": True}
"""To a request whose page has asked anew since."""
DIED = "The checker ended while it read this text, and was started anew."
_PAGES = 256


class Busy(Exception):
    """More requests are waiting than may."""


class Checker:
    """Asks the process of `worker`, one request at a time. Of one page's checks that wait, only the newest is worth its time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child = Child("planlearn.serve.worker", [str(limits.memory), str(limits.answer)], longest=limits.answer + 2**16)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._renewal: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def open(self) -> None:
        await self._child.open()

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        await self._child.kill()

    async def ask(self, request: Mapping[str, Any], *, page: str = "", number: int = 0, seconds: float | None = None) -> Json:
        """The answer, SUPERSEDED, or {"trouble": sentence}. Raises Busy.

        page, number: a later request of the same page has a greater number; "" for requests that stand alone.
        """
        limit = self.limits.seconds if seconds is None else seconds
        if self._waiting >= self.limits.waiting:
            raise Busy
        if page:
            self._newest[page] = max(number, self._newest.get(page, 0))
            self._newest.move_to_end(page)
            while len(self._newest) > _PAGES:
                self._newest.popitem(last=False)
        self._waiting += 1
        try:
            async with self._turn:
                if page and self._newest.get(page, number) > number:
                    return SUPERSEDED
                return await self._asked(request, limit)
        finally:
            self._waiting -= 1

    async def _asked(self, request: Mapping[str, Any], limit: float) -> Json:
        try:
            await self._child.open()
            async with asyncio.timeout(limit):
                await self._child.send({**request, "seconds": limit})
                answer = await self._child.receive()
            if not answer.pop("last", False):
                return answer
            said = answer["trouble"]
        except TimeoutError:
            said = f"Checking this took longer than {limit:g} s and was stopped."
        except Died:
            said = DIED
        except asyncio.CancelledError:
            # Its answer would be taken for that to the next request.
            await self._child.kill()
            raise
        await self._child.kill()
        self._renewal = asyncio.create_task(self._renew())
        return {"trouble": said}

    async def _renew(self) -> None:
        """So that the next request need not wait for a start."""
        async with self._turn:
            try:
                await self._child.open()
            except Died:
                await self._child.kill()
