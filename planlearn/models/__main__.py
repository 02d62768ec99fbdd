"""`python -m planlearn.models NAME`: fetch a preset's weights, print the folder that holds them."""

from __future__ import annotations

import sys

from planlearn.errors import words_for
from planlearn.models.fetch import fetch
from planlearn.models.presets import DEFAULT_MODEL, PRESETS


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else DEFAULT_MODEL
    fetched = sorted(preset.name for preset in PRESETS.values() if preset.source is not None)
    if len(arguments) > 1 or name not in fetched:
        print(
            f"usage: python -m planlearn.models NAME, with NAME one of: {', '.join(fetched)}", file=sys.stderr
        )
        return 2
    try:
        print(fetch(PRESETS[name]))
    except Exception as error:
        if (said := words_for(error)) is None:
            raise
        print(f"planlearn: {said}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
