"""Endpoints of what belongs to a run: its log, shards, cases and texts, a page of rows at a time."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from generation import overview
from generation.api.room import MayRunGeneration
from generation.api.serializers import (
    CaseSerializer,
    EventSerializer,
    ExplanationSerializer,
    RejectedRowSerializer,
    SampleSerializer,
    ShardSerializer,
)
from generation.models import Run


class Samples:
    """The samples of a select_cases run as a paginator reads rows: counted, and cut before they are made."""

    def __init__(self, case_run: Run) -> None:
        self.case_run = case_run

    def count(self) -> int:
        return self.case_run.cases.count()

    def __getitem__(self, part: slice) -> list[overview.Sample]:
        return overview.samples(case_run=self.case_run, n=part.stop - part.start, first=part.start)


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

    @extend_schema(responses={200: CaseSerializer(many=True)})
    @action(detail=True, serializer_class=CaseSerializer)
    def cases(self, request: Request, pk: str) -> Response:
        """The cases of a select_cases run that people may judge."""
        return self._page(self.get_object().cases.order_by("position"), CaseSerializer)

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
        case_run = overview.case_run_of(self.get_object())
        if case_run is None:
            return self._page([], SampleSerializer)
        return self._page(Samples(case_run), SampleSerializer)

    def _page(self, rows: Any, serializer: type[serializers.BaseSerializer]) -> Response:
        return self.get_paginated_response(serializer(self.paginate_queryset(rows), many=True).data)
