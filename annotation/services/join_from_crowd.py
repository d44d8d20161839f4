import re

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotation.models.crowd import CrowdPerson
from annotation.models.study import Invitation, Study
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.refusals import InvitationRefused, Refused

_ID = re.compile(r"[A-Za-z0-9_.@-]{1,100}")


def crowd_key(study_id: int, crowd_id: str) -> str:
    """What is kept of a crowd service's id: a keyed hash, another one in each study.

    Raises:
        Refused: it is no id, such as the service's placeholder.
    """
    if not _ID.fullmatch(crowd_id):
        raise Refused(_("The address holds no id of the crowd service: open the study from its page again."))
    return salted_hmac(f"annotation.crowd.{study_id}", crowd_id, algorithm="sha256").hexdigest()


@transaction.atomic
def join_from_crowd(*, token: str, key: str) -> int:
    """Let somebody in whom a crowd service sends; returns the key of their account, which has no password.

    Who comes a second time is let in once more where the owner allowed it, and else belongs to the browser they
    began in.

    Args:
        key: see `crowd_key`.

    Raises:
        InvitationRefused: the link cannot be used, or this person began in another browser.
    """
    invitation = Invitation.objects.filter(token=token, crowd__isnull=False).first()
    if invitation is None:
        raise InvitationRefused(_("There is no such invitation: check the link."))
    Study.objects.select_for_update().get(pk=invitation.study_id)  # two tabs come one after the other
    known = CrowdPerson.objects.filter(study_id=invitation.study_id, key=key).first()
    if known is not None:
        allowed = CrowdPerson.objects.filter(pk=known.pk, may_return=True).update(may_return=False)
        if not allowed:
            raise InvitationRefused(
                _(
                    "You began in another browser: go on there. If you cannot, write to the researchers; they can let "
                    "you in from here."
                )
            )
        return known.enrolment.annotator_id
    person = get_user_model().objects.create_user(username=f"crowd-{key[:24]}")
    enrolment_id = enrol_annotator(token=token, annotator_id=person.pk, from_crowd=True)
    CrowdPerson.objects.create(study_id=invitation.study_id, enrolment_id=enrolment_id, key=key)
    return person.pk


def let_return(*, study_id: int, crowd_id: str) -> str:
    """Let somebody in once from another browser, named by the service's id; returns the pseudonym.

    Raises:
        Refused: nobody with this id takes part.
    """
    found = CrowdPerson.objects.filter(study_id=study_id, key=crowd_key(study_id, crowd_id))
    person = found.select_related("enrolment").first()
    if person is None:
        raise Refused("Nobody with this id takes part in this study.")
    found.update(may_return=True)
    return person.enrolment.pseudonym
