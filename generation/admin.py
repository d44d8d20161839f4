"""The engine room: read-mostly. Runs are queued, cancelled and requeued on the owners' pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from generation import models


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the pipeline writes."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Corpus)
class CorpusAdmin(ReadOnlyAdmin):
    list_display = ["name", "log_format", "n_users", "n_items", "n_interactions", "n_rejected", "created_at"]
    search_fields = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Only the name may be mended."""
        return [field.name for field in self.model._meta.fields if field.name != "name"]


class ShardInline(admin.TabularInline):
    model = models.Shard
    extra = 0
    can_delete = False
    fields = readonly_fields = [
        "index",
        "status",
        "claimed_by",
        "lease_until",
        "attempts",
        "n_done",
        "n_total",
        "error",
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EventInline(admin.TabularInline):
    model = models.RunEvent
    extra = 0
    can_delete = False
    fields = readonly_fields = ["at", "text"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["id", "title", "corpus", "status", "seed", "created_at", "started_at", "finished_at"]
    list_filter = ["stage", "status"]
    list_select_related = ["corpus"]
    inlines = [ShardInline, EventInline]


@admin.register(models.Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ["case_id", "run", "user", "split", "position"]
    list_select_related = ["run", "run__corpus"]
    search_fields = ["case_id", "user"]


@admin.register(models.Explanation)
class ExplanationAdmin(ReadOnlyAdmin):
    list_display = ["id", "run", "case", "status", "text"]
    list_filter = ["status"]
    list_select_related = ["run", "case"]
    search_fields = ["text"]


@admin.register(models.Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ["run", "artefact", "sha256", "created_at"]
    list_select_related = ["run"]
