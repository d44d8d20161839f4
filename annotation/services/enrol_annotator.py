import numpy as np
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from annotation.design.streams import STREAM_CRITERIA
from annotation.models.study import Criterion, Enrolment, Invitation, Study
from annotation.services.check_blindness import check_blindness
from annotation.services.refusals import InvitationRefused, NotBlind

ANNOTATORS = "annotator"
"""The group that carries the permission annotation.rate."""


@transaction.atomic
def enrol_annotator(
    *, token: str, annotator_id: int, simulated: bool = False, from_crowd: bool = False
) -> int:
    """Let a person into a study by an invitation; returns the enrolment's key. Joining twice joins once.

    The person's criteria order is drawn from the study's seed and the order of arrival.

    Raises:
        InvitationRefused: no such link, one for a crowd service, it cannot be used now, or the person may know the
            systems: owners of studies do, and so does whoever runs generation or reads findings.
    """
    invitation = Invitation.objects.select_related("study").filter(token=token).first()
    if invitation is None:
        raise InvitationRefused(_("There is no such invitation: check the link."))
    if hasattr(invitation, "crowd") and not from_crowd:
        raise InvitationRefused(
            _("This link is for people whom a crowd service sends: open it in a browser.")
        )
    study = Study.objects.select_for_update().get(
        pk=invitation.study_id
    )  # arrivals are numbered one at a time
    enrolled = Enrolment.objects.filter(study=study, annotator_id=annotator_id).first()
    if enrolled:
        return enrolled.pk
    try:
        check_blindness(study_id=study.pk, person_id=annotator_id)
    except NotBlind as not_blind:
        raise InvitationRefused(str(not_blind)) from None
    invitation.refresh_from_db()
    if why := invitation.why_unusable:
        raise InvitationRefused(why)
    used = Invitation.objects.filter(pk=invitation.pk, uses__lt=F("max_uses")).update(uses=F("uses") + 1)
    if not used:
        raise InvitationRefused(_("Everybody this link was for has joined."))
    latest = Enrolment.objects.filter(study=study).aggregate(latest=Max("index"))["latest"]
    index = 0 if latest is None else latest + 1
    keys = list(Criterion.objects.filter(study=study).order_by("position").values_list("key", flat=True))
    order = np.random.default_rng([study.seed, STREAM_CRITERIA, index]).permutation(len(keys))
    person = get_user_model().objects.get(pk=annotator_id)
    person.groups.add(Group.objects.get_or_create(name=ANNOTATORS)[0])
    return Enrolment.objects.create(
        study=study,
        annotator=person,
        index=index,
        invitation=invitation,
        criteria_order=[keys[int(i)] for i in order],
        simulated=simulated or study.simulated,
    ).pk
