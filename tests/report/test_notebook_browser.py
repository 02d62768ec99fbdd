"""The player in a notebook's cell: in a frame that can do nothing but show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from planlearn.problems import domain_text
from planlearn.report.notebook import show
from tests.browser import Watched
from val_bridge import read_task

TASK = read_task(
    domain_text("blocksworld"),
    "(define (problem tower) (:domain blocksworld-4ops) (:objects a b c)"
    " (:init (handempty) (ontable a) (ontable b) (on c a) (clear b) (clear c)) (:goal (on a b)))",
)
BAD = "(unstack c a)\n(pick-up b)\n"
HOSTILE = '"></iframe><script>top.hit = 1</script><img src=x onerror="top.hit = 1">\n(unstack c a)'


def test_the_frame_shows_the_step_that_fails(watched: Watched, tmp_path: Path) -> None:
    cell = show(TASK, BAD, HOSTILE, BAD)
    (tmp_path / "notebook.html").write_text(f"<!doctype html><title>a notebook</title>{cell._repr_html_()}", encoding="utf-8")
    page = watched.open((tmp_path / "notebook.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.get_by_text("(pick-up b)").first.wait_for()
    assert "(handempty)" in frame.locator("body").inner_text()
    assert page.evaluate("window.hit") is None and page.locator("img, script").count() == 0
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"


def test_what_a_notebook_without_html_shows() -> None:
    assert repr(show(TASK, BAD, "(unstack c a)(put-down c)(pick-up a)(stack a b)")) == "The plan is invalid: step 2, (pick-up b), fails.\nThe plan is valid."
    with pytest.raises(ValueError, match="expected a plan or a chain"):
        show(TASK)
