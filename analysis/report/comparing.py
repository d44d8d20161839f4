"""The sections that tell systems apart: ratings in, `Description` and `Comparison` out."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.report.findings import Comparison, Description, Number, Spread
from analysis.report.words import many
from analysis.stats import descriptives
from analysis.stats.dominance import Dominance, any_case, same_case
from analysis.stats.estimates import Interval, Maybe, MaybeInterval, Undefined
from analysis.stats.multiplicity import benjamini_hochberg, holm
from analysis.stats.ratings import RatingTable
from analysis.stats.significance import (
    Pairs,
    SignedRank,
    SignFlip,
    Unpaired,
    pair_means,
    paired_t,
    sign_flip,
    wilcoxon,
)

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
    rows = []
    for criterion in table.criteria:
        means = table.case_means(criterion)
        for first, second in combinations(table.systems, 2):
            try:
                pairs = pair_means(means, criterion, first, second)
            except Unpaired as refusal:
                rows.append(_refused(means, criterion, first, second, str(refusal)))
                continue
            flips = sign_flip(pairs.values_a, pairs.values_b, rng=rng, n_permutations=n_permutations)
            rows.append(_paired(pairs, flips, seed=seed, confidence=confidence))
    return adjusted(rows)


def adjusted(rows: Sequence[Comparison]) -> list[Comparison]:
    """The rows with p adjusted over all of them that have one; a test that could not be made does not count."""
    p = np.array([np.nan if row.p is None else row.p for row in rows])
    family = int(np.isfinite(p).sum())
    both = zip(rows, holm(p), benjamini_hochberg(p), strict=True)
    return [
        replace(row, p_holm=_finite(by_holm), p_bh=_finite(by_bh), family=family)
        for row, by_holm, by_bh in both
    ]


DIFFERENCE = "mean over cases of the difference of case means"
DZ = "Cohen's dz: mean difference over the standard deviation of the differences"
HEDGES = "Hedges' g: dz without its small-sample bias"
DAV = "mean difference over the mean of the two systems' standard deviations of case means"
BISERIAL = (
    "matched-pairs rank-biserial correlation: rank sums for either system, their difference over their total"
)
CLIFF = "Cliff's delta: any case of the first against any case of the second, chance of higher less chance of lower"
SAME_CASE = "share of cases in which the first was rated higher, ties counted half"
NO_INTERVAL_OF_P = "a p-value has no interval"


def _paired(pairs: Pairs, flips: SignFlip | Undefined, *, seed: int, confidence: float) -> Comparison:
    x, y = pairs.values_a, pairs.values_b
    found, ranks = paired_t(x, y, confidence=confidence), wilcoxon(x, y)
    n = found.n
    of_cases = partial(_number, n, "cases")
    any_one, same = any_case(x, y, paired=True, confidence=confidence), same_case(x, y, confidence=confidence)
    return Comparison(
        criterion=pairs.criterion,
        first=pairs.a,
        second=pairs.b,
        n_cases=n,
        n_left_out=pairs.n_dropped,
        difference=of_cases(DIFFERENCE, found.mean_difference, found.interval),
        t=_defined(found.t),
        df=None if isinstance(found.t, Undefined) else found.df,
        p=_defined(found.p),
        p_holm=None,
        family=0,
        dz=of_cases(DZ, found.dz, found.dz_interval),
        wilcoxon_p=None if isinstance(ranks, Undefined) else ranks.p,
        permutation_p=None if isinstance(flips, Undefined) else flips.p,
        wilcoxon=_signed_ranks(ranks, n),
        permutation=_sign_flips(flips, n, seed),
        hedges_g=of_cases(HEDGES, found.hedges_g, found.hedges_interval),
        dav=of_cases(DAV, found.dav, Undefined("none is computed: dz and Hedges' g have one")),
        rank_biserial=of_cases(
            BISERIAL,
            ranks if isinstance(ranks, Undefined) else ranks.rank_biserial,
            Undefined("none is computed: Cliff's delta and the share of cases have one"),
        ),
        cliffs_delta=of_cases(CLIFF, *_delta(any_one)),
        superiority=of_cases(SAME_CASE, *_superiority(same)),
    )


def _refused(means: pd.DataFrame, criterion: str, first: str, second: str, why: str) -> Comparison:
    rated = means[[first, second]].notna()
    shared = int(rated.all(axis=1).sum())
    nothing = partial(_number, shared, "cases", value=Undefined(why), interval=Undefined(why))
    return Comparison(
        criterion=criterion,
        first=first,
        second=second,
        n_cases=shared,
        n_left_out=int(rated.any(axis=1).sum()) - shared,
        difference=nothing(DIFFERENCE),
        t=None,
        df=None,
        p=None,
        p_holm=None,
        family=0,
        dz=nothing(DZ),
    )


def _signed_ranks(found: SignedRank | Undefined, n: int) -> Number:
    method = "Wilcoxon's signed-rank test, two-sided p"
    if isinstance(found, Undefined):
        return Number(None, n, "cases", method, undefined=found.reason)
    law = (
        "exact" if found.method == "exact" else "normal approximation, corrected for ties, not for continuity"
    )
    zeros = "no case without a difference"
    if found.n_zero:
        kept = "left out" if found.zero_method == "wilcox" else "ranked and then left out"
        zeros = f"{many(found.n_zero, 'case')} without a difference {kept}"
    method = f"{method}; {law}; {zeros}; W = {found.w:g}, the smaller rank sum"
    return Number(found.p, n, "cases", method, no_interval=NO_INTERVAL_OF_P)


def _sign_flips(found: SignFlip | Undefined, n: int, seed: int) -> Number:
    method = "permutation test that flips the signs of the cases' differences, two-sided p"
    if isinstance(found, Undefined):
        return Number(None, n, "cases", method, undefined=found.reason)
    if found.exact:
        words = f"{method}; exact, all {found.n_permutations:,} patterns"
        return Number(found.p, n, "cases", words, no_interval=NO_INTERVAL_OF_P)
    words = f"{method}; (c + 1) / (B + 1) with B = {found.n_permutations:,} drawn patterns"
    return Number(found.p, n, "cases", words, no_interval=NO_INTERVAL_OF_P, seed=seed)


def _delta(found: Dominance | Undefined) -> tuple[Maybe, MaybeInterval]:
    return (found, found) if isinstance(found, Undefined) else (found.delta, found.interval)


def _superiority(found: Dominance | Undefined) -> tuple[Maybe, MaybeInterval]:
    if isinstance(found, Undefined):
        return found, found
    return found.superiority, found.superiority_interval


def _number(n: int, counted: str, method: str, value: Maybe, interval: MaybeInterval) -> Number:
    if isinstance(value, Undefined):
        return Number(None, n, counted, method, undefined=value.reason)
    if isinstance(interval, Undefined):
        return Number(value, n, counted, method, no_interval=interval.reason)
    return Number(value, n, counted, method, interval=interval)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
