import numpy as np
import pytest
from scipy import stats

from analysis.stats.descriptives import describe
from analysis.stats.estimates import Undefined
from tests.analysis.stats.made import table


def test_both_units_are_described_and_named() -> None:
    made = table({("c1", "a"): [5, 4, 4], ("c2", "a"): [2, None, 1], ("c3", "a"): [3, 3, 3]})
    (found,) = describe(made, "clear")
    assert (found.n_cases, found.n_ratings, found.n_missing) == (3, 8, 1)
    assert found.histogram == (1, 1, 3, 2, 1)
    values = np.array([5, 4, 4, 2, 1, 3, 3, 3])
    assert (found.ratings.unit, found.ratings.n) == ("rating", 8)
    assert found.ratings.mean == values.mean()
    assert found.ratings.median == 3
    assert found.ratings.sd == pytest.approx(values.std(ddof=1))
    means = np.array([13 / 3, 1.5, 3])
    assert (found.cases.unit, found.cases.n) == ("case mean", 3)
    assert found.cases.mean == pytest.approx(means.mean())
    low, high = stats.t.interval(0.95, 2, means.mean(), stats.sem(means))
    assert (found.cases.interval.low, found.cases.interval.high) == (pytest.approx(low), pytest.approx(high))
    assert found.top_box == 1 / 8
    assert found.top_two_box == 3 / 8


def test_a_system_nobody_could_judge_is_undefined_not_zero() -> None:
    made = table({("c1", "a"): [5, 4], ("c1", "b"): [None, None]})
    a, b = describe(made, "clear")
    assert str(b.cases.mean) == "undefined: no ratings"
    assert isinstance(b.top_box, Undefined)
    assert b.n_missing == 2
    assert str(a.cases.sd) == "undefined: one case mean has no spread"
