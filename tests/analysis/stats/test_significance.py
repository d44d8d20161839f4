import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.estimates import Interval, Undefined
from analysis.stats.ratings import UnknownLabel
from analysis.stats.significance import (
    SignFlip,
    Unpaired,
    pair,
    paired_t,
    sign_flip,
    standardised_interval,
    wilcoxon,
)
from tests.analysis.stats.made import table


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


A = np.array([4.2, 3.8, 4.0, 4.6, 3.0, 4.4, 2.6, 4.8])
B = np.array([3.6, 3.9, 3.1, 4.0, 3.0, 3.2, 2.9, 3.7])


def test_paired_t_is_that_of_scipy() -> None:
    theirs = stats.ttest_rel(A, B)
    found = paired_t(A, B)
    assert (found.t, found.p) == (
        pytest.approx(theirs.statistic, rel=1e-12),
        pytest.approx(theirs.pvalue, rel=1e-11),
    )
    low, high = theirs.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.n, found.df) == (8, 7)


@pytest.mark.parametrize("t", [-18.25, -4.93, 0.0, 13.9, 200.0])
def test_the_interval_of_dz_is_found_however_large_the_difference(t: float) -> None:
    found = standardised_interval(t, 23, np.sqrt(24), 0.95)
    assert isinstance(found, Interval)
    assert stats.nct.sf(t, 23, found.low * np.sqrt(24)) == pytest.approx(0.025, abs=1e-8)
    assert stats.nct.cdf(t, 23, found.high * np.sqrt(24)) == pytest.approx(0.025, abs=1e-8)


def test_a_t_beyond_all_measure_has_no_interval_and_says_so() -> None:
    found = standardised_interval(1e6, 5, np.sqrt(6), 0.95)
    assert isinstance(found, Undefined)
    assert "so large a t" in found.reason


def test_the_interval_of_dz_is_where_the_noncentral_t_puts_it() -> None:
    found = paired_t(A, B)
    root = np.sqrt(found.n)
    assert found.dz == pytest.approx(found.t / root)
    assert stats.nct.sf(found.t, found.df, found.dz_interval.low * root) == pytest.approx(0.025, abs=1e-8)
    assert stats.nct.cdf(found.t, found.df, found.dz_interval.high * root) == pytest.approx(0.025, abs=1e-8)
    assert found.hedges_g / found.dz == pytest.approx(1 - 3 / (4 * found.df - 1), abs=2e-3)


def test_systems_without_any_difference_have_no_test_in_words() -> None:
    found = paired_t(A, A)
    assert found.mean_difference == 0
    for number in (found.t, found.p, found.dz, found.interval):
        assert str(number) == "undefined: both systems have the same mean in every case"
    assert isinstance(wilcoxon(A, A), Undefined)
    assert isinstance(sign_flip(A, A, rng=rng()), Undefined)


def test_a_constant_difference_is_neither_infinite_nor_certain() -> None:
    # Thirds: the differences are 1/3 but for rounding noise, which must not become a spread.
    thirds = np.array([4, 5, 7, 8, 10, 11]) / 3
    found = paired_t(thirds + 1 / 3, thirds)
    assert found.mean_difference == pytest.approx(1 / 3)
    assert "the difference is 0.333333 in every case" in str(found.t)
    assert isinstance(found.p, Undefined)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_cases_are_no_test(n: int) -> None:
    found = paired_t(A[:n], B[:n])
    assert "a paired test needs two or more" in str(found.t)
    assert found.n == n


def test_what_does_not_pair_is_refused_in_words() -> None:
    with pytest.raises(Unpaired, match="do not pair"):
        paired_t(A, B[:-1])
    with pytest.raises(Unpaired, match="2 cases lack a value"):
        paired_t(np.where(A > 4.5, np.nan, A), B)
    with pytest.raises(Unpaired, match="8 and 8 cases, 7 in common"):
        paired_t(pd.Series(A, index=range(8)), pd.Series(B, index=range(1, 9)))
    with pytest.raises(Unpaired, match="stands twice"):
        paired_t(pd.Series(A, index=[1] * 8), pd.Series(B, index=[1] * 8))


def test_series_are_paired_by_case_not_by_position() -> None:
    a, b = pd.Series(A, index=list("abcdefgh")), pd.Series(B, index=list("abcdefgh"))
    assert paired_t(a, b.sample(frac=1, random_state=3)) == paired_t(A, B)


def test_annotators_are_averaged_before_the_test() -> None:
    # Two cases rated by five annotators each are two units, not ten.
    made = table({("c1", "a"): [5] * 5, ("c1", "b"): [4] * 5, ("c2", "a"): [3] * 5, ("c2", "b"): [1] * 5})
    pairs = pair(made, "clear", "a", "b")
    found = paired_t(pairs.values_a, pairs.values_b)
    assert found.n == 2
    assert found.p == pytest.approx(stats.ttest_rel([5, 3], [4, 1]).pvalue)


