from django.db import transaction
from django.utils import timezone

from annotation.design.exclusions import RULES
from annotation.models.card import Placement
from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating
from annotation.models.study import Enrolment, Study
from annotation.services.refusals import Refused
from annotation.services.write_ledger import write_ledger


@transaction.atomic
def exclude_annotator(*, study_id: int, enrolment_id: int, by_id: int, rule: str, reason: str) -> int:
    """Leave an annotator's marks out of every result from now on; says how many. Nothing is deleted.

    The seat stays theirs: who excludes somebody and wants the cards judged again builds a larger plan beforehand. The
    ledger tells rule, reason and whether the study was unblinded by then.

    Args:
        rule: a key of design.exclusions.RULES.

    Raises:
        Refused: no such annotator, an unknown rule, no reason, or left out already.
    """
    if rule not in RULES:
        raise Refused(f"An exclusion follows a rule: {', '.join(RULES)}, not {rule!r}.")
    if not reason.strip():
        raise Refused("Say why this annotator is left out; the reason is kept in the study's ledger.")
    enrolment = _own(study_id, enrolment_id)
    if enrolment.excluded_at is not None:
        raise Refused(f"{enrolment.pseudonym} is left out already.")
    enrolment.excluded_at = timezone.now()
    enrolment.save(update_fields=["excluded_at"])
    return _tell(enrolment, LedgerLine.Act.EXCLUDED, by_id, reason, rule)


@transaction.atomic
def readmit_annotator(*, study_id: int, enrolment_id: int, by_id: int, reason: str) -> int:
    """Take an exclusion back; says how many marks count again.

    Raises:
        Refused: no such annotator, not left out, or no reason.
    """
    if not reason.strip():
        raise Refused("Say why this annotator is let in again; the reason is kept in the study's ledger.")
    enrolment = _own(study_id, enrolment_id)
    if enrolment.excluded_at is None:
        raise Refused(f"{enrolment.pseudonym} is not left out.")
    enrolment.excluded_at = None
    enrolment.save(update_fields=["excluded_at"])
    return _tell(enrolment, LedgerLine.Act.READMITTED, by_id, reason, "")


def _own(study_id: int, enrolment_id: int) -> Enrolment:
    found = Enrolment.objects.select_for_update(of=("self",)).select_related("study")
    enrolment = found.filter(study_id=study_id, pk=enrolment_id).first()
    if enrolment is None:
        raise Refused("There is no such annotator in this study.")
    return enrolment


def _tell(enrolment: Enrolment, act: LedgerLine.Act, by_id: int, reason: str, rule: str) -> int:
    marks = Rating.objects.filter(
        placement__enrolment=enrolment,
        placement__kind=Placement.Kind.MAIN,
        placement__withdrawn_at__isnull=True,
    ).count()
    write_ledger(
        study_id=enrolment.study_id,
        act=act,
        by_id=by_id,
        reason=reason.strip(),
        facts={
            "annotator": enrolment.pseudonym,
            **({"rule": rule} if rule else {}),
            "marks": marks,
            "after_unblinding": enrolment.study.status == Study.Status.UNBLINDED,
        },
    )
    return marks
