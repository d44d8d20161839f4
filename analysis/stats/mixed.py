"""All ratings at once: a linear mixed model with annotators, cases and texts as crossed random factors.

A rating is the mean of its system, plus what its annotator gives to everybody, plus what this annotator thinks of this
system, plus what its case gives to every text about it, plus what the text itself is worth, plus a rest. Fitted by
restricted maximum likelihood. It uses ratings of cases that not every system was rated on, allows for severe and
lenient annotators and for those who disagree about systems, and says how much of the variance each factor makes.

How it is computed: texts lie within cases, and both are taken out of the equations in closed form, so what is left is
as many equations as annotators times systems, however many ratings there are.

References: Henderson (1953) Biometrics 9 for the equations; Bates et al. (2015) Journal of Statistical Software 67 for
the relative scale of the variances; Fai & Cornelius (1996) Journal of Statistical Computation and Simulation 54 for
the degrees of freedom.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize, sparse, special

from analysis.stats.estimates import Interval, Undefined

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Rows = Any
"""An array, or a csr_array of scipy, which states no types."""
Factor = Literal["annotator", "annotator by system", "case", "text"]
FACTORS: tuple[Factor, ...] = ("annotator", "annotator by system", "case", "text")

MOST_EQUATIONS = 1000
"""Of annotators, and of annotators times systems: more are too many to solve again and again."""
_WHOLE_CELLS = 200_000
_FLOOR = 1e-3
_ZERO = 1e-4
"""Relative SDs below it are at the edge of what is possible: the factor makes no variance."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """The difference of two systems' means, all else alike."""

    estimate: float
    se: float
    df: float
    """Of Satterthwaite."""
    t: float
    p: float
    """Two-sided."""
    interval: Interval


@dataclass(frozen=True, eq=False)
class MixedModel:
    """Estimates by restricted maximum likelihood."""

    means: Array
    """Shape (n_systems,)."""
    covariance: Array
    """Of the means."""
    variances: dict[str, float]
    """Of each factor that took part, and `rest`."""
    left_out: dict[str, str]
    """Factors that could not take part, and why."""
    log_likelihood: float
    """Restricted, at its maximum."""
    n_ratings: int
    gradients: tuple[Array, ...]
    """How the means' covariance moves with each parameter of the variances."""
    parameter_covariance: Array

    def contrast(self, first: int, second: int, *, confidence: float = 0.95) -> Contrast | Undefined:
        """Mean of one system less that of another, t with Satterthwaite's degrees of freedom."""
        weights = np.zeros(len(self.means))
        weights[first], weights[second] = 1.0, -1.0
        estimate, variance = float(weights @ self.means), float(weights @ self.covariance @ weights)
        slope = np.array([weights @ gradient @ weights for gradient in self.gradients])
        doubt = float(slope @ self.parameter_covariance @ slope)
        if not variance > 0 or not doubt > 0:
            return Undefined("the variances are too uncertain to give the difference degrees of freedom")
        se, df = variance**0.5, 2 * variance**2 / doubt
        half = float(special.stdtrit(df, (1 + confidence) / 2)) * se
        words = "t of the mixed model, degrees of freedom of Satterthwaite"
        return Contrast(
            estimate=estimate,
            se=se,
            df=df,
            t=estimate / se,
            p=float(2 * special.stdtr(df, -abs(estimate / se))),
            interval=Interval(estimate - half, estimate + half, confidence, words),
        )


@dataclass(frozen=True, eq=False)
class _Sums:
    """All the model needs of the ratings: products over ratings, sums over texts."""

    products: Array
    """Shape (w, w), columns annotators, annotators by systems where they take part, systems, the rating."""
    sums: Rows
    """Shape (n_texts, w); whole where that is small, for it is quicker so."""
    of_case: sparse.csr_array
    """Shape (n_cases, n_texts): 1 where the text is about the case."""
    n: Array
    """Shape (n_texts,): ratings a text."""
    of_annotators: tuple[Factor, ...]
    """The factor of each column before the systems'."""
    n_systems: int


