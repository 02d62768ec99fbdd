"""The model as the server sees it: one answer at a time, told as it is written, ended when it takes too long or nobody listens any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from planlearn.serve.limits import Limits
from planlearn.serve.process import Child, Died

Json = dict[str, Any]

GRACE = 5.0
"""Seconds in which a cancelled model must come to the end of its line."""
MOST_LINES = 64
"""That are kept for one who does not take them."""
BUSY = "The model is still writing an answer; stop that one first."
DIED = "The model's process ended."
LATE = "The model was stopped: it took longer than it may."


class Asking:
    """Holds the child of `planlearn.serve.model`, or another that answers as it does."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self.limits = limits
        self._child = child
        self._at_work = False
        self._reading: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start loading; `about` awaits the end."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._child.open())
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody may have asked

    async def close(self) -> None:
        """Whoever reads comes to a last line."""
        await self._child.close()

    async def about(self) -> Json:
        """What the model's process says of itself, {"style", "trained_on"} or {"trouble"}."""
        try:
            if self._opening is not None:
                await asyncio.shield(self._opening)
            await self._child.open()
        except Died:
            self._opening = None
            return {"trouble": DIED}
        return self._child.ready

    async def stream(self, prompt: str) -> AsyncIterator[Json]:
        """The lines of `planlearn.serve.model` on one prompt; the last one is done. Closed earlier, the model is told to stop.

        Whoever takes the lines slowly gets the newer ones, which hold all that stood in those left out, and keeps the model from nobody.
        """
        if self._ending is not None:
            await asyncio.shield(self._ending)
        if self._at_work:
            yield {"done": True, "trouble": BUSY}
            return
        self._at_work = True
        lines: asyncio.Queue[Json] = asyncio.Queue()
        reading = self._reading = asyncio.create_task(self._read(prompt, lines))
        try:
            done = False
            while not done:
                line = await lines.get()
                done = bool(line.get("done"))
                yield line
        finally:
            # Nothing is awaited here: whoever closes this may be cancelled, and is so at each await again.
            if self._at_work and self._reading is reading:
                self._ending = asyncio.create_task(self._stop(reading))

    async def _read(self, prompt: str, lines: asyncio.Queue[Json]) -> None:
        """Put what the model writes into a queue of at most MOST_LINES, to its end or its time's."""
        try:
            async with asyncio.timeout(self.limits.model_seconds + GRACE):
                await self._child.send({"prompt": prompt, "seconds": self.limits.model_seconds})
                line: Json = {}
                while not line.get("done"):
                    line = await self._child.receive()
                    if line.get("done"):
                        self._at_work = False
                    if lines.qsize() == MOST_LINES:
                        lines.get_nowait()
                    lines.put_nowait(line)
        except Died:
            self._ended(lines, DIED)
        except TimeoutError:
            await self._child.kill()
            self._ended(lines, LATE)

    def _ended(self, lines: asyncio.Queue[Json], why: str) -> None:
        self._at_work = False
        lines.put_nowait({"done": True, "trouble": why})

    async def _stop(self, reading: asyncio.Task[None]) -> None:
        """Tell the model to stop, and read on to the end of its answer; end its process where it does not come."""
        try:
            await self._child.send({"cancel": True})
            await asyncio.wait_for(reading, GRACE)
        except (Died, TimeoutError):
            await self._child.kill()
        finally:
            self._at_work, self._ending = False, None
