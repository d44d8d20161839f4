"""Correlations of all metrics with all criteria, each text weighing as often as its case and system were drawn.

The numbers of a report are these with every case and system drawn once; its intervals are the quantiles over
resamples. Nothing is computed text by text in a resample but the ranks over all texts: everything else is a matrix
of draws times what is known of each case beforehand.

Shapes: B resamples, N cases, S systems, M metrics, C criteria.
"""

from collections.abc import Callable, Collection
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.stats import kendall
from analysis.stats.cells import Cells, rating_means, score_means
from analysis.stats.crossed import Draws
from analysis.stats.rowwise import Coefficient, signs, standardised

Array = npt.NDArray[np.float64]
Level = Literal["none", "partial", "case", "system"]
Key = tuple[Level, Coefficient]

_BATCH_CELLS = 1 << 17
"""Small enough for a batch of ranks to stay in the cache."""
_ALIVE = 1e-12
"""A sum of squares that keeps less than this share of itself when centred is rounding noise."""


def correlations(
    cells: Cells, draws: Draws, wanted: Collection[Key]
) -> tuple[dict[Key, Array], dict[Key, Array]]:
    """The wanted correlations, and at level "case" how many drawn cases had one; all (M, C, B), NaN where undefined."""
    values: dict[Key, list[Array]] = {key: [] for key in wanted}
    counted: dict[Key, list[Array]] = {key: [] for key in wanted if key[0] == "case"}
    known = _Known(cells)
    for batch in draws.batches(_BATCH_CELLS):
        for level, compute in _LEVELS.items():
            coefficients = {coefficient for place, coefficient in wanted if place in level}
            for key, (value, n) in compute(known, batch, coefficients).items():
                if key in values:
                    values[key].append(value)
                if key in counted:
                    counted[key].append(n)
    joined = {key: np.concatenate(parts, axis=2) for key, parts in values.items() if parts}
    if any(coefficient == "kendall" and level in ("none", "partial") for level, coefficient in wanted):
        every, within = kendall.redrawn(cells, draws)
        joined |= {("none", "kendall"): every, ("partial", "kendall"): within}
    return joined, {key: np.concatenate(parts, axis=2) for key, parts in counted.items()}


class _Known:
    """What both sides bring to every resample, computed once."""

    def __init__(self, cells: Cells) -> None:
        self.cells, self.held = cells, cells.held.astype(np.float64)
        self.sides = (cells.score, cells.rating)
        self._kept: dict[str, tuple[Array, Array]] = {}

    def of(self, name: str, make: Callable[[Array], Array]) -> tuple[Array, Array]:
        if name not in self._kept:
            self._kept[name] = make(self.sides[0]), make(self.sides[1])
        return self._kept[name]

    def over_all(self, side: Array) -> Array:
        """(k, N, S): centred over all texts."""
        flat, held = side.reshape(len(side), -1), self.cells.held.reshape(1, -1)
        return standardised(flat, held).reshape(side.shape)

    def over_systems(self, side: Array) -> Array:
        """(k, N, S): centred over the texts of each system."""
        n = np.maximum(self.held.sum(axis=0), 1)
        return self.over_all(np.where(self.cells.held, side - side.sum(axis=1, keepdims=True) / n, 0.0))

    def over_cases(self, side: Array) -> Array:
        """(k, N, S): centred within each case."""
        return standardised(side, np.broadcast_to(self.cells.held, side.shape))

    def signs(self, side: Array) -> Array:
        """(k, N, S, S): which text of a case is above which."""
        return signs(side, np.broadcast_to(self.cells.held, side.shape))

    def pairs(self, side: Array) -> Array:
        """(k, N, pairs): the same, each pair of systems once."""
        one, other = np.triu_indices(side.shape[2], 1)
        return self.signs(side)[..., one, other]


Found = dict[Key, tuple[Array, Array]]


def _over_texts(known: _Known, draws: Draws, coefficients: set[Coefficient]) -> Found:
    """Levels "none" and "partial": Pearson's r over all texts, and with each system's mean taken off."""
    found: Found = {}
    n = draws.cases @ known.held  # (B, S)
    if "pearson" in coefficients:
        places: tuple[tuple[Level, int], ...] = (("none", 0), ("partial", 1))
        for level, place in places:
            x, y = known.of(level, known.over_all if level == "none" else known.over_systems)
            # (k, S, B) sums over the cases of each system
            moments = [
                np.einsum("bn,kns->ksb", draws.cases, side, optimize=True) for side in (x, x * x, y, y * y)
            ]
            both = [np.einsum("bn,cns->csb", draws.cases, side * y, optimize=True) for side in x]
            found[level, "pearson"] = _from_sums(moments, both, n, draws)[place], n
    if "spearman" in coefficients:
        every, within = _ranked(known, draws, n)
        found |= {("none", "spearman"): (every, n), ("partial", "spearman"): (within, n)}
    return found


