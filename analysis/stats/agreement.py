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

import numpy as np
from scipy import special

from analysis.stats.estimates import Maybe, Undefined
from analysis.stats.linearised import Agreement, Shares, card_weight, linearised, shares_of_points
from analysis.stats.pair_weights import (
    NO_PAIRS,
    Array,
    Weights,
    grouped_cards,
    pair_agreement,
    weight_matrix,
    why_undefined,
)
from analysis.stats.patterns import Counts, Patterns, patterns


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
    cards, values = grouped_cards(counts, levels)
    if isinstance(blocked := why_undefined(cards, values), Undefined):
        return blocked
    w = weight_matrix(values, weights)
    share = shares_of_points(cards, shares)
    chance = float(share @ w @ share)
    slope = 2 * (w @ share)
    base = linearised(
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
    cards, values = grouped_cards(counts, levels)
    if not cards.at_least(2).n_cards:
        return Undefined(NO_PAIRS)
    w = weight_matrix(values, weights)
    return linearised(
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
    cards, values = grouped_cards(counts, levels)
    if not cards.at_least(2).n_cards:
        return Undefined(NO_PAIRS)
    w, q = weight_matrix(values, weights), len(values)
    share = shares_of_points(cards, "mean_of_cards")
    scale = float(w.sum()) / (q * (q - 1))
    chance = scale * float(share @ (1 - share))
    name = "Gwet's AC1" if weights == "identity" else "Gwet's AC2"
    return linearised(
        name, cards, w, chance, scale * (1 - 2 * share), "mean_of_cards", confidence, f"{weights} weights"
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
    uneven = used / n_used - card_weight(cards, shares)
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
    share = shares_of_points(folded, shares)
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
