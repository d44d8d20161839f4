"""The rating room over REST: the same services, the same refusals, and doors that hold."""

import json

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from annotation.models.card import Card
from annotation.models.rating import Rating, RatingRevision
from annotation.models.study import Study
from annotation.services.invite import invite
from tests import builders
from tests.annotation.loud import enrolled, explanation_file, loud_study

pytestmark = pytest.mark.django_db

KEYS = ("persuasiveness", "personalization", "faithfulness")
ROOM = "/api/annotation"


def send(client: Client, url: str, body: object) -> HttpResponse:
    return client.post(url, json.dumps(body), content_type="application/json")


@pytest.fixture
def study_id(olga: User) -> int:
    return loud_study(olga, n_cases=2)


@pytest.fixture
def card(client: Client, study_id: int, ada: User) -> dict:
    """Ada's first card, with Ada signed in."""
    enrolled(study_id, ada, stage="rating")
    client.force_login(ada)
    return send(client, f"{ROOM}/rate/{study_id}/next/", {}).json()


def test_a_person_goes_from_the_link_to_the_end(client: Client, olga: User, study_id: int) -> None:
    client.force_login(builders.user("newcomer"))
    assert client.get(f"{ROOM}/rate/").status_code == 403  # nobody's annotator yet
    at = f"{ROOM}/rate/{study_id}"
    joined = send(client, f"{ROOM}/join/{invite(study_id=study_id, by_id=olga.pk)}/", {})
    assert joined.json()["stage"] == "consent"
    assert send(client, f"{at}/next/", {}).status_code == 409
    assert send(client, f"{at}/guidelines/", {"version": 1}).status_code == 409
    assert send(client, f"{at}/consent/", {"version": 2}).status_code == 409
    assert send(client, f"{at}/consent/", {}).status_code == 422
    assert send(client, f"{at}/consent/", {"version": 1}).json()["stage"] == "guidelines"
    assert send(client, f"{at}/guidelines/", {"version": 1}).json()["stage"] == "calibration"
    while (practice := client.get(f"{at}/calibration/")).status_code == 200:
        token = practice.json()["token"]
        gold = Card.objects.get(token=token).gold.first().value
        told = send(client, f"{at}/calibration/{token}/", {"marks": dict.fromkeys(KEYS, gold)}).json()
        assert [one["distance"] for one in told["criteria"]] == [0, 0, 0]
    n = 0
    while (card := send(client, f"{at}/next/", {})).status_code == 200:
        n += 1
        url = f"{at}/cards/{card.json()['token']}/"
        result = send(client, url, {"marks": dict.fromkeys(KEYS, 4), "key": f"k{n}", "seconds": 9.5}).json()
        assert result["card_done"] is True
    assert (n, result["study_done"]) == (4, True)
    assert client.get(f"{at}/").json()["stage"] == "finished"
    assert client.get(f"{at}/").json()["completion_code"]
    assert client.get(f"{at}/progress/").json()["done"] == 4


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"marks": {"faithfulness": 6}}, 422, "faithfulness"),
        ({"marks": {"faithfulness": 0}}, 422, "faithfulness"),
        ({"marks": {"faithfulness": "three"}}, 422, "marks"),
        ({"marks": {"faithfulness": None}}, 422, "faithfulness"),
        ({"marks": {"beauty": 3}}, 422, "beauty"),
        ({"marks": {}}, 422, "marks"),
        ({"key": ""}, 422, "key"),
        ({"seconds": -1}, 422, "seconds"),
        ({"version": 99}, 409, "detail"),
    ],
)
def test_what_cannot_be_stored_is_refused_naming_the_field(
    client: Client, study_id: int, card: dict, change: dict, status: int, field: str
) -> None:
    body = {"marks": {"faithfulness": 3}, "key": "k", **change}
    response = send(client, f"{ROOM}/rate/{study_id}/cards/{card['token']}/", body)
    assert response.status_code == status
    assert field in response.json()
    assert not Rating.objects.exists()


