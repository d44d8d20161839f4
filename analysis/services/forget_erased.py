from pathlib import Path

from django.conf import settings
from django.db import transaction

from analysis.models import Report, ReportData
from analysis.report.annotators import without_people
from annotation import queries as studies


def forget_erased() -> int:
    """Remove the data kept with reports that were computed before marks of their study were erased; how many reports.

    The findings stay, without the rows that speak of single annotators: what is left are numbers over all of them. So
    do copies that left the installation. Bundles that earlier versions kept as files among the artefacts are removed
    too.
    """
    for bundle in (Path(settings.PRISM_ARTEFACTS) / "reports").glob("report-*.zip"):
        bundle.unlink(missing_ok=True)
    n_reports = 0
    with_data = Report.objects.filter(pk__in=ReportData.objects.values("report"))
    for study_id in with_data.order_by().values_list("study_id", flat=True).distinct():
        older = with_data.filter(study_id=study_id).exclude(n_erasures=studies.n_erasures(study_id))
        ids = list(older.values_list("pk", flat=True))
        with transaction.atomic():
            for report in Report.objects.filter(pk__in=ids).exclude(findings_json=""):
                Report.objects.filter(pk=report.pk).update(findings_json=without_people(report.findings_json))
            ReportData.objects.filter(report__in=ids).delete()
        n_reports += len(ids)
    return n_reports
