"""Tau-c, tau-23 and correlated differences, against mt-metrics-eval and by pairs."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.crossed import Draws, draw
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.pairwise import accuracy
from analysis.stats.ties import Correlated, difference_correlations, tau_23, tau_c


def alone(scores: object, ratings: object, draws: Draws | None = None) -> Correlated:
    found = difference_correlations({"m": scores}, {"c": ratings}, draws=draws)  # type: ignore[dict-item]
    return found["m", "c"]


PEOPLE, METRIC = [1, 2, 2, 3, 4], [2, 1, 1.5, 5, 3]


def test_tau_c_and_tau_23_are_those_of_mt_metrics_eval() -> None:
    # mt-metrics-eval, stats_test.py: tau-c .32, tau-23 .2 of an accuracy of .6.
    assert tau_c(METRIC, PEOPLE) == pytest.approx(0.32, abs=1e-12)
    found = accuracy([METRIC], [PEOPLE]).uncalibrated
    assert not isinstance(found, Undefined)
    assert tau_23(found) == pytest.approx(0.2, abs=1e-12)


def test_tau_c_is_by_hand_what_stuart_divides_by() -> None:
    # x 1 1 2, y 1 2 2: of three pairs one is ordered alike, two are ties: 2 m (P - Q) / (n² (m - 1)) = 4 / 9.
    assert tau_c([1, 1, 2], [1, 2, 2]) == pytest.approx(4 / 9)
    assert isinstance(tau_c([1, 1, 1], [1, 2, 3]), Undefined)
    assert isinstance(tau_c([], []), Undefined)


def test_differences_within_cases_are_those_of_mt_metrics_eval() -> None:
    # The same file: two systems rated [1..6] and scored 2 1 4 3 3 7, Pearson of pairwise differences by item .926.
    ratings, scores = np.arange(1.0, 7).reshape(2, 3).T, np.array([2.0, 1, 4, 3, 3, 7]).reshape(2, 3).T
    value, interval, n_pairs = alone(scores, ratings)
    assert value == pytest.approx(18 / np.sqrt(27 * 14), abs=1e-12)
    assert round(float(value), 3) == 0.926  # type: ignore[arg-type]
    assert isinstance(interval, Undefined)
    assert n_pairs == 3


def by_pairs(x: np.ndarray, y: np.ndarray, cases: np.ndarray, systems: np.ndarray) -> float:
    """Pearson over every pair in both directions, each as often as it was drawn."""
    one, other = [], []
    for row in np.repeat(np.arange(len(x)), cases):
        held = [s for s in np.repeat(np.arange(x.shape[1]), systems) if not np.isnan(x[row, s] + y[row, s])]
        for a, b in permutations(range(len(held)), 2):
            one.append(x[row, held[a]] - x[row, held[b]])
            other.append(y[row, held[a]] - y[row, held[b]])
    vary = len(set(one)) > 1 and len(set(other)) > 1
    return float(np.corrcoef(one, other)[0, 1]) if vary else np.nan


def test_sums_give_what_pairs_give_and_resamples_too() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(1, 6, (12, 4)).astype(float)
    x = y * 1e-9 + rng.normal(0, 1e-9, y.shape) + rng.normal(0, 1, (12, 1))
    x[3, 1] = y[7, 0] = np.nan
    draws = draw(12, 4, rng=rng, n_resamples=100)
    value, interval, _ = alone(x, y, draws=draws)
    assert value == pytest.approx(by_pairs(x, y, np.ones(12, int), np.ones(4, int)), abs=1e-6)
    drawn = [
        by_pairs(x, y, cases.astype(int), systems.astype(int))
        for cases, systems in zip(draws.cases, draws.systems, strict=True)
    ]
    assert isinstance(interval, Interval)
    assert [interval.low, interval.high] == pytest.approx(np.nanquantile(drawn, [0.025, 0.975]), abs=1e-4)


def test_metrics_together_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(4)
    ratings = {name: rng.integers(1, 6, (9, 3)).astype(float) for name in "ab"}
    scores = {name: rng.normal(size=(9, 3)) for name in "xyz"}
    scores["y"][2, 1] = np.nan
    draws = draw(9, 3, rng=rng, n_resamples=100)
    found = difference_correlations(scores, ratings, draws=draws)
    assert list(found) == [(metric, criterion) for metric in "xyz" for criterion in "ab"]
    for (metric, criterion), (value, interval, n) in found.items():
        one, ends, n_alone = alone(scores[metric], ratings[criterion], draws)
        assert isinstance(interval, Interval)
        assert isinstance(ends, Interval)
        assert [value, interval.low, interval.high] == pytest.approx([one, ends.low, ends.high])
        assert n == n_alone == (25 if metric == "y" else 27)


def test_a_known_tau_b_gives_the_same_tau_c() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 9, 200), rng.integers(1, 6, 200)
    for known in (None, stats.kendalltau(x, y).statistic):
        assert tau_c(x, y, tau_b=known) == pytest.approx(stats.kendalltau(x, y, variant="c").statistic)


def test_what_does_not_differ_within_cases_has_no_correlation() -> None:
    flat = np.repeat([[1.0], [2.0], [0.1]], 3, axis=1)
    assert isinstance(alone(flat, np.arange(9.0).reshape(3, 3))[0], Undefined)
    assert isinstance(alone([[1.0, np.nan]], [[1.0, 2.0]])[0], Undefined)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=12))
def test_a_metric_that_is_the_rating_correlates_fully(pairs: list[tuple[int, int]]) -> None:
    ratings = np.array(pairs, dtype=float)
    value, _, _ = alone(3 * ratings - 7, ratings)
    assert isinstance(value, Undefined) or value == pytest.approx(1)
