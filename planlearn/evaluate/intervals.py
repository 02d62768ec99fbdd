"""How sure a share of answers is: the Wilson score interval, and the bootstrap where a problem counts for less than one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from random import Random

Z95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A share in [0, 1] of n trials, with the bounds of its interval."""

    value: float
    low: float
    high: float
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.value <= self.high <= 1:
            raise ValueError(f"not an interval in [0, 1]: {self.low} <= {self.value} <= {self.high}")

    def to_dict(self) -> dict[str, float | int]:
        return asdict(self)

    def __str__(self) -> str:
        """Per cent, as "94.0 (87.5-97.2)"."""
        return f"{100 * self.value:.1f} ({100 * self.low:.1f}-{100 * self.high:.1f})"


def wilson(hits: int, total: int, z: float = Z95) -> Interval:
    """The Wilson score interval of hits in total trials; z is the normal quantile (1.959964: 95 %).

    Raises ValueError without trials: an empty share has neither value nor bounds. Source: E. B. Wilson,
    Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not 0 <= hits <= total or total == 0:
        raise ValueError(f"expected 0 <= hits <= total and at least one trial, found {hits} of {total}")
    share = hits / total
    scale = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / scale
    half = z / scale * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # At 0 and 1 the bound equals the share; rounding must not put it a hair inside.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == total else min(1.0, centre + half)
    return Interval(value=share, low=low, high=high, n=total)


RESAMPLES = 2000


def bootstrap(shares: Sequence[float]) -> Interval:
    """The mean of shares in [0, 1], one a problem, with a percentile interval at 95 % over problems drawn with replacement.

    The draws are the same in every call. Where all shares are 0, or all 1, drawing tells nothing, and the bounds are Wilson's. Raises ValueError without shares. Source: B. Efron, Bootstrap methods: another look at the
    jackknife, Annals of Statistics 7 (1979).
    """
    if not shares:
        raise ValueError("expected at least one share")
    rng, n = Random("bootstrap"), len(shares)
    if min(shares) == max(shares) and shares[0] in (0, 1):
        return wilson(int(sum(shares)), n)
    means = sorted(sum(rng.choices(shares, k=n)) / n for _ in range(RESAMPLES))
    value, edge = sum(shares) / n, round(0.025 * RESAMPLES)
    return Interval(value=value, low=min(value, means[edge]), high=max(value, means[-edge - 1]), n=n)
