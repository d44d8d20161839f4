"""Does a metric agree with people? Correlation of scores with mean ratings, at four levels.

"none": every (case, system) is a point.
"partial": the same with what systems have in common taken off: among texts of one system, do they go together?
"case": within each case over the systems, then the mean over cases: can it tell the texts of a case apart?
"system": over system means: can it order the systems?
They may differ in sign (Simpson's paradox), so the level is part of the number.

Partial correlation takes each system's mean off scores and ratings; of Spearman's rho off their ranks, which is not
the rho of residuals. Kendall's tau-b, which has no residuals, compares pairs of texts of the same system.

Averaging floats instead of exact sums gives .511 or .539 for a Kendall of .523, depending on the order of summation.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from analysis.stats import kendall
from analysis.stats.cells import Cells, blocks, rating_means, score_means
from analysis.stats.crossed import Draws, draw, everything, intervals
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined
from analysis.stats.ratings import CaseTotals
from analysis.stats.redrawn import Level, correlations
from analysis.stats.rowwise import Coefficient, varies

Array = npt.NDArray[np.float64]

LEVELS: tuple[Level, ...] = ("none", "case", "partial", "system")
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman", "kendall")
_NOWHERE = {
    "none": "scores or ratings hardly vary",
    "partial": "within no system do both scores and ratings vary",
    "case": "in no case do both scores and ratings vary over the systems",
    "system": "the systems' means hardly vary",
}
_NO_P = Undefined("cells of one case, or of one system, are not independent of each other; see the interval")


@dataclass(frozen=True)
class Correlation:
    """A correlation between a metric and a criterion with all that was left out."""

    value: Maybe
    level: Level
    coefficient: Coefficient
    """"kendall" is tau-b."""
    interval: MaybeInterval
    """Cases and systems resampled: it speaks of other cases and other systems like these."""
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
    """Correlate one metric with the mean ratings of one criterion; see `correlate_all`."""
    found = correlate_all(
        {"scores": scores},
        {"ratings": ratings},
        levels=(level,),
        coefficients=(coefficient,),
        rng=rng,
        n_resamples=n_resamples,
        confidence=confidence,
    )
    return found["scores", "ratings", level, coefficient]


def correlate_all(
    scores: Mapping[str, pd.DataFrame],
    ratings: Mapping[str, CaseTotals],
    *,
    levels: Collection[Level] = LEVELS,
    coefficients: Collection[Coefficient] = COEFFICIENTS,
    rng: np.random.Generator | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    with_p: bool = True,
) -> dict[tuple[str, str, Level, Coefficient], Correlation]:
    """Correlate every metric with the mean ratings of every criterion.

    Args:
        scores: of each metric, cases (index) by systems (columns), as `RatingTable.case_means`, all of the same
            cases and systems; NaN where the metric gave none.
        ratings: of each criterion, `RatingTable.case_totals`. Cases and systems found in one of the two alone are
            left out.
        rng: draws the intervals, the same resamples for all; without it there are none.
        with_p: whether p at level "system" is wanted.

    Returns:
        values are Undefined in words where one side does not vary or fewer than two points are left.

    Raises:
        NothingShared: no case or no system in common.
        ValueError: unknown level or coefficient, infinite scores, a case twice in the index.
    """
    for level in levels:
        if level not in LEVELS:
            raise ValueError(f'level is one of {", ".join(LEVELS)}, got "{level}"')
    for coefficient in coefficients:
        if coefficient not in COEFFICIENTS:
            raise ValueError(f'coefficient is one of {", ".join(COEFFICIENTS)}, got "{coefficient}"')
    wanted = [(level, coefficient) for level in levels for coefficient in coefficients]
    found: dict[tuple[str, str, Level, Coefficient], Correlation] = {}
    draws = None
    for cells in blocks(scores, ratings):
        if rng is not None and draws is None:
            draws = draw(*cells.held.shape, rng=rng, n_resamples=n_resamples)
        found |= _of_block(cells, wanted, draws, confidence, with_p=with_p)
    return {
        (metric, criterion, level, coefficient): found[metric, criterion, level, coefficient]
        for metric in scores
        for criterion in ratings
        for level, coefficient in wanted
    }


def _of_block(
    cells: Cells,
    wanted: list[tuple[Level, Coefficient]],
    draws: Draws | None,
    confidence: float,
    *,
    with_p: bool,
) -> dict[tuple[str, str, Level, Coefficient], Correlation]:
    points, counted, resampled = _computed(cells, wanted, draws, confidence)
    reasons = {level: _reasons(cells, level) for level, _ in wanted}
    rated = cells.held.any(axis=0)
    n_points = {"none": int(cells.held.sum()), "system": int(rated.sum())}
    n_points["partial"] = n_points["none"]
    n_cases = int(cells.held.any(axis=1).sum())
    found = {}
    for level, coefficient in wanted:
        key = (level, coefficient)
        p = _p_values(cells, points[key], coefficient) if level == "system" and with_p else None
        no_p = _NO_P if level != "system" else Undefined("no p was asked for")
        for m, metric in enumerate(cells.metrics):
            for c, criterion in enumerate(cells.criteria):
                value = _value(points[key][m, c], reasons[level][m][c], level)
                n = int(counted[key][m, c]) if level == "case" else n_points[level]
                interval: MaybeInterval
                if isinstance(value, Undefined):
                    interval = value
                elif draws is None:
                    interval = Undefined("no interval was asked for")
                elif key not in resampled:
                    interval = Undefined(
                        f"not drawn for Kendall over more than {kendall.MAX_POINTS:,} points; Spearman has one"
                    )
                else:
                    interval = resampled[key][m * len(cells.criteria) + c]
                found[metric, criterion, level, coefficient] = Correlation(
                    value=value,
                    level=level,
                    coefficient=coefficient,
                    interval=interval,
                    p=no_p if p is None else value if isinstance(value, Undefined) else p[m][c],
                    n=n,
                    n_cases=n_cases,
                    n_systems=n_points["system"],
                    n_cells=n_points["none"],
                    n_missing=cells.n_missing,
                    n_undefined=n_cases - n if level == "case" else 0,
                )
    return found


Table = dict[tuple[Level, Coefficient], Array]
"""Of each level and coefficient, (n_metrics, n_criteria)."""


def _computed(
    cells: Cells, wanted: list[tuple[Level, Coefficient]], draws: Draws | None, confidence: float
) -> tuple[Table, Table, dict[tuple[Level, Coefficient], list[MaybeInterval]]]:
    """The numbers, NaN where undefined; at level "case" how many cases had one; and the intervals where drawn.

    The numbers are the row before the resamples, in which everything was drawn once.
    """
    by_pairs = {("none", "kendall"), ("partial", "kendall")}
    if draws is None:
        keys = [key for key in wanted if key not in by_pairs]
        values, counted = correlations(cells, everything(*cells.held.shape), keys)
    else:
        keys = [key for key in wanted if _drawn(cells, *key)]
        values, counted = correlations(cells, draws.after_everything(), keys)
    points = {key: values[key][:, :, 0] for key in keys}
    ends = {}
    if draws is not None:
        flat = {key: values[key][:, :, 1:].reshape(-1, len(draws)) for key in keys}
        ends = {key: intervals(drawn, confidence=confidence, unit=draws.unit) for key, drawn in flat.items()}
    if ("none", "kendall") in wanted and ("none", "kendall") not in points:
        x, y = cells.score[:, cells.held], cells.rating[:, cells.held]
        points["none", "kendall"] = np.array(
            [[kendall.tau(a, b) if _vary(a) and _vary(b) else np.nan for b in y] for a in x]
        )
    if ("partial", "kendall") in wanted and ("partial", "kendall") not in points:
        points["partial", "kendall"] = kendall.within_systems(cells)
    return points, {key: n[:, :, 0] for key, n in counted.items()}, ends


def _drawn(cells: Cells, level: Level, coefficient: Coefficient) -> bool:
    by_pairs = coefficient == "kendall" and level in ("none", "partial")
    return not by_pairs or int(cells.held.sum()) <= kendall.MAX_POINTS


def _value(number: float, reason: str, level: Level) -> Maybe:
    if reason or np.isnan(number):
        # Each side may vary somewhere, and yet never both in the same place.
        return Undefined(reason or _NOWHERE[level])
    return float(number)


def _reasons(cells: Cells, level: Level) -> list[list[str]]:
    """Why a metric and a criterion have no correlation, in words; empty where they have one."""
    if level == "case":
        return _either(cells, cells.score, cells.rating, _NOWHERE[level])
    if level == "partial":
        x, y = (np.swapaxes(side, 1, 2) for side in (cells.score, cells.rating))
        return _either(cells, x, y, _NOWHERE[level])
    if level == "none":
        x, y = cells.score[:, cells.held], cells.rating[:, cells.held]
    else:
        x, y = _system_means(cells)
    if x.shape[1] < 2:
        return [[f"{x.shape[1]} points are too few for a correlation"] * len(y) for _ in x]
    flat = ["" if _vary(side) else f"every mean rating is {side[0]:g}" for side in y]
    return [[reason if _vary(side) else f"every score is {side[0]:g}" for reason in flat] for side in x]


def _either(cells: Cells, x: Array, y: Array, reason: str) -> list[list[str]]:
    """Whether both sides vary in any of the rows of (k, rows, columns)."""
    held = cells.held if x.shape[1:] == cells.held.shape else cells.held.T
    one, other = (
        np.asarray(varies(side, np.broadcast_to(held, side.shape)).any(axis=1)).tolist() for side in (x, y)
    )
    return [["" if a and b else reason for b in other] for a in one]


def _vary(values: Array) -> bool:
    return len(values) > 0 and bool(values.min() < values.max())


def _system_means(cells: Cells) -> tuple[Array, Array]:
    """Mean scores and mean ratings of the systems that have any, (n_metrics, n) and (n_criteria, n)."""
    once, rated = np.ones((1, len(cells.held))), cells.held.any(axis=0)
    x = [score_means(side, cells.held, once)[0, rated] for side in cells.score]
    y = [rating_means(side, cells.common, cells.held, once)[0, rated] for side in cells.numerator]
    return np.stack(x), np.stack(y)


def _p_values(cells: Cells, points: Array, coefficient: Coefficient) -> list[list[Maybe]]:
    """Two-sided p at level "system": Student's t with n - 2 degrees, for Kendall exact where nothing ties."""
    x, y = _system_means(cells)
    n = x.shape[1]
    if n < 3:
        return [[Undefined("two systems always correlate fully")] * len(y) for _ in x]
    if coefficient == "kendall":
        ranks = [[np.unique(row, return_inverse=True)[1] for row in side] for side in (x, y)]
        return [[float(stats.kendalltau(a, b).pvalue) for b in ranks[1]] for a in ranks[0]]
    with np.errstate(divide="ignore"):
        t = np.abs(points) * np.sqrt((n - 2) / (1 - points**2))
    return [[float(p) for p in row] for row in 2 * special.stdtr(n - 2, -t)]
