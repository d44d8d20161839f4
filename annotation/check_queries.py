"""What hidden cards are held against: the marks that attention checks ask for, references, marks in calibration."""

from annotation.design.checks import CheckPlan
from annotation.design.shipped import says_checks
from annotation.models.card import CalibrationGold, Card, Kind
from annotation.models.rating import CalibrationAnswer
from annotation.models.study import Criterion, Study


def wanted_marks(study_id: int) -> dict[tuple[int, int], int]:
    """The mark an attention check asks for, and the reference of a calibration card, by card and criterion."""
    gold = CalibrationGold.objects.filter(card__study_id=study_id)
    wanted = {(card, key): value for card, key, value in gold.values_list("card_id", "criterion_id", "value")}
    plan = CheckPlan.of(Study.objects.values_list("plan", flat=True).get(pk=study_id))
    keys = list(Criterion.objects.filter(study_id=study_id).values_list("pk", flat=True))
    cards = Card.objects.filter(study_id=study_id, block__kind=Kind.ATTENTION).order_by("block__number")
    for card, asks in zip(cards.values_list("pk", flat=True), plan.cards() if plan else (), strict=True):
        wanted |= {(card, key): asks.mark for key in keys}
    return wanted


def calibration_marks(study_id: int) -> dict[tuple[int, int, int], int]:
    """Each annotator's last mark in calibration, by enrolment, card and criterion."""
    answers = CalibrationAnswer.objects.filter(enrolment__study_id=study_id).order_by("attempt")
    return {
        (person, card, key): value
        for person, card, key, value in answers.values_list(
            "enrolment_id", "card_id", "criterion_id", "value"
        )
    }


def feedback_later(study: Study) -> bool:
    """Whether references are shown after some cards of the rating itself."""
    plan = CheckPlan.of(study.plan)
    return plan is not None and plan.recheck is not None and plan.recheck.feedback


def untold(study_id: int) -> bool:
    """Whether cards are hidden in a study whose consent does not say so in the shipped words."""
    study = Study.objects.get(pk=study_id)
    return CheckPlan.of(study.plan) is not None and not says_checks(study.consent)
