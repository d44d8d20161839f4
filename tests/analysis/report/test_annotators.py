"""Who rated how: severity, flags, and what would change without the flagged."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis.report.analyse import Subject, analyse
from analysis.report.annotator_pages import on_annotators
from analysis.report.findings.study import StudyFindings
from analysis.report.page import sections
from analysis.report.severity_figure import severity_figures
from analysis.report.tables import all_tables
from analysis.report.words import with_interval
from analysis.stats.agreement import fleiss_kappa
from analysis.stats.krippendorff import alpha
from analysis.stats.ratings import RatingTable
from tests.analysis.report import ratings


def frame(*, junk: bool = True) -> pd.DataFrame:
    """Thirty cases of two systems and four annotators; prism is better, and the fourth gives 3 to everything."""
    maker = np.random.default_rng(3)
    rows = []
    for case in range(30):
        for place, system in enumerate(("prism", "teacher")):
            quality = maker.integers(1, 5) + (1 - place)
            marks = np.clip(quality + maker.integers(-1, 2, 4), 1, 5).tolist()
            if junk:
                marks[3] = 3
            rows += [(f"A{i}", f"case {case}", system, "clear", mark) for i, mark in enumerate(marks)]
    return pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])


def analysed(data: pd.DataFrame, *, kind: str = "unblinded", **settings: object) -> StudyFindings:
    return analyse(
        RatingTable.from_frame(data, **settings),  # type: ignore[arg-type]
        subject=Subject("x"),
        seed=1,
        created="",
        kind=kind,  # type: ignore[arg-type]
        n_resamples=200,
        n_permutations=99,
    )


@pytest.fixture(scope="module")
def found() -> StudyFindings:
    return analysed(frame())


def test_who_gives_one_answer_is_flagged_and_every_mark_is_counted(found: StudyFindings) -> None:
    assert {row.annotator: bool(row.flags) for row in found.annotators} == {
        "A0": False,
        "A1": False,
        "A2": False,
        "A3": True,
    }
    assert found.counts.n_ratings == 240
    assert found.agreement[0].n_ratings == 240
    said = " ".join(on_annotators(found))
    assert "A3 on clear: gave 3 to every one of 60 cards" in said
    assert "all marks are counted" in said
    assert any(sentence.startswith("1 annotator was flagged by fixed rules") for sentence in found.methods)


def test_without_them_the_numbers_are_those_of_the_other_ratings(found: StudyFindings) -> None:
    data = frame()
    rest = analysed(data[data["annotator"] != "A3"])
    assert found.flagged.without == ("A3",)
    assert found.flagged.n_ratings == 60
    (row,) = found.flagged.agreement
    counts = RatingTable.from_frame(data[data["annotator"] != "A3"]).counts("clear")
    assert row.fleiss.value == pytest.approx(fleiss_kappa(counts).value)
    assert row.alpha_ordinal.value == pytest.approx(alpha(counts).value)
    (difference,) = found.flagged.differences
    assert difference.difference == rest.comparisons[0].difference
    assert difference.p_holm == rest.comparisons[0].p_holm


def test_a_careful_crowd_is_not_flagged() -> None:
    found = analysed(frame(junk=False))
    assert found.flagged is None
    assert on_annotators(found)[-1].startswith(
        "None of 4 annotators was flagged. Flags are for one answer everywhere"
    )


def test_blind_reports_know_annotators_and_no_system() -> None:
    found = analysed(frame(), kind="pooled")
    assert found.flagged.differences == ()
    assert found.flagged.agreement
    assert '"prism"' not in found.to_json()
    keys = {table.key for table in all_tables(found)}
    assert {"annotators", "agreement_without"} <= keys
    assert "differences_without" not in keys


def test_slots_have_no_annotators() -> None:
    found = analysed(frame(), annotators_identified=False)
    assert (found.annotators, found.flagged) == ((), None)
    assert "annotators" not in {section.key for section in sections(found)}


def test_the_page_has_a_section_of_them_and_json_keeps_it_all(found: StudyFindings) -> None:
    (section,) = [one for one in sections(found) if one.key == "annotators"]
    assert [table.key for table in section.tables][:3] == [
        "annotators",
        "agreement_without",
        "differences_without",
    ]
    assert StudyFindings.from_json(found.to_json()) == found
    small = ratings.findings()
    assert {row.annotator for row in small.annotators} == {"A0", "A1", "A2"}


def test_the_figure_of_severity_says_in_words_what_it_draws(found: StudyFindings) -> None:
    (figure,) = severity_figures(found)
    assert figure.key == "severity_1_clear"
    for row in found.annotators:
        assert f"{row.annotator}: {with_interval(row.severity)}" in figure.description
    assert figure.svg.count("<circle") == 4
    filled = sum(not row.severity.interval.low <= 0 <= row.severity.interval.high for row in found.annotators)
    assert figure.svg.count('fill="#FFFFFF"') == 4 - filled
    ElementTree.fromstring(figure.svg)  # noqa: S314  our own
    assert severity_figures(analysed(frame(), annotators_identified=False)) == []
