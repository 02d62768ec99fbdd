"""A real browser for the tests of pages: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def launched(missing: Callable[[str, str], None]) -> Iterator[Browser]:
    """A headless browser; `missing("chromium", reason)` is called where there is none."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing("chromium", f"none of {', '.join(NAMES)} is installed, and CHROMIUM names none")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("chromium", "the package playwright is not installed")
    # Started and stopped for each file of tests: while it runs, its thread has a running event loop, in which no other can be started.
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """Pages that note every console error, uncaught exception and request to another host; `check()` fails on any."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.complaints: list[str] = []

    def open(self, url: str, *, width: int = 1200, height: int = 900, **context: Any) -> Page:
        """A page of its own context; e.g. `color_scheme="dark"`, `reduced_motion="reduce"`."""
        from urllib.parse import urlsplit

        made = self._browser.new_context(viewport={"width": width, "height": height}, **context)
        self._contexts.append(made)
        page = made.new_page()
        host = urlsplit(url).netloc
        page.on("console", lambda message: message.type in ("error", "warning") and self.complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", lambda request: urlsplit(request.url).netloc not in ("", host) and self.complaints.append(f"request to {request.url}"))
        page.goto(url)
        return page

    def check(self) -> None:
        assert not self.complaints, self.complaints

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def serious_findings(page: Page) -> list[str]:
    """axe-core's findings of impact serious or critical, as "rule: first place"."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in ("serious", "critical")]
