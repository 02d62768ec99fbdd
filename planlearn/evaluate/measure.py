"""Ask problems, judge what was written, write samples.jsonl and results.json: whoever writes the answers, in whatever arm."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle, problem_prompt
from planlearn.errors import PlanlearnError
from planlearn.evaluate.answers import Completion, Stop, lost_cause
from planlearn.evaluate.arms import GREEDY, Arm, Asking, Complete, Turn
from planlearn.evaluate.asked import Asked
from planlearn.evaluate.lm_eval_shape import lm_eval_results
from planlearn.evaluate.results import build_results, missing_before, refuse_finished, write_results
from planlearn.evaluate.samples import SHARED, SampleLog
from planlearn.evaluate.scoring import Result, Sample, SampleRecord, score
from planlearn.evaluate.verdicts import VERDICTS_FILE, VerdictAsker, ask_verdicts, verdict_rows
from planlearn.files import write_json
from planlearn.progress import Progress


def greedy_arm(complete: Complete, style: ChainStyle, *, max_tokens: int) -> Asking:
    """The model alone: our own prompt, once; `complete` decodes greedily over the whole vocabulary and keeps the cap."""
    return Asking(
        name=GREEDY, says="the model alone: greedy, whole vocabulary, one attempt, no feedback", answer=complete,
        text=lambda asked: chain_prompt(asked, style), hopeless=lost_cause,
        settings={"max_tokens": max_tokens, "style": dataclasses.asdict(style)},
    )


def chain_prompt(asked: Asked, style: ChainStyle) -> str:
    """The problem in our own format; its schemas stand there too where its names are no domain's that a model could know."""
    return problem_prompt(asked.task, dataclasses.replace(style, domain_in_prompt=True) if asked.own_domain else style)


def measure(
    complete: Complete, asked: Iterable[Asked], style: ChainStyle, out: Path, *, max_tokens: int, about: Mapping[str, Any],
    hashes: Mapping[str, str], force: bool = False, said: Mapping[str, Any] | None = None, what: str = "evaluate",
) -> dict[str, Any]:
    """The greedy arm alone; see `measure_arms`. max_tokens: the cap of an answer, which `complete` keeps."""
    return measure_arms(
        [greedy_arm(complete, style, max_tokens=max_tokens)], asked, out, about=about, hashes=hashes, force=force, what=what,
        said={"style": dataclasses.asdict(style), "max_tokens": max_tokens} | dict(said or {}),
    )


def measure_arms(
    arms: Sequence[Arm], asked: Iterable[Asked], out: Path, *, about: Mapping[str, Any], hashes: Mapping[str, str], force: bool = False,
    said: Mapping[str, Any] | None = None, verdicts: VerdictAsker | None = None, what: str = "evaluate",
) -> dict[str, Any]:
    """Ask every problem in each arm and write `results.json`, `results_lm_eval.json` and `samples.jsonl` in `out`; gives the results.

    about, hashes: what is measured, and sha256 of what decides the answers beside it. said: what else stands in the results'
    `about` and decides no answer. verdicts: asks the model what it thinks of the plans of the greedy arm, into `verdicts.jsonl`. what: the
    progress line's first words.
    Goes on where a killed evaluation stopped, asks again where an answer was missing, and adds arms to a result that lacks them. Raises
    ResultExists where `out` holds all of it finished, unless forced; PlanlearnError where an arm's first attempts are no arm's before it.
    """
    asked = list(asked)
    for place, arm in enumerate(arms):
        if arm.first and arm.first not in [one.name for one in arms[:place]]:
            raise PlanlearnError(f"arm {arm.name} goes on from arm {arm.first}, which has to be asked before it")
    results_path, samples = out / "results.json", out / "samples.jsonl"
    refuse_finished(results_path, force=force, arms=[arm.name for arm in arms], verdicts=verdicts is not None)
    if force and results_path.exists():  # the answers of the finished result are made anew
        for path in (results_path, samples, out / VERDICTS_FILE):
            path.unlink(missing_ok=True)
    runs = {arm.name: _fingerprint(arm, asked, about, hashes) for arm in arms}
    former = json.loads(results_path.read_text(encoding="utf-8")) if results_path.exists() else {"about": {}, "results": {}}
    missing = missing_before(former, runs) | {(one.domain, arm.name): [] for one in asked for arm in arms}
    with SampleLog(samples, runs=runs) as log:
        for arm in arms:
            missing |= _ask(arm, asked, log, what if len(arms) == 1 else f"{what}, {arm.name}")
        judged = verdict_rows(out / VERDICTS_FILE)
        if verdicts is not None:
            judged = ask_verdicts(verdicts, asked, log.records, out / VERDICTS_FILE, run=runs.get(GREEDY, ""), what=f"{what}, own verdicts")
        results = build_results(
            log.records, about=_about(former["about"], dict(about) | dict(said or {}), arms), hashes=hashes, missing=missing, verdicts=judged,
        )
    write_results(results_path, results, force=True)
    write_json(out / "results_lm_eval.json", lm_eval_results(results))
    return results


