from annotation.models.study import Study


def discard_draft(*, study_id: int) -> None:
    """Delete a draft with its cards and invitations.

    Raises:
        StudyFrozen: the study was opened; what people judged is kept.
    """
    Study.objects.get(pk=study_id).delete()
