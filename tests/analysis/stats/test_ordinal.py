"""Cumulative-link models: against statsmodels, a fixed quadrature, by simulation, and where nothing is finite."""

import numpy as np
import pytest
from scipy import special
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis.stats.estimates import Undefined
from analysis.stats.ordinal import cumulative_link, cumulative_link_mixed

THRESHOLDS = np.array([-1.5, 0.0, 1.0, 2.5])


def made(
    *, n_groups: int, size: int, effects: list[float], sd: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratings 1 to 5 of as many systems as effects and one, each group rating every system `size` times."""
    maker = np.random.default_rng(seed)
    system = np.tile(np.repeat(np.arange(len(effects) + 1), size), n_groups)
    group = np.repeat(np.arange(n_groups), size * (len(effects) + 1))
    eta = np.array([0.0, *effects])[system] + sd * maker.normal(size=n_groups)[group]
    latent = eta + maker.logistic(size=len(eta))
    return 1 + (latent[:, None] > THRESHOLDS).sum(axis=1), np.eye(len(effects) + 1)[system][:, 1:], group


def test_without_groups_it_is_the_model_of_statsmodels() -> None:
    y, x, _ = made(n_groups=30, size=2, effects=[0.8, -0.5], sd=0, seed=1)
    found = cumulative_link(y, x)
    peer = OrderedModel(y, x, distr="logit").fit(method="newton", disp=False)
    assert list(found.effects) == pytest.approx(list(peer.params[:2]), abs=1e-6)
    assert list(found.se) == pytest.approx(list(peer.bse[:2]), abs=1e-5)
    assert list(found.thresholds) == pytest.approx(
        list(peer.model.transform_threshold_params(peer.params)[1:-1]), abs=1e-6
    )
    assert found.log_likelihood == pytest.approx(peer.llf, abs=1e-8)


def test_with_two_points_it_is_the_logarithm_of_the_odds_ratio() -> None:
    # 30 of 40 against 15 of 40: log((30 / 10) / (15 / 25)), SE sqrt(1/30 + 1/10 + 1/15 + 1/25).
    y = np.repeat([2, 1, 2, 1], [30, 10, 15, 25])
    x = np.repeat([1.0, 0.0], 40)[:, None]
    found = cumulative_link(y, x)
    assert found.effects[0] == pytest.approx(np.log(3 / 0.6), abs=1e-9)
    assert found.se[0] == pytest.approx(np.sqrt(1 / 30 + 1 / 10 + 1 / 15 + 1 / 25), abs=1e-7)


def test_points_nobody_used_change_nothing() -> None:
    y, x, group = made(n_groups=12, size=2, effects=[1.0], sd=1, seed=2)
    y = np.where(y == 3, 2, y)
    for fit in (
        lambda points: cumulative_link(points, x),
        lambda points: cumulative_link_mixed(points, x, group),
    ):
        assert list(fit(y).effects) == list(fit(np.searchsorted(np.unique(y), y)).effects)


def by_fixed_nodes(
    y: np.ndarray, x: np.ndarray, group: np.ndarray, thresholds: np.ndarray, effects: np.ndarray, sd: float
) -> float:
    """The integrated log-likelihood on a grid so wide and fine that nothing adaptive is needed."""
    u = np.linspace(-9, 9, 3001)
    bounds = np.concatenate([[-np.inf], thresholds, [np.inf]])
    total = 0.0
    for one in np.unique(group):
        own = group == one
        eta = (x[own] @ effects)[:, None] + sd * u
        place = np.searchsorted(np.unique(y), y[own])
        chance = special.expit(bounds[place + 1][:, None] - eta) - special.expit(bounds[place][:, None] - eta)
        inside = np.log(chance).sum(axis=0) - u**2 / 2 - np.log(2 * np.pi) / 2
        total += special.logsumexp(inside) + np.log(u[1] - u[0])
    return total


def test_the_mixed_likelihood_is_that_of_a_fine_grid_and_lies_at_its_top() -> None:
    # Groups of 60 ratings: so peaked that quadrature around 0 would miss them.
    y, x, group = made(n_groups=6, size=20, effects=[0.7, -0.4], sd=1.5, seed=3)
    found = cumulative_link_mixed(y, x, group)
    at = (found.thresholds, found.effects, found.sd)
    top = by_fixed_nodes(y, x, group, *at)
    assert found.log_likelihood == pytest.approx(top, abs=1e-6)
    for sd, shift in ((1.02, 0), (0.98, 0), (1, 0.02), (1, -0.02)):
        assert by_fixed_nodes(y, x, group, at[0], at[1] + [shift, 0], at[2] * sd) < top


def test_groups_that_are_alike_are_counted_and_not_computed_again() -> None:
    y, x, group = made(n_groups=8, size=2, effects=[0.6], sd=1, seed=4)
    twice = cumulative_link_mixed(np.tile(y, 2), np.tile(x, (2, 1)), np.concatenate([group, group + 8]))
    once = cumulative_link_mixed(y, x, group)
    assert twice.n_groups == 16
    assert list(twice.effects) == pytest.approx(list(once.effects), abs=1e-6)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, abs=1e-7)
    assert list(twice.se) == pytest.approx(list(once.se / np.sqrt(2)), rel=1e-5)


def test_effects_and_spread_are_recovered_and_intervals_cover() -> None:
    inside, sds = 0, []
    for seed in range(40):
        y, x, group = made(n_groups=60, size=3, effects=[0.8], sd=1.2, seed=100 + seed)
        found = cumulative_link_mixed(y, x, group)
        inside += abs(found.effects[0] - 0.8) < 1.96 * found.se[0]
        sds.append(found.sd)
    assert inside >= 33  # of 40; a 95% interval falls below that once in a thousand
    assert np.mean(sds) == pytest.approx(1.2, abs=0.06)


def test_groups_that_do_not_differ_leave_the_plain_model() -> None:
    y = np.tile([1, 2, 3, 4, 5, 2, 3, 4, 5, 5], 6)
    x, group = np.tile(np.repeat([0.0, 1.0], 5), 6)[:, None], np.repeat(np.arange(6), 10)
    found, plain = cumulative_link_mixed(y, x, group), cumulative_link(y, x)
    assert found.sd == 0
    assert list(found.effects) == list(plain.effects)


@pytest.mark.parametrize(
    ("y", "x", "words"),
    [
        ([4, 4, 4, 4], [0, 0, 1, 1], "every rating is 4 (100% agreement)"),
        ([1, 2, 5, 5], [0, 0, 1, 1], "all ratings of one system are the highest given"),
        ([2, 3, 1, 1], [0, 0, 1, 1], "all ratings of one system are the lowest given"),
        ([1, 2, 1, 2], [1, 1, 1, 1], "depend on each other"),
        ([], [], "no ratings"),
    ],
)
def test_what_has_no_finite_estimate_says_why(y: list[int], x: list[float], words: str) -> None:
    column = np.array(x, dtype=float).reshape(-1, 1)
    for found in (cumulative_link(y, column), cumulative_link_mixed(y, column, np.arange(len(y)) // 2)):
        assert isinstance(found, Undefined)
        assert words in found.reason


def test_a_handful_of_ratings_is_too_few_and_is_told_so() -> None:
    # Six ratings, four points, three systems: the top of the likelihood is flat, and an SE was once no number.
    system = np.array([0, 1, 2, 0, 1, 2])
    found = cumulative_link_mixed([2, 4, 3, 3, 5, 5], np.eye(3)[system][:, 1:], [0, 1, 1, 1, 2, 2])
    assert isinstance(found, Undefined)
    assert "too few" in found.reason
