"""How far annotators agree, and how much of it chance alone would give.

Every function takes counts, shape (n_cards, n_levels): how many annotators chose each point of the scale on
each card, `RatingTable.counts`, or `patterns(counts)` to group a large table once. Cards may have different
numbers of annotators; identity of annotators is not used. A coefficient is 1 for full agreement, 0 for what
chance alone would give, negative below that.

No coefficient should stand alone: show percent agreement, kappa, ordinal alpha and AC1 side by side. With
nearly all ratings on one point kappa falls to 0 or below while annotators hardly ever disagree (the kappa
paradox).

References:
    Fleiss (1971) Psychological Bulletin 76; Fleiss, Nee & Landis (1979) Psychological Bulletin 86;
    Randolph (2005); Gwet (2008) Br. J. Math. Stat. Psychol. 61; Gwet (2014) Handbook of Inter-Rater
    Reliability, 4th ed.; Krippendorff (2011) Computing Krippendorff's Alpha-Reliability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.patterns import Counts, Patterns, patterns

Array = npt.NDArray[np.float64]
Shares = Literal["mean_of_cards", "pooled"]
Weights = Literal["identity", "linear", "quadratic", "ordinal"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]

NO_PAIRS = "no card was rated by two annotators"


@dataclass(frozen=True)
class CategoryKappa:
    """Kappa of one point of the scale against all the others."""

    level: int
    share: float
    """Share of this point among the ratings of cards with two or more, by the same convention as the kappa."""
    value: Maybe
    se0: Maybe
    """Standard error if annotators rated at random; for the test only."""
    z: Maybe
    p: Maybe
    """Two-sided."""


@dataclass(frozen=True)
class Agreement:
    """A chance-corrected coefficient with what it was made of."""

    name: str
    value: float
    observed: float
    """Mean over cards of the share of agreeing pairs of annotators (weighted where weights are)."""
    chance: float
    """The same share if annotators chose independently, as the coefficient imagines it."""
    se: Maybe
    """Gwet's linearised standard error: cards are the sample, annotators are taken as given."""
    interval: MaybeInterval
    """value -/+ t(n_cards - 1) * se, cut at 1. Valid whatever the true agreement."""
    n_cards: int
    """Cards with at least one rating."""
    n_used: int
    """Cards with at least two: only these can agree."""
    n_ratings: int
    n_levels: int
    convention: str
    """The choices that make the number: weights, and how shares of the points were taken."""


@dataclass(frozen=True)
class Kappa(Agreement):
    """Fleiss' kappa with its test against no agreement."""

    se0: float
    """Standard error under no agreement (Fleiss, Nee & Landis). For z and p alone, never for an interval."""
    z: float
    p: float
    """Two-sided p of "annotators agree no more than chance"."""
    per_category: tuple[CategoryKappa, ...]


