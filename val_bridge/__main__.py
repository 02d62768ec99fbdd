"""`python -m val_bridge domain problem plan...`: one sentence a plan.

Exit status: 0 if all plans are valid, 1 if some are not, 2 if a text cannot be read or asks for an
unsupported feature, 3 after an internal error.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence

from val_bridge.check import Outcome, check_plan
from val_bridge.check.plan import unreadable
from val_bridge.pddl import SourceError, load_plan
from val_bridge.semantics import Task, load_task

_STATUS = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.UNREADABLE: 2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a sentence for each plan; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m val_bridge",
        description="Judge plans. Exit status: 0 all valid, 1 some invalid, 2 unreadable or unsupported.",
    )
    parser.add_argument("domain")
    parser.add_argument("problem")
    parser.add_argument("plan", nargs="+")
    options = parser.parse_args(arguments)
    try:
        task = load_task(options.domain, options.problem)
        return max(_judge(task, path) for path in options.plan)
    except (SourceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception:
        # Python itself would exit with 1, which here means an invalid plan.
        traceback.print_exc()
        return 3


def _judge(task: Task, path: str) -> int:
    """Prints the verdict on one file, so that an unreadable one costs no other its verdict."""
    try:
        verdict = check_plan(task, load_plan(path))
    except SourceError as error:
        verdict = unreadable(error)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{path}: {verdict}")
    return _STATUS[verdict.outcome]


if __name__ == "__main__":
    sys.exit(main())
