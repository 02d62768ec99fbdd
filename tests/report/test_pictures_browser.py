"""Pictures in a real browser: where things stand follows from the facts, and no state, however impossible, breaks one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planlearn.problems import load_named_domain
from planlearn.report.html import ASSETS, page
from planlearn.report.pictures import picture_of
from planlearn.report.playback import FactTable, problem_json
from tests.browser import Watched, serious_findings
from val_bridge import Task, read_problem

SCRIPT = """"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
window.pictures = {};
for (const [name, {spec, problem}] of Object.entries(DATA)) {
  const box = document.getElementById("pictures").appendChild(PL.el("section", { "aria-label": name }));
  const picture = (pictures[name] = PL.picture(spec, problem, { width: 420 }));
  box.append(picture.element);
  picture.show(new Set(problem.init), { animate: false });
}
// Where each group of a picture stands: {"a": [left, top, right, bottom], ...}; groups of a name drawn twice are "a", "a 2".
window.places = (name) => Object.fromEntries([...pictures[name].element.querySelectorAll("g[data-key]")].map((g) => {
  const box = (g.querySelector(".hollow") || g.querySelector(".pl-body, .pl-region, .pl-table, .pl-fingers, .pl-beam") || g).getBoundingClientRect();
  return [g.dataset.key, [box.left, box.top, box.right, box.bottom]];
}));
window.show = (name, texts, options) => {
  const facts = DATA[name].problem.facts;
  const number = (text) => { if (!facts.includes(text)) throw new Error(text); return facts.indexOf(text); };
  const sets = (some) => some && Object.fromEntries(Object.entries(some).map(([key, list]) => [key, new Set(list.map(number))]));
  const { changed, wrong } = options || {};
  pictures[name].show(new Set(texts.map(number)), { changed: sets(changed), wrong: sets(wrong), animate: false });
};
"""

BLOCKS = """(define (problem p) (:domain blocksworld-4ops) (:objects a b c d)
  (:init (clear c) (on c a) (ontable a) (ontable b) (clear b) (holding d)) (:goal (and (on a b))))"""
MYSTERY = """(define (problem p) (:domain mystery-4ops) (:objects a b)
  (:init (province b) (craves b a) (planet a) (harmony)) (:goal (and (craves a b))))"""
LOGISTICS = """(define (problem p) (:domain logistics-strips) (:objects c0 c1 l0-0 l0-1 l1-0 t0 a0 p0 p1 p2)
  (:init (city c0) (city c1) (location l0-0) (location l0-1) (location l1-0) (airport l0-0) (airport l1-0)
    (in-city l0-0 c0) (in-city l0-1 c0) (in-city l1-0 c1) (truck t0) (airplane a0) (obj p0) (obj p1) (obj p2)
    (at t0 l0-1) (at a0 l1-0) (in p0 t0) (in p1 a0) (at p2 l0-1)) (:goal (and (at p0 l1-0))))"""
DEPOTS = """(define (problem p) (:domain depots)
  (:objects depot0 - depot distributor0 - distributor truck0 - truck hoist0 hoist1 - hoist pallet0 pallet1 - pallet crate0 crate1 crate2 - crate)
  (:init (at pallet0 depot0) (at pallet1 distributor0) (at truck0 depot0) (at hoist0 depot0) (at hoist1 distributor0)
    (available hoist0) (lifting hoist1 crate1) (at crate0 depot0) (on crate0 pallet0) (clear crate0) (clear pallet1) (in crate2 truck0))
  (:goal (and (on crate1 crate0))))"""

ALIKE = [f"the-very-long-name-{one}-of-the-room" for one in "abcdefghijklmno"]
MANY = f"""(define (problem p) (:domain blocksworld-4ops) (:objects {" ".join(ALIKE)})
  (:init (handempty) {" ".join(f"(ontable {one}) (clear {one})" for one in ALIKE)}) (:goal (and (holding {ALIKE[0]}))))"""
FULL = f"""(define (problem p) (:domain logistics-strips) (:objects c0 l0 a0 {" ".join(f"package-{n}" for n in range(40))})
  (:init (city c0) (location l0) (airport l0) (in-city l0 c0) (airplane a0) (at a0 l0)
    {" ".join(f"(obj package-{n}) (in package-{n} a0)" for n in range(40))}) (:goal (and (at package-0 l0))))"""
IMPOSSIBLE = ["(on a b)", "(on b a)", "(on c c)", "(ontable d)", "(holding d)", "(on a d)", "(on nobody nothing)", "(handempty)", "(strange <b>x</b> \u202e)"]


def problem(name: str, text: str, more: list[str] = []) -> dict[str, Any]:  # noqa: B006
    domain = load_named_domain(name)
    facts = FactTable()
    made = problem_json(Task(domain, read_problem(text, domain)), facts)
    return made | {"facts": made["facts"] + [fact for fact in more if fact not in made["facts"]]}


def hostile() -> dict[str, Any]:
    """A problem that no reader would let pass, so that pictures stand on their own."""
    names = ["<script>alert(1)</script>", '"><img/src=x/onerror=alert(1)>', "\u202eevil\u202c", "n" * 5000, "__proto__", "constructor"]
    facts = [f"(on {a} {b})" for a, b in zip(names, names[1:])] + [f"(ontable {names[-1]})", "(__proto__ x y)", "(toString)", "(on a)"]
    return {"domain": "x", "objects": [[name, "object"] for name in names], "facts": facts, "init": list(range(len(facts))), "static": [], "goal": []}


@pytest.fixture
def url(tmp_path: Path) -> str:
    blocks, logistics, depots = problem("blocksworld", BLOCKS, [*IMPOSSIBLE, "(on d c)", "(on b c)"]), problem("logistics", LOGISTICS, ["(at p0 l0-1)"]), problem("depots", DEPOTS)
    data = {
        "blocks": {"spec": picture_of("blocksworld"), "problem": blocks},
        "mystery": {"spec": picture_of("mystery_blocksworld"), "problem": problem("mystery_blocksworld", MYSTERY)},
        "logistics": {"spec": picture_of("logistics"), "problem": logistics},
        "depots": {"spec": picture_of("depots"), "problem": depots},
        "none": {"spec": None, "problem": depots},
        "many": {"spec": picture_of("blocksworld"), "problem": problem("blocksworld", MANY)},
        "full": {"spec": picture_of("logistics"), "problem": problem("logistics", FULL)},
        "hostile": {"spec": picture_of("blocksworld"), "problem": hostile()},
        "hostile none": {"spec": None, "problem": hostile()},
    }
    template, script = tmp_path / "page.html.jinja", tmp_path / "boot.js"
    template.write_text(
        '<!doctype html><html lang="en"><head>{{ head }}</head><body><main><h1>Pictures</h1><div id="pictures"></div></main>{{ tail }}</body></html>',
        encoding="utf-8",
    )
    script.write_text(SCRIPT, encoding="utf-8")
    made = tmp_path / "pictures.html"
    styles, scripts = [ASSETS / "theme.css", ASSETS / "player.css"], [ASSETS / "theme.js", ASSETS / "picture.js", script]
    made.write_text(page(template, title="pictures", styles=styles, scripts=scripts, data=data), encoding="utf-8")
    return made.as_uri()


def above(upper: list[float], lower: list[float]) -> bool:
    """Directly above: its foot on the other's head, and their middles in one line."""
    return abs(upper[3] - lower[1]) < 4 and abs(upper[0] + upper[2] - lower[0] - lower[2]) < 4


