"""Bitterness of wine (Randall 1989): 72 ratings by 9 judges; the R package ordinal prints these estimates."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.ordinal import cumulative_link, cumulative_link_mixed

pytestmark = pytest.mark.shared


@pytest.fixture
def wine(shared_data: Path) -> pd.DataFrame:
    return pd.read_csv(shared_data / "ratings" / "wine_ordinal" / "wine.csv")


def columns(wine: pd.DataFrame) -> np.ndarray:
    return np.column_stack([wine["temp"] == "warm", wine["contact"] == "yes"]).astype(float)


def test_the_cumulative_link_model(wine: pd.DataFrame) -> None:
    # R ordinal, vignette clm_tutorial: temp 2.50, contact 1.53, thresholds -1.34 1.25 3.47 5.01, to 5e-3.
    # statsmodels OrderedModel gives further digits; its search stops 1e-5 short of the maximum.
    found = cumulative_link(wine["rating"], columns(wine))
    assert list(found.effects) == pytest.approx([2.50, 1.53], abs=5e-3)
    assert list(found.thresholds) == pytest.approx([-1.34, 1.25, 3.47, 5.01], abs=5e-3)
    assert list(found.effects) == pytest.approx([2.5031041, 1.5277862], abs=1e-4)
    assert list(found.se) == pytest.approx([0.5286801, 0.4766219], abs=1e-4)
    assert list(found.thresholds) == pytest.approx([-1.3443821, 1.2508055, 3.4668785, 5.0063859], abs=1e-4)
    assert found.log_likelihood == pytest.approx(-86.4919234, abs=1e-6)


def test_the_mixed_model_with_judges_at_random(wine: pd.DataFrame) -> None:
    # R ordinal, vignette clmm2_tutorial (10 nodes): 3.06, 1.83, variance 1.29, thresholds -1.62 1.51 4.23 6.09, to
    # 5e-3. An independent quadrature of 41 fixed nodes gives the further digits, to 1e-4.
    found = cumulative_link_mixed(wine["rating"], columns(wine), wine["judge"])
    assert [*found.effects, found.sd**2] == pytest.approx([3.06, 1.83, 1.29], abs=5e-3)
    assert list(found.thresholds) == pytest.approx([-1.62, 1.51, 4.23, 6.09], abs=5e-3)
    assert list(found.effects) == pytest.approx([3.0618974, 1.8334310], abs=1e-4)
    assert list(found.se) == pytest.approx([0.5950773, 0.5121717], abs=1e-4)
    assert found.sd**2 == pytest.approx(1.2877428, abs=1e-4)
    assert list(found.thresholds) == pytest.approx([-1.6234943, 1.5127937, 4.2270543, 6.0861549], abs=1e-4)
    assert found.log_likelihood == pytest.approx(-81.5324607, abs=1e-6)
    plain = cumulative_link(wine["rating"], columns(wine))
    assert 2 * (found.log_likelihood - plain.log_likelihood) == pytest.approx(9.91893, abs=1e-5)
    assert (found.n_ratings, found.n_groups) == (72, 9)
