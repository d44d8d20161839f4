"""PERM-BOTH: would two metrics differ as much in their correlation with people if their scores were exchangeable?

Both metrics are standardised, and in each resample every text has its two scores swapped or not, by the toss of a
coin. The ratings stay where they are. A p-value is (c + 1) / (B + 1), never 0.

Swapping moves the difference of the two scores of a text from one side to the other, so all sums of a resample are one
product of coins and differences: 1,400 texts and 1,000 resamples take some hundredths of a second, where resampling
score by score takes most of a minute.

Reference: Deutsch, Dror & Roth (2021) TACL 9, 1132-1146; WMT uses it since 2022 (mt-metrics-eval), without the + 1.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from analysis.stats.estimates import Undefined
from analysis.stats.redrawn import Level
from analysis.stats.rowwise import row_correlations, standardised

Array = npt.NDArray[np.float64]
_BATCH_CELLS = 1 << 19
_ALIVE = 1e-12
_AXES: dict[Level, tuple[int, ...]] = {"none": (0, 1), "case": (1,), "partial": (0,)}


@dataclass(frozen=True)
class PermBoth:
    """Pearson's r of two metrics with the same ratings, compared by swapping scores."""

    first: float
    second: float
    p: float
    """Two-sided."""
    p_greater: float
    """One-sided, for first > second."""
    n: int
    """Texts with a rating and both scores."""
    n_resamples: int

    @property
    def difference(self) -> float:
        return self.first - self.second


@dataclass(frozen=True)
class AllPairs:
    """Several metrics, each compared with each by the same tosses of coins."""

    r: Array
    """(n_metrics,) Pearson's r over the texts that have a rating and every score."""
    p: Array
    """(n_metrics, n_metrics), two-sided; 1 on the diagonal."""
    p_greater: Array
    """One-sided, for the metric of the row above that of the column."""
    n: int
    n_resamples: int


def perm_both(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    ratings: npt.ArrayLike,
    *,
    level: Level,
    rng: np.random.Generator,
    n_resamples: int = 1000,
) -> PermBoth | Undefined:
    """Compare two metrics by their Pearson correlation with mean ratings; see `perm_both_all`."""
    found = perm_both_all([first, second], ratings, level=level, rng=rng, n_resamples=n_resamples)
    if isinstance(found, Undefined):
        return found
    one, other = (float(r) for r in found.r)
    p, p_greater = float(found.p[0, 1]), float(found.p_greater[0, 1])
    return PermBoth(one, other, p, p_greater, found.n, n_resamples)


