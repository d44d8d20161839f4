import numpy as np
import pytest
import statsmodels.api as sm

from analysis.stats.clustered import mean_interval
from analysis.stats.estimates import Undefined


def test_the_mean_has_the_interval_of_least_squares_with_clusters():
    """statsmodels, OLS on a constant, covariance of clusters with its small-sample factor."""
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(7), [3, 9, 4, 4, 6, 2, 8])
    values = rng.normal(size=len(groups)) + rng.normal(size=7)[groups]
    fitted = sm.OLS(values, np.ones(len(groups))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}, use_t=True
    )
    found = mean_interval(values, groups, confidence=0.9)
    assert (found.low, found.high) == pytest.approx(tuple(fitted.conf_int(0.1)[0]))


def test_one_annotator_says_nothing_of_others():
    assert isinstance(mean_interval(np.array([1.0, 2.0]), np.zeros(2, dtype=np.int64)), Undefined)
    same = mean_interval(np.array([1.0, 1.0]), np.arange(2))
    assert "a spread of 0" in same.reason
