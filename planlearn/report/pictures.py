"""How the states of a domain are drawn: `domains/<name>/picture.yaml`, read and resolved for the page (`page/picture.js`).

    objects:                        # how an object looks: the first entry that fits; an object that none fits is a plain "thing"
      - {type: truck, shape: truck}   # objects of this type or below it
      - {fact: obj, shape: package}   # objects of which this fact of one argument holds initially
      - {shape: block}                # any object
    areas:                          # places that no object stands for
      table: {shape: table}           # label: what is written there; by default the area's name
    facts:                          # what each predicate says of the picture; facts without a rule stay visible as text
      on ?x ?y: ?x above ?y           # directly above it
      holding ?x: ?x in hand          # inside an area, or inside another object
      at ?x ?y: ?x in ?y unless placed  # only where no other fact places ?x
      handempty: hand is open         # shows that an area or object is free
      planet ?x: ?x tagged            # the predicate's name is written on ?x
      clear ?x: hidden                # the picture says it in other words

Shapes of objects are `SHAPES`, of areas `AREAS`. Facts named under `objects` are seen in how an object looks.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from planlearn.errors import PlanlearnError
from planlearn.problems.domains import domain_names, domain_path, load_named_domain
from val_bridge import Domain, nearest

Json = dict[str, Any]

SHAPES = ("block", "crate", "package", "pallet", "truck", "plane", "hoist", "place", "airport", "depot", "distributor", "city", "thing")
AREAS = ("table", "hand", "box")

_FILE = "picture.yaml"
_SIGNATURE = re.compile(r"([^\s?]\S*)((?: \?[\w-]+)*)")
_RULE = re.compile(
    r"(?P<hidden>hidden)"
    r"|(?P<tagged>\?[\w-]+) tagged"
    r"|(?P<open>\S+) is open"
    r"|(?P<put>\?[\w-]+) (?P<how>above|in) (?P<target>\S+?)(?P<weak> unless placed)?"
)


class PictureError(PlanlearnError):
    """A picture.yaml that cannot be used; names the file and every mistake in it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Look(_Strict):
    shape: Literal[SHAPES]  # type: ignore[valid-type]
    type: str | None = None
    fact: str | None = None


class _Area(_Strict):
    shape: Literal[AREAS]  # type: ignore[valid-type]
    label: str | None = None


class _Picture(_Strict):
    objects: tuple[_Look, ...]
    areas: dict[str, _Area] = {}
    facts: dict[str, str]


def picture_of(name: str) -> Json | None:
    """The picture of a carried domain, by the name of its folder; None where it brings none, or is not carried.

    Raises PictureError.
    """
    return picture_for(load_named_domain(name)) if _text(name) else None


def picture_for(domain: Domain) -> Json | None:
    """The picture that fits a domain: that of a carried domain of the same name whose picture names only what this domain has.

    Raises PictureError where the carried picture does not fit the carried domain itself.
    """
    for name in domain_names():
        carried = load_named_domain(name)
        text = _text(name)
        if text and carried.name == domain.name:
            own = read_picture(text, f"domains/{name}/{_FILE}", carried)
            if domain == carried:
                return own
            try:
                return read_picture(text, f"domains/{name}/{_FILE}", domain)
            except PictureError:
                continue
    return None


