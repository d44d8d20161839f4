"""The likelihood of a cumulative-link model with a deviation a group, integrated, and the way to its maximum.

Adaptive Gauss-Hermite quadrature: nodes lie around each group's own mode.

Reference: Pinheiro & Bates (1995) Journal of Computational and Graphical Statistics 4.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.stats.rating_cells import Array, Cells, designs, edges, log_chance, slopes

SMALLEST_SD = 1e-3
"""Below it the groups do not differ, and the model without them is the answer."""


def climb(cells: Cells, parameters: Array, nodes: int) -> tuple[Array, float, Array] | None:
    """Newton's method on (thresholds, effects, log SD): the maximum, its value and the observed information."""
    bounds = designs(cells)
    t, w = np.polynomial.hermite.hermgauss(nodes)
    rule = (t, np.log(w) + t**2)
    k = cells.n_points - 1
    at = _integrated(cells, bounds, rule, parameters, np.zeros(len(cells.multiplicity)))
    for _ in range(100):
        information = _information(cells, bounds, at)
        least = float(np.linalg.eigvalsh(information)[0])
        ridge = 0.0 if least > 1e-8 else 1e-3 - least
        step = np.linalg.solve(information + ridge * np.eye(len(parameters)), at.gradient)
        step *= min(1.0, 2.0 / float(np.abs(step).max()))
        for _ in range(30):
            tried = parameters + step
            if (np.diff(tried[:k]) > 0).all():
                new = _integrated(cells, bounds, rule, tried, at.mode)
                if new.value >= at.value - 1e-10 * abs(at.value):
                    break
            step = step / 2
        else:
            return None
        parameters, at = tried, new
        if np.exp(parameters[-1]) < SMALLEST_SD:
            return parameters, at.value, information
        if np.abs(step).max() < 1e-6:
            return parameters, at.value, _information(cells, bounds, at)
    return None


@dataclass(frozen=True, eq=False)
class _At:
    """The integrated likelihood at one place: what it is, where it rises, and what bends it."""

    value: float
    gradient: Array
    mode: Array
    """Shape (n_groups,)."""
    upper: Array
    """Shape (n_cells, n_nodes), bounds at each node of the cell's group; so `lower`."""
    lower: Array
    shift: Array
    """Shape (n_cells, n_nodes): SD times the deviation at the node."""
    share: Array
    """Shape (n_groups, n_nodes): how much of the integral lies at the node."""


def _integrated(
    cells: Cells, bounds: tuple[Array, Array], rule: tuple[Array, Array], parameters: Array, mode: Array
) -> _At:
    """Log-likelihood, its gradient and the groups' modes, from where the modes lay last time."""
    sd = float(np.exp(parameters[-1]))
    upper, lower = edges(cells, parameters[:-1])
    mode, width = _modes(cells, upper, lower, sd, mode)
    nodes, log_weight = rule
    u = mode[:, None] + np.sqrt(2) * width[:, None] * nodes  # (n_groups, n_nodes)
    shift = sd * u[cells.group]
    up, low = upper[:, None] - shift, lower[:, None] - shift  # (n_cells, n_nodes)
    inside = np.add.reduceat(cells.count[:, None] * log_chance(up, low), cells.start, axis=0)
    prior = (
        -(u**2) / 2 - 0.5 * np.log(np.pi) + np.log(width)[:, None]
    )  # with the sqrt 2 of the rule taken out
    terms = inside + prior + log_weight
    total = special.logsumexp(terms, axis=1)
    share = np.exp(terms - total[:, None])
    with_up, with_low = slopes(up, low)
    seen = share[cells.group]
    weight = cells.weight
    gradient = bounds[0].T @ (weight * (seen * with_up).sum(axis=1))
    gradient += bounds[1].T @ (weight * (seen * with_low).sum(axis=1))
    pull = -(seen * (with_up + with_low) * shift).sum(axis=1)
    value = float(cells.multiplicity @ total)
    return _At(value, np.append(gradient, weight @ pull), mode, up, low, shift, share)


def _information(cells: Cells, bounds: tuple[Array, Array], at: _At) -> Array:
    """Minus the second derivatives: the mean bend at the nodes, less how the slopes vary over them.

    Reference: Louis (1982) JRSS B 44.
    """
    above, below = bounds
    with_up, with_low = slopes(at.upper, at.lower)
    seen = at.share[cells.group] * cells.weight[:, None]
    both = 1 / np.expm1(at.upper - at.lower)
    both = both * (1 + both)
    bend_up = special.expit(at.upper) * special.expit(-at.upper) + both
    bend_low = special.expit(at.lower) * special.expit(-at.lower) + both
    n = above.shape[1]
    information = np.zeros((n + 1, n + 1))
    cross = above.T @ ((seen * both).sum(axis=1)[:, None] * below)
    information[:n, :n] = above.T @ ((seen * bend_up).sum(axis=1)[:, None] * above)
    information[:n, :n] += below.T @ ((seen * bend_low).sum(axis=1)[:, None] * below) - cross - cross.T
    # Both bounds move by minus the shift with the logarithm of the SD, and the shift moves by itself.
    mixed = above.T @ (seen * (both - bend_up) * at.shift).sum(axis=1)
    mixed += below.T @ (seen * (both - bend_low) * at.shift).sum(axis=1)
    information[:n, n] = information[n, :n] = mixed
    bend = (bend_up + bend_low - 2 * both) * at.shift**2 + (with_up + with_low) * at.shift
    information[n, n] = (seen * bend).sum()
    mean = np.zeros((len(cells.multiplicity), n + 1))
    for node in range(at.share.shape[1]):
        moves = cells.count[:, None] * (with_up[:, node, None] * above + with_low[:, node, None] * below)
        own = -cells.count * (with_up[:, node] + with_low[:, node]) * at.shift[:, node]
        scores = np.add.reduceat(np.column_stack([moves, own]), cells.start, axis=0)  # (n_groups, n + 1)
        share = at.share[:, node]
        mean += share[:, None] * scores
        information -= scores.T @ ((cells.multiplicity * share)[:, None] * scores)
    return np.asarray(information + mean.T @ (cells.multiplicity[:, None] * mean))


def _modes(cells: Cells, upper: Array, lower: Array, sd: float, mode: Array) -> tuple[Array, Array]:
    """Where each group's deviation is likeliest, and how wide its likelihood is there."""
    bend = np.ones(len(mode))
    for _ in range(50):
        shift = sd * mode[cells.group]
        up, low = upper - shift, lower - shift
        slope = np.add.reduceat(cells.count * (special.expit(up) + special.expit(low) - 1), cells.start)
        steep = special.expit(up) * special.expit(-up) + special.expit(low) * special.expit(-low)
        bend = 1 + sd**2 * np.add.reduceat(cells.count * steep, cells.start)
        step = np.clip((sd * slope - mode) / bend, -2, 2)
        mode = mode + step
        if np.abs(step).max() < 1e-10:
            break
    return mode, 1 / np.sqrt(bend)
