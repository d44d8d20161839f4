"""REST endpoints of this room: ask for reports, read findings, tables and bundles."""

from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis import queries, tasks
from analysis.forms import Table3Query
from analysis.report.cells import Table
from analysis.report.table3 import NoTable
from analysis.report.table3_files import FORMS, as_file
from analysis.report.tables import all_tables, folded, without_ends
from analysis.services.export_report import DataGone, NotReady, export_report
from analysis.services.request_report import NothingToAnalyse, request_report


class MayReadFindings(BasePermission):
    """Researchers and owners."""

    message = "Only researchers and owners may read findings."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.has_perm("analysis.read"))


class Conflict(APIException):
    """The study or the report is not where the request assumes."""

    status_code = status.HTTP_409_CONFLICT


CONFLICT = OpenApiResponse(description="Not where the request assumes it. Nothing was changed.")


class ReportSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    study_id = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.CharField(help_text="pooled names no system; unblinded names them.")
    status = serializers.CharField(help_text="queued, running, done or failed.")
    step = serializers.CharField(help_text="What is being computed, while it is.")
    error = serializers.CharField(help_text="What went wrong, in words; empty otherwise.")
    seed = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class NewReportSerializer(serializers.Serializer):
    study = serializers.IntegerField(min_value=1, help_text="Id of a study that people have rated.")


class StudyLineSerializer(serializers.Serializer):
    """A study that was opened, and how far it is; which systems are compared is not in it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    status = serializers.CharField(help_text="open, closed or unblinded")
    simulated = serializers.BooleanField()
    n_done = serializers.IntegerField()
    n_target = serializers.IntegerField()
    unblinded = serializers.BooleanField()
    reports = ReportSerializer(many=True, help_text="The newest first.")


class TableLineSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()


class StudyList(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(operation_id="analysis_studies_list", responses=StudyLineSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every study people were invited to rate, the newest first, with its reports."""
        return Response(StudyLineSerializer(queries.study_lines(), many=True).data)


