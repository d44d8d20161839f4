from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models.study import Enrolment, Study
from annotation.services.refusals import WITHDREW, OutOfTurn, StudyClosed


def give_consent(*, enrolment_id: int, version: int) -> None:
    """Record that an annotator agreed to this version of the consent text. Agreeing twice changes nothing.

    Raises:
        StudyClosed: the study is not open.
        OutOfTurn: the text read is not the study's, or consent was withdrawn.
    """
    enrolment = Enrolment.objects.select_related("study").get(pk=enrolment_id)
    if enrolment.study.status != Study.Status.OPEN:
        raise StudyClosed(_("The study is not open."))
    if enrolment.withdrawn_at is not None:
        raise OutOfTurn(WITHDREW)
    if version != enrolment.study.consent_version:
        raise OutOfTurn(_("The consent text has changed since you read it: read it again."))
    Enrolment.objects.filter(pk=enrolment_id, consented_at__isnull=True).update(
        consented_at=timezone.now(), consent_version=version, last_seen_at=timezone.now()
    )
