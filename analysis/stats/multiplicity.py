"""Many tests at once: how large must each p be counted, so that the family stays honest.

NaN means "no test was possible" and is not part of the family: it stays NaN and does not count.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def holm(p: npt.ArrayLike) -> Array:
    """Holm's adjusted p-values: reject those <= 0.05 and the chance of even one false alarm is at most 5%.

    Args:
        p: p-values of any shape, NaN where there was no test.

    Raises:
        ValueError: a p-value outside 0..1.

    Reference: Holm (1979) Scandinavian Journal of Statistics 6.
    """
    values, order = _ordered(p)
    m = len(order)
    stepped = np.maximum.accumulate(values.ravel()[order] * np.arange(m, 0, -1))
    return _placed(values, order, stepped)


def benjamini_hochberg(p: npt.ArrayLike) -> Array:
    """Benjamini-Hochberg adjusted p-values: of those <= 0.05, at most 5% are expected to be false alarms.

    For independent or positively dependent tests. Same arguments and errors as `holm`.

    Reference: Benjamini & Hochberg (1995) JRSS B 57.
    """
    values, order = _ordered(p)
    m = len(order)
    scaled = values.ravel()[order] * m / np.arange(1, m + 1)
    return _placed(values, order, np.minimum.accumulate(scaled[::-1])[::-1])


def benjamini_yekutieli(p: npt.ArrayLike) -> Array:
    """Benjamini-Yekutieli adjusted p-values: Benjamini and Hochberg's for tests that depend on each other in any way.

    Larger by 1 + 1/2 + ... + 1/m: the price of assuming nothing. Same arguments and errors as `holm`.

    Reference: Benjamini & Yekutieli (2001) Annals of Statistics 29.
    """
    values, order = _ordered(p)
    m = len(order)
    ranks = np.arange(1, m + 1)
    scaled = values.ravel()[order] * m * np.sum(1 / ranks) / ranks
    return _placed(values, order, np.minimum.accumulate(scaled[::-1])[::-1])


def _ordered(p: npt.ArrayLike) -> tuple[Array, npt.NDArray[np.intp]]:
    """The values, and the flat positions of those that are tests, smallest first."""
    values = np.asarray(p, dtype=np.float64)
    tests = np.flatnonzero(~np.isnan(values))
    kept = values.ravel()[tests]
    if kept.size and (kept.min() < 0 or kept.max() > 1):
        raise ValueError(f"p-values lie between 0 and 1, got {kept.min()} to {kept.max()}")
    return values, tests[np.argsort(kept, kind="stable")]


def _placed(values: Array, order: npt.NDArray[np.intp], adjusted: Array) -> Array:
    answer = np.full(values.size, np.nan)
    answer[order] = np.minimum(adjusted, 1)
    return answer.reshape(values.shape)
