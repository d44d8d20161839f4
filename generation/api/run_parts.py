"""Endpoints of what belongs to a run: its log, shards, cases and texts, a page of rows at a time."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from generation import comparing, overview
from generation.api.room import MayRunGeneration
from generation.api.serializers import (
    CaseSerializer,
    ComparisonSerializer,
    EventSerializer,
    ExplanationSerializer,
    RejectedRowSerializer,
    SampleSerializer,
    ShardSerializer,
)
from generation.models import Run

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

    @extend_schema(parameters=[SHOW], responses={200: CaseSerializer(many=True)})
    @action(detail=True, serializer_class=CaseSerializer)
    def cases(self, request: Request, pk: str) -> Response:
        """The cases of a run that people may judge: those it chose, or those it explains."""
        show = request.query_params.get("show", "")
        if show not in comparing.SHOWN:
            raise ValidationError(
                {"show": [f"unknown {show!r}. Known: {', '.join(filter(None, comparing.SHOWN))}."]}
            )
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

    @extend_schema(responses={200: ShardSerializer(many=True)})
    @action(detail=True, serializer_class=ShardSerializer)
    def shards(self, request: Request, pk: str) -> Response:
        """The parts of a run that workers take one at a time."""
        return self._page(self.get_object().shards.order_by("index"), ShardSerializer)

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
