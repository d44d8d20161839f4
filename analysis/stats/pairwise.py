"""Pairwise accuracy: how often does a metric order two texts, or two systems, as people do?

Ties are everywhere on a five-point scale, and a metric that never ties is wrong on each of them. Tie calibration
(Deutsch, Foster & Freitag 2023, EMNLP) calls two texts tied whose scores differ by no more than epsilon, and takes the
epsilon that suits best. The best may be to call everything a tie: so the number never stands without its epsilon, the
share of pairs it ties, and the accuracy without calibration.

Soft pairwise accuracy (Thompson et al. 2024, WMT) compares how sure people and metric are of each pair of systems: 1
less the mean difference of their p-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.stats.crossed import Draws, intervals
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined

Array = npt.NDArray[np.float64]
_SLACK = 1e-12
_BATCH_CELLS = 1 << 20


@dataclass(frozen=True)
class Accuracy:
    """Of pairs of texts of the same case; the mean over cases."""

    calibrated: Maybe
    epsilon: float
    """Scores that differ by no more are called tied; 0 where calibration does not help."""
    tied: float
    """Share of pairs called tied at epsilon."""
    uncalibrated: Maybe
    calibrated_interval: MaybeInterval
    """Epsilon held fixed."""
    uncalibrated_interval: MaybeInterval
    n_cases: int
    n_pairs: int


def accuracy(
    scores: npt.ArrayLike, ratings: npt.ArrayLike, *, draws: Draws | None = None, confidence: float = 0.95
) -> Accuracy:
    """Share of pairs that metric and people order alike, or both call tied.

    Args:
        scores, ratings: cases by systems; cells where either is NaN are left out. Equal ratings must be equal
            floats, as `RatingTable.case_means` gives them.
        draws: of `crossed.draw`, for intervals.
    """
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(ratings, dtype=np.float64)
    one, other = np.triu_indices(x.shape[1], 1)
    difference, people = x[:, one] - x[:, other], np.sign(y[:, one] - y[:, other])
    paired = ~np.isnan(difference + people)
    n_pairs, cases = int(paired.sum()), paired.any(axis=1)
    if not n_pairs:
        no = Undefined("no case has two texts with a score and a rating")
        return Accuracy(no, 0.0, 0.0, no, no, no, 0, 0)
    gap = np.abs(difference)
    right = paired & (np.sign(np.where(paired, difference, 0.0)) == np.where(paired, people, 0.0))
    tie = paired & (people == 0)
    epsilon = _calibrated(gap, right, tie, paired)
    called = paired & (gap <= epsilon)
    after = np.where(called, tie, right)
    values = [_mean_of_cases(table, paired) for table in (after, right)]
    ends: list[MaybeInterval] = [Undefined("no interval was asked for")] * 2
    if draws is not None:
        tables = [np.ascontiguousarray(table.T, dtype=np.float64) for table in (paired, after, right)]
        drawn = []
        for batch in draws.batches(_BATCH_CELLS):
            both = batch.systems[:, one] * batch.systems[:, other]
            n, *counted = (both @ table for table in tables)
            drawn.append(np.stack([_drawn(right_ones, n, batch.cases) for right_ones in counted]))
        ends = intervals(np.concatenate(drawn, axis=1), confidence=confidence, unit=draws.unit)
    return Accuracy(
        calibrated=values[0],
        epsilon=epsilon,
        tied=float(called.sum() / n_pairs),
        uncalibrated=values[1],
        calibrated_interval=ends[0],
        uncalibrated_interval=ends[1],
        n_cases=int(cases.sum()),
        n_pairs=n_pairs,
    )


@dataclass(frozen=True)
class Soft:
    """Soft pairwise accuracy over all pairs of systems."""

    value: float
    n_pairs: int
    n_cases: int
    """Cases that every system has a score and a rating of."""
    n_resamples: int


def soft_accuracy(
    scores: npt.ArrayLike,
    ratings: npt.ArrayLike,
    *,
    flips: npt.ArrayLike | None = None,
    rng: np.random.Generator,
) -> Soft | Undefined:
    """Compare the one-sided p of each pair of systems by scores with that by ratings.

    Args:
        scores, ratings: cases by systems; cases that lack any value are left out.
        flips: (n_resamples, n_cases), +1 or -1: which side of each case is swapped; drawn from `rng` where absent.
    """
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(ratings, dtype=np.float64)
    complete = np.asarray(~np.isnan(x + y).any(axis=1))
    if x.shape[1] < 2 or complete.sum() < 2:
        return Undefined(
            f"{int(complete.sum())} cases have scores and ratings of all {x.shape[1]} systems: too few to compare them"
        )
    x, y = x[complete], y[complete]
    for side, what in ((x, "scores"), (y, "ratings")):
        if np.ptp(side) == 0:
            return Undefined(f"all {what} are equal: they order no two systems")
    signs: Array
    if flips is None:
        signs = rng.choice(np.array([-1.0, 1.0]), size=(N_FLIPS, len(x)))
    else:
        signs = np.asarray(flips, dtype=np.float64)
        signs = signs[:, complete] if signs.shape[1] == len(complete) else signs
    one, other = (better(side, signs) for side in (x, y))
    return Soft(float(1 - np.abs(one - other).mean()), len(one), len(x), len(signs))


N_FLIPS = 1_000


def better(values: Array, signs: Array) -> Array:
    """One-sided p of each system above each later one by flips of the signs of paired differences, (n_pairs,).

    (c + 1) / (B + 1); pairs in the order of `numpy.triu_indices`. All share the flips, so one product serves them all.
    """
    one, other = np.triu_indices(values.shape[1], 1)
    total, scale = values.sum(axis=0), np.abs(values).sum(axis=0)
    partial = (signs @ values).T  # (n_systems, n_resamples)
    found = total[one] - total[other] - _SLACK * (scale[one] + scale[other])
    reached = (partial[one] - partial[other] >= found[:, None]).sum(axis=1)
    return np.asarray((reached + 1) / (len(signs) + 1))


def clusters(p_greater: npt.ArrayLike, *, alpha: float = 0.05) -> list[int]:
    """Ranks of contestants given best first: a new rank begins with the first whom any of the present rank beats.

    Args:
        p_greater: (n, n), one-sided p of the row above the column, both in the order given.
    """
    p = np.asarray(p_greater, dtype=np.float64)
    ranks: list[int] = []
    start = 0
    for place in range(len(p)):
        if place and (p[start:place, place] < alpha).any():
            start = place
        ranks.append(start + 1 if not ranks or start == place else ranks[-1])
    return ranks


def in_order(names: Sequence[str], values: Sequence[float]) -> list[int]:
    """Places of the names, highest value first; equal values by name, so that the order never depends on chance."""
    return sorted(range(len(names)), key=lambda place: (-values[place], names[place]))


def _calibrated(
    gap: Array, right: npt.NDArray[np.bool_], tie: npt.NDArray[np.bool_], paired: npt.NDArray[np.bool_]
) -> float:
    """The smallest epsilon among the gaps (and 0) that gives the highest accuracy."""
    n = paired.sum(axis=1)
    weight = np.divide(1.0, n, out=np.zeros(len(n)), where=n > 0)[:, None] * (tie.astype(np.float64) - right)
    order = np.argsort(gap[paired], kind="stable")
    thresholds, gained = gap[paired][order], np.cumsum(weight[paired][order])
    last = np.r_[thresholds[1:] != thresholds[:-1], True]  # a threshold ties every pair with that gap
    thresholds, gained = np.r_[0.0, thresholds[last]], np.r_[0.0, gained[last]]
    best = gained.max()
    return float(thresholds[np.flatnonzero(gained >= best - 1e-9)[0]])


def _mean_of_cases(right: npt.NDArray[np.bool_], paired: npt.NDArray[np.bool_]) -> float:
    n = paired.sum(axis=1)
    return float((right.sum(axis=1)[n > 0] / n[n > 0]).mean())


def _drawn(right: Array, n: Array, cases: Array) -> Array:
    """(n_resamples, n_cases) weights of right pairs and of all pairs, to the mean over drawn cases."""
    share = np.divide(right, n, out=np.zeros_like(right), where=n > 0)
    count = (cases * (n > 0)).sum(axis=1)
    total = (cases * share).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(n), np.nan), where=count > 0))
