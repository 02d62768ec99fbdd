"""Two runs on the same problems: who answered which alone, an exact test, an interval of the difference.

Pairs are made by domain, id and attempt, and only where both were asked the same problem. Of an arm whose attempts know those before them
the last one counts, as in results.json. Right is a valid plan; of a problem without one, saying so. The two are compared apart: a share over
both would mean nothing. Rejected: two intervals side by side (they overlap long after a paired difference is certain) and the chi-squared
McNemar test (wrong for the few discordant pairs that one has).
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

DRAWS = 10_000
"""Resamples of an interval of the difference."""
_REFUSED = (Result.INVALID.value, Result.UNREADABLE.value)
"""Outcomes behind which an arm whose attempts go on from each other makes another one, as long as it may."""


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
    """What pairing needs of a row of samples. problem: its PDDL, "" where the row has none. right: None where it is not known.

    unfinished: it is not known since an attempt is missing; else the checker failed.
    """

    domain: str
    id: str
    attempt: int
    size: str
    problem: str
    prompt: str
    solvable: bool
    right: bool | None
    unfinished: bool = False

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
    """An arm's answers among all rows of a run; one a problem where its attempts go on from each other and from the greedy arm's.

    How many attempts such an arm may make is in no row, so it is taken to be the most that a problem has. One with fewer, the last of them
    refused, is unfinished: its next answer did not come, or the run was killed.
    """
    if kind_of(arm) is not Kind.IN_TURN:
        return [Answered.from_row(row) for row in rows if row["arm"] == arm]
    attempts: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in sorted((row for row in rows if row["arm"] in (arm, GREEDY)), key=lambda row: row.get("attempt", 1)):
        attempts.setdefault((row["domain"], row["id"]), []).append(row)
    most = max(map(len, attempts.values()), default=0)
    found = []
    for some in attempts.values():
        unfinished = len(some) < most and some[-1]["outcome"] in _REFUSED
        answered = Answered.from_row(some[-1])
        # The prompt of a later attempt has the earlier answer in it, and is no other problem for that.
        found.append(replace(
            answered, attempt=1, prompt=some[0]["prompt"], right=None if unfinished else answered.right, unfinished=unfinished,
        ))  # fmt: skip
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Answers to the same problem, and how many are left out.

    solvable, unsolvable: pairs by whether a plan exists; at least one of them is not empty. only_first, only_second: one run alone has
    them. unjudged: the checker failed at one of the two; unfinished: an attempt is missing in one of the two.
    """

    solvable: tuple[tuple[Answered, Answered], ...]
    unsolvable: tuple[tuple[Answered, Answered], ...]
    only_first: int
    only_second: int
    unjudged: int
    unfinished: int

    @property
    def pairs(self) -> tuple[tuple[Answered, Answered], ...]:
        return self.solvable + self.unsolvable


def pair_up(first: Iterable[Answered], second: Iterable[Answered]) -> Pairs:
    """Raises PairingError where the same id is another problem, or one that only one run calls solvable, with how many, and where no
    problem is left."""
    one, other = ({answered.key: answered for answered in run} for run in (first, second))
    both = [(one[key], other[key]) for key in one if key in other]
    different = [mine for mine, theirs in both if not mine.asks_as(theirs)]
    if different:
        example = different[0]
        raise PairingError(
            f"{len(different)} of {len(both)} answers with the same id are to different problems, e.g. {example.domain}/{example.id}; "
            "the runs were not asked the same set"
        )
    disputed = [mine for mine, theirs in both if mine.solvable != theirs.solvable]
    if disputed:
        raise PairingError(
            f"{len(disputed)} of {len(both)} problems are solvable in one run and not in the other, e.g. {disputed[0].domain}/{disputed[0].id}"
        )
    judged = [pair for pair in both if None not in (pair[0].right, pair[1].right)]
    unfinished = sum(mine.unfinished or theirs.unfinished for mine, theirs in both)
    if not both:
        raise PairingError("the two have no problem in common")
    if not judged:
        why = f"; at {unfinished} an attempt is missing, at the others the checker failed" if unfinished else ": the checker failed at every problem"
        raise PairingError(f"of the {len(both)} answers that the two share none has a verdict in both{why}")
    return Pairs(
        solvable=tuple(pair for pair in judged if pair[0].solvable), unsolvable=tuple(pair for pair in judged if not pair[0].solvable),
        only_first=len(one) - len(both), only_second=len(other) - len(both), unjudged=len(both) - len(judged) - unfinished, unfinished=unfinished,
    )  # fmt: skip


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


def compare_pairs(pairs: Sequence[tuple[Answered, Answered]], resamples: int = DRAWS) -> Paired:
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
        difference=difference_interval(Counter((ahead[key], tries) for key, tries in tried.items()), resamples),
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


def difference_interval(problems: Mapping[tuple[int, int], int], resamples: int = DRAWS) -> Difference:
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
