from django.db import transaction

from annotation.design.guessing import GuessPlan, faults_of, texts_of
from annotation.services.build_study import named_systems
from annotation.services.lock_draft import lock_draft
from annotation.services.refusals import Refused


@transaction.atomic
def plan_guess(*, study_id: int, plan: GuessPlan | None) -> None:
    """Switch the question which kind of writer wrote the cards on in a draft, change it, or (None) switch it off.

    Raises:
        StudyFrozen: the study was opened.
        Refused: too few kinds or cards, two kinds alike, or a label names a system.
    """
    study = lock_draft(study_id, fixed="what is asked at the end is part of its plan.")
    if plan is not None and (faults := [*faults_of(plan), *named_systems(study_id, texts_of(plan))]):
        raise Refused(" ".join(faults))
    kept = {key: value for key, value in study.plan.items() if key != "guess"}
    study.plan = kept if plan is None else {**kept, "guess": plan.as_json()}
    study.save(update_fields=["plan"])
