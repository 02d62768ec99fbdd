"""How a domain's actions and objects are worded in English, from `domains/<name>/words.yaml`.

A pattern is a sentence of words, `[words]` that may be missing, `a|b` for one of both, and slots: `{0}`, `{1}` for
the arguments of an action, `{}` for a name or number inside an object's wording. A blank may be written "_" or "-",
and "the" may stand before every slot. Text is in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from planlearn.problems import domain_names, domain_words

NAME = r"[a-z0-9]++(?:[-_]++[a-z0-9]++)*+"
_BLANK = r"[\s_-]++"
_END = r"(?![\w-])"
_PART = re.compile(r"\[|\]|\{\d*\}|[^\s\[\]{}]+")
_INNER = r"[a-z0-9]+(?:-[a-z0-9]+)*"
# What `{}` stands for may be cut short by another slot behind it ("location_1_0"), so it is not possessive.
_GAP = r"[\s_-]{1,3}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One wording of an action: groups "a0", "a1", ... of the pattern are its arguments; `lead` is the pattern of
    the words before the first of them, `words` those words, each with its alternatives."""

    action: str
    words: tuple[tuple[str, ...], ...]
    lead: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A domain's sentences, and its objects: what is written and the templates of the names it may stand for.

    phrase: the pattern of all that is written for an object, names included. nouns: first words of those phrases.
    """

    sentences: tuple[Sentence, ...] = ()
    objects: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = ()
    phrase: str = NAME
    nouns: frozenset[str] = frozenset()

    def object_name(self, phrase: str, known: Collection[str]) -> str | None:
        """The name that a phrase stands for: the first known one, else the first at all, else None."""
        phrase = phrase.strip()
        if phrase in known:
            return phrase
        names = [
            template.format(*match.groups())
            for pattern, templates in self.objects
            if (match := pattern.fullmatch(phrase))
            for template in templates
        ]
        return next((name for name in names if name in known), names[0] if names else None)


def _expression(pattern: str, slot: dict[str, str], gap: str) -> str:
    """The regular expression of a pattern; what each kind of slot matches comes from `slot`.

    Raises ValueError for a pattern that starts with words that may be missing.
    """
    out: list[str] = []
    before = ""
    for part in _PART.findall(pattern):
        if part == "[":
            if not before:
                raise ValueError(f"the pattern {pattern!r} starts with words that may be missing")
            out.append("(?:")
        elif part == "]":
            out.append(")?")
        else:
            out.append(before + (slot[part] if part in slot else f"(?:{part})"))
            before = gap
    return "".join(out)


def _templates(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _sentence(action: str, pattern: str, phrase: str) -> Sentence:
    slots = sorted(set(re.findall(r"\{\d\}", pattern)))
    slot = {s: rf"(?:the{_BLANK})?(?P<a{s[1]}>{phrase}){_END}" for s in slots}
    lead = pattern.partition("{")[0].partition("[")[0]
    return Sentence(
        action=action,
        words=tuple(tuple(word.split("|")) for word in lead.split()),
        lead=_expression(lead, {}, _BLANK),
        pattern=re.compile(_expression(pattern, slot, _BLANK) + _END),
    )


def make_wording(actions: Iterable[tuple[str, str]], objects: dict[str, str | list[str]]) -> Wording:
    """A wording from (action, pattern) pairs and from what is written for objects by the names meant.

    Raises ValueError for a pattern that cannot be used.
    """
    written = [(_expression(text, {"{}": f"({_INNER})"}, _GAP), _templates(names)) for text, names in objects.items()]
    # The longer wording comes first: "location_1_0" before "location_1".
    phrases = sorted((_expression(text, {"{}": _INNER}, _GAP) for text in objects), key=len, reverse=True)
    phrase = "(?:" + "|".join([*phrases, NAME]) + ")"
    return Wording(
        sentences=tuple(_sentence(action, pattern, phrase) for action, pattern in actions),
        objects=tuple((re.compile(expression), names) for expression, names in written),
        phrase=phrase,
        nouns=frozenset(text.split()[0] for text in objects),
    )


@cache
def domain_wording(pddl_name: str) -> Wording:
    """The wording of the domain with this name in its PDDL; without any sentence where none is carried."""
    for name in domain_names():
        words = domain_words(name)
        if words.domain == pddl_name:
            further = words.answers.get("actions", {})
            pairs = list(words.actions.items())
            pairs += [(action, pattern) for action, patterns in further.items() for pattern in _templates(patterns)]
            return make_wording(pairs, dict(words.answers.get("objects", {})))
    return Wording()
