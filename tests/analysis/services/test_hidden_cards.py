"""A report of a study with hidden cards: they are in no result of a system, and in a section of their own."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from analysis.report.findings.study import StudyFindings
from analysis.report.unpacking import unpacked
from analysis.report.verify import verify
from analysis.services.export_report import export_report
from annotation.models.study import Study
from annotation.services.close_study import close_study
from annotation.services.exclude_annotator import exclude_annotator
from annotation.services.unblind_study import unblind_study
from tests import builders
from tests.analysis import reports
from tests.annotation import studies
from tests.annotation.hidden import hidden_study, judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(olga: User) -> Study:
    """Two with care, one whose hidden cards are all wrong."""
    study = hidden_study(owner=olga)
    for name in "uvw":
        enrolment = studies.enrol(study=study, person=builders.user(name, role="annotator"))
        judge_all(enrolment, fails=name == "w", drifts=name == "v")
    return study


def read(report: object) -> StudyFindings:
    return StudyFindings.from_json(report.findings_json)  # type: ignore[attr-defined]


def test_before_unblinding_the_pooled_report_has_them(judged: Study) -> None:
    found = read(reports.report(study=judged))
    assert found.meta.kind == "pooled"
    assert found.counts.n_ratings == 36 * 3
    assert found.counts.n_repeats == 3 * 2 * 3
    assert found.checks.attention.value == pytest.approx(4 / 6)
    assert [row.near.value for row in found.checks.gold] == [pytest.approx(4 / 6)] * 3
    assert len(found.consistency) == 3
    assert found.consistency[0].within_one.interval is not None


def test_the_unblinded_report_counts_main_cards_alone_and_its_bundle_holds(
    olga: User, judged: Study, client: Client, tmp_path: Path
) -> None:
    close_study(study_id=judged.pk, by_id=olga.pk)
    unblind_study(study_id=judged.pk, by_id=olga.pk, reason="All cards are rated.")
    report = reports.report(study=judged)
    found = read(report)
    assert found.counts.n_ratings == 36 * 3
    assert {row.system for row in found.descriptions} == set(studies.LOUD_SYSTEMS)
    assert found.checks.n_annotators == 3
    client.force_login(olga)
    page = client.get(reverse("analysis:report", args=[report.pk])).content.decode()
    assert "Hidden cards" in page
    path = tmp_path / "report.zip"
    path.write_bytes(export_report(report_id=report.pk).read())
    files = unpacked(path)
    assert "data/checks.csv" in files
    assert verify(files).problems == ()


def test_the_hidden_cards_of_the_excluded_are_left_out_too(olga: User, judged: Study) -> None:
    careless = judged.enrolments.get(index=2)
    exclude_annotator(
        study_id=judged.pk, enrolment_id=careless.pk, by_id=olga.pk, rule="attention", reason="By the plan."
    )
    found = read(reports.report(study=judged))
    assert found.checks.n_annotators == 2
    assert found.checks.attention.value == 1.0
    assert found.sensitivity.excluded[0].rule == "Failed attention checks"
