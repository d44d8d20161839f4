"""Two systems that were not rated on the same cases: the tests for it, as a `Comparison` of its own design."""

from functools import partial

import pandas as pd

from analysis.report.findings.comparisons import Comparison
from analysis.report.findings.number import Number
from analysis.report.numbers import NO_INTERVAL_OF_P, as_number, defined
from analysis.stats.dominance import any_case, delta_of, superiority_of
from analysis.stats.estimates import Undefined
from analysis.stats.unpaired import RankSum, rank_sum, samples, welch_t

DIFFERENCE = "difference of the means of case means"
HEDGES = (
    "Hedges' g: difference over the pooled standard deviation of case means, without its small-sample bias"
)
CLIFF = "Cliff's delta: any case of the first against any case of the second, chance of higher less chance of lower"
SUPERIORITY = "chance that a case of the first was rated higher than a case of the second, ties counted half"
NOT_PAIRED = Undefined("the systems were rated on different cases, so there are no differences within cases")


def unpaired(
    means: pd.DataFrame, criterion: str, first: str, second: str, *, confidence: float
) -> Comparison:
    """Welch's t, Mann and Whitney's U and the effect sizes that need no pairs.

    Args:
        means: `RatingTable.case_means` of the criterion.
    """
    both = samples(means, first, second)
    x, y = both.values_a, both.values_b
    found, ranks = welch_t(x, y, confidence=confidence), rank_sum(x, y)
    order = any_case(x, y, paired=False, confidence=confidence)
    n_cases = len(x) + len(y) - both.n_shared
    shared = (
        f"; {both.n_shared:,} cases rated for both are treated as different ones" if both.n_shared else ""
    )
    of_cases = partial(as_number, n_cases, "cases")
    return Comparison(
        criterion=criterion,
        first=first,
        second=second,
        n_cases=n_cases,
        n_left_out=0,
        difference=of_cases(DIFFERENCE + shared, found.mean_difference, found.interval),
        t=defined(found.t),
        df=defined(found.df),
        p=defined(found.p),
        p_holm=None,
        family=0,
        dz=of_cases("Cohen's dz", NOT_PAIRED, NOT_PAIRED),
        hedges_g=of_cases(HEDGES, found.hedges_g, found.hedges_interval),
        cliffs_delta=of_cases(CLIFF, *delta_of(order)),
        superiority=of_cases(SUPERIORITY, *superiority_of(order)),
        design="unpaired",
        n_first=len(x),
        n_second=len(y),
        mann_whitney=_rank_sums(ranks, n_cases),
    )


def _rank_sums(found: RankSum | Undefined, n: int) -> Number:
    method = "Mann and Whitney's U test, two-sided p"
    if isinstance(found, Undefined):
        return as_number(n, "cases", method, found, NO_INTERVAL_OF_P)
    law = (
        "exact" if found.method == "exact" else "normal approximation, corrected for ties, not for continuity"
    )
    return as_number(n, "cases", f"{method}; {law}; U = {found.u:g}, of the first", found.p, NO_INTERVAL_OF_P)
