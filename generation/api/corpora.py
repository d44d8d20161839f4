"""Endpoints of corpora: a log named and read, the whole pipeline queued, a teacher's cost."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from generation import overview, tasks
from generation.api.room import MayRunGeneration, refused, validated
from generation.api.serializers import RunSerializer
from generation.models import Corpus
from generation.pipeline.logs.table import MEANINGS
from generation.pipeline.storable import fault_in
from generation.services.create_corpus import create_corpus
from generation.services.estimate_teacher import estimate_teacher
from generation.services.folders import rejected_rows
from generation.services.parameters import BadParameters
from generation.services.queue_pipeline import DEFAULT_SYSTEMS, queue_pipeline


class CorpusSerializer(serializers.ModelSerializer):
    class Meta:
        model = Corpus
        fields = [
            "id", "name", "log_format", "options", "sha256", "n_users", "n_items", "n_interactions",
            "n_rejected", "provenance", "facts", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ColumnsField(serializers.JSONField):
    """An object of texts; a form of several parts carries it as JSON text."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        try:
            value = super().to_internal_value(data)
            fault = fault_in(value)
        except RecursionError:
            raise serializers.ValidationError("This is nested too deeply.") from None
        if fault:
            raise serializers.ValidationError(f"This holds {fault}; take it out.")
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise serializers.ValidationError('Give an object of texts, such as {"user": "userId"}.')
        return value


class NewCorpusSerializer(serializers.Serializer):
    """A log to read. `options` are for the built-in log; the others take `uploads` or `folder`."""

    name = serializers.CharField(max_length=120)
    log_format = serializers.CharField(max_length=40)
    options = serializers.DictField(child=serializers.IntegerField(min_value=0), required=False)
    folder = serializers.CharField(required=False, help_text="Below the server's folder of logs.")
    uploads = serializers.ListField(
        child=serializers.FileField(), required=False, help_text="The log's files, or one zip; as multipart."
    )
    columns = ColumnsField(
        required=False,
        help_text='For a table: what its columns mean, such as {"user": "userId"}; as JSON text in multipart. '
        f"Keys: {', '.join(MEANINGS)}; interactions, items (file names), encoding. The rest is guessed.",
    )


class NewPipelineSerializer(serializers.Serializer):
    """The whole way: what differs from each stage's defaults goes into `parameters`, by stage."""

    systems = serializers.ListField(
        child=serializers.CharField(), required=False, default=list(DEFAULT_SYSTEMS)
    )
    parameters = serializers.DictField(child=serializers.DictField(), required=False)
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**32 - 1)


class NewEstimateSerializer(serializers.Serializer):
    """Parameters of a distil_teacher run with a teacher behind an address."""

    parameters = serializers.DictField()


class EstimateSerializer(serializers.Serializer):
    n_prompts = serializers.IntegerField()
    mean_prompt_tokens = serializers.FloatField()
    n_tokens_in = serializers.IntegerField()
    n_tokens_out = serializers.IntegerField(help_text="If every text took all the tokens it may.")
    cost = serializers.FloatField(help_text="At the prices given.")


class CorpusViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Logs, read or being read."""

    queryset = Corpus.objects.all()
    serializer_class = CorpusSerializer
    permission_classes = [MayRunGeneration]
    lookup_value_regex = r"\d+"

    def get_parsers(self) -> list[Any]:
        """Files come with a new corpus alone."""
        parsers = super().get_parsers()
        return [*parsers, MultiPartParser()] if self.action_map.get("post") == "create" else parsers

    @extend_schema(request=NewCorpusSerializer, responses={201: CorpusSerializer})
    def create(self, request: Request) -> Response:
        """Name a log and queue its import."""
        wanted = validated(NewCorpusSerializer, request)
        if wanted["log_format"] == "table":
            wanted.setdefault("columns", {})
        try:
            corpus, run = create_corpus(**wanted, created_by=request.user)
        except BadParameters as refusal:
            raise refused(refusal) from None
        assert run is not None, "the columns are named or guessed"
        tasks.enqueue(run)
        return Response(CorpusSerializer(corpus).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, pagination_class=None)
    def rejected(self, request: Request, pk: str) -> FileResponse:
        """All rows of the log that stayed out, with line, field, reason and remedy, as CSV."""
        try:
            rows = rejected_rows(self.get_object())
        except FileNotFoundError:
            raise NotFound("This log has not been read.") from None
        return FileResponse(rows, as_attachment=True, filename=f"rejected-{pk}.csv", content_type="text/csv")

    @extend_schema(request=NewPipelineSerializer, responses={201: RunSerializer(many=True)}, filters=False)
    @action(detail=True, methods=["post"], pagination_class=None)
    def pipeline(self, request: Request, pk: str) -> Response:
        """Queue cases, teacher, students and explanations in one go."""
        corpus = self.get_object()
        try:
            queued = queue_pipeline(
                corpus=corpus, **validated(NewPipelineSerializer, request), created_by=request.user
            )
        except BadParameters as refusal:
            raise refused(refusal) from None
        tasks.enqueue(*queued)
        found = overview.listed_runs().filter(pk__in=[run.pk for run in queued]).order_by("pk")
        return Response(RunSerializer(found, many=True).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewEstimateSerializer, responses={200: EstimateSerializer}, filters=False)
    @action(detail=True, methods=["post"], pagination_class=None)
    def estimate(self, request: Request, pk: str) -> Response:
        """What a teacher behind an address would cost over the newest cases; queues nothing, asks nobody."""
        corpus, wanted = self.get_object(), validated(NewEstimateSerializer, request)
        try:
            found = estimate_teacher(corpus=corpus, **wanted)
        except BadParameters as refusal:
            raise refused(refusal) from None
        return Response(EstimateSerializer(found).data)
