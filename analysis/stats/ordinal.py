"""Ratings as what they are, ordered words: cumulative-link models of all ratings at once.

The chance of a rating at or below a point is logistic in (threshold of the point - effect of the system): effects are
log-odds of a higher rating and lean on no distance between the points. Ratings of one group (one text, one case, one
person) lean on each other; the mixed model gives each group a normal deviation of its own and integrates over it.

References: McCullagh (1980) JRSS B 42; Pinheiro & Bates (1995) Journal of Computational and Graphical Statistics 4 for
the adaptive Gauss-Hermite quadrature.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.stats.estimates import Undefined
from analysis.stats.quadrature import SMALLEST_SD, climb
from analysis.stats.rating_cells import Array, Cells, cells_of, designs, edges, log_chance

NODES = 15
"""Of the quadrature over each group's deviation."""
LARGEST_SD = 30.0
"""Beyond it each group has made up its mind, and the estimates run away together."""
LARGEST_SE = 50.0
"""Of log-odds; beyond it the estimate has no end, whatever Newton's method stopped at."""
INFINITE = Undefined(
    "an effect has no finite estimate: it orders the ratings without exception, or they are too few"
)
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class CumulativeLink:
    """Estimates by maximum likelihood; a positive effect means higher ratings."""

    effects: Array
    """Shape (n_effects,): log-odds ratios, one a column of x."""
    covariance: Array
    """Of the effects, shape (n_effects, n_effects), from the observed information."""
    thresholds: Array
    """Shape (n_points_used - 1,), ascending."""
    sd: float
    """Of the groups' deviations, in log-odds; 0 without groups, or where they do not differ."""
    log_likelihood: float
    n_ratings: int
    n_groups: int

    @property
    def se(self) -> Array:
        return np.sqrt(np.diag(self.covariance))


def cumulative_link(y: npt.ArrayLike, x: npt.ArrayLike) -> CumulativeLink | Undefined:
    """The cumulative-link model without groups, by Newton's method; its likelihood has one maximum.

    Args:
        y: shape (n_ratings,), points of the scale; points nobody used drop out.
        x: shape (n_ratings, n_effects), no constant column: the thresholds are the constants.

    Returns:
        Undefined where there is one point only, or where effects have no finite estimate.
    """
    cells = cells_of(y, x, None)
    return cells if isinstance(cells, Undefined) else _without_groups(cells, _n(y), 0)


def cumulative_link_mixed(
    y: npt.ArrayLike, x: npt.ArrayLike, group: npt.ArrayLike, *, nodes: int = NODES
) -> CumulativeLink | Undefined:
    """The cumulative-link model with one random factor: each group has a normal deviation from the thresholds.

    The integral over the deviation is taken by Gauss-Hermite quadrature around each group's own mode; the gradient is
    exact for it. Groups with the same ratings are computed once.

    Args:
        group: shape (n_ratings,), to which group a rating belongs.
        y, x: as for `cumulative_link`.
    """
    cells = cells_of(y, x, np.unique(np.asarray(group), return_inverse=True)[1].astype(np.int64))
    if isinstance(cells, Undefined):
        return cells
    n_groups = int(cells.multiplicity.sum())
    plain = _without_groups(cells, _n(y), n_groups)
    if isinstance(plain, Undefined):
        return plain
    if not _leaves_zero(cells, plain):
        return plain
    k = cells.n_points - 1
    # Averaged over a deviation of SD 1, a logistic curve is about 1.16 times flatter: start that much steeper.
    spread = (1 + (16 * 3**0.5 / (15 * np.pi)) ** 2) ** 0.5
    start = np.concatenate([spread * plain.thresholds, spread * plain.effects, [0.0]])
    found = climb(cells, start, nodes)
    if found is None:
        return Undefined("the mixed model's likelihood has no maximum that Newton's method finds")
    parameters, value, information = found
    if np.exp(parameters[-1]) < SMALLEST_SD or value <= plain.log_likelihood + 1e-9:
        return plain
    if np.linalg.eigvalsh(information)[0] <= 0 or np.exp(parameters[-1]) > LARGEST_SD:
        return Undefined("the ratings are too few to tell the groups' deviations from the effects")
    if _runs_away(information[:-1, :-1]):
        return INFINITE
    covariance = np.linalg.inv(information)
    return CumulativeLink(
        effects=parameters[k:-1],
        covariance=np.asarray(covariance[k:-1, k:-1], dtype=np.float64),
        thresholds=parameters[:k],
        sd=float(np.exp(parameters[-1])),
        log_likelihood=value,
        n_ratings=plain.n_ratings,
        n_groups=n_groups,
    )


