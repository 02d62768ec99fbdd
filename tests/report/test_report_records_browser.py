"""What counts, what is rightly said to have no plan, large problems, many series and odd names, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planlearn.evaluate import Sample
from planlearn.report.runs import read_run, write_report
from tests.browser import Watched, serious_findings
from tests.evaluate.answers import GOAL_MISSED, TASK, VALID, sample
from tests.report.recorded_runs import recorded_evaluation
from tests.report.test_report_records import PROBLEM, many
from val_bridge import write_problem

SAYS = "Plan:\nunsolvable\n"
LARGE = write_problem(many(600).problem)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A right and a wrong "no plan", two answers drawn, 1,201 facts, half a surrogate pair, and arms enough for twenty looks."""
    folder = tmp_path_factory.mktemp("report")

    def asked(name: str, text: str, **changes: object) -> Sample:
        return sample(name, text, **{"problem_pddl": PROBLEM, **changes})

    samples = [
        asked("right", SAYS, solvable=False), asked("wrong", SAYS), asked("half \ud800 pair", GOAL_MISSED),
        asked("large", "pick-up b0\nPlan:\npick-up b0\nstack b0 b1\n" + "no step\n" * 2000, problem_pddl=LARGE),
        asked("drawn", VALID, arm="samples"), asked("drawn", GOAL_MISSED, arm="samples", attempt=2),
        *(asked("wrong", VALID, arm=f"arm {n}") for n in range(20)),
    ]  # fmt: skip
    out = folder / "report.html"
    write_report(read_run(recorded_evaluation(folder / "run", samples, TASK)), out)
    return out.as_uri()


def test_what_counts_and_what_is_right_are_told_apart(report: str, watched: Watched):
    page = watched.open(report)
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#chosen-title").inner_text().startswith("wrong"), "a right answer that there is no plan is no failure"
    said = [page.locator("#items button.item", has_text=name).first.inner_text() for name in ("right", "wrong")]
    assert "rightly says: no plan" in said[0] and "wrongly says: no plan" in said[1]
    assert "wrongly says" in page.locator("#chosen-title").inner_text() and "wrongly says that there is no plan" in page.locator("#chosen").inner_text()
    assert {"rightly says: no plan (1)", "wrongly says: no plan (1)"} <= set(page.locator("#filter-outcome option").all_inner_texts())
    page.select_option("#filter-outcome", label="rightly says: no plan (1)")
    assert page.locator("#items button.item").count() == 1
    page.click("#clear")
    page.locator("#items button.item", has_text="drawn").click()
    assert "#drawn/1/" in page.url and "attempt 1 of 2 counts" in page.locator(".chosen-head").inner_text()
    assert "valid" in page.locator("#chosen-title").inner_text()
    # A link leads back to where it was made, whatever the name is.
    page.locator("#items button.item", has_text="half").click()
    link = page.locator("#link").get_attribute("href")
    page.goto("about:blank")
    page.goto(f"{report}{link}")
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#chosen-title").inner_text().startswith("half") and not page.locator(".told .note").count()
    assert 0 <= page.locator("#chosen-title").bounding_box()["y"] < 300, "the step that it names is in view, not the summary"
    # 1,201 facts, each the one that it is.
    page.locator("#items button.item", has_text="large").click()
    page.get_by_text(re.compile(r"\(holding b0\)")).first.wait_for()
    assert page.locator("#player").is_visible() and "undefined" not in page.locator("#chosen").inner_text()
    assert not serious_findings(page)


def test_twenty_series_look_different(report: str, watched: Watched):
    page = watched.open(report)
    page.wait_for_selector("html[data-ready]")
    looks = page.evaluate("""() => [...document.querySelector(".legend").querySelectorAll("svg")].map((one) => {
        const marker = one.querySelector(".marker");
        const shape = marker.tagName + marker.classList.contains("open") + (marker.getAttribute("d") || "");
        return one.getAttribute("class") + shape;
    })""")
    assert len(looks) == 22 and len(set(looks)) == 22
    assert page.locator("svg.chart").first.locator(".series").count() == 22
