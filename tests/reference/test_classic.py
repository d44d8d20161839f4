"""Textbook tables and what their authors, R and other libraries print for them."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.stats.agreement import Kappa, fleiss_kappa, gwet_ac, percent_agreement, randolph_kappa
from analysis.stats.krippendorff import alpha
from analysis.stats.power import cases_needed
from analysis.stats.reliability import icc_oneway
from tests.reference.published import (
    FLEISS_1971,
    KRIPPENDORFF_C,
    SHROUT_FLEISS_1979,
    THREE_CODERS,
    WIKIPEDIA,
    counts,
)

C = counts(KRIPPENDORFF_C, 5)


def near(value: float, digits: float = 1e-10) -> object:
    return pytest.approx(value, rel=0, abs=digits)


def test_fleiss_1971_gives_the_printed_kappa_and_the_statistics_of_r_irr() -> None:
    # Printed: kappa .430, z 17.7 (R irr::kappam.fleiss); digits from independent numpy and statsmodels.
    kappa = fleiss_kappa(FLEISS_1971)
    assert isinstance(kappa, Kappa)
    assert kappa.value == near(0.43024452006014)
    assert kappa.observed == near(0.5555555556)
    assert kappa.chance == near(0.2199382716)
    assert kappa.se0 == near(0.0243739321)
    assert kappa.z == near(17.651830583, 1e-9)
    assert kappa.se == near(0.0541989355)
    assert (kappa.n_cards, kappa.n_used, kappa.n_ratings) == (30, 30, 180)


def test_fleiss_1971_kappas_of_single_categories() -> None:
    # R irr prints .245 .245 .520 .471 .566. The digits are exact fractions of the table: 1 - D / 30r(r - 1)pq, with
    # D the pairs that differ on the point, r = 6. The provenance file of the data gives .4711272688, .5661178107 and z
    # 9.994112 for the last two; the fractions say .4711272727, .5661178068 and 9.994119.
    exact = []
    for column in FLEISS_1971.T:
        x = [Fraction(int(n)) for n in column]
        p = sum(x) / 180
        exact.append(1 - sum(2 * n * (6 - n) for n in x) / (30 * 30 * 2 * p * (1 - p)))
    assert [float(one) for one in exact[3:]] == near([0.4711272727, 0.5661178068])
    kappa = fleiss_kappa(FLEISS_1971)
    categories = kappa.per_category
    assert [c.value for c in categories] == near([float(one) for one in exact], 1e-14)
    # Under no agreement the error of each is sqrt(2 / (N r (r - 1))), whatever the shares.
    assert [c.se0 for c in categories] == near([0.0471404521] * 5)
    assert [c.z for c in categories] == near([float(one) / (2 / 900) ** 0.5 for one in exact], 1e-12)
    assert [c.z for c in categories] == near([5.192043, 5.192043, 11.030866, 9.994119, 12.009172], 1e-6)


def test_fleiss_1971_other_coefficients() -> None:
    assert randolph_kappa(FLEISS_1971).value == near(0.4444444444)
    assert alpha(FLEISS_1971, "nominal").value == near(0.4334098283)
    assert gwet_ac(FLEISS_1971).value == near(0.4478845158)


def test_the_wikipedia_table() -> None:
    kappa = fleiss_kappa(WIKIPEDIA)
    assert kappa.value == near(0.2099307044)
    assert kappa.se0 == near(0.0169650692)
    assert kappa.z == near(12.374291, 1e-6)
    assert randolph_kappa(WIKIPEDIA).value == near(0.2225274725)
    assert [c.value for c in kappa.per_category] == near(
        [0.201282, 0.079670, 0.171598, 0.030381, 0.507657], 5e-7
    )


@pytest.mark.parametrize(
    ("level", "value"),
    [
        ("nominal", 0.743421052632),
        ("ordinal", 0.815387503755),
        ("interval", 0.849107142857),
        ("ratio", 0.797402774712),
    ],
)
def test_krippendorff_data_c(level: str, value: float) -> None:
    # Krippendorff (2011) prints .743, .815, .849.
    assert alpha(C, level).value == near(value, 1e-11)


@pytest.mark.parametrize(
    ("level", "value"),
    [
        ("nominal", 0.691358024691),
        ("ordinal", 0.806721419941),
        ("interval", 0.810844892812),
        ("ratio", 0.808943670784),
    ],
)
def test_krippendorff_three_coders_with_gaps(level: str, value: float) -> None:
    # Wikipedia prints .691 and .811.
    assert alpha(counts(THREE_CODERS, 4), level).value == near(value, 1e-11)


def test_unequal_raters_by_both_conventions_of_shares() -> None:
    assert fleiss_kappa(C, shares="mean_of_cards").value == near(0.7611692754)
    assert fleiss_kappa(C, shares="pooled").value == near(0.7604730693)
    assert fleiss_kappa(C).convention == "identity weights, shares mean_of_cards"


def test_unequal_raters_have_the_standard_errors_r_irrcac_prints() -> None:
    # README of R irrCAC: Fleiss .76117 (.15302), AC1 .77544 (.14295), Brennan-Prediger .77273 (.14472), pa
    # .81818.
    fleiss, ac1, free = fleiss_kappa(C), gwet_ac(C), randolph_kappa(C)
    assert (fleiss.value, fleiss.se) == (near(0.76117, 5e-6), near(0.15302, 5e-6))
    assert (ac1.value, ac1.se) == (near(0.77544, 5e-6), near(0.14295, 5e-6))
    assert (free.value, free.se) == (near(0.77273, 5e-6), near(0.14472, 5e-6))
    assert percent_agreement(C).exact == near(0.81818, 5e-6)
    assert (fleiss.n_cards, fleiss.n_used, fleiss.n_ratings) == (12, 11, 41)


@pytest.mark.parametrize(
    ("weights", "fleiss", "ac2"),
    [
        ("linear", 0.8179447671, 0.8587391364),
        ("quadratic", 0.8649350649, 0.9140007235),
        ("ordinal", 0.8502061894, 0.8989397700),
    ],
)
def test_weighted_coefficients(weights: str, fleiss: float, ac2: float) -> None:
    assert fleiss_kappa(C, weights=weights).value == near(fleiss)
    assert gwet_ac(C, weights=weights).value == near(ac2)


def test_gwet_six_psychiatrists() -> None:
    # The first fifteen patients of Fleiss, as README of R irrCAC has them (distrib.6raters).
    table = FLEISS_1971[:15]
    fleiss, ac1 = fleiss_kappa(table), gwet_ac(table)
    assert (fleiss.value, fleiss.se) == (near(0.4139265, 5e-8), near(0.08119291, 5e-9))
    assert (ac1.value, ac1.se) == (near(0.4448007, 5e-8), near(0.08418757, 5e-9))
    assert alpha(table, "nominal").value == near(0.4204384, 5e-8)
    assert randolph_kappa(table).value == near(0.4388889, 5e-8)


def test_shrout_and_fleiss_one_way() -> None:
    # Printed: ICC(1,1) .17 and ICC(1,4) .44.
    icc = icc_oneway(counts(SHROUT_FLEISS_1979, 10))
    assert icc.single == near(0.165741768405, 1e-11)
    assert icc.mean == near(0.442797133679, 1e-11)
    assert icc.k == 4


@pytest.mark.parametrize(
    ("significance", "sizes"),
    [(0.05, [198.15, 89.15, 33.37, 14.30]), (0.01, [295.30, 133.10, 50.06, 21.63])],
)
def test_cases_needed_as_pingouin_and_statsmodels_say(significance: float, sizes: list[float]) -> None:
    found = [cases_needed(dz, significance=significance) for dz in (0.2, 0.3, 0.5, 0.8)]
    assert np.round(found, 2).tolist() == sizes
