from django.db import transaction
from django.utils import timezone

from annotation.models.card import Placement
from annotation.models.ledger import LedgerLine
from annotation.models.study import Enrolment, Study
from annotation.services.marks_digest import marks_digests
from annotation.services.refusals import Refused
from annotation.services.write_ledger import write_ledger


@transaction.atomic
def close_study(*, study_id: int, by_id: int, reason: str = "") -> None:
    """End the rating: no mark is taken after this, and the study can be unblinded.

    The ledger keeps a hash of each annotator's marks, so that a change made behind its back is found.

    Raises:
        Refused: the study is not open.
    """
    # Whoever is storing a mark holds the enrolment; once all are ours, nobody can slip in behind the new
    # status.
    list(Enrolment.objects.select_for_update().filter(study_id=study_id).order_by("pk").values_list("pk"))
    closed = Study.objects.filter(pk=study_id, status=Study.Status.OPEN).update(
        status=Study.Status.CLOSED, closed_at=timezone.now()
    )
    if not closed:
        raise Refused("Only an open study can be closed.")
    done = Placement.objects.filter(
        enrolment__study_id=study_id,
        kind=Placement.Kind.MAIN,
        done_at__isnull=False,
        withdrawn_at__isnull=True,
    )
    write_ledger(
        study_id=study_id,
        act=LedgerLine.Act.CLOSED,
        by_id=by_id,
        reason=reason,
        facts={"cards_done": done.count(), "marks": marks_digests(study_id)},
    )
