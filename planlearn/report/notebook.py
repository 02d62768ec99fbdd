"""The step player as the output of a notebook's cell."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from planlearn.report.html import ASSETS, page
from planlearn.report.pictures import picture_for
from planlearn.report.playback import FactTable, problem_json, text_attempt
from val_bridge import Task

STYLES = ("theme.css", "player.css")
SCRIPTS = ("theme.js", "picture.js", "player.js", "notebook.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page in a frame of its own: its scripts reach nothing of the notebook, and it asks no server."""

    page: str
    summary: str
    height: int = 640

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" title="A plan, step by step" style="width:100%;height:{self.height}px;border:0"'
            f' srcdoc="{escape(self.page)}"></iframe>'
        )

    def __repr__(self) -> str:
        return self.summary

    def save(self, path: Path | str) -> None:
        """Write the page as a file of its own."""
        Path(path).write_text(self.page, encoding="utf-8")


def show(task: Task, *texts: str, height: int = 640) -> Shown:
    """Plans or chains for one task, to be stepped through; several are attempts of which one can be set beside another.

    texts: as `text_attempt` reads them: a plan, planlearn's chain text or a JSON chain. height: in pixels. Raises ValueError without a text.
    """
    if not texts:
        raise ValueError("expected a plan or a chain to show")
    facts = FactTable()
    attempts = [text_attempt(task, facts, text) | {"label": f"attempt {number}"} for number, text in enumerate(texts, 1)]
    entry = {
        "id": task.problem.name, "domain": task.domain.name, "size": "", "labels": {}, "outcome": attempts[-1]["outcome"],
        "problem": problem_json(task, facts), "attempts": attempts,
    }  # fmt: skip
    html = page(
        ASSETS / "notebook.html.jinja", title=f"{task.problem.name}: step by step", styles=[ASSETS / name for name in STYLES],
        scripts=[ASSETS / name for name in SCRIPTS], data={"entry": entry, "picture": picture_for(task.domain)},
    )  # fmt: skip
    return Shown(page=html, summary="\n".join(attempt["message"] for attempt in attempts), height=height)
