"""Recorded rounds -> what the report shows of them: validity and errors against round, the attempts at each problem beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle, problem_prompt
from planlearn.errors import PlanlearnError
from planlearn.evaluate import Cause, Completion, Stop
from planlearn.evaluate.saved import SAMPLES_FILE
from planlearn.files import numbered_json
from planlearn.progress import Progress
from planlearn.refine import finished_rounds
from planlearn.refine.attempt import written
from planlearn.refine.record import PROBLEMS_FILE, whole_rows
from planlearn.report.entries import NOT_VALID, Entry, Recorded
from planlearn.report.evaluation import Beside, entries_of, has_answers, records_of, results_of
from planlearn.report.figures import Json, chart, point, section, share, table

ATTEMPTS = "attempts.jsonl"
NEEDED = ("problem", "number", "answer", "stop", "valid")
LACKING = "The run did not record the problems of its rounds, and they could not be drawn again."


def is_refinement(folder: Path) -> bool:
    return (folder / "rounds.jsonl").is_file() or (folder / "round-00" / "validation").is_dir()


def validation_points(folder: Path) -> tuple[int, list[list[float]]]:
    """(how many rounds are finished, plan validity on the validation problems against round). Raises PlanlearnError, OSError."""
    rows = finished_rounds(folder)
    try:
        return len(rows), _validity(_summaries(folder, rows))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PlanlearnError(f"{folder / 'rounds.jsonl'}: not a record of rounds ({error!r})") from None


def _validity(validation: Mapping[int, Json]) -> list[list[float]]:
    return [one for number, numbers in sorted(validation.items()) for one in point(number, numbers["plan_validity"])]


def refinement(folder: Path, title: str, labels: Mapping[str, str] | None = None) -> tuple[Json, list[Entry]]:
    """(section, entries) of a folder of rounds. Raises PlanlearnError, OSError."""
    labels = labels or {}
    return rounds_section(folder, title), [*_validation_entries(folder, labels), *_attempt_entries(folder, labels)]


def rounds_section(folder: Path, title: str) -> Json:
    """The numbers of a folder of rounds. Raises PlanlearnError, OSError."""
    rows = finished_rounds(folder)
    notes = [] if rows else ["No round was finished when this report was made."]
    notes += [f"The measurement behind round {number} has no answer so far." for number, path in _validations(folder) if not has_answers(path)]
    try:
        validation = _summaries(folder, rows)
        return section(
            title, tables=[_table(rows, validation)], charts=_charts(rows, validation), notes=notes,
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PlanlearnError(f"{folder / 'rounds.jsonl'}: not a record of rounds ({error!r})") from None


def _summaries(folder: Path, rows: Sequence[Json]) -> dict[int, Json]:
    """By round the summary of its validation problems."""
    found: dict[int, Json] = {}
    for domain in results_of(folder / "round-00" / "validation").get("results", {}).values():
        found[0] = domain["greedy"]
    return found | {row["round"]: row["validation"] for row in rows}


def _table(rows: Sequence[Json], validation: Mapping[int, Json]) -> Json:
    columns = ["round", "validation: plan validity", "n", "goal reached", "attempts valid", "after feedback", "lessons", "tokens learned", "seconds"]
    by_round = {row["round"]: row for row in rows}
    cells = []
    for number, numbers in sorted(validation.items()):
        row, valid = by_round.get(number), numbers["plan_validity"]
        tried: list[str] = ["-"] * 5
        if row is not None:
            tries = row["attempts"]
            tried = [
                f"{tries['valid']} of {tries['problems']}", str(tries["valid_after_feedback"]), str(sum(row["lessons"].values())),
                f"{sum(stage.get('learned', 0) for stage in row['stages'].values()):,}", f"{row['seconds']['wall']:.0f}",
            ]  # fmt: skip
        cells.append((number == 0, [str(number), share(valid), str(valid["n"]) if valid else "-", share(numbers["goal_reached"]), *tried]))
    return table("Rounds", columns, cells)


def _charts(rows: Sequence[Json], validation: Mapping[int, Json]) -> list[Json | None]:
    kinds = sorted({kind for row in rows for kind in row["attempts"]["errors"]})
    causes = [cause.value for cause in Cause if any(numbers["causes"].get(cause.value) for numbers in validation.values())]
    stages = sorted({(stage, name) for row in rows for stage, fitted in row["stages"].items() for name in fitted.get("losses", {})})
    tries = [(row["round"], row["attempts"]) for row in rows]
    return [
        chart("line", "Plan validity against round", x="round", y="plan validity", percent=True, series={
            "validation, the model alone": _validity(validation),
            "first attempts of the round": [[number, tried["valid"] / tried["problems"]] for number, tried in tries if tried["problems"]],
        }),
        chart("line", "Error classes of the paper against round (validation)", x="round", y="answers", series={
            cause: [[number, numbers["causes"].get(cause, 0)] for number, numbers in sorted(validation.items())] for cause in causes
        }),
        chart("line", "Faults of first attempts against round", x="round", y="attempts", series={
            kind.replace("_", " "): [[number, tried["errors"].get(kind, 0)] for number, tried in tries] for kind in kinds
        }),
        chart("line", "Loss against round", x="round", y="loss", series={
            f"stage {stage}, {name}": [[row["round"], row["stages"][stage]["losses"][name]] for row in rows if name in row["stages"].get(stage, {}).get("losses", {})]
            for stage, name in stages
        }),
    ]  # fmt: skip


def _rounds(folder: Path) -> list[tuple[int, Path]]:
    found = [(path.name.removeprefix("round-"), path) for path in folder.glob("round-*") if path.is_dir()]
    return sorted((int(number), path) for number, path in found if number.isdecimal())


def _validations(folder: Path) -> list[tuple[int, Path]]:
    return [(number, path / "validation") for number, path in _rounds(folder) if (path / "validation" / SAMPLES_FILE).exists()]


def _validation_entries(folder: Path, labels: Mapping[str, str]) -> list[Entry]:
    """An entry a validation problem, with the answer of each round as an attempt."""
    answers: dict[str, list[Recorded]] = {}
    first: dict[str, Entry] = {}
    beside = Beside(folder / "round-00")
    for number, path in _validations(folder):
        for entry in entries_of(records_of(path), beside, {}) if has_answers(path) else ():
            known = first.setdefault(entry.id, entry)
            if known.problem_pddl == entry.problem_pddl:
                answers.setdefault(entry.id, []).append(replace(entry.answers[entry.counted], label=f"round {number}"))
    return [replace(entry, labels={**labels, "split": "validation"}, answers=answers[name]) for name, entry in first.items()]


def _attempt_entries(folder: Path, labels: Mapping[str, str]) -> list[Entry]:
    """An entry a problem of a round, with the attempts at it and the feedback on each."""
    rounds = [(number, path) for number, path in _rounds(folder) if (path / ATTEMPTS).exists()]
    lost = any(not (path / PROBLEMS_FILE).exists() for _, path in rounds)
    again = _drawn_again(folder, [number for number, _ in rounds]) if lost else {}
    entries = []
    for number, path in rounds:
        kept = _problems(path / PROBLEMS_FILE)
        tried: dict[str, list[Json]] = {}
        log = whole_rows(path / ATTEMPTS)
        for at, row in enumerate(log, start=1):
            lacks = [name for name in NEEDED if not isinstance(row, dict) or name not in row]
            if lacks:
                raise PlanlearnError(f"{path / ATTEMPTS}:{at}: not a row of attempts, field {lacks[0]!r} is missing")
            if not isinstance(row["number"], int) or row["stop"] not in set(Stop):
                raise PlanlearnError(f"{path / ATTEMPTS}:{at}: not a row of attempts: number {row['number']!r}, stop {row['stop']!r}")
            tried.setdefault(str(row["problem"]), []).append(row)
        for name, rows in tried.items():
            rows.sort(key=lambda row: row["number"])
            problem = kept.get(name) or _if_asked(again.get(name), rows[0])
            entries.append(Entry(
                id=name, domain=str(problem.get("domain") or name.partition("-d2-")[0]), size=str(problem.get("size", "")),
                labels={**labels, "split": "attempts", "round": str(number)}, problem_pddl=str(problem.get("problem_pddl", "")), lacking=LACKING,
                answers=[_attempt(row, len(rows)) for row in rows],
            ))  # fmt: skip
    return entries


def _problems(path: Path) -> dict[str, Json]:
    if not path.exists():
        return {}
    return {str(row.get("id")): row for _, row in numbered_json(path) if isinstance(row, dict)}


def _if_asked(problem: Json | None, row: Json) -> Json:
    """A problem that was drawn again, if it was asked in these very words."""
    return problem if problem is not None and (row["number"] or problem["prompt"] == row.get("prompt")) else {}


def _attempt(row: Json, count: int) -> Recorded:
    answered = Completion(id="", text=str(row["answer"]), stop=Stop(row["stop"]), prompt_tokens=0, tokens=0, seconds=0.0)
    return Recorded(
        label=f"attempt {row['number'] + 1}" if count > 1 else "attempt", text=written(answered),
        outcome="valid" if row["valid"] else NOT_VALID, prompt=str(row.get("prompt", "")), told=str(row["feedback"]) if "feedback" in row else None,
        faults=[fault for fault in row.get("faults") or () if isinstance(fault, dict)],
        note=f"Stopped: {row['reason']}." if row.get("reason") else "It ran into the cap of tokens." if answered.stop is Stop.CAP else "",
    )  # fmt: skip


def _drawn_again(folder: Path, rounds: Sequence[int]) -> dict[str, Json]:
    """The problems of a run that did not record them, from its recipe and seed: id -> {"domain", "size", "problem_pddl", "prompt"}."""
    import yaml

    from planlearn.recipes import RefineRecipe
    from planlearn.refine import d2_problems

    path = folder.resolve().parent / "recipe.yaml"
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
        corpus = recipe["corpus"]
        style = ChainStyle(**{key: corpus[key] for key in ("states", "goals", "purposes", "domain_in_prompt") if key in corpus})
        drawn = d2_problems(recipe["domain"], int(recipe["seed"]), RefineRecipe(**recipe["refine"]))
        found = {}
        count = max(rounds, default=0)
        bar = Progress("draw the problems of the rounds again", count, "rounds", every=10.0)
        for number in range(1, count + 1):
            bar.update(number - 1)
            for one in next(drawn):
                found[one.id] = {"domain": one.domain, "size": one.size, "problem_pddl": one.problem_pddl, "prompt": problem_prompt(one.task, style)}
        bar.done = count
        bar.close()
        return found
    except (OSError, yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError, ValueError, PlanlearnError):
        return {}  # no recipe beside it, or one of another release: the page says that the problems are not known
