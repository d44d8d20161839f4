"""Is one metric's correlation with people larger than another's, when both are correlated with the same ratings?

The two correlations share the ratings and the metrics resemble each other, so they may not be compared as if they came
from two samples. All four answers rest on normal theory for independent units: n is how many units are independent of
each other, which the texts of one case are not. At level "system" the units are the systems.

References: Williams (1959) and Steiger (1980) Psychological Bulletin 87, 245-251, whose formula (7) is Williams' t and
whose (14), with both correlations pooled, is the z here; Meng, Rosenthal & Rubin (1992) Psychological Bulletin 111;
Zou (2007) Psychological Methods 12 for the interval; Graham & Baldwin (2014) EMNLP on their use for metrics.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from analysis.stats.estimates import Interval, MaybeInterval, Undefined
from analysis.stats.rowwise import Coefficient, row_correlations

LEAST_UNITS = 4
"""Williams' t has n - 3 degrees of freedom."""


@dataclass(frozen=True)
class Test:
    """One test of r1 = r2."""

    statistic: float
    """Positive where r1 is the larger."""
    p: float
    """Two-sided."""
    p_greater: float
    """One-sided, for r1 > r2."""
    df: int | None = None
    """Of Student's t; None for a normal z."""


@dataclass(frozen=True)
class Dependent:
    """Two correlations with the same ratings, and whether they differ."""

    r1: float
    r2: float
    r12: float
    """Between the two metrics."""
    n: int
    williams: Test | Undefined
    steiger: Test | Undefined
    meng: Test | Undefined
    interval: MaybeInterval
    """Of r1 - r2, by Zou."""

    @property
    def difference(self) -> float:
        return self.r1 - self.r2


def compare(r1: float, r2: float, r12: float, n: int, *, confidence: float = 0.95) -> Dependent:
    """Compare two correlations with the same variable.

    Args:
        r1, r2: of each metric with the ratings. Taken as they are, with their signs: the absolute value of a
            correlation need not go together with the other two.
        r12: between the metrics.
        n: independent units.

    Returns:
        every test is Undefined in words with fewer than 4 units, where a correlation is 1 or -1, and where no data
        have these three correlations (a determinant below 0, as averaged correlations often give).

    Raises:
        ValueError: a correlation outside -1..1 or NaN.
    """
    for name, r in (("r1", r1), ("r2", r2), ("r12", r12)):
        if not -1 <= r <= 1:
            raise ValueError(f"{name} is a correlation, from -1 to 1, and not {r}")
    r1, r2, r12 = float(r1), float(r2), float(r12)
    why = _undefined(r1, r2, r12, n)
    if why:
        no = Undefined(why)
        return Dependent(r1, r2, r12, n, no, no, no, no)
    return Dependent(
        r1,
        r2,
        r12,
        n,
        williams=_williams(r1, r2, r12, n),
        steiger=_steiger(r1, r2, r12, n),
        meng=_meng(r1, r2, r12, n),
        interval=_zou(r1, r2, r12, n, confidence),
    )


def compare_scores(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    ratings: npt.ArrayLike,
    coefficient: Coefficient = "pearson",
    *,
    confidence: float = 0.95,
) -> Dependent | Undefined:
    """The same from one value a unit of two metrics and the ratings; units that lack any of the three are left out.

    All three correlations come from the same units, so they belong together. Undefined where one side does not vary.
    """
    sides = np.stack([np.asarray(side, dtype=np.float64) for side in (first, second, ratings)])
    sides = sides[:, ~np.isnan(sides).any(axis=0)]
    x, y, human = (side[None] for side in sides)
    r1, r2, r12 = (float(row_correlations(a, b, coefficient)[0]) for a, b in ((x, human), (y, human), (x, y)))
    if math.isnan(r1 + r2 + r12):
        return Undefined(f"scores or ratings do not vary over the {sides.shape[1]} units that have all three")
    return compare(r1, r2, r12, sides.shape[1], confidence=confidence)


def determinant(r1: float, r2: float, r12: float) -> float:
    """Of the matrix of the three correlations; below 0 no data have them."""
    return 1 - r1**2 - r2**2 - r12**2 + 2 * r1 * r2 * r12


def _undefined(r1: float, r2: float, r12: float, n: int) -> str:
    if n < LEAST_UNITS:
        return f"{n} units are too few to compare two correlations, which takes {LEAST_UNITS}"
    if abs(r12) >= 1 - 1e-12:
        return "the two metrics are the same but for scale and sign"
    if max(abs(r1), abs(r2)) >= 1 - 1e-12:
        return "a correlation of 1 has no error to compare by"
    if determinant(r1, r2, r12) < -1e-12:
        return "no data have these three correlations together (their determinant is negative)"
    return ""


def _williams(r1: float, r2: float, r12: float, n: int) -> Test:
    k = max(determinant(r1, r2, r12), 0.0)
    spread = 2 * k * (n - 1) / (n - 3) + (r1 + r2) ** 2 / 4 * (1 - r12) ** 3
    if spread == 0:
        return _no_spread(r1 - r2, n - 3)
    t = (r1 - r2) * math.sqrt((n - 1) * (1 + r12) / spread)
    return Test(t, float(2 * special.stdtr(n - 3, -abs(t))), float(special.stdtr(n - 3, -t)), n - 3)


def _no_spread(difference: float, df: int) -> Test:
    """Only where both correlations are 0 or opposite and the three are exactly bound to each other."""
    t = math.copysign(math.inf, difference) if difference else 0.0
    return Test(t, float(difference == 0), float(special.stdtr(df, -t)), df)


def _steiger(r1: float, r2: float, r12: float, n: int) -> Test:
    mean = (r1 + r2) / 2
    psi = r12 * (1 - 2 * mean**2) - mean**2 * (1 - 2 * mean**2 - r12**2) / 2
    covariance = psi / (1 - mean**2) ** 2
    return _z((math.atanh(r1) - math.atanh(r2)) * math.sqrt((n - 3) / (2 - 2 * covariance)))


def _meng(r1: float, r2: float, r12: float, n: int) -> Test:
    square = (r1**2 + r2**2) / 2
    f = min(1.0, (1 - r12) / (2 * (1 - square)))
    h = (1 - f * square) / (1 - square)
    return _z((math.atanh(r1) - math.atanh(r2)) * math.sqrt((n - 3) / (2 * (1 - r12) * h)))


def _zou(r1: float, r2: float, r12: float, n: int, confidence: float) -> Interval:
    covariance = (r12 - r1 * r2 / 2) * (1 - r1**2 - r2**2 - r12**2) + r12**3
    correlation = covariance / ((1 - r1**2) * (1 - r2**2))
    half = float(special.ndtri((1 + confidence) / 2)) / math.sqrt(n - 3)
    low1, high1, low2, high2 = (math.tanh(math.atanh(r) + side * half) for r in (r1, r2) for side in (-1, 1))

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(a**2 + b**2 - 2 * correlation * a * b, 0.0))

    low = r1 - r2 - reach(r1 - low1, high2 - r2)
    high = r1 - r2 + reach(high1 - r1, r2 - low2)
    return Interval(low, high, confidence, f"Zou's for dependent correlations, {n} units")


def _z(z: float) -> Test:
    return Test(z, float(2 * stats.norm.sf(abs(z))), float(stats.norm.sf(z)))
