"""Rating, RatingRevision, Submission, CalibrationAnswer: what people answered, and every earlier answer."""

from django.db import models
from django.db.models import Q

from annotation.models.card import Card, Placement
from annotation.models.frozen import Growing
from annotation.models.study import Criterion, Enrolment

IN_SCALE = Q(value__isnull=False, value__gte=1, value__lte=5)
"""Says "not null" aloud: a CHECK that comes out as NULL lets the row pass."""
JUDGED_OR_REASON = (IN_SCALE & Q(reason="")) | (Q(value__isnull=True) & ~Q(reason=""))
"""A mark lies in the scale, or is missing for a stated reason. Never 0, never 3 for "cannot judge"."""


class Rating(models.Model):
    """A person's number for one criterion of one card, as it stands."""

    placement = models.ForeignKey(Placement, models.PROTECT, related_name="ratings")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    value = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="Why the annotator could not judge.")
    seconds = models.FloatField(null=True, blank=True, help_text="Time on the card as the page measured it.")
    server_seconds = models.FloatField(null=True, blank=True, help_text="Time from first shown to stored.")
    guidelines_version = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=80, help_text="Idempotency key of the submit that stored it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["placement", "criterion"]
        constraints = [
            models.UniqueConstraint(fields=["placement", "criterion"], name="rating_once_a_criterion"),
            models.CheckConstraint(condition=JUDGED_OR_REASON, name="rating_in_scale_or_reason"),
            models.CheckConstraint(
                condition=Q(seconds__isnull=True) | Q(seconds__gte=0), name="rating_seconds_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value if self.value is not None else '–'}"


class RatingRevision(Growing):
    """Every value a rating ever had, the first one included."""

    rating = models.ForeignKey(Rating, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    value = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    guidelines_version = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["rating", "number"]
        constraints = [
            models.UniqueConstraint(fields=["rating", "number"], name="revision_number_once_a_rating"),
            models.CheckConstraint(condition=JUDGED_OR_REASON, name="revision_in_scale_or_reason"),
        ]

    def __str__(self) -> str:
        return f"revision {self.number}"


class Submission(Growing):
    """One stored submit: sent again under the same key, it changes nothing and is answered the same."""

    placement = models.ForeignKey(Placement, models.PROTECT, related_name="submissions")
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    version = models.PositiveIntegerField(help_text="The placement's version this submit made.")
    result = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["placement", "key"], name="submission_key_once_a_placement")
        ]

    def __str__(self) -> str:
        return self.key


class CalibrationAnswer(Growing):
    """An annotator's mark on a calibration card, with the gold it was compared to."""

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="calibration_answers")
    card = models.ForeignKey(Card, models.PROTECT, related_name="+")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    attempt = models.PositiveSmallIntegerField(default=1)
    value = models.PositiveSmallIntegerField()
    gold = models.PositiveSmallIntegerField()
    guidelines_version = models.PositiveSmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "card", "criterion", "attempt"],
                name="calibration_answer_once_an_attempt",
            ),
            models.CheckConstraint(condition=IN_SCALE, name="calibration_answer_in_scale"),
            models.CheckConstraint(
                condition=Q(gold__gte=1, gold__lte=5), name="calibration_answer_gold_in_scale"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} for {self.gold}"
