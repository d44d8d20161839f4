import pytest
from django.contrib.auth.models import User

from annotation import card_queries, journey_queries
from annotation.design.scales import OutOfScale
from annotation.models.card import Placement
from annotation.models.rating import Rating, RatingRevision, Submission
from annotation.models.study import Enrolment
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from annotation.services.refusals import ForeignPlacement, OutOfTurn, Refused, StaleWrite, StudyClosed
from annotation.services.submit_rating import SubmitResult, submit_rating
from tests.annotation import studies


@pytest.fixture
def enrolment(olga: User, ada: User) -> Enrolment:
    return studies.enrol(study=studies.opened(owner=olga), person=ada)


@pytest.fixture
def token(enrolment: Enrolment) -> str:
    return claim_placement(enrolment_id=enrolment.pk) or ""


def submit(enrolment: Enrolment, token: str, marks: dict, key: str = "k1", **more: object) -> SubmitResult:
    return submit_rating(
        placement_token=token, annotator_id=enrolment.annotator_id, marks=marks, seconds=9.0, key=key, **more
    )


def test_marks_are_stored_with_time_version_and_first_revision(enrolment: Enrolment, token: str) -> None:
    result = studies.rate(enrolment=enrolment, token=token, value=4)
    assert result == SubmitResult(version=1, missing=(), card_done=True, study_done=False)
    rows = list(Rating.objects.all())
    assert {(row.value, row.seconds, row.guidelines_version) for row in rows} == {(4, 12.5, 1)}
    assert all(row.server_seconds is not None and row.server_seconds >= 0 for row in rows)
    assert RatingRevision.objects.count() == 3
    assert claim_placement(enrolment_id=enrolment.pk) != token


def test_a_repeated_submit_changes_nothing_and_is_answered_the_same(enrolment: Enrolment, token: str) -> None:
    first = submit(enrolment, token, {"faithfulness": 4}, "same")
    submit(enrolment, token, {"faithfulness": 2}, "later")
    again = submit(enrolment, token, {"faithfulness": 4}, "same")
    assert again.replayed
    assert (again.version, again.missing, again.card_done) == (first.version, first.missing, first.card_done)
    assert Rating.objects.get().value == 2
    assert Submission.objects.count() == 2


def test_a_key_used_for_other_marks_is_refused(enrolment: Enrolment, token: str) -> None:
    submit(enrolment, token, {"faithfulness": 4}, "same")
    with pytest.raises(StaleWrite, match="used for other marks"):
        submit(enrolment, token, {"faithfulness": 5}, "same")
    assert Rating.objects.get().value == 4


def test_a_change_updates_the_rating_and_adds_a_revision(enrolment: Enrolment, token: str) -> None:
    studies.rate(enrolment=enrolment, token=token, value=4)
    submit(enrolment, token, {"faithfulness": 2}, "change")
    rating = Rating.objects.get(criterion__key="faithfulness")
    assert rating.value == 2
    assert list(rating.revisions.values_list("number", "value")) == [(1, 4), (2, 2)]
    assert Rating.objects.count() == 3


def test_marks_come_one_by_one_and_the_card_ends_with_the_last(enrolment: Enrolment, token: str) -> None:
    for number, key in enumerate(enrolment.criteria_order, start=1):
        result = submit(enrolment, token, {key: 3}, f"k{number}")
        assert result.missing == tuple(enrolment.criteria_order[number:])
        assert result.card_done == (number == 3)


def test_a_save_that_does_not_finish_leaves_the_card_open(enrolment: Enrolment, token: str) -> None:
    result = studies.rate(enrolment=enrolment, token=token, finish=False)
    assert (result.missing, result.card_done) == ((), False)
    assert claim_placement(enrolment_id=enrolment.pk) == token
    assert studies.rate(enrolment=enrolment, token=token, key="end").card_done


def test_cannot_judge_is_missing_with_a_reason_and_never_a_number(enrolment: Enrolment, token: str) -> None:
    with pytest.raises(OutOfScale, match="why you cannot judge"):
        submit(enrolment, token, {"faithfulness": None})
    submit(enrolment, token, {"faithfulness": None}, reasons={"faithfulness": "unknown language"})
    rating = Rating.objects.get()
    assert (rating.value, rating.reason) == (None, "unknown language")
    card = card_queries.blinded_card(token, enrolment.annotator_id)
    assert card is not None
    assert card.ratings == {"faithfulness": None}
    assert card.reasons == {"faithfulness": "unknown language"}


