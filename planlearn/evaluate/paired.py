"""Two runs on the same problems: who answered which alone, an exact test, an interval of the difference.

Pairs are made by domain, id and attempt, and only where both were asked the same problem. Of an arm whose attempts know those before them
the last one counts, as in results.json. Right is a valid plan, or saying that there is none where there is none. Rejected: two intervals side
by side (they overlap long after a paired difference is certain) and the chi-squared McNemar test (wrong for the few discordant pairs that
one has).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import accumulate
from math import comb, exp, lgamma, log, log1p, sqrt
from typing import Any

from planlearn.errors import PlanlearnError
from planlearn.evaluate.arms import GREEDY, Kind, kind_of
from planlearn.evaluate.intervals import wilson
from planlearn.evaluate.results import by_number
from planlearn.evaluate.scoring import Result
from planlearn.problems import stream

RESAMPLES = 10_000


class PairingError(PlanlearnError):
    """Two runs that cannot be compared problem by problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two arms on the same n problems. first, second: how many this one alone answered with a valid plan.

    Where a problem has several attempts: how many this one answered with more valid plans.
    """

    n: int
    first: int
    second: int

    @property
    def p(self) -> float:
        """The exact, two-sided McNemar test: how likely a split at least as uneven is where both are as good.

        Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 12 (1947).
        """
        pairs = self.first + self.second
        tail = sum(comb(pairs, k) for k in range(min(self.first, self.second) + 1))
        return min(1.0, 2 * tail / 2**pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference of two shares, in [-1, 1], with the bounds of its interval at 95 %."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    def __str__(self) -> str:
        """In points, as "+20.3 (+15.1 to +25.5)"."""
        return f"{100 * self.value:+.1f} ({100 * self.low:+.1f} to {100 * self.high:+.1f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What pairing needs of a row of samples. problem: its PDDL, "" where the row has none. right: None where the checker failed."""

    domain: str
    id: str
    attempt: int
    size: str
    problem: str
    prompt: str
    solvable: bool
    right: bool | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Answered:
        solvable = row.get("solvable", True)
        right = Result.VALID if solvable else Result.UNSOLVABLE
        return cls(
            domain=row["domain"], id=row["id"], attempt=row.get("attempt", 1), size=row["size"], problem=row.get("problem_pddl") or "",
            prompt=row["prompt"], solvable=solvable, right=None if row["outcome"] == Result.CHECKER_ERROR.value else row["outcome"] == right.value,
        )

    @property
    def key(self) -> tuple[str, str, int]:
        return self.domain, self.id, self.attempt

    def asks_as(self, other: Answered) -> bool:
        """Whether both were asked the same problem: by its PDDL, spaces and case aside; by the prompt where a row is too old to have it."""
        if self.problem and other.problem:
            return self.problem == other.problem or self.problem.casefold().split() == other.problem.casefold().split()
        return self.prompt == other.prompt


def answers_of(rows: Sequence[Mapping[str, Any]], arm: str) -> list[Answered]:
    """An arm's answers among the rows of a run; one a problem where its attempts go on from each other and from the greedy arm's."""
    if kind_of(arm) is not Kind.IN_TURN:
        return [Answered.from_row(row) for row in rows if row["arm"] == arm]
    last: dict[tuple[str, str], Answered] = {}
    for answered in sorted((Answered.from_row(row) for row in rows if row["arm"] in (arm, GREEDY)), key=lambda one: one.attempt):
        last[answered.domain, answered.id] = answered
    # The prompt of a later attempt has the earlier answer in it, and is no other problem for that.
    first = {(row["domain"], row["id"]): row["prompt"] for row in rows if row["arm"] == GREEDY or row.get("attempt", 1) == 1}
    return [replace(answered, attempt=1, prompt=first.get(key, answered.prompt)) for key, answered in last.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Answers to the same problem, and how many are left out: only one run has them, or the checker failed at one of the two."""

    pairs: tuple[tuple[Answered, Answered], ...]
    only_first: int
    only_second: int
    unjudged: int


def pair_up(first: Iterable[Answered], second: Iterable[Answered]) -> Pairs:
    """Raises PairingError where the same id is another problem, with how many, and where no problem is left."""
    one, other = ({answered.key: answered for answered in run} for run in (first, second))
    both = [(one[key], other[key]) for key in one if key in other]
    different = [mine for mine, theirs in both if not mine.asks_as(theirs)]
    if different:
        example = different[0]
        raise PairingError(
            f"{len(different)} of {len(both)} answers with the same id are to different problems, e.g. {example.domain}/{example.id}; "
            "the runs were not asked the same set"
        )
    judged = tuple(pair for pair in both if None not in (pair[0].right, pair[1].right))
    if not judged:
        raise PairingError("the two have no problem in common" if not both else "the checker failed at every problem that the two share")
    return Pairs(pairs=judged, only_first=len(one) - len(both), only_second=len(other) - len(both), unjudged=len(both) - len(judged))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The same answers of two runs, n pairs.

    right: how many of the first and of the second. score: Newcombe's interval, None with several attempts.
    """

    n: int
    right: tuple[int, int]
    comparison: Comparison
    difference: Difference
    score: Difference | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "n": self.n, "problems": self.comparison.n,
            "right": [wilson(hits, self.n).to_dict() for hits in self.right],
            "difference": self.difference.to_dict(), "difference_score": None if self.score is None else self.score.to_dict(),
            "alone": [self.comparison.first, self.comparison.second], "p": self.comparison.p,
        }  # fmt: skip


