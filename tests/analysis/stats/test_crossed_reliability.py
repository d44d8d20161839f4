import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.crossed_reliability import full_table, icc_twoway, kendall_w
from analysis.stats.estimates import Undefined
from analysis.stats.ratings import RatingTable
from tests.analysis.stats.made import long_frame, table
from tests.reference.published import SHROUT_FLEISS_1979


def test_intervals_are_those_of_mcgraw_and_wong() -> None:
    # R psych prints, for this table: ICC2 [.019, .76], ICC3 [.342, .95], ICC2k [.071, .93], ICC3k [.676, .99].
    found = icc_twoway(SHROUT_FLEISS_1979)
    ends = [
        [one.interval.low, one.interval.high]
        for one in (
            found.agreement_single,
            found.consistency_single,
            found.agreement_mean,
            found.consistency_mean,
        )
    ]
    wanted = [[0.019, 0.76], [0.342, 0.95], [0.071, 0.93], [0.676, 0.99]]
    for got, printed in zip(ends, wanted, strict=True):
        assert got[0] == pytest.approx(printed[0], abs=5e-4)
        assert got[1] == pytest.approx(printed[1], abs=5e-3)


def test_a_severe_annotator_costs_agreement_and_not_consistency() -> None:
    maker = np.random.default_rng(1)
    marks = maker.normal(3, 1, (2000, 1)) + maker.normal(0, 1, (2000, 4))
    before, after = icc_twoway(marks), icc_twoway(marks + np.array([0, 0, 0, 2.0]))
    assert before.agreement_single.value == pytest.approx(0.5, abs=0.04)
    assert after.consistency_single.value == pytest.approx(before.consistency_single.value)
    # Annotators now have a variance of 1 of their own: 1 / (1 + 1 + 1).
    assert after.agreement_single.value == pytest.approx(1 / 3, abs=0.03)
    assert after.agreement_single.value in after.agreement_single.interval


def test_the_interval_of_agreement_covers_the_truth() -> None:
    maker = np.random.default_rng(6)
    held = 0
    for _ in range(300):
        marks = maker.normal(0, 1, (25, 1)) + maker.normal(0, 0.5, (1, 6)) + maker.normal(0, 1, (25, 6))
        held += 1 / 2.25 in icc_twoway(marks).agreement_single.interval
    assert 0.92 <= held / 300 <= 0.99


def test_what_has_no_spread_is_undefined_in_words() -> None:
    same = np.tile([1.0, 2, 3], (4, 1))
    assert "no spread to divide" in str(icc_twoway(same))
    severe = np.array([[1.0, 2], [2, 3], [4, 5]])
    found = icc_twoway(severe)
    assert found.consistency_single.value == pytest.approx(1)
    assert found.agreement_single.value < 1
    assert "severity alone" in str(found.consistency_single.interval)
    crossed = icc_twoway([[1.0, 2], [2, 1]])
    assert crossed.consistency_single.value == pytest.approx(-1)
    assert isinstance(crossed.consistency_mean.value, Undefined)
    assert "error alone" in str(crossed.agreement_single.value)


def test_ends_are_finite_or_undefined_whatever_the_table() -> None:
    maker = np.random.default_rng(9)
    for _ in range(400):
        n, k = maker.integers(2, 6, 2)
        found = icc_twoway(maker.integers(1, maker.integers(3, 6), (n, k)))
        if isinstance(found, Undefined):
            continue
        for one in (
            found.agreement_single,
            found.agreement_mean,
            found.consistency_single,
            found.consistency_mean,
        ):
            if not isinstance(one.interval, Undefined):
                assert np.isfinite([one.value, one.interval.low, one.interval.high]).all()
                assert one.interval.low <= one.value + 1e-9
                assert one.value <= one.interval.high + 1e-9


def test_kendall_is_friedman_in_other_words_and_bounded_by_full_concordance() -> None:
    maker = np.random.default_rng(3)
    marks = maker.integers(1, 6, (12, 5))
    found = kendall_w(marks)
    theirs = stats.friedmanchisquare(*marks)
    assert [found.chi2, found.p] == pytest.approx([theirs.statistic, theirs.pvalue], rel=1e-12)
    assert found.w == pytest.approx(found.chi2 / (5 * 11))
    assert kendall_w(np.repeat(np.arange(7)[:, None], 3, axis=1)).w == pytest.approx(1)
    assert "nobody orders" in str(kendall_w(np.ones((4, 3))))


def test_slots_and_gaps_are_refused_in_words() -> None:
    frame = pd.DataFrame(long_frame({("c1", "a"): [1, 2], ("c2", "a"): [2, 2]}))
    slots = RatingTable.from_frame(frame, annotators_identified=False)
    assert "slots, not persons" in str(full_table(slots, "clear"))
    gaps = table({("c1", "a"): [1, 2, None], ("c2", "a"): [2, None, 2], ("c3", "a"): [3, 2, 1]})
    assert str(full_table(gaps, "clear")) == (
        "undefined: the design is incomplete: 1 of 3 cards were rated by all 3 annotators"
    )
    mostly = table({("c1", "a"): [1, 2], ("c2", "a"): [2, None], ("c3", "a"): [3, 5]})
    found = full_table(mostly, "clear")
    assert found.values.tolist() == [[1, 2], [3, 5]]
    assert found.n_left_out == 1
    with pytest.raises(ValueError, match="full table"):
        icc_twoway([[1.0, np.nan], [2, 3]])
