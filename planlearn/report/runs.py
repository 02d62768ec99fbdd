"""A recorded run, or one plan -> its report: which kind of run lies in a folder, and the one page that is made of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from planlearn import __version__
from planlearn.errors import PlanlearnError, ResultExists
from planlearn.evaluate.saved import SAMPLES_FILE
from planlearn.files import write_text
from planlearn.report.entries import Entry, Recorded, chosen, made
from planlearn.report.evaluation import RESULTS, evaluation, facts_of, measured, results_of, skill_section
from planlearn.report.figures import Json, chart, section
from planlearn.report.html import ASSETS, page
from planlearn.report.refinement import is_refinement, refinement, validation_points
from planlearn.report.training import is_training, training, training_facts
from val_bridge import Task, write_domain, write_problem

REPORT = "report.html"
MOST = 5000
TEMPLATE = "report.html.jinja"
MARK = 'data-made-by="planlearn report"'
"""Stands in the first line of every report."""
STYLES = ("theme.css", "player.css", "report.css")
SCRIPTS = ("theme.js", "picture.js", "player.js", "chart.js", "report.js")
EXPECTED = (
    f"expected the folder of an evaluation ({SAMPLES_FILE}), of rounds of refinement (rounds.jsonl), of a training (training.jsonl, evaluation, refine) "
    "or of an ablation, or three files: DOMAIN PROBLEM PLAN"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it was recorded. facts: (what, its value). sections: as `figures` has them."""

    title: str
    kind: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Json]
    entries: Sequence[Entry]
    notes: Sequence[str] = field(default=())


def run_folder(path: Path) -> Path:
    """The folder that a user means. Raises PlanlearnError where nothing is there that a report can be made of."""
    if not path.exists():
        raise PlanlearnError(f"{path}: there is nothing; {EXPECTED}")
    if path.is_file() and path.name in (SAMPLES_FILE, RESULTS, "rounds.jsonl", "skill.json"):
        path = path.parent
    if not path.is_dir():
        raise PlanlearnError(f"{path} is no recorded run; {EXPECTED}")
    return path


def read_run(path: Path) -> Run:
    """What is recorded in a folder. Raises PlanlearnError, which says what was expected where it is no run; OSError."""
    folder = run_folder(path)
    name = folder.resolve().name
    if (folder / "skill.json").exists():
        return Run(title=name, kind="judging", facts=(), sections=[skill_section(folder)], entries=())
    if (folder / SAMPLES_FILE).exists():
        part, entries = evaluation(folder, "Results")
        return Run(title=name, kind="evaluation", facts=facts_of(results_of(folder)), sections=[part], entries=entries)
    if is_refinement(folder):
        part, entries = refinement(folder, "Rounds of refinement")
        facts = training_facts(folder.resolve().parent) if (folder.resolve().parent / "recipe.yaml").exists() else []
        return Run(title=f"{folder.resolve().parent.name}, {name}", kind="refinement", facts=facts, sections=[part], entries=entries)
    if seeds := _seeds(folder):
        return _ablation(folder, seeds)
    if is_training(folder):
        sections, entries = training(folder)
        if sections:
            kind = "training" if (folder / "training.jsonl").exists() or not (folder / "refine").exists() else "refinement"
            return Run(title=name, kind=kind, facts=training_facts(folder), sections=sections, entries=entries)
    raise PlanlearnError(f"{path} holds no recorded run; {EXPECTED}")


def _seeds(folder: Path) -> list[Path]:
    """The folders of an ablation's seeds in which an arm has rounds or a measurement; the folder itself may be one."""
    below = [path for path in sorted(folder.glob("s[0-9]*")) if _arms(path)]
    named = re.fullmatch(r"s\d+", folder.resolve().name) or any(folder.glob("measured/*/" + SAMPLES_FILE))
    return below or ([folder] if named and _arms(folder) else [])


def _arms(seed: Path) -> list[str]:
    """Those measured, then those that only have rounds."""
    measured_ones = sorted(path.parent.name for path in seed.glob("measured/*/" + SAMPLES_FILE))
    return list(dict.fromkeys([*measured_ones, *sorted(path.parent.name for path in seed.glob("*/refine") if is_refinement(path))]))


