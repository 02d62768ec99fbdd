"""The step player in a real browser: every control, every key, what a step shows, hostile texts, paper, both themes."""

from __future__ import annotations

import json
import re
from copy import deepcopy
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
from val_bridge.check.faults import VIOLATION_KINDS, FaultKind

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
# A first state with too much in it; a step that goes wrong from there alone; one that cannot be executed; one after it.
CLAIMS = """state clear b, clear c, handempty, on b c, on c a, ontable a, ontable b
unstack c a takes clear c, handempty, on c a gives clear a, holding c
state clear a, clear b, holding c, ontable a, ontable b
put-down a takes holding a gives clear a, handempty, ontable a
state clear a, clear b, handempty, ontable a, ontable b
stack b c takes clear c, holding b gives clear b, handempty, on b c
state clear a, clear b, handempty, on b c, ontable a
"""
# Its second step truly can be executed, and cannot in the state that the text claims.
DISTRUSTED = """state clear b, clear c, handempty, on c a, ontable a, ontable b
unstack c a takes clear c, handempty, on c a gives clear a, holding c
state clear a, clear b, ontable a, ontable b
put-down c takes holding c gives clear c, handempty, ontable c
state clear a, clear b, clear c, handempty, ontable a, ontable b, ontable c
"""
SHORTER = """Chain:
state clear b, clear c, handempty, on c a, ontable a, ontable b
unstack c a takes clear c, handempty, on c a gives clear a, holding c
state clear a, clear b, holding c, ontable a, ontable b
Plan:
unstack c a
put-down c
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
    for name, text in {"claims": CLAIMS, "distrusted": DISTRUSTED, "goal": "(unstack c a)\n(put-down c)\n", "unreadable": "(unstack c", "valid": VALID, "broken": BROKEN,
                       "shorter broken": BROKEN[: BROKEN.rindex("(")], "unknown": "(unstack c a)\n(fly c)\n(put-down c)\n"}.items():  # fmt: skip
        facts = FactTable()
        made[name] = entry(text_attempt(task, facts, text), facts=facts, task=task)
    facts = FactTable()
    made["shorter chain"] = entry(answer_attempt(task, facts, SHORTER), facts=facts, task=task)
    facts = FactTable()
    said = text_attempt(task, facts, VALID)
    fault = {"kind": "claim", "track": "plan", "message": "said wrongly", "hint": "", "at": None, "line": None, "column": None}
    said["faults"] = [fault | {"step": step, "violations": [[kind, "(on a b)", ""]]} for step, kind in [(0, "said_true"), (6, "said_false")]]
    made["said"] = entry(said, facts=facts, task=task)
    # The last claimed state lacks what the goal asks for, and the true one has it.
    lacking = deepcopy(said)
    lacking["tracks"][0]["steps"][5]["claim"] = {"missing": [facts.texts.index("(on a b)")], "extra": []}
    lacking["faults"].append(lacking["faults"][0] | {"kind": "goal", "step": None, "violations": [["unsatisfied_goal", "(on a b)", ""]]})
    made["lacking"] = entry(lacking, facts=facts, task=task)
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
    assert button("Previous step").get_attribute("aria-disabled") == button("First: before any step").get_attribute("aria-disabled") == "true"
    button("Next step").click()
    assert at() == (1, 0, 1) and shown.locator(".pl-where").inner_text() == "Step 1 of 6"
    button("Last step").click()
    assert at() == (1, 0, 6) and button("Next step").get_attribute("aria-disabled") == "true"
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

    # Keys, while the focus is inside.
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
    shown.locator(".pl-control").first.focus()
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
    assert "The last true state is the one before step 3." in shown.locator(".pl-pictures").inner_text()
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
    assert shown.locator(".pl-claim").inner_text().endswith("The true state.") and "The state that the text claims" in shown.locator(".pl-claim").inner_text()


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


def marks(shown: Any) -> list[str]:
    """The signs of the list of steps, the start's first."""
    return [str(text).strip() for text in shown.locator(".pl-own >> nth=0 >> .pl-step .pl-sign").all_text_contents()]


def clean(text: str) -> str:
    return " ".join(text.split())


