"""What a plan named is tested as it named it, in a family of its own; the rest explores."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.report.again import again
from analysis.report.analyse import Subject, analyse
from analysis.report.findings.study import StudyFindings
from analysis.report.findings.subject import Hypothesis
from analysis.report.page import sections
from analysis.report.tables import all_tables
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings

CRITERIA = ("faithfulness", "personalisation")


COLUMNS = ["annotator", "case", "system", "criterion", "value", "seconds", "simulated"]


def frame() -> pd.DataFrame:
    """Three systems on thirty cases; each worth a little more than the one before."""
    rng = np.random.default_rng(3)
    rows = [
        (
            f"A{who}",
            f"case {case}",
            system,
            criterion,
            float(np.clip(rng.integers(1, 5) + add, 1, 5)),
            20.0,
            False,
        )
        for case in range(30)
        for add, system in enumerate(("low", "middle", "high"))
        for criterion in CRITERIA
        for who in range(2)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


PLAN = (
    Hypothesis("faithfulness", "middle", "low", "higher"),
    Hypothesis("faithfulness", "low", "high", "higher"),
    Hypothesis("personalisation", "low", "middle", "different"),
    Hypothesis("fluency", "low", "middle", "different"),
)


@pytest.fixture(scope="module")
def found() -> StudyFindings:
    table = RatingTable.from_frame(frame())
    return analyse(table, subject=Subject("x", hypotheses=PLAN), seed=5, created=ratings.CREATED)


def case_means(system: str, criterion: str) -> np.ndarray:
    table = frame()
    rows = table[(table["system"] == system) & (table["criterion"] == criterion)]
    return rows.groupby("case")["value"].mean().to_numpy()


def test_each_is_tested_as_planned_and_adjusted_among_the_planned(found: StudyFindings) -> None:
    wanted = [
        stats.ttest_rel(
            case_means("middle", "faithfulness"), case_means("low", "faithfulness"), alternative="greater"
        ),
        stats.ttest_rel(
            case_means("low", "faithfulness"), case_means("high", "faithfulness"), alternative="greater"
        ),
        stats.ttest_rel(case_means("low", "personalisation"), case_means("middle", "personalisation")),
    ]
    p = [test.pvalue for test in wanted]
    assert [row.p.value for row in found.confirmations[:3]] == pytest.approx(p, rel=1e-9)
    by_holm = multipletests(p, method="holm")[1]
    assert [row.p_holm for row in found.confirmations[:3]] == pytest.approx(by_holm, rel=1e-9)
    assert found.confirmations[3].p.undefined == "the data have no such criterion or no such system"
    assert {row.family for row in found.confirmations} == {3}


def test_the_rest_explores_and_is_adjusted_among_itself(found: StudyFindings) -> None:
    explored = [row for row in found.comparisons if row.status == "exploratory"]
    confirmed = [row for row in found.comparisons if row.status == "confirmatory"]
    assert (len(explored), len(confirmed)) == (3, 3)
    by_holm = multipletests([row.p for row in explored], method="holm")[1]
    assert [row.p_holm for row in explored] == pytest.approx(by_holm, rel=1e-9)
    assert {row.family for row in explored} == {3}
    for row in confirmed:  # two-sided before and after the adjustment
        assert row.p is not None
        assert all(p is not None and p >= row.p for p in (row.p_holm, row.p_bh, row.p_by))


def test_without_a_plan_everything_explores_and_the_paper_is_told_so() -> None:
    table = RatingTable.from_frame(frame())
    found = analyse(table, subject=Subject("x"), seed=5, created=ratings.CREATED)
    assert {row.status for row in found.comparisons} == {"exploratory"}
    assert {row.family for row in found.comparisons} == {6}
    assert "No hypothesis was named in a plan beforehand: every comparison is exploratory." in found.methods


def test_methods_page_and_tables_say_what_was_planned(found: StudyFindings) -> None:
    methods = " ".join(found.methods)
    assert (
        "4 comparisons (2 one-sided and 2 two-sided) were named in the plan, which was frozen and hashed"
        in methods
    )
    assert "Holm's adjustment over all 3 exploratory tests" in methods
    (section,) = [section for section in sections(found) if section.key == "hypotheses"]
    held = [row[-1].text for row in section.tables[0].rows]
    assert held == ["yes", "not shown", "yes", "no test"]
    assert "4 hypotheses before anybody judged; 2 held" in section.sentences[0]
    tables = {table.key: table for table in all_tables(found)}
    assert "confirmatory" in tables["comparisons"].to_csv()
    assert "3 exploratory tests, and apart from them" in tables["comparisons"].caption


def test_a_report_computed_again_confirms_the_same(found: StudyFindings) -> None:
    assert again(found, ratings=frame(), scores=None).to_json() == found.to_json()
    assert StudyFindings.from_json(found.to_json()) == found
