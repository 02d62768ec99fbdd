"""The paper's table, with controls: arms of `planlearn train` and `planlearn refine` that differ in one thing, at equal tokens.

Takes a domain, a model and seeds; gives commands (`arms`), each of which goes on where a killed one stopped, and from what their
folders hold tables, tests and plots (`compare`, `report`). No torch here: every command is a process of its own.
"""

from planlearn.ablate.arms import ARMS, PAIRS, Arm, Budget, Places, Plan, Step, Work, chosen, refuse_unequal
from planlearn.ablate.compare import Comparison, Measured, collect, compared, measured
from planlearn.ablate.expect import expected_seconds
from planlearn.ablate.report import tables, write_report

__all__ = [
    "ARMS", "PAIRS", "Arm", "Budget", "Comparison", "Measured", "Places", "Plan", "Step", "Work", "chosen", "collect", "compared",
    "expected_seconds", "measured", "refuse_unequal", "tables", "write_report",
]
