"""What every statistic answers with: a number and its interval, or in words why there is none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """There is no such number for these data. Never shown as 0, 1 or NaN."""

    reason: str
    """A clause a reader understands, e.g. "every rating is 4 (100% agreement)"."""

    def __str__(self) -> str:
        return f"undefined: {self.reason}"


@dataclass(frozen=True)
class Interval:
    """A confidence interval and how it was made."""

    low: float
    high: float
    level: float
    """Confidence, e.g. 0.95."""
    method: str
    """What was assumed or resampled, in words, e.g. "BCa bootstrap over cards, 2000 resamples"."""
    n_resamples: int | None = None
    n_degenerate: int = 0
    """Resamples in which the statistic was undefined; they are left out of the quantiles."""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


Maybe = float | Undefined
MaybeInterval = Interval | Undefined
