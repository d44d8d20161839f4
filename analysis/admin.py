from django.contrib import admin

from analysis.models import JudgeAnswer, Report


class _ToLookAt(admin.ModelAdmin):
    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Report)
class ReportAdmin(_ToLookAt):
    """A report is computed, never edited or deleted. Scores are left out, they name systems."""

    list_display = ["id", "study", "kind", "status", "created_by", "created_at"]
    list_filter = ["kind", "status"]
    exclude = ["findings_json"]


@admin.register(JudgeAnswer)
class JudgeAnswerAdmin(_ToLookAt):
    """What a judge said, in its own words: answers that were no rating too. What it was asked is not kept."""

    list_display = ["model", "text", "asked_at"]
    list_filter = ["model"]
