"""Read PlanBench's instances from a folder that the user has; none of them is part of planlearn."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from planlearn.errors import PlanlearnError
from val_bridge import Task, read_task
from val_bridge.pddl.read import read_utf8

_INSTANCE = re.compile(r"instance-(\d+)\.pddl")
_DOMAIN_FILES = ("domain.pddl", "generated_domain.pddl")
_NO_PLANS = "unsolvable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBenchProblem:
    """One instance. `id` is the N of `instance-N.pddl`."""

    set: str
    id: int
    domain_text: str
    problem_text: str
    domain_file: Path
    problem_file: Path

    def task(self) -> Task:
        """Raises SourceError, which names the file and the place."""
        return read_task(self.domain_text, self.problem_text, str(self.domain_file), str(self.problem_file))


def read_planbench(directory: Path | str, sets: Collection[str] | None = None) -> list[PlanBenchProblem]:
    """All instances below a folder, sorted by set and id; with `sets`, those sets alone.

    Reads two layouts: one folder a set (`<set>/domain.pddl`, `<set>/instance-N.pddl`), and a clone of
    PlanBench's repository (`plan-bench/instances/<domain>/generated_basic/instance-N.pddl`, the domain file
    beside it or above; `generated_basic_3` becomes `<domain>_3`, `generated` becomes `<domain>_generalized`).
    Raises PlanlearnError where there is no such folder, no instance, no domain file or no such set, and
    SourceError for a file that is not UTF-8.
    """
    top = Path(directory)
    if not top.is_dir():
        raise PlanlearnError(f"PlanBench folder {top}: no such folder")
    root = next((r for r in (top / "plan-bench" / "instances", top / "instances") if r.is_dir()), top)
    folders: dict[str, list[tuple[int, Path]]] = {}
    homes: dict[str, Path] = {}
    for path in sorted(root.rglob("instance-*.pddl")):
        match = _INSTANCE.fullmatch(path.name)
        if match is None:
            continue
        name = _set_name(root, path.parent)
        if homes.setdefault(name, path.parent) != path.parent:
            raise PlanlearnError(
                f"PlanBench folder {top}: {homes[name]} and {path.parent} are both set {name!r}"
            )
        folders.setdefault(name, []).append((int(match[1]), path))
    if not folders:
        raise PlanlearnError(
            f"PlanBench folder {top}: found neither <set>/instance-N.pddl nor plan-bench/instances/"
        )
    missing = sorted(set(sets or ()) - folders.keys())
    if missing:
        raise PlanlearnError(
            f"PlanBench folder {top}: no set {missing[0]!r}; it has {', '.join(sorted(folders))}"
        )
    problems = []
    for name in sorted(folders if sets is None else set(sets)):
        domain_file = _domain_file(root, homes[name])
        domain_text = read_utf8(domain_file, "domain_syntax")
        problems += [
            PlanBenchProblem(
                set=name,
                id=number,
                domain_text=domain_text,
                problem_text=read_utf8(path, "problem_syntax"),
                domain_file=domain_file,
                problem_file=path,
            )
            for number, path in sorted(folders[name])
        ]
    return problems


def has_no_plans(set_name: str) -> bool:
    """Whether a set's problems have no plan, by the set's name: PlanBench's `unsolvable_blocksworld`, and sets that are named likewise."""
    return set_name.startswith(_NO_PLANS)


def _set_name(root: Path, folder: Path) -> str:
    """`blocksworld/mystery/generated_basic_3` -> `mystery_blocksworld_3`."""
    parts = list(folder.relative_to(root).parts)
    if not parts:
        return folder.resolve().name
    suffix = ""
    if len(parts) > 1 and parts[-1].startswith("generated"):
        kind = parts.pop()
        suffix = "_generalized" if kind == "generated" else kind.removeprefix("generated_basic")
    return "_".join(reversed(parts)) + suffix


def _domain_file(root: Path, folder: Path) -> Path:
    """The domain file beside the instances, or in the nearest folder above."""
    while True:
        for name in _DOMAIN_FILES:
            if (folder / name).is_file():
                return folder / name
        if folder == root:
            raise PlanlearnError(
                f"PlanBench folder {root}: no {' or '.join(_DOMAIN_FILES)} for the instances in it"
            )
        folder = folder.parent
