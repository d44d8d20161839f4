"""Kendall's tau-b over all texts, and over the texts of each system alone, under resampling.

Tau looks at pairs of texts, too many to look at anew in each resample. What one case adds is summed once over all
other cases for each pair of systems; a resample then weighs cases and pairs of systems. With few texts every pair
is weighed as often as both its texts were drawn. With more, cases count to first order (the Hajek projection of a
U-statistic, Hoeffding 1948) and systems exactly; the two differ by a share of the order of 1 / cases.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.stats.cells import Cells
from analysis.stats.crossed import Draws

Array = npt.NDArray[np.float64]

MAX_POINTS = 10_000
"""Above this the interval over all texts is not drawn."""
MAX_EXACT_POINTS = 400
FEW_CASES, MAX_FEW_POINTS = 50, 2_000
"""With so few cases first order is too coarse; up to so many texts every pair can still be weighed."""
FEW_TEXTS = 500
"""Of one system: up to so many, every pair is looked at."""
_BLOCK = 1 << 22


def tau(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Tau-b of two vectors that vary. Dense ranks: scipy compares values, and whole numbers cannot be misread."""
    codes = [np.unique(side, return_inverse=True)[1] for side in (x, y)]
    return float(stats.kendalltau(*codes).statistic)


@dataclass(frozen=True, eq=False)
class Pairs:
    """For each metric (or criterion, or both): what pairs of texts add, case by case.

    `add` has the shape (..., n_cases, n_systems, n_systems): the sum over all cases i' of the pair of the text of
    (case, system s) with the text of (i', system s').
    """

    both: Array
    """(n_metrics, n_criteria, ...): +1 where both order the pair alike, -1 where not, 0 for a tie."""
    metric: Array
    """(n_metrics, ...): 1 where the scores differ."""
    criterion: Array


def within_systems(cells: Cells) -> Array:
    """Tau-b over the pairs of texts of the same system, (n_metrics, n_criteria); NaN where undefined."""
    x, y = _codes(cells.score, cells.held), _codes(cells.rating, cells.held)
    both = np.zeros((len(x), len(y)))
    one, other = np.zeros(len(x)), np.zeros(len(y))
    for system in range(cells.held.shape[1]):
        held = np.flatnonzero(cells.held[:, system])
        a, b = x[:, held, system], y[:, held, system]
        untied = [np.array([_untied(side) for side in sides]) for sides in (a, b)]
        one += untied[0]
        other += untied[1]
        if len(held) > FEW_TEXTS:
            both += _counted(a, b, *untied)
            continue
        up, across = (_signs(side[:, :, None], side[:, None, :]).reshape(len(side), -1) for side in (a, b))
        both += up @ across.T / 2
    return _ratio(both, one[:, None] * other[None, :])


def _untied(codes: npt.NDArray[np.int32]) -> float:
    """Pairs of different values."""
    same = np.unique(codes, return_counts=True)[1]
    return (len(codes) * (len(codes) - 1) - float((same * (same - 1)).sum())) / 2


def _counted(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32], one: Array, other: Array) -> Array:
    """Pairs ordered alike less pairs ordered otherwise, taken back out of scipy's tau: whole numbers again."""
    found = np.zeros((len(a), len(b)))
    for m, c in np.argwhere(one[:, None] * other[None, :] > 0):
        found[m, c] = np.rint(stats.kendalltau(a[m], b[c]).statistic * np.sqrt(one[m] * other[c]))
    return found


def redrawn(cells: Cells, draws: Draws) -> tuple[Array, Array]:
    """Tau-b over all texts and within systems in each resample, both (n_metrics, n_criteria, n_resamples)."""
    n_points = int(cells.held.sum())
    if n_points <= MAX_EXACT_POINTS or (len(cells.held) < FEW_CASES and n_points <= MAX_FEW_POINTS):
        return _exactly(cells, draws)
    pairs = _pairs(cells)
    n_cases, n_systems = cells.held.shape
    weight = 2 * draws.cases.astype(np.float64) - 1
    across = (draws.systems[:, :, None] * draws.systems[:, None, :]).reshape(len(draws), -1)
    same = np.flatnonzero(np.eye(n_systems).ravel())

    def drawn(add: Array) -> tuple[Array, Array]:
        sums = weight @ np.moveaxis(add.reshape(-1, n_cases, n_systems**2), 1, 0).reshape(n_cases, -1)
        sums = sums.reshape(len(draws), -1, n_systems**2)
        every = np.einsum("bkp,bp->kb", sums, across)
        within = np.einsum("bks,bs->kb", sums[:, :, same], draws.systems)
        return every, within

    others = drawn(pairs.criterion)
    answers = [np.empty((len(pairs.metric), len(pairs.criterion), len(draws))) for _ in range(2)]
    for m, add in enumerate(pairs.both):
        for answer, up, one, other in zip(answers, drawn(add), drawn(pairs.metric[m]), others, strict=True):
            answer[m] = _ratio(up, np.maximum(one, 0) * np.maximum(other, 0))
    return answers[0], answers[1]