def _ranked(known: _Known, draws: Draws, n: Array) -> tuple[Array, Array]:
    """Of midranks over all drawn texts; for "partial", ranked first and then freed of the systems' means."""
    held = known.cells.held.T.ravel()  # system by system
    weight = (draws.systems[:, :, None] * draws.cases[:, None, :]).reshape(len(draws), -1) * held
    shape = (len(draws), known.cells.held.shape[1], -1)

    def sums(side: Array) -> tuple[Array, Array, Array, Array]:
        rank = _midranks(side.T.ravel(), held, weight).reshape(shape)  # (B, S, N)
        weighted = rank * draws.cases[:, None, :]
        return rank, weighted, weighted.sum(axis=2).T, np.einsum("bsn,bsn->sb", weighted, rank)

    y, _, sum_y, square_y = (list(parts) for parts in zip(*map(sums, known.sides[1]), strict=True))
    both, sum_x, square_x = [], [], []
    for side in known.sides[0]:
        _, weighted, first, second = sums(side)
        sum_x.append(first)
        square_x.append(second)
        both.append(np.stack([np.einsum("bsn,bsn->sb", weighted, other) for other in y]))
    moments = [np.stack(part) for part in (sum_x, square_x, sum_y, square_y)]
    return _from_sums(moments, both, n, draws)


def _midranks(values: Array, held: npt.NDArray[np.bool_], weight: Array) -> Array:
    """Rank of each text among those drawn, as a share of them less one half, ties in the middle; 0 where not held."""
    places = np.flatnonzero(held)
    if not len(places):
        return np.zeros_like(weight)
    order = places[np.argsort(values[places], kind="stable")]
    ascending = values[order]
    below = np.cumsum(weight[:, order], axis=1)
    total = below[:, -1:]
    last = np.flatnonzero(np.r_[ascending[1:] != ascending[:-1], True])
    upto = below[:, last]
    rank = upto.copy()
    rank[:, 1:] += upto[:, :-1]  # twice the middle of each group of ties
    with np.errstate(invalid="ignore"):  # a resample without a text has no ranks, and so no correlation
        rank = rank / (2 * total) - 0.5
    code = np.zeros(len(values), dtype=np.intp)
    code[order] = np.repeat(np.arange(len(last)), np.diff(np.r_[-1, last]))
    answer = rank[:, code]
    if not held.all():
        answer[:, ~held] = 0.0
    return np.asarray(answer)


