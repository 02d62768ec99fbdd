"""The step player in a real browser: every control, every key, what a step shows, hostile texts, paper, both themes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planlearn.problems import load_named_domain
from planlearn.report.html import ASSETS, page
from planlearn.report.pictures import picture_of
from planlearn.report.playback import FactTable, answer_attempt, problem_json, text_attempt
from tests.browser import Watched, serious_findings
from val_bridge.check.visible import visible
from val_bridge import Task, read_problem

SCRIPT = """"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
window.moves = [];
window.player = PL.player(document.getElementById("player"), { picture: DATA.picture, onMove: (position) => moves.push(position) });
window.load = (name, options) => player.load(DATA.entries[name], options);
load("repair");
"""

PROBLEM = """(define (problem p) (:domain blocksworld-4ops) (:objects a b c)
  (:init (clear c) (on c a) (ontable a) (ontable b) (clear b) (handempty)) (:goal (and (on a b) (on b c))))"""
BROKEN = "(unstack c a)\n(put-down c)\n(stack b c) ; nobody holds b\n(pick-up a)\n(stack a b)\n"
VALID = "(unstack c a)\n(put-down c)\n(pick-up b)\n(stack b c)\n(pick-up a)\n(stack a b)\n"
CHAIN = """Chain:
state clear b, clear c, handempty, on c a, ontable a, ontable b
unstack c a takes clear c, handempty, on c a gives clear a, holding c
state clear a, holding c, ontable a, ontable b, on b c
put-down c takes holding c gives clear c, handempty, ontable c
state clear a, clear b, clear c, handempty, ontable a, ontable b, ontable c
Plan:
unstack c a
pick-up b
"""
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)> \u202egnp\u202c \U0001f9f1 \x00\x1b[31m'


def entry(*attempts: dict[str, Any], facts: FactTable, task: Task) -> dict[str, Any]:
    made = [attempt | {"label": f"attempt {number}"} for number, attempt in enumerate(attempts, 1)]
    return {"id": "x", "domain": "blocksworld", "size": "3 blocks", "labels": {}, "outcome": made[-1]["outcome"], "problem": problem_json(task, facts), "attempts": made}


def entries() -> dict[str, Any]:
    domain = load_named_domain("blocksworld")
    task = Task(domain, read_problem(PROBLEM, domain))
    made = {}
    facts = FactTable()
    made["repair"] = entry(text_attempt(task, facts, BROKEN), text_attempt(task, facts, VALID), facts=facts, task=task)
    facts = FactTable()
    made["chain"] = entry(answer_attempt(task, facts, CHAIN), facts=facts, task=task)
    facts = FactTable()
    spoken = answer_attempt(task, facts, HOSTILE) | {"prompt": HOSTILE, "note": HOSTILE, "feedback": HOSTILE}
    # The bricks are two UTF-16 units each: offsets must count code points.
    shifted = text_attempt(task, facts, "; \U0001f9f1\U0001f9f1\n" + VALID)
    long = text_attempt(task, facts, VALID + "; " + "x" * 1_000_000 + "\n")
    evil = text_attempt(task, facts, VALID)
    evil["tracks"][0]["steps"][0] |= {"action": HOSTILE, "done": False, "needs": [[HOSTILE, False]], "numbers": [[HOSTILE, None, HOSTILE]]}
    evil["faults"] = [{"kind": HOSTILE, "step": 1, "track": "plan", "message": HOSTILE, "violations": [[HOSTILE, HOSTILE, HOSTILE]], "hint": HOSTILE, "at": [0, 10**9], "line": 1, "column": 1}]
    made["hostile"] = entry(spoken, shifted, long, evil, facts=facts, task=task)
    made["hostile"]["attempts"][3]["label"] = HOSTILE
    return made


@pytest.fixture
def url(tmp_path: Path) -> str:
    template, script = tmp_path / "page.html.jinja", tmp_path / "boot.js"
    template.write_text(
        '<!doctype html><html lang="en"><head>{{ head }}</head><body><main><h1>Player</h1><h2>Steps</h2><label>Other <input id="other"></label>'
        '<div id="player"></div></main>{{ tail }}</body></html>',
        encoding="utf-8",
    )
    script.write_text(SCRIPT, encoding="utf-8")
    made = tmp_path / "player.html"
    styles, scripts = [ASSETS / "theme.css", ASSETS / "player.css"], [ASSETS / "theme.js", ASSETS / "picture.js", ASSETS / "player.js", script]
    data = {"picture": picture_of("blocksworld"), "entries": entries()}
    made.write_text(page(template, title="player", styles=styles, scripts=scripts, data=data), encoding="utf-8")
    return made.as_uri()


def test_every_control_and_key_moves(watched: Watched, url: str) -> None:
    shown = watched.open(url)

    def at() -> tuple[int, int, int]:
        position = shown.evaluate("player.position()")
        return position["attempt"], position["track"], position["step"]

    def button(name: str) -> Any:
        return shown.get_by_role("button", name=name, exact=True)

    # It opens with the last attempt; a valid one at its start.
    assert at() == (1, 0, 0) and shown.evaluate("moves") == [{"attempt": 1, "track": 0, "step": 0}]
    assert button("Previous step").is_disabled() and button("First: before any step").is_disabled()
    button("Next step").click()
    assert at() == (1, 0, 1) and shown.locator(".pl-where").inner_text() == "Step 1 of 6"
    button("Last step").click()
    assert at() == (1, 0, 6) and button("Next step").is_disabled()
    button("Previous step").click()
    assert at() == (1, 0, 5)
    button("First: before any step").click()
    assert at() == (1, 0, 0)
    shown.locator(".pl-step", has_text="(stack b c)").click()
    assert at() == (1, 0, 4) and shown.locator(".pl-step[aria-current=step]").get_attribute("class") == "pl-step done"
    assert set(shown.evaluate("player.state()")) == {"(clear a)", "(clear b)", "(handempty)", "(on b c)", "(ontable a)", "(ontable c)"}
    assert shown.locator("[role=status]").inner_text() == "Step 4 of 6: (stack b c) executed"

    # Another attempt opens where it goes wrong.
    shown.locator(".pl-tab", has_text="attempt 1").click()
    assert at() == (0, 0, 3) and shown.evaluate("player.state()") is None
    assert " ".join(shown.locator(".pl-tab[aria-pressed=true]").first.inner_text().split()).endswith("attempt 1 invalid")

    # Keys, from anywhere but text fields.
    for key, there in [("ArrowRight", (0, 0, 4)), ("ArrowLeft", (0, 0, 3)), ("Home", (0, 0, 0)), ("ArrowLeft", (0, 0, 0)), ("End", (0, 0, 5)),
                       ("ArrowDown", (1, 0, 0)), ("ArrowDown", (1, 0, 0)), ("ArrowUp", (0, 0, 3))]:  # fmt: skip
        shown.keyboard.press(key)
        assert at() == there, key
    shown.locator("#other").focus()
    for key in ("ArrowRight", "Home", "ArrowDown"):
        shown.keyboard.press(key)
    shown.locator(".pl-answer").focus()
    shown.keyboard.press("ArrowDown")
    shown.locator(".pl-control").first.focus()
    shown.keyboard.press("Control+ArrowRight")
    assert at() == (0, 0, 3)
    # A player that is hidden takes no keys, and stays hidden.
    shown.evaluate("document.getElementById('player').hidden = true")
    shown.keyboard.press("Home")
    assert at() == (0, 0, 3) and shown.locator("#player").is_hidden()
    shown.evaluate("document.getElementById('player').hidden = false")
    # The list of what is wrong leads there.
    shown.keyboard.press("Home")
    shown.get_by_role("button", name="Step 3: precondition does not hold").click()
    assert at() == (0, 0, 3)
    assert shown.evaluate("moves.at(-1)") == {"attempt": 0, "track": 0, "step": 3}
    # go() to where it is already tells nobody.
    count = shown.evaluate("(player.go({ attempt: 0, step: 3 }), player.go({}), moves.length)")
    assert shown.evaluate("(player.go({ step: 3 }), moves.length)") == count
    shown.evaluate("player.go({ attempt: 99, step: -5 })")
    assert at() == (1, 0, 0)

    # Playing goes on by itself, stops at the end, and a key stops it.
    shown.clock.install()
    shown.evaluate("player.go({ step: 4 })")
    button("Play").click()
    shown.clock.run_for(1500)
    assert at() == (1, 0, 5) and button("Pause").is_visible()
    shown.clock.run_for(1500)
    assert at() == (1, 0, 6) and button("Play").is_visible()
    button("Play").click()
    assert at() == (1, 0, 0)
    button("Pause").click()
    shown.clock.run_for(5000)
    assert at() == (1, 0, 0)

    # Two attempts side by side: the other one follows step by step, and can be led apart.
    button("Side by side").click()
    shown.evaluate("player.go({ step: 2 })")
    beside = shown.locator(".pl-other")
    assert beside.locator(".pl-where").inner_text() == "Step 2 of 5" and "attempt 1" in beside.locator(".pl-tab[aria-pressed=true]").first.inner_text()
    beside.get_by_role("button", name="Next step").click()
    assert beside.locator(".pl-where").inner_text() == "Step 3 of 5" and at() == (1, 0, 2)
    assert serious_findings(shown) == []
    button("Side by side").click()
    assert beside.locator("*").count() == 0 and button("Side by side").get_attribute("aria-pressed") == "false"

    # Loading again with keep stays, as far as there are steps.
    shown.evaluate("(player.go({ attempt: 1, step: 6 }), load('chain', { keep: true }))")
    assert at() == (0, 0, 2)
    shown.evaluate("load('repair', { attempt: 0, step: 4 })")
    assert at() == (0, 0, 4)


def test_what_a_step_shows(watched: Watched, url: str) -> None:
    shown = watched.open(url)

    def section(name: str) -> list[str]:
        return [" ".join([text.strip()[0], *text.strip()[1:].split()]) for text in shown.locator(f".pl-{name} li").all_inner_texts()]

    shown.evaluate("player.go({ step: 1 })")
    assert section("needs") == ["✓ (on c a) holds", "✓ (clear c) holds", "✓ (handempty) holds"]
    assert section("does")[0] == "+ added: (clear a)" and section("does")[-1] == "− deleted: (on c a)"
    assert section("goals") == ["○ (on a b) does not hold", "○ (on b c) does not hold"]
    assert shown.locator(".pl-figure:visible figcaption").all_inner_texts() == ["Before", "After"]
    assert shown.locator(".pl-answer mark.step").inner_text() == "(unstack c a)"
    assert shown.locator(".pl-figure.after g[data-key=c]").get_attribute("class").split() == ["pl-node", "added"]
    shown.evaluate("player.go({ step: 6 })")
    assert section("goals") == ["✓ (on a b) holds", "✓ (on b c) holds"]

    # The failing step: what does not hold, what it would do, the cause, its place in the text.
    shown.evaluate("player.go({ attempt: 0, step: 3 })")
    assert "✗ (holding b) does not hold" in section("needs") and "+ would add: (on b c)" in section("does")
    assert "cannot be executed" in shown.locator(".pl-action").inner_text()
    assert "The action cannot be executed here." in shown.locator(".pl-figure.after").inner_text()
    assert "it was never true" in shown.locator(".pl-wrong").inner_text()
    assert shown.locator(".pl-answer mark").all_inner_texts() == ["(stack b c)"]
    assert shown.locator(".pl-feedback pre").inner_text().startswith("The plan is invalid")
    # Behind it nothing is judged.
    shown.evaluate("player.go({ step: 4 })")
    assert "nothing is known to be true here any more" in shown.locator(".pl-pictures").inner_text()
    assert all(text.startswith("?") for text in section("needs")) and all(text.startswith("?") for text in section("goals"))
    assert shown.locator(".pl-figure.before").is_hidden()

    # A chain apart from its plan: two tracks, the claimed state as a picture, what it leaves out and has in excess.
    shown.evaluate("load('chain')")
    assert shown.locator(".pl-tabs.tracks button").all_inner_texts() == ["plan\n2 steps", "chain\n2 steps"] or shown.locator(".pl-tabs.tracks button").count() == 2
    shown.locator(".pl-tabs.tracks button", has_text="chain").click()
    shown.evaluate("player.go({ step: 1 })")
    assert shown.locator(".pl-figure:visible figcaption").all_inner_texts() == ["Before", "After", "As the text claims"]
    assert section("claim") == ["− left out: (clear b)", "? in excess: (on b c)"]
    assert shown.locator(".pl-figure.claimed .pl-badge-sign").all_text_contents().count("?") == 1
    assert "wrong state after the action" in shown.locator(".pl-wrong").inner_text()
    assert "the text claims another state" in shown.locator("[role=status]").inner_text()
    shown.evaluate("player.go({ step: 0 })")
    assert shown.locator(".pl-claim").inner_text().endswith("The true state.")


def test_hostile_texts_stay_texts(watched: Watched, url: str) -> None:
    shown = watched.open(url, width=360)
    marked = "player.go({ attempt: 1, step: 2 }), [...document.querySelectorAll('.pl-answer mark.step')].map((mark) => mark.textContent)"
    shown.evaluate("load('hostile')")
    assert shown.evaluate(marked) == ["(put-down c)"]
    for attempt in range(4):
        for step in (0, 1, 2):
            shown.evaluate("([attempt, step]) => player.go({ attempt, step })", [attempt, step])
            assert shown.evaluate("document.querySelectorAll('#player script, #player img, #player [onerror], #player iframe').length") == 0
            assert shown.evaluate("/[\\u202a-\\u202e\\u2066-\\u2069\\u0000]/.test(document.getElementById('player').outerHTML)") is False
            assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    shown.evaluate("player.go({ attempt: 0 })")
    assert "⟨U+202E⟩gnp" in shown.locator(".pl-answer").inner_text() and "<script>alert(1)</script>" in shown.locator(".pl-answer").inner_text()
    shown.locator("summary").click()
    assert "⟨U+0000⟩" in shown.locator(".pl-prompt pre").inner_text()
    # A line of 1 MB is cut until it is asked for.
    shown.evaluate("player.go({ attempt: 2, step: 1 })")
    assert shown.evaluate("document.querySelector('.pl-answer').textContent.length") < 30_000
    shown.get_by_role("button", name="show all (1.0 MB)").click()
    assert shown.evaluate("document.querySelector('.pl-answer').textContent.length") > 1_000_000
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert json.loads(json.dumps(shown.evaluate("player.position()"))) == {"attempt": 2, "track": 0, "step": 1}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_used_by_everybody(watched: Watched, url: str, scheme: str) -> None:
    shown = watched.open(url, color_scheme=scheme, reduced_motion="reduce")
    background = shown.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == {"light": "rgb(245, 246, 248)", "dark": "rgb(20, 23, 28)"}[scheme]
    for act in ("player.go({ attempt: 0, step: 3 })", "player.go({ attempt: 0, step: 4 })", "load('chain', { step: 1, track: 1 })"):
        shown.evaluate(act)
        assert serious_findings(shown) == []
    # The page's own choice stands above the system's.
    other = {"light": "dark", "dark": "light"}[scheme]
    shown.evaluate("theme => (document.documentElement.dataset.theme = theme)", other)
    assert shown.evaluate("getComputedStyle(document.documentElement).backgroundColor") != background
    assert serious_findings(shown) == []


def test_paper_has_every_step(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    shown.evaluate("player.go({ attempt: 0, step: 1 })")
    shown.emulate_media(media="print")
    steps = shown.locator(".pl-paper-step")
    shown.locator(".pl-paper-step >> nth=5").wait_for()
    heads = shown.locator(".pl-paper-step h4").all_inner_texts()
    assert [" ".join(head.split()) for head in heads][:4] == ["Start", "1. (unstack c a) ✓ executed", "2. (put-down c) ✓ executed", "3. (stack b c) ✗ cannot be executed"]
    assert "✗ (holding b)" in steps.nth(3).inner_text() and steps.nth(1).locator("svg g[data-key=c]").count() == 1
    assert shown.locator(".pl-controls").is_hidden()
    shown.emulate_media(media="screen")
    shown.locator(".pl-controls").wait_for()
    assert steps.count() == 0


def test_what_shows_nothing_is_made_visible_as_in_the_terminal(watched: Watched, url: str) -> None:
    hidden = [code for code in range(0x110000) if visible(chr(code)) != chr(code) and chr(code) not in "\t\n\r"]
    left = watched.open(url).evaluate("codes => codes.filter((code) => PL.safe(String.fromCodePoint(code)) === String.fromCodePoint(code))", hidden)
    assert len(hidden) > 2000 and left == []
