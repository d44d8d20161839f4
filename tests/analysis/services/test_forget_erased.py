"""A bundle holds what its findings were computed from, and nothing that somebody had erased."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis import tasks
from analysis.models import Report, ReportData, Score
from analysis.report.findings.study import StudyFindings
from analysis.services.export_report import DataGone, export_report
from analysis.services.forget_erased import forget_erased
from annotation.models.study import Enrolment, Study
from annotation.services.exclude_annotator import exclude_annotator
from annotation.services.withdraw_consent import erase_marks, withdraw_consent
from tests.analysis import reports

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(olga: User) -> Study:
    return reports.rated(owner=olga)


def erased(study: Study) -> str:
    """The first annotator withdraws and has the marks erased; the pseudonym."""
    leaving = Enrolment.objects.filter(study=study).first()
    withdraw_consent(enrolment_id=leaving.pk, erase=True)
    erase_marks(study_id=study.pk, enrolment_id=leaving.pk, by_id=study.owner_id)
    return leaving.pseudonym


def annotators(content: io.BytesIO) -> set[str]:
    with zipfile.ZipFile(content) as archive:
        found = json.loads(archive.read("report.json"))["counts"]["n_annotators"]
        names = set(pd.read_csv(archive.open("data/ratings.csv"))["annotator"])
    assert len(names) == found
    return names


def test_data_and_findings_of_a_bundle_agree_whatever_happened_since(study: Study) -> None:
    report = reports.report(study=study)
    before = export_report(report_id=report.pk).read()
    first, second, _ = Enrolment.objects.filter(study=study)
    exclude_annotator(
        study_id=study.pk, enrolment_id=first.pk, by_id=study.owner_id, rule="other", reason="No care."
    )
    withdraw_consent(enrolment_id=second.pk)
    Score.objects.filter(study_id=study.pk).update(value=0.5)
    assert export_report(report_id=report.pk).read() == before
    assert annotators(io.BytesIO(before)) == {"A01", "A02", "A03"}
    assert annotators(export_report(report_id=reports.report(study=study).pk)) == {"A03"}


@pytest.mark.database
def test_the_hash_kept_with_a_report_is_of_the_data_in_its_bundle(study: Study) -> None:
    report = reports.report(study=study)
    with zipfile.ZipFile(export_report(report_id=report.pk)) as archive:
        data = {name: archive.read(name) for name in archive.namelist() if name.startswith("data/")}
    assert {"data/ratings.csv", "data/scores.csv", "data/texts.csv"} <= set(data)
    assert {name: hashlib.sha256(content).hexdigest() for name, content in data.items()} == report.data_sha256


def test_after_an_erasure_older_findings_say_nothing_of_single_annotators(study: Study) -> None:
    old = reports.report(study=study)
    before = StudyFindings.from_json(old.findings_json)
    name = erased(study)
    assert name in {row.annotator for row in before.annotators}
    assert forget_erased() == 1
    old.refresh_from_db()
    assert name not in old.findings_json
    after = StudyFindings.from_json(old.findings_json)
    assert after == replace(before, annotators=(), persons=(), flagged=None, sensitivity=None, clouds=())
    new = StudyFindings.from_json(reports.report(study=study).findings_json)
    assert new.annotators
    assert name not in {row.annotator for row in new.annotators}


@pytest.mark.parametrize("unblinded", [True, False])
def test_after_an_erasure_an_older_report_gives_no_bundle_and_a_new_one_does(
    olga: User, unblinded: bool
) -> None:
    study = reports.rated(owner=olga, unblinded=unblinded)
    old = reports.report(study=study)
    name = erased(study)
    with pytest.raises(DataGone, match="Marks were erased since this report was computed"):
        export_report(report_id=old.pk)
    assert not ReportData.objects.filter(report=old).exists()
    assert name not in annotators(export_report(report_id=reports.report(study=study).pk))


def test_the_sweep_forgets_erased_marks_and_leaves_other_studies_alone(
    study: Study, settings: object, tmp_path: Path
) -> None:
    settings.PRISM_ARTEFACTS = tmp_path  # type: ignore[attr-defined]
    old = reports.report(study=study)
    assert forget_erased() == 0
    erased(study)
    new = reports.report(study=study)
    kept_by_earlier_versions = tmp_path / "reports" / f"report-{old.pk}.zip"
    kept_by_earlier_versions.parent.mkdir()
    kept_by_earlier_versions.write_bytes(b"PK")
    tasks.sweep_reports()
    assert set(ReportData.objects.values_list("report", flat=True)) == {new.pk}
    assert not kept_by_earlier_versions.exists()
    assert forget_erased() == 0


def test_marks_erased_while_a_report_is_computed_are_not_in_any_bundle_of_it(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analysis.services import analyse_study

    read = analyse_study.read_study

    def read_and_erase(**asked: object) -> object:
        data = read(**asked)  # type: ignore[arg-type]
        erased(study)
        return data

    monkeypatch.setattr(analyse_study, "read_study", read_and_erase)
    report = reports.report(study=study)
    assert report.status == Report.Status.DONE
    with pytest.raises(DataGone):
        export_report(report_id=report.pk)


def test_a_report_older_than_the_keeping_of_data_says_so(study: Study) -> None:
    report = reports.report(study=study)
    ReportData.objects.all().delete()
    Report.objects.update(data_sha256={})
    with pytest.raises(DataGone, match="computed before data were kept"):
        export_report(report_id=report.pk)


def test_page_and_rest_say_in_words_why_there_is_no_bundle(study: Study, client: Client, rosa: User) -> None:
    report = reports.report(study=study)
    erased(study)
    client.force_login(rosa)
    page = client.get(f"/reports/{report.pk}/bundle.zip", follow=True)
    assert page.redirect_chain == [(f"/reports/{report.pk}/", 302)]
    assert "Ask for a new report" in page.content.decode()
    answer = client.get(f"/api/analysis/reports/{report.pk}/bundle/")
    assert answer.status_code == 409
    assert "Marks were erased" in answer.content.decode()
