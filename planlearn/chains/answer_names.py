"""Which words of an answer name actions, objects and facts of a task, and which only look so.

A name in an answer may be none of the task's: `(fly a b)` is a call for the checker to judge, `(holding a)` a fact and
"(see above)" a remark. The word lists here tell such calls from remarks.
"""

from __future__ import annotations

import re
from functools import lru_cache

from planlearn.chains.english import NAME, Sentence, Wording, domain_wording
from val_bridge import Task

GROUP = re.compile(r"\(([^()]*+)(\)?)")
"""Parentheses without others inside: what they hold, and whether they are closed."""
WORD = re.compile(rf"[\s,]*+({NAME})")
WHOLE_NAME = re.compile(NAME)

# Words of a sentence: none of them is an action, or an object that the task lacks.
FILLER = frozenset("the it them this that of on from to into at in top is are be and or for with".split())
# An action's name before one of these acts on something: "stack it".
_POINTING = frozenset(("the", "it", "them", "this", "that"))

# What stands in parentheses and is no call, though it is made of names alone: "(see above)", "(Note that b is clear)".
_PDDL_NAME = re.compile(r"[a-z][a-z0-9_-]*+")
# First words of quoted PDDL that is no call: "(define domain)", "(not clear a)".
_PDDL_WORDS = frozenset(
    "and or not imply when forall exists either define domain problem objects init goal action parameters precondition"
    " effect predicates types constants requirements metric".split()
)
# First words of remarks, whatever stands behind them. The last three are of Blocksworld: "(hand empty)".
_REMARK_HEADS = _PDDL_WORDS | FILLER | frozenset(
    "a an no not all both each every any some more most these those there here i we you he they its my our your"
    " goal plan action step state note notes notice see recall remember assume given example hint explanation reason comment remark result results"
    " preconditions effects end done plan plan-end plan_end end-plan start begin stop finish complete success solved valid"
    " invalid optimal optional optionally none nothing yes ok okay empty etc cont repeat same total initial initially"
    " final finally first second third last next previous previously current currently step steps state states actions"
    " goals answer solution sequence alternative alternatively however therefore thus hence once after before while"
    " until where why how what if so because since as now then again also back by hand arm gripper".split()
)  # fmt: skip
# Further on, one of these makes a sentence of the words: "(crate b is clear)".
_SENTENCE_WORDS = frozenset(
    "is are was were be been has have had do does did will would can cannot could should must may might that which who"
    " because since so if unless as than this these those there the it its them they we you my our your their not no"
    " and or but now then already still again also only just without".split()
)
# These make a remark of them only where no object of the task is named: "(crane empty)", but "(drop a at b)".
_REMARK_SUBJECTS = frozenset(
    "of at in top with for above below goal goals state states step steps action actions plan achieved reached satisfied"
    " complete completed done empty needed required necessary change changes position previous next cost length optimal"
    " order else".split()
)
# As a first word: "(moving on)".
_PARTICIPLE = re.compile(r"[a-z]{3,}(?:ing|ed)")
_BETWEEN_WORDS = re.compile(r"[\s_-]")


@lru_cache(maxsize=1024)
def squeezed(name: str) -> str:
    """The name in one word: "pick up", `pick_up` and `pick-up` are the same action."""
    return _BETWEEN_WORDS.sub("", name)


class Grammar:
    """How the actions of a domain are named in a line: what is the same for all its tasks."""

    def __init__(self, actions: tuple[str, ...], wording: Wording) -> None:
        self.wording = wording
        self.by_name = {squeezed(name): name for name in sorted(actions, reverse=True)}
        heads = [r"[\s_-]?".join(map(re.escape, re.split(r"[_-]", name))) for name in actions]
        self.sentences: tuple[Sentence, ...] = tuple(s for s in wording.sentences if s.action in actions)
        leads = sorted({s.lead for s in self.sentences})
        heads = sorted(heads, key=len, reverse=True) or [r"(?!)"]
        self.head = re.compile(rf"({'|'.join(heads)})(?![\w-])")
        begin = "|".join([*heads, *leads])
        self.begin = re.compile(rf"(?:\(\s*+)?(?:{begin})(?![\w-])")
        self.inside = re.compile(rf"(?<![\w-])(?:{begin})(?![\w-])")
        # A name with something behind it and no blank between: `stack_a_b`, `put_a_on_b`. In English it has hyphens.
        glued = rf"(?:{'|'.join(heads)})[_-]++|(?:{'|'.join(leads) or '(?!)'})_++"
        self.glued = re.compile(rf"(?:\(\s*+)?((?:{glued})\w[\w-]*+)")
        self.glued_inside = re.compile(rf"(?<![\w-])(?:{glued})([\w-]++)")
        spoken = [tuple((word,) for word in re.split(r"[_-]", name)) for name in actions]
        spoken += [sentence.words for sentence in self.sentences]
        self.seconds = frozenset(word for words in spoken for word in words[1:2] for word in word)
        firsts = sorted({word for words in spoken for word in words[0] if len(word) > 3})
        self.near = {cut: first for first in firsts for cut in _cuts(first)}