def inside(inner: list[float], outer: list[float]) -> bool:
    return outer[0] - 1 <= inner[0] and outer[1] - 1 <= inner[1] and inner[2] <= outer[2] + 1 and inner[3] <= outer[3] + 1


def test_places_follow_from_facts(watched: Watched, url: str) -> None:
    shown = watched.open(url)

    def places(name: str) -> dict[str, list[float]]:
        found: dict[str, list[float]] = shown.evaluate("places", name)
        return found

    at = places("blocks")
    assert above(at["c"], at["a"]) and not above(at["b"], at["a"])
    assert abs(at["a"][3] - at["table"][1]) < 3 and abs(at["b"][3] - at["table"][1]) < 3
    assert at["hand"][0] < at["d"][0] and at["d"][2] < at["hand"][2] and at["d"][3] < at["c"][1]

    shown.evaluate("show('blocks', ['(on c a)', '(ontable a)', '(ontable b)', '(on d c)', '(handempty)'], {changed: {added: ['(on d c)', '(handempty)']}})")
    at = places("blocks")
    assert above(at["d"], at["c"]) and above(at["c"], at["a"])
    blocks = shown.locator("section[aria-label=blocks]")
    assert blocks.locator("g[data-key=d]").get_attribute("class").split() == ["pl-node", "added"]
    assert blocks.locator("g[data-key=d] .pl-badge-sign").text_content() == "+"
    assert "+ handempty" in blocks.locator("g[data-key=hand]").text_content()
    assert blocks.locator("svg").get_attribute("role") == "img"
    assert blocks.locator("svg").get_attribute("aria-label") == "c above a, a on the table, b on the table, hand: handempty, d above c"

    at = places("mystery")
    assert above(at["b"], at["a"]) and abs(at["a"][3] - at["planet"][1]) < 3
    words = shown.locator("section[aria-label=mystery] svg").inner_html()
    assert all(word in words for word in ("planet", "pain", "harmony", "province"))

    at = places("logistics")
    assert inside(at["l0-0"], at["c0"]) and inside(at["l0-1"], at["c0"]) and inside(at["l1-0"], at["c1"])
    assert inside(at["t0"], at["l0-1"]) and inside(at["p0"], at["t0"]) and inside(at["p1"], at["a0"]) and inside(at["a0"], at["l1-0"])
    assert inside(at["p2"], at["l0-1"]) and not inside(at["p2"], at["t0"])
    assert shown.locator("section[aria-label=logistics] .pl-chip").count() == 0

    at = places("depots")
    assert above(at["crate0"], at["pallet0"]) and inside(at["pallet0"], at["depot0"]) and inside(at["crate2"], at["truck0"])
    assert inside(at["crate1"], at["distributor0"]) and abs(at["crate1"][0] - at["hoist1"][0]) < 40
    assert "available" in shown.locator("section[aria-label=depots] g[data-key=hoist0]").text_content()
    assert serious_findings(shown) == []


