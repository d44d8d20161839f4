"""What a statistic answers, as the Number of a report."""

from analysis.report.findings.number import Number
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined

NO_INTERVAL_OF_P = Undefined("a p-value has no interval")


def as_number(
    n: int, counted: str, method: str, value: Maybe, interval: MaybeInterval, *, seed: int | None = None
) -> Number:
    """A Number with its interval, or with the words that say why there is none."""
    if isinstance(value, Undefined):
        return Number(None, n, counted, method, undefined=value.reason)
    if isinstance(interval, Undefined):
        return Number(value, n, counted, method, no_interval=interval.reason, seed=seed)
    return Number(value, n, counted, method, interval=interval, seed=seed)


def defined(value: Maybe) -> float | None:
    """The value, or None where there is none."""
    return None if isinstance(value, Undefined) else value
