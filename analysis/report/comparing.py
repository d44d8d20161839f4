"""The sections that tell systems apart: ratings in, `Description` and `Comparison` out."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.report.findings import Comparison, Description, Number, Spread
from analysis.stats import descriptives
from analysis.stats.estimates import Interval, Maybe, Undefined
from analysis.stats.ratings import RatingTable
from analysis.stats.significance import all_pairs

NOT_INDEPENDENT = "ratings of one case lean on each other, so the interval over cases is the honest one"


def describe(table: RatingTable, *, confidence: float) -> list[Description]:
    """Each system on each criterion, by rating and by case."""
    return [
        Description(criterion, row.system, _spread(row.ratings, "ratings"), _spread(row.cases, "cases"))
        for criterion in table.criteria
        for row in descriptives.describe(table, criterion, confidence=confidence)
    ]


def _spread(found: descriptives.Spread, counted: str) -> Spread:
    method = "mean of ratings" if counted == "ratings" else "mean over cases of the case means"
    if isinstance(found.mean, Undefined):
        return Spread(Number(None, 0, counted, method, undefined=found.mean.reason), None, None)
    interval = found.interval
    if isinstance(interval, Interval) and counted == "ratings":
        interval = replace(interval, method=f"{interval.method}; {NOT_INDEPENDENT}")
    mean = Number(
        value=found.mean,
        n=found.n,
        counted=counted,
        method=method,
        interval=interval if isinstance(interval, Interval) else None,
        no_interval=interval.reason if isinstance(interval, Undefined) else "",
    )
    return Spread(mean, _defined(found.median), _defined(found.sd))


def _defined(value: Maybe) -> float | None:
    return None if isinstance(value, Undefined) else value


def compare(
    table: RatingTable, *, seed: int, rng: np.random.Generator, confidence: float, n_permutations: int
) -> list[Comparison]:
    """Every pair of systems on every criterion, paired by case, adjusted together."""
    frame = all_pairs(table, rng=rng, confidence=confidence, n_permutations=n_permutations)
    family = int(frame["p"].notna().sum())
    rows = []
    for row in frame.to_dict("records"):
        n, reason = int(row["n"]), str(row["reason"])
        rows.append(
            Comparison(
                criterion=str(row["criterion"]),
                first=str(row["a"]),
                second=str(row["b"]),
                n_cases=n,
                n_left_out=int(row["n_dropped"]),
                difference=_number(row, "mean_difference", ("low", "high"), confidence, n=n, reason=reason),
                t=_maybe(row["t"]),
                df=None if _maybe(row["t"]) is None else int(row["df"]),
                p=_maybe(row["p"]),
                p_holm=_maybe(row["p_holm"]),
                family=family,
                dz=_number(row, "dz", ("dz_low", "dz_high"), confidence, n=n, reason=reason),
                wilcoxon_p=_maybe(row["wilcoxon_p"]),
                permutation_p=_maybe(row["permutation_p"]),
            )
        )
    return rows


METHODS = {
    "mean_difference": ("mean over cases of the difference of case means", "Student's t over cases"),
    "dz": ("Cohen's dz: mean difference over the standard deviation of the differences", "noncentral t"),
}


def _number(
    row: Mapping[object, object],
    key: str,
    ends: tuple[str, str],
    confidence: float,
    *,
    n: int,
    reason: str,
) -> Number:
    method, interval_by = METHODS[key]
    value, low, high = (_maybe(row[name]) for name in (key, *ends))
    if value is None:
        return Number(None, n, "cases", method, undefined=reason or "no case was rated for both systems")
    if low is None or high is None:
        return Number(value, n, "cases", method, no_interval=reason or "the interval could not be found")
    return Number(value, n, "cases", method, interval=Interval(low, high, confidence, interval_by))


def _maybe(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None
