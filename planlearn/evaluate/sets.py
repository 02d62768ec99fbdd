"""Named sets of problems to be asked, tracked in `data/sets/`: one JSONL file a set, and a manifest.

All are of classes (problems up to renaming) that the split rule gives to "test", and of none of PlanBench's: so no corpus, no problem of the
rounds and no validation problem, whatever its seed and sizes, has one of their classes. A set is drawn row by row, each from a stream of
its own name and number, so the same planlearn writes the same bytes. Rejected: sets drawn when they are needed (two papers would then
measure on different problems as soon as a generator changes); PlanBench's instances (they are for PlanBench's own folders, which
`planbench_counterparts` pairs with the sets).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import planlearn
from planlearn.corpus.split import split_of
from planlearn.errors import PlanlearnError, RecipeError
from planlearn.files import file_sha256, read_json_lines, write_json, write_json_lines
from planlearn.problems import GeneratedProblem, decoy_problem, get_generator, planbench_classes, problem_class, stream, unsolvable_problem
from planlearn.resources import resource_path
from val_bridge import nearest, read_task, write_domain, write_problem

SPLIT = "test"
FRESH = 400
"""Tries for a class that the set does not have yet; then one comes again under other names. Of 4 and 5 blocks few classes are left."""
PATIENCE = 20_000
"""Tries for one problem before the set counts as impossible."""
MANIFEST = "manifest.json"
Row = dict[str, Any]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemSet:
    """What a set is.

    says: in a sentence. sizes: of the domain's generator, with weights. steps: fewest and most steps of the reference plan, None for any.
    renamed_from: the set whose first n problems these are, every name replaced ("" for sets with problems of their own): problem i
    of one is problem i of the other. has_unsolvable: the problems with odd numbers have no plan; the others are solvable ones of like form.
    """

    name: str
    domain: str
    says: str
    sizes: Mapping[str, float] = field(hash=False)
    n: int = 200
    steps: tuple[int, int] | None = None
    seed: int = 0
    renamed_from: str = ""
    has_unsolvable: bool = False

    @property
    def renamed(self) -> bool:
        return bool(self.renamed_from)


def _even(*sizes: object) -> Mapping[str, float]:
    return MappingProxyType(dict.fromkeys(map(str, sizes), 1.0))


# PlanBench's share is the reverse, 89 % of 4 blocks; but of the 209 classes of 4 blocks two are left for "test".
_BLOCKS = MappingProxyType({"4": 1.0, "5": 24.0})
_RENAMED = "every name replaced, by words drawn anew for each problem; the domain's PDDL stands in the row"

_SETS = (
    ProblemSet(
        name="blocksworld", domain="blocksworld", n=250, sizes=_BLOCKS,
        says="In distribution: 4 and 5 blocks, nearly all 5 (nearly all classes of 4 blocks are PlanBench's)",
    ),
    ProblemSet(
        name="logistics", domain="logistics", n=250, sizes=_even("in_distribution"), says="In distribution: PlanBench's sizes in its shares",
    ),
    ProblemSet(
        name="mystery_blocksworld", domain="mystery_blocksworld", n=250, sizes=_BLOCKS,
        says="In distribution: problems of blocksworld's classes drawn anew, in PlanBench's fixed words",
    ),
    ProblemSet(name="blocksworld-6-8", domain="blocksworld", sizes=_even(6, 7, 8), says="Larger: 6 to 8 blocks"),
    ProblemSet(name="blocksworld-9-12", domain="blocksworld", sizes=_even(9, 10, 11, 12), says="Larger: 9 to 12 blocks"),
    ProblemSet(name="blocksworld-13-17", domain="blocksworld", sizes=_even(13, 14, 15, 16, 17), says="Larger: 13 to 17 blocks"),
    ProblemSet(
        name="blocksworld-long", domain="blocksworld", sizes=_even(*range(7, 15)), steps=(20, 40),
        says="Long: 7 to 14 blocks, 20 to 40 steps in the reference plan",
    ),
    ProblemSet(name="logistics-large", domain="logistics", sizes=_even("larger"), says="Larger: 8 to 15 packages, 3 or 4 cities"),
    ProblemSet(
        name="blocksworld-renamed", domain="blocksworld", sizes=_BLOCKS, renamed_from="blocksworld",
        says=f"The first 200 problems of blocksworld, {_RENAMED}",
    ),
    ProblemSet(
        name="logistics-renamed", domain="logistics", sizes=_even("in_distribution"), renamed_from="logistics",
        says=f"The first 200 problems of logistics, {_RENAMED}",
    ),
    ProblemSet(
        name="mystery_blocksworld-renamed", domain="mystery_blocksworld", sizes=_BLOCKS, renamed_from="mystery_blocksworld",
        says=f"The first 200 problems of mystery_blocksworld, {_RENAMED}",
    ),
    ProblemSet(
        name="depots", domain="depots", sizes=_even("in_distribution"),
        says="An unseen domain: PlanBench's size, 4 places, 3 trucks, 3 crates",
    ),
    # None of 4 blocks: there the classes run out whose goals are `on` facts alone, those with a plan first, and the words of a goal would tell.
    ProblemSet(
        name="blocksworld-unsolvable", domain="blocksworld", n=400, sizes=_even(5, 6), has_unsolvable=True,
        says="Half have no plan: goals that never hold together, of 5 and 6 blocks; half have one, and goals of like form",
    ),
)  # fmt: skip
SETS: Mapping[str, ProblemSet] = MappingProxyType({one.name: one for one in _SETS})


def named_set(name: str) -> ProblemSet:
    """Raises PlanlearnError, which names the nearest set."""
    if name not in SETS:
        near = nearest(name, sorted(SETS))
        raise PlanlearnError(f"no set {name!r}; " + (f"did you mean {near!r}?" if near else f"known are {', '.join(SETS)}"))
    return SETS[name]


def build_set(name: str, count: int | None = None, progress: Progress = lambda *_: None) -> list[Row]:
    """The rows of a set, or its first `count`; the same every time.

    A row: id, domain, size, steps (of our reference plan), optimal (whether that is proven shortest), class, perhaps domain_pddl (where
    the problem's names are not the domain's) and problem_pddl; of an unsolvable problem steps and optimal are null, solvable is
    false and conflict is the kind of its conflict (other rows have neither field). Raises PlanlearnError for a name that is no set's, RecipeError where no problem of a
    set is found with patience.
    """
    one = named_set(name)
    wanted = one.n if count is None else min(count, one.n)
    rows = []
    for row in _renamed_rows(one, wanted) if one.renamed else _own_rows(one, wanted):
        rows.append(row)
        progress(name, len(rows), wanted)
    return rows


def _own_rows(one: ProblemSet, count: int) -> Iterator[Row]:
    classes: set[str] = set()
    texts: set[str] = set()
    for number in range(count):
        row = _draw(one, number, classes, texts)
        classes.add(row["class"])
        texts.add(row["problem_pddl"])
        yield row


def _draw(one: ProblemSet, number: int, classes: set[str], texts: set[str]) -> Row:
    """One problem of a class that may be asked, new to the set where one is found soon enough."""
    from planlearn.planners import is_proven_shortest, reference_plan

    rng = stream("set", one.name, one.seed, number)
    size = rng.choices(list(one.sizes), list(one.sizes.values()))[0]
    if one.has_unsolvable:  # the same sizes with a plan and without
        size = list(one.sizes)[number // 2 % len(one.sizes)]
    for tried in range(PATIENCE):
        extra: Row = {}
        if not one.has_unsolvable:
            made = get_generator(one.domain).generate(rng, size)
        elif number % 2:
            made = decoy_problem(one.domain, rng, size)
        else:
            unsolvable = unsolvable_problem(one.domain, rng, size)
            made, extra = unsolvable.problem, {"solvable": False, "conflict": unsolvable.kind}
        task = made.task()
        kind = problem_class(task)
        text = compact(made.problem_text)
        if not _may_be_asked(kind) or text in texts or (kind in classes and tried < FRESH):
            continue
        if extra:
            return _row(one, number, made, text, kind) | extra
        plan = reference_plan(one.domain, task)
        if plan is None:
            raise RecipeError(f"set {one.name}: problem {made.name} has no plan")
        steps = len(plan.calls)
        if one.steps is None or one.steps[0] <= steps <= one.steps[1]:
            return _row(one, number, made, text, kind) | {"steps": steps, "optimal": is_proven_shortest(task)}
    raise RecipeError(f"set {one.name}: no problem of size {size} found in {PATIENCE} tries")


def _may_be_asked(kind: str) -> bool:
    """The law of all sets: the class is no other split's, and none of PlanBench's."""
    return split_of(kind) == SPLIT and kind not in planbench_classes()


def _row(one: ProblemSet, number: int, made: GeneratedProblem, text: str, kind: str) -> Row:
    return {
        "id": f"{one.name}-{number + 1}", "domain": one.domain, "size": made.size_name, "steps": None, "optimal": None, "class": kind,
        "problem_pddl": text,
    }  # fmt: skip


def _renamed_rows(one: ProblemSet, count: int) -> Iterator[Row]:
    from planlearn.evaluate.disguise import disguise
    from planlearn.problems import domain_text

    for number, row in enumerate(_own_rows(named_set(one.renamed_from), count)):
        task = disguise(read_task(domain_text(one.domain), row["problem_pddl"]), stream("set", one.name, one.seed, number))
        names = {"domain_pddl": compact(write_domain(task.domain)), "problem_pddl": compact(write_problem(task.problem))}
        yield row | {"id": f"{one.name}-{number + 1}"} | names


_SECTION = re.compile(r" \((?=:(?:domain|requirements|types|predicates|action|objects|init|goal)\b)")


def compact(pddl: str) -> str:
    """PDDL without comments, a line for each section: a third of the size."""
    words = re.sub(r"\s+", " ", re.sub(r";.*", "", pddl)).strip()
    return _SECTION.sub("\n(", words.replace("( ", "(").replace(" )", ")"))


def summary(one: ProblemSet, rows: list[Row]) -> Row:
    """Of the manifest: what the set is and how its problems are distributed."""
    unsolvable = sum(not row.get("solvable", True) for row in rows)
    steps = Counter(row["steps"] for row in rows if row["steps"] is not None)
    return {
        "says": one.says, "domain": one.domain, "n": len(rows), "seed": one.seed, "renamed": one.renamed, "solvable": unsolvable == 0,
        **({"unsolvable": unsolvable} if unsolvable else {}), "split": SPLIT, "distinct_classes": len({row["class"] for row in rows}),
        "optimal": sum(row["optimal"] is True for row in rows),
        "sizes": dict(sorted(Counter(row["size"] for row in rows).items(), key=lambda size: _natural(size[0]))),
        "steps": {str(length): steps[length] for length in sorted(steps)},
    }  # fmt: skip


def _natural(text: str) -> list[tuple[int, str]]:
    """Orders "9" before "12"."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", text)]


