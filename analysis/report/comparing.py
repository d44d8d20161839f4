"""The sections that tell systems apart: ratings in, `Description` and `Comparison` out."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from analysis.report.comparing_unpaired import unpaired
from analysis.report.findings.comparisons import Comparison, Description, Spread
from analysis.report.findings.number import Number
from analysis.report.numbers import NO_INTERVAL_OF_P, as_number, defined
from analysis.report.words import many
from analysis.stats import descriptives
from analysis.stats.dominance import any_case, delta_of, same_case, superiority_of
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm
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
    return Spread(mean, defined(found.median), defined(found.sd))


def compare(
    table: RatingTable, *, seed: int, rng: np.random.Generator, confidence: float, n_permutations: int
) -> list[Comparison]:
    """Every pair of systems on every criterion: paired by case where they share cases, else as unpaired."""
    rows = []
    for criterion in table.criteria:
        means = table.case_means(criterion)
        for first, second in combinations(table.systems, 2):
            try:
                pairs = pair_means(means, criterion, first, second)
            except Unpaired:
                rows.append(unpaired(means, criterion, first, second, confidence=confidence))
                continue
            flips = sign_flip(pairs.values_a, pairs.values_b, rng=rng, n_permutations=n_permutations)
            rows.append(_paired(pairs, flips, seed=seed, confidence=confidence))
    return adjusted(rows)


def adjusted(rows: Sequence[Comparison]) -> list[Comparison]:
    """The rows with p adjusted over all of their design that have one; what could not be tested does not count."""
    p = np.array([np.nan if row.p is None else row.p for row in rows])
    design = np.array([row.design for row in rows])
    by_holm, by_bh, by_by = (np.full(len(rows), np.nan) for _ in range(3))
    family = np.zeros(len(rows), int)
    for name in np.unique(design):
        same = design == name
        by_holm[same], by_bh[same] = holm(p[same]), benjamini_hochberg(p[same])
        by_by[same] = benjamini_yekutieli(p[same])
        family[same] = np.isfinite(p[same]).sum()
    return [
        replace(
            row,
            p_holm=_finite(by_holm[place]),
            p_bh=_finite(by_bh[place]),
            p_by=_finite(by_by[place]),
            family=int(family[place]),
        )
        for place, row in enumerate(rows)
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


def _paired(pairs: Pairs, flips: SignFlip | Undefined, *, seed: int, confidence: float) -> Comparison:
    x, y = pairs.values_a, pairs.values_b
    found, ranks = paired_t(x, y, confidence=confidence), wilcoxon(x, y)
    n = found.n
    of_cases = partial(as_number, n, "cases")
    any_one, same = any_case(x, y, paired=True, confidence=confidence), same_case(x, y, confidence=confidence)
    return Comparison(
        criterion=pairs.criterion,
        first=pairs.a,
        second=pairs.b,
        n_cases=n,
        n_left_out=pairs.n_dropped,
        difference=of_cases(DIFFERENCE, found.mean_difference, found.interval),
        t=defined(found.t),
        df=None if isinstance(found.t, Undefined) else float(found.df),
        p=defined(found.p),
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
        cliffs_delta=of_cases(CLIFF, *delta_of(any_one)),
        superiority=of_cases(SAME_CASE, *superiority_of(same)),
    )


def _signed_ranks(found: SignedRank | Undefined, n: int) -> Number:
    method = "Wilcoxon's signed-rank test, two-sided p"
    if isinstance(found, Undefined):
        return as_number(n, "cases", method, found, NO_INTERVAL_OF_P)
    law = (
        "exact" if found.method == "exact" else "normal approximation, corrected for ties, not for continuity"
    )
    zeros = "no case without a difference"
    if found.n_zero:
        kept = "left out" if found.zero_method == "wilcox" else "ranked and then left out"
        zeros = f"{many(found.n_zero, 'case')} without a difference {kept}"
    method = f"{method}; {law}; {zeros}; W = {found.w:g}, the smaller rank sum"
    return as_number(n, "cases", method, found.p, NO_INTERVAL_OF_P)


def _sign_flips(found: SignFlip | Undefined, n: int, seed: int) -> Number:
    method = "permutation test that flips the signs of the cases' differences, two-sided p"
    if isinstance(found, Undefined):
        return as_number(n, "cases", method, found, NO_INTERVAL_OF_P)
    if found.exact:
        patterns = found.n_permutations
        all_of = f"{patterns:,}" if patterns < 10**6 else f"2 to the power of {patterns.bit_length() - 1:,}"
        words = f"{method}; exact, all {all_of} patterns"
        return as_number(n, "cases", words, found.p, NO_INTERVAL_OF_P)
    words = f"{method}; (c + 1) / (B + 1) with B = {found.n_permutations:,} drawn patterns"
    return as_number(n, "cases", words, found.p, NO_INTERVAL_OF_P, seed=seed)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
