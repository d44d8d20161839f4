"""What was done to a study, by whom and why, as a chain: each line carries the hash of the one before."""

import hashlib
import json
from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.frozen import Growing
from annotation.models.study import Study


class LedgerLine(Growing):
    """One act on a study. Written by annotation.services.write_ledger and never changed."""

    class Act(models.TextChoices):
        OPENED = "opened", "Opened"
        AMENDED = "amended", "Guidelines amended"
        RELEASED = "released", "Idle seats released"
        WITHDREW = "withdrew", "Consent withdrawn"
        ERASED = "erased", "Marks erased"
        EXCLUDED = "excluded", "Annotator excluded"
        READMITTED = "readmitted", "Annotator let in again"
        CLOSED = "closed", "Closed"
        UNBLINDED = "unblinded", "Unblinded"
        KINDS = "kinds", "Kinds of writers told"
        CHECKED = "checked", "Checked to be blind"

    study = models.ForeignKey(Study, models.PROTECT, related_name="ledger")
    number = models.PositiveIntegerField()
    act = models.CharField(max_length=10, choices=Act.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    facts = models.JSONField(default=dict, help_text="Counts and hashes at that moment.")
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="ledger_number_once_a_study"),
            models.CheckConstraint(
                condition=Q(
                    act__in=[
                        "opened",
                        "amended",
                        "released",
                        "withdrew",
                        "erased",
                        "excluded",
                        "readmitted",
                        "closed",
                        "unblinded",
                        "kinds",
                        "checked",
                    ]
                ),
                name="ledger_act_known",
            ),
            models.CheckConstraint(
                condition=~Q(act="unblinded") | ~Q(reason=""), name="ledger_unblinding_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.act}"


def broken_at(lines: Iterable[LedgerLine]) -> LedgerLine | None:
    """The first line, of a study's lines in order, that does not follow from those before; None where all do."""
    previous = ""
    for number, line in enumerate(lines, start=1):
        if line.number != number or line.previous_hash != previous or line.hash != line_hash(line):
            return line
        previous = line.hash
    return None


def line_hash(line: LedgerLine) -> str:
    """The hash a line must carry: of all it says and of the line before it."""
    said = [
        line.study_id,
        line.number,
        line.act,
        line.by_id,
        line.at.isoformat(),
        line.reason,
        line.facts,
        line.previous_hash,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