def test_every_kind_has_words() -> None:
    script = (ASSETS / "player.js").read_text(encoding="utf-8")
    kinds, violations = (set(re.findall(r"^    (\w+): \"", part, re.M)) for part in re.findall(r"const (?:KINDS|VIOLATIONS) = \{(.*?)\};", script, re.S))
    assert kinds == set(FaultKind) and violations == VIOLATION_KINDS


def test_the_focus_stays_where_it_was(watched: Watched, url: str) -> None:
    shown = watched.open(url, width=1300)

    def focused() -> str:
        """The button that has the focus; the page's body is none."""
        return clean(shown.evaluate("document.activeElement.matches('button') ? document.activeElement.ariaLabel || document.activeElement.textContent : ''"))

    def press(name: str, **how: Any) -> None:
        shown.locator("button", has_text=name, **how).first.focus()
        shown.keyboard.press("Enter")

    press("attempt 1")
    assert "attempt 1" in focused() and shown.evaluate("player.position()")["attempt"] == 0
    press("Step 3: precondition does not hold")
    assert focused() == "Step 3: precondition does not hold"
    shown.get_by_role("button", name="Next step").focus()
    for _ in range(4):
        shown.keyboard.press("Enter")
    assert focused() == "Next step" and shown.evaluate("player.position()")["step"] == 5
    # Side by side takes neither the text nor the step.
    text = shown.locator(".pl-answer").inner_text()
    press("Side by side")
    own = shown.locator(".pl-own").first
    assert focused() == "Side by side" and own.locator(".pl-answer").inner_text() == text
    assert own.locator(".pl-step[aria-current=step]").count() == 1
    press("Side by side")
    # What is gone gives the focus to the attempt that is shown now.
    press("Step 3: precondition does not hold")
    shown.keyboard.press("ArrowDown")
    assert "attempt 2" in focused()
    shown.evaluate("load('chain')")
    press("chain")
    assert focused() == "chain2 steps" and shown.evaluate("player.position()")["track"] == 1


def test_keys_leave_the_page_alone(watched: Watched, url: str) -> None:
    shown = watched.open(url, height=500)
    step = "player.position().step"
    shown.evaluate("window.addEventListener('keydown', (event) => (window.taken = event.defaultPrevented))")
    for key in ("End", "Home", "ArrowDown", "ArrowUp"):
        shown.keyboard.press(key)
        assert shown.evaluate("[taken, player.position().attempt, player.position().step]") == [False, 1, 0], key
    shown.evaluate("(document.body.style.paddingTop = '3000px', scrollTo(0, 0))")
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate(step) == 0
    shown.evaluate("document.getElementById('player').scrollIntoView()")
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate(step) == 1
    shown.locator(".pl-control").first.focus()
    shown.keyboard.press("End")
    assert shown.evaluate(step) == 6


