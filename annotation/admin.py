"""Looking at a study's rows without the pages. Nothing is changed here, and provenance is not shown at
all."""

from django.contrib import admin
from django.http import HttpRequest

from annotation.models.card import Seat
from annotation.models.ledger import LedgerLine
from annotation.models.study import Criterion, Enrolment, Guidelines, Invitation, Study


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Study)
class StudyAdmin(ReadOnly):
    list_display = ["title", "status", "k", "n_annotators", "n_systems", "owner", "simulated", "created_at"]
    list_filter = ["status", "simulated"]
    search_fields = ["title"]


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnly):
    list_display = [
        "study",
        "pseudonym",
        "annotator",
        "gate",
        "attempt",
        "last_seen_at",
        "finished_at",
        "simulated",
    ]
    list_filter = ["gate", "simulated", "study"]


@admin.register(LedgerLine)
class LedgerAdmin(ReadOnly):
    list_display = ["study", "number", "act", "by", "at", "reason", "hash"]
    list_filter = ["act", "study"]


@admin.register(Seat)
class SeatAdmin(ReadOnly):
    list_display = ["study", "index", "enrolment", "claimed_at"]
    list_filter = ["study"]


admin.site.register([Criterion, Guidelines, Invitation], ReadOnly)
