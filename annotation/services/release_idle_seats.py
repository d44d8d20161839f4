from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from annotation.models.card import Placement, Seat, Slot
from annotation.models.ledger import LedgerLine
from annotation.models.study import Enrolment, Study
from annotation.services.write_ledger import write_ledger


def release_idle_seats(*, study_id: int | None = None) -> int:
    """Give back the seats of annotators not seen for the study's lease; says how many.

    Looks at one open study, or at all of them.

    Cases they finished stay theirs. A case they began is issued again whole, because its cards must be rated
    by one person; their marks of it are kept, withdrawn, and no longer counted. In a Latin square the same holds
    of the whole row: it is balanced over its cases, so it is one person's or nobody's. What is hidden among the cards
    is nobody else's to judge: it is withdrawn and comes back with its annotator. A seat whose cards are all judged,
    and of which only hidden ones wait, has nothing to give back.
    """
    studies = Study.objects.filter(status=Study.Status.OPEN)
    if study_id is not None:
        studies = studies.filter(pk=study_id)
    n = 0
    for study in studies:
        limit = timezone.now() - timedelta(hours=study.lease_hours)
        idle = Seat.objects.filter(
            study=study, enrolment__finished_at__isnull=True, enrolment__last_seen_at__lt=limit
        )
        for enrolment in idle.values_list("enrolment", flat=True):
            n += _release(enrolment, study)
    return n


@transaction.atomic
def _release(enrolment_id: int, study: Study) -> bool:
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment_id)
    limit = timezone.now() - timedelta(hours=study.lease_hours)
    if enrolment.last_seen_at >= limit or enrolment.finished_at is not None:
        return False  # came back while we were looking
    kept = Placement.objects.filter(enrolment=enrolment, withdrawn_at__isnull=True)
    waiting = kept.filter(done_at__isnull=True)
    begun = waiting.filter(kind=Placement.Kind.MAIN)
    if not begun.exists():
        return False
    held = Slot.objects.filter(enrolment=enrolment)
    whole_row = study.design == Study.Design.LATIN
    if not whole_row:
        held = held.filter(pk__in=begun.values("slot"))
    slots = list(held.values_list("pk", flat=True))
    n_begun = kept.filter(slot__in=slots, kind=Placement.Kind.MAIN, done_at__isnull=False).count()
    hidden = (kept if whole_row else waiting).exclude(kind=Placement.Kind.MAIN)
    keys = list(kept.filter(slot__in=slots).values_list("pk", flat=True))
    keys += list(hidden.values_list("pk", flat=True))
    Placement.objects.filter(pk__in=keys).update(withdrawn_at=timezone.now())
    Slot.objects.filter(pk__in=slots).update(enrolment=None)
    Seat.objects.filter(enrolment=enrolment).update(enrolment=None, claimed_at=None)
    write_ledger(
        study_id=study.pk,
        act=LedgerLine.Act.RELEASED,
        by_id=None,
        reason=f"not seen for {study.lease_hours} hours",
        facts={"annotator": enrolment.pseudonym, "cases": len(slots), "finished_cards_withdrawn": n_begun},
    )
    return True
