"""Shares of the points over cards, and Gwet's linearised variance of a coefficient made of them.

Reference: Gwet (2014) Handbook of Inter-Rater Reliability, 4th ed.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.pair_weights import Array, pair_agreement
from analysis.stats.patterns import Patterns

Shares = Literal["mean_of_cards", "pooled"]


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


def card_weight(cards: Patterns, shares: Shares) -> Array:
    """Weight of one card of each pattern in the shares; over all cards they sum to 1."""
    if shares == "mean_of_cards":
        return np.full(len(cards.multiplicity), 1 / cards.n_cards)
    if shares == "pooled":
        return cards.raters / cards.n_ratings
    raise ValueError(f'shares are "mean_of_cards" or "pooled", got "{shares}"')


def shares_of_points(cards: Patterns, shares: Shares) -> Array:
    """Share of each point among the ratings, shape (n_levels,)."""
    within = cards.counts / cards.raters[:, None]  # (n_patterns, n_levels)
    return np.asarray((cards.multiplicity * card_weight(cards, shares)) @ within)


def linearised(
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
    drift = n * card_weight(cards, shares) * ((within - shares_of_points(cards, shares)) @ slope)
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
