from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.design.gate import GateResult, GateRule, judge
from annotation.design.scales import OutOfScale, validate
from annotation.models.card import CalibrationGold, Card, Kind
from annotation.models.rating import CalibrationAnswer
from annotation.models.study import Criterion, Enrolment, Study
from annotation.services.check_blindness import check_blindness
from annotation.services.refusals import WITHDREW, ForeignPlacement, OutOfTurn, StudyClosed


@dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """What an answer did. The feedback itself is calibration_queries.calibration_feedback."""

    attempt: int
    gate: GateResult | None
    """The gate's judgment when this was the attempt's last card, otherwise None."""
    replayed: bool
    """The card had been answered in this attempt: the first answer stands, since its feedback has been
    seen."""


@transaction.atomic
def answer_calibration(
    *, enrolment_id: int, card_token: str, marks: Mapping[str, int], attempt: int | None = None
) -> CalibrationOutcome:
    """Store an annotator's marks of a calibration card; after the last card, decide the gate.

    Args:
        enrolment_id: who answers.
        card_token: the calibration card.
        marks: criterion key to 1 … 5, for every criterion.
        attempt: the attempt the answer was made in, from 1; an answer of an earlier one, sent again, is then
            told from an answer of this one. Without it the cards are answered in their order from the
            second attempt on, and a set of one card cannot be told apart.

    Raises:
        StudyClosed: the study is not open.
        NotBlind: the annotator has become somebody who may know the systems.
        OutOfTurn: consent or guidelines come first, the gate has been decided, or the answer belongs to
            another attempt in which the card was not answered.
        ForeignPlacement: not a calibration card of this study.
        OutOfScale: a mark is off the scale, or a criterion is missing.
    """
    enrolment = Enrolment.objects.select_for_update().get(pk=enrolment_id)
    if enrolment.withdrawn_at is not None:
        raise OutOfTurn(WITHDREW)
    study = Study.objects.get(pk=enrolment.study_id)
    card = Card.objects.filter(study=study, token=card_token, block__kind=Kind.CALIBRATION).first()
    if card is None:
        raise ForeignPlacement(_("This is not a calibration card of your study."))
    answered = CalibrationAnswer.objects.filter(enrolment=enrolment, card=card)
    said = enrolment.attempt if attempt is None else attempt
    if answered.filter(attempt=said).exists():
        return CalibrationOutcome(said, None, True)
    if said != enrolment.attempt:
        raise OutOfTurn(
            _("This answer belongs to attempt %(said)s, and you are at attempt %(now)s. Nothing was stored.")
            % {"said": said, "now": enrolment.attempt}
        )
    if attempt is None and answered.exists() and _is_early(enrolment, card):
        # An attempt's last answer, sent again when it had ended that attempt: no answer of the next one.
        return CalibrationOutcome(enrolment.attempt - 1, None, True)
    if study.status != Study.Status.OPEN:
        raise StudyClosed(_("The study is closed."))
    check_blindness(study_id=study.pk, person_id=enrolment.annotator_id)
    if enrolment.consented_at is None or enrolment.guidelines_read_at is None:
        raise OutOfTurn(_("Accept the consent text and read the guidelines first."))
    if enrolment.gate != Enrolment.Gate.PENDING:
        raise OutOfTurn(_("Your calibration is over."))
    criteria = list(Criterion.objects.filter(study=study))
    _store(enrolment, card, criteria, marks)
    gate = _decide(enrolment, study, criteria)
    Enrolment.objects.filter(pk=enrolment.pk).update(last_seen_at=timezone.now())
    return CalibrationOutcome(said, gate, False)


def _is_early(enrolment: Enrolment, card: Card) -> bool:
    """Whether another card of this attempt comes before this one and waits for its answer."""
    answered = CalibrationAnswer.objects.filter(enrolment=enrolment, attempt=enrolment.attempt)
    waiting = Card.objects.filter(study=card.study_id, block__kind=Kind.CALIBRATION)
    waiting = waiting.exclude(pk__in=answered.values("card"))
    return waiting.order_by("block__number", "token").first() != card


def _store(enrolment: Enrolment, card: Card, criteria: list[Criterion], marks: Mapping[str, int]) -> None:
    checked = validate(marks, [row.key for row in criteria])
    gold = dict(CalibrationGold.objects.filter(card=card).values_list("criterion_id", "value"))
    for row in criteria:
        mark = checked.get(row.key)
        if mark is None or mark.value is None:
            raise OutOfScale(
                row.key,
                _("%(name)s: give a mark; every calibration card can be judged.") % {"name": row.name},
            )
        CalibrationAnswer.objects.create(
            enrolment=enrolment,
            card=card,
            criterion=row,
            attempt=enrolment.attempt,
            value=mark.value,
            gold=gold[row.pk],
            guidelines_version=enrolment.guidelines_version,
        )


def _decide(enrolment: Enrolment, study: Study, criteria: list[Criterion]) -> GateResult | None:
    n_cards = Card.objects.filter(study=study, block__kind=Kind.CALIBRATION).count()
    answers = CalibrationAnswer.objects.filter(enrolment=enrolment, attempt=enrolment.attempt)
    if answers.count() < n_cards * len(criteria):
        return None
    rule = GateRule.from_json(study.gate_rule)
    pairs = {
        row.key: list(
            answers.filter(criterion=row).order_by("card__block__number").values_list("value", "gold")
        )
        for row in criteria
    }
    result = judge(pairs, rule, {row.key: row.name for row in criteria})
    enrolment.gate_results = [*enrolment.gate_results, asdict(result)]
    if result.passed:
        enrolment.gate, enrolment.gate_at = Enrolment.Gate.PASSED, timezone.now()
    elif enrolment.attempt >= rule.attempts:
        enrolment.gate, enrolment.gate_at = Enrolment.Gate.FAILED, timezone.now()
    else:
        enrolment.attempt += 1
    enrolment.save(update_fields=["gate_results", "gate", "gate_at", "attempt"])
    return result
