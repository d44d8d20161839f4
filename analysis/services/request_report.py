from analysis.models import Report
from annotation import queries as studies


class NothingToAnalyse(ValueError):
    """The study has no rating yet, so there is nothing to report."""


def request_report(*, study_id: int, by_id: int) -> int:
    """Create the report a study allows: with systems once it is unblinded, pooled before. The caller
    enqueues it. One that no worker has begun yet is answered instead: it will read the same ratings.

    Raises:
        NothingToAnalyse: nobody rated a card of the study yet.
    """
    study = studies.study_summary(study_id)
    if not study.n_done:
        raise NothingToAnalyse(f"Nobody has rated a card of “{study.title}” yet: a report needs ratings.")
    kind = Report.Kind.UNBLINDED if study.status == "unblinded" else Report.Kind.POOLED
    waiting, _ = Report.objects.get_or_create(
        study_id=study_id,
        kind=kind,
        status=Report.Status.QUEUED,
        defaults={"seed": study.seed, "created_by_id": by_id},
    )
    return waiting.pk
