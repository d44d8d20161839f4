from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from annotation.design.checks import Amount, CheckPlan, Recheck, attention_texts
from annotation.design.repeats import hide
from annotation.design.streams import STREAM_CHECKS
from annotation.models.card import Placement, Slot
from annotation.models.rating import Rating
from annotation.models.study import Enrolment, Study
from annotation.services.claim_placement import claim_placement
from annotation.services.open_study import open_study
from annotation.services.plan_checks import plan_checks
from annotation.services.refusals import OutOfTurn
from annotation.services.release_idle_seats import release_idle_seats
from annotation.services.submit_board import ColumnMarks, submit_board
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db

PLAN = CheckPlan(
    repeats=Amount(2),
    repeat_gap=3,
    attention=2,
    texts=attention_texts("en"),
    gold=Amount(1),
    recheck=Recheck(after=3, n=1),
)
DESIGNS = {
    "paired": {"n_cases": 6},
    "latin": {"n_cases": 8, "k": 1, "n_annotators": 3},
    "side_by_side": {"n_cases": 8},
}


def opened(olga, design="paired", plan=PLAN, **settings):
    study = studies.draft(owner=olga, design=design, **{**DESIGNS[design], **settings})
    plan_checks(study_id=study.pk, plan=plan)
    open_study(study_id=study.pk, by_id=olga.pk)
    study.refresh_from_db()
    return study


def sequence(enrolment, **which):
    rows = Placement.objects.filter(enrolment=enrolment, withdrawn_at=None, **which)
    return list(rows.order_by("position"))