def _cuts(word: str) -> set[str]:
    """The word, and the word without one letter: two words that share one differ by about one letter."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


@lru_cache(maxsize=64)
def _grammar(pddl_name: str, actions: tuple[str, ...]) -> Grammar:
    return Grammar(actions, domain_wording(pddl_name))


class TaskNames:
    """The names of one task."""

    def __init__(self, task: Task) -> None:
        self.grammar = _grammar(task.domain.name, tuple(sorted(task.domain.actions)))
        self.arity = {name: len(schema.parameters) for name, schema in task.domain.actions.items()}
        self.objects = frozenset(task.objects)
        self.predicates = frozenset(task.domain.predicates)
        self.facts = frozenset(map(squeezed, task.domain.predicates))
        self.no_actions = self.predicates | self.objects | self.grammar.wording.nouns | FILLER
        self.no_heads = self.no_actions | _PDDL_WORDS

    def is_call(self, words: list[str]) -> bool:
        """Whether names in parentheses are a call, of whatever action and objects; if not, a fact or a remark."""
        if not words or not all(map(_PDDL_NAME.fullmatch, words)):
            return False
        head, *rest = words
        if head in self.arity or self.call_shaped(words):
            return True
        if head in self.no_actions or head in _REMARK_HEADS or _PARTICIPLE.fullmatch(head):
            return False
        if self.facts.intersection((squeezed(head), squeezed(head + "".join(rest[:1])))):
            return False
        others = [word for word in rest if word not in self.objects]
        if _SENTENCE_WORDS.intersection(others):
            return False
        return len(others) < len(rest) or not _REMARK_SUBJECTS.intersection(others)

    def call_shaped(self, words: list[str]) -> bool:
        """The name of no fact, then objects of the task alone; without objects, nearly the name of an action."""
        if not words or not WHOLE_NAME.fullmatch(words[0]) or not words[0][0].isalpha():
            return False
        if len(words) == 1:
            return self.near(words[0]) is not None
        return words[0] not in self.no_heads and self.objects_only(words[1:]) and squeezed(words[0]) not in self.facts

    def known_call(self, s: str, start: int) -> bool:
        """Whether a call in PDDL of one of the domain's actions stands there."""
        group = GROUP.match(s, start)
        return bool(group and group[2]) and self.is_known_call(group[1].replace(",", " ").split())  # type: ignore[index]

    def is_known_call(self, words: list[str]) -> bool:
        """Whether names in parentheses are a call of one of the domain's actions, of whatever objects."""
        return bool(words) and words[0] in self.arity and all(map(WHOLE_NAME.fullmatch, words))

    def near(self, word: str) -> str | None:
        """The first word of an action that this word is, or misses by about one letter."""
        if len(word) < 4 or len(word) > 30 or word in self.predicates:
            return None
        # Of several the first by name: a set's order must not show.
        return min((near for cut in _cuts(word) if (near := self.grammar.near.get(cut))), default=None)

    def nearly_second(self, word: str) -> bool:
        """Whether a word is the second of an action's name or sentence, or misses one by about a letter."""
        seconds = self.grammar.seconds
        return word in seconds or (len(word) > 2 and any(_cuts(word) & _cuts(second) for second in seconds if len(second) > 1))

    def glued(self, s: str, start: int) -> bool:
        """Whether an action's name stands there that has become one word with what is behind it."""
        word = self.grammar.glued.match(s, start)
        return word is not None and word[1] not in self.objects and word[1] not in self.predicates

    def acts_on(self, s: str, end: int) -> bool:
        """Whether an object, or a word that points at one, stands next."""
        word = WORD.match(s, end)
        return word is not None and (
            word[1] in _POINTING or word[1] in self.objects or word[1] in self.grammar.wording.nouns
        )

    def objects_only(self, words: list[str]) -> bool:
        return self.objects.issuperset(words)
