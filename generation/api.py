"""REST endpoints of this room: what the owners' pages do, for programs."""

import dataclasses
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from generation import overview, tasks
from generation.models import Case, Corpus, Explanation, Run, Shard, Stage, Status
from generation.services.cancel_run import cancel_run
from generation.services.clone_run import clone_run
from generation.services.create_corpus import create_corpus
from generation.services.estimate_teacher import estimate_teacher
from generation.services.export_batch import NotForBatches, export_batch
from generation.services.import_batch import import_batch
from generation.services.parameters import PARAMETERS, BadParameters, choices_of
from generation.services.queue_pipeline import DEFAULT_SYSTEMS, queue_pipeline
from generation.services.queue_run import queue_run
from generation.services.requeue_run import requeue_run


class MayRunGeneration(BasePermission):
    """Owners only."""

    message = "Only owners may run generation."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.has_perm("generation.run"))


class Conflict(APIException):
    """The run is not where the request assumes."""

    status_code = status.HTTP_409_CONFLICT


CONFLICT = OpenApiResponse(description="Not where the request assumes it. Nothing was changed.")


class CorpusSerializer(serializers.ModelSerializer):
    class Meta:
        model = Corpus
        fields = [
            "id", "name", "log_format", "options", "sha256", "n_users", "n_items", "n_interactions",
            "n_rejected", "provenance", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class NewCorpusSerializer(serializers.Serializer):
    """A log to read. `options` are for the built-in log; the others take `uploads` or `folder`."""

    name = serializers.CharField(max_length=120)
    log_format = serializers.CharField(max_length=40)
    options = serializers.DictField(child=serializers.IntegerField(min_value=0), required=False)
    folder = serializers.CharField(required=False, help_text="Below the server's folder of logs.")
    uploads = serializers.ListField(
        child=serializers.FileField(), required=False, help_text="The log's files, or one zip; as multipart."
    )


class ProgressSerializer(serializers.Serializer):
    n_done = serializers.IntegerField()
    n_total = serializers.IntegerField(help_text="0 while nobody knows.")
    unit = serializers.CharField()
    per_second = serializers.FloatField(allow_null=True)
    remaining_seconds = serializers.SerializerMethodField()

    def get_remaining_seconds(self, progress: overview.Progress) -> float | None:
        return progress.remaining.total_seconds() if progress.remaining is not None else None


class RunSerializer(serializers.ModelSerializer):
    title = serializers.CharField(read_only=True)
    needs = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    progress = serializers.SerializerMethodField()
    offline = serializers.SerializerMethodField(help_text="Does the offline teacher stand behind it?")

    class Meta:
        model = Run
        fields = [
            "id", "corpus", "stage", "title", "status", "parameters", "seed", "needs", "error", "counts",
            "report", "artefact", "sha256", "progress", "offline", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: Run) -> dict[str, Any]:
        return ProgressSerializer(overview.progress_of(run)).data

    def get_offline(self, run: Run) -> bool:
        return overview.is_offline(run)


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


class NewPipelineSerializer(serializers.Serializer):
    """The whole way: what differs from each stage's defaults goes into `parameters`, by stage."""

    systems = serializers.ListField(
        child=serializers.CharField(), required=False, default=list(DEFAULT_SYSTEMS)
    )
    parameters = serializers.DictField(child=serializers.DictField(), required=False)
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**32 - 1)


class EventSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    text = serializers.CharField()


class ItemSerializer(serializers.Serializer):
    id = serializers.CharField()
    title = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)
    genres = serializers.ListField(child=serializers.CharField())
    directors = serializers.ListField(child=serializers.CharField())


class CaseSerializer(serializers.ModelSerializer):
    history = ItemSerializer(many=True)
    item = ItemSerializer()

    class Meta:
        model = Case
        fields = ["case_id", "position", "user", "split", "history", "item"]
        read_only_fields = fields


class ExplanationSerializer(serializers.ModelSerializer):
    case = serializers.CharField(source="case.case_id", read_only=True)
    system = serializers.CharField(source="run.parameters.system", read_only=True)

    class Meta:
        model = Explanation
        fields = [
            "id", "case", "system", "text", "status", "reason", "signature", "n_history_shown",
            "unknown_user",
        ]  # fmt: skip
        read_only_fields = fields


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


class NewEstimateSerializer(serializers.Serializer):
    """Parameters of a distil_teacher run with a teacher behind an address."""

    parameters = serializers.DictField()


class EstimateSerializer(serializers.Serializer):
    n_prompts = serializers.IntegerField()
    mean_prompt_tokens = serializers.FloatField()
    n_tokens_in = serializers.IntegerField()
    n_tokens_out = serializers.IntegerField(help_text="If every text took all the tokens it may.")
    cost = serializers.FloatField(help_text="At the prices given.")


class ShardSerializer(serializers.ModelSerializer):
    class Meta:
        model = Shard
        fields = ["index", "status", "n_done", "n_total", "attempts", "error"]
        read_only_fields = fields


class RejectedRowSerializer(serializers.Serializer):
    file = serializers.CharField()
    line = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()
    remedy = serializers.CharField()
    text = serializers.CharField(help_text="The row as it was found.")


class SampleTextSerializer(serializers.Serializer):
    system = serializers.CharField()
    label = serializers.CharField()
    offline = serializers.BooleanField()
    status = serializers.CharField(help_text="Empty where the system has not written of this case.")
    text = serializers.CharField()
    reason = serializers.CharField()


