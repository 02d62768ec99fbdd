"""Ask problems, judge what was written, write samples.jsonl and results.json: whoever writes the answers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle, problem_prompt, read_answer
from planlearn.evaluate.answers import Completion, Prompt, lost_cause
from planlearn.evaluate.asked import Asked
from planlearn.evaluate.results import build_results, refuse_finished, write_results
from planlearn.evaluate.samples import SampleLog
from planlearn.evaluate.scoring import Sample, score
from planlearn.progress import Progress

ARM = "greedy"
Complete = Callable[[Sequence[Prompt]], Iterable[Completion]]
"""Answers each prompt greedily, in any order."""


def measure(
    complete: Complete, asked: Iterable[Asked], style: ChainStyle, out: Path, *, max_tokens: int, about: Mapping[str, Any],
    hashes: Mapping[str, str], force: bool = False, said: Mapping[str, Any] | None = None, what: str = "evaluate",
) -> dict[str, Any]:
    """Ask every problem once and write `results.json` and `samples.jsonl` in `out`; gives the results.

    max_tokens: the cap of an answer, which `complete` keeps. about, hashes: what is measured, and sha256 of what decides the answers
    beside it. said: what else stands in the results' `about` and decides no answer. what: the
    progress line's first words.
    Goes on where a killed evaluation stopped. Raises ResultExists where `out` holds a finished result, unless forced.
    """
    asked = list(asked)
    results_path = out / "results.json"
    refuse_finished(results_path, force=force)
    texts = {a.id: problem_prompt(a.task, style) for a in asked}
    settings = json.dumps([dict(about), max_tokens, dict(hashes), dataclasses.asdict(style), texts], sort_keys=True)
    run = hashlib.sha256(settings.encode()).hexdigest()[:16]
    samples = out / "samples.jsonl"
    if results_path.exists():  # forced: the answers of the finished result are made anew
        results_path.unlink()
        samples.unlink(missing_ok=True)
    with SampleLog(samples, run=run) as log:
        todo = {a.id: a for a in asked if (a.domain, ARM, a.id) not in log}
        prompts = [Prompt(id=a.id, text=texts[a.id], hopeless=lost_cause(a.task)) for a in todo.values()]
        progress = Progress(what, len(asked), "problems", start=len(asked) - len(todo))
        valid = sum(record.outcome.value == "valid" for record in log.records)
        for completion in complete(prompts):
            one = todo[completion.id]
            sample = Sample(
                domain=one.domain, arm=ARM, id=one.id, size=one.size, prompt=texts[one.id], answer=completion.text,
                stop=completion.stop.value, prompt_tokens=completion.prompt_tokens, tokens=completion.tokens,
                seconds=completion.seconds, reference_length=one.reference_length,
            )
            record = score(one.task, read_answer(completion.text, one.task), sample)
            log.append(record)
            valid += record.outcome.value == "valid"
            progress.update(len(log.records), f"{valid} valid")
        progress.note = f"{valid} valid"
        progress.close()
        results = build_results(
            log.records,
            about=dict(about) | {"style": dataclasses.asdict(style), "max_tokens": max_tokens} | dict(said or {}),
            hashes=hashes,
        )
    write_results(results_path, results, force=force)
    return results
