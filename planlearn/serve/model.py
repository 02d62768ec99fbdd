"""A model in a process of its own, asked by the page: `python -m planlearn.serve.model FOLDER TOKENS`, or another `main` with a model that is loaded.

    in   {"prompt": text, "seconds": most}, and {"cancel": true} while it answers
    out  {"ready": true, "style": {...}, "trained_on": domain} or {"ready": true, "trouble": sentence}; then for each prompt
         {"text": so far} behind each line, and at last {"done": true, "text": all, "stop": why} or {"done": true, "trouble": sentence}

The text so far is told at each newline, where `planlearn.models.generate` asks whether the answer is worth going on with.

What it takes is bounded by the model's context and by TOKENS, not by the system: RLIMIT_AS counts addresses, of which torch and CUDA reserve many times what
they use, so that a limit low enough to protect the machine would refuse models that fit. The folder is chosen by who starts the server, not by the page.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from planlearn.errors import words_for

if TYPE_CHECKING:
    from planlearn.chains import ChainStyle
    from planlearn.models import LoadedModel

CANCELLED, LATE = "cancelled", "late"

Loaded = tuple["LoadedModel", "ChainStyle", str]
"""The model, how its chains are written, the domain that it learned."""


def main(load: Callable[[], Loaded], tokens: int) -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**what: Any) -> None:
        print(json.dumps(what), file=answers, flush=True)

    try:
        loaded, style, trained_on = load()
    except Exception as error:
        say(ready=True, trouble=_sentence(error))
        return
    say(ready=True, style=asdict(style), trained_on=trained_on)
    prompts: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    cancelled = threading.Event()
    threading.Thread(target=_listen, args=(sys.stdin, prompts, cancelled), daemon=True).start()
    while True:
        request = prompts.get()
        cancelled.clear()
        try:
            text, stop = _answered(loaded, request["prompt"], tokens, time.monotonic() + request["seconds"], cancelled, lambda text: say(text=text))
            say(done=True, text=text, stop=stop)
        except Exception as error:
            say(done=True, trouble=_sentence(error))


def _listen(lines: TextIO, prompts: queue.SimpleQueue[dict[str, Any]], cancelled: threading.Event) -> None:
    for line in lines:
        request = json.loads(line)
        if request.get("cancel"):
            cancelled.set()
        else:
            prompts.put(request)
    os._exit(0)  # nobody is left who would read the answer


def _answered(
    loaded: LoadedModel, prompt: str, tokens: int, until: float, cancelled: threading.Event, tell: Callable[[str], None]
) -> tuple[str, str]:
    """(the answer, why it ended: "end", "cap", "cancelled" or "late")."""
    from planlearn.evaluate import Prompt, Stop
    from planlearn.models import generate

    def so_far(text: str) -> str | None:
        if cancelled.is_set():
            return CANCELLED
        if time.monotonic() > until:
            return LATE
        tell(text)
        return None

    (completion,) = generate(loaded, [Prompt(id="page", text=prompt, hopeless=so_far)], max_tokens=tokens)
    return completion.text, completion.reason if completion.stop is Stop.HOPELESS else completion.stop.value


def _sentence(error: Exception) -> str:
    return " ".join((words_for(error) or f"The model failed: {type(error).__name__}: {error}").split())[:500]


def trained(folder: Path) -> Loaded:
    """What a training run left in a folder. Raises as `planlearn.models.load_trained`."""
    from planlearn.models import load_trained, trained_recipe
    from planlearn.recipes import DEFAULT_DOMAIN

    loaded, style, _ = load_trained(folder, None)
    return loaded, style, str(trained_recipe(folder).get("domain", DEFAULT_DOMAIN))


if __name__ == "__main__":
    main(lambda: trained(Path(sys.argv[1])), int(sys.argv[2]))
