import dataclasses
import json

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder

from annotation import card_queries, journey_queries, monitoring, overview, queries
from annotation.models.rating import Rating
from annotation.services.claim_placement import claim_placement
from annotation.services.invite import invite
from annotation.services.submit_rating import submit_rating
from tests.annotation import studies


def told(value: object) -> str:
    return json.dumps(dataclasses.asdict(value), cls=DjangoJSONEncoder)


def test_nothing_that_pages_may_read_names_a_system(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    enrolment = studies.enrol(study=study, person=ada)
    token = claim_placement(enrolment_id=enrolment.pk)
    studies.rate_all(enrolment=enrolment, most=3)
    values = [
        card_queries.blinded_card(token, ada.pk),
        journey_queries.journey(enrolment.pk),
        *journey_queries.my_studies(ada.pk),
        *queries.studies(),
        monitoring.monitor(study.pk),
        *overview.gold_cards(study.pk),
        *overview.ledger(study.pk),
        journey_queries.invitation(invite(study_id=study.pk, by_id=olga.pk)),
    ]
    text = "".join(told(value) for value in values) + queries.pooled_ratings(study.pk).to_csv()
    assert "Evening films" in text
    for name in studies.LOUD_SYSTEMS:
        assert name.lower() not in text.lower()


def test_a_card_shows_the_case_newest_first_and_no_key_of_a_row(olga: User, ada: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ada)
    card = card_queries.blinded_card(claim_placement(enrolment_id=enrolment.pk), ada.pk)
    assert card is not None
    assert next(item.label for item in card.case_history) == "Heat (1995)"
    assert card.case_history[1].label.startswith("Film ")
    assert card.item.label.endswith("(2001)")
    assert [criterion.key for criterion in card.criteria] == enrolment.criteria_order
    assert [level.value for level in card.criteria[0].levels] == [1, 2, 3, 4, 5]
    assert (card.position, card.total, card.ratings, card.version) == (1, 24, {}, 0)
    assert {field.name for field in dataclasses.fields(card)} == {
        "token", "study_title", "language", "case_history", "item", "explanation", "position", "total",
        "criteria", "ratings", "reasons", "version",
    }  # fmt: skip


def test_pooled_ratings_hold_marks_and_gaps_and_no_writer(olga: User, ada: User) -> None:
    study = studies.opened(owner=olga)
    enrolment = studies.enrol(study=study, person=ada)
    token = claim_placement(enrolment_id=enrolment.pk)
    submit_rating(
        placement_token=token,
        annotator_id=ada.pk,
        marks={"faithfulness": None, "persuasiveness": 2},
        reasons={"faithfulness": "too short"},
        seconds=None,
        key="k",
    )
    frame = queries.pooled_ratings(study.pk)
    columns = ["case", "card", "annotator", "criterion", "value", "repeat", "simulated"]
    assert list(frame.columns) == columns
    values = dict(zip(frame["criterion"], frame["value"], strict=True))
    assert values["persuasiveness"] == 2
    assert values["faithfulness"] != values["faithfulness"]  # NaN
    assert card_queries.progress(enrolment.pk).seconds_median is None
    assert queries.pooled_ratings(studies.opened(owner=olga).pk).empty


def test_lists_are_each_persons_own(olga: User, ada: User, ben: User) -> None:
    study = studies.opened(owner=olga)
    key = studies.enrol(study=study, person=ada).pk
    assert [one.study_id for one in journey_queries.my_studies(ada.pk)] == [study.pk]
    assert journey_queries.my_studies(ben.pk) == []
    assert journey_queries.enrolment_of(study.pk, ada.pk) == key
    assert journey_queries.enrolment_of(study.pk, ben.pk) is None
    assert [one.id for one in queries.studies(olga.pk)] == [study.pk]
    assert queries.studies(ada.pk) == []
    assert journey_queries.invitation("made-up") is None


def test_reading_changes_nothing(olga: User, ada: User) -> None:
    enrolment = studies.enrol(study=studies.opened(owner=olga), person=ada)
    token = claim_placement(enrolment_id=enrolment.pk)
    before = list(enrolment.placements.values())
    card_queries.progress(enrolment.pk)
    card_queries.blinded_card(token, ada.pk)
    assert list(enrolment.placements.values()) == before
    assert not Rating.objects.exists()
