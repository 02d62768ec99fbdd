"""One example: what is asked, what is to be written, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planlearn.chains import Role, Segment

GIVEN = (Role.PROMPT, Role.FEEDBACK)
"""What a model is given; these segments stand before all that it writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """kind: "chain" (write chain and plan), "judge" (Phase 1, and the model's own plans in Phase 2) or "mend" (a chain and
    feedback on it are given, the corrected chain and plan are to be written), "unsolvable" (no plan exists, the answer says so, steps is 0)
    or "wrong" (an invalid plan, for unlikelihood). error: the class of what is wrong with a judged plan, planted or the model's own, or "".
    """

    id: str
    kind: str
    domain: str
    size: str
    split: str
    seed: int
    problem_class: str
    problem_pddl: str
    plan: str
    steps: int
    error: str
    segments: tuple[Segment, ...]

    @property
    def prompt(self) -> str:
        return "".join(s.text for s in self.segments if s.role in GIVEN)

    @property
    def completion(self) -> str:
        return "".join(s.text for s in self.segments if s.role not in GIVEN)

    def to_row(self) -> dict[str, Any]:
        """Columns of the dataset: TRL's `prompt` and `completion`, the segments with their roles, the origin."""
        return {
            "id": self.id, "kind": self.kind, "prompt": self.prompt, "completion": self.completion,
            "segments": [{"role": s.role.value, "text": s.text} for s in self.segments],
            "domain": self.domain, "size": self.size, "split": self.split, "seed": self.seed,
            "problem_class": self.problem_class, "problem_pddl": self.problem_pddl, "plan": self.plan,
            "steps": self.steps, "error": self.error,
        }
