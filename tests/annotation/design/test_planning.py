import math
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.power import TTestPower

from annotation.design.assignment import ImpossiblePlan
from annotation.design.planning import PlannedDesign, cases_needed, cost_of, kappa_range, power

PLAN = PlannedDesign()


def test_a_paired_design_is_counted_out():
    cost = cost_of(PLAN)
    assert (cost.n_cards, cost.n_ratings) == (240, 2160)
    assert (cost.cards_least, cost.cards_most) == (120, 120)
    assert cost.minutes_most == pytest.approx(130 * 45 / 60)
    assert cost.hours_all == pytest.approx((720 + 60) * 45 / 3600)
    assert cost.comparisons == 18
    assert 0 < cost.power_corrected < cost.power < 1


def test_a_latin_square_gives_each_person_a_share_of_the_cards():
    cost = cost_of(replace(PLAN, design="latin", n_annotators=18))
    assert (cost.cards_least, cost.cards_most) == (40, 40)
    assert cost.n_ratings == 2160
    with pytest.raises(ImpossiblePlan, match="at least 12 annotators"):
        cost_of(replace(PLAN, design="latin"))


def test_side_by_side_costs_what_a_paired_design_costs_and_needs_two_systems():
    assert cost_of(replace(PLAN, design="side_by_side")) == cost_of(PLAN)
    with pytest.raises(ImpossiblePlan, match="two systems or more"):
        cost_of(replace(PLAN, design="side_by_side", n_systems=1))


@pytest.mark.parametrize(("dz", "published"), [(0.2, 198.15), (0.3, 89.15), (0.5, 33.37), (0.8, 14.30)])
def test_the_cases_needed_are_the_published_ones(dz, published):
    assert cases_needed(dz, 0.05) == math.ceil(published)
    assert power(math.ceil(published), dz, 0.05) >= 0.8 > power(math.floor(published), dz, 0.05)
    assert power(50, dz, 0.05) == pytest.approx(TTestPower().power(dz, 50, 0.05))


def test_extreme_differences_have_a_number_of_cases_too():
    assert cases_needed(5, 0.05) == 3
    assert cases_needed(0.01, 0.0001) > 100_000


@pytest.mark.parametrize(("n", "width"), [(30, 0.25), (100, 0.128)])
def test_the_width_of_kappa_is_what_simulations_elsewhere_found(n, width):
    # Five raters, kappa .75; both simulations have an error of their own.
    low, high = kappa_range(n, 5, 0.75)
    assert low < 0.75 < high
    assert high - low == pytest.approx(width, rel=0.25)


def test_simulated_raters_agree_as_much_as_was_expected():
    low, high = kappa_range(4000, 3, 0.4, seed=3)
    assert low == pytest.approx(0.4, abs=0.03)
    assert high == pytest.approx(0.4, abs=0.03)
    rng = np.random.default_rng(0)
    counts = np.apply_along_axis(np.bincount, 1, rng.integers(0, 5, (500, 3)), minlength=5)
    assert abs(fleiss_kappa(counts)) < 0.05


def test_what_cannot_be_planned_is_refused():
    for change in ({"dz": 0}, {"k": 9}, {"kappa": 1.0}, {"n_cases": 0}, {"seconds_a_card": 0}):
        with pytest.raises(ImpossiblePlan):
            cost_of(replace(PLAN, **change))


def test_the_largest_design_a_form_takes_is_worked_out():
    cost = cost_of(replace(PLAN, n_cases=100_000, n_systems=50, k=100, n_annotators=1000))
    assert cost.n_ratings == 1_500_000_000
    assert cost.kappa_low < 0.4 < cost.kappa_high


def test_one_rater_has_no_agreement():
    cost = cost_of(replace(PLAN, k=1))
    assert math.isnan(cost.kappa_low)
