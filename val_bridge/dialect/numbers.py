"""Numbers as VAL writes them: floats, with ten digits in reports and six in advice."""

from __future__ import annotations

from fractions import Fraction


def long_number(value: Fraction | int | float) -> str:
    """As VAL's reports have it, `0.3333333333`."""
    return f"{inexact(value):.10g}"


def short_number(value: Fraction | int | float) -> str:
    """As VAL's advice has it, `0.333333`."""
    return f"{inexact(value):g}"


def inexact(value: Fraction | int | float) -> float:
    """The nearest float; infinite where there is none."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
