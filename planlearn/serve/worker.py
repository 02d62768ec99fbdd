"""The checking process: one JSON line in, one JSON line out, with limits that the system keeps. Run as `python -m planlearn.serve.worker MEMORY ANSWER [patient]`.

Behind an answer with "last" it ends: nobody knows what an error left behind.

It inherits nothing of the server: no socket, no token. It ends when its input ends. What it may hold is limited by RLIMIT_AS, what it may
write by RLIMIT_FSIZE (nothing); should the server be killed while it works, an alarm ends it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any

GRACE = 5.0
"""Seconds behind the limit after which a worker that nobody ended ends itself."""
OUT_OF_MEMORY = "Checking this took more memory than it may have."
TOO_LONG = "What there is to say of this text is too long to show."


def main(memory: int, most: int, *, patient: bool = False) -> None:
    """Answer until the input ends. memory: bytes of address space; most: bytes of an answer; patient: where the machine has something else to do, later."""
    if patient:
        os.nice(10)
    sys.dont_write_bytecode = True
    # Ctrl-C goes to the whole group of processes: the server ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever is printed by accident must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from planlearn.serve.judge import answer
    from planlearn.report import pictures  # noqa: F401 - read before the limits are set

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + GRACE)
        text, going = _said(answer, request, most)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(text, file=answers, flush=True)
        if not going:
            return


def _said(answer: Any, request: Mapping[str, Any], most: int) -> tuple[str, bool]:
    """The answer as JSON, and whether this process is still good for another."""
    try:
        text = json.dumps(answer(request))
    except MemoryError:
        return json.dumps({"trouble": OUT_OF_MEMORY, "last": True}), False
    except Exception as error:
        return json.dumps({"trouble": f"The checker failed: {type(error).__name__}: {error}"[:500], "last": True}), False
    return (text, True) if len(text) <= most else (json.dumps({"trouble": TOO_LONG}), True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), patient="patient" in sys.argv[3:])
