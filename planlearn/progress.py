"""Progress of long work on standard error: what, how far, how long still."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def clock(seconds: float) -> str:
    """Seconds as people say them: "40 s", "12 min", "2 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class Progress:
    """One line that renews itself on a terminal; elsewhere a new line every `every` seconds."""

    def __init__(self, what: str, total: int, unit: str = "", *, start: int = 0, every: float = 30.0) -> None:
        self.what, self.total, self.unit, self.first, self.every = what, total, unit, start, every
        self.begun = time.monotonic()
        self.shown = 0.0 if sys.stderr.isatty() else self.begun
        self.done, self.note, self.wide = start, "", 0

    def update(self, done: int, note: str = "") -> None:
        self.done, self.note = done, note
        now = time.monotonic()
        if now - self.shown >= (0.2 if sys.stderr.isatty() else self.every):
            self.shown = now
            self._show("\r" if sys.stderr.isatty() else "\n")

    def _show(self, end: str) -> None:
        elapsed = time.monotonic() - self.begun
        made = self.done - self.first
        left = f", {clock(elapsed / made * (self.total - self.done))} left" if 0 < made and self.done < self.total else ""
        note = f", {self.note}" if self.note else ""
        text = f"{self.what}: {self.done}/{self.total} {self.unit}".rstrip() + note + left
        self.wide, pad = len(text), max(0, self.wide - len(text))
        print(text + " " * (pad if end == "\r" else 0), end=end, file=sys.stderr, flush=True)

    def leave(self) -> None:
        """Keep the line that stands, as another one follows it."""
        if self.wide and sys.stderr.isatty():
            print(file=sys.stderr, flush=True)
        self.wide = 0

    def close(self) -> None:
        """The last line: how far it came and how long it took."""
        note = f", {self.note}" if self.note else ""
        text = f"{self.what}: {self.done}/{self.total} {self.unit}".rstrip()
        text += f"{note}, {clock(time.monotonic() - self.begun)}"
        renewed = sys.stderr.isatty()
        print(("\r" if renewed else "") + text + " " * (max(0, self.wide - len(text)) if renewed else 0), file=sys.stderr, flush=True)


def bars(prefix: str, unit: str) -> Callable[[str, int, int], None]:
    """A function (what, done, total) that shows a bar for each `what`."""
    shown: dict[str, Progress] = {}

    def progress(what: str, done: int, total: int) -> None:
        bar = shown.setdefault(what, Progress(f"{prefix}, {what}", total, unit))
        bar.update(done)
        if done == total:
            bar.close()

    return progress
