"""A study whose texts stand side by side, from building to a board issued again and to what analysis reads."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation import card_queries, monitoring, queries, unblinding
from annotation.design.scales import OutOfScale
from annotation.design.side_by_side import boards
from annotation.models.card import Placement
from annotation.models.provenance import Provenance
from annotation.models.rating import Rating, RatingRevision
from annotation.models.study import Enrolment, Study
from annotation.services.blind_check import blind_check
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from annotation.services.export_ratings import export_ratings
from annotation.services.refusals import BadSource, ForeignPlacement, StaleWrite
from annotation.services.release_idle_seats import release_idle_seats
from annotation.services.submit_board import ColumnMarks, submit_board
from annotation.services.unblind_study import unblind_study
from annotation.services.withdraw_consent import erase_marks, withdraw_consent
from tests import builders
from tests.annotation import studies

pytestmark = pytest.mark.django_db
PLAN = {"design": "side_by_side", "k": 2, "n_annotators": 4, "n_cases": 6}


def person(study, name="ada"):
    return studies.enrol(study=study, person=builders.user(name, role="annotator"))


def judge(enrolment, *, most=100, value=3, seconds=60.0):
    """Judge the boards this annotator is given, at most so many; says how many."""
    n = 0
    while n < most and (token := claim_placement(enrolment_id=enrolment.pk)):
        board = card_queries.blinded_board(token, enrolment.annotator_id)
        send(board, enrolment, value=value, seconds=seconds)
        n += 1
    return n


def send(board, enrolment, *, value=3, key="", seconds=60.0, columns=None, **more):
    marks = dict.fromkeys(enrolment.criteria_order, value)
    sent = [ColumnMarks(column.token, marks) for column in board.columns]
    return submit_board(
        board_token=board.token,
        annotator_id=enrolment.annotator_id,
        columns=sent if columns is None else columns,
        seconds=seconds,
        key=key or f"key-{board.token}",
        **more,
    )


def first_board(enrolment):
    return card_queries.blinded_board(claim_placement(enrolment_id=enrolment.pk), enrolment.annotator_id)


def test_the_stored_plan_is_the_one_the_seed_gives_again(olga):
    study = studies.opened(owner=olga, **PLAN)
    assert (study.n_systems, study.slots_a_block, study.cards_a_slot, study.gap) == (3, 2, 3, 1)
    writers = dict(Provenance.objects.values_list("card", "system"))
    names = sorted(set(writers.values()))
    dealt = [
        [
            (slot.block.number, tuple(names.index(writers[card]) for card in slot.order))
            for slot in seat.slots.order_by("place")
        ]
        for seat in study.seats.order_by("index")
    ]
    again = boards(6, study.n_systems, study.k, study.n_annotators, study.seed)
    assert dealt == [[(board.case, board.columns) for board in seat] for seat in again]


def test_everybody_judges_whole_boards_and_every_card_gets_k_marks(olga):
    study = studies.opened(owner=olga, **PLAN)
    people = [person(study, f"p{number}") for number in range(4)]
    assert [judge(enrolment) for enrolment in people] == [3, 3, 3, 3]
    done = Placement.objects.filter(done_at__isnull=False)
    assert set(Counter(done.values_list("card", flat=True)).values()) == {2}
    assert Enrolment.objects.filter(finished_at__isnull=False).count() == 4
    for enrolment in people:
        placed = Placement.objects.filter(enrolment=enrolment).order_by("position")
        blocks = list(placed.values_list("card__block", flat=True))
        assert blocks == [block for block in dict.fromkeys(blocks) for _ in range(3)]
        assert list(placed.values_list("position", flat=True)) == list(range(9))


def test_a_board_is_counted_as_one_page_and_its_clock_starts_with_it(olga):
    study = studies.opened(owner=olga, **PLAN)
    ada = person(study)
    board = first_board(ada)
    assert (board.position, board.total, len(board.columns)) == (1, 3, 3)
    assert Placement.objects.filter(opened_at__isnull=False).count() == 3
    assert card_queries.progress(ada.pk) == card_queries.Progress(0, 3, None)
    send(board, ada, seconds=90.0)
    assert card_queries.progress(ada.pk) == card_queries.Progress(1, 3, 90.0)
    assert card_queries.progress(ada.pk).minutes_left == 3
    [row] = monitoring.monitor(study.pk).annotators
    assert (row.done, row.total, row.seconds_median, row.cards_an_hour) == (3, 9, 30.0, None)


def test_a_board_is_stored_whole_or_not_at_all(olga):
    study = studies.opened(owner=olga, **PLAN)
    ada = person(study)
    board = first_board(ada)
    marks = dict.fromkeys(ada.criteria_order, 4)
    sent = [ColumnMarks(column.token, marks) for column in board.columns]
    off = ColumnMarks(board.columns[2].token, {**marks, "faithfulness": 9})
    with pytest.raises(OutOfScale) as wrong:
        send(board, ada, columns=[*sent[:2], off])
    assert wrong.value.criterion == "3-faithfulness"
    with pytest.raises(StaleWrite):
        send(board, ada, columns=[*sent[:2], ColumnMarks(board.columns[2].token, marks, {}, 7)])
    assert not Rating.objects.exists()
    result = send(board, ada, columns=sent[:2])
    assert (result.missing, result.replayed) == ({}, False)
    assert card_queries.progress(ada.pk).done == 0


def test_a_board_sent_again_changes_nothing_and_other_columns_under_its_key_are_refused(olga):
    study = studies.opened(owner=olga, **PLAN)
    ada = person(study)
    board = first_board(ada)
    sent = [ColumnMarks(column.token, dict.fromkeys(ada.criteria_order, 4)) for column in board.columns]
    first, again = (send(board, ada, key="k", columns=sent[:2]) for _ in range(2))
    assert again.replayed
    assert again.versions == first.versions
    assert RatingRevision.objects.count() == 6
    with pytest.raises(StaleWrite, match="other columns"):
        send(board, ada, key="k", columns=sent)


def test_a_board_is_nobody_elses_and_takes_no_card_of_another_board(olga):
    study = studies.opened(owner=olga, **PLAN)
    ada, ben = person(study), person(study, "ben")
    board, other = first_board(ada), first_board(ben)
    for columns in ([ColumnMarks(other.columns[0].token, {"faithfulness": 3})], []):
        with pytest.raises((ForeignPlacement, OutOfScale)):
            send(board, ada, columns=columns)
    twice = ColumnMarks(board.columns[0].token, {"faithfulness": 3})
    with pytest.raises(ForeignPlacement):
        send(board, ada, columns=[twice, twice])
    with pytest.raises(ForeignPlacement):
        send(other, ada)
    assert card_queries.blinded_board(other.token, ada.annotator_id) is None
    assert not Rating.objects.exists()


def test_a_board_that_was_begun_is_issued_again_whole(olga):
    study = studies.opened(owner=olga, **{**PLAN, "k": 1, "n_annotators": 1, "n_cases": 3})
    left = person(study, "left")
    judge(left, most=1)
    board = first_board(left)
    send(board, left, columns=[ColumnMarks(board.columns[0].token, dict.fromkeys(left.criteria_order, 5))])
    Enrolment.objects.filter(pk=left.pk).update(last_seen_at=timezone.now() - timedelta(hours=100))
    assert release_idle_seats(study_id=study.pk) == 1
    assert card_queries.blinded_board(board.token, left.annotator_id) is None
    with pytest.raises(StaleWrite, match="given to somebody else"):
        send(board, left, key="late")
    late = person(study, "late")
    assert judge(late) == 2
    counted = Placement.objects.filter(done_at__isnull=False, withdrawn_at__isnull=True)
    assert set(Counter(counted.values_list("card", flat=True)).values()) == {1}
    assert counted.count() == 9


def test_who_comes_back_finds_the_board_as_it_stood(olga):
    study = studies.opened(owner=olga, **{**PLAN, "k": 1, "n_annotators": 1, "n_cases": 3})
    ada = person(study)
    board = first_board(ada)
    send(board, ada, columns=[ColumnMarks(board.columns[1].token, {"faithfulness": 5})], finish=False)
    Enrolment.objects.filter(pk=ada.pk).update(last_seen_at=timezone.now() - timedelta(hours=100))
    release_idle_seats(study_id=study.pk)
    again = first_board(ada)
    assert [column.token for column in again.columns] == [column.token for column in board.columns]
    assert again.columns[1].ratings == {"faithfulness": 5}


def test_withdrawing_takes_all_boards_back_and_erasure_empties_them(olga):
    study = studies.opened(owner=olga, **PLAN)
    ada = person(study)
    judge(ada)
    withdraw_consent(enrolment_id=ada.pk, erase=True)
    assert len(queries.pooled_ratings(study.pk)) == 0
    assert erase_marks(study_id=study.pk, enrolment_id=ada.pk, by_id=olga.pk) == 27
    assert not Rating.objects.exists()
    assert judge(person(study, "ben")) == 3


def test_exports_and_analysis_read_the_marks_and_share_a_boards_time_among_its_texts(olga):
    study = studies.opened(owner=olga, **{**PLAN, "k": 1, "n_annotators": 1, "n_cases": 2})
    ada = person(study)
    judge(ada, seconds=45.0)
    rows = b"".join(export_ratings(study.pk, "jsonl").pieces).decode().splitlines()
    assert len(rows) == export_ratings(study.pk, "csv").n_rows == 18
    close_study(study_id=study.pk, by_id=olga.pk)
    unblind_study(study_id=study.pk, by_id=olga.pk, reason="All is rated.")
    frame = unblinding.ratings(study.pk)
    assert len(frame) == 18
    assert set(frame.seconds) == {15.0}
    assert set(frame.system) == set(studies.LOUD_SYSTEMS)
    assert unblinding.facts(study.pk)["design"] == "side_by_side"


def test_no_answer_of_a_board_says_who_wrote_a_text(olga):
    study = studies.opened(owner=olga, **PLAN)
    found = blind_check(study_id=study.pk)
    assert found.leaks == ()
    assert found.n_addresses > 30
    assert not Enrolment.objects.exists()


def test_one_system_has_nothing_to_stand_beside(olga):
    with pytest.raises(BadSource, match="two systems or more"):
        studies.build(owner=olga, **PLAN, systems=("Foghorn",))
    assert not Study.objects.exists()
