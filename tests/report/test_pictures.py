"""Pictures of states: the files that the domains bring, and how they are read and refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.problems import load_named_domain
from planlearn.problems.domains import domain_names, domain_path
from planlearn.report.pictures import AREAS, SHAPES, PictureError, picture_for, picture_of, read_picture
from val_bridge import read_domain

BLOCKS = load_named_domain("blocksworld")
SMALL = """
objects:
  - {shape: block}
areas:
  hand: {shape: hand}
facts:
  on ?x ?y: ?x above ?y
  holding ?x: ?x in hand
  handempty: hand is open
  clear ?x: hidden
"""


@pytest.mark.parametrize("name", domain_names())
def test_every_carried_domain_brings_a_picture_of_predicates_that_exist(name: str) -> None:
    picture, domain = picture_of(name), load_named_domain(name)
    assert picture is not None and picture["objects"] and picture["rules"]
    areas = {area["name"] for area in picture["areas"]}
    for predicate, rule in picture["rules"].items():
        assert domain.predicates[predicate].arity == rule["arity"]
        places = range(rule["arity"])
        assert rule["subject"] in places if rule["kind"] in ("in", "above", "tagged") else rule["subject"] is None or rule["subject"] in places
        assert rule["target"] is None or rule["target"] in (areas if isinstance(rule["target"], str) else places)
    for look in picture["objects"]:
        assert look["shape"] in SHAPES and (look["fact"] is None or domain.predicates[look["fact"]].arity == 1)
    assert all(area["shape"] in AREAS for area in picture["areas"])


@pytest.mark.parametrize("name", domain_names())
def test_every_fact_that_an_action_changes_is_in_the_picture(name: str) -> None:
    picture, domain = picture_of(name), load_named_domain(name)
    changed = {literal.atom[0] for action in domain.actions.values() for literal in action.effect}
    assert picture is not None and changed and changed <= set(picture["rules"])


def test_mystery_shows_its_own_words() -> None:
    picture = picture_of("mystery_blocksworld")
    assert picture is not None
    assert {area["label"] for area in picture["areas"]} == {"pain", "planet"}
    assert picture["rules"]["province"]["kind"] == "tagged"


def test_types_are_resolved_with_all_below_them() -> None:
    depots = picture_of("depots")
    assert depots is not None
    assert {look["shape"]: look["types"] for look in depots["objects"]}["place"] == ["depot", "distributor", "place"]


def test_there_is_none_for_a_domain_that_is_not_carried() -> None:
    assert picture_of("no-such-domain") is None
    assert picture_for(read_domain("(define (domain own) (:predicates (p ?x)))")) is None


def test_a_domain_that_a_user_brings_is_fitted_by_name_and_predicates() -> None:
    assert picture_for(read_domain(BLOCKS.text)) == picture_of("blocksworld")
    poorer = replace(BLOCKS, predicates={name: one for name, one in BLOCKS.predicates.items() if name != "holding"})
    assert picture_for(poorer) is None
    assert picture_for(replace(BLOCKS, name="other")) is None
    richer = BLOCKS.text.replace("(handempty)\n", "(handempty) (painted ?x)\n", 1)
    assert picture_for(read_domain(richer)) == picture_of("blocksworld")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("on ?x ?y:", "onn ?x ?y:", "facts: onn ?x ?y: the domain has no predicate 'onn'; did you mean 'on'?"),
        ("on ?x ?y:", "on ?x:", "on has 2 arguments, not 1"),
        ("?x in hand", "?x in hnad", "'hnad' is no variable of it and no area; did you mean 'hand'?"),
        ("?x above ?y", "?x above ?z", "'?z' is no variable of it"),
        ("?x above ?y", "?x above hand", "'hand' is no variable of it"),
        ("?x above ?y", "?x above ?x", "?x cannot stand above itself"),
        ("?x above ?y", "?x beside ?y", "'?x beside ?y' is no rule; expected '?x above ?y'"),
        ("on ?x ?y:", "on ?x ?x:", "a variable stands there twice"),
        ("{shape: block}", "{shape: ball}", "objects.0.shape: Input should be 'block'"),
        ("{shape: block}", "{shape: block, type: brick}", "objects: the domain has no type 'brick'"),
        ("{shape: block}", "{shape: block, fact: 'on'}", "objects: on has 2 arguments, not 1"),
        ("{shape: hand}", "{shape: hand, colour: red}", "areas.hand.colour: Extra inputs are not permitted"),
        ("facts:", "fakts:", "facts: Field required"),
        ("{shape: block}", "{shape: [", "while parsing"),
    ],
)
def test_a_broken_file_is_refused_by_its_name_and_what_is_wrong(old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(PictureError, match=re.escape(said)) as raised:
        read_picture(SMALL.replace(old, new), "domains/x/picture.yaml", BLOCKS)
    assert str(raised.value).startswith("domains/x/picture.yaml: ")


def test_all_mistakes_are_named_at_once() -> None:
    broken = SMALL.replace("on ?x ?y:", "onn ?x ?y:").replace("?x in hand", "?x in hnad")
    with pytest.raises(PictureError, match="onn.*hnad"):
        read_picture(broken, "x", BLOCKS)


WORDS = ["?x", "?y", "on", "in", "above", "hand", "hidden", "is", "open", "tagged", "unless", "placed", "clear", "(", "1"]


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.lists(st.sampled_from(WORDS), max_size=4))
def test_whatever_is_read_names_what_the_domain_has(rule: list[str], signature: list[str]) -> None:
    text = f"objects: [{{shape: block}}]\nareas: {{hand: {{shape: hand}}}}\nfacts: {{{' '.join(signature)!r}: {' '.join(rule)!r}}}\n"
    try:
        picture = read_picture(text, "x", BLOCKS)
    except PictureError:
        return
    for name, made in picture["rules"].items():
        assert BLOCKS.predicates[name].arity == made["arity"]
        assert made["kind"] == "hidden" or made["subject"] is not None or made["target"] is not None
        assert made["target"] in (None, "hand", *range(made["arity"]))


def test_the_files_are_text_that_people_write() -> None:
    for name in domain_names():
        lines = (domain_path(name) / "picture.yaml").read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# ") and len(lines) < 30
