"""What annotators read of the calibration set: the next card, and their own marks beside the reference."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max

from annotation import card_queries
from annotation.design.blinding import (
    BlindedCard,
    BlindedCriterion,
    Level,
    blinded_history,
    blinded_item,
)
from annotation.design.checks import CheckPlan
from annotation.design.gate import GateRule
from annotation.design.scales import POINTS
from annotation.models.card import CalibrationGold, Card, Placement, calibration_cards
from annotation.models.rating import CalibrationAnswer
from annotation.models.study import Criterion, Enrolment, Study


@dataclass(frozen=True, slots=True)
class CriterionFeedback:
    """An annotator's mark on a calibration card beside the gold, all on one scale."""

    key: str
    name: str
    levels: tuple[Level, ...]
    own: int
    gold: int
    band: tuple[int, int]
    """Lowest and highest mark that count as near the gold."""
    distance: int
    """Own minus gold."""
    near: bool
    rationale: str


@dataclass(frozen=True, slots=True)
class CalibrationFeedback:
    card: BlindedCard
    criteria: tuple[CriterionFeedback, ...]
    attempt: int
    last: bool
    """No calibration card is left in this attempt."""


def calibration_card(enrolment_id: int) -> BlindedCard | None:
    """The next calibration card of the current attempt; None when the attempt is complete or there is no
    set."""
    enrolment = Enrolment.objects.select_related("study").get(pk=enrolment_id)
    if enrolment.gate != Enrolment.Gate.PENDING:
        return None
    cards = calibration_cards(enrolment.study_id)
    answered = set(
        CalibrationAnswer.objects.filter(enrolment=enrolment, attempt=enrolment.attempt).values_list(
            "card_id", flat=True
        )
    )
    for number, card in enumerate(cards, start=1):
        if card.pk not in answered:
            return _blinded(enrolment, card, number, len(cards), {})
    return None


def calibration_feedback(
    enrolment_id: int, card_token: str, attempt: int | None = None
) -> CalibrationFeedback | None:
    """Own marks beside the gold for a calibration card this annotator has answered; None before that.

    None as well while the same card may come again, hidden among the others.

    Without `attempt`, the latest attempt in which the card was answered.
    """
    enrolment = Enrolment.objects.select_related("study").get(pk=enrolment_id)
    if _may_come_again(enrolment):
        return None
    answers = CalibrationAnswer.objects.filter(enrolment=enrolment, card__token=card_token)
    if attempt is None:
        attempt = answers.aggregate(latest=Max("attempt"))["latest"]
    given = {answer.criterion_id: answer for answer in answers.filter(attempt=attempt)}
    if not given:
        return None
    cards = calibration_cards(enrolment.study_id)
    number, card = next((n, c) for n, c in enumerate(cards, start=1) if c.token == card_token)
    rule = GateRule.from_json(enrolment.study.gate_rule)
    gold = {row.criterion_id: row for row in CalibrationGold.objects.filter(card=card)}
    by_key = {row.key: row.pk for row in Criterion.objects.filter(study_id=enrolment.study_id)}
    criteria = []
    for criterion in card_queries.criteria_of(enrolment.study_id, enrolment.criteria_order):
        answer = given[by_key[criterion.key]]
        rationale = gold[answer.criterion_id].rationale
        criteria.append(_compared(criterion, answer.value, answer.gold, rationale, rule))
    n_answered = (
        CalibrationAnswer.objects.filter(enrolment=enrolment, attempt=attempt)
        .values("card")
        .distinct()
        .count()
    )
    marks = {feedback.key: feedback.own for feedback in criteria}
    return CalibrationFeedback(
        card=_blinded(enrolment, card, number, len(cards), marks),
        criteria=tuple(criteria),
        attempt=attempt or enrolment.attempt,
        last=n_answered == len(cards),
    )


def _may_come_again(enrolment: Enrolment) -> bool:
    """Whether this annotator is amid cards among which calibration cards are hidden."""
    plan = CheckPlan.of(enrolment.study.plan)
    hides = plan is not None and (plan.gold.planned or plan.recheck is not None)
    return (
        hides
        and enrolment.study.status == Study.Status.OPEN
        and enrolment.finished_at is None
        and Placement.objects.filter(enrolment=enrolment).exists()
    )


def recheck_feedback(placement_token: str, user_id: int) -> CalibrationFeedback | None:
    """Own marks beside the reference on a card of the re-check, once it is judged and where the plan shows them.

    None for every other card, so that nothing tells one before it is judged. Criteria that could not be judged are
    left out.
    """
    own = Placement.objects.filter(
        token=placement_token,
        enrolment__annotator_id=user_id,
        kind=Placement.Kind.RECHECK,
        done_at__isnull=False,
        withdrawn_at__isnull=True,
    )
    row = own.order_by().select_related("enrolment__study").first()
    if row is None:
        return None
    plan = CheckPlan.of(row.enrolment.study.plan)
    card = card_queries.blinded_card(placement_token, user_id)
    if card is None or not (plan and plan.recheck and plan.recheck.feedback):
        return None
    rule = GateRule.from_json(row.enrolment.study.gate_rule)
    gold = {
        key: (value, why)
        for key, value, why in CalibrationGold.objects.filter(card=row.card_id).values_list(
            "criterion__key", "value", "rationale"
        )
    }
    criteria = []
    for criterion in card.criteria:
        mark = card.ratings.get(criterion.key)
        if mark is not None:
            criteria.append(_compared(criterion, mark, *gold[criterion.key], rule))
    return CalibrationFeedback(card, tuple(criteria), row.enrolment.attempt, last=False)


def calibration_near(enrolment_id: int, attempt: int) -> tuple[bool, ...]:
    """Whether each mark of an attempt so far was near the gold, in the order the marks were made."""
    study = Study.objects.get(enrolments=enrolment_id)
    tolerance = GateRule.from_json(study.gate_rule).tolerance
    answers = CalibrationAnswer.objects.filter(enrolment_id=enrolment_id, attempt=attempt).order_by("pk")
    return tuple(abs(value - gold) <= tolerance for value, gold in answers.values_list("value", "gold"))


def _compared(
    criterion: BlindedCriterion, own: int, gold: int, rationale: str, rule: GateRule
) -> CriterionFeedback:
    return CriterionFeedback(
        key=criterion.key,
        name=criterion.name,
        levels=criterion.levels,
        own=own,
        gold=gold,
        band=(max(POINTS[0], gold - rule.tolerance), min(POINTS[-1], gold + rule.tolerance)),
        distance=own - gold,
        near=abs(own - gold) <= rule.tolerance,
        rationale=rationale,
    )


def _blinded(enrolment: Enrolment, card: Card, number: int, total: int, marks: dict[str, int]) -> BlindedCard:
    return BlindedCard(
        token=card.token,
        study_title=enrolment.study.title,
        language=enrolment.study.language,
        case_history=blinded_history(card.block.history),
        item=blinded_item(card.block.item),
        explanation=card.explanation,
        position=number,
        total=total,
        criteria=card_queries.criteria_of(enrolment.study_id, enrolment.criteria_order),
        ratings=dict(marks),
    )
