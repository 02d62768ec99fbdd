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
BUSY = "The model is still writing an answer; stop that one first."
DIED = "The model's process ended."
LATE = "The model was stopped: it took longer than it may."


class Asking:
    """Holds the child of `planlearn.serve.model`, or another that answers as it does."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self.limits = limits
        self._child = child
        self._at_work = False
        self._ending: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start loading; `about` awaits the end."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._child.open())

    async def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        await self._child.kill()

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
        """The lines of `planlearn.serve.model` on one prompt; the last one is done. Closed earlier, the model is told to stop."""
        if self._ending is not None:
            await asyncio.shield(self._ending)
        if self._at_work:
            yield {"done": True, "trouble": BUSY}
            return
        self._at_work, done = True, False
        until = asyncio.get_running_loop().time() + self.limits.model_seconds + GRACE
        try:
            await self._child.send({"prompt": prompt, "seconds": self.limits.model_seconds})
            while not done:
                line = await asyncio.wait_for(self._child.receive(), until - asyncio.get_running_loop().time())
                done = bool(line.get("done"))
                yield line
        except Died:
            done = True
            yield {"done": True, "trouble": DIED}
        except TimeoutError:
            await self._child.kill()
            done = True
            yield {"done": True, "trouble": LATE}
        finally:
            # Nothing is awaited here: whoever closes this may be cancelled, and is so at each await again.
            if done:
                self._at_work = False
            else:
                self._ending = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        """Tell the model to stop, and read on to the end of its answer; end its process where it does not come."""
        try:
            async with asyncio.timeout(GRACE):
                await self._child.send({"cancel": True})
                while not (await self._child.receive()).get("done"):
                    pass
        except (Died, TimeoutError):
            await self._child.kill()
        finally:
            self._at_work, self._ending = False, None
