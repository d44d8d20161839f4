from django.conf import settings
from django.contrib.auth import load_backend
from django.db.models import Exists, Q
from django.utils.translation import gettext as _

from annotation.models.study import Study
from annotation.services.refusals import NotBlind

UNBLIND = ("annotation.own", "generation.run", "generation.explain", "analysis.read")
"""Whoever has one of these may know the systems. Findings of an unblinded study hold its texts beside their
writers, and another study may ask about the same texts; a student that explains writes a card's text again."""


def check_blindness(*, study_id: int, person_id: int) -> None:
    """Refuse whoever may know the systems now: roles are gained and lost after joining too.

    Raises:
        NotBlind: the person owns the study, owns studies at all, runs generation, has a student explain or reads
            findings.
    """
    roles = load_backend(settings.AUTHENTICATION_BACKENDS[0])
    knows = Exists(roles.with_any_perm(UNBLIND).filter(pk=person_id))
    if Study.objects.order_by().filter(knows | Q(owner_id=person_id), pk=study_id).exists():
        raise NotBlind(
            _(
                "Owners, researchers and recommenders may learn which system wrote what, so they cannot rate: "
                "sign in as an annotator."
            )
        )
