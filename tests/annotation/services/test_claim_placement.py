import itertools
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from annotation import journey_queries, monitoring, queries
from annotation.models.card import Card, Placement, Seat
from annotation.models.ledger import LedgerLine
from annotation.models.rating import Rating
from annotation.models.study import Enrolment
from annotation.services.claim_placement import claim_placement
from annotation.services.refusals import StaleWrite
from annotation.services.release_idle_seats import release_idle_seats
from tests import builders
from tests.annotation import studies


def sequence(enrolment: Enrolment) -> list[int]:
    return list(enrolment.placements.order_by("position").values_list("card__block__number", flat=True))


def gone(enrolment: Enrolment) -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(last_seen_at=timezone.now() - timedelta(hours=100))


def test_a_study_is_rated_by_exactly_k_people_a_card_and_no_seat_is_left(olga: User) -> None:
    study = studies.opened(owner=olga)
    people = [studies.enrol(study=study, person=builders.user(f"p{i}", role="annotator")) for i in range(4)]
    assert [studies.rate_all(enrolment=person) for person in people] == [24, 24, 24, 0]
    assert journey_queries.journey(people[3].pk).stage == "full"
    counts = Counter(
        Rating.objects.filter(criterion__key="faithfulness").values_list("placement__card", flat=True)
    )
    assert counts == dict.fromkeys(Card.objects.filter(block__kind="main").values_list("pk", flat=True), 2)


def test_cards_of_a_case_keep_the_gap(olga: User, ada: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga, gap=5), person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    order = sequence(enrolment)
    for number in set(order):
        places = [position for position, one in enumerate(order) if one == number]
        assert len(places) == 3
        assert min(b - a for a, b in itertools.pairwise(places)) >= 5


def test_orders_differ_between_people_and_can_be_computed_again(olga: User, ada: User, ben: User) -> None:
    orders = []
    for _ in range(2):
        study = studies.opened(owner=olga, k=3)
        people = [studies.enrol(study=study, person=person) for person in (ada, ben)]
        for person in people:
            claim_placement(enrolment_id=person.pk)
        orders.append([sequence(person) for person in people])
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]


def test_one_persons_order_does_not_depend_on_who_else_came(olga: User, ada: User, ben: User) -> None:
    alone = studies.enrol(study=studies.opened(owner=olga, k=3), person=ada)
    claim_placement(enrolment_id=alone.pk)
    study = studies.opened(owner=olga, k=3)
    first, second = (studies.enrol(study=study, person=person) for person in (ada, ben))
    claim_placement(enrolment_id=second.pk)  # and this time the other one sits down first
    claim_placement(enrolment_id=first.pk)
    assert sequence(alone) == sequence(first)


def test_claiming_again_gives_the_same_card_and_starts_the_clock_once(olga: User, ada: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ada)
    assert not Placement.objects.exists()
    token = claim_placement(enrolment_id=enrolment.pk)
    opened_at = Placement.objects.get(token=token).opened_at
    assert claim_placement(enrolment_id=enrolment.pk) == token
    assert Placement.objects.get(token=token).opened_at == opened_at is not None
    assert Placement.objects.filter(opened_at__isnull=False).count() == 1
    assert Placement.objects.count() == 24


@pytest.mark.database
def test_an_idle_seat_is_issued_again_and_k_stays_exact(olga: User, ada: User, ben: User) -> None:
    study = studies.opened(owner=olga, k=1, n_annotators=1, n_cases=4, gap=2)
    leaver = studies.enrol(study=study, person=ada)
    studies.rate_all(enrolment=leaver, most=10)  # of 12: some cases are whole, some begun
    late = claim_placement(enrolment_id=leaver.pk)
    successor = studies.enrol(study=study, person=ben)
    assert claim_placement(enrolment_id=successor.pk) is None
    assert release_idle_seats() == 0
    gone(leaver)
    assert release_idle_seats(study_id=study.pk) == 1
    facts = LedgerLine.objects.get(act="released").facts
    assert facts["annotator"] == "A01"
    n_cases = facts["cases"]
    assert facts["finished_cards_withdrawn"] == 3 * n_cases - 2
    assert studies.rate_all(enrolment=successor) == 3 * n_cases
    counted = Rating.objects.filter(placement__withdrawn_at__isnull=True, criterion__key="faithfulness")
    assert Counter(counted.values_list("placement__card", flat=True)) == dict.fromkeys(
        Card.objects.filter(block__kind="main").values_list("pk", flat=True), 1
    )
    with pytest.raises(StaleWrite, match="given to somebody else"):
        studies.rate(enrolment=leaver, token=late)
    assert claim_placement(enrolment_id=leaver.pk) is None
    assert journey_queries.journey(leaver.pk).stage == "full"
    assert monitoring.monitor(study.pk).n_withdrawn == 3 * n_cases - 2
    assert len(queries.pooled_ratings(study.pk)) == 36


def test_a_mark_changed_after_an_idle_seat_went_back_ends_nothing(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga, k=1, n_annotators=1, n_cases=4, gap=2)
    leaver = studies.enrol(study=study, person=ada)
    tokens = []
    for _number in range(10):
        tokens.append(claim_placement(enrolment_id=leaver.pk))
        studies.rate(enrolment=leaver, token=tokens[-1])
    gone(leaver)
    release_idle_seats()
    kept = Placement.objects.filter(token__in=tokens, withdrawn_at=None).first()
    assert kept is not None
    assert not studies.rate(enrolment=leaver, token=kept.token, value=5, key="second thoughts").study_done
    assert journey_queries.journey(leaver.pk).stage == "rating"
    assert studies.rate_all(enrolment=leaver) > 0
    assert journey_queries.journey(leaver.pk).stage == "finished"


def test_who_comes_back_in_time_finds_everything_as_it_was(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga, k=1, n_annotators=1, n_cases=4, gap=2)
    enrolment = studies.enrol(study=study, person=ada)
    studies.rate_all(enrolment=enrolment, most=5)
    before = sequence(enrolment)
    gone(enrolment)
    release_idle_seats()
    assert Seat.objects.get().enrolment is None
    assert studies.rate_all(enrolment=enrolment) == 7
    assert sequence(enrolment) == before
    assert journey_queries.journey(enrolment.pk).stage == "finished"


def test_whoever_finished_is_never_idle(olga: User, ada: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ada)
    studies.rate_all(enrolment=enrolment)
    gone(enrolment)
    assert release_idle_seats() == 0
