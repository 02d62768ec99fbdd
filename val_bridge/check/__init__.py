"""Task and plan, or task and claimed chain -> verdict.

Two checkers over one semantics: `check_plan` stops at the first fault, since later states would be guesses;
`check_chain` judges every claimed step from the state that the text itself claims, and so can list all
faults. Both give structured answers; wording for people and models belongs to whoever asks.

Not taken: a bool as the answer (unreadable is not invalid); applying a failed action's effects and going on,
as `Validate -c` does (what follows is about no plan at all).
"""

from val_bridge.check.answers import chain_answer, no_answer, no_chain_answer, plan_answer, source_answer
from val_bridge.check.chain import check_chain
from val_bridge.check.chain_json import load_chain, read_chain
from val_bridge.check.faults import Fault, FaultKind, Outcome, Verdict, Violation
from val_bridge.check.plan import check_plan, check_plan_text

__all__ = [
    "Fault",
    "FaultKind",
    "Outcome",
    "Verdict",
    "Violation",
    "chain_answer",
    "check_chain",
    "check_plan",
    "check_plan_text",
    "load_chain",
    "no_answer",
    "no_chain_answer",
    "plan_answer",
    "read_chain",
    "source_answer",
]
