"""A recorded run, played again: the answers of a samples.jsonl to the prompts that they were given to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from planlearn.evaluate.answers import Completion, Prompt, Stop
from planlearn.evaluate.arms import Complete, Kind, kind_of
from planlearn.evaluate.samples import SamplesError
from planlearn.evaluate.saved import samples_file, saved_rows

NOT_RECORDED = "not in the recording"


def replay(path: Path, *, arm: str | None = None) -> Complete:
    """Answers as an earlier evaluation was answered: same problem, attempt and prompt; same text, tokens, seconds and cost.

    path: a samples.jsonl or the folder it stands in. arm: whose answers; None for a recording in which no two arms answered one prompt
    differently. Problem and attempt are told by a prompt's id, as `planlearn.evaluate.arms.turn_id` makes it. Another prompt, if only by
    a letter, has stop MISSING; one that stands whole in the recorded prompt, as in a model's chat template, is the same.

    Raises SamplesError for a file that is no samples.jsonl, has no answer of the arm, or two different ones to one prompt; while asked, where
    it has the problems under other prompts alone.
    """
    file = samples_file(path)
    known: dict[tuple[str, str], tuple[int, Completion]] = {}
    for number, row in saved_rows(file):
        if arm is not None and row["arm"] != arm:
            continue
        try:
            completion = _completion(row)
        except (KeyError, TypeError, ValueError) as error:
            raise SamplesError(f"{file}:{number}: not an answer that can be replayed ({error})") from None
        line, former = known.setdefault((completion.id, row["prompt"]), (number, completion))
        if former.text != completion.text:
            raise SamplesError(f"{file}:{number}: another answer to the prompt of line {line}; name the arm that is to be replayed")
    if not known and (arm is None or kind_of(arm) is not Kind.IN_TURN):  # where the first attempts were all right there is no further one
        raise SamplesError(f"{file}: no answer of arm {arm}")

    by_id: dict[str, list[tuple[str, Completion]]] = {}
    for (name, text), (_, completion) in known.items():
        by_id.setdefault(name, []).append((text, completion))

    def find(prompt: Prompt) -> Completion | None:
        exact = known.get((prompt.id, prompt.text))
        if exact is not None:
            return exact[1]
        return next((completion for text, completion in by_id.get(prompt.id, ()) if prompt.text and prompt.text in text), None)

    matched = False

    def complete(prompts: Sequence[Prompt]) -> Iterator[Completion]:
        nonlocal matched
        found = {prompt.id: find(prompt) for prompt in prompts}
        matched = matched or any(found.values())
        if not matched and any(name in by_id for name in found):
            raise SamplesError(f"{file}: has an answer to none of {len(found)} prompts; its problems were asked otherwise")
        for name, completion in found.items():
            yield completion if completion is not None else Completion(
                id=name, text="", stop=Stop.MISSING, reason=NOT_RECORDED, prompt_tokens=0, tokens=0, seconds=0.0
            )

    return complete


def _completion(row: Mapping[str, Any]) -> Completion:
    """Raises KeyError, TypeError or ValueError for fields that a row lacks or that are not what they should be."""
    attempt, cost = row.get("attempt", 1), row.get("cost")
    if any(type(count) is not int for count in (attempt, row["prompt_tokens"], row["tokens"])):
        raise TypeError("attempt, prompt_tokens, tokens: expected whole numbers")
    return Completion(
        id=row["id"] if attempt == 1 else f"{row['id']}#{attempt}", text=row["answer"], stop=Stop(row["stop"]),
        prompt_tokens=row["prompt_tokens"], tokens=row["tokens"], seconds=float(row["seconds"]),
        cost=None if cost is None else float(cost),
    )
