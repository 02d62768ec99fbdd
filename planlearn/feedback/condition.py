"""What of a condition does not hold, in words: literals in a row, each compound part on its own with its `or` and `and`."""

from __future__ import annotations

from collections.abc import Iterable

from val_bridge import Explanation, Fault, Literal

SHOWN = 6
"""Ways, or counterexamples, that a sentence names; it counts the others."""


def unmet_parts(fault: Fault) -> list[str]:
    """The parts of a failed precondition or goal that do not hold; [] for other faults.

    The literals of its conjunction are one part, sorted by atom. A disjunction keeps its "or", so that nobody takes one way for
    a duty; a comparison shows the numbers that it compares.
    """
    literals = [violation.literal for violation in fault.violations if violation.kind.startswith("unsatisfied")]
    compound: list[str] = []
    if literals and fault.evidence is not None and not _plain(fault):
        failing = [child for child in fault.evidence.explanation().children if not child.holds]
        literals = [child.literal for child in failing if child.op == "literal"]
        compound = [_words(child) for child in failing if child.op != "literal"]
    return [text for text in (literals_text(literals), *compound) if text]


def literals_text(literals: Iterable[Literal]) -> str:
    return " ".join(str(literal) for literal in sorted(literals, key=lambda literal: literal.atom))


def _plain(fault: Fault) -> bool:
    """Whether the condition is a conjunction of literals alone; then the violations are all there is."""
    return all(isinstance(part, Literal) for part in fault.evidence.parts)


def _words(node: Explanation, inner: bool = False) -> str:
    """What would have to hold of a node that does not; in brackets where it is part of another."""
    if node.op == "literal":
        return str(node.literal)
    if node.op == "comparison":
        numbers = f", here {node.left} {node.literal.atom[0]} {node.right}" if node.left and node.right else ""
        return f"{node.literal}{numbers}"
    failing = [child for child in node.children if not child.holds]
    if not failing:
        return str(node.literal)  # no object to try
    word = " or " if node.op in ("or", "exists") else " and "
    # Children that hold stand in the tree of and, or and exists alone; a quantifier counts those that it does not show.
    more = max(node.count, len(failing)) - SHOWN
    shown = [_words(child, inner=True) for child in failing[:SHOWN]] + ([f"{more} more"] if more > 0 else [])
    text = word.join(dict.fromkeys(shown))
    return f"[{text}]" if inner and len(shown) > 1 else text
