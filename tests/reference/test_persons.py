"""Coefficients that need persons, not counts, on textbook tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.agreement import fleiss_kappa, gwet_ac, randolph_kappa
from analysis.stats.crossed_reliability import full_table, icc_twoway, kendall_w
from analysis.stats.krippendorff import alpha
from analysis.stats.rater_pairs import cohen, conger_kappa, rater_pairs
from analysis.stats.ratings import RatingTable
from tests.analysis.stats.made import long_frame
from tests.reference.published import KRIPPENDORFF_C, SHROUT_FLEISS_1979, counts


def near(value: object, digits: float = 1e-10) -> object:
    return pytest.approx(value, rel=0, abs=digits)


def persons(ratings: np.ndarray, n_levels: int = 5) -> RatingTable:
    """Ratings (n_cards, n_annotators) of 1..n_levels, 0 for missing."""
    cards = {(f"c{index:03}", "a"): [int(mark) or None for mark in row] for index, row in enumerate(ratings)}
    return RatingTable.from_frame(long_frame(cards), levels=range(1, n_levels + 1))


@pytest.fixture
def classic(shared_data: Path) -> Path:
    return shared_data / "ratings" / "classic"


def test_three_abstractors_of_gwet() -> None:
    # README of R irrCAC, cont3x3abstractors: kappa .7964094 (.05891072), pa .89, pi .7962397, AC1 .8493305, BP .835,
    # alpha .7972585.
    joint = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
    found = cohen(joint)
    assert [found.value, found.se, found.observed] == near([0.7964094, 0.05891072, 0.89], 5e-8)
    cards = np.repeat(
        [np.eye(3, dtype=int)[i] + np.eye(3, dtype=int)[j] for i, j in np.ndindex(3, 3)], joint.ravel(), 0
    )
    others = [
        fleiss_kappa(cards).value,
        gwet_ac(cards).value,
        randolph_kappa(cards).value,
        alpha(cards, "nominal").value,
    ]
    assert others == near([0.7962397, 0.8493305, 0.835, 0.7972585], 5e-8)


@pytest.mark.shared
def test_fleiss_1971_by_psychiatrist(classic: Path) -> None:
    # R irr kappam.fleiss(exact = TRUE) prints Conger's .442; raters 1 to 4 alone .489.
    codes = pd.read_csv(classic / "fleiss1971_diagnoses_codes.csv").to_numpy()
    assert conger_kappa(persons(codes), "clear").value == near(0.44180854, 5e-9)
    four = fleiss_kappa(counts(codes[:, :4], 5))
    assert [four.value, four.z] == [near(0.4893319342), near(12.994739, 5e-7)]


@pytest.mark.shared
@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic", "ordinal"])
def test_data_c_has_the_values_and_errors_of_irrcac(classic: Path, weights: str) -> None:
    # All coefficients irrCAC has, under the weights this project has; missing ratings among them.
    golden = json.loads((classic / "golden_gwet_raw4raters_irrCAC.json").read_text())[weights]
    c = counts(KRIPPENDORFF_C, 5)
    found = {
        "fleiss": fleiss_kappa(c, weights=weights),
        "gwet": gwet_ac(c, weights=weights),
        "bp": randolph_kappa(c, weights=weights),
        "conger": conger_kappa(persons(KRIPPENDORFF_C), "clear", weights=weights),
    }
    for name, one in found.items():
        wanted = [golden[name][key] for key in ("coefficient_value", "se", "pa", "pe")]
        assert [one.value, one.se, one.observed, one.chance] == near(wanted, 1e-7), name


@pytest.mark.shared
def test_alpha_of_data_c_at_three_levels_of_irrcac(classic: Path) -> None:
    golden = json.loads((classic / "golden_gwet_raw4raters_irrCAC.json").read_text())
    for weights, level in (("identity", "nominal"), ("quadratic", "interval"), ("ratio", "ratio")):
        value = golden[weights]["krippendorff"]["coefficient_value"]
        assert alpha(counts(KRIPPENDORFF_C, 5), level).value == near(value, 1e-7)


@pytest.mark.shared
def test_four_raters_of_gwet_in_four_categories(classic: Path) -> None:
    # README of R irrCAC: cac.dist4cat, columns 2 to 4, AC1 .3518903.
    table = pd.read_csv(classic / "gwet_cac_dist4cat.csv")[["a", "b", "c"]].to_numpy()
    assert gwet_ac(table).value == near(0.3518903, 5e-8)


@pytest.mark.shared
def test_pairs_of_anxious_students(classic: Path) -> None:
    # R irr kappa2(anxiety[, 1:2]): .119, equal weights .189, squared .297.
    pairs = rater_pairs(persons(pd.read_csv(classic / "anxiety.csv").to_numpy(), 6), "clear")
    assert (pairs[0].first, pairs[0].second) == ("annotator 1", "annotator 2")
    found = [cohen(pairs[0].joint, weights=weights).value for weights in ("identity", "linear", "quadratic")]
    assert found == near([0.1194969, 0.1891892, 0.2967651], 5e-8)


@pytest.mark.shared
def test_a_constant_rater_of_videos_has_no_kappa_and_stops_nobody(classic: Path) -> None:
    pairs = rater_pairs(persons(pd.read_csv(classic / "video.csv").to_numpy()), "clear")
    told = {(p.first, p.second): str(cohen(p.joint, names=(p.first, p.second)).value) for p in pairs}
    with_first = [words for pair, words in told.items() if "annotator 1" in pair]
    assert len(with_first) == 3
    assert all("annotator 1 gave 4 to every card" in words for words in with_first)
    assert sum("undefined" in words for words in told.values()) == 3


def test_shrout_and_fleiss_two_way() -> None:
    # Printed: ICC(2,1) .29, ICC(3,1) .71, ICC(2,4) .62, ICC(3,4) .91; mean squares 11.24, 32.49, 1.02.
    found = icc_twoway(SHROUT_FLEISS_1979)
    values = [found.agreement_single, found.consistency_single, found.agreement_mean, found.consistency_mean]
    assert [one.value for one in values] == near(
        [0.289763779528, 0.714840714841, 0.620050547599, 0.909315542377], 1e-11
    )
    assert [found.ms_cards, found.ms_annotators, found.ms_error] == near(
        [11.2416667, 32.4861111, 1.0194444], 5e-8
    )


@pytest.mark.shared
def test_concordance_and_reliability_of_anxious_students(classic: Path) -> None:
    # R irr kendall(anxiety, TRUE): W .540, chi2(19) 30.8, p .0429.
    ratings = pd.read_csv(classic / "anxiety.csv").to_numpy()
    found = kendall_w(full_table(persons(ratings, 6), "clear").values)
    assert [found.w, found.chi2] == near([0.539656876, 30.760442], 5e-7)
    assert found.p == near(0.0428834731)
    assert found.df == 19
    assert icc_twoway(ratings).agreement_single.value == near(0.197998, 5e-7)
