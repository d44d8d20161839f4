"""Endpoints of what belongs to a run: its log, shards, cases and texts, a page of rows at a time."""

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from generation import comparing, overview
from generation.api.room import CONFLICT, Conflict, MayRunGeneration, chosen, whole_number
from generation.api.serializers import (
    CaseSerializer,
    ComparisonSerializer,
    EventSerializer,
    ExplanationSerializer,
    LossesSerializer,
    RejectedRowSerializer,
    RunNodeSerializer,
    SampleSerializer,
    ShardSerializer,
    TaughtRowsSerializer,
)
from generation.lineage import lineage_of
from generation.models import Run, Stage, Status
from generation.services.export_explanations import NothingWritten, export_explanations
from generation.services.sample_teacher import MOST_ROWS, STATUSES, sample_teacher
from generation.views.room import download

SHOW = OpenApiParameter(
    "show", OpenApiTypes.STR, enum=[name for name in comparing.SHOWN if name],
    description="Only cases on which systems differ, with a text that is not ok, of a user unknown to the student.",
)  # fmt: skip


class Samples:
    """The samples of a select_cases run as a paginator reads rows: counted, and cut before they are made."""

    def __init__(self, entry: Run, case_run: Run) -> None:
        self.entry, self.case_run = entry, case_run

    def count(self) -> int:
        return self.case_run.cases.count()

    def __getitem__(self, part: slice) -> list[comparing.Sample]:
        return comparing.samples(
            entry=self.entry, case_run=self.case_run, n=part.stop - part.start, first=part.start
        )


