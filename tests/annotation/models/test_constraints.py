"""The database itself refuses what the rules forbid, whoever writes."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.models.card import Placement, Seat, Slot
from annotation.models.rating import Rating
from annotation.models.study import Criterion, Enrolment, Invitation, Study
from annotation.services.claim_placement import claim_placement
from tests.annotation import studies

pytestmark = pytest.mark.database


@pytest.fixture
def placement(olga: User, ada: User) -> Placement:
    study = studies.opened(owner=olga)
    return Placement.objects.get(
        token=claim_placement(enrolment_id=studies.enrol(study=study, person=ada).pk)
    )


def refused(name: str) -> object:
    return pytest.raises(IntegrityError, match=name)


@pytest.mark.parametrize(("value", "reason"), [(0, ""), (6, ""), (99, ""), (None, ""), (3, "and a reason")])
def test_a_mark_outside_the_scale_or_missing_without_a_reason(
    placement: Placement, value: int | None, reason: str
) -> None:
    criterion = placement.enrolment.study.criteria.first()
    with refused("rating_in_scale_or_reason"), transaction.atomic():
        Rating.objects.create(
            placement=placement,
            criterion=criterion,
            value=value,
            reason=reason,
            guidelines_version=1,
            key="k",
        )


def test_a_second_rating_of_one_criterion(placement: Placement) -> None:
    criterion = placement.enrolment.study.criteria.first()
    fields = {"placement": placement, "criterion": criterion, "value": 3, "guidelines_version": 1, "key": "k"}
    Rating.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.create(**fields)


def test_a_second_annotator_in_one_slot(placement: Placement, ben: User) -> None:
    other = studies.enrol(study=placement.enrolment.study, person=ben)
    with pytest.raises(IntegrityError), transaction.atomic():
        Placement.objects.create(enrolment=other, card=placement.card, slot=placement.slot, position=0)


def test_one_annotator_twice_in_one_case(placement: Placement) -> None:
    twin = Slot.objects.filter(block=placement.card.block).exclude(pk=placement.slot_id).first()
    assert twin is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.filter(pk=twin.pk).update(enrolment=placement.enrolment)


def test_a_card_or_a_position_twice_for_one_annotator(placement: Placement) -> None:
    other = Placement.objects.filter(enrolment=placement.enrolment).exclude(pk=placement.pk).first()
    assert other is not None
    for change in ({"position": placement.position}, {"card": placement.card}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Placement.objects.filter(pk=other.pk).update(**change)


def test_two_seats_for_one_annotator(placement: Placement) -> None:
    free = Seat.objects.filter(enrolment__isnull=True).first()
    assert free is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.filter(pk=free.pk).update(enrolment=placement.enrolment, claimed_at=timezone.now())


def test_an_unknown_status(olga: User) -> None:
    study = studies.draft(owner=olga)
    for change in ({"status": "finished"}, {"status": "open"}, {"status": "unblinded"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Study.objects.filter(pk=study.pk).update(**change)


def test_a_study_with_more_raters_than_seats(olga: User) -> None:
    study = studies.draft(owner=olga)
    with refused("study_annotators_at_least_k"), transaction.atomic():
        Study.objects.filter(pk=study.pk).update(k=9)


def test_an_invitation_used_too_often_and_a_gate_unheard_of(placement: Placement) -> None:
    with refused("invitation_not_overused"), transaction.atomic():
        Invitation.objects.update(uses=2)
    with refused("enrolment_gate_known"), transaction.atomic():
        Enrolment.objects.update(gate="perhaps")


def test_two_criteria_with_one_key(olga: User) -> None:
    study = studies.draft(owner=olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        Criterion.objects.filter(study=study, position=1).update(key="persuasiveness")
