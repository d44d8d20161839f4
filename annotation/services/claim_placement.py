from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models.card import Placement, Seat, Slot, free_slots
from annotation.models.study import Enrolment, Study
from annotation.services.check_blindness import check_blindness
from annotation.services.place_cards import place_cards
from annotation.services.refusals import WITHDREW, OutOfTurn, StudyClosed


def claim_placement(*, enrolment_id: int) -> str | None:
    """The token of the next card this annotator is to rate; takes a seat first where there is none.

    Showing a card starts the server's clock for it. None means there is nothing left for this annotator:
    all done, or every seat is taken.

    Raises:
        StudyClosed: the study is not open.
        NotBlind: the annotator has become somebody who may know the systems.
        OutOfTurn: the gate is not passed, guidelines have a version not read yet, or consent was withdrawn.
    """
    enrolment = Enrolment.objects.select_related("study").get(pk=enrolment_id)
    if enrolment.withdrawn_at is not None:
        raise OutOfTurn(WITHDREW)
    if enrolment.study.status != Study.Status.OPEN:
        raise StudyClosed(_("The study is closed: thank you for your marks."))
    check_blindness(study_id=enrolment.study_id, person_id=enrolment.annotator_id)
    if enrolment.gate != Enrolment.Gate.PASSED:
        raise OutOfTurn(_("Pass the calibration first."))
    if (enrolment.guidelines_version or 0) < enrolment.study.guidelines_version:
        raise OutOfTurn(_("The guidelines have a new version: read it first."))
    token = _next(enrolment_id)
    if token is None and enrolment.finished_at is None and _take_seat(enrolment_id):
        token = _next(enrolment_id)
    return token


def _next(enrolment_id: int) -> str | None:
    waiting = Placement.objects.filter(
        enrolment_id=enrolment_id, done_at__isnull=True, withdrawn_at__isnull=True
    )
    first = waiting.select_related("enrolment__study").order_by("position").first()
    if first is None:
        return None
    if first.opened_at is None:
        shown = Placement.objects.filter(pk=first.pk)
        if first.enrolment.study.side_by_side:
            shown = waiting.filter(slot=first.slot_id, kind=first.kind)  # one page shows them all
        shown.filter(opened_at__isnull=True).update(opened_at=timezone.now())
    return first.token


@transaction.atomic
def _take_seat(enrolment_id: int) -> bool:
    enrolment = Enrolment.objects.select_for_update().select_related("study").get(pk=enrolment_id)
    if enrolment.withdrawn_at is not None:
        return False
    if Seat.objects.filter(enrolment=enrolment).exists():
        return True  # another tab was faster
    free = free_slots(enrolment)
    earlier = set(
        Placement.objects.filter(enrolment=enrolment, kind=Placement.Kind.MAIN)
        .exclude(withdrawn_at=None)
        .values_list("slot__seat", flat=True)
    )
    seats = list(free.order_by().values_list("seat", "seat__index").annotate(n=Count("pk")))
    # Own old seat first, then the fullest, then the lowest: remainders of people who left come last.
    for seat, *_rest in sorted(seats, key=lambda row: (row[0] not in earlier, -row[2], row[1])):
        if Seat.objects.filter(pk=seat, enrolment__isnull=True).update(
            enrolment=enrolment, claimed_at=timezone.now()
        ):
            # One conditional update decided who sits here; the slots follow in the same transaction.
            mine = list(
                Slot.objects.filter(seat=seat, enrolment__isnull=True, pk__in=_slots_of(enrolment, seat))
            )
            Slot.objects.filter(pk__in=[slot.pk for slot in mine]).update(enrolment=enrolment)
            place_cards(enrolment, mine)
            Enrolment.objects.filter(pk=enrolment.pk).update(last_seen_at=timezone.now())
            return True
    return False


def _slots_of(enrolment: Enrolment, seat: int) -> list[int]:
    held = Slot.objects.filter(enrolment=enrolment).values("block")
    return list(Slot.objects.filter(seat=seat).exclude(block__in=held).values_list("pk", flat=True))
