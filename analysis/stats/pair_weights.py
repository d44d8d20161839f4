"""Pairs of marks of one card: how many there are of each two points, and what credit they get."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.stats.estimates import Undefined
from analysis.stats.patterns import Counts, Patterns, patterns

Array = npt.NDArray[np.float64]

Weights = Literal["identity", "linear", "quadratic", "ordinal"]

NO_PAIRS = "no card was rated by two annotators"


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


def grouped_cards(counts: Counts, levels: Sequence[int] | None) -> tuple[Patterns, Array]:
    """Rated cards as patterns, and the values of the points."""
    cards = patterns(counts).at_least(1)
    return cards, points(cards, levels)


def why_undefined(cards: Patterns, values: Array) -> Undefined | None:
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