def _about(former: Mapping[str, Any], now: Mapping[str, Any], arms: Sequence[Arm]) -> dict[str, Any]:
    """What is said of this call, and of arms that stand there from earlier ones."""
    about = {**former, **now, "arms": former.get("arms", {}) | {arm.name: arm.says for arm in arms}}
    if "shots" in about:
        about["shots"] = former.get("shots", {}) | now.get("shots", {})
    return about


def _fingerprint(arm: Arm, asked: Sequence[Asked], about: Mapping[str, Any], hashes: Mapping[str, str]) -> str:
    """Of what all arms of a run share (see `SampleLog`), and of the arm's own settings."""
    first = [[turn.prompt.text for turn in arm.turns(one, ())[:1]] for one in asked]
    problems = [[one.domain, one.id, one.domain_text, one.problem_text, one.solvable] for one in asked]

    def short(*settings: Any) -> str:
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]

    return f"{short(dict(about), dict(hashes), problems)}{SHARED}{short(arm.name, arm.reader, dict(arm.settings), first)}"


def _ask(arm: Arm, asked: Sequence[Asked], log: SampleLog, what: str) -> dict[tuple[str, str], list[str]]:
    """Ask an arm's turns until there is none left; gives the problems of which an answer is missing, by domain and arm."""
    records: dict[tuple[str, str], list[SampleRecord]] = {(one.domain, one.id): [] for one in asked}
    for record in log.records:
        if record.sample.arm in (arm.name, arm.first) and (key := (record.sample.domain, record.sample.id)) in records:
            records[key].append(record)
    for some in records.values():
        some.sort(key=lambda record: record.sample.attempt)
    own = sum(record.sample.arm == arm.name for some in records.values() for record in some)
    given_up: set[tuple[str, str]] = set()
    open_turns = _turns(arm, asked, records, given_up)
    progress = Progress(what, own + len(open_turns), "answers", start=own)
    done, valid = own, sum(record.outcome is Result.VALID for some in records.values() for record in some)
    while open_turns:
        turns = {turn.prompt.id: turn for turn in open_turns}
        for completion in arm.complete(open_turns):
            turn = turns[completion.id]
            key = (turn.asked.domain, turn.asked.id)
            if completion.stop is Stop.MISSING:
                given_up.add(key)
                print(f"\n{what}: no answer to {completion.id}: {completion.reason}", file=sys.stderr)
            else:
                record = score(turn.asked.task, _sample(arm, turn, completion))
                log.append(record)
                records[key].append(record)
                valid += record.outcome is Result.VALID
            done += 1
            progress.update(done, f"{valid} valid")
        open_turns = _turns(arm, asked, records, given_up)
        progress.total += len(open_turns)
    progress.done, progress.note = done, f"{valid} valid"
    progress.close()
    given_up |= {key for key, some in records.items() if arm.first and not some}  # there is no first attempt to go on from
    missing: dict[tuple[str, str], list[str]] = {}
    for domain, name in sorted(given_up):
        missing.setdefault((domain, arm.name), []).append(name)
    return missing


def _turns(
    arm: Arm, asked: Iterable[Asked], records: Mapping[tuple[str, str], Sequence[SampleRecord]], given_up: set[tuple[str, str]]
) -> list[Turn]:
    """The next questions; a problem of which an answer is missing is asked nothing more in this call."""
    return [turn for one in asked if (key := (one.domain, one.id)) not in given_up for turn in arm.turns(one, records[key])]


def _sample(arm: Arm, turn: Turn, completion: Completion) -> Sample:
    one = turn.asked
    return Sample(
        domain=one.domain, arm=arm.name, id=one.id, attempt=turn.attempt, size=one.size, prompt=turn.prompt.text, answer=completion.text,
        stop=completion.stop.value, prompt_tokens=completion.prompt_tokens, tokens=completion.tokens, seconds=completion.seconds,
        cost=completion.cost, reference_length=one.reference_length, reader=arm.reader, solvable=one.solvable,
        domain_pddl=one.domain_text if one.own_domain else "", problem_pddl=one.problem_text,
    )
