import gzip
import io

from analysis.models import Report
from analysis.report.bundle import bundle, zipped
from analysis.report.findings.study import StudyFindings
from analysis.report_file import html
from analysis.services.forget_erased import forget_erased
from annotation import queries as studies


class NotReady(ValueError):
    """The report has no findings to export."""


class DataGone(ValueError):
    """The data the report was computed from are not kept any more, so no bundle can hold them."""


def export_report(*, report_id: int) -> io.BytesIO:
    """The report's bundle as a zip, made from the data kept with it; nothing of it stays behind.

    Data that changed since, by a withdrawal, an exclusion or newer scores, are not in it: it holds what its
    findings were computed from.

    Raises:
        NotReady: the report is not done.
        DataGone: marks among its data were erased since, or it is older than the keeping of data.
    """
    report = Report.objects.get(pk=report_id)
    if report.status != Report.Status.DONE:
        raise NotReady(f"Report {report_id} is not done: it is {report.get_status_display().lower()}.")
    if reason := why_no_bundle(report):
        forget_erased()
        raise DataGone(reason)
    data = {kept.name: gzip.decompress(kept.content) for kept in report.data.order_by("name")}
    findings = StudyFindings.from_json(report.findings_json)
    return io.BytesIO(zipped(bundle(findings, data=data, page=html(findings))))


def why_no_bundle(report: Report) -> str:
    """Why a report that is done has no bundle, in words that say what to do; empty where it has one."""
    if report.n_erasures != studies.n_erasures(report.study_id):
        return (
            "Marks were erased since this report was computed, as their annotator asked: the data behind it are "
            "gone, and its bundle with them. Ask for a new report; the findings of this one can still be read."
        )
    if not report.data_sha256:
        return (
            "This report was computed before data were kept with reports, so nobody can say whether today's are "
            "the ones it came from. Ask for a new report; the findings of this one can still be read."
        )
    return ""
