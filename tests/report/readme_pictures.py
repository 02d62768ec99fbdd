"""The README's pictures, made from the lesson's files by the pages themselves: `make pictures`, in Chromium.

They lie in data/pictures/. Nothing compares them: look at them when a page has changed.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from planlearn.problems import load_named_domain
from planlearn.report import plan_run, report_html
from tests.browser import launched
from val_bridge import Task, load_problem

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
LESSON, PICTURES = ROOT / "data" / "lesson", ROOT / "data" / "pictures"
SHOWN = {
    "blocksworld-fails": ("blocksworld", "blocks.pddl", "first.plan", 2),
    "blocksworld-chain": ("blocksworld", "blocks.pddl", "forgetful.txt", 3),
    "logistics-drives": ("logistics", "letter.pddl", "letter-solution.plan", 3),
}
"""Name of the picture: (domain, problem, plan or chain, step)."""


def draw(browser: Browser, name: str, scheme: str) -> None:
    domain, problem, plan, step = SHOWN[name]
    loaded = load_named_domain(domain)
    task = Task(loaded, load_problem(LESSON / problem, loaded))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        run = plan_run(task, domain, problem, plan, (LESSON / plan).read_text(encoding="utf-8"))
        file.write_text(report_html(run), encoding="utf-8")
        page = browser.new_page(viewport={"width": 860, "height": 900}, color_scheme=scheme, device_scale_factor=1.5)
        page.goto(f"{file.as_uri()}#{problem}/1/{step}")
        player = page.locator(".pl-player").first
        page.wait_for_timeout(600)  # the picture moves
        player.locator(".pl-main").first.screenshot(path=PICTURES / f"{name}-{scheme}.png")
        page.close()


def draw_served(browser: Browser) -> None:
    """The local page with its first example."""
    with subprocess.Popen([sys.executable, "-m", "planlearn", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        page = browser.new_page(viewport={"width": 1100, "height": 760}, color_scheme="dark")
        page.goto(url)
        page.get_by_role("button", name="Next step").click(click_count=2)
        page.wait_for_timeout(900)  # the picture moves
        page.screenshot(path=PICTURES / "serve-dark.png")
        page.close()
        server.send_signal(signal.SIGINT)


def main() -> None:
    def missing(name: str, reason: str) -> None:
        sys.exit(f"{name}: {reason}")

    PICTURES.mkdir(parents=True, exist_ok=True)
    with launched(missing) as browser:
        for name in SHOWN:
            draw(browser, name, "light")
        draw_served(browser)
    print(f"pictures in {PICTURES.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
