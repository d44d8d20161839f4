import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm

chances = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@settings(max_examples=20, deadline=None)  # statsmodels takes a tenth of a second a call
@given(p=chances)
def test_all_are_those_of_statsmodels(p: list[float]) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
    assert benjamini_yekutieli(p) == pytest.approx(multipletests(p, method="fdr_by")[1], abs=1e-12)


@given(p=chances, at=st.integers(0, 20))
def test_a_test_that_could_not_be_made_is_not_counted(p: list[float], at: int) -> None:
    at = min(at, len(p))
    holed = [*p[:at], np.nan, *p[at:]]
    for adjust in (holm, benjamini_hochberg, benjamini_yekutieli):
        found = adjust(holed)
        assert np.isnan(found[at])
        assert np.delete(found, at) == pytest.approx(adjust(p))


def test_shape_is_kept_and_nothing_is_nothing() -> None:
    assert holm([[0.01, np.nan], [0.04, 0.03]]) == pytest.approx(
        np.array([[0.03, np.nan], [0.06, 0.06]]), nan_ok=True
    )
    assert holm([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan, np.nan])).all()


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, 1.2])


def test_assuming_nothing_costs_the_sum_of_the_first_reciprocals() -> None:
    # Three tests: 1 + 1/2 + 1/3 = 11/6, times Benjamini and Hochberg's.
    p = [0.01, 0.04, 0.09]
    assert benjamini_hochberg(p) == pytest.approx([0.03, 0.06, 0.09])
    assert benjamini_yekutieli(p) == pytest.approx([0.055, 0.11, 0.165])