@dataclass(frozen=True)
class PercentAgreement:
    """Agreement before any correction for chance, each a mean over the cards with two or more ratings."""

    exact: float
    """Share of pairs of annotators on the same point."""
    within_one: float
    """Share of pairs at most one point of the scale apart."""
    unanimous: float
    """Share of cards on which all annotators chose the same point."""
    n_used: int
    n_pairs: int


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha."""

    value: float
    level: Level
    observed: float
    """Mean disagreement of pairs within cards, in squared distances of the level."""
    expected: float
    """Mean disagreement of pairs drawn from all pairable ratings."""
    n_used: int
    n_ratings: int
    """Pairable ratings: those on cards with two or more."""


def percent_agreement(counts: Counts) -> PercentAgreement | Undefined:
    """Raw agreement of pairs of annotators on the same card; each card weighs the same."""
    used = patterns(counts).at_least(2)
    if not used.n_cards:
        return Undefined(NO_PAIRS)
    q = used.counts.shape[1]
    near = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) <= 1
    m, n, r = used.multiplicity, used.n_cards, used.raters
    return PercentAgreement(
        exact=float(m @ pair_agreement(used.counts, np.eye(q)) / n),
        within_one=float(m @ pair_agreement(used.counts, near.astype(np.float64)) / n),
        unanimous=float(m @ (used.counts.max(axis=1) == r) / n),
        n_used=n,
        n_pairs=int(m @ (r * (r - 1) // 2)),
    )


def fleiss_kappa(
    counts: Counts,
    *,
    levels: Sequence[int] | None = None,
    shares: Shares = "mean_of_cards",
    weights: Weights = "identity",
    confidence: float = 0.95,
) -> Kappa | Undefined:
    """Fleiss' kappa for any number of annotators a card.

    Args:
        counts: shape (n_cards, n_levels).
        levels: values of the points, default 1..n_levels; for words and for the weights.
        shares: how the share of each point is taken. "mean_of_cards" averages the shares within cards, as
            Gwet and R irrCAC do; "pooled" divides by all ratings, so cards with more annotators weigh more.
            The two differ only when cards have unequal numbers of ratings.
        weights: "identity" is Fleiss' own; "linear" and "quadratic" give partial credit to near misses. The
            null test and the kappas of single points are those of identity weights. "ordinal" (Gwet) does not
            look at values, only at the order of the points.
        confidence: of the interval.

    Returns:
        Undefined when no card has two ratings or all ratings fall on one point.
    """
    cards, values = _cards(counts, levels)
    if isinstance(blocked := _blocked(cards, values), Undefined):
        return blocked
    w = weight_matrix(values, weights)
    share = _shares(cards, shares)
    chance = float(share @ w @ share)
    slope = 2 * (w @ share)
    base = _linearised(
        "Fleiss' kappa", cards, w, chance, slope, shares, confidence, f"{weights} weights, shares {shares}"
    )
    used = cards.at_least(2)
    identical = float(used.multiplicity @ pair_agreement(used.counts, np.eye(len(values)))) / used.n_cards
    pe = float(share @ share)
    se0 = _null_se(cards, share, shares)
    z = (identical - pe) / (1 - pe) / se0
    return Kappa(
        **vars(base),
        se0=se0,
        z=z,
        p=_two_sided(z),
        per_category=tuple(_category(cards, values, j, shares) for j in range(len(values))),
    )


def randolph_kappa(
    counts: Counts,
    *,
    levels: Sequence[int] | None = None,
    weights: Weights = "identity",
    confidence: float = 0.95,
) -> Agreement | Undefined:
    """Free-marginal kappa (Randolph; Brennan-Prediger): chance spreads evenly over all points of the scale.

    Every point counts, used or not, so the columns of counts must be the whole scale.
    """
    cards, values = _cards(counts, levels)
    if not cards.at_least(2).n_cards:
        return Undefined(NO_PAIRS)
    w = weight_matrix(values, weights)
    return _linearised(
        "Randolph's kappa",
        cards,
        w,
        float(w.mean()),
        np.zeros(len(values)),
        "mean_of_cards",
        confidence,
        f"{weights} weights",
    )


def gwet_ac(
    counts: Counts,
    *,
    levels: Sequence[int] | None = None,
    weights: Weights = "identity",
    confidence: float = 0.95,
) -> Agreement | Undefined:
    """Gwet's AC1 (identity weights) or AC2 (others): steady where one point takes nearly all ratings.

    AC2 with quadratic weights looks high even for noise (0.7 on a junk crowd): read it beside alpha. Columns
    of counts must be the whole scale.
    """
    cards, values = _cards(counts, levels)
    if not cards.at_least(2).n_cards:
        return Undefined(NO_PAIRS)
    w, q = weight_matrix(values, weights), len(values)
    share = _shares(cards, "mean_of_cards")
    scale = float(w.sum()) / (q * (q - 1))
    chance = scale * float(share @ (1 - share))
    name = "Gwet's AC1" if weights == "identity" else "Gwet's AC2"
    return _linearised(
        name, cards, w, chance, scale * (1 - 2 * share), "mean_of_cards", confidence, f"{weights} weights"
    )


def alpha(
    counts: Counts, level: Level = "ordinal", *, levels: Sequence[int] | None = None
) -> Alpha | Undefined:
    """Krippendorff's alpha from counts; missing ratings are fine, cards with one rating are left out.

    Args:
        counts: shape (n_cards, n_levels).
        level: what the scale means. "nominal": 4 against 5 is as far as 1 against 5; "ordinal": the more
            ratings lie between two points, the farther apart they are (right for Likert); "interval": equal
            steps; "ratio": steps shrink as values grow, so points must be 0 or more.
        levels: values of the points, default 1..n_levels.

    Returns:
        Undefined when no card has two ratings or all pairable ratings fall on one point.

    Raises:
        ValueError: an unknown level, or "ratio" with points below 0.
    """
    cards, values = _cards(counts, levels)
    used = cards.at_least(2)
    if isinstance(blocked := _blocked(used, values), Undefined):
        return blocked
    coincidences = (used.multiplicity @ pair_table(used.counts)).reshape(len(values), len(values))
    observed, expected = disagreements(coincidences, values, level)
    return Alpha(
        value=float(1 - observed / expected),
        level=level,
        observed=float(observed),
        expected=float(expected),
        n_used=used.n_cards,
        n_ratings=used.n_ratings,
    )


def pair_agreement(counts: npt.NDArray[np.int64], weights: Array) -> Array:
    """Weighted share of agreeing pairs of ratings on each card, shape (n_cards,); 0 below two ratings."""
    r = counts.sum(axis=1)
    pairs = r * (r - 1)
    agreeing = ((counts @ weights - 1) * counts).sum(axis=1)
    return np.asarray(np.divide(agreeing, pairs, out=np.zeros(len(r)), where=pairs > 0))


def pair_table(counts: npt.NDArray[np.int64]) -> Array:
    """Krippendorff's coincidences of each card, shape (n_cards, n_levels**2).

    Pairs of ratings of the card, divided by one less than their number, so the table sums to the number of
    ratings. Zero for cards with fewer than two.
    """
    q = counts.shape[1]
    r = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(q, dtype=np.int64)
    scale = np.divide(1.0, r - 1, out=np.zeros(len(r)), where=r > 1)
    return np.asarray((pairs * scale[:, None, None]).reshape(len(r), q * q))


def disagreements(coincidences: Array, values: Array, level: Level) -> tuple[Array, Array]:
    """Observed and expected disagreement from coincidence tables, shape (..., n_levels, n_levels); alpha = 1
    - Do / De.

    Both in squared distances of the level, up to one common factor. Expected is 0 only where one point took
    all ratings.
    """
    o = np.asarray(coincidences, dtype=np.float64)
    n_c = o.sum(axis=-1)  # (..., n_levels)
    n = n_c.sum(axis=-1)
    d2 = _distances(n_c, values, level)
    observed = (o * d2).sum(axis=(-2, -1)) / n
    expected = (n_c[..., :, None] * n_c[..., None, :] * d2).sum(axis=(-2, -1)) / (n * (n - 1))
    return observed, expected


def _distances(n_c: Array, values: Array, level: Level) -> Array:
    """Squared distances between points, shape (..., n_levels, n_levels)."""
    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "interval":
        return np.subtract.outer(values, values) ** 2
    if level == "ordinal":
        # Ratings strictly between two points, plus half of each: differences of the midpoints of cumulative
        # counts.
        middle = np.cumsum(n_c, axis=-1) - n_c / 2
        return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)
    if level == "ratio":
        if values[0] < 0:
            raise ValueError(f"ratio distances need points of 0 or more, got {values[0]:g}")
        gap, sums = np.subtract.outer(values, values), np.add.outer(values, values)
        return np.asarray(np.divide(gap, sums, out=np.zeros_like(gap), where=sums > 0) ** 2)
    raise ValueError(f'level is "nominal", "ordinal", "interval" or "ratio", got "{level}"')


def points(cards: Patterns, levels: Sequence[int] | None) -> Array:
    """Values of the points of the scale, shape (n_levels,).

    Raises:
        ValueError: not one ascending value a column of counts.
    """
    q = cards.counts.shape[1]
    values = np.arange(1, q + 1) if levels is None else np.asarray(levels)
    if values.shape != (q,) or (np.diff(values) <= 0).any():
        raise ValueError(f"levels must be {q} ascending values, one a column of counts; got {list(values)}")
    return values.astype(np.float64)


def _cards(counts: Counts, levels: Sequence[int] | None) -> tuple[Patterns, Array]:
    """Rated cards as patterns, and the values of the points."""
    cards = patterns(counts).at_least(1)
    return cards, points(cards, levels)


def _blocked(cards: Patterns, values: Array) -> Undefined | None:
    """Why a coefficient that estimates chance from the ratings cannot exist."""
    if not cards.at_least(2).n_cards:
        return Undefined(NO_PAIRS)
    used = (cards.counts.T @ cards.multiplicity) > 0
    if used.sum() == 1:
        return Undefined(f"every rating is {values[used][0]:g} (100% agreement)")
    return None


def weight_matrix(values: Array, weights: Weights) -> Array:
    """Credit for a pair of points, 1 on the diagonal, shape (n_levels, n_levels)."""
    gap = np.abs(np.subtract.outer(values, values)) / (values[-1] - values[0])
    if weights == "identity":
        return np.eye(len(values))
    if weights == "linear":
        return np.asarray(1 - gap)
    if weights == "quadratic":
        return np.asarray(1 - gap**2)
    if weights == "ordinal":
        # Gwet's: by how many pairs of points lie within the stretch from one to the other.
        place = np.arange(len(values))
        steps = np.abs(np.subtract.outer(place, place))
        return np.asarray(1 - steps * (steps + 1) / (len(values) * (len(values) - 1)))
    raise ValueError(f'weights are "identity", "linear", "quadratic" or "ordinal", got "{weights}"')


def _card_weight(cards: Patterns, shares: Shares) -> Array:
    """Weight of one card of each pattern in the shares; over all cards they sum to 1."""
    if shares == "mean_of_cards":
        return np.full(len(cards.multiplicity), 1 / cards.n_cards)
    if shares == "pooled":
        return cards.raters / cards.n_ratings
    raise ValueError(f'shares are "mean_of_cards" or "pooled", got "{shares}"')


def _shares(cards: Patterns, shares: Shares) -> Array:
    """Share of each point among the ratings, shape (n_levels,)."""
    within = cards.counts / cards.raters[:, None]  # (n_patterns, n_levels)
    return np.asarray((cards.multiplicity * _card_weight(cards, shares)) @ within)


def _linearised(
    name: str,
    cards: Patterns,
    weights: Array,
    chance: float,
    slope: Array,
    shares: Shares,
    confidence: float,
    convention: str,
) -> Agreement:
    """Coefficient (observed - chance) / (1 - chance) with Gwet's linearised variance.

    Args:
        slope: gradient of chance in the shares of the points, shape (n_levels,).
    """
    n, m, r = cards.n_cards, cards.multiplicity, cards.raters
    n_used = int(m[r >= 2].sum())
    agreeing = pair_agreement(cards.counts, weights)
    observed = float(m @ agreeing) / n_used
    value = (observed - chance) / (1 - chance)
    # Influence of each card: through the observed agreement, then through the shares that make chance. As
    # published, the share of cards with two ratings is held fixed: a card with one rating pulls towards 0,
    # which widens a little.
    direct = (n / n_used) * (agreeing - chance * (r >= 2)) / (1 - chance) - value
    within = cards.counts / r[:, None]
    drift = n * _card_weight(cards, shares) * ((within - _shares(cards, shares)) @ slope)
    influence = direct - (1 - value) * drift / (1 - chance)
    se: Maybe
    interval: MaybeInterval
    if n < 2:
        se = interval = Undefined("one card has no spread between cards")
    else:
        se = float(np.sqrt(m @ influence**2 / (n * (n - 1))))
        if se < 1e-12:
            se = interval = Undefined("all cards speak alike, so their spread says nothing of the error")
        else:
            half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * se
            interval = Interval(
                value - half, min(1.0, value + half), confidence, "linearised t over cards (Gwet)"
            )
    return Agreement(
        name=name,
        value=value,
        observed=observed,
        chance=chance,
        se=se,
        interval=interval,
        n_cards=n,
        n_used=n_used,
        n_ratings=cards.n_ratings,
        n_levels=cards.counts.shape[1],
        convention=convention,
    )


def _null_se(cards: Patterns, share: Array, shares: Shares) -> float:
    """Standard error of kappa if annotators rate at random with these shares.

    Under randomness kappa is a sum over pairs of 1[same] - p_x - p_y + Pe, whose variance is Pe + Pe**2 - 2
    sum p**3: with r ratings on each of N cards this is Fleiss, Nee & Landis (1979) exactly. With unequal
    numbers each card brings its own pairs; where the shares weigh cards otherwise than the observed agreement
    does, what no longer cancels is added.
    """
    m, r = cards.multiplicity, cards.raters
    used = r >= 2
    n_used = m[used].sum()
    pe = float(share @ share)
    cubes = float((share**3).sum())
    pairs = float((m[used] / (r[used] * (r[used] - 1))).sum())
    uneven = used / n_used - _card_weight(cards, shares)
    variance = 2 * (pe + pe**2 - 2 * cubes) * pairs / n_used**2 + 4 * (cubes - pe**2) * float(
        m @ (uneven**2 / r)
    )
    return float(np.sqrt(variance)) / (1 - pe)


def _category(cards: Patterns, values: Array, j: int, shares: Shares) -> CategoryKappa:
    """Kappa of point j against the rest: Fleiss' kappa of the table folded to two columns.

    Cards with one rating are left out of the shares too. In them a point could be frequent that is rare among the
    pairs, or the reverse, and kappa would fall below -1.
    """
    lonely = cards.n_cards > cards.at_least(2).n_cards
    cards = cards.at_least(2)
    folded = Patterns(
        np.column_stack([cards.counts[:, j], cards.raters - cards.counts[:, j]]), cards.multiplicity
    )
    share = _shares(folded, shares)
    level = int(values[j])
    if min(share) <= 0:
        where = " on the cards with two ratings or more" if lonely else ""
        why = Undefined((f"no rating is {level}" if share[0] <= 0 else f"every rating is {level}") + where)
        return CategoryKappa(level, float(share[0]), why, why, why, why)
    observed = float(folded.multiplicity @ pair_agreement(folded.counts, np.eye(2))) / folded.n_cards
    chance = float(share @ share)
    value, se0 = (observed - chance) / (1 - chance), _null_se(folded, share, shares)
    return CategoryKappa(level, float(share[0]), value, se0, value / se0, _two_sided(value / se0))


def _two_sided(z: float) -> float:
    return float(2 * special.ndtr(-abs(z)))
