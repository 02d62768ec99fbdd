"""Small situations whose words VAL itself has spoken: inputs and recordings lie in tests/golden/val/.

A recording is what the real `Validate` printed, never what we print: `make golden` writes it again where the
binary is at hand.
"""

from __future__ import annotations

from pathlib import Path

from tests.golden_files import GOLDEN

FOLDER = GOLDEN / "val"

SINGLE = (
    "blocks-valid",
    "blocks-precondition",
    "blocks-several",
    "blocks-goal",
    "blocks-goals",
    "blocks-empty",
    "blocks-written",
    "blocks-stamped",
    "blocks-stamped-failing",
    "blocks-cut",
    "blocks-absent",
    "delivery-valid",
    "delivery-negative",
    "delivery-several",
    "delivery-equality",
    "delivery-inequality",
    "delivery-goals",
    "delivery-adds-and-deletes",
    "delivery-unknown-action",
    "order-wish",
    "order-mix",
    "order-twice",
    "done-empty",
    "errand-valid",
    "errand-effects",
    "errand-or",
    "errand-imply",
    "errand-forall",
    "errand-exists",
    "errand-goal",
    "reach-valid",
    "reach-goal",
    "reach-conjunction",
    "reach-bare",
    "reach-negated",
    "reach-or",
    "haul-valid",
    "haul-longer",
    "haul-fuel",
    "haul-or",
    "haul-goal",
    "haul-equal",
    "haul-twice",
    "haul-again",
    "haul-conditional",
    "haul-undefined",
)
"""One plan each, as a plain run and as a run with `-v`. There is no file `blocks-absent.plan`."""

TOGETHER = {
    "together": ("blocks", ("valid", "precondition", "longer", "goals", "valid", "absent")),
    "priced": ("haul", ("longer", "undefined", "valid", "conditional", "fuel", "valid", "goal")),
}
"""Several plans in one run: the name of the run, its world and the plans."""

OPTIONS = {"plain": (), "v": ("-v",), "v-a": ("-v", "-a"), "s": ("-s",), "s-v": ("-s", "-v"), "S": ("-S",)}


def _words(world: str, options: tuple[str, ...], plans: tuple[str, ...]) -> list[str]:
    domain = "blocks" if world == "done" else world
    files = [f"{world}-{plan}.plan" for plan in plans]
    return [*options, f"{domain}.domain.pddl", f"{world}.problem.pddl", *files]


def runs() -> dict[str, list[str]]:
    """The arguments of every recorded run, by the name of its recording."""
    found = {}
    for case in SINGLE:
        world, _, plan = case.partition("-")
        found[f"{case}.plain.txt"] = _words(world, (), (plan,))
        found[f"{case}.v.txt"] = _words(world, ("-v",), (plan,))
    for run, (world, plans) in TOGETHER.items():
        for name, options in OPTIONS.items():
            # A text that VAL cannot parse is not among them: it makes VAL crash unless it is the first.
            found[f"{run}.{name}.txt"] = _words(world, options, plans)
    return found


RUNS = runs()


def text(name: str) -> str:
    """An input file of the folder."""
    return (FOLDER / name).read_text(encoding="utf-8")


def inputs() -> list[Path]:
    return sorted([*FOLDER.glob("*.pddl"), *FOLDER.glob("*.plan")])
