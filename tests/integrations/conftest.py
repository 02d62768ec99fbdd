"""Problems of the carried domains with their reference plans; nothing here reaches for the network."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

# Set before the libraries are imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

from planlearn.chains import plan_text
from planlearn.planners import reference_plan
from planlearn.problems import domain_text, get_generator, stream
from val_bridge import read_task

SIZES = {"blocksworld": "4", "logistics": "c2-s2-p2-a1", "mystery_blocksworld": "4"}


def made(domain: str, count: int) -> list[dict[str, Any]]:
    """Rows of a problem set, with a plan that the set's rows need not have."""
    rows = []
    generator = get_generator(domain)
    for number in range(count):
        problem = generator.generate(stream(0, "integrations", domain, number), SIZES[domain])
        plan = reference_plan(domain, read_task(domain_text(domain), problem.problem_text))
        rows.append({
            "id": f"{domain}-{number + 1}", "domain": domain, "size": problem.size_name, "problem_pddl": problem.problem_text,
            "steps": len(plan.calls), "plan": plan_text(plan),
        })
    return rows


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    """Three problems of each domain."""
    return [row for domain in SIZES for row in made(domain, 3)]


@pytest.fixture(scope="session")
def problems(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets") / "problems.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
