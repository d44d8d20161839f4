"""The noise ceiling: how high could any metric correlate with these ratings, noisy as they are?

The annotators of each card are split in two at random, the means of the halves are correlated over the same points as
metrics are, and the correlation is raised to that of all annotators (Spearman 1910, Brown 1910; Horst 1951 where the
halves are unequal). That is the reliability of the mean rating; a metric that knew the true quality of each text would
correlate with the mean by its square root (Lord & Novick 1968, section 3.9). A metric above the ceiling has learned
something else than quality, or there are few cards. At level "case" the number is a guide: a mean of correlations over
few systems is not a correlation, and made data of five systems give .77 where the truth reaches .73.

Splitting needs no identities: where annotators are slots, any two of the same card will do.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.stats.estimates import Maybe, Undefined
from analysis.stats.ratings import RatingTable
from analysis.stats.redrawn import Level
from analysis.stats.rowwise import Coefficient, row_correlations

Array = npt.NDArray[np.float64]
N_SPLITS = 100
_BATCH_CELLS = 1 << 21
_LEVELS: tuple[Level, ...] = ("none", "case", "partial", "system")
_COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman")
NO_VARIANCES = Undefined("Kendall's tau rests on no variances, by which halves could be raised to the whole")


@dataclass(frozen=True)
class Ceiling:
    """Of one criterion at one level, by one coefficient."""

    halves: Maybe
    """Mean correlation of the two halves over the splits."""
    reliability: Maybe
    """Of the mean of all annotators."""
    ceiling: Maybe
    """Its square root."""
    spread: tuple[float, float] | None
    """The middle 95% of the halves over the splits: what the luck of splitting does, not an interval."""
    n_cards: int
    """Cards with two ratings or more; others cannot be split."""
    n_splits: int


def ceilings(
    table: RatingTable,
    criterion: str,
    *,
    rng: np.random.Generator,
    systems: Collection[str] | None = None,
    n_splits: int = N_SPLITS,
) -> dict[tuple[Level, Coefficient], Ceiling]:
    """The ceilings of a criterion at all levels, Pearson and Spearman by the same splits; Kendall has none.

    Args:
        systems: those that metrics are compared on; all by default.
    """
    halves = _Halves(table, criterion, systems)
    wanted = [(level, coefficient) for level in _LEVELS for coefficient in _COEFFICIENTS]
    drawn: dict[tuple[Level, Coefficient], list[Array]] = {key: [] for key in wanted}
    if halves.n_cards:
        for first, second in halves.split(rng, n_splits):
            for key in wanted:
                drawn[key].append(_correlations(first, second, *key))
    no = Undefined("no card has two ratings, which could be split")
    found: dict[tuple[Level, Coefficient], Ceiling] = {}
    for key, parts in drawn.items():
        if parts:
            found[key] = _raised(np.concatenate(parts), halves.share, halves.n_cards)
        else:
            found[key] = Ceiling(no, no, no, None, 0, n_splits)
    none = Ceiling(NO_VARIANCES, NO_VARIANCES, NO_VARIANCES, None, halves.n_cards, n_splits)
    return found | {(level, "kendall"): none for level in _LEVELS}


def spearman_brown(halves: float, share: float = 0.5) -> float:
    """Reliability of the whole from the correlation of two parts, one of them `share` of it (Horst 1951).

    For halves this is 2r / (1 + r).
    """
    square = halves**2
    root = np.sqrt(square**2 + 4 * square * (1 - square) * share * (1 - share))
    return float(
        2 * square / (root + square)
    )  # the positive root, without a difference of what is nearly equal


class _Halves:
    """The ratings of a criterion, ready to be split at random within each card."""

    def __init__(self, table: RatingTable, criterion: str, systems: Collection[str] | None) -> None:
        kept = [place for place, name in enumerate(table.systems) if systems is None or name in systems]
        rows = table.first_looks(criterion)
        rows = rows[(table.point[rows] >= 0) & np.isin(table.system[rows], kept)]
        column = np.full(len(table.systems), -1)
        column[kept] = np.arange(len(kept))
        self.shape = len(table.cases), len(kept)
        self.cell = table.case[rows] * self.shape[1] + column[table.system[rows]]
        self.value = np.asarray(table.levels, dtype=np.float64)[table.point[rows]]
        size = self.shape[0] * self.shape[1]
        self.n = np.bincount(self.cell, minlength=size)
        self.total = np.bincount(self.cell, weights=self.value, minlength=size)
        self.half = self.n // 2
        self.ready = self.half > 0
        self.n_cards = int(self.ready.sum())
        self.share = float((self.half[self.ready] / self.n[self.ready]).mean()) if self.n_cards else 0.5
        """Of the smaller half."""

    def split(self, rng: np.random.Generator, n_splits: int) -> Iterator[tuple[Array, Array]]:
        """Means of both halves of each card, (splits, n_cases, n_systems) with NaN, some splits at a time."""
        size, ready = len(self.n), self.ready
        by_card = np.sort(self.cell)
        starts = np.r_[0, np.cumsum(self.n)[:-1]]
        early = np.arange(len(by_card)) - starts[by_card] < self.half[by_card]
        step = max(1, _BATCH_CELLS // size)
        for start in range(0, n_splits, step):
            parts = np.full((2, min(step, n_splits - start), size), np.nan)
            for split in range(parts.shape[1]):
                # A shuffle within each card, and its first half.
                chosen = np.argsort(self.cell + rng.random(len(self.cell)))[early]
                one = np.bincount(self.cell[chosen], weights=self.value[chosen], minlength=size)
                parts[0, split, ready] = one[ready] / self.half[ready]
                parts[1, split, ready] = (self.total - one)[ready] / (self.n - self.half)[ready]
            yield parts[0].reshape(-1, *self.shape), parts[1].reshape(-1, *self.shape)


def _correlations(first: Array, second: Array, level: Level, coefficient: Coefficient) -> Array:
    """Of the halves, (n_splits,)."""
    n_splits, n_cases, n_systems = first.shape
    if level == "case":
        by_case = row_correlations(first.reshape(-1, n_systems), second.reshape(-1, n_systems), coefficient)
        by_case = by_case.reshape(n_splits, n_cases)
        count = (~np.isnan(by_case)).sum(axis=1)
        total = np.nansum(by_case, axis=1)
        return np.asarray(np.divide(total, count, out=np.full(n_splits, np.nan), where=count > 0))
    if level == "system":
        held = ~np.isnan(first[0])
        rated = held.any(axis=0)
        means = [np.nansum(side, axis=1)[:, rated] / held.sum(axis=0)[rated] for side in (first, second)]
        # Sums of shares of whole numbers: ties are made equal again.
        one, other = (np.round(side, 12) for side in means)
        return row_correlations(one, other, coefficient)
    flat = [side.reshape(n_splits, -1) for side in (first, second)]
    held = ~np.isnan(flat[0][0])
    flat = [side[:, held] for side in flat]
    if coefficient == "spearman":
        flat = [stats.rankdata(side, axis=1) for side in flat]
    if level == "partial":
        system = np.tile(np.arange(n_systems), n_cases)[held]
        belongs = (system[:, None] == np.arange(n_systems)).astype(np.float64)
        n = np.maximum(belongs.sum(axis=0), 1)
        flat = [side - (side @ belongs / n) @ belongs.T for side in flat]
    return row_correlations(flat[0], flat[1], "pearson")


def _raised(drawn: Array, share: float, n_cards: int) -> Ceiling:
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < len(drawn) / 2:
        no = Undefined("in more than half of the splits the halves do not vary")
        return Ceiling(no, no, no, None, n_cards, len(drawn))
    halves = float(defined.mean())
    low, high = (float(end) for end in np.quantile(defined, [0.025, 0.975]))
    if halves <= 0:
        no = Undefined(
            f"the halves correlate by {halves:.2f}: what annotators share does not show at this level"
        )
        return Ceiling(halves, no, no, (low, high), n_cards, len(drawn))
    reliability = spearman_brown(halves, share)
    return Ceiling(halves, reliability, float(np.sqrt(reliability)), (low, high), n_cards, len(drawn))