def set_row(name: str, entry: Row) -> tuple[str | int, ...]:
    """A set's line in a table: name, domain, problems, classes, sizes, steps (fewest to most), what it is."""
    sizes, lengths = list(entry["sizes"]), [int(length) for length in entry["steps"]]
    steps = [*([_span(lengths)] if lengths else []), *(["no plan"] if not entry["solvable"] else [])]
    return (
        name, entry["domain"], entry["n"], entry["distinct_classes"], _span(sizes), " or ".join(steps),
        entry["says"],
    )  # fmt: skip


def _span(values: list[Any]) -> str:
    """The first to the last of values in order: "6-8"; "a to b" for names, which have hyphens."""
    first, last = str(values[0]), str(values[-1])
    return first if first == last else f"{first}-{last}" if first.isdecimal() else f"{first} to {last}"


def write_set(folder: Path, name: str, progress: Progress = lambda *_: None) -> Row:
    """Build a set into `folder` and enter it in the folder's manifest; gives its entry. A set that the manifest has is left alone.

    The file is written first, so a set in the manifest is whole. Raises PlanlearnError where the manifest has the set otherwise defined,
    or with another file than the one that lies there; else as `build_set` does; DiskFull.
    """
    one, path = named_set(name), folder / f"{name}.jsonl"
    entries = _manifest(folder)
    if name in entries:
        entry = entries[name]
        same = (entry.get("says"), entry.get("n"), entry.get("seed")) == (one.says, one.n, one.seed)
        if same and path.exists() and file_sha256(path) == entry["sha256"]:
            return entry
        raise PlanlearnError(f"{folder}: set {name} in {MANIFEST} is not the one that would be made; take it out there, or choose another folder")
    rows = build_set(name, progress=progress)
    write_json_lines(path, rows)
    entry = summary(one, rows) | {
        "sha256": file_sha256(path), "planlearn": planlearn.__version__, "command": f"planlearn data sets {name} --out DIR",
    }  # fmt: skip
    entries = _manifest(folder) | {name: entry}
    write_json(folder / MANIFEST, {"schema": 1, "sets": {known: entries[known] for known in SETS if known in entries}})
    return entry


