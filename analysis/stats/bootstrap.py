"""Intervals by resampling cards or cases: how would the number move, had chance dealt us others?

A statistic is a function of how often each unit was drawn, so a resample is a row of weights and never a copy
of the data. Cards with equal counts are one unit with a multiplicity: drawing them is one multinomial over
patterns, exact, and as quick for a million cards as for a thousand. Annotators are not resampled.

References: Efron (1987) JASA 82 for BCa; Efron & Tibshirani (1993) An Introduction to the Bootstrap, chapter
14.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats import agreement, krippendorff, pair_weights
from analysis.stats.estimates import Interval, MaybeInterval, Undefined
from analysis.stats.krippendorff import Level
from analysis.stats.linearised import Shares
from analysis.stats.pair_weights import Weights
from analysis.stats.patterns import Counts, patterns

Array = npt.NDArray[np.float64]
Method = Literal["bca", "percentile"]
Statistic = Callable[[Array], Array]
"""Weights (n_resamples, n_units) to values (n_resamples,), NaN where undefined."""

MAX_DEGENERATE = 0.5
"""With more than this share of resamples undefined there is no interval worth showing."""
_BATCH_CELLS = 1 << 21


def kappa_interval(
    counts: Counts,
    *,
    rng: np.random.Generator,
    levels: Sequence[int] | None = None,
    shares: Shares = "mean_of_cards",
    weights: Weights = "identity",
    n_resamples: int = 2000,
    confidence: float = 0.95,
    method: Method = "bca",
) -> MaybeInterval:
    """Bootstrap interval of `agreement.fleiss_kappa`, resampling cards; any number of ratings a card."""
    cards = patterns(counts).at_least(1)
    blocked = agreement.fleiss_kappa(cards, levels=levels, shares=shares, weights=weights)
    if isinstance(blocked, Undefined):
        return blocked
    credit = pair_weights.weight_matrix(pair_weights.points(cards, levels), weights)
    share = cards.counts / cards.raters[:, None] if shares == "mean_of_cards" else cards.counts
    used = (cards.raters >= 2).astype(np.float64)
    agreeing = pair_weights.pair_agreement(cards.counts, credit)
    features = np.column_stack([used, agreeing, share.sum(axis=1), share])

    def kappa(sums: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            observed, p = sums[..., 1] / sums[..., 0], sums[..., 3:] / sums[..., 2:3]
            chance = ((p @ credit) * p).sum(axis=-1)
            value = (observed - chance) / (1 - chance)
        alive = (sums[..., 0] > 0.5) & (1 - chance > 1e-12)
        return np.where(alive, value, np.nan)

    return bootstrap_sums(
        features,
        kappa,
        cards.multiplicity,
        rng=rng,
        n_resamples=n_resamples,
        confidence=confidence,
        method=method,
    )


def alpha_interval(
    counts: Counts,
    level: Level = "ordinal",
    *,
    rng: np.random.Generator,
    levels: Sequence[int] | None = None,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    method: Method = "bca",
) -> MaybeInterval:
    """Bootstrap interval of `krippendorff.alpha`, resampling cards; the ordinal distances are made anew each
    time.

    Resampling cards, not pairs: Krippendorff's own bootstrap holds the expected disagreement fixed and is
    narrower.
    """
    cards = patterns(counts).at_least(2)
    blocked = krippendorff.alpha(cards, level, levels=levels)
    if isinstance(blocked, Undefined):
        return blocked
    values = pair_weights.points(cards, levels)
    q = len(values)

    def alpha(sums: Array) -> Array:
        table = sums.reshape(*sums.shape[:-1], q, q)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed, expected = krippendorff.disagreements(table, values, level)
            value = 1 - observed / expected
        two_points = (table.sum(axis=-1) > 1e-6).sum(axis=-1) >= 2
        return np.where(two_points, value, np.nan)

    return bootstrap_sums(
        pair_weights.pair_table(cards.counts),
        alpha,
        cards.multiplicity,
        rng=rng,
        n_resamples=n_resamples,
        confidence=confidence,
        method=method,
    )


def bootstrap_sums(
    features: Array,
    value: Callable[[Array], Array],
    multiplicity: npt.NDArray[np.int64],
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    method: Method = "bca",
    unit: str = "cards",
) -> MaybeInterval:
    """Bootstrap interval of a function of sums over units.

    Args:
        features: shape (n_units, n_features), what one unit adds to the sums.
        value: sums (..., n_features) to values (...), NaN where undefined.
        multiplicity: shape (n_units,), how many equal units each row stands for.
        unit: what is drawn, for the words in the answer.

    Returns:
        The interval with the number of degenerate resamples, or Undefined when too many were.
    """
    total = multiplicity @ features

    def statistic(weights: Array) -> Array:
        return value(weights @ features)

    return bootstrap(
        statistic,
        multiplicity,
        rng=rng,
        n_resamples=n_resamples,
        confidence=confidence,
        method=method,
        unit=unit,
        left_out=lambda: value(total - features),
    )


def bootstrap(
    statistic: Statistic,
    multiplicity: npt.NDArray[np.int64],
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    method: Method = "bca",
    unit: str = "cases",
    width: int = 1,
    left_out: Callable[[], Array] | None = None,
) -> MaybeInterval:
    """Bootstrap interval of any statistic of weighted units; memory does not grow with the number of
    resamples.

    Args:
        statistic: weights (n_resamples, n_units) to values (n_resamples,), NaN where undefined.
        multiplicity: shape (n_units,), 1 or more.
        method: "bca" corrects bias and skewness of the percentile interval; it falls back to "percentile"
            where the correction does not exist, and says so.
        width: how many numbers the statistic holds a unit, to keep batches small.
        left_out: the value with one unit of each row left out, shape (n_units,), if it can be had faster than
            by weights.

    Raises:
        ValueError: fewer than 100 resamples, or an unknown method.
    """
    if n_resamples < 100:
        raise ValueError(f"an interval needs 100 resamples or more, got {n_resamples}")
    if method not in ("bca", "percentile"):
        raise ValueError(f'method is "bca" or "percentile", got "{method}"')
    if int(multiplicity.sum()) < 2:
        return Undefined(f"one of {unit} cannot be resampled")
    drawn = np.concatenate([statistic(w) for w in _resamples(multiplicity, n_resamples, rng, width)])
    kept = drawn[np.isfinite(drawn)]
    n_degenerate = n_resamples - len(kept)
    if n_degenerate > MAX_DEGENERATE * n_resamples:
        return Undefined(f"{n_degenerate:,} of {n_resamples:,} resamples of {unit} were undefined")
    if np.ptp(kept) <= 1e-12 * np.abs(kept).max():
        return Undefined(f"every resample of {unit} gave the same value, which says nothing of the error")
    tail = (1 - confidence) / 2
    ends = np.array([tail, 1 - tail])
    words = f"percentile bootstrap over {unit}"
    if method == "bca":
        point = float(statistic(multiplicity[None, :].astype(np.float64))[0])
        without = left_out() if left_out else _left_out(statistic, multiplicity)
        corrected = _bca_ends(kept, point, ends, multiplicity, without)
        if corrected is None:
            words = f"percentile bootstrap over {unit} (BCa does not exist here)"
        else:
            ends, words = corrected, f"BCa bootstrap over {unit}"
    low, high = (float(end) for end in np.quantile(kept, ends))
    return Interval(low, high, confidence, f"{words}, {n_resamples:,} resamples", n_resamples, n_degenerate)


def _resamples(
    multiplicity: npt.NDArray[np.int64], n_resamples: int, rng: np.random.Generator, width: int
) -> Iterator[Array]:
    """Batches of how often each unit was drawn, shape (batch, n_units)."""
    n_units, n = len(multiplicity), int(multiplicity.sum())
    batch = max(1, _BATCH_CELLS // (n_units * width))
    for start in range(0, n_resamples, batch):
        rows = min(batch, n_resamples - start)
        if n == n_units:
            # Single units: counting draws is quicker than a multinomial with as many outcomes as draws.
            draws = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
            yield np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)
        else:
            yield rng.multinomial(n, multiplicity / n, size=rows).astype(np.float64)


def _left_out(statistic: Statistic, multiplicity: npt.NDArray[np.int64]) -> Array:
    """The value with one unit of each row left out, shape (n_units,)."""
    n_units = len(multiplicity)
    batch = max(1, _BATCH_CELLS // n_units)
    values = []
    for start in range(0, n_units, batch):
        rows = np.arange(start, min(start + batch, n_units))
        weights = np.tile(multiplicity.astype(np.float64), (len(rows), 1))
        weights[np.arange(len(rows)), rows] -= 1
        values.append(statistic(weights))
    return np.concatenate(values)


def _bca_ends(
    drawn: Array,
    point: float,
    ends: Array,
    multiplicity: npt.NDArray[np.int64],
    left_out: Array,
) -> Array | None:
    """Which quantiles of the resamples bound a BCa interval; None where there are no such quantiles."""
    # Ties count half: with few cards many resamples equal the estimate.
    below = ((drawn < point).sum() + (drawn == point).sum() / 2) / len(drawn)
    values, m = left_out[np.isfinite(left_out)], multiplicity[np.isfinite(left_out)]
    if not 0 < below < 1 or not m.any():
        return None
    pull = m @ values / m.sum() - values
    spread = float(m @ pull**2)
    if spread <= 1e-24:
        return None
    skew = float(m @ pull**3) / (6 * spread**1.5)
    bias = float(special.ndtri(below))
    z = bias + special.ndtri(ends)
    if (1 - skew * z <= 0).any():
        return None
    corrected = np.asarray(special.ndtr(bias + z / (1 - skew * z)))
    # Beyond half a resample from either end there is nothing to read a quantile from.
    edge = 0.5 / len(drawn)
    return corrected if (corrected >= edge).all() and (corrected <= 1 - edge).all() else None