def mixed_model(
    value: npt.ArrayLike,
    *,
    system: Codes,
    case: Codes,
    annotator: Codes | None,
    n_systems: int,
    wanted: Sequence[Factor] = FACTORS,
) -> MixedModel | Undefined:
    """Fit the model to ratings, one entry a rating in each array.

    Args:
        system, case: whole numbers from 0; a text is a case and a system.
        annotator: the same, or None where names do not follow persons.
        wanted: which random factors the model shall have, where the data allow.

    Returns:
        Undefined where the ratings leave no spread or more annotators gave them than can be solved for. A factor whose
        groups have one rating each, or that cannot be told from another, stays out and says why in `left_out`.
    """
    y = np.asarray(value, dtype=np.float64)
    if len(np.unique(system)) < 2:
        return Undefined("fewer than two systems have ratings")
    if np.ptp(y) == 0:
        return Undefined(f"every rating is {y[0]:g} (100% agreement)")
    factors, left_out = _factors(system, case, annotator, wanted)
    people = None if annotator is None else np.unique(annotator, return_inverse=True)[1].astype(np.int64)
    if "annotator" in factors and people is not None and people.max() >= MOST_EQUATIONS:
        return Undefined(
            f"more than {MOST_EQUATIONS:,} annotators are not solved for; read the tests over cases"
        )
    sums = _sums(y - y.mean(), system, case, people, n_systems, factors)
    if len(y) <= n_systems:
        return Undefined(f"{len(y)} ratings of {n_systems} systems leave no rest")
    theta = _fitted(sums, factors, len(y))
    return _described(sums, factors, theta, float(y.mean()), len(y), left_out)


def _factors(
    system: Codes, case: Codes, annotator: Codes | None, wanted: Sequence[Factor]
) -> tuple[tuple[Factor, ...], dict[str, str]]:
    """Which of the wanted factors can be told apart in these data, and why the others cannot."""
    text = np.unique(case * (int(system.max()) + 1) + system, return_inverse=True)[1]
    n_texts, n_cases = int(text.max()) + 1, len(np.unique(case))
    left_out: dict[str, str] = {}
    if annotator is None:
        left_out["annotator"] = "names of annotators do not follow persons"
    elif len(np.unique(annotator)) < 2:
        left_out["annotator"] = "one annotator gave all ratings"
    elif len(np.unique(annotator)) == len(annotator):
        left_out["annotator"] = "each annotator gave one rating"
    if annotator is None or "annotator" in left_out:
        left_out["annotator by system"] = left_out["annotator"]
    else:
        n_people, n_systems = len(np.unique(annotator)), len(np.unique(system))
        n_tastes = len(np.unique(annotator * (int(system.max()) + 1) + system))
        if n_tastes == n_people:
            left_out["annotator by system"] = "each annotator rated one system"
        elif n_tastes == len(annotator):
            left_out["annotator by system"] = "each annotator gave one rating to a system"
        elif n_people * n_systems > MOST_EQUATIONS:
            left_out["annotator by system"] = f"more than {MOST_EQUATIONS:,} of them are not solved for"
    if n_texts == len(text):
        left_out["text"] = "each text has one rating, so what a text is worth cannot be told from the rest"
    if n_cases == n_texts:
        left_out["case"] = "each case has one text, so cases cannot be told from texts"
    left_out = {name: why for name, why in left_out.items() if name in wanted}
    return tuple(name for name in FACTORS if name in wanted and name not in left_out), left_out


