"""A study in a Latin square, from building to a drop-out's row issued again."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models.card import Placement, Seat
from annotation.models.provenance import Provenance
from annotation.models.study import Enrolment, Study
from annotation.services.refusals import BadSource
from annotation.services.release_idle_seats import release_idle_seats
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db
PLAN = {"design": "latin", "k": 2, "n_annotators": 6, "n_cases": 9}


def people(study, n, first=0):
    return [
        studies.enrol(study=study, person=builders.user(f"p{number}", role="annotator"))
        for number in range(first, first + n)
    ]


def systems_of(enrolment):
    """The systems an annotator met, in order."""
    cards = Placement.objects.filter(enrolment=enrolment, withdrawn_at__isnull=True).order_by("position")
    writers = dict(Provenance.objects.values_list("card", "system"))
    return [writers[card] for card in cards.values_list("card", flat=True)]


def test_everybody_meets_a_case_once_and_every_card_gets_k_marks(olga):
    study = studies.opened(owner=olga, **PLAN)
    assert (study.n_systems, study.slots_a_block, study.cards_a_slot) == (3, 6, 1)
    enrolled = people(study, 6)
    for enrolment in enrolled:
        assert studies.rate_all(enrolment=enrolment) == 9
        met = Counter(systems_of(enrolment))
        assert set(met.values()) == {3}
        blocks = Placement.objects.filter(enrolment=enrolment).values_list("card__block", flat=True)
        assert len(set(blocks)) == len(blocks) == 9
        first = systems_of(enrolment)[:3]
        assert len(set(first)) == 3
    marks = Counter(Placement.objects.filter(done_at__isnull=False).values_list("card", flat=True))
    assert set(marks.values()) == {2}
    assert len(marks) == 27
    firsts = Counter(systems_of(enrolment)[0] for enrolment in enrolled)
    assert set(firsts.values()) == {2}


def test_the_row_of_a_drop_out_is_issued_again_whole(olga):
    study = studies.opened(owner=olga, **PLAN)
    left, *rest = people(study, 6)
    studies.rate_all(enrolment=left, most=4)
    seat = Seat.objects.get(enrolment=left)
    row = [slot.order[0] for slot in seat.slots.order_by("place")]
    Enrolment.objects.filter(pk=left.pk).update(last_seen_at=timezone.now() - timedelta(hours=100))
    assert release_idle_seats(study_id=study.pk) == 1
    assert not Placement.objects.filter(enrolment=left, withdrawn_at__isnull=True).exists()
    for enrolment in rest:
        studies.rate_all(enrolment=enrolment)
    [late] = people(study, 1, first=50)
    assert studies.rate_all(enrolment=late) == 9
    heir = Seat.objects.get(pk=seat.pk).enrolment  # whoever came next sits there
    taken = Placement.objects.filter(enrolment=heir).order_by("position").values_list("card", flat=True)
    assert list(taken) == row
    counted = Placement.objects.filter(done_at__isnull=False, withdrawn_at__isnull=True)
    assert set(Counter(counted.values_list("card", flat=True)).values()) == {2}
    assert counted.count() == 54


def test_the_plan_is_dealt_again_from_its_seed(olga):
    first, second = (
        Study.objects.get(pk=studies.build(owner=olga, title=title, **PLAN).study_id)
        for title in ("One", "Two")
    )

    def dealt(study):
        writers = dict(Provenance.objects.values_list("card", "system"))
        return [
            [(slot.block.number, slot.place, writers[slot.order[0]]) for slot in seat.slots.order_by("place")]
            for seat in study.seats.order_by("index")
        ]

    assert dealt(first) == dealt(second)


def test_too_few_people_for_a_square_are_refused(olga):
    with pytest.raises(BadSource, match="at least 6 annotators"):
        studies.build(owner=olga, **{**PLAN, "n_annotators": 5})