def _exactly(cells: Cells, draws: Draws) -> tuple[Array, Array]:
    """Every pair of texts, weighed by both."""
    case, system = np.nonzero(cells.held)
    alone = draws.cases[:, case].astype(np.float64)
    every = alone * draws.systems[:, system]
    same = system[:, None] == system[None, :]
    x, y = (
        _signs(side[:, :, None], side[:, None, :])
        for side in (_flat(cells.score, cells), _flat(cells.rating, cells))
    )

    def drawn(signs: Array) -> tuple[Array, Array]:
        # A system drawn twice is two systems: its pairs with itself count within each of them.
        return ((every @ signs) * every).sum(axis=1), ((alone @ (signs * same)) * every).sum(axis=1)

    ones, others = [drawn(np.abs(side)) for side in x], [drawn(np.abs(side)) for side in y]
    answers = np.empty((2, len(x), len(y), len(draws)))
    for m, up in enumerate(x):
        for c, across in enumerate(y):
            for kind, value in enumerate(drawn(up * across)):
                answers[kind, m, c] = _ratio(value, ones[m][kind] * others[c][kind])
    return answers[0], answers[1]


def _pairs(cells: Cells) -> Pairs:
    n_cases, n_systems = cells.held.shape
    x, y = (
        # (metric, system, case): sums over cases run along the last axis.
        np.swapaxes(_codes(side, cells.held), 1, 2).reshape(len(side), -1)
        for side in (cells.score, cells.rating)
    )
    held = cells.held.T.ravel()
    n = len(held)
    both = np.zeros((len(x), len(y), n, n_systems))
    one, other = np.zeros((len(x), n, n_systems)), np.zeros((len(y), n, n_systems))
    step = max(1, _BLOCK // (n * (len(y) + 1)))
    for start in range(0, n, step):
        part = slice(start, start + step)
        pair = (held[part, None] & held[None, :]).astype(np.float32)
        shape = (len(pair), n_systems, n_cases)
        across = [(_signs(side[part, None], side[None, :]) * pair).reshape(shape) for side in y]
        for c, signs in enumerate(across):
            other[c, part] = np.einsum("rsn,rsn->rs", signs, signs)
        for m, side in enumerate(x):
            up = (_signs(side[part, None], side[None, :]) * pair).reshape(shape)
            one[m, part] = np.einsum("rsn,rsn->rs", up, up)
            for c, signs in enumerate(across):
                both[m, c, part] = np.einsum("rsn,rsn->rs", up, signs)

    def by_case(add: Array) -> Array:
        return np.swapaxes(add.reshape(*add.shape[:-2], n_systems, n_cases, n_systems), -3, -2)

    return Pairs(by_case(both), by_case(one), by_case(other))


def _codes(side: Array, held: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Dense ranks of each metric or criterion over its held cells."""
    codes = np.zeros(side.shape, dtype=np.int32)
    for row, values in enumerate(side):
        codes[row][held] = np.unique(values[held], return_inverse=True)[1]
    return codes


def _flat(side: Array, cells: Cells) -> npt.NDArray[np.int32]:
    return np.asarray(_codes(side, cells.held)[:, cells.held])


def _signs(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """Exact: a difference of whole numbers. Sums of single-precision signs are whole up to 2**24 pairs."""
    return np.asarray(np.sign(a - b), dtype=np.float32)


def _ratio(up: Array, down: Array) -> Array:
    return np.asarray(
        np.clip(np.divide(up, np.sqrt(down), out=np.full(np.shape(up), np.nan), where=down > 0), -1, 1)
    )
