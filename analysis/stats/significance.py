"""Do two systems differ? Paired tests on case means, one value a case and system.

The case is the unit: ratings of one case are averaged over annotators first, because they are not independent
of each other. A t-test over all ratings would count each case several times and find differences that are not
there. Every p is two-sided.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.exact_flips import exact_flips
from analysis.stats.ratings import RatingTable, UnknownLabel

Array = npt.NDArray[np.float64]
ZeroMethod = Literal["wilcox", "pratt"]
WilcoxonMethod = Literal["auto", "exact", "approx"]

SHARED_AT_LEAST = 0.5
"""Two systems that share fewer of their cases than this were not compared on the same cases."""
_BATCH_CELLS = 1 << 22


class Unpaired(ValueError):
    """The two samples do not speak of the same cases, so no paired test applies."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Case means of two systems on the cases both were rated on."""

    a: str
    b: str
    criterion: str
    cases: tuple[str, ...]
    values_a: Array
    values_b: Array
    n_dropped: int
    """Cases rated for one of the two alone; they are left out."""


@dataclass(frozen=True)
class PairedT:
    """Student's t on the differences a - b."""

    n: int
    mean_a: float
    mean_b: float
    mean_difference: float
    sd_difference: float
    """ddof = 1."""
    df: int
    t: Maybe
    p: Maybe
    interval: MaybeInterval
    """Of the mean difference."""
    dz: Maybe
    """Cohen's dz: mean difference / SD of the differences."""
    dz_interval: MaybeInterval
    """Exact under normality, from the noncentral t."""
    dav: Maybe
    """Mean difference / mean of the two SDs: what it would be called had the data not been paired."""
    hedges_g: Maybe
    """dz with its small-sample bias removed."""
    hedges_interval: MaybeInterval
    """That of dz, by the same factor."""


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test."""

    w: float
    """The smaller of the two rank sums."""
    p: float
    n: int
    n_zero: int
    """Cases without a difference."""
    zero_method: str
    """"wilcox" leaves them out, "pratt" ranks them and then leaves them out."""
    method: str
    """"exact" or "approx" (normal, tie-corrected, without continuity correction)."""
    rank_biserial: float
    """(rank sum for a - rank sum for b) / their total, zeros left out: -1 to 1."""


@dataclass(frozen=True)
class SignFlip:
    """Permutation test that flips the sign of each case's difference."""

    p: float
    """Exact: the share of all sign patterns as extreme. Drawn: (c + 1) / (B + 1), never 0."""
    n_permutations: int
    exact: bool


def pair(table: RatingTable, criterion: str, a: str, b: str) -> Pairs:
    """Case means of two systems on the cases where both have ratings, in the order of `table.cases`.

    Raises:
        UnknownLabel: no such criterion or system.
        Unpaired: they share too few cases to be called paired.
    """
    for name in (a, b):
        if name not in table.systems:
            raise UnknownLabel("system", name, table.systems)
    return pair_means(table.case_means(criterion), criterion, a, b)


def pair_means(means: pd.DataFrame, criterion: str, a: str, b: str) -> Pairs:
    """The same from `RatingTable.case_means`, for a caller who asks for many pairs."""
    x, y = (means[name].to_numpy(dtype=np.float64) for name in (a, b))
    rated_a, rated_b = ~np.isnan(x), ~np.isnan(y)
    shared = rated_a & rated_b
    n, n_a, n_b = int(shared.sum()), int(rated_a.sum()), int(rated_b.sum())
    if n < 2 or n < SHARED_AT_LEAST * max(n_a, n_b):
        raise Unpaired(
            f"{a} and {b} share {n} cases on {criterion} (of {n_a} and {n_b} rated); "
            "a paired test needs both systems rated on the same cases"
        )
    return Pairs(
        a=a,
        b=b,
        criterion=criterion,
        cases=tuple(means.index[shared]),
        values_a=x[shared],
        values_b=y[shared],
        n_dropped=int((rated_a | rated_b).sum()) - n,
    )