@cache
def _text(name: str) -> str:
    if name not in domain_names():
        return ""
    path: Path = domain_path(name) / _FILE
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_picture(text: str, file: str, domain: Domain) -> Json:
    """The picture in a file's text, resolved for a domain, as JSON:

        {"objects": [{"shape": "truck", "types": ["truck"] | null, "fact": "obj" | null}, ...],
         "areas": [{"name": "hand", "shape": "hand", "label": "hand"}, ...],
         "rules": {"on": {"kind": "in" | "above" | "open" | "tagged" | "hidden", "arity": 2, "subject": 0, "target": 1 | "hand", "weak": false}, ...}}

    `types` are the type and all below it. `subject` and `target` are argument places from 0; a text as target is an area's name.
    Raises PictureError with every mistake.
    """
    import yaml

    try:
        picture = _Picture.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise PictureError(f"{file}: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors())
        raise PictureError(f"{file}: {found}") from error
    mistakes: list[str] = []
    rules = {}
    for signature, rule in picture.facts.items():
        name, made = _rule(signature, rule, picture, domain, mistakes)
        rules[name] = made
    objects = []
    for look in picture.objects:
        if look.fact is not None:
            _known_predicate(look.fact, 1, "objects", domain, mistakes)
            rules.setdefault(look.fact, {"kind": "hidden", "arity": 1, "subject": 0, "target": None, "weak": False})
        types = None
        if look.type is not None:
            known = {"object", *domain.types, *domain.types.values()}
            if look.type not in known:
                mistakes.append(f"objects: the domain has no type {look.type!r}{_hint(look.type, known)}")
            types = sorted(kind for kind in known if domain.is_subtype(kind, look.type))
        objects.append({"shape": look.shape, "types": types, "fact": look.fact})
    if mistakes:
        raise PictureError(f"{file}: {'; '.join(mistakes)}")
    areas = [{"name": name, "shape": area.shape, "label": name if area.label is None else area.label} for name, area in picture.areas.items()]
    return {"objects": objects, "areas": areas, "rules": rules}


def _rule(signature: str, rule: str, picture: _Picture, domain: Domain, mistakes: list[str]) -> tuple[str, Json]:
    """One line under `facts`: the predicate's name, and its rule; what is wrong is added to `mistakes`."""
    made: Json = {"kind": "hidden", "arity": 0, "subject": None, "target": None, "weak": False}
    where = f"facts: {signature}"
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        mistakes.append(f"{where}: expected a predicate and its variables, as in 'on ?x ?y'")
        return signature, made
    name, variables = match[1], match[2].split()
    made["arity"] = len(variables)
    _known_predicate(name, len(variables), where, domain, mistakes)
    if len(set(variables)) < len(variables):
        mistakes.append(f"{where}: a variable stands there twice")
    said = _RULE.fullmatch(rule)
    if said is None:
        mistakes.append(
            f"{where}: {rule!r} is no rule; expected '?x above ?y', '?x in ?y', '?x in AREA' (with 'unless placed' or without),"
            " '?x tagged', '?x is open', 'AREA is open' or 'hidden'"
        )
        return name, made

    def place(word: str, areas: bool) -> int | str | None:
        if word in variables:
            return variables.index(word)
        if areas and word in picture.areas:
            return word
        known = [*variables, *(picture.areas if areas else ())]
        mistakes.append(f"{where}: {word!r} is no variable of it{' and no area' if areas else ''}{_hint(word, known)}")
        return None

    if said["tagged"]:
        made |= {"kind": "tagged", "subject": place(said["tagged"], False)}
    elif said["open"]:
        made |= {"kind": "open", "target": place(said["open"], True)}
    elif said["put"]:
        how = said["how"]
        made |= {"kind": how, "subject": place(said["put"], False), "target": place(said["target"], how == "in"), "weak": bool(said["weak"])}
        if said["put"] == said["target"]:
            mistakes.append(f"{where}: {said['put']} cannot stand {how} itself")
    return name, made


def _known_predicate(name: str, arity: int, where: str, domain: Domain, mistakes: list[str]) -> None:
    predicate = domain.predicates.get(name)
    if predicate is None:
        mistakes.append(f"{where}: the domain has no predicate {name!r}{_hint(name, domain.predicates)}")
    elif len(predicate.parameters) != arity:
        mistakes.append(f"{where}: {name} has {len(predicate.parameters)} arguments, not {arity}")


def _hint(name: str, known: Any) -> str:
    near = nearest(name, sorted(known))
    return f"; did you mean {near!r}?" if near else ""
