"""What a report says of agreement beyond its main table."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.report.agreement_prose import paradox
from analysis.report.analyse import Subject, analyse
from analysis.report.findings.number import Number
from analysis.report.findings.study import StudyFindings
from analysis.report.page import sections
from analysis.report.prose import on_agreement
from analysis.report.tables import all_tables
from analysis.stats.agreement import fleiss_kappa, gwet_ac
from analysis.stats.krippendorff import alpha
from analysis.stats.ratings import RatingTable
from analysis.stats.reliability import icc_oneway
from tests.analysis.report import ratings


def analysed(frame, **settings: object) -> StudyFindings:  # type: ignore[no-untyped-def]
    return analyse(
        RatingTable.from_frame(frame, **settings),  # type: ignore[arg-type]
        subject=Subject("x"),
        seed=1,
        created="",
        n_resamples=200,
        n_permutations=19,
    )


def test_every_coefficient_is_that_of_the_ratings() -> None:
    frame = ratings.frame()
    counts = RatingTable.from_frame(frame).counts("faithfulness")
    (row, _) = ratings.findings().agreement
    icc = icc_oneway(counts)
    wanted = {
        "fleiss_bca": fleiss_kappa(counts).value,
        "fleiss_linear": fleiss_kappa(counts, weights="linear").value,
        "fleiss_quadratic": fleiss_kappa(counts, weights="quadratic").value,
        "alpha_nominal": alpha(counts, "nominal").value,
        "alpha_interval": alpha(counts, "interval").value,
        "ac2_quadratic": gwet_ac(counts, weights="quadratic").value,
        "icc_single": icc.single,
        "icc_mean": icc.mean,
        "unanimous": ((counts.max(axis=1) == counts.sum(axis=1)).mean()),
    }
    for key, value in wanted.items():
        found = getattr(row, key)
        assert found.value == pytest.approx(value, rel=1e-12), key
        assert found.interval.low <= found.value <= found.interval.high, key
    assert "at random" in row.ac2_quadratic.method
    # One card has two ratings, the others three: F has no interval there, the bootstrap has.
    assert "bootstrap" in row.icc_single.interval.method


def test_icc_has_its_exact_interval_where_every_card_has_as_many_ratings() -> None:
    row = ratings.findings().agreement[1]
    assert row.icc_single.interval.method.startswith("F,")
    assert row.icc_single.seed is None


def test_the_points_are_tested_one_by_one() -> None:
    frame = ratings.frame()
    kappa = fleiss_kappa(RatingTable.from_frame(frame).counts("faithfulness"))
    tests = ratings.findings().agreement[0].category_tests
    assert [(t.level, t.share, t.z, t.p) for t in tests] == [
        (c.level, c.share, c.z, c.p) for c in kappa.per_category
    ]


def test_the_tables_hold_them_and_older_reports_can_do_without() -> None:
    found = ratings.findings()
    assert {"coefficients", "category_tests"} <= {table.key for table in all_tables(found)}
    (section,) = [one for one in sections(found) if one.key == "agreement"]
    assert {"coefficients_side_by_side", "category_tests"} <= {table.key for table in section.tables}
    (side,) = [table for table in section.tables if table.key == "coefficients_side_by_side"]
    assert side.csv == "coefficients"
    assert [label for label, _ in side.head] == ["Coefficient", "Faithfulness", "Personalisation"]
    fleiss = side.rows[0]
    assert [cell.text for cell in fleiss] == ["Fleiss κ, BCa interval", "0.31", "0.36"]
    older = replace(
        found, agreement=tuple(replace(row, fleiss_bca=None, category_tests=()) for row in found.agreement)
    )
    assert "coefficients" not in {table.key for table in all_tables(older)}


def test_without_kappa_what_is_left_is_said() -> None:
    found = analysed(ratings.frame().assign(value=4.0))
    said = on_agreement(found)[0]
    assert "Fleiss' kappa is undefined, because every rating is 4" in said
    assert "equal in 100%" in said
    assert "AC1 is 1.00" in said
    row = found.agreement[0]
    assert "every rating is 4" in row.alpha_nominal.undefined
    assert "every rating is the same" in row.icc_single.undefined
    assert row.ac2_quadratic.value == 1
    assert row.category_tests == ()
    assert StudyFindings.from_json(found.to_json()) == found


def test_without_pairs_nothing_is_said_but_why() -> None:
    frame = ratings.frame()
    said = on_agreement(analysed(frame[frame["annotator"] == "A1"]))[0]
    assert said == ("Faithfulness: Fleiss' kappa is undefined, because no card was rated by two annotators.")


def test_the_kappa_paradox_is_said_and_ordinary_data_are_not_warned_of() -> None:
    frame = ratings.frame()
    value = frame["value"].where(frame["case"] == "case 1", 4.0).where(frame["annotator"] == "A1", 4.0)
    found = analysed(frame.assign(value=value))
    row = found.agreement[0]
    assert row.fleiss.value < 0.1 < 0.8 < row.ac1.value
    said = [sentence for sentence in on_agreement(found) if "do not read kappa" in sentence]
    assert len(said) == 2
    assert "of its ratings are 4" in said[0]
    assert not any("do not read kappa" in sentence for sentence in on_agreement(ratings.findings()))


def test_ratings_that_crowd_on_few_points_are_warned_of_too() -> None:
    row = replace(
        ratings.findings().agreement[0],
        fleiss=Number(-0.2, 120, "cards", "m"),
        ac1=Number(0.51, 120, "cards", "m"),
        exact=Number(0.55, 120, "cards", "m"),
    )
    said = paradox("Clear", row, (0, 10, 70, 20, 0), (1, 2, 3, 4, 5))
    assert said.startswith("Clear: do not read kappa (−0.20) or alpha alone: AC1 lies 0.71 above kappa")
    assert "(70% are 3)" in said
    assert "(55%)" in said
    assert not paradox(
        "Clear", replace(row, ac1=Number(0.05, 120, "cards", "m")), (0, 10, 70, 20, 0), (1, 2, 3, 4, 5)
    )


@pytest.mark.shared
def test_grammar_of_gpt_3_is_a_paradox_in_published_data(shared_data: Path) -> None:
    # Wiegreffe et al. (2022): alpha -.0122 and AC1 .9726, for annotators who agree on nearly all explanations.
    long = pd.read_csv(shared_data / "ratings" / "few_shot_explanations" / "commonsenseqa_gpt3_greedy.csv")
    long = long.rename(columns={"Input.id": "case", "Answer.grammar": "value"}).dropna(subset="value")
    frame = long.assign(system="gpt3", criterion="grammar", annotator=long.groupby("case").cumcount())
    levels = sorted(int(level) for level in frame["value"].unique())
    found = analysed(frame, levels=levels, annotators_identified=False)
    assert found.agreement[0].ac1.value == pytest.approx(0.9726127442, abs=1e-9)
    assert found.agreement[0].alpha_ordinal.value == pytest.approx(-0.0121621622, abs=1e-9)
    assert "99% of its ratings are" in on_agreement(found)[1]
