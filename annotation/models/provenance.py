"""Which system wrote a card. Sealed: only building a study and unblinding it import this module.

`related_name="+"` leaves the card without a way back: `card.provenance` does not exist and
`Card.objects.filter(provenance__…)` is a FieldError.
"""

import hashlib
import json

from django.db import models

from annotation.models.card import Card, Kind
from annotation.models.frozen import Frozen
from annotation.models.study import Study


class Provenance(Frozen):
    """The writer of one card, and what analysis needs of the case behind it."""

    study_path = "card__study"

    card = models.OneToOneField(Card, models.CASCADE, related_name="+")
    system = models.CharField(max_length=80)
    system_label = models.CharField(max_length=120)
    case_key = models.CharField(max_length=120)
    user = models.CharField(max_length=200, blank=True)
    explanation = models.ForeignKey(
        "generation.Explanation", models.PROTECT, null=True, blank=True, related_name="+"
    )
    signature = models.TextField(blank=True)
    offline = models.BooleanField(default=False, help_text="Written by the offline teacher.")
    original = models.TextField(help_text="The text before it was normalised for the card.")
    reference = models.TextField(blank=True, help_text="The golden text of this case, where there is one.")

    class Meta:
        verbose_name_plural = "provenance"

    def __str__(self) -> str:
        return f"card {self.card_id}"


class SourceReport(Frozen):
    """What building took and left: systems, and drops by system. Names systems, hence sealed too."""

    study = models.OneToOneField(Study, models.CASCADE, related_name="+")
    report = models.JSONField()

    def __str__(self) -> str:
        return f"sources of study {self.study_id}"


def seal_hash(study_id: int) -> str:
    """sha256 of who wrote which card of the main study: a promise that unblinding can be held to."""
    lines = Provenance.objects.filter(card__study_id=study_id, card__block__kind=Kind.MAIN).order_by(
        "card__token"
    )
    told = list(
        lines.values_list("card__token", "system", "system_label", "case_key", "original", "reference")
    )
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()
