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

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

NODES = 15
"""Of the quadrature over each group's deviation."""
SMALLEST_SD = 1e-3
"""Below it the groups do not differ, and the model without them is the answer."""
LARGEST_SD = 30.0
"""Beyond it each group has made up its mind, and the estimates run away together."""
LARGEST_SE = 50.0
"""Of log-odds; beyond it the estimate has no end, whatever Newton's method stopped at."""
INFINITE = Undefined(
    "an effect has no finite estimate: it orders the ratings without exception, or they are too few"
)
_TOLERANCE = 1e-9
_DENSE_CELLS = 20_000_000


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


@dataclass(frozen=True, eq=False)
class _Cells:
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


def cumulative_link(y: npt.ArrayLike, x: npt.ArrayLike) -> CumulativeLink | Undefined:
    """The cumulative-link model without groups, by Newton's method; its likelihood has one maximum.

    Args:
        y: shape (n_ratings,), points of the scale; points nobody used drop out.
        x: shape (n_ratings, n_effects), no constant column: the thresholds are the constants.

    Returns:
        Undefined where there is one point only, or where effects have no finite estimate.
    """
    cells = _cells(y, x, None)
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
    cells = _cells(y, x, np.unique(np.asarray(group), return_inverse=True)[1].astype(np.int64))
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
    found = _climb(cells, start, nodes)
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


