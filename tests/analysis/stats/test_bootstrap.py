import numpy as np
import pytest

from analysis.stats.agreement import fleiss_kappa
from analysis.stats.bootstrap import _bca_ends, alpha_interval, bootstrap, kappa_interval
from analysis.stats.estimates import Interval, Undefined
from analysis.stats.krippendorff import alpha
from tests.reference.published import FLEISS_1971, KRIPPENDORFF_C, counts

C = counts(KRIPPENDORFF_C, 5)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_cards() -> None:
    first = kappa_interval(FLEISS_1971, rng=rng())
    assert first == kappa_interval(rng(9).permutation(FLEISS_1971), rng=rng())
    assert first != kappa_interval(FLEISS_1971, rng=rng(2))
    assert "2,000 resamples" in first.method


@pytest.mark.parametrize("shares", ["mean_of_cards", "pooled"])
def test_patterns_resample_as_cards_do(shares: str) -> None:
    # Naive: draw cards, compute the published function. Unequal numbers of ratings on purpose.
    table = np.vstack([C] * 5)
    draws = rng(3).integers(len(table), size=(1500, len(table)))
    naive = np.quantile([fleiss_kappa(table[rows], shares=shares).value for rows in draws], [0.025, 0.975])
    found = kappa_interval(table, rng=rng(), shares=shares, method="percentile", n_resamples=8000)
    assert [found.low, found.high] == pytest.approx(naive, abs=0.012)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_resamples_as_cards_do(level: str) -> None:
    table = np.vstack([C] * 5)
    draws = rng(3).integers(len(table), size=(1000, len(table)))
    naive = np.quantile([alpha(table[rows], level).value for rows in draws], [0.025, 0.975])
    found = alpha_interval(table, level, rng=rng(), method="percentile", n_resamples=8000)
    assert [found.low, found.high] == pytest.approx(naive, abs=0.015)


def test_bca_is_the_interval_scipy_draws() -> None:
    from scipy import stats

    # Skewed values, so that the correction moves the ends.
    sample = rng(5).exponential(size=40)
    ones = np.ones(40, dtype=np.int64)

    def mean(weights: np.ndarray) -> np.ndarray:
        return weights @ sample / weights.sum(axis=1)

    found = bootstrap(mean, ones, rng=rng(), n_resamples=20_000)
    theirs = stats.bootstrap(
        (sample,), np.mean, n_resamples=20_000, method="BCa", rng=rng(2)
    ).confidence_interval
    assert isinstance(found, Interval)
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high], abs=0.02)
    plain = bootstrap(mean, ones, rng=rng(), n_resamples=20_000, method="percentile")
    assert found.low > plain.low + 0.005


def test_degenerate_resamples_are_counted_and_said() -> None:
    # One card of five disagrees: a third of the resamples lack it and have no kappa.
    table = np.array([[3, 0], [3, 0], [3, 0], [3, 0], [1, 2]])
    found = kappa_interval(table, rng=rng())
    expected = 2000 * (4 / 5) ** 5
    assert isinstance(found, Interval)
    assert found.n_degenerate == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert found.n_resamples == 2000


def test_mostly_degenerate_resamples_give_no_interval() -> None:
    # Kappa needs the only pair and the only other point: drawn together in some 40% of the resamples.
    found = kappa_interval([[2, 0], [0, 1]] + [[1, 0]] * 60, rng=rng())
    assert isinstance(found, Undefined)
    assert "of 2,000 resamples of cards were undefined" in found.reason


def test_full_agreement_has_no_bootstrap_interval() -> None:
    found = kappa_interval([[3, 0, 0]] * 5 + [[0, 0, 3]] * 5, rng=rng())
    assert isinstance(found, Undefined)
    assert "every resample of cards gave the same value" in found.reason


def test_undefined_estimates_have_undefined_intervals() -> None:
    constant = [[0, 0, 3]] * 5
    assert str(kappa_interval(constant, rng=rng())) == "undefined: every rating is 3 (100% agreement)"
    assert str(alpha_interval(constant, rng=rng())) == "undefined: every rating is 3 (100% agreement)"
    one = [[1, 1, 1]]
    assert "cannot be resampled" in str(kappa_interval(one, rng=rng()))


def test_too_few_resamples_and_unknown_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="100 resamples or more"):
        kappa_interval(C, rng=rng(), n_resamples=10)
    with pytest.raises(ValueError, match="percentile"):
        kappa_interval(C, rng=rng(), method="basic")


def test_intervals_cover() -> None:
    # 60 cards, 5 annotators, half of the cards clear; nominal coverage 95%.
    maker = rng(21)

    def cards(n: int) -> np.ndarray:
        clear = maker.random(n) < 0.5
        return maker.multinomial(5, np.where(clear[:, None], np.eye(3)[maker.integers(0, 3, n)], 1 / 3))

    truth = alpha(cards(200_000), "ordinal").value
    inside = sum(
        truth in alpha_interval(cards(60), "ordinal", rng=maker, n_resamples=400) for _ in range(200)
    )
    assert 0.88 <= inside / 200 <= 0.99


def test_levels_beyond_the_resamples_have_no_bca() -> None:
    # All but one of the resamples lie below the estimate: both corrected levels are within half a resample of 1.
    drawn = np.r_[np.linspace(0, 0.9, 1999), 1.1]
    left_out = np.linspace(0.9, 1.1, 18)
    ends = np.array([0.025, 0.975])
    once = np.ones(18, dtype=np.int64)
    assert _bca_ends(drawn, 1.0, ends, once, left_out) is None
    assert _bca_ends(drawn, 0.45, ends, once, left_out) is not None
