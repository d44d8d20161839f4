"""How much of the spread of ratings is between cards: the one-way intraclass correlation.

One-way, because annotators differ from card to card. The two-way forms, in `crossed_reliability`, need every
annotator on every card; computed on slots ("first rating", "second rating") they measure an artefact.

References: Shrout & Fleiss (1979) Psychological Bulletin 86; McGraw & Wong (1996) Psychological Methods 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.bootstrap import bootstrap_sums
from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.pair_weights import NO_PAIRS, points
from analysis.stats.patterns import Counts, patterns


@dataclass(frozen=True)
class Icc:
    """ICC(1) of a single rating, ICC(1,k) of the mean of the annotators of a card; either may be negative."""

    single: float
    single_interval: MaybeInterval
    mean: Maybe
    """Undefined where all cards have the same mean: then a single rating's reliability is -1 / (k - 1), and no more."""
    mean_interval: MaybeInterval
    k: float
    """Annotators a card; with unequal numbers the size that makes the analysis of variance unbiased."""
    n_used: int
    n_ratings: int


def icc_oneway(
    counts: Counts, *, levels: Sequence[int] | None = None, confidence: float = 0.95
) -> Icc | Undefined:
    """One-way random intraclass correlation from counts, shape (n_cards, n_levels).

    Cards with fewer than two ratings are left out. The intervals (F, exact under normality) exist only where
    every card has the same number of ratings; `icc_interval` resamples cards and has no such need.
    """
    used = patterns(counts).at_least(2)
    values = points(used, levels)
    n = used.n_cards
    if n < 2:
        return Undefined(NO_PAIRS if not n else "only one card was rated by two annotators")
    m, r = used.multiplicity, used.raters
    total, squares = used.counts @ values, used.counts @ values**2
    n_ratings = used.n_ratings
    grand = float(m @ total) / n_ratings
    between = float(m @ (r * (total / r - grand) ** 2)) / (n - 1)
    within = float(m @ (squares - total**2 / r)) / (n_ratings - n)
    k = (n_ratings - float(m @ r**2) / n_ratings) / (n - 1)
    if between <= 0 and within <= 0:
        return Undefined("every rating is the same, so there is no spread to divide")
    single = (between - within) / (between + (k - 1) * within)
    mean: Maybe
    single_interval: MaybeInterval
    mean_interval: MaybeInterval
    if between <= 1e-12 * within:
        # What float means leave of a spread of 0.
        between, single = 0.0, -1 / (k - 1)
        mean = Undefined("all cards have the same mean, so the reliability of a mean does not exist")
    else:
        mean = (between - within) / between
    if isinstance(mean, Undefined):
        single_interval = mean_interval = Undefined("all cards have the same mean")
    elif len(np.unique(r)) > 1 or within <= 0:
        why = "cards have unequal numbers of ratings" if within > 0 else "annotators never differ on a card"
        single_interval = mean_interval = Undefined(why)
    else:
        tail = (1 - confidence) / 2
        df = n - 1, n_ratings - n
        f = between / within
        low, high = f / special.fdtri(*df, 1 - tail), f / special.fdtri(*df, tail)
        words = "F, one-way analysis of variance"
        single_interval = Interval(
            float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1)), confidence, words
        )
        mean_interval = Interval(float(1 - 1 / low), float(1 - 1 / high), confidence, words)
    return Icc(
        single=single,
        single_interval=single_interval,
        mean=mean,
        mean_interval=mean_interval,
        k=k,
        n_used=n,
        n_ratings=n_ratings,
    )


def icc_interval(
    counts: Counts,
    *,
    rng: np.random.Generator,
    of: Literal["single", "mean"] = "single",
    levels: Sequence[int] | None = None,
    n_resamples: int = 2000,
    confidence: float = 0.95,
) -> MaybeInterval:
    """Bootstrap interval of `icc_oneway`, resampling cards; any number of ratings a card, no normality."""
    used = patterns(counts).at_least(2)
    blocked = icc_oneway(used, levels=levels)
    if isinstance(blocked, Undefined):
        return blocked
    values, r = points(used, levels), used.raters
    total, squares = used.counts @ values, used.counts @ values**2
    features = np.column_stack([np.ones(len(r)), r, r**2, total, squares, total**2 / r])

    def icc(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        n, n_ratings, square_sizes, grand, squared, of_means = np.moveaxis(sums, -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            between = (of_means - grand**2 / n_ratings) / (n - 1)
            within = (squared - of_means) / (n_ratings - n)
            k = (n_ratings - square_sizes / n_ratings) / (n - 1)
            below = between if of == "mean" else between + (k - 1) * within
            value = (between - within) / below
        # Sums of squares of whole numbers: what is left of a spread of 0 is far below one rating's step.
        return np.where(below > 1e-9, value, np.nan)

    return bootstrap_sums(
        features, icc, used.multiplicity, rng=rng, n_resamples=n_resamples, confidence=confidence
    )
