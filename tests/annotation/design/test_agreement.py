"""Agreement of pairs, against counts made by hand."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from annotation.design.agreement import pair_agreement, share_interval

NAN = float("nan")


def test_pairs_are_counted_within_card_and_criterion() -> None:
    # card 1: marks 3, 3, 4: three pairs, one exact, all near. card 2: marks 1, 5: one pair, far.
    found = pair_agreement(["a"] * 3 + ["b"] * 2, [1, 1, 1, 2, 2], ["f"] * 5, [3.0, 3, 4, 1, 5])
    assert found is not None
    assert (found.n_pairs, found.exact, found.near) == (4, 0.25, 0.75)


def test_a_mark_that_could_not_be_given_makes_no_pair() -> None:
    assert pair_agreement(["a", "a"], [1, 1], ["f", "f"], [3.0, NAN]) is None
    assert pair_agreement(["a", "a"], [1, 1], ["f", "p"], [3.0, 3.0]) is None
    assert pair_agreement([], [], [], []) is None


def test_one_case_has_no_interval_and_many_have_one_around_the_share() -> None:
    alone = pair_agreement(["a", "a"], [1, 1], ["f", "f"], [3.0, 3.0])
    assert alone is not None
    assert all(map(math.isnan, alone.interval))
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, size=(60, 2))
    cases = [case for case in range(60) for _ in range(2)]
    found = pair_agreement(cases, cases, ["f"] * 120, values.ravel().astype(float).tolist())
    assert found is not None
    assert found.near == pytest.approx(np.mean(np.abs(values[:, 0] - values[:, 1]) <= 1))
    assert found.interval[0] < found.near < found.interval[1]


def test_the_interval_holds_the_share_as_often_as_it_says_with_few_cases_that_lean() -> None:
    rng = np.random.default_rng(5)
    held, n_drawn, n_cases = 0, 600, 6
    for _ in range(n_drawn):
        pairs = np.full(n_cases, 9)
        near = rng.binomial(9, rng.beta(6, 4, n_cases))  # .6 in the long run, cases unlike each other
        low, high = share_interval(near.sum() / pairs.sum(), pairs, near)
        held += low <= 0.6 <= high
    assert held / n_drawn >= 0.94


def test_the_interval_is_never_narrower_than_that_of_independent_pairs() -> None:
    pairs, near = np.full(6, 9), np.array([5, 5, 5, 5, 6, 5])
    low, high = share_interval(31 / 54, pairs, near)
    exact = binomtest(31, 54).proportion_ci(method="exact")
    assert low <= exact.low
    assert high >= exact.high


def test_where_all_pairs_agree_the_interval_still_has_a_width() -> None:
    low, high = share_interval(1.0, np.full(6, 9), np.full(6, 9))
    assert high == 1
    assert 0.3 < low < 0.6
    assert share_interval(0.0, np.full(6, 9), np.zeros(6))[0] == 0
