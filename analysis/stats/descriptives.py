"""What was given: means, spread, histogram and top box of each system, per rating and per case.

Two units, always named. Per rating every judgment counts once, as published tables often do; its interval
treats ratings as independent, which they are not. Per case the annotators of a case are averaged first; its
interval is the one to show.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.ratings import RatingTable


@dataclass(frozen=True)
class Spread:
    """Centre and spread of one kind of unit."""

    unit: Literal["rating", "case mean"]
    n: int
    mean: Maybe
    median: Maybe
    sd: Maybe
    """ddof = 1."""
    interval: MaybeInterval
    """Of the mean: mean -/+ t(n - 1) * sd / sqrt(n)."""


@dataclass(frozen=True)
class Description:
    """One system on one criterion."""

    system: str
    criterion: str
    n_cases: int
    n_ratings: int
    n_missing: int
    """Judgments in which the annotator could not judge."""
    cases: Spread
    ratings: Spread
    histogram: tuple[int, ...]
    """How often each point of the scale was chosen, unused points included."""
    top_box: Maybe
    """Share of ratings at the top point."""
    top_two_box: Maybe
    """Share of ratings at the two top points."""


def describe(table: RatingTable, criterion: str, *, confidence: float = 0.95) -> tuple[Description, ...]:
    """Describe each system on one criterion, in the order of `table.systems`; repeats are left out.

    Raises:
        UnknownLabel: no such criterion.
    """
    sums = table.case_totals(criterion)
    means = table.case_means(criterion).to_numpy()
    exact_means = table.system_means(criterion)
    levels = np.asarray(table.levels, dtype=np.float64)
    answer = []
    for column, system in enumerate(table.systems):
        counts = table.counts(criterion, system)
        histogram = counts.sum(axis=0)
        n_ratings = int(histogram.sum())
        rated = means[:, column]
        rated = rated[~np.isnan(rated)]
        answer.append(
            Description(
                system=system,
                criterion=criterion,
                n_cases=int((sums.n.to_numpy()[:, column] > 0).sum()),
                n_ratings=n_ratings,
                n_missing=table.n_missing(criterion, system),
                cases=_spread("case mean", rated, float(exact_means.iloc[column]), confidence),
                ratings=_spread_of_histogram(levels, histogram, confidence),
                histogram=tuple(int(k) for k in histogram),
                top_box=_share(histogram[-1:], n_ratings),
                top_two_box=_share(histogram[-2:], n_ratings),
            )
        )
    return tuple(answer)


def _share(part: npt.NDArray[np.int64], n: int) -> Maybe:
    return int(part.sum()) / n if n else Undefined("no ratings")


def _spread_of_histogram(
    levels: npt.NDArray[np.float64], histogram: npt.NDArray[np.int64], confidence: float
) -> Spread:
    """Each rating once; sums are of whole numbers and therefore exact."""
    values = np.repeat(levels, histogram)
    mean = float(levels @ histogram / histogram.sum()) if len(values) else np.nan
    return _spread("rating", values, mean, confidence)


def _spread(
    unit: Literal["rating", "case mean"], values: npt.NDArray[np.float64], mean: float, confidence: float
) -> Spread:
    n = len(values)
    if not n:
        nothing = Undefined("no ratings")
        return Spread(unit, 0, nothing, nothing, nothing, nothing)
    median = float(np.median(values))
    if n < 2:
        alone = Undefined(f"one {unit} has no spread")
        return Spread(unit, n, mean, median, alone, alone)
    sd = float(values.std(ddof=1))
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * sd / np.sqrt(n)
    interval = Interval(mean - half, mean + half, confidence, f"t over {unit}s")
    return Spread(unit, n, mean, median, sd, interval)
