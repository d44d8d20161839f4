"""Ratings of a cumulative-link model with equal ones counted once, and the chance of each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Undefined

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_DENSE_CELLS = 20_000_000


@dataclass(frozen=True, eq=False)
class Cells:
    """Equal ratings counted once: cells of equal (x, y) within a group, groups that are alike within one."""

    x: Array
    """Shape (n_cells, n_effects)."""
    y: Codes
    """Shape (n_cells,): place among the points used."""
    count: Array
    """Shape (n_cells,)."""
    start: Codes
    """Shape (n_groups,): first cell of each group; cells of one group stand together."""
    group: Codes
    """Shape (n_cells,)."""
    multiplicity: Array
    """Shape (n_groups,): how many groups are like this one."""
    n_points: int

    @property
    def weight(self) -> Array:
        return self.count * self.multiplicity[self.group]


def cells_of(y: npt.ArrayLike, x: npt.ArrayLike, group: Codes | None) -> Cells | Undefined:
    """
    Args:
        y, x: as for `cumulative_link`.
        group: shape (n_ratings,), 0 to n_groups - 1; None where all are one group.

    Returns:
        Undefined where no two points were used.
    """
    points, code = np.unique(np.asarray(y), return_inverse=True)
    if not len(points):
        return Undefined("no ratings")
    if len(points) < 2:
        return Undefined(f"every rating is {points[0]} (100% agreement)")
    rows, row = np.unique(np.asarray(x, dtype=np.float64), axis=0, return_inverse=True)
    row, q, r = row.ravel(), len(points), len(rows)
    n_groups = 1 if group is None else int(group.max()) + 1
    owner = np.zeros(len(code), dtype=np.int64) if group is None else group
    place, count = np.unique((owner * r + row) * q + code, return_counts=True)
    group_of, cell = np.divmod(place, r * q)
    multiplicity = np.ones(n_groups)
    if n_groups * r * q <= _DENSE_CELLS and n_groups > 1:
        table = np.zeros((n_groups, r * q), dtype=np.int32)
        table[group_of, cell] = count
        table, alike = np.unique(table, axis=0, return_counts=True)
        group_of, cell = np.nonzero(table)
        count, multiplicity = table[group_of, cell], alike.astype(np.float64)
    start = np.searchsorted(group_of, np.arange(len(multiplicity)))
    return Cells(
        x=rows[cell // q],
        y=(cell % q).astype(np.int64),
        count=count.astype(np.float64),
        start=start.astype(np.int64),
        group=group_of.astype(np.int64),
        multiplicity=multiplicity,
        n_points=q,
    )


def edges(cells: Cells, parameters: Array) -> tuple[Array, Array]:
    """Upper and lower bound of each cell on the logistic scale, without deviations; infinite at the ends."""
    k = cells.n_points - 1
    bounds = np.concatenate([[-np.inf], parameters[:k], [np.inf]])
    eta = cells.x @ parameters[k : k + cells.x.shape[1]]
    return bounds[cells.y + 1] - eta, bounds[cells.y] - eta


def log_chance(upper: Array, lower: Array) -> Array:
    """log(F(upper) - F(lower)) for the logistic F, without cancellation."""
    return np.asarray(special.log_expit(upper) + special.log_expit(-lower) + np.log1p(-np.exp(lower - upper)))


def designs(cells: Cells) -> tuple[Array, Array]:
    """How upper and lower bound move with (thresholds, effects); rows of zeros where a bound is infinite."""
    k = cells.n_points - 1
    designs = []
    for at in (cells.y, cells.y - 1):
        design = np.zeros((len(cells.y), k + cells.x.shape[1]))
        inside = (at >= 0) & (at < k)
        design[inside, at[inside]] = 1.0
        design[inside, k:] = -cells.x[inside]
        designs.append(design)
    return designs[0], designs[1]


def slopes(up: Array, low: Array) -> tuple[Array, Array]:
    """How the logarithm of a cell's chance moves with its upper and with its lower bound."""
    ratio = 1 / np.expm1(up - low)
    return special.expit(-up) + ratio, -special.expit(low) - ratio
