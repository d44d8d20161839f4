"""Endpoints of runs: listed, queued, cancelled, queued again, cloned; questions out and answers in."""

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from generation import overview, tasks
from generation.api.room import CONFLICT, Conflict, MayRunGeneration, chosen, refused, validated
from generation.api.serializers import RunSerializer
from generation.models import Corpus, Run, Stage, Status
from generation.services.cancel_run import cancel_dependents, cancel_run
from generation.services.clone_run import clone_run
from generation.services.export_batch import NotForBatches, export_batch
from generation.services.import_batch import import_batch
from generation.services.parameters import BadParameters
from generation.services.queue_run import queue_run
from generation.services.requeue_run import requeue_run
from generation.views.room import download


class NewRunSerializer(serializers.Serializer):
    """A run to queue. Without `needs` it builds on the newest that suit; GET stages/ lists parameters."""

    corpus = serializers.PrimaryKeyRelatedField(queryset=Corpus.objects.all())
    stage = serializers.ChoiceField(choices=Stage.choices)
    parameters = serializers.DictField(required=False)
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**32 - 1)
    needs = serializers.PrimaryKeyRelatedField(many=True, queryset=Run.objects.all(), required=False)


class CloneSerializer(serializers.Serializer):
    """What differs from the run that is cloned."""

    parameters = serializers.DictField(required=False)
    seed = serializers.IntegerField(
        required=False, min_value=0, max_value=2**32 - 1, help_text="By default the old one."
    )
    dependents = serializers.BooleanField(
        required=False, default=False, help_text="Queue again what built on it, over the new run."
    )


class CancelSerializer(serializers.Serializer):
    """How much is to be cancelled."""

    dependents = serializers.BooleanField(
        required=False, default=False, help_text="Cancel all that cannot begin without it too."
    )


class AnswersSerializer(serializers.Serializer):
    uploads = serializers.ListField(child=serializers.FileField(), help_text="Output and error files.")


class BadLineSerializer(serializers.Serializer):
    file = serializers.CharField()
    line = serializers.IntegerField()
    reason = serializers.CharField()


class ImportedSerializer(serializers.Serializer):
    n_ok = serializers.IntegerField()
    n_rejected = serializers.IntegerField()
    n_errors = serializers.IntegerField()
    bad = BadLineSerializer(many=True)


FILTERS = [
    OpenApiParameter("corpus", OpenApiTypes.INT, description="Only runs of this corpus."),
    OpenApiParameter("stage", OpenApiTypes.STR, enum=Stage.values),
    OpenApiParameter("status", OpenApiTypes.STR, enum=Status.values),
    OpenApiParameter("owner", OpenApiTypes.STR, description="Only runs that this account queued."),
]


class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Executions of a stage."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    permission_classes = [MayRunGeneration]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Run]:
        found = overview.listed_runs()
        if self.action != "list":
            return found
        for name, known in (("stage", Stage.values), ("status", Status.values)):
            if value := chosen(self.request, name, known):
                found = found.filter(**{name: value})
        if owner := self.request.query_params.get("owner"):
            found = found.filter(created_by__username=owner)
        if corpus := self.request.query_params.get("corpus"):
            if not corpus.isdecimal() or len(corpus) > 18:
                raise ValidationError({"corpus": [f"the id of a corpus is a whole number, not {corpus!r}"]})
            found = found.filter(corpus=int(corpus))
        return found

    @extend_schema(parameters=FILTERS)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=NewRunSerializer, responses={201: RunSerializer})
    def create(self, request: Request) -> Response:
        """Queue a run."""
        wanted = validated(NewRunSerializer, request)
        try:
            run = queue_run(**wanted, created_by=request.user)
        except BadParameters as refusal:
            raise refused(refusal) from None
        tasks.enqueue(run)
        return Response(self._shown(run.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=CancelSerializer, responses={200: RunSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a run, with all that cannot begin without it where that is asked for; 409 when nothing was open."""
        run, by = self.get_object(), request.user.get_username()
        wanted = validated(CancelSerializer, request)
        n_more = cancel_dependents(run_id=run.pk, by=by) if wanted["dependents"] else 0
        if not cancel_run(run_id=run.pk, by=by) and not n_more:
            raise Conflict("The run was over already; nothing was cancelled.")
        return Response(self._shown(run.pk))

    @extend_schema(request=None, responses={200: RunSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def requeue(self, request: Request, pk: str) -> Response:
        """Queue a failed or cancelled run again; 409 when it is neither."""
        run = self.get_object()
        if not requeue_run(run_id=run.pk, by=request.user.get_username()):
            raise Conflict("Only a failed or cancelled run can be queued again.")
        tasks.enqueue(run)
        return Response(self._shown(run.pk))

    @extend_schema(request=CloneSerializer, responses={201: RunSerializer(many=True)})
    @action(detail=True, methods=["post"], pagination_class=None)
    def clone(self, request: Request, pk: str) -> Response:
        """Queue the run again with changes, beside the one that was; with `dependents`, what built on it as well."""
        run = self.get_object()
        wanted = validated(CloneSerializer, request)
        try:
            queued = clone_run(run_id=run.pk, **wanted, created_by=request.user)
        except BadParameters as refusal:
            raise refused(refusal) from None
        tasks.enqueue(*queued)
        return Response([self._shown(one.pk) for one in queued], status=status.HTTP_201_CREATED)

    @extend_schema(responses={(200, "application/jsonl"): OpenApiTypes.BINARY, 409: CONFLICT})
    @action(detail=True)
    def questions(self, request: Request, pk: str) -> HttpResponseBase:
        """The questions of a distil_teacher run that nobody has answered, as a batch file (JSON lines)."""
        try:
            lines = export_batch(run_id=self.get_object().pk)
        except NotForBatches as refusal:
            raise Conflict(str(refusal)) from None
        return download(lines, "application/jsonl", f"questions-run-{pk}.jsonl")

    @extend_schema(request=AnswersSerializer, responses={200: ImportedSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def answers(self, request: Request, pk: str) -> Response:
        """Take a batch's output files in, whole or in part; `bad` names each line that gave no row."""
        run = self.get_object()
        uploads = validated(AnswersSerializer, request)["uploads"]
        try:
            done = import_batch(run_id=run.pk, files=[(one.name, one) for one in uploads])
        except NotForBatches as refusal:
            raise Conflict(str(refusal)) from None
        return Response(ImportedSerializer(done).data)

    @staticmethod
    def _shown(run_id: int) -> dict[str, Any]:
        return RunSerializer(overview.listed_runs().get(pk=run_id)).data