@pytest.mark.parametrize("design", ["paired", "latin"])
def test_everybody_meets_what_is_planned_and_the_main_cards_stand_as_without_it(olga, ada, design):
    enrolment = studies.enrol(study=opened(olga, design), person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    plain = studies.draft(owner=olga, design=design, **DESIGNS[design])
    open_study(study_id=plain.pk, by_id=olga.pk)
    other = studies.enrol(study=plain, person=builders.user("berta", role="annotator"))
    claim_placement(enrolment_id=other.pk)
    counts = {
        kind: len(sequence(enrolment, kind=kind)) for kind in ("repeat", "attention", "gold", "recheck")
    }
    assert counts == {"repeat": 2, "attention": 2, "gold": 1, "recheck": 1}
    main, without = sequence(enrolment, kind="main"), sequence(other)
    assert [row.card.text_hash for row in main] == [row.card.text_hash for row in without]
    assert [row.position for row in sequence(enrolment)] == list(range(len(main) + 6))


@pytest.mark.parametrize("design", ["paired", "latin", "side_by_side"])
def test_the_sequence_follows_from_the_seed_the_plan_and_the_order_of_the_main_cards(olga, ada, design):
    plan = PLAN if design != "side_by_side" else CheckPlan(repeats=Amount(2), repeat_gap=3)
    study = opened(olga, design, plan)
    enrolment = studies.enrol(study=study, person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    pages = sequence(enrolment)
    if design == "side_by_side":
        pages = list({(row.slot_id, row.kind): row for row in reversed(pages)}.values())[::-1]
    cases = [row.card.block_id for row in pages if row.kind == "main"]
    hidden = plan.hidden(len(cases), case_gap=study.gap, n_reference=2)
    again = hide(cases, hidden, np.random.default_rng([study.seed, STREAM_CHECKS, enrolment.index]))
    assert [row.kind for row in pages] == [entry.kind for entry in again]
    mains = [row for row in pages if row.kind == "main"]
    for row, entry in zip(pages, again, strict=True):
        if entry.kind == "repeat":
            assert row.slot_id == mains[entry.which].slot_id
            assert design == "side_by_side" or row.card_id == mains[entry.which].card_id


def test_cards_have_exactly_k_annotators_whatever_is_hidden(olga):
    study = opened(olga)
    for name in ("u", "v", "w"):
        person = studies.enrol(study=study, person=builders.user(name, role="annotator"))
        assert studies.rate_all(enrolment=person) == len(sequence(person))
        person.refresh_from_db()
        assert person.finished_at
    main = Placement.objects.filter(enrolment__study=study, kind="main")
    counts = {}
    for card in main.values_list("card", flat=True):
        counts[card] = counts.get(card, 0) + 1
    assert set(counts.values()) == {study.k}
    assert len(counts) == 18


def test_a_board_comes_again_whole_and_is_judged_apart(olga, ada):
    study = opened(olga, "side_by_side", CheckPlan(repeats=Amount(1), repeat_gap=2))
    enrolment = studies.enrol(study=study, person=ada)
    while token := claim_placement(enrolment_id=enrolment.pk):
        row = Placement.objects.get(token=token)
        board = sequence(enrolment, slot=row.slot_id, kind=row.kind)
        assert len(board) == 3
        value = 5 if row.kind == "repeat" else 2
        marks = dict.fromkeys(enrolment.criteria_order, value)
        submit_board(
            board_token=token,
            annotator_id=ada.pk,
            columns=[ColumnMarks(one.token, marks) for one in board],
            seconds=3.0,
            key=token,
        )
    enrolment.refresh_from_db()
    assert enrolment.finished_at
    again = Rating.objects.filter(placement__enrolment=enrolment, placement__kind="repeat")
    assert set(again.values_list("value", flat=True)) == {5}
    assert again.count() == 9


def idle(study):
    Enrolment.objects.update(last_seen_at=timezone.now() - timedelta(hours=study.lease_hours + 1))


def test_who_was_away_finds_the_hidden_cards_where_they_stood(olga, ada):
    study = opened(olga)
    enrolment = studies.enrol(study=study, person=ada)
    before = [
        (row.kind, row.card_id)
        for row in (claim_placement(enrolment_id=enrolment.pk), sequence(enrolment))[1]
    ]
    studies.rate_all(enrolment=enrolment, most=8)
    idle(study)
    assert release_idle_seats(study_id=study.pk) == 1
    assert not [row for row in sequence(enrolment) if row.done_at is None]
    assert claim_placement(enrolment_id=enrolment.pk)
    assert [(row.kind, row.card_id) for row in sequence(enrolment)] == before
    studies.rate_all(enrolment=enrolment)
    enrolment.refresh_from_db()
    assert enrolment.finished_at


def test_who_comes_after_meets_as_much_as_fits_and_no_repeat_of_others(olga, ada):
    study = opened(olga, k=1, n_annotators=1)
    first = studies.enrol(study=study, person=ada)
    claim_placement(enrolment_id=first.pk)
    studies.rate_all(enrolment=first, most=20)
    idle(study)
    release_idle_seats(study_id=study.pk)
    second = studies.enrol(study=study, person=builders.user("v", role="annotator"))
    claim_placement(enrolment_id=second.pk)
    own = {row.card_id for row in sequence(second, kind="main")}
    assert own
    assert {row.card_id for row in sequence(second, kind="repeat")} <= own
    assert len(sequence(second, kind="attention")) == 2
    gone = Placement.objects.filter(enrolment=first, kind="repeat", withdrawn_at=None)
    assert all(row.slot.enrolment_id == first.pk for row in gone)


def test_a_seat_of_which_only_hidden_cards_wait_is_not_given_back(olga, ada):
    study = opened(olga)
    enrolment = studies.enrol(study=study, person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    Placement.objects.filter(enrolment=enrolment).update(opened_at=timezone.now())
    for row in sequence(enrolment, kind="main"):
        studies.rate(enrolment=enrolment, token=row.token)
    idle(study)
    assert release_idle_seats(study_id=study.pk) == 0
    assert Slot.objects.filter(enrolment=enrolment).exists()
    studies.rate_all(enrolment=enrolment)
    enrolment.refresh_from_db()
    assert enrolment.finished_at


def test_a_latin_row_goes_back_whole_with_what_is_hidden_in_it(olga, ada):
    study = opened(olga, "latin")
    enrolment = studies.enrol(study=study, person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    before = len(sequence(enrolment))
    studies.rate_all(enrolment=enrolment, most=6)
    idle(study)
    assert release_idle_seats(study_id=study.pk) == 1
    assert sequence(enrolment) == []
    claim_placement(enrolment_id=enrolment.pk)
    assert len(sequence(enrolment)) == before


def test_marks_stand_once_their_reference_was_shown(olga, ada):
    plan = CheckPlan(recheck=Recheck(after=2, n=1, feedback=True))
    study = opened(olga, plan=plan)
    enrolment = studies.enrol(study=study, person=ada)
    claim_placement(enrolment_id=enrolment.pk)
    studies.rate_all(enrolment=enrolment, most=2)
    [check] = sequence(enrolment, kind="recheck")
    assert claim_placement(enrolment_id=enrolment.pk) == check.token
    studies.rate(enrolment=enrolment, token=check.token, value=2)
    with pytest.raises(OutOfTurn, match="they stand"):
        studies.rate(enrolment=enrolment, token=check.token, value=4, key="again")
    silent = Study._base_manager.filter(pk=study.pk)
    silent.update(plan={**study.plan, "checks": CheckPlan(recheck=Recheck(2, 1)).as_json()})
    studies.rate(enrolment=enrolment, token=check.token, value=4, key="again")
