"""The sign-flip test without drawing: how the sum of differences is distributed when each may have either sign.

Means of whole marks differ by whole multiples of a fraction (thirds, with three annotators a case). The sum over cases
then lives on a grid, and its distribution over all 2 ** n patterns of signs is built up one case after another: exact,
and quicker than drawing ten thousand patterns.

Reference: Pagano & Tritchler (1983) JASA 78, who take the same road by Fourier transform.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FINEST = 60
"""The finest fraction looked for, 1/60: it holds all means of up to six marks."""
MOST_STEPS = 5_000_000
"""Cases times points of the grid; beyond it drawing is quicker."""


def exact_flips(d: Array) -> float | None:
    """Two-sided p of the sum of d over all patterns of signs, or None where d is on no grid that is worth it.

    Args:
        d: shape (n,), differences, none of them 0.
    """
    steps = _whole(d)
    if steps is None:
        return None
    size = np.abs(steps)
    total, observed = int(size.sum()), abs(int(steps.sum()))
    if (total + 1) * len(size) > MOST_STEPS:
        return None
    chance = np.zeros(total + 1)  # that those flipped to plus add up to so many steps
    chance[0], reach = 1.0, 0
    for step in size:
        reach += int(step)
        chance[step : reach + 1] += chance[
            : reach + 1 - step
        ]  # the right side is read before the left is written
        chance[: reach + 1] /= 2
    sums = 2 * np.arange(total + 1) - total
    # Where the chance of one pattern is less than floats can hold, the smallest float stands for it: p is never 0.
    return float(np.clip(chance[np.abs(sums) >= observed].sum(), np.nextafter(0, 1), 1.0))


def _whole(d: Array) -> npt.NDArray[np.int64] | None:
    """The differences in steps of the coarsest grid that holds them all."""
    for parts in range(1, FINEST + 1):
        steps = np.rint(d * parts)
        if (np.abs(d * parts - steps) <= 1e-9 * parts).all():
            return steps.astype(np.int64)
    return None