def _ablation(folder: Path, seeds: Sequence[Path]) -> Run:
    """Each measured arm of each seed, and validity against round of every arm with rounds."""
    sections, entries, notes = [], [], []
    series = {}
    for seed in seeds:
        for arm in _arms(seed):
            name, samples, rounds = f"{arm}, {seed.resolve().name}", seed / "measured" / arm, seed / arm / "refine"
            if is_refinement(rounds):
                count, series[name] = validation_points(rounds)
            if (samples / SAMPLES_FILE).exists():
                part, some = measured(samples, name, {"run": name})
                sections.append(part)
                entries += some
            else:
                notes.append(f"{name}: {count} round{'s are' if count != 1 else ' is'} finished; the arm is not measured so far.")
    one = chart("line", "Plan validity against round (validation)", x="round", y="plan validity", percent=True, series=series)
    if one is not None or notes:
        sections.insert(0, section("Arms with rounds", charts=[one], notes=notes))
    return Run(title=folder.resolve().name, kind="ablation", facts=(), sections=sections, entries=entries)


def plan_run(task: Task, domain: str, problem: str, plan: str, text: str) -> Run:
    """One plan, chain text or JSON chain of a problem. domain: its name; problem, plan: as people call their files."""
    answers = [Recorded(label=plan, text=text, written=True)]
    entry = Entry(
        id=problem, domain=domain, size=f"{len(task.objects)} objects", answers=answers, domain_pddl=write_domain(task.domain),
        problem_pddl=write_problem(task.problem),
    )  # fmt: skip
    return Run(title=f"{plan}, {problem}", kind="plan", facts=[("domain", domain), ("problem", problem), ("plan", plan)], sections=(), entries=[entry])


def refuse_foreign(out: Path) -> None:
    """Raises ResultExists where something stands that is no report, PlanlearnError for a folder; ask before the work starts."""
    if out.is_dir():
        raise PlanlearnError(f"{out} is a folder; name a file")
    if out.exists():
        with out.open("rb") as file:
            if MARK.encode() not in file.read(300):
                raise ResultExists(f"{out} exists and is no report of planlearn; choose another file")


def report_html(run: Run, *, most: int = MOST, workers: int | None = None) -> str:
    """The page."""
    kept = chosen(run.entries, most)
    pictures: list[str] = []
    texts, index = [], []
    changed: Counter[tuple[str, str]] = Counter()
    for one in made(kept, workers=workers):
        drawn = None
        if one.picture is not None:
            spec = json.dumps(one.picture, sort_keys=True)
            if spec not in pictures:
                pictures.append(spec)
            drawn = pictures.index(spec)
        changed.update(one.changed)
        texts.append(one.text)
        index.append([*one.index, drawn])
    notes = list(run.notes)
    if count := sum(changed.values()):
        which = ", ".join(f"{was.replace('_', ' ')} to {now.replace('_', ' ')}: {number}" for (was, now), number in sorted(changed.items()))
        notes.append(f"Today's checker judges {count} of the answers below otherwise than was recorded ({which}). Tables and charts show what was recorded.")
    if len(kept) < len(run.entries):
        notes.append(f"{len(run.entries) - len(kept):,} of {len(run.entries):,} entries are left out, those that did not fail first; --most raises the limit of {most:,}.")
    title = run.title.encode("utf-8", "replace").decode("utf-8")
    data = {
        "title": title, "kind": run.kind, "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "planlearn": __version__,
        "facts": [list(one) for one in run.facts], "notes": notes, "sections": list(run.sections), "pictures": [json.loads(one) for one in pictures],
        "index": index, "entries": texts,
    }  # fmt: skip
    return page(
        ASSETS / TEMPLATE, title=f"{title}: report of planlearn", styles=[ASSETS / name for name in STYLES],
        scripts=[ASSETS / name for name in SCRIPTS], data=data,
    )  # fmt: skip


def write_report(run: Run, out: Path, *, most: int = MOST, workers: int | None = None) -> int:
    """Write the page, over an older report of the same name; gives its size in bytes. Raises ResultExists, PlanlearnError, DiskFull."""
    refuse_foreign(out)
    write_text(out, report_html(run, most=most, workers=workers))
    return out.stat().st_size
