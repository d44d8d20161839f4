from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models.card import Card, Kind
from annotation.models.study import Enrolment, Study
from annotation.services.refusals import WITHDREW, OutOfTurn, StudyClosed


@transaction.atomic
def read_guidelines(*, enrolment_id: int, version: int) -> None:
    """Record that an annotator read this version of the guidelines.

    Where the study has no calibration set there is nothing to fail: the gate opens here.

    Raises:
        StudyClosed: the study is not open.
        OutOfTurn: consent is missing or was withdrawn, or the version is not the newest.
    """
    enrolment = Enrolment.objects.select_related("study").get(pk=enrolment_id)
    study, now = enrolment.study, timezone.now()
    if study.status != Study.Status.OPEN:
        raise StudyClosed(_("The study is not open."))
    if enrolment.withdrawn_at is not None:
        raise OutOfTurn(WITHDREW)
    if enrolment.consented_at is None:
        raise OutOfTurn(_("Read and accept the consent text first."))
    if version != study.guidelines_version:
        raise OutOfTurn(
            _("The guidelines are now at version %(n)s: read them again.") % {"n": study.guidelines_version}
        )
    mine = Enrolment.objects.filter(pk=enrolment_id)
    newer = Q(guidelines_version__isnull=True) | Q(guidelines_version__lt=version)
    mine.filter(newer).update(guidelines_version=version, guidelines_read_at=now)
    mine.update(last_seen_at=now, guidelines_read_at=F("guidelines_read_at"))
    if not Card.objects.filter(study=study, block__kind=Kind.CALIBRATION).exists():
        mine.filter(gate=Enrolment.Gate.PENDING).update(gate=Enrolment.Gate.PASSED, gate_at=now)
