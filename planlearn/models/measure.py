"""Let a model answer problems and judge what it wrote: plan validity, greedy, one attempt, no feedback."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle, problem_prompt, read_answer
from planlearn.evaluate import (
    Asked,
    Prompt,
    Sample,
    SampleLog,
    build_results,
    lost_cause,
    refuse_finished,
    score,
    write_results,
)
from planlearn.models.generate import generate
from planlearn.models.load import LoadedModel
from planlearn.progress import Progress

ARM = "greedy"


def evaluate(
    loaded: LoadedModel, asked: Iterable[Asked], style: ChainStyle, out: Path, *, batch: int, max_tokens: int,
    about: dict[str, Any], force: bool = False,
) -> dict[str, Any]:
    """Answer every problem greedily and write `results.json` and `samples.jsonl` in `out`; gives the results.

    Goes on where a killed evaluation stopped. Raises ResultExists where `out` holds a finished result, unless forced.
    """
    asked = list(asked)
    results_path = out / "results.json"
    refuse_finished(results_path, force=force)
    texts = {a.id: problem_prompt(a.task, style) for a in asked}
    settings = json.dumps([about, max_tokens, loaded.base_hash, dataclasses.asdict(style), texts], sort_keys=True)
    run = hashlib.sha256(settings.encode()).hexdigest()[:16]
    samples = out / "samples.jsonl"
    if results_path.exists():  # forced: the answers of the finished result are made anew
        results_path.unlink()
        samples.unlink(missing_ok=True)
    with SampleLog(samples, run=run) as log:
        todo = {a.id: a for a in asked if (a.domain, ARM, a.id) not in log}
        prompts = [Prompt(id=a.id, text=texts[a.id], hopeless=lost_cause(a.task)) for a in todo.values()]
        progress = Progress("evaluate", len(asked), "problems", start=len(asked) - len(todo))
        valid = sum(record.outcome.value == "valid" for record in log.records)
        for completion in generate(loaded, prompts, max_tokens=max_tokens, batch_size=batch):
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
            about=about | {"style": dataclasses.asdict(style), "max_tokens": max_tokens, "batch": batch},
            hashes={"base_weights": loaded.base_hash},
        )
    write_results(results_path, results, force=force)
    return results
