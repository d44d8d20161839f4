"""Does a metric agree with people? Correlation of scores with mean ratings, at three levels.

"none": every (case, system) is a point.
"case": within each case over the systems, then the mean over cases: can it tell the texts of a case apart?
"system": over system means: can it order the systems?
They may differ in sign (Simpson's paradox), so the level is part of the number.

Ratings enter as exact integer sums, so equal means tie exactly; scores are never rounded to a fixed place.
Averaging floats instead gives .511 or .539 for a Kendall of .523, depending on the order of summation.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, stats

from analysis.stats.bootstrap import Statistic, bootstrap
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined
from analysis.stats.ratings import CaseTotals

Array = npt.NDArray[np.float64]
Level = Literal["none", "case", "system"]
Coefficient = Literal["pearson", "spearman", "kendall"]

LEVELS: tuple[Level, ...] = ("none", "case", "system")
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman", "kendall")
MAX_KENDALL_POINTS = 10_000
"""Above this the interval of Kendall over all points is not drawn: it looks at every pair of points."""
_BATCH_CELLS = 1 << 21


class NothingShared(ValueError):
    """Scores and ratings have no case or no system in common; probably they are named differently."""


@dataclass(frozen=True)
class Correlation:
    """A correlation between a metric and a criterion with all that was left out."""

    value: Maybe
    level: Level
    coefficient: Coefficient
    """"kendall" is tau-b."""
    interval: MaybeInterval
    """Cases resampled, systems held fixed: it speaks of these systems on other cases."""
    p: Maybe
    """Two-sided, at level "system" alone, where systems are the sample."""
    n: int
    """Points the number rests on: cells, cases averaged, or systems."""
    n_cases: int
    n_systems: int
    n_cells: int
    """(case, system) cells with both a score and a rating."""
    n_missing: int
    """Cells with only one of the two; left out pairwise."""
    n_undefined: int
    """Cases left out of the mean at level "case" because scores or ratings do not vary within them."""


@dataclass(frozen=True, eq=False)
class _Cells:
    """Scores and ratings of the same cells; arrays are (n_cases, n_systems) unless said."""

    score: Array
    """0 where the cell is not held."""
    rating: Array
    """Mean rating, one division of integers; 0 where the cell is not held."""
    numerator: Array
    """Rating times `common`, a whole number."""
    common: int
    held: npt.NDArray[np.bool_]
    n_missing: int


def correlate(
    scores: pd.DataFrame,
    ratings: CaseTotals,
    *,
    level: Level,
    coefficient: Coefficient,
    rng: np.random.Generator | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
) -> Correlation:
    """Correlate a metric with mean ratings.

    Args:
        scores: cases (index) by systems (columns), as `RatingTable.case_means`; NaN where the metric gave
            none.
        ratings: `RatingTable.case_totals`. Cases and systems found in one of the two alone are left out.
        rng: draws the interval; without it there is none.

    Returns:
        value is Undefined in words where one side does not vary or fewer than two points are left.

    Raises:
        NothingShared: no case or no system in common.
        ValueError: unknown level or coefficient, infinite scores, a case twice in the index.
    """
    if level not in LEVELS:
        raise ValueError(f'level is one of {", ".join(LEVELS)}, got "{level}"')
    if coefficient not in COEFFICIENTS:
        raise ValueError(f'coefficient is one of {", ".join(COEFFICIENTS)}, got "{coefficient}"')
    cells = _cells(scores, ratings)
    value, n, n_undefined = _point(cells, level, coefficient)
    interval: MaybeInterval
    if isinstance(value, Undefined):
        interval = value
    elif rng is None:
        interval = Undefined("no interval was asked for")
    elif level == "none" and coefficient == "kendall" and cells.held.sum() > MAX_KENDALL_POINTS:
        interval = Undefined(
            f"not drawn for Kendall over more than {MAX_KENDALL_POINTS:,} points; Spearman has one"
        )
    else:
        statistic, width = _statistic(cells, level, coefficient)
        interval = bootstrap(
            statistic,
            np.ones(len(cells.held), dtype=np.int64),
            rng=rng,
            n_resamples=n_resamples,
            confidence=confidence,
            method="percentile",
            unit="cases, systems fixed",
            width=width,
        )
    return Correlation(
        value=value,
        level=level,
        coefficient=coefficient,
        interval=interval,
        p=_p(cells, level, coefficient, value),
        n=n,
        n_cases=int(cells.held.any(axis=1).sum()),
        n_systems=int(cells.held.any(axis=0).sum()),
        n_cells=int(cells.held.sum()),
        n_missing=cells.n_missing,
        n_undefined=n_undefined,
    )


def row_correlations(x: npt.ArrayLike, y: npt.ArrayLike, coefficient: Coefficient) -> Array:
    """Correlation of each row of x with the same row of y, shape (n_rows,); NaN where undefined.

    Args:
        x, y: shape (n_rows, n_columns); NaN cells are left out pairwise. A row in which one side does not
            vary, or with fewer than two cells, has no correlation.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n_rows, n_columns = x.shape
    held = ~(np.isnan(x) | np.isnan(y))
    x, y = np.where(held, x, 0.0), np.where(held, y, 0.0)
    answer = np.full(n_rows, np.nan)
    step = max(1, _BATCH_CELLS // max(1, n_columns if coefficient == "pearson" else n_columns**2))
    for start in range(0, n_rows, step):
        part = slice(start, start + step)
        answer[part] = _ROWWISE[coefficient](x[part], y[part], held[part])
    alive = _varies(x, held) & _varies(y, held)
    return np.where(alive, answer, np.nan)


def _varies(x: Array, held: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Rows with two different values; asked exactly, not of a variance."""
    high = np.where(held, x, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(held, x, np.inf).min(axis=1, initial=np.inf)
    return np.asarray(high > low)


def _row_pearson(x: Array, y: Array, held: npt.NDArray[np.bool_]) -> Array:
    a, b = _standardised(x, held), _standardised(y, held)
    return np.asarray(np.clip((a * b).sum(axis=1), -1, 1))


def _standardised(x: Array, held: npt.NDArray[np.bool_]) -> Array:
    """Centred rows of length 1, constant rows 0; scaled before squaring, so 1e-200 does not underflow."""
    n = np.maximum(held.sum(axis=1, keepdims=True), 1)
    centred = np.where(held, x - x.sum(axis=1, keepdims=True) / n, 0.0)
    size = np.abs(centred).max(axis=1, keepdims=True, initial=0.0)
    centred = np.divide(centred, size, out=np.zeros_like(centred), where=size > 0)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(centred, length, out=np.zeros_like(centred), where=length > 0))


def _row_spearman(x: Array, y: Array, held: npt.NDArray[np.bool_]) -> Array:
    return _row_pearson(_ranks(x, held), _ranks(y, held), held)


def _ranks(x: Array, held: npt.NDArray[np.bool_]) -> Array:
    """Midranks within each row less a constant, 0 where not held."""
    signs = _signs(x, held)  # (rows, columns, columns)
    return np.where(held, signs.sum(axis=2) / 2, 0.0)


def _row_kendall(x: Array, y: Array, held: npt.NDArray[np.bool_]) -> Array:
    a, b = _signs(x, held), _signs(y, held)
    concordance = (a * b).sum(axis=(1, 2))
    untied = np.abs(a).sum(axis=(1, 2)) * np.abs(b).sum(axis=(1, 2))
    return np.asarray(np.divide(concordance, np.sqrt(untied), out=np.zeros(len(x)), where=untied > 0))


def _signs(x: Array, held: npt.NDArray[np.bool_]) -> Array:
    """Sign of x_i - x_j for each pair of held cells of a row, by comparison: a difference could underflow."""
    greater = x[:, :, None] > x[:, None, :]
    both = held[:, :, None] & held[:, None, :]
    return np.asarray((greater & both).astype(np.float64) - (greater.transpose(0, 2, 1) & both))


_ROWWISE = {"pearson": _row_pearson, "spearman": _row_spearman, "kendall": _row_kendall}


def _cells(scores: pd.DataFrame, ratings: CaseTotals) -> _Cells:
    """Cells of the cases and systems that both sides name."""
    scores = scores.rename(index=str, columns=str)
    if scores.index.has_duplicates or scores.columns.has_duplicates:
        raise ValueError("scores name a case or a system twice; give one score a case and system")
    cases = ratings.n.index.intersection(scores.index)
    systems = ratings.n.columns.intersection(scores.columns)
    if not len(cases) or not len(systems):
        kind, a, b = ("cases", ratings.n.index, scores.index)
        if len(cases):
            kind, a, b = ("systems", ratings.n.columns, scores.columns)
        raise NothingShared(
            f"ratings and scores share no {kind}: ratings have {list(a[:3])}, scores have {list(b[:3])}; "
            "name them alike in both"
        )
    score = scores.loc[cases, systems].to_numpy(dtype=np.float64)
    if np.isinf(score).any():
        raise ValueError(f"{int(np.isinf(score).sum())} scores are infinite; a metric gives a number or NaN")
    total = ratings.totals.loc[cases, systems].to_numpy()
    n = ratings.n.loc[cases, systems].to_numpy()
    scored, rated = ~np.isnan(score), n > 0
    held = scored & rated
    common = math.lcm(*(int(k) for k in np.unique(n[held]))) if held.any() else 1
    size = np.maximum(n, 1)
    return _Cells(
        score=np.where(held, score, 0.0),
        rating=np.where(held, total / size, 0.0),
        numerator=np.where(held, total.astype(np.float64) * (common / size), 0.0),
        common=common,
        held=held,
        n_missing=int((scored ^ rated).sum()),
    )


def _point(cells: _Cells, level: Level, coefficient: Coefficient) -> tuple[Maybe, int, int]:
    """The correlation, the points it rests on, and the cases without one."""
    if level == "case":
        by_case = _by_case(cells, coefficient)
        defined = ~np.isnan(by_case)
        n = int(defined.sum())
        undefined = int(cells.held.any(axis=1).sum()) - n
        if not n:
            return Undefined("in no case do both scores and ratings vary over the systems"), 0, undefined
        return float(by_case[defined].mean()), n, undefined
    x, y = _all_points(cells) if level == "none" else _system_means(cells)
    return _coefficient(x, y, coefficient), len(x), 0


def _coefficient(x: Array, y: Array, coefficient: Coefficient) -> Maybe:
    if len(x) < 2:
        return Undefined(f"{len(x)} points are too few for a correlation")
    for name, side in (("score", x), ("mean rating", y)):
        if side.min() == side.max():
            return Undefined(f"every {name} is {side[0]:g}")
    if coefficient == "pearson":
        return float(row_correlations(x[None], y[None], "pearson")[0])
    if coefficient == "spearman":
        ranks = stats.rankdata(x), stats.rankdata(y)
        return float(row_correlations(ranks[0][None], ranks[1][None], "pearson")[0])
    # Dense ranks: scipy's tau compares values, and whole numbers cannot be misread.
    codes = [np.unique(side, return_inverse=True)[1] for side in (x, y)]
    return float(stats.kendalltau(*codes).statistic)


def _p(cells: _Cells, level: Level, coefficient: Coefficient, value: Maybe) -> Maybe:
    if level != "system":
        return Undefined(
            "cells of one case, or of one system, are not independent of each other; see the interval"
        )
    if isinstance(value, Undefined):
        return value
    x, y = _system_means(cells)
    if len(x) < 3:
        return Undefined("two systems always correlate fully")
    if coefficient == "kendall":
        codes = [np.unique(side, return_inverse=True)[1] for side in (x, y)]
        return float(stats.kendalltau(*codes).pvalue)
    return float((stats.pearsonr if coefficient == "pearson" else stats.spearmanr)(x, y).pvalue)


def _all_points(cells: _Cells) -> tuple[Array, Array]:
    return cells.score[cells.held], cells.rating[cells.held]


def _by_case(cells: _Cells, coefficient: Coefficient) -> Array:
    return row_correlations(np.where(cells.held, cells.score, np.nan), cells.rating, coefficient)


def _system_means(cells: _Cells) -> tuple[Array, Array]:
    """Mean score and mean rating of each system over its held cells; systems without any are left out."""
    score, rating = _drawn_means(cells, np.ones((1, len(cells.held))))
    rated = cells.held.any(axis=0)
    return score[0, rated], rating[0, rated]


def _drawn_means(cells: _Cells, w: Array) -> tuple[Array, Array]:
    """Mean scores and ratings of the systems, both (n_resamples, n_systems); NaN where no cell was drawn."""
    n = w @ cells.held.astype(np.float64)
    sums = [w @ side for side in (cells.score, np.abs(cells.score), cells.numerator)]
    score, size, rating = (np.divide(side, n, out=np.full(n.shape, np.nan), where=n > 0) for side in sums)
    # Sums of whole numbers are exact in any order; two divisions keep equal ratings equal.
    return _tied(score, 1e-13 * size), rating / cells.common


def _tied(means: Array, noise: Array) -> Array:
    """Means that differ by no more than the rounding noise of their own summation, made equal; per row.

    The noise is relative to each system's own scores, so tiny systems beside large ones stay apart.
    """
    order = np.argsort(means, axis=1)
    ascending, slack = np.take_along_axis(means, order, axis=1), np.take_along_axis(noise, order, axis=1)
    apart = np.ones(means.shape, dtype=bool)
    apart[:, 1:] = ~(np.diff(ascending, axis=1) <= slack[:, 1:] + slack[:, :-1])
    first = np.maximum.accumulate(np.where(apart, np.arange(means.shape[1]), 0), axis=1)
    answer = np.empty_like(means)
    np.put_along_axis(answer, order, np.take_along_axis(ascending, first, axis=1), axis=1)
    return answer


def _statistic(cells: _Cells, level: Level, coefficient: Coefficient) -> tuple[Statistic, int]:
    """The correlation as a function of how often each case was drawn, and how wide its work is a case."""
    n_systems = cells.held.shape[1]
    if level == "case":
        by_case = _by_case(cells, coefficient)
        defined = ~np.isnan(by_case)
        filled = np.where(defined, by_case, 0.0)

        def mean_of_cases(w: Array) -> Array:
            n = w @ defined.astype(np.float64)
            return np.asarray(np.divide(w @ filled, n, out=np.full(len(w), np.nan), where=n > 0))

        return mean_of_cases, 1
    if level == "system":

        def over_systems(w: Array) -> Array:
            return row_correlations(*_drawn_means(cells, w), coefficient)

        return over_systems, 1
    if coefficient == "kendall":
        return _weighted_kendall(cells), 1
    return _weighted_moments(cells, ranked=coefficient == "spearman"), 4 * n_systems


def _weighted_moments(cells: _Cells, *, ranked: bool) -> Statistic:
    """Pearson over all points, each weighing as often as its case was drawn; of midranks where ranked."""
    case = np.nonzero(cells.held)[0]
    x, y = _all_points(cells)
    coders = [_Midranks(side, case, len(cells.held)) for side in (x, y)] if ranked else []
    fixed = [_standardised(side[None], np.ones((1, len(side)), dtype=bool))[0] for side in (x, y)]

    def pearson(w: Array) -> Array:
        a, b = [coder.ranks(w) for coder in coders] if ranked else fixed
        weight = w[:, case]  # (n_resamples, n_points)
        n = weight.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            a = a - (weight * a).sum(axis=1, keepdims=True) / n
            b = b - (weight * b).sum(axis=1, keepdims=True) / n
            spread = (weight * a * a).sum(axis=1) * (weight * b * b).sum(axis=1)
            value = (weight * a * b).sum(axis=1) / np.sqrt(spread)
        floor = 1e-20 if not ranked else 1e-9
        return np.where(spread > floor * (n[:, 0] / len(case)) ** 2, np.clip(value, -1, 1), np.nan)

    return pearson


class _Midranks:
    """Midranks of all points in a resample of cases, from how often each distinct value was drawn."""

    def __init__(self, side: Array, case: npt.NDArray[np.intp], n_cases: int) -> None:
        values, self.code = np.unique(side, return_inverse=True)
        ones = np.ones(len(side))
        self.table = sparse.csr_array((ones, (case, self.code)), shape=(n_cases, len(values)))

    def ranks(self, w: Array) -> Array:
        drawn = w @ self.table  # (n_resamples, n_values)
        return np.asarray(
            (np.cumsum(drawn, axis=1) - drawn / 2)[:, self.code] / drawn.sum(axis=1, keepdims=True)
        )


def _weighted_kendall(cells: _Cells) -> Statistic:
    """Tau-b over all points as a ratio of quadratic forms in how often each case was drawn."""
    case = np.nonzero(cells.held)[0]
    x, y = (np.unique(side, return_inverse=True)[1] for side in _all_points(cells))
    n_cases, n = len(cells.held), len(case)
    concordant, untied_x, untied_y = (np.zeros((n_cases, n_cases)) for _ in range(3))
    starts = np.flatnonzero(np.r_[True, np.diff(case) > 0])
    columns = case[starts]
    step = max(1, _BATCH_CELLS // n)
    for start in range(0, n, step):
        part = slice(start, start + step)
        a, b = np.sign(x[part, None] - x), np.sign(y[part, None] - y)
        for target, block in ((concordant, a * b), (untied_x, np.abs(a)), (untied_y, np.abs(b))):
            folded = np.add.reduceat(block, starts, axis=1).astype(np.float64)
            np.add.at(target, (case[part, None], columns[None]), folded)

    def tau(w: Array) -> Array:
        up, across, down = (((w @ table) * w).sum(axis=1) for table in (concordant, untied_x, untied_y))
        return np.asarray(
            np.divide(up, np.sqrt(across * down), out=np.full(len(w), np.nan), where=across * down > 0)
        )

    return tau
