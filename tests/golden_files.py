"""Golden files: text that people or models read, kept under tests/golden/ so that a change of it is seen.

`make golden` (PLANLEARN_GOLDEN=1) rewrites them; review the diff.
"""

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Compare a text with tests/golden/<name>, or write it there if PLANLEARN_GOLDEN=1."""
    path = GOLDEN / name
    if os.environ.get("PLANLEARN_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden file {name}; `make golden` writes it"
    assert text == path.read_text(encoding="utf-8")
