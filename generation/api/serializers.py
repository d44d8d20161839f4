"""How runs and what they leave behind look in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation import comparing, overview
from generation.models import Case, Explanation, Run, Shard
from generation.services.sample_teacher import Taught


class ProgressSerializer(serializers.Serializer):
    n_done = serializers.IntegerField()
    n_total = serializers.IntegerField(help_text="0 while nobody knows.")
    unit = serializers.CharField()
    per_second = serializers.FloatField(
        allow_null=True, help_text="Over the window; null while nothing moves."
    )
    window_seconds = serializers.SerializerMethodField()
    remaining_seconds = serializers.SerializerMethodField()

    def get_window_seconds(self, progress: overview.Progress) -> float | None:
        return progress.window.total_seconds() if progress.window is not None else None

    def get_remaining_seconds(self, progress: overview.Progress) -> float | None:
        return progress.remaining.total_seconds() if progress.remaining is not None else None


class RunSerializer(serializers.ModelSerializer):
    title = serializers.CharField(read_only=True)
    owner = serializers.CharField(source="created_by.username", default=None, allow_null=True, read_only=True)
    needs = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    progress = serializers.SerializerMethodField()
    offline = serializers.SerializerMethodField(help_text="Does the offline teacher stand behind it?")

    class Meta:
        model = Run
        fields = [
            "id", "corpus", "owner", "stage", "title", "status", "parameters", "seed", "needs", "error", "counts",
            "report", "artefact", "sha256", "progress", "offline", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: Run) -> dict[str, Any]:
        return ProgressSerializer(overview.progress_of(run)).data

    def get_offline(self, run: Run) -> bool:
        return overview.is_offline(run)


class LookSerializer(serializers.Serializer):
    step = serializers.IntegerField()
    train = serializers.FloatField(allow_null=True, help_text="Mean since the look before; null: no number.")
    valid = serializers.FloatField(allow_null=True)


class TraceSerializer(serializers.Serializer):
    step = serializers.IntegerField()
    train = serializers.FloatField(allow_null=True, help_text="Mean since the point before.")


class LossesSerializer(serializers.Serializer):
    looks = LookSerializer(many=True, help_text="At the validation loss.")
    trace = TraceSerializer(many=True, help_text="The training loss in finer steps.")
    best_step = serializers.IntegerField(allow_null=True, help_text="Whose weights are kept.")


class RunNodeSerializer(serializers.Serializer):
    """A run among those it builds on and those that build on it."""

    run = serializers.IntegerField(source="key")
    stage = serializers.CharField(source="line.run.stage")
    title = serializers.CharField(source="line.run.title")
    state = serializers.CharField(source="line.state", help_text="The status, or waiting for what it needs.")
    queue = serializers.CharField(help_text="Whose workers can do it: cpu, gpu or http.")
    n_workers = serializers.IntegerField(help_text="Workers that hold a live lease on one of its shards.")
    needs = serializers.ListField(child=serializers.IntegerField())
    progress = ProgressSerializer(source="line.progress")


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


class ShardSerializer(serializers.ModelSerializer):
    worker = serializers.CharField(source="claimed_by", help_text="Host, process and claim that hold it.")

    class Meta:
        model = Shard
        fields = ["index", "status", "n_done", "n_total", "attempts", "worker", "moved_at", "error"]
        read_only_fields = fields


class RejectedRowSerializer(serializers.Serializer):
    file = serializers.CharField()
    line = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()
    remedy = serializers.CharField()
    text = serializers.CharField(help_text="The row as it was found.")


class FactSerializer(serializers.Serializer):
    name = serializers.CharField()
    value = serializers.CharField()


class SampleTextSerializer(serializers.Serializer):
    """What one run wrote of a case; status, text and reason are empty where it has not yet."""

    run = serializers.IntegerField(source="run.pk")
    system = serializers.CharField(source="system.name")
    label = serializers.CharField(source="system.label")
    offline = serializers.BooleanField(source="system.offline")
    status = serializers.CharField(source="explanation.status", default="")
    text = serializers.CharField(source="explanation.text", default="")
    reason = serializers.CharField(source="explanation.reason", default="")
    unknown_user = serializers.BooleanField(source="explanation.unknown_user", default=False)


class ComparedTextSerializer(SampleTextSerializer):
    prompt = serializers.CharField(
        source="prompt.text", default=None, allow_null=True, help_text="As it was read; null where unknown."
    )
    prompt_sha256 = serializers.CharField(source="prompt.sha256", default=None, allow_null=True)
    provenance = serializers.SerializerMethodField()

    @extend_schema_field(FactSerializer(many=True))
    def get_provenance(self, told: comparing.Told) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in told.provenance]


class SampleSerializer(serializers.Serializer):
    case = CaseSerializer()
    texts = SampleTextSerializer(many=True)


class ComparisonSerializer(serializers.Serializer):
    case = CaseSerializer()
    texts = ComparedTextSerializer(many=True)
    previous = serializers.CharField(source="previous.case_id", default=None, allow_null=True)
    following = serializers.CharField(source="following.case_id", default=None, allow_null=True)


class TaughtSerializer(serializers.Serializer):
    """A row of a teacher."""

    case = serializers.CharField(source="row.case_id")
    text = serializers.CharField(source="row.text")
    status = serializers.CharField(source="row.status", help_text="ok, rejected or error.")
    reason = serializers.CharField(source="row.reason")
    prompt = serializers.CharField(
        source="prompt.text",
        default=None,
        allow_null=True,
        help_text="Null where it cannot be rendered as it was.",
    )
    provenance = serializers.SerializerMethodField()

    @extend_schema_field(FactSerializer(many=True))
    def get_provenance(self, taught: Taught) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in comparing.teacher_provenance(taught.row)]


class TaughtRowsSerializer(serializers.Serializer):
    results = TaughtSerializer(many=True)
    following = serializers.IntegerField(
        allow_null=True, help_text="`first` of the next rows; null at the end."
    )
