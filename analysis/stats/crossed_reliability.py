"""Reliability where the same annotators rated every card: two-way intraclass correlations and Kendall's W.

Both ask for persons and for a full table. On slots ("first rating", "second rating") they would measure an
artefact, and with gaps they do not exist as defined; the answer is then undefined, in words.

References: Shrout & Fleiss (1979) Psychological Bulletin 86; McGraw & Wong (1996) Psychological Methods 1;
    Kendall & Gibbons (1990) Rank Correlation Methods, 5th ed., chapter 6.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.ratings import RatingTable

Array = npt.NDArray[np.float64]
FULL_AT_LEAST = 0.5
"""With fewer of the cards rated by everybody there is no full table worth the name."""
F_WORDS = "F, two-way analysis of variance (McGraw and Wong)"


@dataclass(frozen=True)
class FullTable:
    """The cards that every annotator rated."""

    values: Array
    """Shape (n_cards, n_annotators)."""
    n_left_out: int
    """Cards that somebody did not rate."""


@dataclass(frozen=True)
class Reliability:
    """One intraclass correlation; may be negative."""

    value: Maybe
    interval: MaybeInterval


@dataclass(frozen=True)
class TwoWayIcc:
    """Shrout and Fleiss' forms with two-way tables; McGraw and Wong's ICC(A,.) and ICC(C,.)."""

    agreement_single: Reliability
    """ICC(2) or ICC(A,1): of one rating; annotators are a sample, and their severity counts as error."""
    agreement_mean: Reliability
    """ICC(2,k) or ICC(A,k): of the mean of all annotators."""
    consistency_single: Reliability
    """ICC(3) or ICC(C,1): of one rating, were severity taken off first."""
    consistency_mean: Reliability
    """ICC(3,k) or ICC(C,k): of the mean."""
    n_cards: int
    n_annotators: int
    ms_cards: float
    ms_annotators: float
    ms_error: float


@dataclass(frozen=True)
class KendallW:
    """How far annotators agree on the order of the cards, 0 to 1, corrected for ties."""

    w: float
    chi2: float
    df: int
    p: float
    """Of no agreement on the order, by chi-square."""
    n_cards: int
    n_annotators: int


def full_table(table: RatingTable, criterion: str) -> FullTable | Undefined:
    """The cards that every annotator rated on one criterion; repeats are left out.

    Returns:
        Undefined for slots, fewer than two annotators, or where less than half of the cards were rated by all.

    Raises:
        UnknownLabel: no such criterion.
    """
    counts = table.counts(criterion)
    if not table.annotators_identified:
        return Undefined(
            "annotators are numbered slots, not persons, so ratings of one person cannot be told"
        )
    n_annotators, r = len(table.annotators), counts.sum(axis=1)
    full = int((r == n_annotators).sum())
    if n_annotators < 2:
        return Undefined("there is one annotator")
    if not full or full < FULL_AT_LEAST * len(counts):
        return Undefined(
            f"the design is incomplete: {full:,} of {len(counts):,} cards were rated by all {n_annotators:,} annotators"
        )
    matrix = table.matrix(criterion).T
    return FullTable(matrix[~np.isnan(matrix).any(axis=1)], len(counts) - full)


def icc_twoway(values: npt.ArrayLike, *, confidence: float = 0.95) -> TwoWayIcc | Undefined:
    """Two-way intraclass correlations of a full table, shape (n_cards, n_annotators).

    Raises:
        ValueError: not a full table of numbers.
    """
    x = _full(values)
    n, k = x.shape
    if n < 2 or k < 2:
        return Undefined("it takes two cards and two annotators")
    cards, annotators = x.mean(axis=1), x.mean(axis=0)
    rest = x - cards[:, None] - annotators[None, :] + x.mean()
    msr = k * float(cards.var(ddof=1))
    msc = n * float(annotators.var(ddof=1))
    mse = float((rest**2).sum()) / ((n - 1) * (k - 1))
    # What float means leave of a spread of 0.
    msr, msc, mse = (0.0 if ms < 1e-12 else ms for ms in (msr, msc, mse))
    if not msr and not mse:
        return Undefined("no annotator tells one card from another, so there is no spread to divide")
    consistency, consistency_mean = _consistency(msr, mse, n, k, confidence)
    agreement, agreement_mean = _agreement(msr, msc, mse, n, k, confidence)
    return TwoWayIcc(
        agreement_single=agreement,
        agreement_mean=agreement_mean,
        consistency_single=consistency,
        consistency_mean=consistency_mean,
        n_cards=n,
        n_annotators=k,
        ms_cards=msr,
        ms_annotators=msc,
        ms_error=mse,
    )


def kendall_w(values: npt.ArrayLike) -> KendallW | Undefined:
    """Kendall's coefficient of concordance of a full table, shape (n_cards, n_annotators).

    The p is that of chi-square, which wants seven cards or more.

    Raises:
        ValueError: not a full table of numbers.
    """
    x = _full(values)
    n, m = x.shape
    if n < 2 or m < 2:
        return Undefined("it takes two cards and two annotators")
    ranks = stats.rankdata(x, axis=0)
    sums = ranks.sum(axis=1)
    ties = sum(
        float((sizes**3 - sizes).sum())
        for sizes in (np.unique(column, return_counts=True)[1] for column in x.T)
    )
    most = m**2 * (n**3 - n) - m * ties
    if most <= 0:
        return Undefined("every annotator gave one point throughout, so nobody orders the cards")
    w = 12 * float(((sums - sums.mean()) ** 2).sum()) / most
    chi2 = m * (n - 1) * w
    return KendallW(w, chi2, n - 1, float(special.chdtrc(n - 1, chi2)), n, m)


def _full(values: npt.ArrayLike) -> Array:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError(f"a full table (n_cards, n_annotators) of numbers is needed, got shape {x.shape}")
    return x


def _consistency(
    msr: float, mse: float, n: int, k: int, confidence: float
) -> tuple[Reliability, Reliability]:
    single = (msr - mse) / (msr + (k - 1) * mse)
    if not msr:
        same = Undefined("all cards have the same mean")
        return Reliability(single, same), Reliability(same, same)
    mean = (msr - mse) / msr
    if not mse:
        exact = Undefined("annotators differ by severity alone")
        return Reliability(single, exact), Reliability(mean, exact)
    f, df, tail = msr / mse, (n - 1, (n - 1) * (k - 1)), (1 - confidence) / 2
    low, high = f / special.fdtri(*df, 1 - tail), f * special.fdtri(*df[::-1], 1 - tail)
    return (
        Reliability(
            single,
            Interval(
                float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1)), confidence, F_WORDS
            ),
        ),
        Reliability(mean, Interval(float(1 - 1 / low), float(1 - 1 / high), confidence, F_WORDS)),
    )


def _agreement(
    msr: float, msc: float, mse: float, n: int, k: int, confidence: float
) -> tuple[Reliability, Reliability]:
    below, below_mean = msr + (k - 1) * mse + k * (msc - mse) / n, msr + (msc - mse) / n
    less = Undefined("cards and annotators differ less than error alone gives")
    mean: Maybe = (msr - mse) / below_mean if below_mean > 0 else less
    if below <= 0:
        return Reliability(less, less), Reliability(mean, less)
    single = (msr - mse) / below
    if not mse or not msr:
        why = Undefined("annotators differ by severity alone" if msr else "all cards have the same mean")
        return Reliability(single, why), Reliability(mean, why)
    a = k * single / (n * (1 - single))
    b = 1 + k * single * (n - 1) / (n * (1 - single))
    df = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
    tail = (1 - confidence) / 2
    up, down = special.fdtri(n - 1, df, 1 - tail), special.fdtri(df, n - 1, 1 - tail)
    others = k * msc + (k * n - k - n) * mse
    low = float(n * (msr - up * mse) / (up * others + n * msr))
    high = float(n * (down * msr - mse) / (others + n * down * msr))
    of_mean: MaybeInterval = less
    if 1 + (k - 1) * low > 0:
        # Spearman and Brown: the ends for the mean of k.
        stepped = [k * end / (1 + (k - 1) * end) for end in (low, high)]
        of_mean = Interval(stepped[0], stepped[1], confidence, F_WORDS)
    return (
        Reliability(single, Interval(low, high, confidence, F_WORDS)),
        Reliability(mean, of_mean if not isinstance(mean, Undefined) else mean),
    )
