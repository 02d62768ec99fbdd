"""Verdict -> text, for the models that learn from it and the people who read it.

Takes a `Verdict`, and for the detailed text its `Task` too; gives `Feedback`. The judgement is not repeated
here: what is wrong stands in the verdict, how to say it in templates/*.jinja, one for each kind of fault
under faults/. The text is plain, compact, and the same for the same verdict.

Two levels, after PDDL-Instruct (arXiv 2509.13351): the binary text says whether, and which step fails; the
detailed one says why, what held instead, what each executed step changed, and what would help. Rejected:
VAL's wording (it advises on equations and static facts, which nobody can follow), one function with a flag
(the two need different inputs).
"""

from planlearn.feedback.advice import Advice, advise
from planlearn.feedback.pages import KINDS, PAGES, page_text, summary
from planlearn.feedback.render import CHAIN_KINDS, Feedback, Level, binary_feedback, detailed_feedback, template_hash

__all__ = [
    "CHAIN_KINDS", "KINDS", "PAGES", "Advice", "Feedback", "Level", "advise", "binary_feedback", "detailed_feedback", "page_text", "summary",
    "template_hash",
]
