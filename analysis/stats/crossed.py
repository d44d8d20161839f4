"""Resampling cases and systems at once: would other cases, and other systems, have shown the same?

A resample draws as many cases and as many systems as there are, each with replacement and independently, and a
text weighs as often as its case times as often as its system was drawn (the "both" of Deutsch, Dror & Roth 2021,
TACL 9; Owen 2007, Annals of Applied Statistics 1, on why two crossed factors are drawn apart). The same resamples
serve every metric and criterion, so that differences between metrics can be read off them as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.stats.bootstrap import MAX_DEGENERATE
from analysis.stats.estimates import Interval, MaybeInterval, Undefined

Array = npt.NDArray[np.float64]

_BATCH_CELLS = 1 << 21
LEAST_SYSTEMS = 3
"""With fewer, half of the draws hold one system alone: then cases are drawn and systems are held fixed."""


@dataclass(frozen=True, eq=False)
class Draws:
    """How often each case and each system was drawn, a row a resample."""

    cases: npt.NDArray[Any]
    """(n_resamples, n_cases), in few bytes: a million cases drawn 500 times are half a gigabyte."""
    systems: Array
    """(n_resamples, n_systems); ones where systems are held fixed."""
    unit: str
    """What was drawn, in words."""

    def __len__(self) -> int:
        return len(self.cases)

    def after_everything(self) -> "Draws":
        """The same behind one more row: the data as they are."""
        cases, systems = (
            np.vstack([np.ones((1, drawn.shape[1]), dtype=drawn.dtype), drawn])
            for drawn in (self.cases, self.systems)
        )
        return Draws(cases, systems, self.unit)

    def batches(self, cells: int) -> Iterator["Draws"]:
        """Runs of resamples with at most that many (case, system) cells together, as floats to reckon with."""
        step = max(1, cells // (self.cases.shape[1] * self.systems.shape[1]))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            yield Draws(self.cases[part].astype(np.float64), self.systems[part], self.unit)


def draw(n_cases: int, n_systems: int, *, rng: np.random.Generator, n_resamples: int) -> Draws:
    """Draw cases, and systems where there are enough of them.

    Raises:
        ValueError: fewer than 100 resamples.
    """
    if n_resamples < 100:
        raise ValueError(f"an interval needs 100 resamples or more, got {n_resamples}")
    cases = _counted(n_cases, rng, n_resamples)
    if n_systems < LEAST_SYSTEMS:
        return Draws(cases, np.ones((n_resamples, n_systems)), "cases, systems fixed")
    systems = _counted(n_systems, rng, n_resamples).astype(np.float64)
    return Draws(cases, systems, "cases and systems")


def everything(n_cases: int, n_systems: int) -> Draws:
    """The data as they are: one "resample" in which each case and system was drawn once."""
    return Draws(np.ones((1, n_cases)), np.ones((1, n_systems)), "nothing")


def intervals(drawn: Array, *, confidence: float, unit: str) -> list[MaybeInterval]:
    """Percentile interval of each row of drawn values, (n_rows, n_resamples), NaN where undefined."""
    n_rows, n_resamples = drawn.shape
    ascending = np.sort(np.where(np.isfinite(drawn), drawn, np.inf), axis=1)
    kept = np.isfinite(drawn).sum(axis=1)
    tail = (1 - confidence) / 2
    low, high = (_quantiles(ascending, kept, q) for q in (tail, 1 - tail))
    most = np.take_along_axis(ascending, np.maximum(kept - 1, 0)[:, None], axis=1)[:, 0]
    answer: list[MaybeInterval] = []
    words = f"percentile bootstrap over {unit}, {n_resamples:,} resamples"
    for row in range(n_rows):
        n_degenerate = n_resamples - int(kept[row])
        if n_degenerate > MAX_DEGENERATE * n_resamples:
            answer.append(
                Undefined(f"{n_degenerate:,} of {n_resamples:,} resamples of {unit} were undefined")
            )
        elif most[row] - ascending[row, 0] <= 1e-12 * max(abs(most[row]), abs(ascending[row, 0])):
            answer.append(
                Undefined(f"every resample of {unit} gave the same value, which says nothing of the error")
            )
        else:
            answer.append(
                Interval(float(low[row]), float(high[row]), confidence, words, n_resamples, n_degenerate)
            )
    return answer


def _counted(n: int, rng: np.random.Generator, n_resamples: int) -> npt.NDArray[Any]:
    # One of a thousand units or more is never drawn 256 times: a count of 10 is rare.
    counted = np.empty((n_resamples, n), dtype=np.uint8 if n > 1_000 else np.uint16)
    step = max(1, _BATCH_CELLS // n)
    for start in range(0, n_resamples, step):
        rows = min(step, n_resamples - start)
        draws = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        counted[start : start + rows] = np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n)
    return counted


def _quantiles(ascending: Array, kept: npt.NDArray[np.intp], q: float) -> Array:
    """Linear interpolation between the kept values of each row, as numpy's default."""
    place = q * np.maximum(kept - 1, 0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(kept - 1, 0))
    a, b = (np.take_along_axis(ascending, at[:, None], axis=1)[:, 0] for at in (below, above))
    with np.errstate(invalid="ignore"):
        return np.asarray(a + (b - a) * (place - below))
