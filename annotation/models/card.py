"""Block, Card, Seat, Slot, Placement: frozen texts under opaque tokens; who sees them, at which position.

A block is a case as this study copied it, and its cards are the explanations of that case. A seat is one
annotator's share of the plan, decided from the study's seed before anybody arrives; a slot is one block of
one seat, with those of its cards that the seat rates. People claim seats, so every card has exactly k slots and
never one more.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from annotation.models.frozen import Frozen
from annotation.models.study import Criterion, Enrolment, Study, new_token


class Kind(models.TextChoices):
    MAIN = "main", "Main study"
    CALIBRATION = "calibration", "Calibration"
    ATTENTION = "attention", "Attention checks"


class Block(Frozen):
    """One case, copied: what its cards have in common. The user stays anonymous."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="blocks")
    number = models.PositiveIntegerField(help_text="Order in the plan, shuffled by the seed.")
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.MAIN)
    history = models.JSONField(help_text="Items, oldest first: {id, title, year, genres, directors}.")
    item = models.JSONField(help_text="The recommended item.")

    class Meta:
        ordering = ["study", "kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind", "number"], name="block_number_once_a_study"),
            models.CheckConstraint(
                condition=Q(kind__in=["main", "calibration", "attention"]), name="block_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} case {self.number + 1}"


class Card(Frozen):
    """One explanation under an opaque token. Nothing here, and no way from here, says who wrote it."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="cards")
    block = models.ForeignKey(Block, models.CASCADE, related_name="cards")
    token = models.CharField(max_length=43, unique=True, default=new_token)
    explanation = models.TextField()
    text_hash = models.CharField(max_length=64, help_text="sha256 of the explanation shown.")

    class Meta:
        ordering = ["token"]
        constraints = [models.CheckConstraint(condition=~Q(explanation=""), name="card_has_text")]

    def __str__(self) -> str:
        return self.token


class CalibrationGold(Frozen):
    """The reference mark of a calibration card on one criterion, and why."""

    study_path = "card__study"

    card = models.ForeignKey(Card, models.CASCADE, related_name="gold")
    criterion = models.ForeignKey(Criterion, models.CASCADE, related_name="+")
    value = models.PositiveSmallIntegerField()
    rationale = models.TextField(blank=True)
    experts = models.JSONField(
        default=dict, blank=True, help_text="Expert -> mark, where this is a consensus."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "criterion"], name="gold_once_a_criterion"),
            models.CheckConstraint(condition=Q(value__gte=1, value__lte=5), name="gold_in_scale"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion.key} {self.value}"


class Seat(Frozen):
    """One annotator's share of the plan. Held by at most one enrolment at a time."""

    may_change: ClassVar[frozenset[str]] = frozenset({"enrolment", "claimed_at"})

    study = models.ForeignKey(Study, models.CASCADE, related_name="seats")
    index = models.PositiveIntegerField()
    enrolment = models.OneToOneField(Enrolment, models.PROTECT, null=True, blank=True, related_name="seat")
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["study", "index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "index"], name="seat_index_once_a_study"),
            models.CheckConstraint(
                condition=Q(enrolment__isnull=True) | Q(claimed_at__isnull=False), name="seat_claim_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"seat {self.index}"


class Slot(Frozen):
    """One block of one seat: who rates it, and in which order its cards come.

    In the paired design a block has exactly k slots of all its cards, in a Latin square k slots of each card alone.
    Side by side it has k slots of all its cards too; a slot is then a board, its order from column to column.
    """

    study_path = "seat__study"
    may_change: ClassVar[frozenset[str]] = frozenset({"enrolment"})

    seat = models.ForeignKey(Seat, models.CASCADE, related_name="slots")
    block = models.ForeignKey(Block, models.CASCADE, related_name="slots")
    rater = models.PositiveSmallIntegerField(help_text="Counted from 0 within the block.")
    order = models.JSONField(
        help_text="Keys of those of the block's cards that this seat rates, in the order it meets them."
    )
    place = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Where the block comes in the seat's sequence; empty where that is drawn on arrival.",
    )
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, null=True, blank=True, related_name="slots")

    class Meta:
        ordering = ["seat", "block"]
        constraints = [
            models.UniqueConstraint(fields=["block", "rater"], name="slot_rater_once_a_block"),
            models.UniqueConstraint(fields=["seat", "block"], name="slot_block_once_a_seat"),
            models.UniqueConstraint(
                fields=["block", "enrolment"],
                condition=Q(enrolment__isnull=False),
                name="slot_annotator_once_a_block",
            ),
        ]

    def __str__(self) -> str:
        return f"slot {self.rater} of block {self.block_id}"


class Placement(models.Model):
    """This card, for this annotator, at this position, under a token of its own.

    Only those of the main study make results. The others are hidden among them: a card met again, an attention check,
    and cards with reference marks. Nothing an annotator gets says which is which.
    """

    class Kind(models.TextChoices):
        MAIN = "main", "Main study"
        REPEAT = "repeat", "Repeat"
        ATTENTION = "attention", "Attention check"
        GOLD = "gold", "Gold card"
        RECHECK = "recheck", "Re-check"

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="placements")
    card = models.ForeignKey(Card, models.PROTECT, related_name="placements")
    slot = models.ForeignKey(
        Slot,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="placements",
        help_text="Empty for what belongs to no case of the plan: checks and cards with reference marks.",
    )
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.MAIN)
    position = models.PositiveIntegerField(help_text="From 0, in this annotator's sequence.")
    token = models.CharField(max_length=43, unique=True, default=new_token)
    version = models.PositiveIntegerField(default=0, help_text="How often marks of this card were stored.")
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When the card was first shown.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When every criterion had a mark.")
    withdrawn_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the card went to somebody else because this annotator was idle.",
    )

    class Meta:
        ordering = ["enrolment", "position"]
        indexes = [models.Index(fields=["enrolment", "done_at"], name="placement_next")]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "card", "kind"], name="placement_card_once_an_annotator"
            ),
            models.UniqueConstraint(
                fields=["enrolment", "position"], name="placement_position_once_an_annotator"
            ),
            models.UniqueConstraint(
                fields=["slot", "card", "kind"],
                condition=Q(withdrawn_at__isnull=True),
                name="placement_once_a_slot",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["main", "repeat"], slot__isnull=False)
                | Q(kind__in=["attention", "gold", "recheck"], slot__isnull=True),
                name="placement_kind_has_its_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"position {self.position}"


def free_slots(enrolment: Enrolment) -> models.QuerySet[Slot]:
    """Slots this annotator could take: in a seat nobody holds, of a block this annotator has not rated."""
    mine = Slot.objects.filter(enrolment=enrolment).values("block")
    free = Slot.objects.filter(
        seat__study_id=enrolment.study_id, seat__enrolment__isnull=True, enrolment__isnull=True
    )
    return free.exclude(block__in=mine)


def calibration_cards(study_id: int) -> list[Card]:
    """The calibration set, in one order for everybody, so that people can talk about "card 4"."""
    cards = Card.objects.filter(study_id=study_id, block__kind=Kind.CALIBRATION)
    return list(cards.select_related("block").order_by("block__number", "token"))
