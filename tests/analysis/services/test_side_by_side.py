"""A report of a study whose texts stood side by side: the design by its name, a board's time shared by its texts."""

import pytest
from django.contrib.auth.models import User

from analysis.report.findings.study import StudyFindings
from tests.analysis import reports

pytestmark = pytest.mark.django_db


def test_a_report_of_boards_is_computed_and_says_what_was_judged_together(olga: User) -> None:
    study = reports.rated(owner=olga, design="side_by_side")
    report = reports.report(study=study)
    assert report.status == "done", report.error
    found = StudyFindings.from_json(report.findings_json)
    assert "judges all its 3 texts on one page, in columns whose order is drawn" in found.methods[0]
    assert found.fieldwork is not None
    assert (found.fieldwork.design, found.fieldwork.state, found.fieldwork.n_short) == (
        "side_by_side", "complete", 0,
    )  # fmt: skip
    assert found.counts.median_seconds == pytest.approx(12.5 / 3)
    assert {row.design for row in found.comparisons} == {"paired"}
