"""The section that takes all ratings at once: ratings in, `Model` out."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy import special

from analysis.report.findings.comparisons import Contrast, Model, Variance
from analysis.report.numbers import as_number
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.mixed import MixedModel, mixed_model
from analysis.stats.multiplicity import holm
from analysis.stats.ordinal import CumulativeLink, cumulative_link_mixed
from analysis.stats.ratings import RatingTable

LINEAR = "difference of the systems' means in the linear mixed model of all ratings, in points of the scale"
ORDINAL = "log-odds ratio of a higher rating in the cumulative-link model of all ratings"
NO_INTERVAL = Undefined("no interval is computed for variances")
MOST_RATINGS = 500_000
"""Beyond it the models are not fitted; the tests over cases are."""


def model(table: RatingTable, *, confidence: float) -> list[Model]:
    """The linear mixed and the cumulative-link model of each criterion; nothing for a single system."""
    if len(table.systems) < 2 or len(table) > MOST_RATINGS:
        return []
    found = [_linear(table, name, confidence) for name in table.criteria]
    return [*_adjusted(found), *_adjusted([_ordinal(table, name, confidence) for name in table.criteria])]


def _linear(table: RatingTable, criterion: str, confidence: float) -> Model:
    rows = _rated(table, criterion)
    value = np.asarray(table.levels, dtype=np.float64)[table.point[rows]]
    system, used = np.unique(table.system[rows], return_inverse=True)
    fitted = mixed_model(
        value,
        system=used,
        case=table.case[rows],
        annotator=table.annotator[rows] if table.annotators_identified else None,
        n_systems=len(system),
    )
    if isinstance(fitted, Undefined):
        return Model(criterion, "linear mixed", len(rows), undefined=fitted.reason)
    return Model(
        criterion,
        "linear mixed",
        len(rows),
        contrasts=tuple(
            _difference(fitted, pair, [table.systems[system[place]] for place in pair], confidence)
            for pair in combinations(range(len(system)), 2)
        ),
        variances=_shares(fitted),
        log_likelihood=fitted.log_likelihood,
        left_out=tuple(f"{factor}: {why}" for factor, why in fitted.left_out.items()),
    )


def _difference(
    fitted: MixedModel, pair: tuple[int, int], names: Sequence[str], confidence: float
) -> Contrast:
    first, second = names
    found = fitted.contrast(*pair, confidence=confidence)
    if isinstance(found, Undefined):
        return Contrast(first, second, as_number(fitted.n_ratings, "ratings", LINEAR, found, found))
    return Contrast(
        first,
        second,
        as_number(fitted.n_ratings, "ratings", LINEAR, found.estimate, found.interval),
        se=found.se,
        statistic=found.t,
        df=found.df,
        p=found.p,
    )


def _shares(fitted: MixedModel) -> tuple[Variance, ...]:
    whole = sum(fitted.variances.values())
    method = "variance component by restricted maximum likelihood"
    return tuple(
        Variance(factor, as_number(fitted.n_ratings, "ratings", method, value, NO_INTERVAL), value / whole)
        for factor, value in fitted.variances.items()
    )


def _ordinal(table: RatingTable, criterion: str, confidence: float) -> Model:
    rows = _rated(table, criterion)
    system, used = np.unique(table.system[rows], return_inverse=True)
    factor, group = _group(table, rows)
    fitted = cumulative_link_mixed(table.point[rows], np.eye(len(system))[used][:, 1:], group)
    n_points = len(np.unique(table.point[rows]))
    if len(system) < 2:
        fitted = Undefined("fewer than two systems have ratings")
    elif n_points < 2:
        fitted = Undefined("every rating is the same (100% agreement)")
    if isinstance(fitted, Undefined):
        return Model(criterion, "cumulative link", len(rows), undefined=fitted.reason)
    variance = as_number(
        len(rows), "ratings", "variance of log-odds by maximum likelihood, Gauss-Hermite quadrature", fitted.sd**2,
        NO_INTERVAL,
    )  # fmt: skip
    return Model(
        criterion,
        "cumulative link",
        len(rows),
        contrasts=tuple(
            _log_odds(fitted, [table.systems[system[place]] for place in pair], pair, confidence)
            for pair in combinations(range(len(system)), 2)
        ),
        variances=(Variance(factor, variance, fitted.sd**2 / (fitted.sd**2 + np.pi**2 / 3)),),
        log_likelihood=fitted.log_likelihood,
    )


def _group(table: RatingTable, rows: np.ndarray) -> tuple[str, np.ndarray]:
    """What the ratings of one group share: a text, unless texts have one rating each; then a case or a person."""
    text = table.case[rows] * len(table.systems) + table.system[rows]
    choices = [("text", text), ("case", table.case[rows])]
    if table.annotators_identified:
        choices.append(("annotator", table.annotator[rows]))
    for name, group in choices:
        if len(np.unique(group)) < len(group):
            return name, group
    return choices[0]


def _log_odds(
    fitted: CumulativeLink, names: Sequence[str], places: Sequence[int], confidence: float
) -> Contrast:
    weights = np.zeros(len(fitted.effects) + 1)
    weights[places[0]], weights[places[1]] = 1.0, -1.0
    weights = weights[1:]  # the first system is what the others are measured from
    estimate, se = float(weights @ fitted.effects), float((weights @ fitted.covariance @ weights) ** 0.5)
    half, z = float(special.ndtri((1 + confidence) / 2)) * se, estimate / se
    interval = Interval(estimate - half, estimate + half, confidence, "normal, from the observed information")
    return Contrast(
        names[0],
        names[1],
        as_number(fitted.n_ratings, "ratings", ORDINAL, estimate, interval),
        se=se,
        statistic=z,
        p=float(2 * special.ndtr(-abs(z))),
    )


def _rated(table: RatingTable, criterion: str) -> np.ndarray:
    rows = table.first_looks(criterion)
    return np.asarray(rows[table.point[rows] >= 0])


def _adjusted(models: list[Model]) -> list[Model]:
    """Holm's adjustment over the contrasts of all criteria."""
    p = [np.nan if row.p is None else row.p for one in models for row in one.contrasts]
    adjusted = iter(holm(p))
    family = int(np.isfinite(p).sum())
    answer = []
    for one in models:
        contrasts = []
        for row in one.contrasts:
            value = float(next(adjusted))
            contrasts.append(replace(row, p_holm=value if np.isfinite(value) else None))
        answer.append(replace(one, contrasts=tuple(contrasts), family=family))
    return answer
