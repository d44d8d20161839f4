"""Correlation row by row: many short vectors at once, gaps left out, constant rows without a value."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Held = npt.NDArray[np.bool_]
Coefficient = Literal["pearson", "spearman", "kendall"]

_BATCH_CELLS = 1 << 21


def row_correlations(x: npt.ArrayLike, y: npt.ArrayLike, coefficient: Coefficient) -> Array:
    """Correlation of each row of x with the same row of y, shape (n_rows,); NaN where undefined.

    Args:
        x, y: shape (n_rows, n_columns); NaN cells are left out pairwise. A row in which one side does not
            vary, or with fewer than two cells, has no correlation.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n_rows, n_columns = x.shape
    held = ~(np.isnan(x) | np.isnan(y))
    x, y = np.where(held, x, 0.0), np.where(held, y, 0.0)
    answer = np.full(n_rows, np.nan)
    step = max(1, _BATCH_CELLS // max(1, n_columns if coefficient == "pearson" else n_columns**2))
    for start in range(0, n_rows, step):
        part = slice(start, start + step)
        answer[part] = _ROWWISE[coefficient](x[part], y[part], held[part])
    alive = varies(x, held) & varies(y, held)
    return np.where(alive, answer, np.nan)


def varies(x: Array, held: Held) -> Held:
    """Rows with two different values; asked exactly, not of a variance."""
    high = np.where(held, x, -np.inf).max(axis=-1, initial=-np.inf)
    low = np.where(held, x, np.inf).min(axis=-1, initial=np.inf)
    return np.asarray(high > low)


def standardised(x: Array, held: Held) -> Array:
    """Centred rows of length 1, constant rows 0; scaled before squaring, so 1e-200 does not underflow."""
    n = np.maximum(held.sum(axis=-1, keepdims=True), 1)
    centred = np.where(held, x - x.sum(axis=-1, keepdims=True) / n, 0.0)
    size = np.abs(centred).max(axis=-1, keepdims=True, initial=0.0)
    centred = np.divide(centred, size, out=np.zeros_like(centred), where=size > 0)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    return np.asarray(np.divide(centred, length, out=np.zeros_like(centred), where=length > 0))


def signs(x: Array, held: Held) -> Array:
    """Sign of x_i - x_j for each pair of held cells of a row, by comparison: a difference could underflow."""
    greater = x[..., :, None] > x[..., None, :]
    both = held[..., :, None] & held[..., None, :]
    return np.asarray((greater & both).astype(np.float64) - (np.swapaxes(greater, -1, -2) & both))


def _row_pearson(x: Array, y: Array, held: Held) -> Array:
    a, b = standardised(x, held), standardised(y, held)
    return np.asarray(np.clip((a * b).sum(axis=1), -1, 1))


def _row_spearman(x: Array, y: Array, held: Held) -> Array:
    return _row_pearson(_ranks(x, held), _ranks(y, held), held)


def _ranks(x: Array, held: Held) -> Array:
    """Midranks within each row less a constant, 0 where not held."""
    return np.where(held, signs(x, held).sum(axis=2) / 2, 0.0)


def _row_kendall(x: Array, y: Array, held: Held) -> Array:
    a, b = signs(x, held), signs(y, held)
    concordance = (a * b).sum(axis=(1, 2))
    untied = np.abs(a).sum(axis=(1, 2)) * np.abs(b).sum(axis=(1, 2))
    return np.asarray(np.divide(concordance, np.sqrt(untied), out=np.zeros(len(x)), where=untied > 0))


_ROWWISE = {"pearson": _row_pearson, "spearman": _row_spearman, "kendall": _row_kendall}
