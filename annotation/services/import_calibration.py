import hashlib

from django.db import transaction

from annotation.design.blinding import normalise
from annotation.design.gold import parse_gold
from annotation.design.sources import Form
from annotation.models.card import Block, CalibrationGold, Card, Kind
from annotation.models.study import Criterion
from annotation.services.lock_draft import lock_draft
from annotation.services.refusals import BadSource


@transaction.atomic
def import_calibration(*, study_id: int, content: str, form: Form) -> int:
    """Replace a draft's calibration set by the cards and reference marks of a file; says how many cards it has now.

    Raises:
        StudyFrozen: the study was opened.
        BadSource: the file is faulty; every line is listed and the old set is kept.
    """
    study = lock_draft(study_id, fixed="its calibration set is fixed.")
    criteria = {row.key: row for row in Criterion.objects.filter(study=study)}
    rows, errors = parse_gold(content, form, list(criteria))
    if errors:
        raise BadSource(list(errors))
    Block.objects.filter(study=study, kind=Kind.CALIBRATION).delete()
    for number, row in enumerate(rows):
        block = Block.objects.create(
            study=study,
            kind=Kind.CALIBRATION,
            number=number,
            history=[dict(item) for item in row.history],
            item=dict(row.item),
        )
        text = normalise(row.text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        card = Card.objects.create(study=study, block=block, explanation=text, text_hash=digest)
        CalibrationGold.objects.bulk_create(
            CalibrationGold(
                card=card,
                criterion=criteria[key],
                value=value,
                rationale=row.rationales[key],
                experts=dict(row.experts.get(key, {})),
            )
            for key, value in row.marks.items()
        )
    return len(rows)
