"""How sure is a share of second looks? Those of one annotator lean on each other, and there are few.

The share's variance is taken over annotators, and the looks are counted for as many as would have that variance were
they independent, and no more than there are; then Clopper and Pearson's exact interval for that many. Near 0 and 1,
where shares of repeats lie, it does not shrink to a point as an interval of estimate and error does.

Reference: Korn & Graubard (1998), Confidence Intervals for Proportions with Small Expected Number of Positive Counts
Estimated from Survey Data, Survey Methodology 24.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, MaybeInterval, Undefined

METHOD = "Korn and Graubard's exact interval, second looks of one annotator leaning on each other"


def share_interval(
    same: npt.ArrayLike, annotator: npt.ArrayLike, *, confidence: float = 0.95
) -> MaybeInterval:
    """The interval of a share over looks that come in clusters.

    Args:
        same: shape (n_looks,), true where a look counts.
        annotator: shape (n_looks,), who looked.

    Returns:
        Undefined with fewer than two annotators.
    """
    counts = np.asarray(same, dtype=bool)
    _, who = np.unique(np.asarray(annotator), return_inverse=True)
    n = len(counts)
    n_annotators = int(who.max(initial=-1)) + 1
    if n_annotators < 2:
        return Undefined("one annotator alone looked twice: nothing says how others would")
    of_each = np.bincount(who).astype(np.float64)
    right = np.bincount(who, weights=counts).astype(np.float64)
    share = float(counts.mean())
    variance = n_annotators / (n_annotators - 1) * float(((right - share * of_each) ** 2).sum()) / n**2
    worth = share * (1 - share) / variance if variance > 0 else float(n)
    upper = (1 + confidence) / 2
    # Few annotators know little of their own spread: the quantile of t stands for that.
    worth *= float(special.stdtrit(max(n - 1, 1), upper) / special.stdtrit(n_annotators - 1, upper)) ** 2
    worth = min(worth, float(n))
    low, high = clopper_pearson(share * worth, worth, confidence=confidence)
    return Interval(low, high, confidence, METHOD)


def clopper_pearson(right: float, n: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Exact ends for `right` of `n`, whole or not; they reach 0 and 1."""
    tail = (1 - confidence) / 2
    low = 0.0 if right <= 0 else float(special.betaincinv(right, n - right + 1, tail))
    high = 1.0 if right >= n else float(special.betaincinv(right + 1, n - right, 1 - tail))
    return low, high
