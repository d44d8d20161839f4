"""Do two systems differ that were rated on different cases? Tests for samples that do not pair.

The case is still the unit and annotators are averaged first. What such data cannot tell apart is the system and the
cases it was given: a difference may be owed to easier cases, and only chance assignment of cases speaks against it.
Every p is two-sided.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.significance import shrunk, small_sample_factor, standardised_interval, tied_equal

Array = npt.NDArray[np.float64]
EXACT_UP_TO = 20
"""Cases in the smaller sample up to which the rank test without ties is exact."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Case means of two systems, each on the cases it was rated on."""

    values_a: Array
    values_b: Array
    n_shared: int
    """Cases both were rated on; treated as if they were different ones, which makes the tests cautious."""


@dataclass(frozen=True)
class WelchT:
    """Welch's t on the difference of two means, a - b, which need not have equal spread."""

    n_a: int
    n_b: int
    mean_difference: Maybe
    t: Maybe
    df: Maybe
    """Of Welch and Satterthwaite: seldom whole."""
    p: Maybe
    interval: MaybeInterval
    hedges_g: Maybe
    """Difference over the pooled SD, without its small-sample bias."""
    hedges_interval: MaybeInterval
    """From the noncentral t with equal spread."""


@dataclass(frozen=True)
class RankSum:
    """Mann and Whitney's U test."""

    u: float
    """Of a: pairs of cases in which a is above b, ties counted half."""
    p: float
    method: str
    """"exact" or "approx" (normal, tie-corrected, without continuity correction)."""


def samples(means: pd.DataFrame, a: str, b: str) -> Samples:
    """Both systems' case means from `RatingTable.case_means`, cases without a rating left out."""
    rated = means[[a, b]].notna()
    return Samples(
        values_a=means.loc[rated[a], a].to_numpy(dtype=np.float64),
        values_b=means.loc[rated[b], b].to_numpy(dtype=np.float64),
        n_shared=int(rated.all(axis=1).sum()),
    )


def welch_t(a: npt.ArrayLike, b: npt.ArrayLike, *, confidence: float = 0.95) -> WelchT:
    """Welch's t-test of a - b with interval and effect size.

    Returns:
        t, p, intervals and effect size are Undefined where a sample has fewer than two cases or neither has a spread.

    References: Welch (1947) Biometrika 34; Hedges (1981) Journal of Educational Statistics 6.
    """
    x, y = _finite(a), _finite(b)
    n, m = len(x), len(y)
    difference: Maybe = float(x.mean() - y.mean()) if n and m else Undefined("a system without ratings")
    if isinstance(difference, Undefined) or min(n, m) < 2:
        why = Undefined(f"{n} and {m} cases; an unpaired test needs two or more of each")
        return WelchT(n, m, difference, *[why] * 6)
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        why = Undefined("neither system's case means have a spread to test the difference against")
        return WelchT(n, m, difference, *[why] * 6)
    parts = float(x.var(ddof=1)) / n, float(y.var(ddof=1)) / m
    se = sum(parts) ** 0.5
    df = sum(parts) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))
    t, half = difference / se, float(special.stdtrit(df, (1 + confidence) / 2)) * se
    g, g_interval = _hedges(difference, x, y, confidence)
    return WelchT(
        n_a=n,
        n_b=m,
        mean_difference=difference,
        t=t,
        df=df,
        p=float(2 * special.stdtr(df, -abs(t))),
        interval=Interval(difference - half, difference + half, confidence, "Welch's t over cases"),
        hedges_g=g,
        hedges_interval=g_interval,
    )


def rank_sum(a: npt.ArrayLike, b: npt.ArrayLike) -> RankSum | Undefined:
    """Mann and Whitney's test: do cases of a tend to stand above cases of b? Only ranks count.

    Exact for up to 20 cases in the smaller sample without ties, else the normal approximation.
    """
    x, y = _finite(a), _finite(b)
    if not len(x) or not len(y):
        return Undefined("a system without ratings")
    joint = tied_equal(np.concatenate([x, y]))
    if np.ptp(joint) == 0:
        return Undefined("every case of both systems has the same mean")
    plain = len(np.unique(joint)) == len(joint) and min(len(x), len(y)) <= EXACT_UP_TO
    test = stats.mannwhitneyu(
        joint[: len(x)],
        joint[len(x) :],
        use_continuity=False,
        method="exact" if plain else "asymptotic",
    )
    return RankSum(float(test.statistic), float(test.pvalue), "exact" if plain else "approx")


def _hedges(difference: float, x: Array, y: Array, confidence: float) -> tuple[Maybe, MaybeInterval]:
    n, m = len(x), len(y)
    df = n + m - 2
    pooled = (((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / df) ** 0.5
    d, size = float(difference / pooled), (n * m / (n + m)) ** 0.5
    factor = small_sample_factor(df)
    interval = standardised_interval(d * size, df, size, confidence)
    if isinstance(factor, Undefined):
        return factor, factor
    return d * factor, shrunk(interval, factor)


def _finite(values: npt.ArrayLike) -> Array:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]
