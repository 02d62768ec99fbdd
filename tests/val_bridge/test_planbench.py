"""PlanBench: all its files are read, and recorded verdicts on real models' answers are ours too."""

from __future__ import annotations

import json
from pathlib import Path

from val_bridge import Outcome, Task, check_plan_text, load_domain, load_problem
from val_bridge.dialect.binary import Val
from val_bridge.dialect.crosscheck import crosscheck


def tasks(folder: Path) -> dict[tuple[str, int], Task]:
    """Each instance by its set and number."""
    found = {}
    for path in sorted(folder.glob("*/domain.pddl")):
        domain = load_domain(path)
        for problem in path.parent.glob("instance-*.pddl"):
            number = int(problem.stem.removeprefix("instance-"))
            found[path.parent.name, number] = Task(domain, load_problem(problem, domain))
    return found


def test_recorded_verdicts_are_ours(planbench: Path):
    """Rows of absent instances are counted, not judged. An unreadable answer is recorded as invalid."""
    known = tasks(planbench)
    judged, skipped, different = 0, 0, []
    for path in sorted(planbench.glob("responses/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            task = known.get((row["instance_set"], row["instance_id"]))
            if task is None:
                skipped += 1
                continue
            plan = row["extracted_plan"]
            verdict = check_plan_text(task, plan if isinstance(plan, str) else "\n".join(plan or []))
            judged += 1
            if (verdict.outcome is Outcome.VALID) != row["recorded_valid"]:
                different.append((path.name, row["instance_id"], str(verdict)))
    assert different == []
    assert judged > 1000, f"only {judged} rows were judged, {skipped} skipped"


def test_val_and_we_agree_on_recorded_answers(planbench: Path, val: Val):
    """Verdict, failing step and failing literals; each instance's answers are judged in one go."""
    answers: dict[tuple[str, int], list[tuple[str, bytes]]] = {}
    for path in sorted(planbench.glob("responses/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            plan = row["extracted_plan"]
            text = plan if isinstance(plan, str) else "\n".join(plan or [])
            key = row["instance_set"], row["instance_id"]
            answers.setdefault(key, []).append((f"{path.stem} {key}", text.encode()))
    rows = []
    for (name, number), plans in sorted(answers.items()):
        problem = planbench / name / f"instance-{number}.pddl"
        if problem.exists():
            texts = (planbench / name / "domain.pddl").read_text(), problem.read_text()
            rows += crosscheck(*texts, plans, val)
    assert len(rows) > 1000
    assert [str(row) for row in rows if row.disagreement] == []
