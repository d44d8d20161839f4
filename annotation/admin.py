"""Looking at a study's rows without the pages: owners see their own studies and nothing of anybody else's.

Nothing is changed here, and provenance is not shown at all. What lets somebody in or names a person's reward
(the tokens of links, completion codes) is shown to a study's owner alone, and not even to an administrator.
"""

from collections.abc import Sequence
from typing import ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from annotation.models.card import Seat
from annotation.models.ledger import LedgerLine
from annotation.models.study import Criterion, Enrolment, Guidelines, Invitation, Study

STUDY = ("study", admin.RelatedOnlyFieldListFilter)
"""A filter that names the studies one may see, not all there are."""


class OwnRows(admin.ModelAdmin):
    """Rows of one's own studies, to look at; an administrator sees everybody's."""

    owner_path = "study__owner"
    secret: ClassVar[tuple[str, ...]] = ()
    """Fields for the study's owner alone."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(**{self.owner_path: request.user})

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        study = getattr(obj, "study", None)
        return () if study is not None and study.owner_id == request.user.pk else self.secret

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest | None = None) -> bool:
        """No filter by what is hidden: it could be told letter by letter from whether the row is listed."""
        allowed = super().lookup_allowed(lookup, value, request)  # type: ignore[call-arg, arg-type]
        return allowed and lookup.split("__")[0] not in self.secret

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Study)
class StudyAdmin(OwnRows):
    owner_path = "owner"
    list_display = ["title", "status", "k", "n_annotators", "n_systems", "owner", "simulated", "created_at"]
    list_filter = ["status", "simulated"]
    search_fields = ["title"]


@admin.register(Enrolment)
class EnrolmentAdmin(OwnRows):
    secret = ("completion_code",)
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
    list_filter = ["gate", "simulated", STUDY]


@admin.register(Invitation)
class InvitationAdmin(OwnRows):
    secret = ("token",)
    list_display = ["id", "study", "label", "uses", "max_uses", "expires_at", "revoked_at"]
    list_filter = [STUDY]


@admin.register(LedgerLine)
class LedgerAdmin(OwnRows):
    list_display = ["study", "number", "act", "by", "at", "reason", "hash"]
    list_filter = ["act", STUDY]


@admin.register(Seat)
class SeatAdmin(OwnRows):
    list_display = ["study", "index", "enrolment", "claimed_at"]
    list_filter = [STUDY]


admin.site.register([Criterion, Guidelines], OwnRows)
