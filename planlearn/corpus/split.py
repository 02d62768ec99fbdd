"""Which split a class of problems belongs to."""

from __future__ import annotations

import hashlib

# Hundredths. "d2" holds the problems of the refinement rounds, which never see a solution plan.
SHARES = {"train": 68, "d2": 16, "validation": 8, "test": 8}


def split_of(problem_class: str) -> str:
    """The split of a class: fixed for ever by its hash, the same for every seed, size and domain."""
    point = int(hashlib.sha256(f"split\0{problem_class}".encode()).hexdigest(), 16) % 100
    for name, share in SHARES.items():
        if point < share:
            return name
        point -= share
    raise AssertionError("the shares do not sum to 100")
