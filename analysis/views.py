"""Researchers' pages: the list of reports, and a report that reads like a results section."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from analysis import queries, tasks
from analysis.forms import Table3Query
from analysis.report.cells import Table
from analysis.report.page import page_context
from analysis.report.table3 import NoTable
from analysis.report.table3_files import FORMS, as_file, as_html
from analysis.report.tables import all_tables, folded, without_ends
from analysis.services.export_report import DataGone, export_report
from analysis.services.request_report import NothingToAnalyse, request_report


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def reports(request: HttpRequest) -> HttpResponse:
    return render(request, "analysis/reports.html", {"studies": queries.study_lines()})


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_POST
def analyse(request: HttpRequest, study_id: int) -> HttpResponse:
    """Ask for a report; a worker computes it while its page waits."""
    if study_id not in {study.id for study in queries.study_lines()}:
        raise Http404("no such study")
    try:
        report_id = request_report(study_id=study_id, by_id=request.user.pk)
    except NothingToAnalyse as nothing:
        messages.warning(request, str(nothing))
        return redirect("analysis:reports")
    tasks.analyse_study.delay_on_commit(report_id)
    return redirect("analysis:report", report_id)


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def report(request: HttpRequest, report_id: int) -> HttpResponse:
    """The report, or a page that waits for it; htmx asks for the fragment of that page alone."""
    line = _line(report_id)
    findings = queries.findings(report_id)
    if findings is None:
        template = "analysis/report_waiting.html" + ("#state" if request.htmx else "")
        return render(request, template, {"report": line})
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "analysis/report.html", {"report": line} | page_context(findings))


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def report_json(request: HttpRequest, report_id: int) -> HttpResponse:
    text = queries.findings_json(report_id)
    if not text:
        raise Http404("the report is not done")
    return _download(text, "application/json", f"report-{report_id}.json")


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def table_csv(request: HttpRequest, report_id: int, key: str) -> HttpResponse:
    table = _table(report_id, key)
    return _download(table.to_csv(), "text/csv; charset=utf-8", f"report-{report_id}-{key}.csv")


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def table_latex(request: HttpRequest, report_id: int, key: str) -> HttpResponse:
    table = without_ends(folded(_table(report_id, key)))
    return _download(table.to_latex(), "application/x-latex", f"report-{report_id}-{key}.tex")


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def bundle(request: HttpRequest, report_id: int) -> HttpResponse | FileResponse:
    """Data, findings, tables and figures in one zip."""
    if _line(report_id).status != "done":
        raise Http404("the report is not done")
    try:
        made = export_report(report_id=report_id)
    except DataGone as gone:
        messages.warning(request, str(gone))
        return redirect("analysis:report", report_id)
    return FileResponse(
        made, as_attachment=True, filename=f"report-{report_id}.zip", content_type="application/zip"
    )


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def datasheet(request: HttpRequest, report_id: int, form: str) -> HttpResponse:
    """The Human Evaluation Datasheet, as JSON for its form or as Markdown."""
    sheet = queries.datasheet(report_id)
    if sheet is None or form not in ("json", "md"):
        raise Http404("the report is not done, or no datasheet comes in that form")
    if form == "json":
        return _download(sheet.to_json(), "application/json", f"report-{report_id}-heds.json")
    return _download(sheet.to_markdown(), "text/markdown; charset=utf-8", f"report-{report_id}-heds.md")


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def main_table(request: HttpRequest) -> HttpResponse:
    """Table 3 of chosen reports, and the form that chooses them."""
    shown: dict[str, object] = {"lines": queries.full_reports(), "asked": Table3Query(), "files": FORMS}
    try:
        asked = Table3Query.of(request.GET)
        shown |= {"asked": asked, "names": dict(zip(asked.reports, asked.names, strict=True))}
        if asked.reports:
            shown["metrics"] = asked.metrics_to_choose()
            table = asked.table()
            shown |= {"table": as_html(table, derivations=True), "query": request.GET.urlencode()}
            shown["chosen"] = [one.key for one in table.measures if one.kind == "metric"]
    except NoTable as error:
        shown["error"] = str(error)
    return render(request, "analysis/main_table.html", shown, status=422 if "error" in shown else 200)


@login_required
@permission_required("analysis.read", raise_exception=True)
@require_GET
def main_table_file(request: HttpRequest, form: str) -> HttpResponse:
    if form not in FORMS:
        raise Http404(f"Table 3 comes as {', '.join(FORMS)}")
    try:
        table = Table3Query.of(request.GET).table()
    except NoTable as error:
        raise Http404(str(error)) from error
    return _download(as_file(table, form), f"{FORMS[form]}; charset=utf-8", f"table3.{form}")


def _line(report_id: int) -> queries.ReportLine:
    line = queries.report_line(report_id)
    if line is None:
        raise Http404("no such report")
    return line


def _table(report_id: int, key: str) -> Table:
    findings = queries.findings(report_id)
    tables = {table.key: table for table in all_tables(findings)} if findings else {}
    if key not in tables:
        raise Http404(f"the report has no table {key}")
    return tables[key]


def _download(text: str, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        text, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
