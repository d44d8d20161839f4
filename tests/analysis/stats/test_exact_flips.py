"""The exact sign-flip test: against all patterns, the binomial, and the draws it stands for."""

import itertools

import numpy as np
import pytest
from scipy import stats

from analysis.stats.exact_flips import exact_flips
from analysis.stats.significance import sign_flip


@pytest.mark.parametrize("parts", [1, 2, 3, 12, 60])
def test_it_is_the_share_of_all_patterns(parts: int) -> None:
    steps = np.random.default_rng(parts).integers(-7, 9, 11)
    d = steps[steps != 0] / parts
    patterns = np.array(list(itertools.product([-1, 1], repeat=len(d))))
    share = (np.abs(patterns @ d) >= abs(d.sum()) - 1e-9).mean()
    assert exact_flips(d) == pytest.approx(share, rel=1e-12)


def test_equal_differences_are_the_sign_test() -> None:
    d = np.array([1 / 3] * 20 + [-1 / 3] * 10)
    assert exact_flips(d) == pytest.approx(stats.binomtest(20, 30).pvalue, rel=1e-10)


def test_thirds_made_of_floats_are_still_thirds() -> None:
    means = np.array([5 / 3, 4 / 3, 2.0, 7 / 3]) - np.array([4 / 3, 1.0, 5 / 3, 2.0])
    assert len(np.unique(means)) > 1  # as floats they differ
    assert exact_flips(means) == 2 / 2**4


def test_what_is_on_no_grid_is_drawn() -> None:
    assert exact_flips(np.sqrt(np.arange(1.0, 30))) is None
    far = np.full(30, 1000.0)
    far[0] = 1000 + 1 / 7
    assert exact_flips(np.tile(far, 200)) is None  # on a grid too wide to be worth it


def test_however_many_cases_it_is_never_zero() -> None:
    assert exact_flips(np.ones(60)) == 2.0**-59
    assert 0 < exact_flips(np.ones(2000)) < 1e-300


def test_drawing_comes_to_the_same() -> None:
    d = np.random.default_rng(2).integers(-5, 7, 60) / 3
    exact = sign_flip(d + 5, np.full(60, 5.0), rng=np.random.default_rng(1))
    moved = d + np.random.default_rng(3).normal(0, 1e-6, 60)  # off the grid, and no tie left
    drawn = sign_flip(moved + 5, np.full(60, 5.0), rng=np.random.default_rng(1), n_permutations=99_999)
    assert (exact.exact, exact.n_permutations, drawn.exact) == (True, 2 ** int((d != 0).sum()), False)
    assert drawn.p == pytest.approx(exact.p, abs=0.01)


def test_a_thousand_cases_and_more_are_compared() -> None:
    d = np.random.default_rng(4).integers(-3, 4, 1500) / 2
    found = sign_flip(d + 5, np.full(1500, 5.0), rng=np.random.default_rng(1))
    assert int((d != 0).sum()) > 1024
    assert 0 < found.p <= 1
    moved = d + np.random.default_rng(3).normal(0, 1e-3, 1500)
    assert not sign_flip(moved + 5, np.full(1500, 5.0), rng=np.random.default_rng(1)).exact
