"""The real VAL on what was called valid: a difference must be one that is known, or it is a find."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.fuzz.explained import explained
from tests.fuzz.oracles import Valid
from val_bridge.dialect.binary import find_val
from val_bridge.dialect.crosscheck import crosscheck
from val_bridge.dialect.reading import Said


def disagreements(valid: dict[Valid, str], out: Path) -> int:
    """Asks about each plan; prints how many differences each known cause explains; saves and counts the others."""
    val = find_val()
    known: Counter[str] = Counter()
    unexplained = 0
    for number, (case, name) in enumerate(valid.items(), 1):
        (answer,) = crosscheck(case.domain, case.problem, [(name, case.plan.encode())], val)
        if answer.theirs.said is Said.VALID:
            known["(both valid)"] += 1
        elif cause := answer.deviation or explained(case, answer.theirs):
            known[cause] += 1
        else:
            unexplained += 1
            folder = out / f"val-{name}"
            folder.mkdir(parents=True, exist_ok=True)
            for file, text in (("domain.pddl", case.domain), ("problem.pddl", case.problem), ("plan", case.plan)):
                (folder / file).write_bytes(text.encode("utf-8", "surrogatepass"))
            print(f"\rval-{name}: {answer}", file=sys.stderr)
        if number % 20 == 0 or number == len(valid):
            print(f"\rVAL: {number} of {len(valid)} ", end="", file=sys.stderr)
    print(file=sys.stderr)
    for cause, count in sorted(known.items()):
        print(f"{count:7} VAL: {cause}")
    return unexplained
