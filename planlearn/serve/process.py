"""A child process that is asked in JSON lines, from an event loop: started, asked, ended, started again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import planlearn

Json = dict[str, Any]


class Died(Exception):
    """The process ended without an answer."""


class Child:
    """`python -m module arguments...`; its first line says {"ready": true, ...}.

    longest: bytes of a line. start: seconds until it must be ready.
    """

    def __init__(self, module: str, arguments: Sequence[str], *, longest: int, start: float = 60.0) -> None:
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._longest, self._start = longest, start
        self._process: asyncio.subprocess.Process | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self.ready: Json = {}

    async def open(self) -> None:
        """Start it, if it does not run, and await its first line. Raises Died."""
        async with self._opening:  # two who find it ended must not start two
            await self._open()

    async def _open(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        if self._closed:
            raise Died
        found = os.environ.get("PYTHONPATH")
        package = str(Path(planlearn.__file__).parent.parent)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([package, *([found] if found else [])])}
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            limit=self._longest, env=environment, start_new_session=True,
        )  # fmt: skip
        if self._closed:  # meanwhile
            await self.kill()
            raise Died
        try:
            self.ready = await asyncio.wait_for(self.receive(), self._start)
        except TimeoutError:
            await self.kill()
            raise Died from None

    async def send(self, request: Mapping[str, Any]) -> None:
        """Raises Died."""
        if self._process is None or self._process.stdin is None:
            raise Died
        try:
            self._process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            await self._process.stdin.drain()
        except OSError:
            raise Died from None

    async def receive(self) -> Json:
        """The next line. Raises Died."""
        if self._process is None or self._process.stdout is None:
            raise Died
        try:
            line = await self._process.stdout.readline()
        except ValueError:  # longer than is agreed
            line = b""
        try:
            said = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            said = None
        if not isinstance(said, dict):
            await self.kill()
            raise Died
        return said

    async def close(self) -> None:
        """End it for good: it is not started again."""
        self._closed = True
        await self.kill()

    async def kill(self) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.kill()
        process, self._process = self._process, None
        await process.wait()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid
