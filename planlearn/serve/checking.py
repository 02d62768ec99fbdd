"""The checker as the server sees it: one process, a bounded line before it, limits that end it, a new one in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from planlearn.serve.limits import Limits
from planlearn.serve.process import Child, Died
from planlearn.serve.turns import Busy, Turns

__all__ = ["DIED", "SUPERSEDED", "Busy", "Checker"]

Json = dict[str, Any]

SUPERSEDED: Json = {"superseded": True}
"""To a request whose page has asked anew since."""
DIED = "The checker ended while it read this text, and was started anew."


class Checker:
    """Asks a process of `worker`, one request at a time. Of one page's checks that wait, only the newest is worth its time.

    seconds: a request may take. patient: behind others that the machine has to do.
    """

    def __init__(self, limits: Limits, seconds: float, *, patient: bool = False) -> None:
        self.seconds = seconds
        arguments = [str(limits.memory), str(limits.answer), *(["patient"] if patient else [])]
        self._child = Child("planlearn.serve.worker", arguments, longest=limits.answer + 2**16)
        self._turns = Turns(limits.waiting)
        self._renewal: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def open(self) -> None:
        await self._child.open()

    async def close(self) -> None:
        """Whoever waits is answered with a sentence."""
        await self._child.close()

    async def ask(self, request: Mapping[str, Any], *, page: str = "", number: int = 0) -> Json:
        """The answer, SUPERSEDED, or {"trouble": sentence}. Raises Busy.

        page, number: a later request of the same page has a greater number; "" for requests that stand alone.
        """
        if not await self._turns.take(page, number):
            return SUPERSEDED
        try:
            return await self._asked(request)
        finally:
            self._turns.give()

    async def _asked(self, request: Mapping[str, Any]) -> Json:
        try:
            await self._child.open()
            async with asyncio.timeout(self.seconds):
                await self._child.send({**request, "seconds": self.seconds})
                answer = await self._child.receive()
            if not answer.pop("last", False):
                return answer
            said = answer["trouble"]
        except TimeoutError:
            said = f"Checking this took longer than {self.seconds:g} s and was stopped."
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
        try:
            await self._child.open()
        except Died:
            await self._child.kill()