def test_a_repeated_submit_changes_nothing(client: Client, study_id: int, card: dict) -> None:
    url = f"{ROOM}/rate/{study_id}/cards/{card['token']}/"
    body = {"marks": dict.fromkeys(KEYS, 3), "key": "same"}
    first, second = send(client, url, body).json(), send(client, url, body).json()
    assert (first.pop("replayed"), second.pop("replayed")) == (False, True)
    assert first == second
    assert RatingRevision.objects.count() == 3


def test_another_persons_card_is_foreign(client: Client, study_id: int, card: dict, ben: User) -> None:
    url = f"{ROOM}/rate/{study_id}/cards/{card['token']}/"
    body = {"marks": dict.fromkeys(KEYS, 3), "key": "k"}
    client.force_login(ben)
    assert client.get(url).status_code == send(client, url, body).status_code == 403
    enrolled(study_id, ben, stage="rating")
    assert client.get(url).status_code == send(client, url, body).status_code == 403
    assert not Rating.objects.exists()


def test_doors_by_role(client: Client, study_id: int, ada: User, ben: User, olga: User, rosa: User) -> None:
    owners = [
        f"{ROOM}/studies/",
        *(f"{ROOM}/studies/{study_id}/{part}" for part in ("", "invitations/", "monitor/")),
    ]
    acts = [f"{ROOM}/studies/{study_id}/{act}/" for act in ("open", "close", "unblind")]
    annotators = [f"{ROOM}/rate/{study_id}/{part}" for part in ("", "progress/", "calibration/", "cards/x/")]
    for url in [*owners, *annotators]:
        assert client.get(url).status_code in {401, 403}, url
    for person in (ada, ben, rosa):
        client.force_login(person)
        for url in [*owners, *annotators]:
            assert client.get(url).status_code == 403, (person, url)
        for url in acts:
            assert send(client, url, {"reason": "x"}).status_code == 403, (person, url)
    client.force_login(olga)
    for url in owners:
        assert client.get(url).status_code == 200, url
    for url in annotators:
        assert client.get(url).status_code == 403, url
    client.force_login(builders.user("oskar", role="owner"))
    for url in owners[1:]:
        assert client.get(url).status_code == 404, url
    for url in acts:
        assert send(client, url, {"reason": "x"}).status_code == 404, url
    assert Study.objects.get().status == "open"


def test_an_owner_builds_opens_invites_closes_and_unblinds(client: Client, olga: User) -> None:
    client.force_login(olga)
    plan = {
        "title": "Why?",
        "rows": explanation_file(n_cases=4),
        "n_calibration": 0,
        "k": 1,
        "n_annotators": 1,
        "gap": 1,
    }
    refused = send(client, f"{ROOM}/studies/", {**plan, "rows": "not json"})
    assert refused.status_code == 422
    assert "Line 1" in refused.json()["source"][0]
    made = send(client, f"{ROOM}/studies/", plan)
    assert made.status_code == 201
    at = f"{ROOM}/studies/{made.json()['id']}"
    assert send(client, f"{at}/close/", {}).status_code == 409
    assert send(client, f"{at}/open/", {}).json()["status"] == "open"
    assert send(client, f"{at}/open/", {}).status_code == 409
    assert send(client, f"{at}/invitations/", {"max_uses": 3}).status_code == 201
    assert client.get(f"{at}/invitations/").json()[0]["max_uses"] == 3
    assert client.get(f"{at}/monitor/").json()["study"]["n_target"] == 8
    assert send(client, f"{at}/unblind/", {"reason": "Done."}).status_code == 409
    assert send(client, f"{at}/close/", {}).json()["status"] == "closed"
    assert send(client, f"{at}/unblind/", {}).status_code == 422
    assert send(client, f"{at}/unblind/", {"reason": "Done."}).json()["status"] == "unblinded"


def test_a_draft_that_is_not_ready_lists_what_is_missing(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    Study.objects.filter(pk=study_id).update(consent="")
    client.force_login(olga)
    refused = send(client, f"{ROOM}/studies/{study_id}/open/", {})
    assert refused.status_code == 409
    assert refused.json()["missing"] == ["The consent text is empty."]


def test_answers_are_not_kept_by_caches(client: Client, study_id: int, card: dict) -> None:
    response = client.get(f"{ROOM}/rate/{study_id}/cards/{card['token']}/")
    assert response["Cache-Control"] == "no-store"
    assert not response.has_header("ETag")
