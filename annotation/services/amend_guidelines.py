from django.db import transaction
from django.db.models import F

from annotation.design.blinding import visible
from annotation.design.plan import too_long
from annotation.models.ledger import LedgerLine
from annotation.models.study import Guidelines, Study
from annotation.services.build_study import named_systems
from annotation.services.refusals import Refused, StudyClosed
from annotation.services.write_ledger import write_ledger


@transaction.atomic
def amend_guidelines(*, study_id: int, by_id: int, clarification: str, text: str | None = None) -> int:
    """Give the guidelines a new version; everybody reads it before their next card. Returns its number.

    Ratings carry the version their annotator had read.

    Args:
        clarification: what is new, shown on its own above the text.
        text: the whole new text; the old one is kept when it is None.

    Raises:
        StudyClosed: the study is closed.
        Refused: the study is a draft still, the clarification is empty, or a text names a system or is too
            long.
    """
    study = Study.objects.select_for_update().get(pk=study_id)
    if study.status == Study.Status.DRAFT:
        raise Refused("A draft's guidelines are edited, not amended: nobody has read them yet.")
    if study.status != Study.Status.OPEN:
        raise StudyClosed("The study is closed: its guidelines are history.")
    if not visible(clarification).strip():
        raise Refused("Say what is new: annotators read the clarification first.")
    shown = {"clarification": clarification, "guidelines": text or ""}
    if faults := [*too_long(shown), *named_systems(study_id, shown)]:
        raise Refused(" ".join(faults))
    current = Guidelines.objects.get(study=study, version=study.guidelines_version)
    version = current.version + 1
    Guidelines.objects.create(
        study=study,
        version=version,
        text=current.text if text is None else text.strip(),
        clarification=clarification.strip(),
        created_by_id=by_id,
    )
    Study.objects.filter(pk=study_id).update(guidelines_version=F("guidelines_version") + 1)
    write_ledger(
        study_id=study_id,
        act=LedgerLine.Act.AMENDED,
        by_id=by_id,
        reason=clarification.strip(),
        facts={"version": version},
    )
    return version
