from django.db import transaction
from django.utils import timezone

from annotation.models.ledger import LedgerLine
from annotation.models.study import Study
from annotation.services.fingerprint import fingerprint
from annotation.services.marks_digest import changed_since_closing
from annotation.services.refusals import Refused
from annotation.services.write_ledger import write_ledger


@transaction.atomic
def unblind_study(*, study_id: int, by_id: int, reason: str) -> None:
    """Break the seal of a closed study: from now on analysis may read who wrote what. It cannot be undone.

    Raises:
        Refused: the study is not closed, no reason is given, it is not the study that was opened any more, or marks
            changed after it closed.
    """
    study = Study.objects.select_for_update().get(pk=study_id)
    if study.status == Study.Status.UNBLINDED:
        raise Refused("This study was unblinded before.")
    if study.status != Study.Status.CLOSED:
        raise Refused("Close the study first: unblinding while people rate would unmask it for them.")
    if not reason.strip():
        raise Refused("Say why the study is unblinded now; the reason is kept in its ledger.")
    found = fingerprint(study_id)
    opened = LedgerLine.objects.filter(study=study, act=LedgerLine.Act.OPENED).first()
    if found != study.frozen_hash or (opened and opened.facts.get("fingerprint", found) != found):
        raise Refused(
            f"The study differs from what was opened (fingerprint {found[:12]}, at opening "
            f"{study.frozen_hash[:12]}): "
            "find out what changed in the database before unblinding."
        )
    if changed := changed_since_closing(study_id):
        raise Refused(
            f"Marks of {', '.join(changed)} are not what they were when the study closed: find out what changed in the "
            "database before unblinding."
        )
    Study.objects.filter(pk=study_id, status=Study.Status.CLOSED).update(
        status=Study.Status.UNBLINDED, unblinded_at=timezone.now()
    )
    write_ledger(
        study_id=study_id,
        act=LedgerLine.Act.UNBLINDED,
        by_id=by_id,
        reason=reason.strip(),
        facts={"fingerprint": found},
    )
