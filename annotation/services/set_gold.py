from collections.abc import Mapping

from django.db import transaction

from annotation.design.scales import OutOfScale, validate
from annotation.models.card import CalibrationGold, Card, Kind
from annotation.models.study import Criterion
from annotation.services.lock_draft import lock_draft
from annotation.services.refusals import Refused


@transaction.atomic
def set_gold(
    *, study_id: int, card_token: str, marks: Mapping[str, int], rationales: Mapping[str, str] | None = None
) -> None:
    """Store the reference marks of a calibration card, some criteria or all, each with a sentence saying why.

    Raises:
        Refused: the card is not a calibration card of this study.
        OutOfScale: a mark is off the scale or missing; there is a number for every criterion it names.
        StudyFrozen: the study was opened.
    """
    lock_draft(study_id, fixed="its reference marks are fixed.")
    found = Card.objects.filter(study_id=study_id, token=card_token, block__kind=Kind.CALIBRATION)
    card = None if "\0" in card_token else found.first()
    if card is None:
        raise Refused("This is not a calibration card of this study.")
    criteria = {row.key: row for row in Criterion.objects.filter(study_id=study_id)}
    for key, mark in validate(marks, criteria).items():
        if mark.value is None:
            raise OutOfScale(key, f"{key}: a reference mark needs a number.")
        rationale = (rationales or {}).get(key, "").strip()
        if "\0" in rationale:
            raise OutOfScale(key, f"{key}: the rationale holds the character NUL; take it out.")
        gold = CalibrationGold.objects.filter(card=card, criterion=criteria[key]).first()
        gold = gold or CalibrationGold(card=card, criterion=criteria[key])
        if gold.value != mark.value:
            gold.experts = {}  # it is the owner's own now
        gold.value, gold.rationale = mark.value, rationale
        gold.save()
