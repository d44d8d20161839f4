import numpy as np
import pytest
from scipy.stats import linregress, ttest_1samp, ttest_ind

from annotation.design.checks import ExclusionRules
from annotation.design.quality import (
    Checked,
    candidates,
    change,
    distance_change,
    drift,
    entropy,
    nearness,
    wilson,
)


def test_entropy_is_in_bits():
    assert entropy([3, 3, 3]) == 0
    assert entropy([1, 5]) == 1
    assert entropy([1, 2, 3, 4, 5]) == pytest.approx(np.log2(5))
    assert entropy([]) is None


def test_wilsons_interval_is_that_of_the_books():
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263 and 0 of 20."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)


def test_nearness_counts_marks_and_is_as_sure_as_its_cards():
    found = nearness({"a": [(4, 4), (3, 4)], "b": [(1, 4), (5, 4)], "c": []}, 1)
    assert (found.n_cards, found.n_marks) == (2, 4)
    assert (found.exact, found.near) == (0.25, 0.75)
    assert found.leaning == -0.75
    assert found.interval == wilson(0.75, 2)
    assert nearness({"c": []}, 1) is None


def test_a_change_has_students_interval():
    values = [0.5, 1.0, -0.25, 0.75]
    found = change(values)
    known = ttest_1samp(values, 0).confidence_interval(0.95)
    assert found.value == pytest.approx(0.5)
    assert found.interval == pytest.approx((known.low, known.high))
    assert not found.sure
    assert change([1.0]).interval is None
    assert change([1.0, 1.0]).interval is None
    assert change([]) is None


def test_the_re_check_compares_the_same_cards():
    then = {1: [(4, 4), (4, 4)], 2: [(3, 2), (2, 2)], 3: [(1, 5)]}
    now = {1: [(5, 4), (4, 4)], 2: [(4, 2), (3, 2)], 9: [(1, 5)]}
    found = distance_change(then, now)
    assert found.n == 2
    assert found.value == pytest.approx(((0.5 - 0) + (1.5 - 0.5)) / 2)
    assert distance_change({}, now) is None


def test_drift_is_the_slope_of_least_squares_over_the_session():
    y = np.random.default_rng(3).normal(size=31) + np.linspace(-0.5, 0.5, 31)
    found = drift(list(y))
    known = linregress(np.linspace(0, 1, 31), y)
    assert found.slope.value == pytest.approx(known.slope)
    from scipy.stats import t

    half = t.ppf(0.975, 29) * known.stderr
    assert found.slope.interval == pytest.approx((known.slope - half, known.slope + half))
    ends = ttest_ind(y[-10:], y[:10], equal_var=False)
    assert found.ends.value == pytest.approx(y[-10:].mean() - y[:10].mean())
    assert found.ends.interval == pytest.approx(tuple(ends.confidence_interval(0.95)))


def test_no_drift_is_claimed_of_few_cards_or_of_none():
    assert drift([0.0] * 8) is None
    flat = drift([0.25] * 12)
    assert flat.slope.value == pytest.approx(0)
    assert flat.slope.interval is None
    assert not flat.slope.sure


def test_rules_make_candidates_and_shares_wait_for_the_last_card():
    rules = ExclusionRules(attention_failed=1, gold_near=0.6, repeats_near=0.7)
    poor = nearness({1: [(1, 5)], 2: [(4, 4)]}, 1)
    all_of = Checked(2, poor, poor, all_answered=True)
    assert [one.rule for one in candidates(all_of, rules)] == ["attention", "gold", "consistency"]
    assert [one.rule for one in candidates(Checked(2, poor, poor, False), rules)] == ["attention"]
    assert candidates(Checked(1, None, None, True), rules) == ()
    assert candidates(all_of, ExclusionRules()) == ()