class RunPartsViewSet(viewsets.GenericViewSet):
    """Parts of a run."""

    queryset = Run.objects.none()
    permission_classes = [MayRunGeneration]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Run]:
        return overview.listed_runs()

    @extend_schema(responses={200: EventSerializer(many=True)})
    @action(detail=True, serializer_class=EventSerializer)
    def events(self, request: Request, pk: str) -> Response:
        """The run's log, the oldest line first."""
        return self._page(self.get_object().events.order_by("id"), EventSerializer)

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR}, filters=False)
    @action(detail=True, url_path="events/file", pagination_class=None)
    def events_file(self, request: Request, pk: str) -> HttpResponseBase:
        """The run's whole log as text."""
        lines = overview.log_lines(self.get_object())
        return download(lines, "text/plain; charset=utf-8", f"log-run-{pk}.txt")

    @extend_schema(parameters=[SHOW], responses={200: CaseSerializer(many=True)})
    @action(detail=True, serializer_class=CaseSerializer)
    def cases(self, request: Request, pk: str) -> Response:
        """The cases of a run that people may judge: those it chose, or those it explains."""
        show = chosen(request, "show", filter(None, comparing.SHOWN))
        entry = self.get_object()
        case_run = comparing.case_run_of(entry)
        if case_run is None:
            return self._page([], CaseSerializer)
        runs = comparing.runs_compared(entry, case_run)
        return self._page(comparing.shown_cases(case_run, runs, show), CaseSerializer)

    @extend_schema(
        parameters=[OpenApiParameter("case_id", OpenApiTypes.STR, OpenApiParameter.PATH)],
        responses={200: ComparisonSerializer},
        filters=False,
    )
    @action(detail=True, url_path="cases/(?P<case_id>[^/]+)", pagination_class=None)
    def case(self, request: Request, pk: str, case_id: str) -> Response:
        """One case with every system's text, the prompt behind each, to the letter, and its provenance."""
        entry = self.get_object()
        case_run = comparing.case_run_of(entry)
        if case_run is None:
            raise NotFound("This run has no cases to judge.")
        case = get_object_or_404(case_run.cases, case_id=case_id)
        compared = comparing.compare(case, case_run, comparing.runs_compared(entry, case_run))
        return Response(ComparisonSerializer(compared).data)

    @extend_schema(responses={200: ExplanationSerializer(many=True)})
    @action(detail=True, serializer_class=ExplanationSerializer)
    def explanations(self, request: Request, pk: str) -> Response:
        """The texts of an explain_cases run, failed ones with their reasons."""
        rows = self.get_object().explanations.select_related("case", "run").order_by("case__position")
        return self._page(rows, ExplanationSerializer)

    @extend_schema(responses={(200, "application/jsonl"): OpenApiTypes.BINARY, 409: CONFLICT}, filters=False)
    @action(detail=True, url_path="explanations/file", pagination_class=None)
    def explanations_file(self, request: Request, pk: str) -> HttpResponseBase:
        """The texts of an explain_cases run as JSON lines, each with its case."""
        try:
            lines = export_explanations(run_id=self.get_object().pk)
        except NothingWritten as refusal:
            raise Conflict(str(refusal)) from None
        return download(lines, "application/jsonl", f"explanations-run-{pk}.jsonl")

    @extend_schema(
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, enum=STATUSES),
            OpenApiParameter("first", OpenApiTypes.INT, description="How many rows to pass over."),
            OpenApiParameter(
                "n", OpenApiTypes.INT, description="How many to give; 20 by default, 100 at most."
            ),
        ],
        responses={200: TaughtRowsSerializer, 409: CONFLICT},
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def texts(self, request: Request, pk: str) -> Response:
        """What the teacher of a distil_teacher run wrote, rejected texts too, each with its prompt and provenance."""
        run = self.get_object()
        if run.stage != Stage.DISTIL_TEACHER:
            raise Conflict(
                f"Run {run.pk} is of {run.stage}: only a distil_teacher run has texts of a teacher."
            )
        status = chosen(request, "status", STATUSES)
        first = whole_number(request, "first", default=0, most=MOST_ROWS)
        n = whole_number(request, "n", default=20, most=100)
        try:
            rows, more = sample_teacher(run_id=run.pk, status=status, first=first, n=n)
        except (OSError, ValueError) as trouble:
            raise Conflict(str(trouble)) from None
        found = {"results": rows, "following": first + n if more else None}
        return Response(TaughtRowsSerializer(found).data)

    @extend_schema(
        parameters=[OpenApiParameter("status", OpenApiTypes.STR, enum=Status.values)],
        responses={200: ShardSerializer(many=True)},
    )
    @action(detail=True, serializer_class=ShardSerializer)
    def shards(self, request: Request, pk: str) -> Response:
        """The parts of a run that workers take one at a time."""
        rows = self.get_object().shards.order_by("index").defer("result", "marks")
        if status := chosen(request, "status", Status.values):
            rows = rows.filter(status=status)
        return self._page(rows, ShardSerializer)

    @extend_schema(responses={200: LossesSerializer}, filters=False)
    @action(detail=True, pagination_class=None)
    def losses(self, request: Request, pk: str) -> Response:
        """The losses of a training, while it goes on too; empty for a run that trains nothing."""
        run = self.get_object()
        looks, trace = overview.losses_of(run)
        curve = overview.curve_of(run)
        found = {
            "looks": [{"step": step, "train": train, "valid": valid} for step, train, valid in looks],
            "trace": [{"step": step, "train": train} for step, train in trace],
            "best_step": curve.best.step if curve is not None and curve.best is not None else None,
        }
        return Response(LossesSerializer(found).data)

    @extend_schema(responses={200: RunNodeSerializer(many=True)}, filters=False)
    @action(detail=True, pagination_class=None)
    def lineage(self, request: Request, pk: str) -> Response:
        """The run, all it builds on and all that builds on it, in the order in which they can start."""
        nodes = lineage_of(self.get_object()).nodes
        return Response(RunNodeSerializer(nodes, many=True).data)

    @extend_schema(responses={200: RejectedRowSerializer(many=True)})
    @action(detail=True, serializer_class=RejectedRowSerializer)
    def rejected(self, request: Request, pk: str) -> Response:
        """The first rows of a log that an import_log run could not use; their full number is in its counts."""
        return self._page(self.get_object().report.get("rejected", []), RejectedRowSerializer)

    @extend_schema(responses={200: SampleSerializer(many=True)})
    @action(detail=True, serializer_class=SampleSerializer)
    def samples(self, request: Request, pk: str) -> Response:
        """Cases that a run chose or explains, each with what every system wrote of it, side by side."""
        entry = self.get_object()
        case_run = comparing.case_run_of(entry)
        if case_run is None:
            return self._page([], SampleSerializer)
        return self._page(Samples(entry, case_run), SampleSerializer)

    def _page(self, rows: Any, serializer: type[serializers.BaseSerializer]) -> Response:
        return self.get_paginated_response(serializer(self.paginate_queryset(rows), many=True).data)