def paired_t(a: npt.ArrayLike, b: npt.ArrayLike, *, confidence: float = 0.95) -> PairedT:
    """Student's paired t-test of a - b with interval and effect size.

    Args:
        a, b: shape (n_cases,), case means of two systems on the same cases in the same order. Two Series are
            aligned by their index.

    Returns:
        t, p, intervals and effect sizes are Undefined where the differences have no spread or n < 2.

    Raises:
        Unpaired: lengths or cases differ, or a value is missing.
    """
    x, y, d = differences(a, b)
    n = len(d)
    means = (float(x.mean()), float(y.mean()), float(d.mean())) if n else (np.nan, np.nan, np.nan)
    if n < 2:
        why = Undefined(f"{n} case{'' if n == 1 else 's'} in common; a paired test needs two or more")
        return PairedT(n, *means, np.nan, n - 1, *[why] * 8)
    sd = float(d.std(ddof=1))
    if np.ptp(d) == 0:
        why = Undefined(
            "both systems have the same mean in every case"
            if d[0] == 0
            else f"the difference is {d[0]:g} in every case, so there is no spread to test it against"
        )
        return PairedT(n, *means, 0.0, n - 1, *[why] * 8)
    df, se = n - 1, sd / np.sqrt(n)
    t = means[2] / se
    dz, dz_interval = means[2] / sd, standardised_interval(float(t), df, float(np.sqrt(n)), confidence)
    factor = small_sample_factor(df)
    half = float(special.stdtrit(df, (1 + confidence) / 2)) * se
    return PairedT(
        n,
        *means,
        sd_difference=sd,
        df=df,
        t=float(t),
        p=float(2 * special.stdtr(df, -abs(t))),
        interval=Interval(means[2] - half, means[2] + half, confidence, "t over cases"),
        dz=dz,
        dz_interval=dz_interval,
        dav=2 * means[2] / float(x.std(ddof=1) + y.std(ddof=1)),
        hedges_g=factor if isinstance(factor, Undefined) else dz * factor,
        hedges_interval=shrunk(dz_interval, factor),
    )


def wilcoxon(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    zero_method: ZeroMethod = "wilcox",
    method: WilcoxonMethod = "auto",
) -> SignedRank | Undefined:
    """Wilcoxon signed-rank test of a - b; only signs and ranks of the differences count.

    Args:
        method: "auto" is exact for up to 50 differences without ties or zeros, else the normal approximation;
            what was done is in the answer.

    Returns:
        Undefined when no case differs.

    Raises:
        Unpaired: as `paired_t`.
        ValueError: "exact" asked for differences with ties or zeros.
    """
    _, _, d = differences(a, b)
    size = np.abs(d[d != 0])
    if not len(size):
        return Undefined("both systems have the same mean in every case" if len(d) else "no case in common")
    plain = len(size) == len(d) and len(np.unique(size)) == len(size)
    if method == "exact" and not plain:
        raise ValueError(
            "the exact signed-rank test needs differences without ties or zeros; use method approx"
        )
    exact = method == "exact" or (method == "auto" and plain and len(d) <= 50)
    test = stats.wilcoxon(
        d, zero_method=zero_method, correction=False, method="exact" if exact else "asymptotic"
    )
    ranks = stats.rankdata(size)
    up = float(ranks[d[d != 0] > 0].sum())
    return SignedRank(
        w=float(test.statistic),
        p=float(test.pvalue),
        n=len(d),
        n_zero=len(d) - len(size),
        zero_method=zero_method,
        method="exact" if exact else "approx",
        rank_biserial=2 * up / float(ranks.sum()) - 1,
    )


