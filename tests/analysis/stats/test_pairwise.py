import numpy as np
import pytest

from analysis.stats.crossed import draw
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.pairwise import accuracy, better, clusters, in_order, soft_accuracy


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_accuracy_as_mt_metrics_eval_has_it() -> None:
    # mt-metrics-eval, stats_test.py: acc23 .6, and .7 once ties are calibrated.
    found = accuracy([[2, 1, 1.5, 5, 3]], [[1, 2, 2, 3, 4]])
    assert (found.uncalibrated, found.calibrated) == (0.6, pytest.approx(0.7))
    assert (found.epsilon, found.tied, found.n_pairs) == (0.5, 0.2, 10)
    # The same file counts 14 of 21 pairs right, one of them a tie of both.
    found = accuracy([[1, 1, 2, 2, 4, 3, 3]], [[1, 1, 1, 2, 2, 3, 4]])
    assert found.uncalibrated == pytest.approx(14 / 21)


def plain(x: np.ndarray, y: np.ndarray, epsilon: float) -> float:
    """Pair by pair."""
    by_case = []
    for a, b in zip(x, y, strict=True):
        right = [
            (b[i] == b[j] if abs(a[i] - a[j]) <= epsilon else (a[i] - a[j]) * (b[i] - b[j]) > 0)
            for i in range(len(a))
            for j in range(i)
            if not np.isnan([a[i], a[j], b[i], b[j]]).any()
        ]
        if right:
            by_case.append(np.mean(right))
    return float(np.mean(by_case))


def test_the_epsilon_is_the_best_of_all_gaps() -> None:
    y = rng().integers(1, 4, (15, 5)).astype(float)
    x = np.round(y + rng(2).normal(0, 1, y.shape), 1)
    x[2, 3] = y[4, 0] = np.nan
    found = accuracy(x, y)
    assert found.uncalibrated == pytest.approx(plain(x, y, 0.0))
    gaps = {0.0} | {abs(a - b) for row in x for a in row for b in row if not np.isnan(a - b)}
    by_gap = {gap: plain(x, y, gap) for gap in gaps}
    assert found.calibrated == pytest.approx(max(by_gap.values()))
    assert plain(x, y, found.epsilon) == pytest.approx(found.calibrated)
    assert found.calibrated > found.uncalibrated
    assert found.epsilon == min(gap for gap, value in by_gap.items() if value >= found.calibrated - 1e-12)


def test_the_best_may_be_to_call_nearly_everything_a_tie_and_then_it_shows() -> None:
    # People tie nearly always, and the metric contradicts them where they do not.
    y = np.full((20, 4), 3.0)
    y[:, 0] = 4.0
    x = np.tile([1.0, 2.0, 3.0, 4.0], (20, 1))
    found = accuracy(x, y)
    assert (found.uncalibrated, found.calibrated, found.tied) == (0.0, 0.5, pytest.approx(5 / 6))


def test_intervals_are_over_cases_and_systems() -> None:
    y = rng().normal(size=(60, 6))
    x = y + rng(2).normal(size=y.shape)
    draws = draw(60, 6, rng=rng(3), n_resamples=400)
    found = accuracy(x, y, draws=draws)
    assert isinstance(found.uncalibrated_interval, Interval)
    assert found.uncalibrated in found.uncalibrated_interval
    # A resample written out: pairs of a system with itself are no pairs.
    rows, columns = (np.repeat(np.arange(len(n)), n.astype(int)) for n in (draws.cases[0], draws.systems[0]))
    right = [
        np.mean(
            [
                (x[i, a] - x[i, b]) * (y[i, a] - y[i, b]) > 0
                for k, a in enumerate(columns)
                for b in columns[:k]
                if a != b
            ]
        )
        for i in rows
    ]
    one = accuracy(x, y, draws=type(draws)(draws.cases[[0] * 150], draws.systems[[0] * 150], "x"))
    assert isinstance(one.uncalibrated_interval, Undefined)  # every resample the same
    mixed = type(draws)(
        np.vstack([draws.cases[[0] * 140], draws.cases[1:11]]),
        np.vstack([draws.systems[[0] * 140], draws.systems[1:11]]),
        "x",
    )
    middle = accuracy(x, y, draws=mixed, confidence=0.5).uncalibrated_interval
    assert middle.low == middle.high == pytest.approx(np.mean(right))


def test_without_pairs_there_is_no_accuracy() -> None:
    found = accuracy([[1.0, np.nan]], [[2.0, 3.0]])
    assert "no case has two texts" in str(found.calibrated)


def test_soft_accuracy_is_one_for_the_ratings_themselves_and_low_for_their_reverse() -> None:
    y = rng().normal([0, 0.1, 0.4, 0.9], 1, (80, 4))
    same = soft_accuracy(y, y, rng=rng(2))
    assert (same.value, same.n_pairs, same.n_cases) == (1.0, 6, 80)
    assert soft_accuracy(-y, y, rng=rng(2)).value < 0.4
    y[0, 2] = np.nan
    assert soft_accuracy(y, y, rng=rng(2)).n_cases == 79
    assert "too few" in str(soft_accuracy(y[:1], y[:1], rng=rng(2)))


@pytest.mark.parametrize("constant", ["scores", "ratings"])
def test_what_never_varies_orders_no_two_systems(constant: str) -> None:
    y = rng().integers(1, 6, (20, 3)).astype(float)
    flat = np.zeros_like(y)
    pair = (flat, y) if constant == "scores" else (y, flat)
    found = soft_accuracy(*pair, rng=rng(2))
    assert isinstance(found, Undefined)
    assert found.reason == f"all {constant} are equal: they order no two systems"


def test_p_of_systems_counts_sign_flips() -> None:
    values = np.array([[1.0, 0], [2, 1], [4, 1], [3, 5]])
    signs = np.array(
        [[a, b, c, d] for a in (1, -1) for b in (1, -1) for c in (1, -1) for d in (1, -1)], dtype=float
    )
    differences = values[:, 0] - values[:, 1]
    reached = sum(flips @ differences >= differences.sum() for flips in signs)
    assert better(values, signs)[0] == (reached + 1) / 17


def test_clusters_begin_where_somebody_of_the_last_one_wins() -> None:
    # a beats c alone, b beats d alone: c begins a new rank, and within it only c may end it.
    p = np.ones((4, 4))
    p[0, 2] = p[1, 3] = 0.01
    assert clusters(p) == [1, 1, 3, 3]
    p[2, 3] = 0.04
    assert clusters(p) == [1, 1, 3, 4]
    assert clusters(np.ones((3, 3))) == [1, 1, 1]
    assert in_order(["b", "a", "c"], [0.5, 0.5, 0.9]) == [2, 1, 0]