def perm_both_all(
    scores: Sequence[npt.ArrayLike],
    ratings: npt.ArrayLike,
    *,
    level: Level,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    pairs: Collection[tuple[int, int]] | None = None,
) -> AllPairs | Undefined:
    """Compare each metric with each by their Pearson correlation with mean ratings.

    Args:
        scores: of each metric, cases by systems; with ratings, cells where any is NaN are left out for all.
        level: as in `stats.correlation`.
        pairs: places in `scores` of those to compare; all by default. Others keep a p of 1.

    Returns:
        Undefined in words where one of the correlations is. Resamples without a value count against the
        difference, as if they reached it.

    Raises:
        ValueError: fewer than 1 resample, or another level.
    """
    if n_resamples < 1:
        raise ValueError(f"a permutation test needs a resample or more, got {n_resamples}")
    sides = np.stack([np.asarray(side, dtype=np.float64) for side in (*scores, ratings)])
    held = np.asarray(~np.isnan(sides).any(axis=0))
    n = int(held.sum())
    if n < 2:
        return Undefined(f"{n} of the texts have a rating and every score: too few")
    flat = standardised(np.where(held, sides, 0.0).reshape(len(sides), -1), held.reshape(1, -1))
    cube = flat.reshape(sides.shape)
    swaps = _Swaps(cube[:-1], cube[-1], held, level)
    r = swaps.without_swapping()
    if np.isnan(r).any():
        return Undefined("scores or ratings of the texts that have all of them do not vary")
    wanted = list(combinations(range(len(r)), 2)) if pairs is None else list(pairs)
    reached, above = np.full((len(r), len(r)), np.nan), np.full((len(r), len(r)), np.nan)
    for i, j in wanted:
        reached[i, j] = above[i, j] = above[j, i] = 0
    step = max(1, _BATCH_CELLS // held.size)
    slack = 1e-12  # equal but for rounding is reached: where scores tie, many swaps change nothing
    for start in range(0, n_resamples, step):
        moved = swaps.moved(coins(rng, min(step, n_resamples - start), held.shape))
        for i, j in wanted:
            one, other = swaps.swapped(i, j, moved[j] - moved[i])
            found, drawn = r[i] - r[j], one - other
            undefined = np.isnan(drawn)
            reached[i, j] += (undefined | (np.abs(drawn) >= abs(found) - slack)).sum()
            above[i, j] += (undefined | (drawn >= found - slack)).sum()
            above[j, i] += (undefined | (-drawn >= -found - slack)).sum()
    reached = np.where(np.isnan(reached), reached.T, reached)
    p, p_greater = (
        np.where(np.isnan(table), 1.0, (table + 1) / (n_resamples + 1)) for table in (reached, above)
    )
    return AllPairs(r, p, p_greater, n, n_resamples)


class _Swaps:
    """The sums that correlations are made of, and what swapping moves from one metric to another.

    Groups are what is summed over: all texts at level "none", each case, each system.
    """

    def __init__(self, scores: Array, human: Array, held: npt.NDArray[np.bool_], level: Level) -> None:
        self.level = level
        if level == "system":
            n = held.sum(axis=0)
            self.human = _divided(human.sum(axis=0), n)
            self.tables = (scores / np.maximum(n, 1))[:, None]
            self.total = np.where(n > 0, self.tables.sum(axis=2), np.nan)
            return
        if level not in _AXES:
            raise ValueError(f'level is one of none, partial, case, system, got "{level}"')
        # Ratings centred in each group over which scores are summed: products need no mean taken off then.
        centred = human
        if level == "case":
            centred = standardised(human, held)
        elif level == "partial":
            centred = np.where(held, human - human.sum(axis=0) / np.maximum(held.sum(axis=0), 1), 0.0)
        axes = _AXES[level]
        self.n = np.atleast_1d(held.sum(axis=axes)).astype(np.float64)
        self.square = np.atleast_1d((centred**2).sum(axis=axes))
        # (n_metrics, 3, cases, systems): the scores, their squares, their products with the ratings.
        self.tables = np.stack([scores, scores**2, scores * centred], axis=1)
        self.total = self.tables.sum(axis=tuple(axis + 2 for axis in axes)).reshape(len(scores), 3, -1)

    def without_swapping(self) -> Array:
        return np.array([self._correlation(total[:, None])[0] for total in self.total])

    def moved(self, tossed: Array) -> Array:
        """What each metric has of the sums where the coin shows 1, (n_metrics, sums, n_resamples, groups)."""
        if self.level == "none":
            flat = self.tables.reshape(-1, tossed[0].size)
            return np.asarray(
                (flat @ tossed.reshape(len(tossed), -1).T).reshape(*self.tables.shape[:2], -1, 1)
            )
        summed = "bns,ns->bn" if self.level == "case" else "bns,ns->bs"
        parts = [np.einsum(summed, tossed, table) for metric in self.tables for table in metric]
        return np.stack(parts).reshape(*self.tables.shape[:2], *parts[0].shape)

    def swapped(self, i: int, j: int, moved: Array) -> tuple[Array, Array]:
        """Both correlations in each resample, given what j has and i has not where the coin shows 1."""
        one, other = self.total[i][:, None] + moved, self.total[j][:, None] - moved
        return self._correlation(one), self._correlation(other)

    def _correlation(self, sums: Array) -> Array:
        """(sums, n_resamples, groups) to the correlation of each resample."""
        if self.level == "system":
            return row_correlations(sums[0], np.broadcast_to(self.human, sums[0].shape), "pearson")
        mean, square, product = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = square - mean**2 / self.n
        spread = np.where(spread > _ALIVE * square, spread, 0.0)
        if self.level == "partial":
            return _ratio(product.sum(axis=1), spread.sum(axis=1) * self.square.sum())
        each = _ratio(product, spread * self.square)
        defined = ~np.isnan(each)
        return _divided(np.where(defined, each, 0.0).sum(axis=1), defined.sum(axis=1))


def coins(rng: np.random.Generator, n_resamples: int, shape: tuple[int, ...]) -> Array:
    """One bit a text, 0.0 or 1.0."""
    n = n_resamples * shape[0] * shape[1]
    bits = np.unpackbits(np.frombuffer(rng.bytes((n + 7) // 8), dtype=np.uint8), count=n)
    return bits.reshape(n_resamples, *shape).astype(np.float64)


def _ratio(up: Array, down: Array) -> Array:
    return np.asarray(np.divide(up, np.sqrt(down), out=np.full(np.shape(up), np.nan), where=down > 0))


def _divided(up: Array, down: npt.NDArray[np.int64]) -> Array:
    return np.asarray(np.divide(up, down, out=np.full(np.shape(up), np.nan), where=down > 0))
