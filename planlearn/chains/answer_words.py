"""The words and signs that stand around an action in an answer: before it, between two, and behind it.

Numbers, bullets and labels lead to an action; headings announce a plan or an explanation; negations say that what
follows is no step. All patterns are for a line as `undressed` leaves it, in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from planlearn.chains.grammar import GOALS, PARTS, STATE

# What only dresses a text becomes a blank, one character for one, so that places stay.
_BLANKS = "*`\"'~\\$\t\r\v\f\x00\ufeff\u00a0\u2007\u202f\u200b\u2060\u2028\u2029\u0085"
_BLANKS += "•◦▪‣●○·“”‘’«»✓✔✅"
_SAME = (
    {ord(c): " " for c in _BLANKS}
    | {ord(c): "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2212"}
    | {ord(c): ">" for c in "→⇒➔➜⟶"}
    | {ord("\uff08"): "(", ord("\uff09"): ")", ord("\uff0c"): ",", ord("\u3001"): ".", ord("\uff1a"): ":"}
    | {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
)


# What LaTeX puts around a text: "\\boxed{(pick-up a)}", "\\text{...}".
_LATEX = re.compile(r"\\(?:boxed|text(?:tt|bf|it|rm)?|math(?:tt|bf|it|rm)|fbox)\s?\{")


def undressed(text: str) -> str:
    """The text in lower case and plain signs, as long as before."""
    if "\\" in text:
        text = _LATEX.sub(lambda found: " " * len(found[0]), text)
    return text.translate(_SAME)


# Of XML and HTML, around an action. `<move a b>` is a call in angle brackets.
_MARKUP = (
    r"</?(?:actions?|steps?|moves?|calls?|items?|li|p|br|code|pre|b|i|em|strong|ol|ul)(?:_?\d{1,4}"
    r"|\s[^<>=]{1,15}=[^<>]{0,20})?\s?/?>"
)
# Before an action: bullets, numbers, letters, time stamps, "Step 3:". No group captures here: Python 3.11's `re`
# fails with a SystemError on some texts if one does inside a possessive repetition.
_LETTERS = r"\(?(?:[a-z]|[ivx]{2,4})(?:\)|[.:](?=\s))\s*+"  # "e.g." is none: a blank follows a letter's point
_LEAD = re.compile(
    rf"(?:{_LETTERS}|[\s>#|+=\[\]{{}}_,-]++|{_MARKUP}"
    r"|\(?\d{1,6}(?:\.\d{1,9})*+(?:\s?[.):\]|>-]++|\s++(?=[(a-z]))"
    r"|t(?:ime)?\s*+=\s*+\d{1,6}(?:\.\d{1,9})?+\s*+[.,):>|-]++"
    r"|(?:step|action|move|operation)[\s_-]*+#?\d{1,6}\s*+[.):>|-]*+"
    r"|(?:(?:next|my|the)\s)?(?:step|action|move|operation)\s*+[:>]++"
    r"|\((?:define[\s(]++)?:?plan\s++(?=\())*+"
)
# Names of actions that look like the letter of a list.
_LETTER_NAME = re.compile(r"[a-z]|[ivx]{2,4}")
_LEAD_WITHOUT_LETTERS = re.compile(_LEAD.pattern.replace(_LETTERS + "|", "", 1))

# Between two actions, and before the first of a sentence.
JOIN = re.compile(
    rf"(?:{_MARKUP}|[\s,;.|&+<>}}]++|[-=]++>"
    r"|(?:and|then|next|finally|lastly|first(?:ly)?|second(?:ly)?|third(?:ly)?|now|afterwards"
    r"|after that|followed by)(?![\w-]))*+"
)
# Behind an action: a comment, the end of the line, a remark, or what a chain's step claims.
COMMENT = re.compile(r"\s*+;")
CLOSE = re.compile(rf"(?:[\s.,;:!|\])}}>_-]|{_MARKUP})*+\Z")
REMARK = re.compile(
    r"\s*+(?:[;#(\[{:,.!?|]|//|-+\s|<-|[-=]+>|(?:because|since|so|which|while|making|leaving|thus|as)(?![\w-])"
    r"|(?:in order )?to (?:achieve|complete|make|free|clear|get|reach|satisfy|create|finish|build|expose|access)\b)"
)
CHAIN_CLAIM = re.compile(rf"\s*+(?:{'|'.join((*PARTS, STATE, GOALS))})\s")
# Of parentheses side by side the last may begin a call: "((pick-up a) (stack a b))".
OUTER_PARENTHESES = re.compile(r"\((?:\s*+\()++")
# Behind a call of an action that the domain lacks a remark needs a clear sign.
REMARK_BEHIND_GROUP = re.compile(r"\s*+(?:[\[#]|//)")
# Behind a number less will do.
REMARK_BEHIND_STEP = re.compile(
    r"\s*+(?:[\[#:,]|//|-+\s|<-|[-=]+>|(?:because|since|so|which|while|making|leaving|thus|as|and|to|in order)(?![\w-]))"
)

# Words before an action that may announce it: "The plan is: pick up ...", "We do (pick-up b)".
ANNOUNCEMENT = re.compile(r"[^:()]{1,60}:(?!\S)|[^:()]{1,80}(?=\()")
# A label of any words before a call in parentheses: "hand: (", "State 1 -> (", "t1 (left) | (".
LABEL_OF_CALL = re.compile(r"(?:[^()]|\([^()]{0,20}\)){1,60}?(?:[:=>|]|\s-)\s*+(?=\()")
# Words before a call that say that it is not, or only perhaps, a step. Apostrophes have become blanks.
NEGATED = re.compile(
    r"\b(?:not|never|cannot|can ?not|nor|neither|without|avoid(?:s|ing)?|unable|impossible|illegal|forbidden"
    r"|instead of|rather than|should have|no(?!\W*\d)"
    r"|(?:ca|do|does|did|wo|would|could|should|is|are|was|were|must|need|has|have|had)n ?t)\b"
)
_SUPPOSED = re.compile(r"\b(?:if|unless|suppose|supposing|imagine|whether|what happens)\b")
_PERHAPS = re.compile(r"\b(?:would|could|might)\b(?! be\b)")
# "Since a is not clear, the plan is": what is negated in one clause says nothing of the next.
_NEW_CLAUSE = re.compile(
    r"[.;!?]|, (?=(?:then|the|we|i|my|our|let|and|here)\b)|\b(?:so|therefore|thus|hence|but)\b"
)
# What announces actions on the same line; what announces a plan on the lines below.
STEPS_ANNOUNCED = re.compile(r"\b(?:plans?|solution|answer|sequence|actions?|steps?|do|execute|perform)\b")
PLAN_ANNOUNCED = re.compile(
    r"\b(?:plan|solution|answer|sequence|optimi[sz]ed|corrected|revised|improved|instead|better|final)\b"
)
# What stands below or behind these words is about the plan and no part of it.
EXPLAINED = re.compile(
    r"\b(?:explanations?|explain(?:s|ed)?|because|reasons?|reasoning|why|works (?:as|like|by)|justification|rationale"
    r"|verify|verification|checks?)\b|\Anotes?\W*+\Z"
)
# A label with one of these is of something that holds no steps: "Goal state: ...".
NO_STEPS = re.compile(r"\b(?:thoughts?|goals?|states?|preconditions?|effects?|results?|notes?)\b")
# Headings without a colon.
BARE_HEADING = re.compile(r"\W*+(?:(?:the|my|final|complete|full|correct|optimal)\s+)*+(?:plan|solution|answer)\W*+\Z")
RESTART = re.compile(r"\b(?:start (?:again|over)|try again|scratch that)\b")


def denied(about: str, colon: bool) -> bool:
    """Whether the words before a call say that it is no step. A plan before a colon is one, even if it "would be" so."""
    clause = _NEW_CLAUSE.split(about.rstrip(" .;:!?>=|-("))[-1]
    # "If b is to be reached, the plan is:" announces a plan all the same.
    supposed = _SUPPOSED.search(clause if colon and PLAN_ANNOUNCED.search(clause) else about)
    return bool(supposed or NEGATED.search(clause) or (not colon and _PERHAPS.search(clause)))


def lead_pattern(actions: Iterable[str]) -> re.Pattern[str]:
    """What may stand before an action of a domain; where "(a)" may be an action, it is no letter of a list."""
    return _LEAD_WITHOUT_LETTERS if any(map(_LETTER_NAME.fullmatch, actions)) else _LEAD
