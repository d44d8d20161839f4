"""Krippendorff's alpha: observed over expected disagreement, by the distance of two marks.

Reference: Krippendorff (2011) Computing Krippendorff's Alpha-Reliability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.stats.estimates import Undefined
from analysis.stats.pair_weights import Array, grouped_cards, pair_table, why_undefined
from analysis.stats.patterns import Counts

Level = Literal["nominal", "ordinal", "interval", "ratio"]


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
    cards, values = grouped_cards(counts, levels)
    used = cards.at_least(2)
    if isinstance(blocked := why_undefined(used, values), Undefined):
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