def _sums(
    y: Array, system: Codes, case: Codes, annotator: Codes | None, n_systems: int, factors: tuple[Factor, ...]
) -> _Sums:
    text, inverse = np.unique(case * n_systems + system, return_inverse=True)
    cases, of_text = np.unique(text // n_systems, return_inverse=True)
    blocks: list[tuple[Factor, Codes]] = []
    if annotator is not None and "annotator" in factors:
        blocks.append(("annotator", annotator))
    if annotator is not None and "annotator by system" in factors:
        blocks.append(("annotator by system", annotator * n_systems + system))
    of_annotators: list[Factor] = []
    columns = []
    for name, column in blocks:
        columns.append(len(of_annotators) + column)
        of_annotators += [name] * (int(column.max()) + 1)
    n_texts, rows = len(text), np.arange(len(y))
    width = len(of_annotators) + n_systems + 1
    columns += [len(of_annotators) + system, np.full(len(y), width - 1)]
    entries = np.concatenate([np.ones((len(columns) - 1) * len(y)), y])
    where = np.tile(rows, len(columns)), np.concatenate(columns)
    design = sparse.csr_array((entries, where), shape=(len(y), width))
    gather = sparse.csr_array((np.ones(len(y)), (inverse, rows)), shape=(n_texts, len(y)))
    of_texts = sparse.csr_array(gather @ design)
    return _Sums(
        products=(design.T @ design).toarray(),
        sums=of_texts.toarray() if n_texts * width <= _WHOLE_CELLS else of_texts,
        of_case=sparse.csr_array(
            (np.ones(n_texts), (of_text, np.arange(n_texts))), shape=(len(cases), n_texts)
        ),
        n=np.bincount(inverse).astype(np.float64),
        of_annotators=tuple(of_annotators),
        n_systems=n_systems,
    )


@dataclass(frozen=True, eq=False)
class _Solved:
    log_determinant: float
    """Of the ratings' covariance and of the information on the means, both relative to the rest."""
    information: Array
    means: Array
    rest: float
    """Weighted sum of squares about the means."""


def _solved(sums: _Sums, theta: dict[Factor, float]) -> _Solved:
    """Take texts, then cases, then annotators out of the equations at these relative SDs."""
    text, case = (theta.get(name, 0.0) ** 2 for name in ("text", "case"))
    scale = np.array([theta.get(name, 0.0) for name in sums.of_annotators])
    share = 1 / (1 + text * sums.n)  # how much of a text's sum is left once texts are out
    left = sums.products - _squared(sums.sums, text * share)
    per_case = sums.of_case @ _scaled(sums.sums, share)
    weight = sums.of_case @ (share * sums.n)
    left = left - _squared(per_case, case / (1 + case * weight))
    log_determinant = float(np.log1p(text * sums.n).sum() + np.log1p(case * weight).sum())
    a = len(scale)
    if scale.any():
        lower = linalg.cholesky(np.eye(a) + scale[:, None] * left[:a, :a] * scale, lower=True)
        log_determinant += 2 * float(np.log(np.diag(lower)).sum())
        across = linalg.solve_triangular(lower, scale[:, None] * left[:a, a:], lower=True)
        left = left[a:, a:] - across.T @ across
    else:
        left = left[a:, a:]
    information, pull = left[:-1, :-1], left[:-1, -1]
    means: Array = np.asarray(np.linalg.solve(information, pull), dtype=np.float64)
    return _Solved(
        log_determinant=log_determinant + float(np.linalg.slogdet(information)[1]),
        information=information,
        means=means,
        rest=float(left[-1, -1] - pull @ means),
    )


def _scaled(rows: Rows, weight: Array) -> Rows:
    if isinstance(rows, np.ndarray):
        return np.asarray(rows * weight[:, None])
    data = rows.data * np.repeat(weight, np.diff(rows.indptr))
    return sparse.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)


def _squared(rows: Rows, weight: Array) -> Array:
    """Sum over rows of weight times the row's products with itself."""
    product = rows.T @ _scaled(rows, weight)
    return np.asarray(product if isinstance(product, np.ndarray) else product.toarray())


def _fitted(sums: _Sums, factors: tuple[Factor, ...], n: int) -> Array:
    """The relative SDs of the factors at which the restricted likelihood is highest."""
    freedom = n - sums.n_systems

    def deviance(theta: Array) -> float:
        found = _solved(sums, dict(zip(factors, np.abs(theta), strict=True)))
        return found.log_determinant + freedom * float(np.log(max(found.rest, 1e-300)))

    def ratios(x: Array) -> Array:
        return np.maximum(np.exp(x) - _FLOOR, 0.0)

    def sloped(x: Array) -> tuple[float, Array]:
        """In log(relative variance + a little), whose slope at 0 tells whether to leave it; that of the SDs is 0."""
        value = deviance(np.sqrt(ratios(x)))
        steps = 1e-5 * np.eye(len(x))
        return value, np.array([deviance(np.sqrt(ratios(x + step))) - value for step in steps]) / 1e-5

    if not factors:
        return np.zeros(0)
    bounds = [(float(np.log(_FLOOR)), float(np.log(1e8)))] * len(factors)
    start = np.full(len(factors), np.log(0.1 + _FLOOR))
    found = optimize.minimize(sloped, start, jac=True, method="L-BFGS-B", bounds=bounds)
    theta = np.sqrt(ratios(found.x))
    theta = np.where(theta < _ZERO, 0.0, theta)
    inner = np.flatnonzero(theta)
    for _ in range(4):  # differences of the deviance leave the last digits to Newton's method
        slope, bend = _derivatives(deviance, theta, inner)
        if not len(inner) or (np.linalg.eigvalsh(bend) <= 0).any():
            break
        step = np.linalg.solve(bend, slope)
        if (np.abs(step) > 0.2 * theta[inner]).any():
            break
        theta[inner] -= step
        if np.abs(step).max() < 1e-9:
            break
    return theta


