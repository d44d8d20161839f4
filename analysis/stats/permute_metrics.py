"""PERM-BOTH: would two metrics differ as much in their correlation with people if their scores were exchangeable?

Both metrics are standardised, and in each resample every text has its two scores swapped or not, by the toss of a
coin. The ratings stay where they are. A p-value is (c + 1) / (B + 1), never 0.

Swapping moves the difference of the two scores of a text from one side to the other, so all sums of a resample are one
product of coins and differences: 1,400 texts and 1,000 resamples take some hundredths of a second, where resampling
score by score takes most of a minute.

Reference: Deutsch, Dror & Roth (2021) TACL 9, 1132-1146; WMT uses it since 2022 (mt-metrics-eval), without the + 1.
"""

from dataclasses import dataclass

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


def perm_both(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    ratings: npt.ArrayLike,
    *,
    level: Level,
    rng: np.random.Generator,
    n_resamples: int = 1000,
) -> PermBoth | Undefined:
    """Compare two metrics by their Pearson correlation with mean ratings.

    Args:
        first, second, ratings: cases by systems; cells where any of the three is NaN are left out.
        level: as in `stats.correlation`.

    Returns:
        Undefined in words where one of the two correlations is. Resamples without a value count against the
        difference, as if they reached it.

    Raises:
        ValueError: fewer than 1 resample, or another level.
    """
    if n_resamples < 1:
        raise ValueError(f"a permutation test needs a resample or more, got {n_resamples}")
    sides = np.stack([np.asarray(side, dtype=np.float64) for side in (first, second, ratings)])
    held = np.asarray(~np.isnan(sides).any(axis=0))
    n = int(held.sum())
    if n < 2:
        return Undefined(f"{n} texts have a rating and both scores")
    x, y, human = (
        standardised(np.where(held, side, 0.0).reshape(1, -1), held.reshape(1, -1)) for side in sides
    )
    shape = held.shape
    swap = _Swaps(x.reshape(shape), y.reshape(shape), human.reshape(shape), held, level)
    [one], [other] = swap.correlations(np.zeros((1, *shape)))
    if np.isnan(one) or np.isnan(other):
        return Undefined("scores or ratings of the texts that have all three do not vary")
    reached = reached_above = 0
    for start in range(0, n_resamples, step := max(1, _BATCH_CELLS // held.size)):
        rows = min(step, n_resamples - start)
        a, b = swap.correlations(coins(rng, rows, shape))
        # Equal but for rounding is reached: where scores tie, many swaps change nothing.
        undefined, slack = np.isnan(a) | np.isnan(b), 1e-12
        reached += int((undefined | (np.abs(a - b) >= abs(one - other) - slack)).sum())
        reached_above += int((undefined | (a - b >= one - other - slack)).sum())
    return PermBoth(
        float(one),
        float(other),
        p=(reached + 1) / (n_resamples + 1),
        p_greater=(reached_above + 1) / (n_resamples + 1),
        n=n,
        n_resamples=n_resamples,
    )


class _Swaps:
    """The sums both correlations are made of, and what each swap adds to one and takes from the other."""

    def __init__(self, x: Array, y: Array, human: Array, held: npt.NDArray[np.bool_], level: Level) -> None:
        self.level, self.held = level, held
        if level == "system":
            n = held.sum(axis=0)
            self.human = _divided(human.sum(axis=0), n)
            self.mean = [_divided(side.sum(axis=0), n) for side in (x, y)]
            self.moved = (y - x) / np.maximum(n, 1)
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
        # What is summed: the scores, their squares, their products with the ratings.
        tables = [np.stack([side, side**2, side * centred]) for side in (x, y)]
        self.total = [table.sum(axis=tuple(axis + 1 for axis in axes)).reshape(3, -1) for table in tables]
        self.moved = tables[1] - tables[0]

    def correlations(self, coins: Array) -> tuple[Array, Array]:
        """Of both metrics after swapping where the coin shows 1, (n_resamples,) each."""
        if self.level == "system":
            moved = np.einsum("bns,ns->bs", coins, self.moved)
            human = np.broadcast_to(self.human, moved.shape)
            one, other = self.mean[0] + moved, self.mean[1] - moved
            return row_correlations(one, human, "pearson"), row_correlations(other, human, "pearson")
        if self.level == "none":
            moved = (self.moved.reshape(3, -1) @ coins.reshape(len(coins), -1).T)[..., None]
        else:
            summed = "bns,ns->bn" if self.level == "case" else "bns,ns->bs"
            moved = np.stack([np.einsum(summed, coins, table) for table in self.moved])
        return self._from(self.total[0], moved), self._from(self.total[1], -moved)

    def _from(self, total: Array, moved: Array) -> Array:
        """(3, groups) and (3, n_resamples, groups) to the correlation of each resample."""
        mean, square, product = total[:, None] + moved
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
