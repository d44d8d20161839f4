"""What a design costs, in people, minutes and ratings, and what it can show: worked out before anybody is asked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotation.design.assignment import ImpossiblePlan, quotas

SIMULATIONS, FEWEST_SIMULATIONS = 400, 40
CATEGORIES = 5
MOST_MARKS = 20_000_000
"""Simulated in all; larger designs are simulated less often, at last with fewer cards, and spread less than told."""


SECONDS_A_TEXT = 45.0
"""What is reckoned with where nobody says better; measured nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDesign:
    """A design somebody thinks of, and what they expect to find with it."""

    design: Literal["paired", "latin", "side_by_side"] = "paired"
    n_cases: int = 60
    n_systems: int = 4
    k: int = 3
    n_annotators: int = 6
    n_calibration: int = 10
    n_hidden: int = 0
    """Cards hidden among those of every annotator: repeats, attention checks, cards with reference marks."""
    n_criteria: int = 3
    seconds_a_card: float = SECONDS_A_TEXT
    """Reading and all criteria of one card; the same for a calibration card."""
    dz: float = 0.3
    """The difference of two systems one wants to find: mean over standard deviation of the cases' differences."""
    significance: float = 0.05
    kappa: float = 0.4
    """The agreement one expects."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the design takes and gives."""

    n_cards: int
    n_ratings: int
    """Marks in the main study: cards times annotators a card times criteria."""
    cards_least: int
    """Cards of the annotator who has fewest."""
    cards_most: int
    minutes_most: float
    """Of the annotator who has most, calibration included; guidelines are not."""
    hours_all: float
    power: float
    """Chance that a paired t test over the cases finds `dz`, two-sided; one value a case and system."""
    cases_needed: int
    """Cases that find it with a chance of 80%."""
    comparisons: int
    """Pairs of systems, over all criteria."""
    power_corrected: float
    """The same where Holm's correction is at its strictest: the smallest p of all comparisons."""
    kappa_low: float
    """Between these, 95 of 100 such studies find their kappa, one criterion."""
    kappa_high: float


def cost_of(plan: PlannedDesign, *, seed: int = 0) -> Cost:
    """Work the design out.

    Raises:
        ImpossiblePlan: no study can be built of these numbers.
    """
    if plan.n_systems < 1 or plan.seconds_a_card <= 0 or not 0 < plan.significance < 1:
        raise ImpossiblePlan(
            "Systems, seconds and the level of significance are above 0, and the level below 1."
        )
    if not 0 <= plan.kappa < 1:
        raise ImpossiblePlan(f"An expected kappa lies from 0 to below 1, not {plan.kappa}.")
    if plan.design == "side_by_side" and plan.n_systems < 2:
        raise ImpossiblePlan("Side by side compares two systems or more, and the plan has one.")
    latin = plan.design == "latin"
    if latin and plan.k * plan.n_systems > plan.n_annotators:
        raise ImpossiblePlan(
            f"In a Latin square {plan.k} annotators a card and {plan.n_systems} systems need at least "
            f"{plan.k * plan.n_systems} annotators, and the plan has {plan.n_annotators}."
        )
    shares = quotas(plan.n_cases, plan.k * (plan.n_systems if latin else 1), plan.n_annotators)
    cards = [share * (1 if latin else plan.n_systems) + plan.n_hidden for share in shares]
    n_cards = plan.n_cases * plan.n_systems
    comparisons = plan.n_criteria * plan.n_systems * (plan.n_systems - 1) // 2
    low, high = kappa_range(n_cards, plan.k, plan.kappa, seed=seed)
    return Cost(
        n_cards=n_cards,
        n_ratings=n_cards * plan.k * plan.n_criteria,
        cards_least=min(cards),
        cards_most=max(cards),
        minutes_most=(max(cards) + plan.n_calibration) * plan.seconds_a_card / 60,
        hours_all=(sum(cards) + plan.n_calibration * plan.n_annotators) * plan.seconds_a_card / 3600,
        power=power(plan.n_cases, plan.dz, plan.significance),
        cases_needed=cases_needed(plan.dz, plan.significance),
        comparisons=comparisons,
        power_corrected=power(plan.n_cases, plan.dz, plan.significance / max(comparisons, 1)),
        kappa_low=low,
        kappa_high=high,
    )


def power(n_cases: int, dz: float, significance: float) -> float:
    """Of a two-sided paired t test; 0 below two cases."""
    from statsmodels.stats.power import TTestPower

    if n_cases < 2:
        return 0.0
    return float(TTestPower().power(abs(dz), n_cases, significance, alternative="two-sided"))


def cases_needed(dz: float, significance: float, wanted: float = 0.8) -> int:
    """The fewest cases with at least that power."""
    if dz == 0:
        raise ImpossiblePlan("No number of cases finds a difference of 0: expect a larger one.")
    low, high = 1, 2
    while power(high, dz, significance) < wanted:  # by halving: a solver for real numbers fails at the ends
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, dz, significance) >= wanted else (middle, high)
    return high


def kappa_range(n_cards: int, k: int, kappa: float, *, seed: int = 0) -> tuple[float, float]:
    """Between which values Fleiss' kappa of so many cards falls in 95 of 100 studies, by simulation.

    Each card has a true mark, any of the five as often; a rater knows it with probability sqrt(kappa) and guesses
    otherwise, so that two raters agree beyond chance with probability kappa. NaN below two raters.
    """
    if k < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    n_cards = min(n_cards, MOST_MARKS // (FEWEST_SIMULATIONS * k))
    n_runs = int(np.clip(MOST_MARKS // (n_cards * k), FEWEST_SIMULATIONS, SIMULATIONS))
    found = np.empty(n_runs)
    for run in range(n_runs):
        true = rng.integers(0, CATEGORIES, (n_cards, 1))
        guess = rng.integers(0, CATEGORIES, (n_cards, k))
        marks = np.where(rng.random((n_cards, k)) < np.sqrt(kappa), true, guess)
        counts = (marks[:, :, None] == np.arange(CATEGORIES)).sum(axis=1)
        agreed = float(((counts * (counts - 1)).sum(axis=1) / (k * (k - 1))).mean())
        by_chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
        found[run] = (agreed - by_chance) / (1 - by_chance)
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
