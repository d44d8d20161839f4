from django.db import models, transaction
from django.utils import timezone

from annotation.models.card import Placement, Seat, Slot
from annotation.models.guess import Guess, GuessSheet
from annotation.models.ledger import LedgerLine
from annotation.models.rating import CalibrationAnswer, Rating, RatingRevision, Submission
from annotation.models.study import Enrolment, Study
from annotation.services.refusals import Refused
from annotation.services.write_ledger import write_ledger


@transaction.atomic
def withdraw_consent(*, enrolment_id: int, erase: bool = False) -> None:
    """Take an annotator out of a study, at any time: from now on no mark of theirs counts. It cannot be undone.

    Marks are kept, withdrawn, so that what was counted before can be explained; in an open study the seat is issued
    again whole. Withdrawing twice changes nothing, but may ask for erasure later.

    Args:
        erase: the annotator also asks that the marks be erased, which an owner then does (`erase_marks`).
    """
    enrolment = Enrolment.objects.select_for_update().select_related("study").get(pk=enrolment_id)
    now = timezone.now()
    if erase and enrolment.erasure_asked_at is None:
        enrolment.erasure_asked_at = now
        enrolment.save(update_fields=["erasure_asked_at"])
    if enrolment.withdrawn_at is not None:
        return
    enrolment.withdrawn_at = now
    enrolment.save(update_fields=["withdrawn_at"])
    placements = Placement.objects.filter(enrolment=enrolment, withdrawn_at__isnull=True)
    n_done = placements.filter(kind=Placement.Kind.MAIN, done_at__isnull=False).count()
    placements.update(withdrawn_at=now)
    if enrolment.study.status == Study.Status.OPEN:
        Slot.objects.filter(enrolment=enrolment).update(enrolment=None)
        Seat.objects.filter(enrolment=enrolment).update(enrolment=None, claimed_at=None)
    write_ledger(
        study_id=enrolment.study_id,
        act=LedgerLine.Act.WITHDREW,
        by_id=None,
        reason="the annotator withdrew consent",
        facts={"annotator": enrolment.pseudonym, "finished_cards": n_done, "erasure_asked": erase},
    )


@transaction.atomic
def erase_marks(*, study_id: int, enrolment_id: int, by_id: int) -> int:
    """Erase every mark of an annotator who withdrew and asked for it; says how many there were.

    The enrolment stays, with its pseudonym and no mark, so that the numbers of people still add up. The data that
    reports keep are dropped by analysis within one sweep, and refused at once (`queries.n_erasures`). Copies that left
    the installation (bundles, exports, backups) are not reached.

    Raises:
        Refused: there is no such annotator in the study, or none who asked for it.
    """
    own = Enrolment.objects.select_for_update().filter(study_id=study_id, pk=enrolment_id)
    enrolment = own.first()
    if enrolment is None or enrolment.withdrawn_at is None or enrolment.erasure_asked_at is None:
        raise Refused("Marks are erased when their annotator withdrew and asked for it, and not otherwise.")
    if enrolment.erased_at is not None:
        return 0
    n_marks = 0
    # The guards of logs that only grow are passed by on purpose: this is what the law calls erasure.
    for model, own in (
        (RatingRevision, {"rating__placement__enrolment": enrolment}),
        (Rating, {"placement__enrolment": enrolment}),
        (Submission, {"placement__enrolment": enrolment}),
        (CalibrationAnswer, {"enrolment": enrolment}),
        (Guess, {"sheet__enrolment": enrolment}),
        (GuessSheet, {"enrolment": enrolment}),
    ):
        n_rows, _ = models.QuerySet(model).filter(**own).delete()
        n_marks += n_rows if model in (Rating, CalibrationAnswer) else 0
    enrolment.erased_at = timezone.now()
    enrolment.gate_results = []
    enrolment.save(update_fields=["erased_at", "gate_results"])
    write_ledger(
        study_id=enrolment.study_id,
        act=LedgerLine.Act.ERASED,
        by_id=by_id,
        reason="asked for by the annotator",
        facts={"annotator": enrolment.pseudonym, "marks": n_marks},
    )
    return n_marks
