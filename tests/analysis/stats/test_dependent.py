import math

import numpy as np
import pytest

from analysis.stats.dependent import compare, compare_scores, determinant
from analysis.stats.estimates import Interval, Undefined


def test_williams_as_r_psych_has_it() -> None:
    # nlpstats, williams_test.py: p of psych::r.test for random scores of seed 12, on absolute correlations.
    rng = np.random.RandomState(12)
    x, y, z = (rng.random_sample((9, 5)) for _ in range(3))
    r = np.abs(np.corrcoef([x.ravel(), y.ravel(), z.ravel()]))
    found = compare(r[0, 2], r[1, 2], r[0, 1], 45).williams
    assert [found.p_greater, found.p] == pytest.approx([0.2716978, 0.5433956], abs=5e-8)
    x, y, z = (rng.random_sample((9, 5)) for _ in range(3))
    found = compare_scores(y.mean(axis=1), x.mean(axis=1), z.mean(axis=1), "spearman").williams
    assert [found.p_greater, found.p] == pytest.approx([0.4658712, 0.9317423], abs=2e-7)


def test_williams_as_mt_metrics_eval_has_it() -> None:
    found = compare_scores([1.1, 2, 3.1, 4, 5.1], [1.5, 2, 3.1, 4, 5.5], [1, 2, 3, 4, 5])
    assert found.williams.p_greater == pytest.approx(0.019, abs=5e-4)
    assert [found.r1, found.r2] == pytest.approx([0.999, 0.987], abs=5e-4)


def test_correlations_that_no_data_have_together_are_undefined_in_words() -> None:
    # Averaged taus, each taken absolute: their determinant is negative, and its root would be no number.
    assert determinant(0.9, 0.1, 0.9) < 0
    found = compare(0.9, 0.1, 0.9, 10)
    for one in (found.williams, found.steiger, found.meng, found.interval):
        assert isinstance(one, Undefined)
        assert "no data have these three correlations" in one.reason
    assert found.difference == pytest.approx(0.8)


def test_what_cannot_be_compared_says_why() -> None:
    assert "3 units are too few" in str(compare(0.5, 0.4, 0.2, 3).williams)
    assert "the same but for scale" in str(compare(0.5, 0.5, 1.0, 30).williams)
    assert "has no error" in str(compare(1.0, 0.4, 0.4, 30).meng)
    assert "do not vary over the 4 units" in str(compare_scores([1, 1, 1, 1], [1, 2, 3, 5], [1, 2, 2, 4]))
    with pytest.raises(ValueError, match="r12 is a correlation"):
        compare(0.5, 0.4, 1.2, 30)
    with pytest.raises(ValueError, match="r1 is a correlation"):
        compare(math.nan, 0.4, 0.2, 30)


def test_all_three_correlations_come_from_the_units_that_have_all_three() -> None:
    x = [1.0, 2, 3, 4, 5, 6, np.nan]
    y = [2.0, 1, 4, np.nan, 6, 4, 9]
    human = [1.0, 3, 2, 4, 4, np.nan, 9]
    found, complete = compare_scores(x, y, human), compare_scores([1, 2, 3, 5], [2, 1, 4, 6], [1, 3, 2, 4])
    assert found == complete
    assert found.n == 4


def test_comparisons_do_not_change_what_they_share() -> None:
    # The authors' own matrix code takes r12 absolute inside its loop, so that a later test sees another r12.
    rng = np.random.default_rng(3)
    human = rng.normal(size=12)
    scores = [-human + rng.normal(size=12), human + rng.normal(size=12), human + rng.normal(size=12)]
    kept = [side.copy() for side in (*scores, human)]
    order = [(0, 1), (0, 2), (1, 2), (0, 1)]
    found = [compare_scores(scores[a], scores[b], human) for a, b in order]
    assert found[0] == found[-1]
    assert found[0].r12 < 0
    assert all((a == b).all() for a, b in zip((*scores, human), kept, strict=True))
    swapped = compare_scores(scores[1], scores[0], human)
    assert swapped.williams.statistic == -found[0].williams.statistic
    assert swapped.williams.p == found[0].williams.p


def test_zou_holds_its_level_and_williams_its_error() -> None:
    rng = np.random.default_rng(7)
    root = np.linalg.cholesky([[1, 0.5, 0.5], [0.5, 1, 0.4], [0.5, 0.4, 1]])
    inside = rejected = 0
    for _ in range(600):
        human, x, y = root @ rng.normal(size=(3, 40))
        found = compare_scores(x, y, human)
        assert isinstance(found.interval, Interval)
        inside += 0.0 in found.interval
        rejected += found.williams.p < 0.05
    assert 0.93 <= inside / 600 <= 0.975
    assert 0.025 <= rejected / 600 <= 0.07
