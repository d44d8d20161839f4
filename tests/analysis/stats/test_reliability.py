import numpy as np
import pytest

from analysis.stats.estimates import Undefined
from analysis.stats.reliability import icc_interval, icc_oneway
from tests.reference.published import SHROUT_FLEISS_1979, counts


def test_intervals_are_those_of_mcgraw_and_wong() -> None:
    # pingouin prints ICC(1,1) [-0.13, 0.72] and ICC(1,k) [-0.88, 0.91] for this table.
    found = icc_oneway(counts(SHROUT_FLEISS_1979, 10))
    assert [found.single_interval.low, found.single_interval.high] == pytest.approx([-0.13, 0.72], abs=0.005)
    assert [found.mean_interval.low, found.mean_interval.high] == pytest.approx([-0.88, 0.91], abs=0.005)


def test_unequal_numbers_of_raters_recover_the_truth_and_have_no_interval() -> None:
    maker = np.random.default_rng(8)
    n, k = 30_000, np.array([2, 3, 5])
    card = maker.normal(0, 1, n)
    table = np.zeros((n, 41), dtype=int)
    for i, raters in enumerate(k[maker.integers(0, 3, n)]):
        marks = np.clip(np.rint(20 + 4 * (card[i] + maker.normal(0, 1, raters))), 0, 40).astype(int)
        np.add.at(table[i], marks, 1)
    found = icc_oneway(table)
    assert found.single == pytest.approx(0.5, abs=0.02)
    assert "unequal" in str(found.single_interval)


def test_reliability_may_be_negative_and_may_not_exist() -> None:
    crossed = icc_oneway([[2, 1, 2, 0], [1, 2, 1, 1], [2, 1, 1, 1], [1, 2, 2, 0]])
    assert crossed.single < 0
    assert isinstance(icc_oneway([[0, 3], [0, 3]]), Undefined)
    assert "only one card" in str(icc_oneway([[2, 1], [1, 0]]))


def test_cards_of_one_mean_have_a_reliability_of_one_rating_and_none_of_the_mean() -> None:
    # Nothing lies between the cards, so the analysis of variance bounds ICC(1) by -1 / (k - 1).
    for table, k in (([[1, 1], [1, 1]], 2), ([[1, 1, 1], [0, 3, 0], [1, 1, 1]], 3)):
        found = icc_oneway(table)
        assert found.single == pytest.approx(-1 / (k - 1))
        assert "same mean" in str(found.mean)
        assert isinstance(found.single_interval, Undefined)


def test_the_bootstrap_of_icc_agrees_with_f_and_serves_unequal_numbers() -> None:
    maker = np.random.default_rng(4)
    card = maker.normal(3, 0.9, 300)
    marks = np.clip(np.rint(card[:, None] + maker.normal(0, 0.9, (300, 3))), 1, 5).astype(int)
    table = counts(marks, 5)
    exact = icc_oneway(table)
    for of, interval in (("single", exact.single_interval), ("mean", exact.mean_interval)):
        found = icc_interval(table, rng=np.random.default_rng(1), of=of)
        assert [found.low, found.high] == pytest.approx([interval.low, interval.high], abs=0.02)
    marks[:100, 2] = 0
    uneven = counts(marks, 5)
    found = icc_interval(uneven, rng=np.random.default_rng(1))
    assert icc_oneway(uneven).single in found
    assert found.high - found.low < 0.2
