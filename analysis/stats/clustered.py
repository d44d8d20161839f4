"""Means of things that lean on each other in groups, such as the marks of one annotator."""

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, MaybeInterval, Undefined

ALONE = Undefined("one annotator alone says nothing of others")


def mean_interval(
    values: npt.NDArray[np.float64], groups: npt.NDArray[np.int64], *, confidence: float = 0.95
) -> MaybeInterval:
    """Student's interval of a mean, its variance linearised over groups.

    Args:
        values: shape (n,), at least one.
        groups: shape (n,).

    Returns:
        Undefined with one group, or where all groups come to the same.

    Reference: Liang & Zeger (1986), Biometrika 73, 13-22, with the factor G / (G - 1) of G groups.
    """
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        return ALONE
    spread = _variance(values, groups)
    if spread <= 1e-24:
        return Undefined("the annotators' answers come to the same, and a spread of 0 says nothing of others")
    half = _quantile(n_groups, confidence) * float(np.sqrt(spread))
    mean = float(values.mean())
    method = f"linearised over {n_groups} annotators, t with {n_groups - 1} degrees of freedom"
    return Interval(mean - half, mean + half, confidence, method)


def _variance(values: npt.NDArray[np.float64], groups: npt.NDArray[np.int64]) -> float:
    """Of the mean, over groups."""
    _, own = np.unique(groups, return_inverse=True)
    sums = np.bincount(own, weights=(values - values.mean()) / len(values))
    return float(sums @ sums) * len(sums) / (len(sums) - 1)


def _quantile(n_groups: int, confidence: float) -> float:
    return float(special.stdtrit(n_groups - 1, (1 + confidence) / 2))
