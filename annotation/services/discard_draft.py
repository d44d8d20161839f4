from django.db import transaction

from annotation.services.lock_draft import lock_draft


@transaction.atomic
def discard_draft(*, study_id: int) -> None:
    """Delete a draft with its cards and invitations.

    Raises:
        StudyFrozen: the study was opened; what people judged is kept.
    """
    lock_draft(study_id, fixed="what people judged is kept.").delete()