def compare_pairs(pairs: Sequence[tuple[Answered, Answered]], resamples: int = RESAMPLES) -> Paired:
    """Test and intervals, with problems as the units: attempts at one problem are not independent. Needs at least one pair."""
    ahead: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    for one, other in pairs:
        ahead[one.domain, one.id] += bool(one.right) - bool(other.right)
        tried[one.domain, one.id] += 1
    hits = tuple(sum(bool(answered.right) for answered in side) for side in zip(*pairs, strict=True))
    comparison = Comparison(n=len(tried), first=sum(lead > 0 for lead in ahead.values()), second=sum(lead < 0 for lead in ahead.values()))
    return Paired(
        n=len(pairs), right=(hits[0], hits[1]), comparison=comparison,
        difference=bootstrap(Counter((ahead[key], tries) for key, tries in tried.items()), resamples),
        score=newcombe(hits[0], hits[1], comparison) if len(tried) == len(pairs) else None,
    )


def by_size(pairs: Sequence[tuple[Answered, Answered]]) -> dict[str, Paired]:
    """The same for each size (behind its domain, where there are several), small before large."""
    several = len({one.domain for one, _ in pairs}) > 1
    groups: dict[tuple[str, str], list[tuple[Answered, Answered]]] = {}
    for two in pairs:
        groups.setdefault((two[0].domain if several else "", two[0].size), []).append(two)
    ordered = sorted(groups, key=lambda key: (key[0], by_number(key[1])))
    return {f"{domain} {size}".strip(): compare_pairs(groups[domain, size]) for domain, size in ordered}


def bootstrap(problems: Mapping[tuple[int, int], int], resamples: int = RESAMPLES) -> Difference:
    """The percentile interval of the difference over resampled problems; the same numbers give the same interval.

    problems: how many problems have this (valid plans of the first less those of the second, attempts of each). Problems that agree in both
    are exchangeable, so a resample is a multinomial draw of these counts. Source: B. Efron, R. J. Tibshirani, An introduction to the
    bootstrap (1993), 13.3.
    """
    total = sum(problems.values())
    # The commonest kind comes last: its count is what is left over and need not be drawn.
    kinds = sorted((kind for kind, count in problems.items() if count), key=lambda kind: (problems[kind], kind))
    chances, left = [], total
    for kind in kinds[:-1]:
        chances.append(problems[kind] / left)
        left -= problems[kind]
    rng = stream("paired", "bootstrap")
    found = []
    for _ in range(resamples):
        rest, ahead, tries = total, 0, 0
        for (lead, tried), chance in zip(kinds, chances, strict=False):
            count = _binomial(rest, chance, rng.random())
            rest -= count
            ahead += count * lead
            tries += count * tried
        lead, tried = kinds[-1]
        found.append((ahead + rest * lead) / (tries + rest * tried))
    found.sort()
    value = sum(count * lead for (lead, _), count in problems.items()) / sum(count * tried for (_, tried), count in problems.items())
    edge = int(0.025 * resamples)
    return Difference(value=value, low=found[edge], high=found[-1 - edge])


def _binomial(n: int, chance: float, uniform: float) -> int:
    """The quantile of n trials at a uniform number: a binomial draw that is the same on every Python."""
    start, sums = _binomial_sums(n, chance)
    return start + min(bisect_left(sums, uniform * sums[-1]), len(sums) - 1)


@lru_cache(maxsize=4096)
def _binomial_sums(n: int, chance: float) -> tuple[int, list[float]]:
    """The smallest count worth naming, and the running sums of the chances from there on; what is rarer than 1e-18 of the mode is none."""
    if n == 0:
        return 0, [1.0]
    mode = min(n, int((n + 1) * chance))
    top = exp(lgamma(n + 1) - lgamma(mode + 1) - lgamma(n - mode + 1) + mode * log(chance) + (n - mode) * log1p(-chance))
    odds = chance / (1 - chance)
    down, up, weight = [], [top], top
    for k in range(mode, 0, -1):
        weight *= k / ((n - k + 1) * odds)
        if weight < 1e-18 * top:
            break
        down.append(weight)
    weight = top
    for k in range(mode, n):
        weight *= (n - k) * odds / (k + 1)
        if weight < 1e-18 * top:
            break
        up.append(weight)
    return mode - len(down), list(accumulate([*reversed(down), *up]))


def newcombe(first: int, second: int, comparison: Comparison) -> Difference:
    """Newcombe's score interval of the difference of paired shares; unlike the bootstrap it claims no certainty where no pair differs.

    first, second: valid plans of each, one attempt a problem. Source: R. G. Newcombe, Improved confidence intervals for the difference between
    binomial proportions based on paired data, Statistics in Medicine 17 (1998), method 10.
    """
    n = comparison.n
    both = first - comparison.first
    neither = n - both - comparison.first - comparison.second
    one, other = wilson(first, n), wilson(second, n)
    margins = first * (n - first) * second * (n - second)
    apart = both * neither - comparison.first * comparison.second
    if apart > 0:
        apart = max(0.0, apart - n / 2)
    phi = apart / sqrt(margins) if margins else 0.0
    value = one.value - other.value

    def reach(mine: float, theirs: float) -> float:
        return sqrt(max(0.0, mine * mine - 2 * phi * mine * theirs + theirs * theirs))

    return Difference(
        value=value, low=value - reach(one.value - one.low, other.high - other.value),
        high=value + reach(one.high - one.value, other.value - other.low),
    )
