"""Effect sizes that lean on order alone, against scipy, by hand, and by counting how often intervals cover."""

import numpy as np
import pytest
from scipy import stats

from analysis.stats.dominance import any_case, same_case
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.significance import Unpaired

A, B = np.array([4.0, 3.5, 3.0, 5.0, 4.5, 2.0]), np.array([3.0, 3.5, 3.5, 4.0, 2.5, 2.0])


def test_cliffs_delta_counts_every_pair() -> None:
    expected = np.sign(A[:, None] - B).mean()
    for paired in (True, False):
        assert any_case(A, B, paired=paired).delta == pytest.approx(expected)
        assert any_case(B, A, paired=paired).delta == pytest.approx(-expected)
    assert any_case(A, A, paired=True).delta == 0


def test_the_unpaired_standard_error_is_that_of_brunner_and_munzel() -> None:
    maker = np.random.default_rng(3)
    x, y = maker.integers(1, 6, 40) / 2, maker.integers(2, 7, 25) / 2
    found = any_case(x, y, paired=False)
    peer = stats.brunnermunzel(x, y)
    assert found.delta / found.se == pytest.approx(-peer.statistic, rel=1e-12)
    assert 2 * stats.t.sf(abs(found.delta / found.se), found.df) == pytest.approx(peer.pvalue, rel=1e-12)


def test_chance_of_superiority_is_that_of_mann_and_whitneys_u() -> None:
    u = stats.mannwhitneyu(A, B).statistic
    assert any_case(A, B, paired=False).superiority == pytest.approx(u / 36)


def test_of_each_case_it_is_asked_which_was_rated_higher() -> None:
    # 3 up, 1 tie, 1 down, 1 tie: (3 - 1) / 6, and 3 / 6 + (2 / 6) / 2.
    found = same_case([4, 5, 3, 2, 2, 1], [3, 3, 2, 2, 4, 1])
    assert (found.delta, found.superiority) == (pytest.approx(2 / 6), pytest.approx(4 / 6))
    assert found.superiority_interval.low == pytest.approx((1 + found.interval.low) / 2)


def test_thirds_tie_and_what_does_not_pair_is_refused() -> None:
    assert same_case([5 / 3 - 1 / 3, 2 / 3], [4 / 3, 1 / 3 + 1 / 3]).delta == 0
    with pytest.raises(Unpaired):
        same_case([1, 2], [1, 2, 3])
    with pytest.raises(Unpaired):
        any_case([1, 2], [1, 2, 3], paired=True)


def test_systems_that_never_cross_have_a_value_and_no_interval() -> None:
    for found in (any_case([5, 4, 5], [1, 2, 1], paired=False), same_case([5, 4, 5], [1, 2, 1])):
        assert found.delta == 1
        assert isinstance(found.interval, Undefined)
    assert isinstance(any_case([], [1.0], paired=False), Undefined)


@pytest.mark.parametrize("shift", [0.3, 0.9])
def test_intervals_cover_and_stay_inside(shift: float) -> None:
    maker, n = np.random.default_rng(7), 40
    any_truth = (
        2 * stats.norm.cdf(shift / 2) - 1
    )  # both are N(., sqrt 2): case, correlation 1/2, and own part
    same_truth = 2 * stats.norm.cdf(shift / np.sqrt(2)) - 1
    inside = np.zeros(2)
    for _ in range(400):
        case = maker.normal(0, 1, n)
        x, y = case + shift + maker.normal(0, 1, n), case + maker.normal(0, 1, n)
        for place, (found, truth) in enumerate(
            ((any_case(x, y, paired=True), any_truth), (same_case(x, y), same_truth))
        ):
            assert isinstance(found.interval, Interval)
            assert -1 <= found.interval.low <= found.delta <= found.interval.high <= 1
            inside[place] += truth in found.interval
    assert (inside / 400 >= 0.92).all()
    assert (inside / 400 <= 0.985).all()
