from django.contrib import admin

from analysis.models import Report


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    """To look at: a report is computed, never edited or deleted. Scores are left out, they name systems."""

    list_display = ["id", "study", "kind", "status", "created_by", "created_at"]
    list_filter = ["kind", "status"]
    exclude = ["findings_json"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
