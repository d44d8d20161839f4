"""Rank correlations that say what a tie is worth: tau-c, tau-23, and the correlation of differences within cases.

Tau-b divides by pairs that could be ordered on each side, and so looks away from ties. Tau-c divides by what tables of
this shape can reach. Tau-23 counts a pair right when both sides order it alike or both call it tied, wrong otherwise:
twice the pairwise accuracy less 1. Differences within cases are what two systems' texts of the same case differ by.

References: Stuart (1953) Biometrika 40 (tau-c); Deutsch, Foster & Freitag (2023) EMNLP (tau-23, after its number among
their variants); the WMT metrics tasks (pairwise differences).
"""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from analysis.stats.crossed import Draws, everything, intervals
from analysis.stats.estimates import Maybe, MaybeInterval, Undefined
from analysis.stats.kendall import tau

Array = npt.NDArray[np.float64]
Held = npt.NDArray[np.bool_]
_BATCH_CELLS = 1 << 19


def tau_c(x: npt.ArrayLike, y: npt.ArrayLike, *, tau_b: Maybe | None = None) -> Maybe:
    """Stuart's tau-c, -1 to 1, of two vectors of equal length.

    Args:
        tau_b: their tau-b, where it is known: what takes the time is to count the pairs.
    """
    counts = [np.unique(np.asarray(side, dtype=np.float64), return_counts=True)[1] for side in (x, y)]
    least = min(map(len, counts))
    if least < 2:
        return Undefined("one side has a single value")
    known = tau(x, y) if tau_b is None else tau_b
    if isinstance(known, Undefined):
        return known
    n = float(counts[0].sum())
    untied = [(n * n - float((held.astype(np.float64) ** 2).sum())) / 2 for held in counts]
    alike = np.rint(
        known * np.sqrt(untied[0] * untied[1])
    )  # pairs ordered alike less pairs ordered otherwise
    return float(2 * alike * least / (n * n * (least - 1)))


def tau_23(accuracy: float) -> float:
    """Of a pairwise accuracy that counts ties: pairs right less pairs wrong, over all pairs; -1 to 1."""
    return 2 * accuracy - 1


Correlated = tuple[Maybe, MaybeInterval, int]
"""The correlation, its interval, and the number of pairs."""


def difference_correlations(
    scores: Mapping[str, npt.ArrayLike],
    ratings: Mapping[str, npt.ArrayLike],
    *,
    draws: Draws | None = None,
    confidence: float = 0.95,
) -> dict[tuple[str, str], Correlated]:
    """Pearson's r over the differences of all pairs of texts of one case, each in both directions, all cases together.

    Each pair stands in both directions, so the mean difference is 0 and which system comes first is of no account. A
    case with large differences weighs more than it does in the mean of correlations within cases. From sums a case:
    the sum over pairs of dx dy is n sum xy - sum x sum y.

    Args:
        scores, ratings: of each metric and each criterion, cases by systems; cells where either is NaN are left out.
        draws: of `crossed.draw`, for the interval over cases and systems.
    """
    found: dict[tuple[str, str], Correlated] = {}
    by_held: dict[bytes, tuple[Held, list[tuple[str, str]]]] = {}
    x, y = (
        {name: np.asarray(side, dtype=np.float64) for name, side in sides.items()}
        for sides in (scores, ratings)
    )
    for metric, criterion in product(x, y):
        held = ~np.isnan(x[metric] + y[criterion])
        by_held.setdefault(held.tobytes(), (held, []))[1].append((metric, criterion))
    for held, pairs in by_held.values():
        found |= _of_cells(held, pairs, x, y, draws, confidence)
    return {pair: found[pair] for pair in product(x, y)}


def _of_cells(
    held: Held,
    pairs: Sequence[tuple[str, str]],
    x: Mapping[str, Array],
    y: Mapping[str, Array],
    draws: Draws | None,
    confidence: float,
) -> dict[tuple[str, str], Correlated]:
    """Metrics and criteria that have their values in the same cells share all but the sum of their products."""
    n = held.sum(axis=1)
    n_pairs = int((n * (n - 1) // 2).sum())
    if not n_pairs:
        no = Undefined("no case has two texts with a score and a rating")
        return dict.fromkeys(pairs, (no, no, 0))
    one = {name: _within(x[name], held) for name, _ in pairs}
    other = {name: _within(y[name], held) for _, name in pairs}
    points = _drawn(held, pairs, one, other, everything(*held.shape))
    drawn: list[dict[tuple[str, str], Array]] = []
    if draws is not None:
        drawn = [_drawn(held, pairs, one, other, batch) for batch in draws.batches(_BATCH_CELLS)]
    found: dict[tuple[str, str], Correlated] = {}
    for pair in pairs:
        value = float(points[pair][0])
        if np.isnan(value):
            no = Undefined("scores or ratings do not differ within any case")
            found[pair] = (no, no, n_pairs)
        elif draws is None:
            found[pair] = (value, Undefined("no interval was asked for"), n_pairs)
        else:
            resampled = np.concatenate([batch[pair] for batch in drawn])
            [interval] = intervals(resampled[None], confidence=confidence, unit=draws.unit)
            found[pair] = (value, interval, n_pairs)
    return found


def _drawn(
    held: Held,
    pairs: Sequence[tuple[str, str]],
    one: Mapping[str, Array],
    other: Mapping[str, Array],
    draws: Draws,
) -> dict[tuple[str, str], Array]:
    """Of each pair (n_resamples,); NaN where a side does not differ."""
    systems, cases = draws.systems, draws.cases
    weight = (systems @ held.T.astype(np.float64)) * cases  # how often a case's cells were drawn

    def own(side: Array) -> tuple[Array, Array]:
        """Sums a case, (n_resamples, n_cases), and the sum of squared differences over all, (n_resamples,)."""
        sums = systems @ side.T
        squares = np.einsum("bc,bc->b", weight, systems @ (side * side).T)
        return sums, squares - np.einsum("bc,bc,bc->b", sums, sums, cases)

    across = {name: own(side) for name, side in other.items()}
    found: dict[tuple[str, str], Array] = {}
    last = ""
    for metric, criterion in pairs:
        if metric != last:
            sums, squares = own(one[metric])
            weighed, last = sums * cases, metric
        theirs, their_squares = across[criterion]
        both = np.einsum("bc,bc->b", weight, systems @ (one[metric] * other[criterion]).T)
        both -= np.einsum("bc,bc->b", weighed, theirs)
        found[metric, criterion] = _ratio(both, squares, their_squares)
    return found


def _within(side: Array, held: npt.NDArray[np.bool_]) -> Array:
    """Less its case's mean, which no difference feels and which would cost digits; scaled to 1 at most."""
    kept = np.where(held, side, 0.0)
    n = np.maximum(held.sum(axis=1, keepdims=True), 1)
    centred = np.where(held, kept - kept.sum(axis=1, keepdims=True) / n, 0.0)
    largest = np.abs(centred).max(initial=0.0)
    spread = np.abs(kept).max(initial=0.0)
    if largest <= 1e-13 * spread or largest == 0:
        return np.zeros_like(centred)
    return np.asarray(centred / largest)


def _ratio(both: Array, one: Array, other: Array) -> Array:
    down = np.sqrt(np.maximum(one, 0) * np.maximum(other, 0))
    return np.asarray(
        np.clip(np.divide(both, down, out=np.full(both.shape, np.nan), where=down > 1e-12), -1, 1)
    )
