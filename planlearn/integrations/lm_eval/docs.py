"""What the YAML files of this folder call: the documents, the prompt of one, the judgement of an answer to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle
from planlearn.errors import PlanlearnError
from planlearn.evaluate import Asked, Reader, Result, Sample, asked_from_file, asked_from_rows, chain_prompt, score
from planlearn.evaluate.prompts import plan_prompt
from planlearn.evaluate.sets import SETS, read_set
from planlearn.integrations.request import read_row

ASKS = ("planlearn", "chat")


def documents(
    domain: str, set: str, problems: str | None = None, ask: str = ASKS[0], style: Mapping[str, Any] | None = None,  # noqa: A002
    **_: Any,
) -> dict[str, Any]:
    """{"test": the documents}; called by lm-evaluation-harness with the task's metadata, of which most is not ours.

    set: the carried set's name. Raises PlanlearnError for what the metadata gets wrong, and for a problem without a plan.
    """
    from datasets import Dataset

    if ask not in ASKS:
        raise PlanlearnError(f"ask: expected one of {', '.join(ASKS)}, found {ask!r}")
    try:
        chain_style = ChainStyle(**(style or {}))
    except (TypeError, ValueError) as error:
        raise PlanlearnError(f"style: {error}") from None
    asked = _asked(domain, set, problems)
    without = next((one.id for one in asked if not one.solvable), None)
    if without is not None:
        raise PlanlearnError(f"{problems}: {without} has no plan (solvable: false); this task asks for plans")
    return {"test": Dataset.from_list(list(_rows(asked, ask, chain_style)))}


def _asked(domain: str, name: str, problems: str | None) -> list[Asked]:
    """The domain's problems, of the carried set with that name, or of somebody's file or folder."""
    if problems is None:
        return asked_from_rows(read_set(name))
    if problems in SETS:
        asked = asked_from_rows(read_set(problems))
    else:
        path = Path(problems)
        asked = asked_from_file(path / f"{domain}.jsonl" if path.is_dir() else path)
    found = [one for one in asked if one.domain == domain]
    if not found:
        raise PlanlearnError(f"{problems} holds no problem of domain {domain}")
    return found


def _rows(asked: Sequence[Asked], ask: str, style: ChainStyle) -> Iterator[dict[str, Any]]:
    for one in asked:
        ours = ask == ASKS[0]
        yield {
            "id": one.id, "domain": one.domain, "size": one.size, "steps": one.reference_length,
            "prompt": chain_prompt(one, style) if ours else plan_prompt(one),
            "reader": (Reader.STRICT if ours else Reader.LENIENT).value,
            "domain_pddl": one.domain_text, "problem_pddl": one.problem_text,
        }


def prompt(doc: Mapping[str, Any]) -> str:
    """A function and no template: our prompt's last newline must stay."""
    return str(doc["prompt"])


def target(doc: Mapping[str, Any]) -> str:
    """Nothing: any plan that holds is right, so there is no text to compare with."""
    return ""


def judge(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """The numbers of one answer; those that it has no part in are left out, as in results.json."""
    sample = Sample(
        domain=doc["domain"], arm="lm_eval", id=doc["id"], size=doc["size"], prompt=doc["prompt"], answer=results[0], stop="",
        prompt_tokens=0, tokens=0, seconds=0.0, reference_length=doc["steps"], reader=Reader(doc["reader"]),
    )
    record = score(read_row(doc), sample)
    if record.outcome is Result.CHECKER_ERROR:
        return {"checker_error": 1.0}
    numbers = {
        "plan_validity": float(record.outcome is Result.VALID), "goal_reached": float(bool(record.goal_reached)), "checker_error": 0.0,
    }
    if record.plan and record.executed is not None:
        numbers["executable_prefix"] = record.executed / len(record.plan)
    return numbers
