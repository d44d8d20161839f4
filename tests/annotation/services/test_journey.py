"""Consent, guidelines, calibration and the gate, in the order a person meets them."""

import pytest
from django.contrib.auth.models import User

from annotation import calibration_queries, journey_queries, overview, queries
from annotation.design.scales import OutOfScale
from annotation.models.card import CalibrationGold, Card
from annotation.models.rating import CalibrationAnswer
from annotation.models.study import Enrolment, Study
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.answer_calibration import CalibrationOutcome, answer_calibration
from annotation.services.claim_placement import claim_placement
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.give_consent import give_consent
from annotation.services.invite import invite
from annotation.services.read_guidelines import read_guidelines
from annotation.services.refusals import ForeignPlacement, NotBlind, OutOfTurn
from annotation.services.set_gold import set_gold
from prism_site.roles import grant
from tests.annotation import studies


def answer(enrolment_id: int, *, off: int = 0) -> CalibrationOutcome:
    """Answer the next calibration card with the gold, or so many points away from it."""
    card = calibration_queries.calibration_card(enrolment_id)
    assert card is not None
    gold = dict(CalibrationGold.objects.filter(card__token=card.token).values_list("criterion__key", "value"))
    marks = {key: value + off if value + off <= 5 else value - off for key, value in gold.items()}
    return answer_calibration(enrolment_id=enrolment_id, card_token=card.token, marks=marks)


