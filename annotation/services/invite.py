from datetime import timedelta

from django.utils import timezone

from annotation.models.study import Invitation, Study
from annotation.services.refusals import Refused, StudyClosed


def invite(
    *, study_id: int, by_id: int, label: str = "", max_uses: int = 1, expires_in_days: int | None = None
) -> str:
    """Make an invitation link for so many people; returns its token. A draft's links work once it opens.

    Raises:
        StudyClosed: nobody can join any more.
        Refused: a number makes no sense.
    """
    study = Study.objects.get(pk=study_id)
    if study.status not in (Study.Status.DRAFT, Study.Status.OPEN):
        raise StudyClosed("The study is closed: nobody can join any more.")
    if not 1 <= max_uses <= 10_000:
        raise Refused(f"An invitation is for 1 to 10000 people, not {max_uses}.")
    if expires_in_days is not None and not 1 <= expires_in_days <= 3650:
        raise Refused(f"An invitation can be open for 1 to 3650 days, not {expires_in_days}.")
    expires_at = timezone.now() + timedelta(days=expires_in_days) if expires_in_days else None
    row = Invitation.objects.create(
        study=study, label=label.strip()[:120], max_uses=max_uses, expires_at=expires_at, created_by_id=by_id
    )
    return row.token
