"""The section that asks of all systems at once: ratings in, `Omnibus` out."""

from itertools import combinations

import numpy as np

from analysis.report.findings.comparisons import MeanRank, Omnibus, RankPair
from analysis.report.numbers import as_number
from analysis.stats.estimates import Undefined
from analysis.stats.many_systems import Ranks, compare_ranks
from analysis.stats.multiplicity import holm
from analysis.stats.ratings import RatingTable

FRIEDMAN = "Friedman's chi-square over case means ranked within cases, corrected for ties"
KENDALL = "Kendall's W: how far the cases agree on the order of the systems, 0 to 1"
IMAN = "Iman and Davenport's F of the same ranks"
NEMENYI = "Nemenyi's critical difference of mean ranks"
NONE_COMPUTED = Undefined("none is computed: the test has a p-value")


def rank(table: RatingTable, *, confidence: float) -> list[Omnibus]:
    """All systems of a study at once, one criterion after another; nothing with fewer than three systems."""
    if len(table.systems) < 3:
        return []
    found = [compare_ranks(table.case_means(name), confidence=confidence) for name in table.criteria]
    p_holm = holm([np.nan if isinstance(ranks, Undefined) else ranks.p for ranks in found])
    return [
        _nothing(name, ranks) if isinstance(ranks, Undefined) else _omnibus(name, ranks, float(p), confidence)
        for name, ranks, p in zip(table.criteria, found, p_holm, strict=True)
    ]


def _omnibus(criterion: str, ranks: Ranks, p_holm: float, confidence: float) -> Omnibus:
    n, k = ranks.n_cases, len(ranks.systems)
    f = Undefined("every case orders the systems alike") if np.isinf(ranks.f) else ranks.f
    f_words = f"{IMAN}, {ranks.df} and {ranks.df * (n - 1):,} degrees of freedom; p = {ranks.f_p:.3g}"
    level = f"{1 - confidence:.2g}"
    pairs = list(combinations(range(k), 2))
    conover = holm([ranks.conover_p[a, b] for a, b in pairs])
    exact = Undefined("it follows from the numbers of systems and cases alone")
    return Omnibus(
        criterion=criterion,
        n_cases=n,
        n_left_out=ranks.n_left_out,
        friedman=as_number(n, "cases", FRIEDMAN, ranks.chi2, NONE_COMPUTED),
        df=ranks.df,
        p=ranks.p,
        p_holm=p_holm,
        iman_davenport=as_number(n, "cases", f_words, f, NONE_COMPUTED),
        kendalls_w=as_number(n, "cases", KENDALL, ranks.kendalls_w, NONE_COMPUTED),
        critical_difference=as_number(
            n, "cases", f"{NEMENYI} of {k} systems at {level}", ranks.critical_difference, exact
        ),
        ranks=tuple(
            MeanRank(name, float(mean)) for name, mean in zip(ranks.systems, ranks.mean_ranks, strict=True)
        ),
        pairs=tuple(
            RankPair(
                ranks.systems[a],
                ranks.systems[b],
                float(ranks.mean_ranks[a] - ranks.mean_ranks[b]),
                float(ranks.pair_p[a, b]),
                float(p),
            )
            for (a, b), p in zip(pairs, conover, strict=True)
        ),
    )


def _nothing(criterion: str, why: Undefined) -> Omnibus:
    words = (FRIEDMAN, IMAN, KENDALL, NEMENYI)
    chi2, f, w, distance = (as_number(0, "cases", method, why, why) for method in words)
    return Omnibus(
        criterion=criterion,
        n_cases=0,
        n_left_out=0,
        friedman=chi2,
        df=None,
        p=None,
        p_holm=None,
        iman_davenport=f,
        kendalls_w=w,
        critical_difference=distance,
        ranks=(),
        pairs=(),
    )