class ReportList(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(operation_id="analysis_reports_list", responses=ReportSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every report, the newest first."""
        return Response(ReportSerializer(queries.report_lines(), many=True).data)

    @extend_schema(
        operation_id="analysis_reports_create",
        request=NewReportSerializer,
        responses={202: ReportSerializer, 409: CONFLICT},
    )
    def post(self, request: Request) -> Response:
        """Ask for a report; a worker computes it. Read it again until its status is done or failed."""
        asked = NewReportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        study_id = asked.validated_data["study"]
        if study_id not in {study.id for study in queries.study_lines()}:
            raise ValidationError({"study": [f"There is no opened study {study_id}."]})
        try:
            report_id = request_report(study_id=study_id, by_id=request.user.pk)
        except NothingToAnalyse as nothing:
            raise Conflict(str(nothing)) from nothing
        tasks.analyse_study.delay_on_commit(report_id)
        return Response(ReportSerializer(_line(report_id)).data, status=status.HTTP_202_ACCEPTED)


class ReportDetail(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(operation_id="analysis_reports_retrieve", responses=ReportSerializer)
    def get(self, request: Request, report_id: int) -> Response:
        """One report without its findings."""
        return Response(ReportSerializer(_line(report_id)).data)


class ReportFindings(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(
        operation_id="analysis_reports_findings",
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, report_id: int) -> HttpResponse:
        """The findings, byte for byte; docs/report-json.md explains the keys."""
        _line(report_id)
        text = queries.findings_json(report_id)
        if not text:
            raise Http404("The report is not done.")
        return HttpResponse(text, content_type="application/json")


class ReportTables(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(operation_id="analysis_reports_tables", responses=TableLineSerializer(many=True))
    def get(self, request: Request, report_id: int) -> Response:
        """The tables of a report by key; 404 until it is done."""
        tables = _tables(report_id)
        if not tables:
            raise Http404("The report is not done.")
        return Response(TableLineSerializer(tables.values(), many=True).data)


class ReportTable(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(operation_id="analysis_reports_table", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, report_id: int, key: str) -> HttpResponse:
        """One table as CSV, numbers in full."""
        return HttpResponse(_table(report_id, key).to_csv(), content_type="text/csv; charset=utf-8")


class ReportLatex(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(
        operation_id="analysis_reports_latex", responses={(200, "application/x-latex"): OpenApiTypes.STR}
    )
    def get(self, request: Request, report_id: int, key: str) -> HttpResponse:
        """One table as LaTeX, as a paper prints it."""
        text = without_ends(folded(_table(report_id, key))).to_latex()
        return HttpResponse(text, content_type="application/x-latex; charset=utf-8")


class ReportBundle(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(
        operation_id="analysis_reports_bundle",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 409: CONFLICT},
    )
    def get(self, request: Request, report_id: int) -> FileResponse:
        """Data, findings, tables, figures and manifest as one zip; 409 once marks among its data were erased."""
        _line(report_id)
        try:
            made = export_report(report_id=report_id)
        except NotReady as unready:
            raise Http404(str(unready)) from unready
        except DataGone as gone:
            raise Conflict(str(gone)) from gone
        return FileResponse(
            made, as_attachment=True, filename=f"report-{report_id}.zip", content_type="application/zip"
        )


class ReportDatasheet(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(operation_id="analysis_reports_datasheet", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, report_id: int) -> HttpResponse:
        """The Human Evaluation Datasheet 3.0 as its form saves it, as far as it is known; blanks are empty."""
        _line(report_id)
        sheet = queries.datasheet(report_id)
        if sheet is None:
            raise Http404("The report is not done.")
        return HttpResponse(sheet.to_json(), content_type="application/json")


class MainTable(APIView):
    permission_classes = [MayReadFindings]

    @extend_schema(
        operation_id="analysis_table3",
        parameters=[
            OpenApiParameter("report", {"type": "array", "items": {"type": "integer"}}, required=True),
            OpenApiParameter("metric", {"type": "array", "items": {"type": "string"}}),
            OpenApiParameter("as", OpenApiTypes.STR, enum=list(FORMS), description="csv, when not said."),
        ],
        responses={(200, kind): OpenApiTypes.STR for kind in FORMS.values()} | {422: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> HttpResponse:
        """The main table of a paper over one or several reports; `name-ID=Yelp` names the data set of report ID."""
        form = request.query_params.get("as", "csv")
        if form not in FORMS:
            raise ValidationError({"as": [f"One of {', '.join(FORMS)}, not {form!r}."]})
        try:
            table = Table3Query.of(request.query_params).table()
        except NoTable as error:
            raise ValidationError({"report": [str(error)]}) from error
        return HttpResponse(as_file(table, form), content_type=f"{FORMS[form]}; charset=utf-8")


def _line(report_id: int) -> queries.ReportLine:
    line = queries.report_line(report_id)
    if line is None:
        raise Http404(f"There is no report {report_id}.")
    return line


def _tables(report_id: int) -> dict[str, Table]:
    _line(report_id)
    findings = queries.findings(report_id)
    return {table.key: table for table in all_tables(findings)} if findings else {}


def _table(report_id: int, key: str) -> Table:
    tables = _tables(report_id)
    if key not in tables:
        raise Http404(f"There is no table {key}; there are {', '.join(tables) or 'none yet'}.")
    return tables[key]


urlpatterns = [
    path("studies/", StudyList.as_view(), name="analysis-studies"),
    path("table3/", MainTable.as_view(), name="analysis-table3"),
    path("reports/", ReportList.as_view(), name="analysis-reports"),
    path("reports/<int:report_id>/", ReportDetail.as_view(), name="analysis-report"),
    path("reports/<int:report_id>/findings/", ReportFindings.as_view(), name="analysis-report-findings"),
    path("reports/<int:report_id>/tables/<slug:key>/", ReportTable.as_view(), name="analysis-report-table"),
    path("reports/<int:report_id>/tables/", ReportTables.as_view(), name="analysis-report-tables"),
    path(
        "reports/<int:report_id>/tables/<slug:key>/latex/",
        ReportLatex.as_view(),
        name="analysis-report-latex",
    ),
    path("reports/<int:report_id>/datasheet/", ReportDatasheet.as_view(), name="analysis-report-datasheet"),
    path("reports/<int:report_id>/bundle/", ReportBundle.as_view(), name="analysis-report-bundle"),
]
