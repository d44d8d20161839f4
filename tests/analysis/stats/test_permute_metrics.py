import numpy as np
import pytest
from scipy import stats

from analysis.stats.correlation import LEVELS
from analysis.stats.permute_metrics import coins, perm_both, perm_both_all


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def made(n_cases: int = 12, n_systems: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two metrics, the first of which follows the ratings; a few cells are missing."""
    maker = rng(4)
    human = maker.integers(1, 6, (n_cases, n_systems)).astype(float)
    first, second = human + maker.normal(0, 1, human.shape), maker.normal(50, 9, human.shape)
    first[0, 1] = second[3, 2] = human[5, 0] = np.nan
    return first, second, human


def naive(scores: np.ndarray, human: np.ndarray, held: np.ndarray, level: str) -> float:
    if level == "none":
        return stats.pearsonr(scores[held], human[held]).statistic
    if level == "case":
        rows = zip(scores, human, held, strict=True)
        return np.mean([stats.pearsonr(a[ok], b[ok]).statistic for a, b, ok in rows])
    columns = [(a[ok], b[ok]) for a, b, ok in zip(scores.T, human.T, held.T, strict=True)]
    if level == "system":
        return stats.pearsonr([a.mean() for a, _ in columns], [b.mean() for _, b in columns]).statistic
    residuals = [(a - a.mean(), b - b.mean()) for a, b in columns]
    return stats.pearsonr(*(np.concatenate(side) for side in zip(*residuals, strict=True))).statistic


@pytest.mark.parametrize("level", LEVELS)
def test_it_is_the_test_written_out_swap_by_swap(level: str) -> None:
    first, second, human = made()
    held = ~np.isnan(first + second + human)
    one, other = ((side - side[held].mean()) / side[held].std() for side in (first, second))
    found = perm_both(first, second, human, level=level, rng=rng(), n_resamples=60)
    differences = []
    for toss in coins(rng(), 60, human.shape):
        a, b = np.where(toss, other, one), np.where(toss, one, other)
        differences.append(naive(a, human, held, level) - naive(b, human, held, level))
    assert found.first == pytest.approx(naive(first, human, held, level), abs=1e-12)
    assert found.second == pytest.approx(naive(second, human, held, level), abs=1e-12)
    wanted = found.difference - 1e-12
    assert found.p == (sum(abs(d) >= wanted for d in differences) + 1) / 61
    assert found.p_greater == (sum(d >= wanted for d in differences) + 1) / 61
    assert found.n == 57


def test_p_is_never_zero() -> None:
    human = np.tile(np.arange(1.0, 6), (40, 1)) + rng().normal(0, 0.1, (40, 5))
    found = perm_both(human, rng(2).normal(size=human.shape), human, level="none", rng=rng(), n_resamples=99)
    assert found.p == found.p_greater == 1 / 100


def test_two_metrics_of_equal_worth_are_told_apart_as_rarely_as_promised() -> None:
    maker, p = rng(6), []
    for _ in range(300):
        quality = maker.normal(size=(20, 4))
        x, y, human = (quality + maker.normal(size=quality.shape) for _ in range(3))
        p.append(perm_both(x, y, human, level="case", rng=maker, n_resamples=99).p)
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.085


def test_a_metric_against_itself_differs_in_nothing() -> None:
    first, _, human = made()
    found = perm_both(first, first * 3 + 1, human, level="none", rng=rng(), n_resamples=50)
    assert found.difference == pytest.approx(0, abs=1e-12)
    assert found.p == 1.0


def test_what_has_no_correlation_is_undefined_in_words() -> None:
    first, second, human = made()
    assert "do not vary" in str(perm_both(first * 0 + 2, second, human, level="none", rng=rng()))
    assert "too few" in str(perm_both(first[:1, :2], second[:1, :2], human[:1, :2], level="none", rng=rng()))
    with pytest.raises(ValueError, match="level is one of"):
        perm_both(first, second, human, level="item", rng=rng())


@pytest.mark.parametrize("level", LEVELS)
def test_all_pairs_are_each_pair_by_the_same_coins(level: str) -> None:
    first, second, human = made()
    first[3, 2] = second[0, 1] = np.nan
    third = human + rng(9).normal(0, 2, human.shape)
    together = perm_both_all([first, second, third], human, level=level, rng=rng(), n_resamples=80)
    held = np.where(np.isnan(first + second), np.nan, human)
    for i, j, x, y in ((0, 1, first, second), (2, 0, third, first), (1, 2, second, third)):
        alone = perm_both(x, y, held, level=level, rng=rng(), n_resamples=80)
        assert [together.r[i], together.r[j]] == pytest.approx([alone.first, alone.second])
        assert together.p[i, j] == together.p[j, i] == alone.p
        # The same coins swap the same texts, whichever of the two is named first.
        assert together.p_greater[i, j] == pytest.approx(alone.p_greater, abs=1e-12)
    assert (np.diag(together.p) == 1).all()