def sign_flip(
    a: npt.ArrayLike, b: npt.ArrayLike, *, rng: np.random.Generator, n_permutations: int = 9999
) -> SignFlip | Undefined:
    """Permutation test of the mean difference: if systems are alike, each difference could as well have the
    other sign.

    Exact where the differences are whole multiples of one fraction, as those of means of whole marks are, and where
    there are no more than n_permutations sign patterns; else patterns are drawn. Equal absolute differences flip
    together as one binomial, so memory does not grow with ties.

    Returns:
        Undefined when no case differs.

    Raises:
        Unpaired: as `paired_t`.
    """
    _, _, d = differences(a, b)
    size, count = np.unique(np.abs(d[d != 0]), return_counts=True)
    if not len(size):
        return Undefined("both systems have the same mean in every case" if len(d) else "no case in common")
    n = int(count.sum())
    observed = abs(float(d.sum())) - 1e-9 * float(size[-1])  # sums that tie must count as ties
    if n < n_permutations.bit_length():  # 2**n patterns or fewer are all looked at
        signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)  # (2**n, n)
        extreme = np.abs(signs @ d[d != 0]) >= observed
        return SignFlip(float(extreme.mean()), 2**n, exact=True)
    exact = exact_flips(d[d != 0])
    if exact is not None:
        return SignFlip(exact, 2**n, exact=True)
    batch, c = max(1, _BATCH_CELLS // len(size)), 0
    for start in range(0, n_permutations, batch):
        rows = min(batch, n_permutations - start)
        flips = 2 * rng.binomial(count, 0.5, size=(rows, len(size))) - count
        c += int((np.abs(flips @ size) >= observed).sum())
    # The +1 counts the data themselves as one of the patterns; without it the test rejects too often.
    return SignFlip((c + 1) / (n_permutations + 1), n_permutations, exact=False)


def differences(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Both samples and a - b, refused unless they pair; differences that are equal are equal floats."""
    if isinstance(a, pd.Series) and isinstance(b, pd.Series):
        if a.index.has_duplicates or b.index.has_duplicates:
            raise Unpaired("a case stands twice in one sample; average its ratings first, one value a case")
        if len(a) != len(b) or not a.index.isin(b.index).all():
            shared = int(a.index.isin(b.index).sum())
            raise Unpaired(
                f"{len(a)} and {len(b)} cases, {shared} in common; a paired test needs the same cases in both"
            )
        b = b.reindex(a.index)
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise Unpaired(
            f"samples of shape {x.shape} and {y.shape} do not pair; give one value a case from both systems"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        missing = int((~np.isfinite(x) | ~np.isfinite(y)).sum())
        raise Unpaired(f"{missing} cases lack a value in one sample; leave such cases out of both")
    scale = float(max(np.abs(x).max(), np.abs(y).max())) if len(x) else 0.0
    return x, y, _tidy(x - y, scale)


def tied_equal(values: Array) -> Array:
    """Values that are equal but for the rounding of floats made equal, so that ranks see them tie."""
    return _tidy(values, float(np.abs(values).max())) if len(values) else values


def _tidy(d: Array, scale: float) -> Array:
    """Equal differences made equal: thirds subtract to 0.33333333333333304 and ...348, which must tie.

    Values that agree in twelve digits of the largest become one value, so a metric on the scale of 1e-27
    keeps its differences while rounding noise is never ranked.
    """
    if scale == 0 or not len(d):
        return d
    decimals = 12 - int(np.ceil(np.log10(scale)))
    if abs(decimals) > 300:
        return d
    keys, group = np.unique(np.rint(np.abs(d) * 10.0**decimals), return_inverse=True)
    size = np.bincount(group, weights=np.abs(d)) / np.bincount(group)
    return np.asarray(np.sign(d) * np.where(keys == 0, 0.0, size)[group])


LARGEST_T = 1000.0
"""Beyond it the noncentral t takes long to compute and its interval interests nobody."""


def standardised_interval(t: float, df: int, size: float, confidence: float) -> MaybeInterval:
    """The standardised differences for which the observed t is just at the edge of what is likely.

    Args:
        size: what a standardised difference is multiplied by to give t: the root of n for dz.

    Reference: Cumming & Finch (2001) Educational and Psychological Measurement 61.
    """
    tail = (1 - confidence) / 2
    low, high = _noncentrality(t, df, 1 - tail), _noncentrality(t, df, tail)
    if not np.isfinite([low, high]).all():
        return Undefined("the noncentral t could not be inverted at so large a t")
    return Interval(low / size, high / size, confidence, "noncentral t over cases")


def _noncentrality(t: float, df: int, p: float) -> float:
    """The noncentrality at which a t this large or smaller has probability p."""

    def gap(delta: float) -> float:
        return float(special.nctdtr(df, delta, t)) - p

    if abs(t) > LARGEST_T:
        return np.nan
    near = float(special.nctdtrinc(df, p, t))  # good to about 1e-6; far from it nctdtr can answer NaN
    try:
        return float(optimize.brentq(gap, near - 0.01, near + 0.01, xtol=1e-10))
    except ValueError:
        return np.nan


def small_sample_factor(df: float) -> Maybe:
    """By which a standardised difference is multiplied to lose its bias: gamma(df/2) / (sqrt(df/2)
    gamma((df-1)/2)); 1 - 3 / (4 df - 1) would approximate it.

    Reference: Hedges (1981) Journal of Educational Statistics 6.
    """
    if df < 2:
        return Undefined("two cases are too few to correct the effect size")
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def shrunk(interval: MaybeInterval, factor: Maybe) -> MaybeInterval:
    """The interval with both ends multiplied by the factor."""
    if isinstance(interval, Undefined):
        return interval
    if isinstance(factor, Undefined):
        return factor
    return replace(interval, low=interval.low * factor, high=interval.high * factor)
