"""How runs and what they leave behind look in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation import overview
from generation.models import Case, Explanation, Run, Shard


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