def test_impossible_states_are_drawn_as_far_as_they_go(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    shown.evaluate("texts => show('blocks', texts)", IMPOSSIBLE)
    at = shown.evaluate("places('blocks')")
    assert {"a", "b", "c", "d", "d 2", "nobody", "nothing", "hand", "table", "shelf"} <= set(at)
    assert above(at["nobody"], at["nothing"])
    said = shown.locator("section[aria-label=blocks] .pl-chip").all_inner_texts()
    assert any("(on c c)" in one for one in said) and any("⟨U+202E⟩" in one and "<b>x</b>" in one for one in said)
    assert any("cannot be drawn" in one for one in said)
    assert "twice" in shown.locator("section[aria-label=blocks] g[data-key=d]").get_attribute("class")
    assert "unknown" in shown.locator("section[aria-label=blocks] g[data-key=nobody]").get_attribute("class")
    # A sign that says so; a red outline is for what is false.
    legend = shown.locator("section[aria-label=blocks] .pl-legend").inner_text()
    assert legend.split() == "! in two places; not an object of the problem; cannot be drawn".split()
    colours = """() => ["d", "nobody"].map((key) => getComputedStyle(pictures.blocks.element.querySelector(`g[data-key=${key}] .pl-body`)).stroke)"""
    bad = shown.evaluate("(document.body.style.color = 'var(--bad)', getComputedStyle(document.body).color)")
    assert bad not in shown.evaluate(colours)
    # A state without any fact, and one without any object's place.
    shown.evaluate("show('blocks', [])")
    assert {"a", "b", "c", "d", "shelf"} <= set(shown.evaluate("places('blocks')"))
    assert shown.locator("section[aria-label=blocks] .pl-legend").is_hidden()
    assert "nobody" not in shown.evaluate("places('blocks')")
    for name in ("logistics", "depots", "none", "mystery"):
        shown.evaluate("name => show(name, [])", name)
    assert "No fact holds." in shown.locator("section[aria-label=none]").inner_text()


def test_wrong_claims_are_marked_by_sign_and_text(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    claim = ["(on c a)", "(ontable a)", "(ontable b)", "(holding d)", "(on b c)"]
    shown.evaluate("claim => show('blocks', claim, {wrong: {missing: ['(clear b)'], extra: ['(on b c)']}})", claim)
    blocks = shown.locator("section[aria-label=blocks]")
    at = shown.evaluate("places('blocks')")
    assert above(at["b 2"], at["c"]) and abs(at["b"][3] - at["table"][1]) < 3
    assert blocks.locator("g[data-key='b 2'] .pl-badge-sign").text_content() == "?"
    assert blocks.locator(".pl-chip.missing").inner_text().split() == ["−", "left", "out:", "(clear", "b)"]


def test_without_rules_a_table_and_a_graph(watched: Watched, url: str) -> None:
    shown = watched.open(url)
    none = shown.locator("section[aria-label=none]")
    assert none.locator("th").all_inner_texts() == ["at", "available", "clear", "in", "lifting", "on"]
    assert none.locator("tr", has_text="at").first.locator("li").all_inner_texts()[:2] == ["crate0 depot0", "hoist0 depot0"]
    at = shown.evaluate("places('none')")
    assert {"depot0", "crate0", "truck0"} <= set(at)
    boxes = list(at.values())
    assert not any(a[0] < b[2] - 2 and b[0] < a[2] - 2 and a[1] < b[3] - 2 and b[1] < a[3] - 2 for n, a in enumerate(boxes) for b in boxes[:n])
    assert none.locator(".pl-edge").count() == 9 and "lifting" in none.locator("svg").inner_html()
    shown.evaluate("show('none', ['(lifting hoist1 crate1)'], {changed: {added: ['(lifting hoist1 crate1)']}})")
    assert none.locator(".pl-edge.added").count() == 1 and "+" in none.locator(".pl-chip.added").inner_text()
    assert at["depot0"] == pytest.approx(shown.evaluate("places('none')")["depot0"], abs=400)


def test_hostile_names_are_text(watched: Watched, url: str) -> None:
    shown = watched.open(url, width=360)
    assert shown.locator("script:not([type])").count() == 3 and shown.locator("img").count() == 0
    for name in ("hostile", "hostile none"):
        box = shown.locator(f"section[aria-label='{name}']")
        assert "⟨U+202E⟩evil" in box.inner_text() + str(box.locator("title").all_text_contents())
        assert "\u202e" not in box.inner_text() + box.locator("svg").first.get_attribute("aria-label")
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert shown.evaluate("({}).polluted") is None


def test_what_moves_is_moved_and_not_under_reduced_motion(watched: Watched, url: str) -> None:
    moved = """async () => {
        const frame = () => new Promise(requestAnimationFrame);
        await frame();
        await frame();
        pictures.blocks.show(new Set(), { animate: true });
        return pictures.blocks.element.querySelector("g[data-key=a]").getAnimations().length;
    }"""
    assert watched.open(url).evaluate(moved) == 1
    assert watched.open(url, reduced_motion="reduce").evaluate(moved) == 0


def test_rows_of_towers_stand_apart_and_names_differ(watched: Watched, url: str) -> None:
    shown = watched.open(url, width=500)
    boards, blocks = shown.evaluate("""() => [".pl-table", "g[data-shape=block] .pl-body"].map((some) =>
      [...pictures.many.element.querySelectorAll(some)].map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]))""")
    assert len(boards) > 1 and len(blocks) == 15
    words = shown.locator("section[aria-label=many] g[data-key=table] text").all_text_contents()
    assert words.count("table") == len(boards)
    for _, low in boards:
        assert all(top - low >= 24 for top, _ in blocks if top > low)
    names = shown.locator("section[aria-label=many] g[data-shape=block] text").all_text_contents()
    assert len(set(names)) == len(names) == 15 and all(len(name) <= 10 for name in names)


def test_print_is_never_too_small_and_what_is_wide_scrolls(watched: Watched, url: str) -> None:
    shown = watched.open(url, width=360)
    found = shown.evaluate("""() => [...document.querySelectorAll("svg")].map((svg) => {
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      const box = svg.closest(".pl-scroll");
      return [Math.min(...[...svg.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale)),
        box.scrollWidth > box.clientWidth + 1, box.tabIndex, box.getAttribute("aria-label")];
    })""")
    assert min(size for size, *_ in found) >= 8.9
    assert {wide for _, wide, *_ in found} == {True, False}
    for _, wide, tab, label in found:
        assert (tab, label) == ((0, "Picture, wider than the page") if wide else (-1, None))
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious_findings(shown) == []
