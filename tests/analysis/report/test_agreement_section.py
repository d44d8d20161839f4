"""What a report says of agreement beyond its main table."""

from dataclasses import replace

import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.findings import StudyFindings
from analysis.report.page import sections
from analysis.report.prose import on_agreement
from analysis.report.tables import all_tables
from analysis.stats.agreement import alpha, fleiss_kappa, gwet_ac
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
    assert {"coefficients", "category_tests"} <= {table.key for table in section.tables}
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