def _cells(y: npt.ArrayLike, x: npt.ArrayLike, group: Codes | None) -> _Cells | Undefined:
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
    return _Cells(
        x=rows[cell // q],
        y=(cell % q).astype(np.int64),
        count=count.astype(np.float64),
        start=start.astype(np.int64),
        group=group_of.astype(np.int64),
        multiplicity=multiplicity,
        n_points=q,
    )


def _edges(cells: _Cells, parameters: Array) -> tuple[Array, Array]:
    """Upper and lower bound of each cell on the logistic scale, without deviations; infinite at the ends."""
    k = cells.n_points - 1
    bounds = np.concatenate([[-np.inf], parameters[:k], [np.inf]])
    eta = cells.x @ parameters[k : k + cells.x.shape[1]]
    return bounds[cells.y + 1] - eta, bounds[cells.y] - eta


def _log_chance(upper: Array, lower: Array) -> Array:
    """log(F(upper) - F(lower)) for the logistic F, without cancellation."""
    return np.asarray(special.log_expit(upper) + special.log_expit(-lower) + np.log1p(-np.exp(lower - upper)))


def _designs(cells: _Cells) -> tuple[Array, Array]:
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


def _without_groups(cells: _Cells, n_ratings: int, n_groups: int) -> CumulativeLink | Undefined:
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
    above, below = _designs(cells)
    value = -np.inf
    information = np.eye(len(parameters))
    for _ in range(100):
        upper, lower = _edges(cells, parameters)
        value = float(weight @ _log_chance(upper, lower))
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


def _uphill(cells: _Cells, parameters: Array, step: Array, value: float) -> Array:
    """The whole step, or as much of it as keeps the thresholds in order and the likelihood from falling."""
    k = cells.n_points - 1
    for _ in range(40):
        tried = parameters + step
        if (np.diff(tried[:k]) > 0).all():
            upper, lower = _edges(cells, tried)
            if cells.weight @ _log_chance(upper, lower) >= value - 1e-12 * abs(value):
                return tried
        step = step / 2
    return parameters


def _leaves_zero(cells: _Cells, plain: CumulativeLink) -> bool:
    """Whether the likelihood rises with the variance of the groups' deviations where it is 0."""
    upper, lower = _edges(cells, np.concatenate([plain.thresholds, plain.effects]))
    high, low = special.expit(upper), special.expit(lower)
    slope = np.add.reduceat(cells.count * (high + low - 1), cells.start)
    bend = np.add.reduceat(cells.count * (high * (1 - high) + low * (1 - low)), cells.start)
    return float(cells.multiplicity @ (slope**2 - bend)) > 0


def _climb(cells: _Cells, parameters: Array, nodes: int) -> tuple[Array, float, Array] | None:
    """Newton's method on (thresholds, effects, log SD): the maximum, its value and the observed information."""
    designs = _designs(cells)
    t, w = np.polynomial.hermite.hermgauss(nodes)
    rule = (t, np.log(w) + t**2)
    k = cells.n_points - 1
    at = _integrated(cells, designs, rule, parameters, np.zeros(len(cells.multiplicity)))
    for _ in range(100):
        information = _information(cells, designs, at)
        least = float(np.linalg.eigvalsh(information)[0])
        ridge = 0.0 if least > 1e-8 else 1e-3 - least
        step = np.linalg.solve(information + ridge * np.eye(len(parameters)), at.gradient)
        step *= min(1.0, 2.0 / float(np.abs(step).max()))
        for _ in range(30):
            tried = parameters + step
            if (np.diff(tried[:k]) > 0).all():
                new = _integrated(cells, designs, rule, tried, at.mode)
                if new.value >= at.value - 1e-10 * abs(at.value):
                    break
            step = step / 2
        else:
            return None
        parameters, at = tried, new
        if np.exp(parameters[-1]) < SMALLEST_SD:
            return parameters, at.value, information
        if np.abs(step).max() < 1e-6:
            return parameters, at.value, _information(cells, designs, at)
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
    cells: _Cells, designs: tuple[Array, Array], rule: tuple[Array, Array], parameters: Array, mode: Array
) -> _At:
    """Log-likelihood, its gradient and the groups' modes, from where the modes lay last time."""
    sd = float(np.exp(parameters[-1]))
    upper, lower = _edges(cells, parameters[:-1])
    mode, width = _modes(cells, upper, lower, sd, mode)
    nodes, log_weight = rule
    u = mode[:, None] + np.sqrt(2) * width[:, None] * nodes  # (n_groups, n_nodes)
    shift = sd * u[cells.group]
    up, low = upper[:, None] - shift, lower[:, None] - shift  # (n_cells, n_nodes)
    inside = np.add.reduceat(cells.count[:, None] * _log_chance(up, low), cells.start, axis=0)
    prior = (
        -(u**2) / 2 - 0.5 * np.log(np.pi) + np.log(width)[:, None]
    )  # with the sqrt 2 of the rule taken out
    terms = inside + prior + log_weight
    total = special.logsumexp(terms, axis=1)
    share = np.exp(terms - total[:, None])
    with_up, with_low = _slopes(up, low)
    seen = share[cells.group]
    weight = cells.weight
    gradient = designs[0].T @ (weight * (seen * with_up).sum(axis=1))
    gradient += designs[1].T @ (weight * (seen * with_low).sum(axis=1))
    pull = -(seen * (with_up + with_low) * shift).sum(axis=1)
    value = float(cells.multiplicity @ total)
    return _At(value, np.append(gradient, weight @ pull), mode, up, low, shift, share)


def _slopes(up: Array, low: Array) -> tuple[Array, Array]:
    """How the logarithm of a cell's chance moves with its upper and with its lower bound."""
    ratio = 1 / np.expm1(up - low)
    return special.expit(-up) + ratio, -special.expit(low) - ratio


def _information(cells: _Cells, designs: tuple[Array, Array], at: _At) -> Array:
    """Minus the second derivatives: the mean bend at the nodes, less how the slopes vary over them.

    Reference: Louis (1982) JRSS B 44.
    """
    above, below = designs
    with_up, with_low = _slopes(at.upper, at.lower)
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
        slopes = cells.count[:, None] * (with_up[:, node, None] * above + with_low[:, node, None] * below)
        own = -cells.count * (with_up[:, node] + with_low[:, node]) * at.shift[:, node]
        scores = np.add.reduceat(np.column_stack([slopes, own]), cells.start, axis=0)  # (n_groups, n + 1)
        share = at.share[:, node]
        mean += share[:, None] * scores
        information -= scores.T @ ((cells.multiplicity * share)[:, None] * scores)
    return np.asarray(information + mean.T @ (cells.multiplicity[:, None] * mean))


def _modes(cells: _Cells, upper: Array, lower: Array, sd: float, mode: Array) -> tuple[Array, Array]:
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