def _derivatives(
    value: Callable[[Array], float], at: Array, inner: npt.NDArray[np.intp]
) -> tuple[Array, Array]:
    """Slope and second derivatives of a function of the inner places, by central differences."""
    k, width = len(inner), 1e-3 * np.maximum(at[inner], 0.05)

    def moved(steps: Array) -> float:
        point = at.copy()
        point[inner] += steps * width
        return value(point)

    unit, middle = np.eye(k), moved(np.zeros(k))
    slope, bend = np.zeros(k), np.zeros((k, k))
    for i in range(k):
        up, down = moved(unit[i]), moved(-unit[i])
        slope[i], bend[i, i] = (up - down) / 2, up - 2 * middle + down
        for j in range(i):
            both = moved(unit[i] + unit[j]) + moved(-unit[i] - unit[j])
            across = moved(unit[i] - unit[j]) + moved(unit[j] - unit[i])
            bend[i, j] = bend[j, i] = (both - across) / 4
    return slope / width, bend / np.outer(width, width)


def _described(
    sums: _Sums, factors: tuple[Factor, ...], theta: Array, mean: float, n: int, left_out: dict[str, str]
) -> MixedModel | Undefined:
    found = _solved(sums, dict(zip(factors, theta, strict=True)))
    freedom = n - sums.n_systems
    rest = found.rest / freedom
    if not rest > 1e-12:
        return Undefined("means of systems, cases and texts explain every rating, so no rest is left")
    inner = np.flatnonzero(theta)

    def given_rest(point: Array) -> float:
        at = _solved(sums, dict(zip(factors, point, strict=True)))
        return at.log_determinant + at.rest / rest

    # Parameters: relative SDs inside their range, then the logarithm of the rest's variance.
    bend = np.zeros((len(inner) + 1, len(inner) + 1))
    bend[-1, -1] = freedom
    gradients = []
    if len(inner):
        _, bend[:-1, :-1] = _derivatives(given_rest, theta, inner)
        for place, at in enumerate(inner):
            width = 1e-4 * max(float(theta[at]), 0.05)
            ends = []
            for side in (1, -1):
                point = theta.copy()
                point[at] += side * width
                ends.append(_solved(sums, dict(zip(factors, point, strict=True))))
            bend[place, -1] = bend[-1, place] = -(ends[0].rest - ends[1].rest) / (2 * width) / rest
            inverses = [np.linalg.inv(end.information) for end in ends]
            gradients.append(np.asarray(rest * (inverses[0] - inverses[1]) / (2 * width), dtype=np.float64))
    covariance: Array = np.asarray(rest * np.linalg.inv(found.information), dtype=np.float64)
    variances = {name: float(value**2 * rest) for name, value in zip(factors, theta, strict=True)}
    deviance = found.log_determinant + freedom * (1 + np.log(2 * np.pi * rest))
    return MixedModel(
        means=found.means + mean,
        covariance=covariance,
        variances=variances | {"rest": rest},
        left_out=left_out,
        log_likelihood=-float(deviance) / 2,
        n_ratings=n,
        gradients=(*gradients, covariance),
        parameter_covariance=_uncertainty(bend),
    )


def _uncertainty(bend: Array) -> Array:
    """Covariance of the variances' parameters; nought, which no contrast takes for an answer, where there is none."""
    if np.linalg.eigvalsh(bend)[0] <= 0:
        return np.zeros_like(bend)
    return np.asarray(2 * np.linalg.inv(bend), dtype=np.float64)