def test_cases_of_one_system_alone_are_dropped_and_counted() -> None:
    made = table(
        {(f"c{i}", s): [3 + (s == "a"), 3] for i in range(9) for s in ("a", "b") if i < 7 or s == "a"}
    )
    pairs = pair(made, "clear", "a", "b")
    assert (len(pairs.cases), pairs.n_dropped) == (7, 2)


def test_systems_that_share_few_cases_are_refused() -> None:
    apart = {(f"c{i}", "a" if i < 10 else "b"): [3, 4] for i in range(20)}
    with pytest.raises(Unpaired, match=r"share 0 cases on clear \(of 10 and 10 rated\)"):
        pair(table(apart), "clear", "a", "b")
    with pytest.raises(UnknownLabel, match="Did you mean"):
        pair(table({("c", "prism"): [3], ("c", "knn"): [3]}), "clear", "prisms", "knn")


def test_float_thirds_tie_in_signed_ranks() -> None:
    # 4/3 - 1 and 5/3 - 4/3 differ in the last bit and are both one third.
    a, b = np.array([4, 5, 7, 8, 3, 6]) / 3, np.array([3, 4, 6, 9, 5, 2]) / 3
    whole = np.array([1, 1, 1, -1, -2, 4])
    found = wilcoxon(a, b)
    theirs = stats.wilcoxon(whole, method="asymptotic")
    assert (found.w, found.p) == (theirs.statistic, pytest.approx(theirs.pvalue))
    assert found.method == "approx"
    # Ranks 2.5 2.5 2.5 -2.5 -5 6.
    assert found.rank_biserial == pytest.approx((2.5 * 3 + 6 - 2.5 - 5) / 21)


def test_wilcoxon_says_what_it_did() -> None:
    plain = wilcoxon(A, A - np.arange(1, 9) / 10)
    assert (plain.method, plain.p) == ("exact", pytest.approx(2 / 2**8))
    zero = wilcoxon(A, B, zero_method="pratt")
    assert (zero.method, zero.n_zero, zero.zero_method) == ("approx", 1, "pratt")
    with pytest.raises(ValueError, match="without ties or zeros"):
        wilcoxon(A, B, method="exact")


def test_tiny_metrics_keep_their_differences() -> None:
    large, tiny = wilcoxon(A, B), wilcoxon(A * 1e-27, B * 1e-27)
    assert (tiny.w, tiny.p, tiny.rank_biserial) == (large.w, large.p, large.rank_biserial)
    assert paired_t(A * 1e-27, B * 1e-27).t == pytest.approx(paired_t(A, B).t)


def test_few_cases_are_permuted_exactly() -> None:
    found = sign_flip(A, B, rng=rng())
    theirs = stats.permutation_test(
        (A - B,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert isinstance(found, SignFlip)
    assert found.exact
    # The case without a difference flips to itself: 2**7 patterns instead of 2**8.
    assert found.n_permutations == 2**7
    assert found.p == pytest.approx(theirs.pvalue)


def test_a_drawn_permutation_p_is_never_zero_and_the_seed_decides() -> None:
    far = np.linspace(2, 3, 40)
    found = sign_flip(far, far - 1 - np.sqrt(np.arange(40)) / 9, rng=rng(), n_permutations=999)
    assert (found.p, found.exact) == (1 / 1000, False)
    a, b = rng(4).normal(0.3, 1, 50), np.zeros(50)
    assert sign_flip(a, b, rng=rng(7)) == sign_flip(a, b, rng=rng(7))
    assert sign_flip(a, b, rng=rng(7)).p == pytest.approx(paired_t(a, b).p, abs=0.02)


def test_ties_flip_as_one_binomial_and_still_count_as_ties() -> None:
    # 30 differences of a third, 20 up and 10 down: P(|Binomial(30, 1/2) - 15| >= 5), sums that tie included.
    d = np.array([1] * 20 + [-1] * 10)
    exact = stats.binomtest(20, 30).pvalue
    found = sign_flip((d + 3) / 3, np.ones(30), rng=rng(), n_permutations=99_999)
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(exact / 1e5))


def test_d_av_is_the_difference_over_the_mean_of_both_spreads() -> None:
    found = paired_t(A, B)
    assert found.dav == pytest.approx((A.mean() - B.mean()) / ((A.std(ddof=1) + B.std(ddof=1)) / 2))


def test_the_interval_of_hedges_g_is_that_of_dz_by_the_same_factor() -> None:
    found = paired_t(A, B)
    factor = found.hedges_g / found.dz
    assert 1 - 3 / (4 * found.df - 1) == pytest.approx(factor, abs=2e-3)
    assert found.hedges_interval.low == pytest.approx(factor * found.dz_interval.low)
    assert found.hedges_interval.high == pytest.approx(factor * found.dz_interval.high)


def test_a_dz_interval_covers() -> None:
    maker, inside = rng(12), 0
    for _ in range(400):
        found = paired_t(maker.normal(0.5, 1, 12), np.zeros(12))
        assert isinstance(found.dz_interval, Interval)
        inside += 0.5 in found.dz_interval
    assert 0.92 <= inside / 400 <= 0.98
