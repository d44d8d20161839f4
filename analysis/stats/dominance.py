"""How often is one system rated above the other? Effect sizes that lean on order alone, with intervals.

Two questions that are easily taken for one another. Cliff's delta and its chance of superiority compare any case
of one system with any case of the other, whether or not the data are paired. The paired share asks of each case
which of the two was rated higher there. Both are differences of two chances, from -1 to 1, and both have an interval
that stays inside that range however close the value comes to its end.

References: Cliff (1993) Psychological Bulletin 114; Feng & Cliff (2004) Journal of Modern Applied Statistical
Methods 3 for the interval; Brunner & Munzel (2000) Biometrical Journal 42 for the standard error.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.significance import differences, tied_equal

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dominance:
    """Chance that the first is rated above the second, less the chance of the reverse."""

    delta: float
    """-1 to 1; 0 where neither stands above the other."""
    interval: MaybeInterval
    se: Maybe
    df: float
    """Degrees of freedom of the t that the interval takes."""

    @property
    def superiority(self) -> float:
        """Chance that the first is rated above the second, ties counted half: 0 to 1."""
        return (1 + self.delta) / 2

    @property
    def superiority_interval(self) -> MaybeInterval:
        if isinstance(self.interval, Undefined):
            return self.interval
        low, high = (1 + self.interval.low) / 2, (1 + self.interval.high) / 2
        return Interval(low, high, self.interval.level, self.interval.method)


def any_case(
    a: npt.ArrayLike, b: npt.ArrayLike, *, paired: bool, confidence: float = 0.95
) -> Dominance | Undefined:
    """Cliff's delta: any case of a against any case of b.

    Args:
        a, b: case means of two systems; with `paired`, on the same cases in the same order.
        paired: whether the standard error must allow for what the two owe to the cases they share.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if paired:
        differences(x, y)
    n, m = len(x), len(y)
    if not n or not m:
        return Undefined("a system without ratings")
    joint = tied_equal(np.concatenate([x, y]))
    x, y = joint[:n], joint[n:]
    above, below = (
        _placed(x, y),
        _placed(y, x),
    )  # share of y under each x less the share over it, and reversed
    delta = float(above.mean())
    if min(n, m) < 2:
        return Dominance(delta, Undefined("one case has no spread"), Undefined("one case has no spread"), 0)
    if paired:
        variance, df = float((above - below).var(ddof=1)) / n, float(n - 1)
    else:
        parts = float(above.var(ddof=1)) / n, float(below.var(ddof=1)) / m
        variance = sum(parts)
        df = variance**2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1)) if variance > 0 else 0.0
    return _dominance(delta, variance, df, confidence)


def same_case(a: npt.ArrayLike, b: npt.ArrayLike, *, confidence: float = 0.95) -> Dominance | Undefined:
    """Share of cases in which a was rated higher, less the share in which b was.

    Raises:
        Unpaired: lengths differ or a value is missing.
    """
    _, _, d = differences(a, b)
    n, sign = len(d), np.sign(d)
    if not n:
        return Undefined("no case in common")
    if n < 2:
        return Dominance(
            float(sign[0]), Undefined("one case has no spread"), Undefined("one case has no spread"), 0
        )
    return _dominance(float(sign.mean()), float(sign.var(ddof=1)) / n, float(n - 1), confidence)


def delta_of(found: Dominance | Undefined) -> tuple[Maybe, MaybeInterval]:
    """Delta and its interval, or twice the words that say why there is none."""
    return (found, found) if isinstance(found, Undefined) else (found.delta, found.interval)


def superiority_of(found: Dominance | Undefined) -> tuple[Maybe, MaybeInterval]:
    """The chance of superiority and its interval, or twice the words that say why there is none."""
    if isinstance(found, Undefined):
        return found, found
    return found.superiority, found.superiority_interval


def _placed(x: Array, y: Array) -> Array:
    """For each x the share of y below it less the share above it."""
    ordered = np.sort(y)
    below, up_to = np.searchsorted(ordered, x, side="left"), np.searchsorted(ordered, x, side="right")
    return np.asarray((below + up_to - len(y)) / len(y))


def _dominance(delta: float, variance: float, df: float, confidence: float) -> Dominance:
    if variance <= 0 or abs(delta) == 1:
        why = Undefined("every comparison of two cases came out alike, which says nothing of the error")
        return Dominance(delta, why, why, df)
    se = variance**0.5
    reach = float(special.stdtrit(df, (1 + confidence) / 2)) * se
    room = 1 - delta**2
    middle, half = delta - delta**3, reach * (room**2 + reach**2) ** 0.5
    ends = [(middle + side * half) / (room + reach**2) for side in (-1, 1)]
    interval = Interval(ends[0], ends[1], confidence, "asymmetric t over cases (Feng and Cliff)")
    return Dominance(delta, interval, se, df)
