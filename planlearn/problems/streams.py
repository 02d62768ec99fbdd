"""Randomness with an address: one independent stream a path."""

from __future__ import annotations

import hashlib
import random


def stream(*path: str | int) -> random.Random:
    """A random stream named by its path, e.g. `stream(seed, "blocksworld", "train", index)`.

    The seed is the SHA-256 of the path's parts joined with NUL: equal paths give equal streams on every
    machine, and no two paths share one (with seed + index, run 1's problem 5 is run 2's problem 4). The
    number 1 and the text "1" are the same part. Raises ValueError for an empty path or a part that holds NUL.
    """
    parts = [str(part) for part in path]
    if not parts or any("\0" in part for part in parts):
        raise ValueError(f"a stream's path needs at least one part and no NUL in any, found {path!r}")
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))