def test_what_was_looked_at_comes_back_and_typing_is_silent(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    shown.evaluate("""(load('repair', { attempt: 1, step: 5 }), window.said = [],
      new MutationObserver(() => said.push(document.querySelector("[role=status]").textContent)).observe(document.querySelector("[role=status]"), { childList: true, characterData: true, subtree: true }))""")
    shown.evaluate("load('unreadable', { keep: true })")
    assert shown.evaluate("player.position()") == {"attempt": 0, "track": 0, "step": 0}
    shown.evaluate("load('repair', { keep: true })")
    assert shown.evaluate("player.position()") == {"attempt": 1, "track": 0, "step": 5}
    # A step of the reader's own is what is wished for from then on.
    shown.evaluate("(load('unreadable', { keep: true }), load('valid', { keep: true }), player.go({ step: 2 }), load('repair', { keep: true }))")
    assert shown.evaluate("player.position()")["step"] == 2
    said = "(said.length = 0, load('broken', { step: 2 }), {0}, new Promise(requestAnimationFrame).then(() => said))"
    assert shown.evaluate(said.replace("{0}", "0")) == ["Step 2 of 5: (put-down c) executed"]
    assert shown.evaluate(said.replace("{0}", "load('shorter broken', { keep: true })")) == []
    assert shown.evaluate(said.replace("{0}", "load('valid', { keep: true })")) == ["valid. Step 2 of 6: (put-down c) executed"]


def test_what_is_wrong_after_a_failing_step_is_said_without_contradiction(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    shown.evaluate("load('claims', { step: 3 })")
    assert marks(shown) == ["!", "!", "✗", "!"]
    assert "not executed" in shown.locator(".pl-action").inner_text() and "not judged" not in shown.locator("#player").inner_text().lower()
    claim = clean(shown.locator(".pl-claim").inner_text())
    assert "− not in the text, true in the last true state; ? in the text, not true in it" in claim and "though" not in claim
    assert "Judged from what the text claims" in shown.locator(".pl-wrong").inner_text()
    assert serious_findings(shown) == []
    # Judged against a claimed state: said so, once the claim is not the truth.
    other = "Judged against the state that the text claims before this step, which is not the true one."
    shown.evaluate("player.go({ step: 1 })")
    assert other in shown.locator(".pl-wrong").inner_text() and "The true state." in shown.locator(".pl-claim").inner_text()
    shown.evaluate("load('distrusted', { step: 1 })")
    assert other not in shown.locator(".pl-wrong").inner_text()
    shown.evaluate("player.go({ step: 2 })")
    wrong = clean(shown.locator(".pl-wrong").inner_text())
    assert other in wrong and "(holding c) does not hold in the claimed state" in wrong
    shown.evaluate("load('repair', { attempt: 0, step: 3 })")
    assert other not in shown.locator(".pl-wrong").inner_text() and "(holding b) does not hold —" in clean(shown.locator(".pl-wrong").inner_text())


def test_every_fault_is_found_where_it_belongs(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    shown.evaluate("load('said')")
    assert marks(shown) == ["!", *"✓✓✓✓✓", "!"]
    assert "(on a b) said to hold, and does not" in clean(shown.locator(".pl-wrong").inner_text())
    shown.evaluate("player.go({ step: 6 })")
    assert "(on a b) said not to hold, and does" in clean(shown.locator(".pl-wrong").inner_text())
    assert "Judged" not in shown.locator(".pl-wrong").inner_text()
    shown.evaluate("load('lacking', { step: 6 })")
    wrong = clean(shown.locator(".pl-wrong").inner_text())
    assert "Judged against the states that the text claims, which are not the true ones. (on a b) said not to hold" in wrong
    assert "Judged against the last state that the text claims, which is not the true one. (on a b) does not hold in the claimed state" in wrong
    # The goal belongs to the end, not to the last step.
    shown.evaluate("load('goal')")
    assert marks(shown) == ["", "✓", "✓"] and "goal not reached" in shown.locator(".pl-wrong").inner_text()
    # The chain ends before its plan: the fault leads to the plan's step.
    shown.evaluate("load('shorter chain', { track: 1 })")
    shown.get_by_role("button", name="Step 2: chain and plan differ").click()
    assert shown.evaluate("player.position()") == {"attempt": 0, "track": 0, "step": 2}
    assert "chain and plan differ" in shown.locator(".pl-wrong").inner_text()


def test_actions_that_cannot_be_read_are_not_known(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    unknown = "Not known: the action cannot be read."
    shown.evaluate("load('unknown', { step: 2 })")
    assert unknown in shown.locator(".pl-needs").inner_text() and unknown in shown.locator(".pl-does").inner_text()
    shown.emulate_media(media="print")
    paper = shown.locator(".pl-paper-step")
    paper.nth(3).wait_for()
    assert unknown in paper.nth(2).inner_text() and "nothing" not in paper.nth(2).inner_text() and "not executed" in paper.nth(3).inner_text()
    shown.emulate_media(media="screen")
    shown.locator(".pl-controls").wait_for()
    shown.evaluate("(DATA.entries.broken.attempts[0].tracks[0].steps[0].needs[0][1] = null, load('broken', { step: 0 }))")
    shown.emulate_media(media="print")
    paper.nth(1).wait_for()
    assert clean(paper.nth(1).inner_text()).count("✓") == 3 and "? (on c a)" in clean(paper.nth(1).inner_text())