def _from_sums(moments: list[Array], both: list[Array], n: Array, draws: Draws) -> tuple[Array, Array]:
    """Correlation over all texts and within systems, both (M, C, B), from sums over the cases of each system."""
    x, xx, y, yy = moments  # (k, S, B)
    share, count = draws.systems.T, n.T  # (S, B)
    total = (share * count).sum(axis=0)
    inverse = np.divide(share, count, out=np.zeros_like(count), where=count > 0)

    def spread(side: Array, square: Array) -> tuple[Array, Array]:
        raw = (square * share).sum(axis=1)
        mean = (side * share).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            every = raw - mean**2 / total
        within = raw - (side**2 * inverse).sum(axis=1)
        return _alive(every, raw), _alive(within, raw)

    every_y, within_y = spread(y, yy)
    every_x, within_x = spread(x, xx)
    mean_y = (y * share).sum(axis=1)  # (C, B)
    answers = np.empty((2, len(x), len(y), len(draws)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for m, product in enumerate(both):  # (C, S, B)
            raw = (product * share).sum(axis=1)
            mean_x = (x[m] * share).sum(axis=0)
            answers[0, m] = (raw - mean_x * mean_y / total) / np.sqrt(every_x[m] * every_y)
            answers[1, m] = (raw - (x[m] * y * inverse).sum(axis=1)) / np.sqrt(within_x[m] * within_y)
    np.clip(answers, -1, 1, out=answers)
    return answers[0], answers[1]


def _within_cases(known: _Known, draws: Draws, coefficients: set[Coefficient]) -> Found:
    """Level "case": over the systems of each case, then the mean over cases."""
    found: Found = {}
    share = draws.systems  # (B, S)
    n = share @ known.held.T  # (B, N)
    n_metrics, n_criteria = (len(side) for side in known.sides)

    def over_systems(table: Array) -> Array:
        """(B, S) draws times (..., N, S): (..., B, N)."""
        return np.asarray(share @ np.swapaxes(table, -1, -2))

    for coefficient in sorted(coefficients):
        value = np.empty((n_metrics, n_criteria, len(draws)))
        counted = np.empty_like(value)
        if coefficient == "pearson":
            x, y = known.of("case", known.over_cases)
            sum_y, spread_y = _centred(over_systems(y), over_systems(y * y), n)
            for m, side in enumerate(x):
                sum_x, spread_x = _centred(over_systems(side), over_systems(side * side), n)
                with np.errstate(divide="ignore", invalid="ignore"):
                    up = over_systems(side * y) - sum_x * sum_y / n
                value[m], counted[m] = _mean_of_cases(up, spread_x * spread_y, draws.cases)
        elif coefficient == "spearman":
            x, y = known.of("signs", known.signs)
            # Sums of signs are midranks less their mean: (S, B, N)
            ranks = [share @ np.moveaxis(side, (0, 1, 2), (2, 0, 1)) for side in y]
            spread_y = np.stack([np.einsum("sbn,sbn,bs->bn", rank, rank, share) for rank in ranks])
            for m, side in enumerate(x):
                rank = share @ np.moveaxis(side, (0, 1, 2), (2, 0, 1))
                weighted = rank * share.T[:, :, None]
                spread_x = np.einsum("sbn,sbn->bn", weighted, rank)
                up = np.stack([np.einsum("sbn,sbn->bn", weighted, other) for other in ranks])
                value[m], counted[m] = _mean_of_cases(up, spread_x * spread_y, draws.cases)
        else:
            pair = np.triu_indices(share.shape[1], 1)
            x, y = known.of("pairs", known.pairs)
            drawn = share[:, pair[0]] * share[:, pair[1]]  # (B, pairs)
            untied_y = drawn @ np.swapaxes(np.abs(y), 1, 2)
            for m, side in enumerate(x):
                up = drawn @ np.swapaxes(side * y, 1, 2)
                down = (drawn @ np.abs(side).T) * untied_y
                value[m], counted[m] = _mean_of_cases(up, down, draws.cases)
        found["case", coefficient] = value, counted
    return found


def _centred(total: Array, square: Array, n: Array) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return total, _alive(square - total**2 / n, square)


def _alive(spread: Array, raw: Array) -> Array:
    return np.where(spread > _ALIVE * raw, spread, np.nan)


def _mean_of_cases(up: Array, down: Array, cases: Array) -> tuple[Array, Array]:
    """Mean over drawn cases of up / sqrt(down), (C, B, N) to (C, B), cases without one left out; and over how many."""
    alive = down > 0
    each = np.divide(up, np.sqrt(np.where(alive, down, 1.0)), out=np.zeros_like(up), where=alive)
    n = np.einsum("cbn,bn->cb", alive.astype(np.float64), cases)
    total = np.einsum("cbn,bn->cb", np.clip(each, -1, 1, out=each), cases)
    return np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0), n


def _between_systems(known: _Known, draws: Draws, coefficients: set[Coefficient]) -> Found:
    """Level "system": over the means of the systems."""
    cells = known.cells
    found: Found = {}
    x = [score_means(side, cells.held, draws.cases) for side in cells.score]
    y = [rating_means(side, cells.common, cells.held, draws.cases) for side in cells.numerator]
    rated = draws.systems * (draws.cases @ known.held > 0)
    for coefficient in coefficients:
        make = _UNIT_ROWS[coefficient]
        others = np.stack([make(side, rated) for side in y])
        value = np.stack([np.clip((make(side, rated) * others).sum(axis=2), -1, 1) for side in x])
        found["system", coefficient] = value, rated
    return found


def _unit_pearson(means: Array, weight: Array) -> Array:
    """Rows of length 1 whose product is the weighted correlation; NaN where a row does not vary."""
    values = np.where(weight > 0, means, 0.0)
    n = weight.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = np.where(weight > 0, values - (weight * values).sum(axis=1, keepdims=True) / n, 0.0)
        size = np.abs(centred).max(axis=1, keepdims=True)
        centred = np.sqrt(weight) * centred / size
        row = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.where(_apart(means, weight), row, np.nan)


def _unit_spearman(means: Array, weight: Array) -> Array:
    order = signs(np.where(weight > 0, means, 0.0), weight > 0)
    return _unit_pearson(np.einsum("bjk,bk->bj", order, weight), weight)


def _unit_kendall(means: Array, weight: Array) -> Array:
    order = signs(np.where(weight > 0, means, 0.0), weight > 0)
    both = np.sqrt(weight[:, :, None] * weight[:, None, :])
    flat = (order * both).reshape(len(order), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        row = flat / np.sqrt((flat**2).sum(axis=1, keepdims=True))
    return np.where(_apart(means, weight), row, np.nan)


def _apart(means: Array, weight: Array) -> npt.NDArray[np.bool_]:
    high = np.where(weight > 0, means, -np.inf).max(axis=1, keepdims=True)
    return np.asarray(high > np.where(weight > 0, means, np.inf).min(axis=1, keepdims=True))


_UNIT_ROWS = {"pearson": _unit_pearson, "spearman": _unit_spearman, "kendall": _unit_kendall}
_LEVELS = {("none", "partial"): _over_texts, ("case",): _within_cases, ("system",): _between_systems}