def _n(y: npt.ArrayLike) -> int:
    return len(np.asarray(y))


def _without_groups(cells: Cells, n_ratings: int, n_groups: int) -> CumulativeLink | Undefined:
    k, weight = cells.n_points - 1, cells.weight
    if cells.x.shape[1]:
        for row in np.unique(cells.x, axis=0):
            seen = cells.y[(cells.x == row).all(axis=1)]
            if (seen == 0).all() or (seen == k).all():
                end = "lowest" if seen[0] == 0 else "highest"
                return Undefined(
                    f"all ratings of one system are the {end} given, so its log-odds are infinite"
                )
    shares = np.bincount(cells.y, weights=weight) / weight.sum()
    parameters = np.concatenate([special.logit(np.cumsum(shares)[:-1]), np.zeros(cells.x.shape[1])])
    above, below = designs(cells)
    value = -np.inf
    information = np.eye(len(parameters))
    for _ in range(100):
        upper, lower = edges(cells, parameters)
        value = float(weight @ log_chance(upper, lower))
        ratio = 1 / np.expm1(upper - lower)
        gradient = above.T @ (weight * (special.expit(-upper) + ratio)) - below.T @ (
            weight * (special.expit(lower) + ratio)
        )
        both = ratio * (1 + ratio)
        bend_up = special.expit(upper) * special.expit(-upper) + both
        bend_low = special.expit(lower) * special.expit(-lower) + both
        cross = above.T @ ((weight * both)[:, None] * below)
        information = above.T @ ((weight * bend_up)[:, None] * above)
        information += below.T @ ((weight * bend_low)[:, None] * below) - cross - cross.T
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return Undefined("the columns of the model depend on each other")
        if np.abs(step).max() < _TOLERANCE:
            break
        parameters = _uphill(cells, parameters, step, value)
        if np.abs(parameters).max() > 50:
            return INFINITE
    if np.linalg.eigvalsh(information)[0] <= 0:
        return Undefined("the ratings are too few to say how sure the effects are")
    if _runs_away(information):
        return INFINITE
    return CumulativeLink(
        effects=parameters[k:],
        covariance=np.asarray(np.linalg.inv(information)[k:, k:], dtype=np.float64),
        thresholds=parameters[:k],
        sd=0.0,
        log_likelihood=value,
        n_ratings=n_ratings,
        n_groups=n_groups,
    )


def _runs_away(information: Array) -> bool:
    """Whether a parameter is on its way to infinity: the likelihood is flat there, and says nothing of the others."""
    return bool(np.diag(np.linalg.inv(information)).max() > LARGEST_SE**2)


def _uphill(cells: Cells, parameters: Array, step: Array, value: float) -> Array:
    """The whole step, or as much of it as keeps the thresholds in order and the likelihood from falling."""
    k = cells.n_points - 1
    for _ in range(40):
        tried = parameters + step
        if (np.diff(tried[:k]) > 0).all():
            upper, lower = edges(cells, tried)
            if cells.weight @ log_chance(upper, lower) >= value - 1e-12 * abs(value):
                return tried
        step = step / 2
    return parameters


def _leaves_zero(cells: Cells, plain: CumulativeLink) -> bool:
    """Whether the likelihood rises with the variance of the groups' deviations where it is 0."""
    upper, lower = edges(cells, np.concatenate([plain.thresholds, plain.effects]))
    high, low = special.expit(upper), special.expit(lower)
    slope = np.add.reduceat(cells.count * (high + low - 1), cells.start)
    bend = np.add.reduceat(cells.count * (high * (1 - high) + low * (1 - low)), cells.start)
    return float(cells.multiplicity @ (slope**2 - bend)) > 0
