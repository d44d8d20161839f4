"""GuessSheet, Guess: what people guessed about writers. Apart from ratings, and never counted as marks."""

from django.db import models
from django.db.models import Q

from annotation.models.card import Placement
from annotation.models.frozen import Growing
from annotation.models.study import Enrolment


class GuessSheet(Growing):
    """The question was answered, or passed over: a sheet without guesses."""

    enrolment = models.OneToOneField(Enrolment, models.PROTECT, related_name="guess_sheet")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"sheet of {self.enrolment_id}"


class Guess(Growing):
    """The kind of writer guessed for one card, or that the annotator cannot say."""

    sheet = models.ForeignKey(GuessSheet, models.PROTECT, related_name="guesses")
    placement = models.OneToOneField(Placement, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40, help_text="Key of a kind of the study's plan, or cannot-say.")

    class Meta:
        verbose_name_plural = "guesses"
        ordering = ["sheet", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(kind=""), name="guess_has_kind")]

    def __str__(self) -> str:
        return self.kind
