"""Words that say that a problem has no plan, in an answer of any model.

A sentence says so (`says_no_plan`) or the answer's last line is nothing but that (`ends_without_plan`). What is asked, supposed or denied
says nothing, nor does that no plan was found.
"""

from __future__ import annotations

import re

_KIND = r"(?:\w+ ){0,3}?(?:plans?|solutions?|sequences?|way)"
_GOAL = r"(?:problem|task|instance|puzzle|goals?|goal (?:state|condition|configuration)s?|configuration|it|this)"
_NEVER = r"(?:can ?not|can t|can never|could never)"
_SAID = re.compile(
    r"\b(?:"
    r"(?<!not )(?<!n t )(?<!never )uns(?:olvable|olveable)"
    r"|(?:not|n t|never) (?:\w+ )?solvable"
    rf"|(?:there|that) (?:is|are|exists?|can be) no {_KIND}(?! (?:yet|so far))"
    rf"|there (?:is|are)(?:n t| not) (?:an?y? )?{_KIND}"
    rf"|no {_KIND}(?: [\w-]+){{0,6}}? (?:exists?|is possible|possible|can (?:ever )?(?:exist|reach|achieve|satisfy|solve|meet))"
    rf"|(?:has|have) no {_KIND}"
    rf"|(?:do|does)(?: not|n t) have an?y? {_KIND}"
    rf"|{_GOAL} (?:[\w-]+ ){{0,5}}?(?:is|are) (?:\w+ )?(?:impossible|infeasible|unreachable|unachievable|unattainable|contradictory)"
    r"(?! to (?!(?:reach|achieve|satisfy|solve|attain|fulfil)))"
    rf"|{_GOAL} (?:[\w-]+ ){{0,5}}?(?:is|are)(?: not|n t) (?:\w+ )?(?:achievable|reachable|attainable|feasible)"
    rf"|(?:problem|task|instance|puzzle|goals?|goal (?:state|condition|configuration)s?) (?:[\w-]+ ){{0,5}}?{_NEVER} (?:\w+ )?be "
    r"(?:\w+ )?(?:reached|achieved|satisfied|solved|attained|fulfilled|met)"
    r")\b"
)
_SENTENCE = re.compile(r"[^.;!?\n]+[.;!?]?")
_CLAUSE = re.compile(r"\b(?:so|therefore|thus|hence|but)\b|, (?=(?:then|the|we|i|this|that|there|no)\b)")
_UNSURE = re.compile(
    r"\b(?:if|unless|whether|when|where|suppose|supposing|imagine|might|may|perhaps|maybe|possibly|not sure|unsure|would be|know"
    r"|seem(?:s|ed)?|(?:could|can|to)(?: not)? find)\b"
)
_BARE = re.compile(
    r"(?:(?:the |my )?(?:final )?(?:answer|verdict|plan|result|solution|conclusion)(?: is)?\W+)?"
    r"(?:(?:the|this) (?:problem|task|instance|goal) is )?"
    r"(?:unsolvable|not solvable|no (?:valid )?(?:plan|solution)(?: exists| is possible| possible)?)"
)
_THOUGHT = r"(?:think|thinking|thoughts?|reasoning|scratchpad)>"
_THOUGHTS = re.compile(rf"<{_THOUGHT}.*?(?:</{_THOUGHT}|\Z)", re.DOTALL)
_THOUGHT_END = re.compile(rf"</{_THOUGHT}")


def _said(text: str) -> str:
    """The text, undressed as all texts here, without thoughts, those among them whose beginning stands in the prompt."""
    return _THOUGHT_END.split(_THOUGHTS.sub("\n", text))[-1]


def says_no_plan(text: str) -> bool:
    """Whether an undressed answer, in which no plan stands, says that there is none."""
    for sentence in _SENTENCE.findall(_said(text)):
        if not sentence.endswith("?") and any(
            _BARE.fullmatch(clause.strip(" \t#>_-.:!()[]{}"))
            or (_SAID.search(clause) and not _UNSURE.search(clause))
            for clause in _CLAUSE.split(" ".join(sentence.split()))
        ):
            return True
    return False


def ends_without_plan(text: str) -> bool:
    """Whether the last line of an undressed answer, marks taken out, says that there is no plan, and nothing else."""
    last = next((line for line in reversed(_said(text).split("\n")) if re.search(r"\w", line)), "")
    return _BARE.fullmatch(last.strip(" \t#>_-.:!()[]{}")) is not None
