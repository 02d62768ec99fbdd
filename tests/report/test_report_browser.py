"""The report in a real browser: every control, links to steps, hostile texts, narrow and dark."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from planlearn.report.runs import read_run, write_report
from tests.browser import Watched, serious_findings
from tests.evaluate.answers import GOAL_MISSED, INAPPLICABLE, TASK, UNREADABLE, VALID, WRONG_EFFECT, sample
from tests.report.recorded_runs import recorded_evaluation
from tests.report.test_report import HOSTILE, PROBLEM
from val_bridge import write_problem

LARGER = write_problem(replace(TASK.problem, objects={**TASK.problem.objects, "c": "object"}))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """57 greedy answers, one of them to a problem that is not known, controls beside them, an arm that goes on from them and tried one again."""
    folder = tmp_path_factory.mktemp("report")
    texts = [VALID, VALID, GOAL_MISSED, INAPPLICABLE, UNREADABLE, WRONG_EFFECT]
    samples = [sample(f"p{n}", texts[n % 6], size="2" if n % 2 else "3", problem_pddl=PROBLEM if n % 2 else LARGER) for n in range(56)]
    samples += [sample(f"p{n}", VALID, arm="planner", problem_pddl=PROBLEM) for n in range(3)]
    samples += [sample("p2", VALID, arm="verified-detailed", attempt=2, prompt="x\nFeedback:\nNot reached.\nChain:\n", problem_pddl=LARGER)]
    samples += [sample("unknown", INAPPLICABLE)]
    out = folder / "report.html"
    write_report(read_run(recorded_evaluation(folder / "run", samples, TASK)), out)
    return out.as_uri()


def test_every_control_of_the_list_and_the_summary(report: str, watched: Watched):
    page = watched.open(report)
    page.wait_for_selector("html[data-ready]")
    count, items = page.locator("#count"), page.locator("#items button.item")
    assert count.inner_text() == "117 of 117 problems" and items.count() == 50
    assert page.locator("#chosen-title").inner_text().startswith("p2"), "the first that failed"
    assert page.locator(".pl-action").is_visible() and "planner" in page.locator("tr.control").inner_text()
    # Pages.
    page.click("#page-behind")
    page.click("#page-behind")
    assert items.count() == 17 and page.locator("#page-behind").is_disabled()
    page.click("#page-before")
    page.click("#page-before")
    assert items.count() == 50 and page.locator("#page-before").is_disabled()
    # Filters, each with the counts that the others leave.
    page.select_option("#filter-outcome", label="invalid (37)")
    assert count.inner_text() == "37 of 117 problems"
    assert page.locator("#filter-size option").all_inner_texts() == ["all (37)", "2 blocks (2)", "size 2 (18)", "size 3 (17)"]
    page.select_option("#filter-error", label="precondition (20)")
    page.select_option("#filter-size", label="size 2 (18)")
    assert count.inner_text() == "18 of 117 problems"
    page.click("#clear")
    page.select_option("#filter-arm", label="planner (3)")
    assert items.count() == 3
    page.click("#clear")
    assert count.inner_text() == "117 of 117 problems"
    # Search: ids, and words of answers.
    page.fill("#search", "p17")
    page.get_by_text(re.compile("^2 of 117")).wait_for()
    page.fill("#search", "then STACK it")
    page.get_by_text(re.compile("^18 of 117")).wait_for()
    page.fill("#search", '"then stack it"')  # as it stands, not the words anywhere
    page.get_by_text(re.compile("^18 of 117")).wait_for()
    page.fill("#search", '"it stack then"')
    page.get_by_text("No problem passes").wait_for()
    page.fill("#search", "tracks")  # a word of the data, of no text
    page.get_by_text("No problem passes").wait_for()
    page.click("#clear")
    # Arrow keys walk the list there, and leave the player alone.
    items.nth(0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#chosen-title").inner_text().startswith("p1") and page.locator('#items [aria-current="true"]').inner_text().startswith("✓")
    here = page.evaluate("location.hash")
    page.keyboard.press("End")
    assert page.evaluate("location.hash") == here == "#p1/1/0"
    assert page.evaluate("document.activeElement === document.querySelector('#items li:last-child button')")
    # The next problem and the one before.
    page.focus("#problem-behind")
    page.keyboard.press("Enter")
    assert page.locator("#chosen-title").inner_text().startswith("p2")
    assert page.evaluate("document.activeElement.id") == "problem-behind", "the next one is a key away"
    page.click("#problem-before")
    assert page.locator("#chosen-title").inner_text().startswith("p1")
    # Numbers of a chart, facts of the run, the theme.
    page.locator(".chart-box summary").first.click()
    assert "%" in page.locator(".chart-box table").first.inner_text()
    page.get_by_role("heading", name="The run").click()
    assert page.locator(".facts").get_by_text("generated").is_visible()
    background = "getComputedStyle(document.body.parentElement).backgroundColor"
    light = page.evaluate(background)
    page.click("#theme")
    page.click("#theme")
    assert page.locator("#theme").inner_text() == "Theme: dark" and page.evaluate(background) != light
    assert not serious_findings(page)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#theme").inner_text() == "Theme: dark", "it is remembered"
    page.click("#theme")
    assert page.locator("#theme").inner_text() == "Theme: auto" and page.evaluate(background) == light
    page.keyboard.press("Home")
    page.focus("#skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "problems"


def test_a_link_names_a_step_and_back_leads_to_the_problem_before(report: str, watched: Watched):
    page = watched.open(report + "#p1/1/1")
    page.wait_for_selector("html[data-ready]")
    hash_of = "location.hash"
    assert page.locator("#chosen-title").inner_text().startswith("p1") and "Step 1 of 2" in page.locator(".pl-where").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(hash_of) == "#p1/1/2" == page.locator("#link").get_attribute("href")
    length = page.evaluate("history.length")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("history.length") == length, "steps are no pages of the history"
    page.click('#items button.item:has-text("p7")')
    page.wait_for_url(re.compile("#p7/1/"))
    page.go_back()
    page.wait_for_url(re.compile("#p1/1/1$"))
    assert page.locator("#chosen-title").inner_text().startswith("p1") and "Step 1 of 2" in page.locator(".pl-where").inner_text()
    page.go_forward()
    page.wait_for_url(re.compile("#p7/1/"))
    assert page.locator("#chosen-title").inner_text().startswith("p7")
    # The same id in another arm has a link of its own, and attempts stand beside each other.
    page.evaluate("location.hash = '#p2%40verified-detailed/1/0'")
    page.wait_for_selector(".column.now[data-attempt='0']")
    assert page.locator(".column").count() == 2
    page.locator(".column summary").first.click()
    assert page.locator(".column pre").first.inner_text() == "Not reached."
    page.click(".column[data-attempt='1'] .column-head")
    assert page.evaluate(hash_of).startswith("#p2%40verified-detailed/2/")
    page.evaluate("location.hash = '#p1/1/99'")
    page.wait_for_url(re.compile("#p1/1/2$"))
    # A problem that the run did not record.
    page.evaluate("location.hash = '#unknown/1/0'")
    page.wait_for_selector(".recorded .answer")
    assert "did not record this problem" in page.locator(".told").inner_text() and "stack a b" in page.locator(".recorded .answer").inner_text()
    assert not page.locator("#player").is_visible() and not serious_findings(page)
    # A broken link.
    page.goto("about:blank")
    page.goto(report + "#%E0%A4%A/1")
    page.wait_for_selector("html[data-ready]")
    assert "not in this report" in page.locator(".told").inner_text()


def test_narrow_dark_and_on_paper(report: str, watched: Watched):
    page = watched.open(report, width=360, height=740, color_scheme="dark", reduced_motion="reduce")
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not serious_findings(page)
    page.emulate_media(media="print")
    assert not page.locator("#list").is_visible() and not page.locator("#theme").is_visible()
    assert page.locator("#chosen-title").is_visible() and page.locator("#summary table").first.is_visible()


def test_hostile_texts_are_shown_and_do_nothing(tmp_path: Path, watched: Watched):
    samples = [
        sample(f"id {n} {text[:200]}", VALID + text, size=text[:50], arm=f"arm {text[:30]}", prompt=text, problem_pddl=PROBLEM) for n, text in enumerate(HOSTILE)
    ] + [sample(f"lost {n} {text[:20]}", text) for n, text in enumerate(HOSTILE)]  # fmt: skip
    out = tmp_path / "report.html"
    write_report(read_run(recorded_evaluation(tmp_path / "run", samples, TASK, adapter=HOSTILE[0], decoding=HOSTILE[1])), out)
    page = watched.open(out.as_uri())
    page.on("dialog", lambda dialog: watched.complaints.append(f"a dialog: {dialog.message}"))
    page.wait_for_selector("html[data-ready]")
    texts = []
    for item in range(page.locator("#items button.item").count()):
        page.locator("#items button.item").nth(item).click()
        texts.append(page.locator("#chosen").inner_text())
    text = page.locator("#items").inner_text() + "\n".join(texts)
    assert "<script>alert(1)</script>" in text and "<img src=x onerror=alert(1)>" in text
    assert "⟨U+202E⟩" in text and "⟨U+0000⟩" in text and not re.search("[\u202e\u200f\0]", text)
    assert page.locator("img").count() == 0 and page.locator("script").count() == 6, "the data and five scripts of its own"
    # A link to a name that no URL can hold.
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200
