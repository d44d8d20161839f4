"""Scores and ratings of the same (case, system) cells: what metrics and criteria are correlated on.

Ratings enter as exact integer sums, so equal means tie exactly; scores are never rounded to a fixed place.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.stats.ratings import CaseTotals

Array = npt.NDArray[np.float64]
Held = npt.NDArray[np.bool_]

_MOST_PAIRS = 1 << 24
"""Pairs of texts of a case, over the metrics of one block: what is kept of each takes 8 bytes."""


class NothingShared(ValueError):
    """Scores and ratings have no case or no system in common; probably they are named differently."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Metrics and criteria that have a value in the same cells; arrays are (metric or criterion, case, system)."""

    metrics: tuple[str, ...]
    criteria: tuple[str, ...]
    score: Array
    """0 where the cell is not held."""
    rating: Array
    """Mean rating, one division of integers; 0 where the cell is not held."""
    numerator: Array
    """Rating times `common`, a whole number."""
    common: int
    held: Held
    """(case, system) with both a score and a rating."""
    n_missing: int
    """Cells with only one of the two."""


def blocks(scores: Mapping[str, pd.DataFrame], ratings: Mapping[str, CaseTotals]) -> Iterator[Cells]:
    """Every metric with every criterion, those together that have their values in the same cells; of many cases few at
    a time.

    Args:
        scores: cases (index) by systems (columns), all with the same ones; NaN where the metric gave none.
        ratings: of each criterion. Cases and systems found in one of the two alone are left out.

    Raises:
        NothingShared: no case or no system in common.
        ValueError: infinite scores, a case or a system twice, tables of different shape.
    """
    frames = {name: frame.rename(index=str, columns=str) for name, frame in scores.items()}
    first = next(iter(frames.values()))
    if first.index.has_duplicates or first.columns.has_duplicates:
        raise ValueError("scores name a case or a system twice; give one score a case and system")
    totals = next(iter(ratings.values()))
    cases, systems = _shared(first, totals)
    by_scored: dict[bytes, dict[str, Array]] = {}
    for name, frame in frames.items():
        if not (frame.index.equals(first.index) and frame.columns.equals(first.columns)):
            raise ValueError(f"the scores of {name} are of other cases or systems; lay them out alike")
        score = frame.loc[cases, systems].to_numpy(dtype=np.float64)
        if np.isinf(score).any():
            raise ValueError(
                f"{int(np.isinf(score).sum())} scores are infinite; a metric gives a number or NaN"
            )
        by_scored.setdefault((~np.isnan(score)).tobytes(), {})[name] = score
    by_rated: dict[bytes, dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]] = {}
    for name, sums in ratings.items():
        total, n = (frame.loc[cases, systems].to_numpy() for frame in (sums.totals, sums.n))
        by_rated.setdefault(n.tobytes(), {})[name] = total, n
    together = max(1, _MOST_PAIRS // (len(cases) * len(systems) ** 2))
    for scored in by_scored.values():
        names = list(scored)
        for start in range(0, len(names), together):
            some = {name: scored[name] for name in names[start : start + together]}
            for rated in by_rated.values():
                yield _cells(some, rated)


def _cells(
    scored: Mapping[str, Array],
    rated: Mapping[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
) -> Cells:
    score = np.stack(list(scored.values()))
    total = np.stack([total for total, _ in rated.values()])
    n = next(n for _, n in rated.values())
    has_score, has_rating = ~np.isnan(score[0]), n > 0
    held = has_score & has_rating
    common = math.lcm(*(int(k) for k in np.unique(n[held]))) if held.any() else 1
    size = np.maximum(n, 1)
    return Cells(
        metrics=tuple(scored),
        criteria=tuple(rated),
        score=np.where(held, score, 0.0),
        rating=np.where(held, total / size, 0.0),
        numerator=np.where(held, total.astype(np.float64) * (common / size), 0.0),
        common=common,
        held=held,
        n_missing=int((has_score ^ has_rating).sum()),
    )


def _shared(scores: pd.DataFrame, ratings: CaseTotals) -> tuple[pd.Index, pd.Index]:
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
    return cases, systems


def score_means(score: Array, held: Held, drawn: Array) -> Array:
    """A metric's mean of each system, its cases weighing as often as drawn; (n_resamples, n_systems), NaN without any.

    Means that differ by no more than the rounding noise of their own summation are made equal.
    """
    n = drawn @ held.astype(np.float64)
    sums = (drawn @ side for side in (score, np.abs(score)))
    mean, size = (np.divide(side, n, out=np.full(n.shape, np.nan), where=n > 0) for side in sums)
    return _tied(mean, 1e-13 * size)


def rating_means(numerator: Array, common: int, held: Held, drawn: Array) -> Array:
    """As `score_means`; sums of whole numbers are exact in any order, two divisions keep equal ratings equal."""
    n = drawn @ held.astype(np.float64)
    mean = np.divide(drawn @ numerator, n, out=np.full(n.shape, np.nan), where=n > 0)
    return np.asarray(mean / common)


def _tied(means: Array, noise: Array) -> Array:
    """The noise is relative to each system's own scores, so tiny systems beside large ones stay apart."""
    order = np.argsort(means, axis=1)
    ascending, slack = np.take_along_axis(means, order, axis=1), np.take_along_axis(noise, order, axis=1)
    apart = np.ones(means.shape, dtype=bool)
    apart[:, 1:] = ~(np.diff(ascending, axis=1) <= slack[:, 1:] + slack[:, :-1])
    first = np.maximum.accumulate(np.where(apart, np.arange(means.shape[1]), 0), axis=1)
    answer = np.empty_like(means)
    np.put_along_axis(answer, order, np.take_along_axis(ascending, first, axis=1), axis=1)
    return answer