class SampleSerializer(serializers.Serializer):
    case = CaseSerializer()
    texts = serializers.SerializerMethodField()

    @extend_schema_field(SampleTextSerializer(many=True))
    def get_texts(self, sample: overview.Sample) -> list[dict[str, Any]]:
        return [
            {
                "system": system.name,
                "label": system.label,
                "offline": system.offline,
                **{name: getattr(text, name, "") for name in ("status", "text", "reason")},
            }
            for system, text in sample.texts
        ]


class Samples:
    """The samples of a select_cases run as a paginator reads rows: counted, and cut before they are made."""

    def __init__(self, case_run: Run) -> None:
        self.case_run = case_run

    def count(self) -> int:
        return self.case_run.cases.count()

    def __getitem__(self, part: slice) -> list[overview.Sample]:
        return overview.samples(case_run=self.case_run, n=part.stop - part.start, first=part.start)


class ParameterSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField()
    type = serializers.CharField()
    default = serializers.JSONField(allow_null=True)
    choices = serializers.DictField(child=serializers.CharField())


class StageSerializer(serializers.Serializer):
    stage = serializers.CharField()
    label = serializers.CharField()
    parameters = ParameterSerializer(many=True)


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
        wanted = _validated(NewCorpusSerializer, request)
        try:
            corpus, run = create_corpus(**wanted, created_by=request.user)
        except BadParameters as refusal:
            raise _refused(refusal) from None
        tasks.enqueue(run)
        return Response(CorpusSerializer(corpus).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewPipelineSerializer, responses={201: RunSerializer(many=True)}, filters=False)
    @action(detail=True, methods=["post"], pagination_class=None)
    def pipeline(self, request: Request, pk: str) -> Response:
        """Queue cases, teacher, students and explanations in one go."""
        corpus = self.get_object()
        try:
            queued = queue_pipeline(
                corpus=corpus, **_validated(NewPipelineSerializer, request), created_by=request.user
            )
        except BadParameters as refusal:
            raise _refused(refusal) from None
        tasks.enqueue(*queued)
        found = overview.listed_runs().filter(pk__in=[run.pk for run in queued]).order_by("pk")
        return Response(RunSerializer(found, many=True).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewEstimateSerializer, responses={200: EstimateSerializer}, filters=False)
    @action(detail=True, methods=["post"], pagination_class=None)
    def estimate(self, request: Request, pk: str) -> Response:
        """What a teacher behind an address would cost over the newest cases; queues nothing, asks nobody."""
        corpus, wanted = self.get_object(), _validated(NewEstimateSerializer, request)
        try:
            found = estimate_teacher(corpus=corpus, **wanted)
        except BadParameters as refusal:
            raise _refused(refusal) from None
        return Response(EstimateSerializer(found).data)


FILTERS = [
    OpenApiParameter("corpus", OpenApiTypes.INT, description="Only runs of this corpus."),
    OpenApiParameter("stage", OpenApiTypes.STR, enum=Stage.values),
    OpenApiParameter("status", OpenApiTypes.STR, enum=Status.values),
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
            if value := self.request.query_params.get(name):
                if value not in known:
                    raise ValidationError({name: [f"unknown {name} {value!r}. Known: {', '.join(known)}."]})
                found = found.filter(**{name: value})
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
        wanted = _validated(NewRunSerializer, request)
        try:
            run = queue_run(**wanted, created_by=request.user)
        except BadParameters as refusal:
            raise _refused(refusal) from None
        tasks.enqueue(run)
        return Response(self._shown(run.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: RunSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a run; 409 when it is over already."""
        run = self.get_object()
        if not cancel_run(run_id=run.pk, by=request.user.get_username()):
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
        wanted = _validated(CloneSerializer, request)
        try:
            queued = clone_run(run_id=run.pk, **wanted, created_by=request.user)
        except BadParameters as refusal:
            raise _refused(refusal) from None
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
        return StreamingHttpResponse(lines, content_type="application/jsonl")

    @extend_schema(request=AnswersSerializer, responses={200: ImportedSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def answers(self, request: Request, pk: str) -> Response:
        """Take a batch's output files in, whole or in part; `bad` names each line that gave no row."""
        run = self.get_object()
        uploads = _validated(AnswersSerializer, request)["uploads"]
        try:
            done = import_batch(run_id=run.pk, files=[(one.name, one) for one in uploads])
        except NotForBatches as refusal:
            raise Conflict(str(refusal)) from None
        return Response(ImportedSerializer(done).data)

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

    @staticmethod
    def _shown(run_id: int) -> dict[str, Any]:
        return RunSerializer(overview.listed_runs().get(pk=run_id)).data


class StagesView(APIView):
    """What each stage may be asked for."""

    permission_classes = [MayRunGeneration]

    @extend_schema(responses={200: StageSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """The stages in order, with their parameters, defaults and choices."""
        stages = [
            {"stage": stage.value, "label": stage.label, "parameters": _parameters(stage)} for stage in Stage
        ]
        return Response(StageSerializer(stages, many=True).data)


def _parameters(stage: str) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "label": one.metadata["label"],
            "help": one.metadata["help"],
            "type": one.type,
            "default": {} if one.default is dataclasses.MISSING else one.default,
            "choices": choices_of(one),
        }
        for one in dataclasses.fields(PARAMETERS[stage])
    ]


def _validated(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def _refused(refusal: BadParameters) -> ValidationError:
    return ValidationError({refusal.field: [str(refusal)]})


router = SimpleRouter()
router.register("corpora", CorpusViewSet, basename="generation-corpus")
router.register("runs", RunViewSet, basename="generation-run")

urlpatterns = [path("stages/", StagesView.as_view(), name="generation-stages"), *router.urls]