def test_a_person_walks_from_the_link_to_the_first_card(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    token = invite(study_id=study.pk, by_id=olga.pk)
    view = journey_queries.invitation(token)
    assert view is not None
    assert view.usable
    key = enrol_annotator(token=token, annotator_id=ada.pk)
    assert journey_queries.journey(key).stage == "consent"
    with pytest.raises(OutOfTurn, match="consent text first"):
        read_guidelines(enrolment_id=key, version=1)
    with pytest.raises(OutOfTurn, match="consent text has changed"):
        give_consent(enrolment_id=key, version=2)
    give_consent(enrolment_id=key, version=1)
    assert journey_queries.journey(key).stage == "guidelines"
    first = calibration_queries.calibration_card(key)
    assert first is not None
    with pytest.raises(OutOfTurn, match="read the guidelines first"):
        answer_calibration(enrolment_id=key, card_token=first.token, marks={"faithfulness": 3})
    read_guidelines(enrolment_id=key, version=1)
    assert journey_queries.journey(key).stage == "calibration"
    with pytest.raises(OutOfTurn, match="Pass the calibration first"):
        claim_placement(enrolment_id=key)
    assert answer(key).gate is None
    outcome = answer(key)
    assert outcome.gate is not None
    assert outcome.gate.passed
    assert calibration_queries.calibration_card(key) is None
    assert journey_queries.journey(key).stage == "rating"
    assert claim_placement(enrolment_id=key)


def test_feedback_shows_own_mark_gold_band_and_rationale(olga: User, ben: User) -> None:
    study = studies.opened(owner=olga)
    enrolment = studies.enrol(study=study, person=ben, passed=False)
    card = calibration_queries.calibration_card(enrolment.pk)
    assert card is not None
    assert calibration_queries.calibration_feedback(enrolment.pk, card.token) is None
    answer(enrolment.pk, off=2)
    feedback = calibration_queries.calibration_feedback(enrolment.pk, card.token)
    assert feedback is not None
    assert not feedback.last
    assert [one.key for one in feedback.criteria] == enrolment.criteria_order
    for one in feedback.criteria:
        assert one.distance == one.own - one.gold
        assert abs(one.distance) == 2
        assert not one.near
        assert one.band == (max(1, one.gold - 1), min(5, one.gold + 1))
        assert one.rationale == "That is what the page supports."


def test_the_first_answer_of_a_card_stands(olga: User, ben: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ben, passed=False)
    card = calibration_queries.calibration_card(enrolment.pk)
    assert card is not None
    answer(enrolment.pk, off=2)
    before = list(CalibrationAnswer.objects.values_list("value", flat=True))
    gold = dict.fromkeys(enrolment.criteria_order, 5)
    assert answer_calibration(enrolment_id=enrolment.pk, card_token=card.token, marks=gold).replayed
    assert list(CalibrationAnswer.objects.values_list("value", flat=True)) == before


def test_the_answer_that_ended_an_attempt_sent_again_is_no_answer_of_the_next(olga: User, ben: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ben, passed=False)
    answer(enrolment.pk, off=2)
    last = calibration_queries.calibration_card(enrolment.pk)
    assert last is not None
    answer(enrolment.pk, off=2)
    again = answer_calibration(
        enrolment_id=enrolment.pk, card_token=last.token, marks=dict.fromkeys(enrolment.criteria_order, 1)
    )
    assert (again.replayed, again.attempt, again.gate) == (True, 1, None)
    assert not CalibrationAnswer.objects.filter(attempt=2).exists()
    for _ in range(2):
        outcome = answer(enrolment.pk)
    assert outcome.gate is not None
    assert outcome.gate.passed


def test_an_attempts_number_tells_a_replay_from_an_answer_where_the_set_has_one_card(
    olga: User, ben: User
) -> None:
    study = studies.opened(owner=olga, n_calibration=1)
    enrolment = studies.enrol(study=study, person=ben, passed=False)
    card = calibration_queries.calibration_card(enrolment.pk)
    assert card is not None
    sent = {
        "enrolment_id": enrolment.pk,
        "card_token": card.token,
        "marks": dict.fromkeys(enrolment.criteria_order, 5),
    }
    assert answer_calibration(**sent, attempt=1).gate is not None
    assert Enrolment.objects.get(pk=enrolment.pk).attempt == 2
    again = answer_calibration(**sent, attempt=1)
    assert (again.replayed, again.attempt, again.gate) == (True, 1, None)
    assert not CalibrationAnswer.objects.filter(attempt=2).exists()
    with pytest.raises(OutOfTurn, match="belongs to attempt 3, and you are at attempt 2"):
        answer_calibration(**sent, attempt=3)
    assert not answer_calibration(**sent, attempt=2).replayed


@pytest.mark.parametrize("role", ["owner", "researcher"])
def test_a_role_gained_after_joining_ends_the_judging(olga: User, ada: User, ben: User, role: str) -> None:
    study = studies.opened(owner=olga)
    rater = studies.enrol(study=study, person=ada)
    token = claim_placement(enrolment_id=rater.pk)
    assert token
    learner = studies.enrol(study=study, person=ben, passed=False)
    for person in (ada, ben):
        grant(person, role)
    with pytest.raises(NotBlind, match="cannot rate"):
        studies.rate(enrolment=rater, token=token)
    with pytest.raises(NotBlind):
        claim_placement(enrolment_id=rater.pk)
    with pytest.raises(NotBlind):
        answer(learner.pk)
    assert not queries.Rating.objects.exists()
    assert not CalibrationAnswer.objects.exists()


def test_two_failed_attempts_end_the_journey_politely(olga: User, ben: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ben, passed=False)
    for _ in range(2):
        outcome = answer(enrolment.pk, off=2)
    assert outcome.gate is not None
    assert not outcome.gate.passed
    journey = journey_queries.journey(enrolment.pk)
    assert (journey.stage, journey.attempt, journey.attempts) == ("calibration", 2, 2)
    assert "of your marks were near the reference" in journey.gate_feedback[0]
    for _ in range(2):
        answer(enrolment.pk, off=2)
    assert journey_queries.journey(enrolment.pk).stage == "failed"
    assert Enrolment.objects.get(pk=enrolment.pk).gate == "failed"
    with pytest.raises(OutOfTurn, match="calibration is over"):
        _answer_again(enrolment)
    with pytest.raises(OutOfTurn):
        claim_placement(enrolment_id=enrolment.pk)


def _answer_again(enrolment: Enrolment) -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(attempt=3)
    token = Card.objects.filter(block__kind="calibration").order_by("block__number").first().token
    answer_calibration(enrolment_id=enrolment.pk, card_token=token, marks={})


def test_a_second_attempt_can_pass(olga: User, ben: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ben, passed=False)
    for off in (2, 2, 0, 0):
        outcome = answer(enrolment.pk, off=off)
    assert outcome.gate is not None
    assert outcome.gate.passed
    assert len(Enrolment.objects.get(pk=enrolment.pk).gate_results) == 2
    cells = overview.calibration_disagreement(enrolment.study_id)
    assert len(cells) == 6
    assert all(cell.n_far == 1 for cell in cells)


def test_calibration_answers_are_whole_and_on_the_scale(olga: User, ben: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ben, passed=False)
    token = calibration_queries.calibration_card(enrolment.pk).token
    full = dict.fromkeys(enrolment.criteria_order, 3)
    for marks in ({"faithfulness": 3}, {**full, "faithfulness": 6}, {**full, "faithfulness": None}):
        with pytest.raises(OutOfScale):
            answer_calibration(enrolment_id=enrolment.pk, card_token=token, marks=marks)
    main = Card.objects.filter(block__kind="main").first().token
    with pytest.raises(ForeignPlacement):
        answer_calibration(enrolment_id=enrolment.pk, card_token=main, marks=full)
    assert not CalibrationAnswer.objects.exists()


def test_without_a_calibration_set_reading_opens_the_gate(olga: User, ben: User) -> None:
    study = studies.opened(owner=olga, n_calibration=0)
    enrolment = studies.enrol(study=study, person=ben, passed=False)
    read_guidelines(enrolment_id=enrolment.pk, version=1)
    assert journey_queries.journey(enrolment.pk).stage == "rating"


def test_gold_is_marked_by_owners_until_the_study_opens(olga: User) -> None:
    study = Study.objects.get(pk=studies.build(owner=olga).study_id)
    (first, _) = overview.gold_cards(study.pk)
    assert all(mark.value is None for mark in first.marks)
    assert queries.study_summary(study.pk).gold_missing == 6
    set_gold(study_id=study.pk, card_token=first.token, marks={"faithfulness": 4})
    set_gold(
        study_id=study.pk,
        card_token=first.token,
        marks={"faithfulness": 5},
        rationales={"faithfulness": "So."},
    )
    assert queries.study_summary(study.pk).gold_missing == 5
    marks = {mark.criterion: mark for mark in overview.gold_cards(study.pk)[0].marks}
    assert (marks["faithfulness"].value, marks["faithfulness"].rationale) == (5, "So.")
    with pytest.raises(OutOfScale):
        set_gold(study_id=study.pk, card_token=first.token, marks={"faithfulness": 9})


def test_amended_guidelines_are_read_before_the_next_card_and_recorded(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    enrolment = studies.enrol(study=study, person=ada)
    studies.rate_all(enrolment=enrolment, most=1)
    assert amend_guidelines(study_id=study.pk, by_id=olga.pk, clarification="Genres count as shown.") == 2
    assert journey_queries.journey(enrolment.pk).guidelines_unread
    with pytest.raises(OutOfTurn, match="new version"):
        claim_placement(enrolment_id=enrolment.pk)
    with pytest.raises(OutOfTurn, match="now at version 2"):
        read_guidelines(enrolment_id=enrolment.pk, version=1)
    read_guidelines(enrolment_id=enrolment.pk, version=2)
    studies.rate_all(enrolment=enrolment, most=1)
    versions = set(queries.Rating.objects.values_list("placement__position", "guidelines_version"))
    assert versions == {(0, 1), (1, 2)}