def _manifest(folder: Path) -> dict[str, Row]:
    """The entries of a folder's manifest by name; none where there is no manifest. Raises PlanlearnError where it is none."""
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["sets"])
    except (ValueError, KeyError, TypeError) as error:
        raise PlanlearnError(f"{path}: not a manifest of sets ({error})") from None


@cache
def carried_manifest() -> Mapping[str, Row]:
    """The entries of the sets that planlearn carries. Raises PlanlearnError where it carries none."""
    try:
        return MappingProxyType(_manifest(resource_path("data", "sets", MANIFEST).parent))
    except FileNotFoundError as error:
        raise PlanlearnError(str(error)) from None


def read_set(name: str) -> list[Row]:
    """The rows of a carried set. Raises PlanlearnError: no such set, or its file is not the one that the manifest has."""
    named_set(name)
    entry = carried_manifest().get(name)
    try:
        path = resource_path("data", "sets", f"{name}.jsonl")
    except FileNotFoundError as error:
        raise PlanlearnError(str(error)) from None
    if entry is None or file_sha256(path) != entry["sha256"]:
        raise PlanlearnError(f"{path}: not the set of {MANIFEST} (its SHA-256 differs); `planlearn data sets {name} --out DIR` makes it anew")
    return read_json_lines(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """A folder of PlanBench that has what a set has, or a part of it.

    renamed: its domain is the set's under other names. objects, steps: fewest and most, of the problems that count; None for all.
    """

    folder: str
    renamed: bool = False
    objects: tuple[int, int] | None = None
    steps: tuple[int, int] | None = None

    def takes(self, objects: int, steps: int | None) -> bool:
        """Whether a problem of so many objects counts, whose reference plan has so many steps (None: not known)."""
        inside = self.objects is None or self.objects[0] <= objects <= self.objects[1]
        return inside and (self.steps is None or (steps is not None and self.steps[0] <= steps <= self.steps[1]))


def planbench_counterparts() -> Mapping[str, tuple[Counterpart, ...]]:
    """PlanBench's folders by the name of the set that they match; sets without a counterpart have an empty tuple."""
    found = {
        "blocksworld": (Counterpart(folder="blocksworld"), Counterpart(folder="blocksworld_3")),
        "logistics": (Counterpart(folder="logistics"),),
        "mystery_blocksworld": (Counterpart(folder="mystery_blocksworld"), Counterpart(folder="mystery_blocksworld_3")),
        "blocksworld-long": tuple(Counterpart(folder=f"blocksworld_{kind}", steps=(20, 40)) for kind in ("generalized", "hard")),
        # Locations, vehicles and cities count too: PlanBench's in-distribution problems have 24 objects at most.
        "logistics-large": (Counterpart(folder="logistics_generalized", objects=(25, 99)),),
        "logistics-renamed": tuple(
            Counterpart(folder=f"obfuscated_{kind}_logistics", renamed=True) for kind in ("randomized", "deceptive")
        ),
        "depots": (Counterpart(folder="depots"),),
        "blocksworld-unsolvable": (Counterpart(folder="unsolvable_blocksworld"),),
    }  # fmt: skip
    both = ("blocksworld_generalized", "blocksworld_hard")  # of 3 to 12 and of 6 to 15 blocks
    for fewest, most, folders in ((6, 8, both), (9, 12, both), (13, 17, both[1:])):
        found[f"blocksworld-{fewest}-{most}"] = tuple(Counterpart(folder=folder, objects=(fewest, most)) for folder in folders)
    return MappingProxyType({name: found.get(name, ()) for name in SETS})
