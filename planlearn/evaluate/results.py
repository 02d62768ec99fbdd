"""Records -> numbers -> results.json.

    {"schema": 1, "about": {...}, "versions": {...}, "hashes": {...},
     "results": {"<domain>": {"<arm>": {"plan_validity": {"value", "low", "high", "n"}, ...}}}}

Shares are in [0, 1] with a Wilson interval at 95 %, and null where nothing could be counted; seconds are wall
time.
"""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from importlib import metadata
from math import comb
from pathlib import Path
from typing import Any, TypeVar

from planlearn import __version__
from planlearn.errors import PlanlearnError, ResultExists
from planlearn.evaluate.arms import CONTROLS, GREEDY, Kind, kind_of
from planlearn.evaluate.intervals import Interval, bootstrap, wilson
from planlearn.evaluate.scoring import Cause, Result, SampleRecord
from planlearn.evaluate.table import text_table
from planlearn.evaluate.verdicts import own_verdict, without_verdict
from planlearn.files import write_text

SCHEMA = 1
PACKAGES = ("torch", "transformers", "peft", "trl")

Records = Sequence[SampleRecord]
Thing = TypeVar("Thing")


def build_results(
    records: Iterable[SampleRecord],
    *,
    about: Mapping[str, Any] | None = None,
    hashes: Mapping[str, str] | None = None,
    missing: Mapping[tuple[str, str], Sequence[str]] | None = None,
    verdicts: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The whole of results.json as a dict, domains and arms sorted.

    about: what was evaluated (model, adapter, recipe, seed), JSON values. hashes: sha256 of what decided the
    numbers. missing: of (domain, arm) the problems of which an answer did not come. verdicts: rows of verdicts.jsonl, on answers of the greedy arm;
    None where the model was not asked.
    """
    missing = missing or {}
    arms: dict[tuple[str, str], list[SampleRecord]] = {key: [] for key in missing}
    for record in records:
        arms.setdefault((record.sample.domain, record.sample.arm), []).append(record)
    results: dict[str, dict[str, Any]] = {}
    for (domain, arm), group in sorted(arms.items()):
        results.setdefault(domain, {})[arm] = summarise(
            group, kind_of(arm), first=arms.get((domain, GREEDY), ()), missing=missing.get((domain, arm), ())
        )
    for domain in results if verdicts is not None else ():
        if GREEDY in results[domain]:
            rows = [row for row in verdicts or () if row["domain"] == domain]
            open_plans = without_verdict(arms[domain, GREEDY], rows)
            results[domain][GREEDY]["own_verdict"] = own_verdict(rows, missing=len(open_plans))
    return {
        "schema": SCHEMA,
        "about": dict(about or {}),
        "versions": versions(),
        "hashes": dict(sorted((hashes or {}).items())),
        "results": results,
    }


def missing_before(former: Mapping[str, Any], asked_now: Container[str] = ()) -> dict[tuple[str, str], list[str]]:
    """Of the arms of a results dict that are not asked now, how many answers did not come, as `build_results` takes it: a results.json
    does not say of which problems."""
    return {
        (domain, arm): [""] * numbers["outcomes"].get("missing", 0)
        for domain, arms in former.get("results", {}).items() for arm, numbers in arms.items() if arm not in asked_now
    }  # fmt: skip


def summarise(records: Records, kind: Kind = Kind.ONE, *, first: Records = (), missing: Sequence[str] = ()) -> dict[str, Any]:
    """The numbers of one arm in one domain. first: of an arm whose attempts go on from another arm's, that arm's. missing: the problems of
    which an answer did not come.

    Shares are of the answers that could be judged: a checker that failed and an answer that is missing are counted beside them. Plan
    validity and all that belongs to plans are of solvable problems alone; of unsolvable ones there is `unsolvable`. Of several attempts the figures are the
    first one's where they are drawn independently (and `pass_at_k` is of all), the last one's where each knows those before it (and
    `by_attempt` says how it went); there a problem whose next attempt is missing is undecided, and left out. Tokens, seconds and cost are
    of all that led to the figures, of a problem on average; None where they are not known.
    """
    counted, spent, more = _of_kind(records, kind, first, missing)
    problems = len({record.sample.id for record in spent})
    judged = [record for record in counted if record.outcome is not Result.CHECKER_ERROR]
    solvable = [record for record in judged if record.sample.solvable]
    read = [record for record in solvable if record.plan is not None]
    return {
        "plan_validity": _validity(solvable),
        **more,
        # Answers without a plan count as not reaching the goal: leaving them out would flatter the model.
        "goal_reached": _share(solvable, lambda r: bool(r.goal_reached)),
        "executable_prefix": _mean(
            r.executed / len(r.plan) for r in read if r.plan and r.executed is not None
        ),
        "outcomes": {result.value: sum(r.outcome is result for r in counted) for result in Result}
        | {"checker_error": sum(r.outcome is Result.CHECKER_ERROR for r in records), "missing": len(missing)},
        "unsolvable": {
            "recognised": _share([r for r in judged if not r.sample.solvable], lambda r: r.outcome is Result.UNSOLVABLE),
            "false_alarms": _share(solvable, lambda r: r.outcome is Result.UNSOLVABLE),
        },
        "first_faults": _count(str(r.faults[0]["kind"]) for r in solvable if r.faults),
        "causes": {cause.value: sum(r.cause is cause for r in solvable) for cause in Cause},
        "chain": _chain(solvable),
        "plan_length": _lengths(solvable),
        "stops": _count(r.sample.stop for r in counted),
        "tokens": {
            "prompt": _sum(r.sample.prompt_tokens for r in spent),
            "answer": _sum(r.sample.tokens for r in spent),
            # An endpoint that does not count says 0.
            "answer_mean": _mean(r.sample.tokens for r in spent if r.sample.tokens),
        },
        "seconds": {
            "total": sum(r.sample.seconds for r in spent),
            "mean": sum(r.sample.seconds for r in spent) / problems if problems else None,
        },
        "cost": _cost(spent, problems),
        "by_size": _by(solvable, lambda r: r.sample.size),
        "by_length": _by(solvable, lambda r: None if r.sample.reference_length is None else str(r.sample.reference_length)),
    }


def _of_kind(
    records: Records, kind: Kind, first: Records, missing: Sequence[str]
) -> tuple[list[SampleRecord], list[SampleRecord], dict[str, Any]]:
    """(the one record a problem that counts, all records that led there, what several attempts add)."""
    if kind is Kind.ONE:
        return list(records), list(records), {}
    spent = [*first, *records] if kind is Kind.IN_TURN else list(records)
    attempts: dict[str, list[SampleRecord]] = {}
    for record in spent:
        attempts.setdefault(record.sample.id, []).append(record)
    for some in attempts.values():
        some.sort(key=lambda record: record.sample.attempt)
    if kind is Kind.DRAWN:
        return [some[0] for some in attempts.values()], spent, {"samples": len(records), "pass_at_k": pass_at_k(attempts.values())}
    last = max((len(some) for some in attempts.values()), default=0)
    decided = [some for name, some in attempts.items() if name not in missing and (some[-1].outcome in _ENDS or len(some) == last)]
    solvable = [some for some in decided if some[-1].sample.solvable and some[-1].outcome is not Result.CHECKER_ERROR]
    by_attempt = [
        {"attempt": number, "plan_validity": _share(solvable, lambda some, n=number: any(r.outcome is Result.VALID for r in some[:n]))}
        for number in range(1, last + 1)
    ]
    more = {"by_attempt": by_attempt, "attempts_mean": _mean(len(some) for some in decided), "undecided": len(attempts) - len(decided)}
    return [some[-1] for some in decided], spent, more


_ENDS = (Result.VALID, Result.UNSOLVABLE, Result.CHECKER_ERROR)
"""Behind these no further attempt is made."""


def pass_at_k(attempts: Iterable[Records]) -> dict[str, dict[str, float | int]]:
    """The chance that one of k independent attempts is valid, for k = 1, 5, 10: mean over the problems that have as many.

    attempts: of each problem its records. Of n attempts with c valid ones the unbiased estimate is 1 - C(n - c, k) / C(n, k); the interval is a
    percentile bootstrap over problems at 95 %, and `n` their number. Source: M. Chen et al., Evaluating large language models trained on
    code, arXiv 2107.03374, Sec. 2.1.
    """
    judged = [[r for r in some if r.outcome is not Result.CHECKER_ERROR] for some in attempts]
    judged = [some for some in judged if some and some[0].sample.solvable]
    found = {}
    for k in (1, 5, 10):
        shares = [
            1 - comb(len(some) - sum(r.outcome is Result.VALID for r in some), k) / comb(len(some), k) for some in judged if len(some) >= k
        ]
        if shares:
            found[str(k)] = bootstrap(shares).to_dict()
    return found


def _validity(records: Records) -> dict[str, float | int] | None:
    return _share(records, lambda record: record.outcome is Result.VALID)


def _share(things: Sequence[Thing], holds: Callable[[Thing], bool]) -> dict[str, float | int] | None:
    return wilson(sum(map(holds, things)), len(things)).to_dict() if things else None


def _sum(counts: Iterable[int]) -> int | None:
    """None where nothing was counted."""
    return sum(counts) or None


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return sum(values) / len(values) if values else None


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _by(records: Records, name: Callable[[SampleRecord], str | None]) -> dict[str, Any]:
    """Plan validity by something that not all records must have, in the order of the numbers in it."""
    groups: dict[str, list[SampleRecord]] = {}
    for record in records:
        if (of := name(record)) is not None:
            groups.setdefault(of, []).append(record)
    return {of: {"plan_validity": _validity(groups[of])} for of in sorted(groups, key=by_number)}


def _cost(records: Records, problems: int) -> dict[str, float] | None:
    """In the price's currency, in all and a problem; None where no answer has a price."""
    costs = [record.sample.cost for record in records if record.sample.cost is not None]
    return {"total": sum(costs), "mean": sum(costs) / problems} if costs else None


def _chain(records: Records) -> dict[str, Any]:
    with_chain = [record for record in records if record.chain_faithful is not None]
    valid = [record for record in with_chain if record.outcome is Result.VALID]
    states = sum(record.states for record in with_chain)
    return {
        "n": len(with_chain),
        "faithful": _share(with_chain, lambda r: bool(r.chain_faithful)),
        "faithful_if_valid": _share(valid, lambda r: bool(r.chain_faithful)),
        "all_states_right_if_valid": _share([r for r in valid if r.states], lambda r: r.states == r.states_right),
        "states": states,
        "states_right": sum(record.states_right for record in with_chain) / states if states else None,
        "disagrees_with_plan": sum(record.chain_agrees is False for record in with_chain),
        # Answers that show the kind at least once.
        "faults": _count(
            kind
            for record in with_chain
            for kind in {str(fault["kind"]) for fault in record.chain_faults or ()}
        ),
    }


def _lengths(records: Records) -> dict[str, Any]:
    """Steps of valid plans, and against the reference where there is one."""
    valid = [r for r in records if r.outcome is Result.VALID and r.plan is not None]
    both = [(len(r.plan or ()), r.sample.reference_length) for r in valid if r.sample.reference_length]
    return {
        "mean": _mean(len(r.plan or ()) for r in valid),
        "reference_mean": _mean(reference for _, reference in both),
        "ratio": _mean(length / reference for length, reference in both),
        "n": len(both),
    }


def by_number(size: str) -> tuple[list[int], str]:
    """Sort key that puts "9 blocks" before "10 blocks"."""
    return [int(digits) for digits in re.findall(r"\d+", size)], size


def versions() -> dict[str, str]:
    """The versions of what decides numbers: Python, planlearn, and PACKAGES where installed, without
    importing them."""
    found = {"python": platform.python_version(), "planlearn": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def refuse_finished(path: Path, *, force: bool = False, arms: Iterable[str] = (), verdicts: bool = False) -> None:
    """Raise ResultExists if a finished result stands there; ask before the work starts, not after it.

    arms, verdicts: what is asked for; a result that lacks one of them, or answers of one, can be gone on with.
    """
    if force or not path.exists():
        return
    arms = set(arms)
    if arms:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["results"].values()
            done = [{arm for arm, numbers in of.items() if not numbers["outcomes"].get("missing", 0)} for of in found]
            judged = all((own := of.get(GREEDY, {}).get("own_verdict")) and not own.get("missing", 0) for of in found)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PlanlearnError(f"{path} is no results.json; choose another folder or force it") from None
        if any(not arms <= some for some in done) or (verdicts and not judged):
            return
    raise ResultExists(f"{path} holds a finished result; choose another folder or force it")


def write_results(path: Path, results: Mapping[str, Any], *, force: bool = False) -> None:
    """Write results.json, whole or not at all.

    Raises ResultExists as `refuse_finished` does, DiskFull, and ValueError for a number that JSON lacks (NaN,
    infinity).
    """
    refuse_finished(path, force=force)
    write_text(path, json.dumps(results, indent=2, allow_nan=False) + "\n")


def results_table(results: Mapping[str, Any]) -> str:
    """The terminal's summary of a results dict: a line a domain and arm, controls below the arms, shares in per cent with their
    intervals, and counts of what was not valid where there is any; below it what several attempts and unsolvable problems gave, and what the arms are."""
    every = [numbers["outcomes"] for arms in results["results"].values() for numbers in arms.values()]
    shown = [name for name in _NOT_VALID if any(outcomes.get(name) for outcomes in every)]
    header = ("domain", "arm", "n", "valid % (95 %)", "goal %", "faithful %", "over reference", "s a problem", *shown)
    rows: list[tuple[object, ...]] = []
    notes = []
    for domain, arms in results["results"].items():
        for arm in sorted(arms, key=lambda name: (name in CONTROLS, CONTROLS.index(name) if name in CONTROLS else 0)):
            numbers = arms[arm]
            outcomes = numbers["outcomes"]
            rows.append((
                domain, arm, *(("-", "-") if (valid := numbers["plan_validity"]) is None else (valid["n"], str(Interval(**valid)))),
                _per_cent(numbers["goal_reached"]), _per_cent(numbers["chain"]["faithful"]), _rounded(numbers["plan_length"]["ratio"], 2),
                _rounded(numbers["seconds"]["mean"], 3), *(outcomes.get(name, 0) for name in shown),
            ))  # fmt: skip
            notes += _notes(f"{domain}, {arm}", numbers)
    says = results["about"].get("arms", {})
    notes += [f"{name}: {says[name]}" for name in dict.fromkeys(str(row[1]) for row in rows) if name in says]
    return f"{_title(results['about'])}{text_table(header, rows)}{_prompt_note(results['about'])}" + "".join(f"\n{line}" for line in notes)


_NOT_VALID = (*(result.value for result in Result if result is not Result.VALID), "missing")


def _per_cent(share: Mapping[str, float] | None) -> float | None:
    return None if share is None else 100 * share["value"]


def _rounded(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _notes(of: str, numbers: Mapping[str, Any]) -> list[str]:
    """Lines on what a row has no column for."""
    notes = []
    if cut := numbers["stops"].get("cap"):
        notes.append(f"{of}: {cut} answer{'s' * (cut != 1)} ran into the cap of tokens or the model's context")
    if numbers.get("undecided"):
        notes.append(f"{of}: {numbers['undecided']} problems undecided, since an attempt is missing")
    if "pass_at_k" in numbers:
        shares = ", ".join(f"{k}: {Interval(**share)}" for k, share in numbers["pass_at_k"].items())
        notes.append(f"{of}: pass@k of {numbers['samples']} answers in per cent, {shares}")
    if "by_attempt" in numbers:
        shares = ", ".join(f"{100 * one['plan_validity']['value']:.1f}" for one in numbers["by_attempt"] if one["plan_validity"])
        notes.append(f"{of}: valid % by attempt 1, 2, ...: {shares}")
    if open_plans := numbers.get("own_verdict", {}).get("missing"):
        notes.append(f"{of}: {open_plans} of its own verdicts missing")
    if (said := numbers.get("own_verdict")) and said["n"]:
        sure = "" if said["brier"] is None else f", Brier score {said['brier']:.3f}, calibration error {said['calibration_error']:.3f}"
        notes.append(f"{of}: its own verdict on its plans is right for {Interval(**said['accuracy'])} % (n = {said['n']}){sure}")
    found = numbers.get("unsolvable", {})
    if found.get("recognised"):
        notes.append(f"{of}: of unsolvable problems {Interval(**found['recognised'])} % recognised (n = {found['recognised']['n']})")
    if found.get("false_alarms") and found["false_alarms"]["value"]:
        notes.append(f"{of}: {Interval(**found['false_alarms'])} % of solvable problems called unsolvable")
    if numbers.get("cost"):
        notes.append(f"{of}: cost {numbers['cost']['total']:.4f} in all, {numbers['cost']['mean']:.6f} a problem")
    return notes


def _title(about: Mapping[str, Any]) -> str:
    """Whose answers they are, to what."""
    model = about.get("adapter") or about.get("model") or about.get("replayed")
    asked = about.get("instances")
    return f"{model}, on {asked}{' (' + about['source'] + ')' if 'source' in about else ''}\n\n" if model and asked else ""


def _prompt_note(about: Mapping[str, Any]) -> str:
    """What every table says of the prompt, where it is known."""
    shown = about.get("style", {}).get("domain_in_prompt")
    return "" if shown is None else f"\n(the domain's schemas are {'' if shown else 'not '}in the prompt)"
