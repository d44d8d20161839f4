"""Samples that do not pair, against scipy and what the noncentral t says."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.estimates import Undefined
from analysis.stats.unpaired import rank_sum, samples, welch_t

A, B = np.array([4.0, 3.5, 3.0, 5.0, 4.5, 2.0, 4.0]), np.array([3.0, 3.5, 2.5, 4.0, 2.0])


def test_welchs_t_is_that_of_scipy() -> None:
    found, peer = welch_t(A, B, confidence=0.9), stats.ttest_ind(A, B, equal_var=False)
    assert [found.t, found.df, found.p] == pytest.approx([peer.statistic, peer.df, peer.pvalue], rel=1e-12)
    ends = peer.confidence_interval(0.9)
    assert [found.interval.low, found.interval.high] == pytest.approx([ends.low, ends.high], rel=1e-12)


def test_hedges_g_is_the_pooled_difference_less_its_bias_and_its_interval_is_where_the_noncentral_t_puts_it() -> (
    None
):
    found, n, m = welch_t(A, B), len(A), len(B)
    pooled = np.sqrt(((n - 1) * A.var(ddof=1) + (m - 1) * B.var(ddof=1)) / (n + m - 2))
    d = (A.mean() - B.mean()) / pooled
    factor = found.hedges_g / d
    assert factor == pytest.approx(1 - 3 / (4 * (n + m - 2) - 1), abs=2e-3)
    t, size = stats.ttest_ind(A, B).statistic, np.sqrt(n * m / (n + m))
    for end, p in ((found.hedges_interval.low, 0.975), (found.hedges_interval.high, 0.025)):
        assert stats.nct.cdf(t, n + m - 2, end / factor * size) == pytest.approx(p, abs=1e-8)


def test_the_rank_test_is_exact_without_ties_and_says_so() -> None:
    x, y = np.array([1.1, 2.2, 3.3, 4.4]), np.array([0.5, 1.5, 2.5])
    assert (rank_sum(x, y).method, rank_sum(A, B).method) == ("exact", "approx")
    assert rank_sum(x, y).p == pytest.approx(stats.mannwhitneyu(x, y, method="exact").pvalue, rel=1e-12)
    peer = stats.mannwhitneyu(A, B, use_continuity=False, method="asymptotic")
    assert (rank_sum(A, B).u, rank_sum(A, B).p) == (peer.statistic, pytest.approx(peer.pvalue, rel=1e-12))


def test_what_cannot_be_tested_says_why() -> None:
    assert "1 and 5 cases" in str(welch_t([3.0], B).p)
    assert welch_t([3.0], B).mean_difference == pytest.approx(0.0)
    assert "neither system's case means have a spread" in str(welch_t([2, 2, 2], [3, 3]).t)
    assert welch_t([2, 2, 2], [3, 3]).mean_difference == -1
    assert isinstance(welch_t([], B).mean_difference, Undefined)
    assert str(rank_sum([2, 2], [2, 2, 2])) == "undefined: every case of both systems has the same mean"
    assert isinstance(rank_sum([], B), Undefined)


def test_against_a_system_without_spread_it_is_the_test_of_one_sample() -> None:
    found, peer = welch_t([3, 4, 5], [2, 2, 2]), stats.ttest_1samp([3, 4, 5], 2)
    assert [found.t, found.df, found.p] == pytest.approx([peer.statistic, 2, peer.pvalue], rel=1e-12)


def test_samples_leave_out_cases_without_a_rating_and_count_those_both_share() -> None:
    means = pd.DataFrame({"a": [1.0, 2.0, np.nan, 4.0], "b": [np.nan, 3.0, 5.0, np.nan]})
    both = samples(means, "a", "b")
    assert (list(both.values_a), list(both.values_b), both.n_shared) == ([1, 2, 4], [3, 5], 1)
