from django.utils import timezone

from annotation.models.study import Invitation


def revoke_invitation(*, study_id: int, invitation_id: int) -> bool:
    """Withdraw a link; who joined by it stays. Says whether the link was still good."""
    links = Invitation.objects.filter(pk=invitation_id, study_id=study_id, revoked_at__isnull=True)
    return bool(links.update(revoked_at=timezone.now()))
