from annotation.models.frozen import StudyFrozen
from annotation.models.study import Study


def lock_draft(study_id: int, *, fixed: str) -> Study:
    """A draft that stays one until the transaction ends: whoever opens or discards it waits.

    Args:
        fixed: what cannot be changed any more, told where the study was opened.

    Raises:
        StudyFrozen: the study was opened, or discarded meanwhile.
    """
    study = Study.objects.select_for_update().filter(pk=study_id).first()
    if study is None:
        raise StudyFrozen("The draft was discarded meanwhile.")
    if study.status != Study.Status.DRAFT:
        raise StudyFrozen(f"“{study.title}” was opened and is frozen: {fixed}")
    return study
