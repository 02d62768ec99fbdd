"""What a generator is and gives, and how the size of a problem is chosen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol, TypeVar

from planlearn.errors import RecipeError
from planlearn.problems.domains import load_named_domain
from val_bridge import Atom, Task, atom_text, read_problem


class Size(Protocol):
    """A problem's measures: a frozen, ordered dataclass of whole numbers; `str(size)` is its short name."""

    def __lt__(self, other: object) -> bool: ...


SizeChoice = str | int | Mapping[str | int, float]
"""A tier ("in_distribution"), one size (5, "c3-s2-p5-a1"), or sizes with weights ({4: 0.3, 5: 0.7})."""

AnySize = TypeVar("AnySize", bound=Size)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedProblem:
    """A problem as PDDL text, all in lower case.

    domain: the folder in `domains/`.
    size: measure -> number, e.g. {"blocks": 5}; size_name: its short name, e.g. "5".
    """

    domain: str
    name: str
    size: dict[str, int]
    size_name: str
    problem_text: str

    def task(self) -> Task:
        """The problem read, with its domain."""
        domain = load_named_domain(self.domain)
        return Task(domain, read_problem(self.problem_text, domain, self.name))


class Generator(Protocol):
    """One domain's problems."""

    name: str

    @property
    def tiers(self) -> tuple[str, ...]:
        """Names of the size tiers, "in_distribution" among them."""

    def generate(self, rng: random.Random, size: SizeChoice = "in_distribution") -> GeneratedProblem:
        """A solvable problem whose goal does not hold yet; the same stream gives the same problem.

        Raises RecipeError for a size that the domain cannot have.
        """


def draw_size(
    rng: random.Random,
    choice: SizeChoice,
    tiers: Mapping[str, Mapping[AnySize, float]],
    parse: Callable[[str | int], AnySize],
) -> AnySize:
    """One size, drawn by weight.

    Raises RecipeError for unknown names and for weights that are negative or all zero.
    """
    if isinstance(choice, str) and choice in tiers:
        weights: dict[AnySize, float] = dict(tiers[choice])
    elif isinstance(choice, Mapping):
        weights = {parse(size): weight for size, weight in choice.items()}
        if not any(weights.values()) or min(weights.values()) < 0:
            raise RecipeError(f"sizes: weights must not be negative nor all zero, found {dict(choice)!r}")
    else:
        try:
            weights = {parse(choice): 1.0}
        except RecipeError as error:
            raise RecipeError(f"{error}, or one of the tiers {', '.join(sorted(tiers))}") from None
    # Sorted: the order in which a recipe happens to list its sizes must not change the problems.
    sizes = sorted(weights)
    return rng.choices(sizes, [weights[size] for size in sizes])[0]


def generated_problem(
    *, domain: str, domain_name: str, name: str, size: Size, objects: Iterable[str], initial: Iterable[Atom],
    goal: Iterable[Atom],
) -> GeneratedProblem:  # fmt: skip
    """The problem as text, one fact a line, objects and facts in the order given."""
    text = (
        f"(define (problem {name})\n  (:domain {domain_name})\n  (:objects {' '.join(objects)})\n"
        f"  (:init\n{_lines(initial)})\n  (:goal (and\n{_lines(goal)})))\n"
    )
    return GeneratedProblem(
        domain=domain,
        name=name,
        size=asdict(size),
        size_name=str(size),
        problem_text=text,  # type: ignore[call-overload]
    )


def _lines(atoms: Iterable[Atom]) -> str:
    return "\n".join(f"    {atom_text(atom)}" for atom in atoms)