def test_a_stale_page_is_refused_and_told_so(enrolment: Enrolment, token: str) -> None:
    page = card_queries.blinded_card(token, enrolment.annotator_id)
    submit(enrolment, token, {"faithfulness": 4}, "other tab", version=page.version)
    with pytest.raises(StaleWrite, match="reload to see the marks"):
        submit(enrolment, token, {"faithfulness": 1}, "this tab", version=page.version)
    assert Rating.objects.get().value == 4


def test_nobody_writes_on_somebody_elses_card(enrolment: Enrolment, token: str, ben: User) -> None:
    other = studies.enrol(study=enrolment.study, person=ben)
    with pytest.raises(ForeignPlacement):
        submit(other, token, {"faithfulness": 1})
    with pytest.raises(ForeignPlacement):
        submit(enrolment, "made-up", {"faithfulness": 1})
    assert card_queries.blinded_card(token, ben.pk) is None
    assert not Rating.objects.exists()


@pytest.mark.parametrize("value", [0, 6, 99, 9999, "5", 4.5, True])
def test_an_out_of_scale_value_names_its_criterion_and_stores_nothing(
    enrolment: Enrolment, token: str, value: object
) -> None:
    with pytest.raises(OutOfScale) as caught:
        submit(enrolment, token, {"persuasiveness": 3, "faithfulness": value})
    assert caught.value.criterion == "faithfulness"
    assert not Rating.objects.exists()
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "envelope", [{"key": ""}, {"key": "x" * 81}, {"seconds": -1.0}, {"seconds": float("nan")}]
)
def test_senseless_keys_and_times_are_refused(enrolment: Enrolment, token: str, envelope: dict) -> None:
    with pytest.raises(Refused):
        submit_rating(
            placement_token=token,
            annotator_id=enrolment.annotator_id,
            marks={"faithfulness": 3},
            **{"seconds": 1.0, "key": "k", **envelope},
        )


def test_a_closed_study_takes_no_marks_but_answers_replays(
    olga: User, enrolment: Enrolment, token: str
) -> None:
    submit(enrolment, token, {"faithfulness": 3}, "kept")
    close_study(study_id=enrolment.study_id, by_id=olga.pk)
    with pytest.raises(StudyClosed, match="too late"):
        submit(enrolment, token, {"faithfulness": 4}, "late")
    assert submit(enrolment, token, {"faithfulness": 3}, "kept").replayed
    with pytest.raises(StudyClosed):
        claim_placement(enrolment_id=enrolment.pk)


def test_the_last_card_finishes_the_study_and_gives_the_code(enrolment: Enrolment) -> None:
    assert studies.rate_all(enrolment=enrolment) == 24
    journey = journey_queries.journey(enrolment.pk)
    assert journey.stage == "finished"
    assert len(journey.completion_code) == 8
    assert claim_placement(enrolment_id=enrolment.pk) is None
    progress = card_queries.progress(enrolment.pk)
    assert (progress.done, progress.total, progress.seconds_median, progress.minutes_left) == (
        24,
        24,
        12.5,
        0,
    )


def test_a_card_that_was_never_shown_takes_no_mark(enrolment: Enrolment) -> None:
    claim_placement(enrolment_id=enrolment.pk)
    later = Placement.objects.filter(enrolment=enrolment).order_by("position")[5]
    with pytest.raises(OutOfTurn, match="not been shown"):
        submit(enrolment, later.token, dict.fromkeys(enrolment.criteria_order, 3))
    assert not later.ratings.exists()


def test_back_leads_to_the_card_before(enrolment: Enrolment) -> None:
    studies.rate_all(enrolment=enrolment, most=2)
    token = claim_placement(enrolment_id=enrolment.pk)
    places = list(
        Placement.objects.filter(enrolment=enrolment).order_by("position").values_list("token", flat=True)
    )
    assert token == places[2]
    back = card_queries.previous_token(token, enrolment.annotator_id)
    assert back == places[1]
    card = card_queries.blinded_card(back, enrolment.annotator_id)
    assert card.ratings == dict.fromkeys(enrolment.criteria_order, 3)
    assert (card.position, card.total) == (2, 24)
