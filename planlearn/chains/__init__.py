"""Chains ⟨s, a, s'⟩ as text, and text as claims.

Takes a `Task` and a true `Chain` and gives the prompt and the answer that a model learns to write; takes what
a model wrote and gives a `ParsedChain`: what the text asserts, true or not. Judging it is
`val_bridge.check_chain`'s work.

One text format for all models and tasks (see `grammar`): one line a step, in which each atom stands once,
behind the word that says its part. Rejected: separate lists of preconditions and effects (in most domains a
precondition is deleted by the step, so it would be written twice: a fifth more tokens in Blocksworld), JSON
(three times the tokens), PDDL's own parentheses (a third more tokens, and nothing that a reader needs).

Two readers. `read_answer` is strict and reads that format alone: training and evaluation of our own models use it.
`find_plan` reads the plan out of any answer, says what it skipped, and hands a text in our format to the strict one.
"""

from planlearn.chains.found import FoundPlan, Skipped, SkipReason
from planlearn.chains.grammar import RESERVED, ChainStyle, ReservedWord
from planlearn.chains.lenient import find_plan
from planlearn.chains.read import Answer, read_answer, read_plan_section
from planlearn.chains.write import (
    Role,
    Segment,
    action_line,
    answer_segments,
    chain_stretches,
    chain_text,
    claims_text,
    domain_text,
    goals_text,
    literals_text,
    plan_text,
    problem_prompt,
    state_text,
    unsolvable_segments,
)

__all__ = [
    "RESERVED", "Answer", "ChainStyle", "FoundPlan", "ReservedWord", "Role", "Segment", "SkipReason", "Skipped",
    "action_line", "answer_segments", "chain_stretches", "chain_text", "claims_text", "domain_text", "find_plan",
    "goals_text", "literals_text", "plan_text",
    "problem_prompt", "read_answer", "read_plan_section", "state_text", "unsolvable_segments",
]
