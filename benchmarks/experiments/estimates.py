"""A figure over worlds: mean and t interval over seeds, and differences paired by seed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean over `n` worlds; without an interval where there is one world alone."""

    mean: float
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{short(self.mean)} (n = {self.n})"
        return f"{short(self.mean)} [{short(self.low)}, {short(self.high)}]"


def over_worlds(values: Sequence[float]) -> Estimate | None:
    """Mean of one value a world, with Student's t interval; None where there is no world.

    The worlds are the sample: cases of one world share a student, so more cases do not narrow it.
    """
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Estimate(mean, None, None, len(values))
    half = (
        stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    )
    return Estimate(mean, float(mean - half), float(mean + half), len(values))


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Estimate | None:
    """First minus second, over the seeds that have both."""
    return over_worlds([first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())])


def slope(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Least squares through one world's points; None for fewer than two different x."""
    if len(set(x)) < 2:
        return None
    return float(np.polyfit(np.asarray(x, dtype=float), np.asarray(y, dtype=float), 1)[0])


def short(value: float) -> str:
    """Three digits behind the point and no zero before it, as the notebook writes shares."""
    text = f"{abs(value):.3f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + text.removeprefix("0")
