"""Do more than two systems differ at all, and how far apart must their ranks lie to count as different?

Systems are ranked within each case by their case means, ties sharing the mean of their ranks; rank 1 is the lowest
rating. Friedman's test asks whether the mean ranks differ more than chance allows; Kendall's W says how far the cases
agree on the order. Nemenyi's procedure then compares all pairs at once: two systems differ where their mean ranks lie
further apart than the critical difference; Conover's t of the rank sums tells more pairs apart, since it takes its
spread from what Friedman's test leaves over. Only cases with a rating of every system enter.

References: Friedman (1937) JASA 32; Iman & Davenport (1980) Communications in Statistics A9; Nemenyi (1963), thesis,
Princeton; Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 5.8; Demšar (2006) Journal of
Machine Learning Research 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from analysis.stats.estimates import Undefined
from analysis.stats.significance import tied_equal

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranks:
    """Friedman's test and Nemenyi's comparisons of all systems on one criterion."""

    systems: tuple[str, ...]
    n_cases: int
    n_left_out: int
    """Cases that lack a rating of one system or more."""
    mean_ranks: Array
    """Shape (n_systems,); rank 1 is the lowest rating, so higher is better."""
    chi2: float
    """Friedman's statistic, corrected for ties."""
    df: int
    p: float
    f: float
    """Iman and Davenport's F of the same ranks, less cautious than chi2; infinite where all cases agree."""
    f_p: float
    kendalls_w: float
    """0 to 1: 0 where the cases know no common order, 1 where all order the systems alike."""
    critical_difference: float
    """Of mean ranks, by Nemenyi at 1 - confidence."""
    pair_p: Array
    """Shape (n_systems, n_systems): Nemenyi's p, adjusted for all pairs; 1 on the diagonal."""
    conover_p: Array
    """The same by Conover's t, not adjusted for the number of pairs."""


def compare_ranks(means: pd.DataFrame, *, confidence: float = 0.95) -> Ranks | Undefined:
    """Friedman's test, Kendall's W and Nemenyi's procedure over the systems' case means.

    Args:
        means: cases (index) by systems (columns), as `RatingTable.case_means` gives them; NaN without a rating.

    Returns:
        Undefined with fewer than three systems, fewer than two complete cases, or where no case tells systems apart.
    """
    values = means.to_numpy(dtype=np.float64)
    k = values.shape[1]
    if k < 3:
        return Undefined(f"{k} systems; ranks of many systems need three or more")
    whole = ~np.isnan(values).any(axis=1)
    kept = values[whole]
    n = len(kept)
    if n < 2:
        return Undefined(f"{n} cases were rated for all {k} systems; Friedman's test needs two or more")
    kept = tied_equal(kept.ravel()).reshape(kept.shape)
    ranks = stats.rankdata(kept, axis=1)
    mean_ranks = ranks.mean(axis=0)
    spread = float(((ranks - (k + 1) / 2) ** 2).sum()) / (n * (k - 1))  # k (k + 1) / 12 without ties
    if spread == 0:
        return Undefined("every case has the same mean for all systems")
    chi2 = float(n * ((mean_ranks - (k + 1) / 2) ** 2).sum() / spread)
    largest = n * (k - 1)
    with np.errstate(divide="ignore"):
        f = float(np.divide((n - 1) * chi2, largest - chi2)) if chi2 < largest * (1 - 1e-12) else np.inf
    step = (k * (k + 1) / (6 * n)) ** 0.5
    apart = np.abs(mean_ranks[:, None] - mean_ranks) / step * 2**0.5
    pair_p = stats.studentized_range.sf(apart, k, np.inf)
    np.fill_diagonal(pair_p, 1.0)
    return Ranks(
        systems=tuple(str(name) for name in means.columns),
        n_cases=n,
        n_left_out=len(values) - n,
        mean_ranks=mean_ranks,
        chi2=chi2,
        df=k - 1,
        p=float(special.chdtrc(k - 1, chi2)),
        f=f,
        f_p=float(special.fdtrc(k - 1, (k - 1) * (n - 1), f)) if np.isfinite(f) else 0.0,
        kendalls_w=chi2 / largest,
        critical_difference=float(stats.studentized_range.ppf(confidence, k, np.inf)) / 2**0.5 * step,
        pair_p=np.clip(pair_p, 0, 1),
        conover_p=_conover(ranks),
    )


def _conover(ranks: Array) -> Array:
    """Two-sided p of each pair, t with (cases - 1) (systems - 1) degrees; where all cases agree, 0 for other ranks."""
    n, k = ranks.shape
    sums = ranks.sum(axis=0)
    df = (n - 1) * (k - 1)
    left_over = n * float((ranks**2).sum()) - float((sums**2).sum())
    apart = np.abs(sums[:, None] - sums)
    if left_over <= 1e-9 * n:
        return np.where(apart > 0, 0.0, 1.0)
    found = 2 * special.stdtr(df, -apart / (2 * left_over / df) ** 0.5)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def not_told_apart(ranked: Sequence[float], critical_difference: float) -> list[tuple[int, int]]:
    """First and last place of each longest run of neighbours within the critical difference, none within another.

    These are the bars of a critical-difference diagram; a system in no run differs from all others.

    Args:
        ranked: mean ranks, ascending.
    """
    runs: list[tuple[int, int]] = []
    for start, rank in enumerate(ranked):
        end = max(place for place, other in enumerate(ranked) if other <= rank + critical_difference)
        if end > start and (not runs or end > runs[-1][1]):
            runs.append((start, end))
    return runs
