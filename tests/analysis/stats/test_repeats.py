"""The interval of a share of second looks: exact where annotators are alike, wider where they are not, and it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.estimates import Interval, Undefined
from analysis.stats.repeats import clopper_pearson, share_interval


def test_ends_of_whole_numbers_are_those_of_scipy() -> None:
    for right, n in ((0, 10), (3, 10), (10, 10), (19, 40)):
        peer = stats.binomtest(right, n).proportion_ci(0.95, method="exact")
        assert clopper_pearson(right, n) == pytest.approx((peer.low, peer.high), abs=1e-12)


def test_the_interval_is_worked_out_by_hand_for_two_annotators() -> None:
    # Four looks each, 4 and 2 right: share .75, variance 2 / 1 * (1 + 1) / 64 = 1/16, worth .1875 / .0625 = 3 looks,
    # times (2.3646 / 12.7062)² = .0346: so little do two annotators say of others.
    same = [True] * 4 + [True, True, False, False]
    found = share_interval(same, ["a"] * 4 + ["b"] * 4)
    assert isinstance(found, Interval)
    worth = 3 * (stats.t.ppf(0.975, 7) / stats.t.ppf(0.975, 1)) ** 2
    assert (found.low, found.high) == pytest.approx(clopper_pearson(0.75 * worth, worth))


def test_annotators_who_differ_make_it_wider() -> None:
    who = np.repeat(np.arange(10), 10)
    alike = np.tile([True] * 8 + [False] * 2, 10)
    apart = np.repeat([True] * 8 + [False] * 2, 10)
    one, other = share_interval(alike, who), share_interval(apart, who)
    assert isinstance(one, Interval)
    assert isinstance(other, Interval)
    assert one.high - one.low < 0.6 * (other.high - other.low)


def test_all_alike_is_no_certainty() -> None:
    found = share_interval([True] * 12, ["a", "b", "c"] * 4)
    assert isinstance(found, Interval)
    assert found.high == 1
    assert found.low < 0.74  # of 12 independent looks it would be .735


def test_one_annotator_says_nothing_of_others() -> None:
    assert isinstance(share_interval([True, False], ["a", "a"]), Undefined)
    assert isinstance(share_interval([], []), Undefined)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=40))
def test_the_share_lies_within_its_interval(looks: list[tuple[bool, int]]) -> None:
    same, who = zip(*looks, strict=True)
    found = share_interval(same, who)
    if isinstance(found, Interval):
        assert 0 <= found.low <= np.mean(same) + 1e-12
        assert np.mean(same) - 1e-12 <= found.high <= 1


def test_it_holds_the_share_of_a_crowd_whose_members_differ() -> None:
    # 400 crowds of 12 annotators with 6 looks each, whose own shares have mean .8: binomial intervals hold .88.
    rng = np.random.default_rng(1)
    who = np.repeat(np.arange(12), 6)
    held = 0
    for _ in range(400):
        own = rng.beta(4, 1, 12)
        found = share_interval(rng.random(72) < own[who], who)
        assert isinstance(found, Interval)
        held += 0.8 in found
    assert held / 400 >= 0.93
