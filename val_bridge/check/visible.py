"""Text that somebody else wrote, safe to show: what would steer a terminal or turn the reading direction is shown by its number."""

from __future__ import annotations

import re
from unicodedata import category

# Controls, formatting marks (all bidi controls are among them), lone surrogates, line and paragraph separators.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def visible(text: str) -> str:
    """The text on one line: a tab is a blank, and other characters that show nothing are `⟨U+202E⟩`."""
    return _SUSPECT.sub(lambda found: _shown(found[0]), text)


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    return f"⟨U+{ord(character):04X}⟩" if category(character) in _HIDDEN else character
