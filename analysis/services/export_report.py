import os
import tempfile
from pathlib import Path

from django.conf import settings

from analysis.models import Report
from analysis.report.bundle import bundle, zipped
from analysis.report.findings import StudyFindings
from analysis.report_file import html
from analysis.services.study_data import read_study


class NotReady(ValueError):
    """The report has no findings to export."""


def export_report(*, report_id: int) -> Path:
    """The report's bundle as a zip among the artefacts; made once, written aside and renamed.

    Raises:
        NotReady: the report is not done.
    """
    report = Report.objects.get(pk=report_id)
    if report.status != Report.Status.DONE:
        raise NotReady(f"Report {report_id} is not done: it is {report.get_status_display().lower()}.")
    folder = Path(settings.PRISM_ARTEFACTS) / "reports"
    target = folder / f"report-{report.pk}.zip"
    if target.exists():
        return target
    data = read_study(study_id=report.study_id, kind=report.kind)
    findings = StudyFindings.from_json(report.findings_json)
    files = bundle(findings, ratings=data.ratings, scores=data.scores, texts=data.texts, page=html(findings))
    content = zipped(files)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".aside-", delete=False) as aside:
        aside.write(content)
    os.replace(aside.name, target)
    return target
