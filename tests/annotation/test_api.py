"""The rating room over REST: the same services, the same refusals, and doors that hold."""

import json

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from annotation.models.card import Card
from annotation.models.rating import Rating, RatingRevision
from annotation.models.study import Study
from annotation.services.invite import invite
from prism_site.roles import grant
from tests import builders
from tests.annotation.loud import enrolled, explanation_file, loud_study

pytestmark = pytest.mark.django_db

COMMITTED = pytest.mark.django_db(transaction=True)
"""Without the transaction around a test, which lends its own to what forgot to begin one; on PostgreSQL too."""

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


@pytest.mark.database
@COMMITTED
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
        ({"marks": {"faithfulness": "3"}}, 422, "marks"),
        ({"marks": {"faithfulness": 3.0}}, 422, "marks"),
        ({"marks": {"faithfulness": True}}, 422, "marks"),
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


def test_practice_and_reference_marks_are_whole_numbers_too(
    client: Client, olga: User, study_id: int, ada: User
) -> None:
    enrolled(study_id, ada, stage="calibration")
    client.force_login(ada)
    url = f"{ROOM}/rate/{study_id}/calibration"
    url = f"{url}/{client.get(f'{url}/').json()['token']}/"
    for mark in ("3", 3.0, True):
        assert send(client, url, {"marks": dict.fromkeys(KEYS, mark)}).status_code == 422
    assert send(client, url, {"marks": dict.fromkeys(KEYS, 3), "attempt": 2}).status_code == 409
    assert client.get(url).status_code == 404
    assert send(client, url, {"marks": dict.fromkeys(KEYS, 3), "attempt": 1}).json()["attempt"] == 1
    draft = loud_study(olga, opened=False)
    client.force_login(olga)
    token = client.get(f"{ROOM}/studies/{draft}/calibration/").json()[0]["token"]
    for mark in ("3", 3.0, True):
        body = {"marks": {"faithfulness": mark}}
        refused = change(client, "PUT", f"{ROOM}/studies/{draft}/calibration/{token}/", body)
        assert refused.status_code == 422
        assert "send a whole number" in str(refused.json())


@pytest.mark.parametrize("role", ["owner", "researcher", "recommender"])
def test_who_may_learn_the_systems_rates_no_more(
    client: Client, study_id: int, card: dict, ada: User, role: str
) -> None:
    grant(ada, role)
    at = f"{ROOM}/rate/{study_id}"
    body = {"marks": dict.fromkeys(KEYS, 3), "key": "k"}
    for refused in (send(client, f"{at}/cards/{card['token']}/", body), send(client, f"{at}/next/", {})):
        assert refused.status_code == 403
        assert "cannot rate" in refused.json()["detail"]
    assert not Rating.objects.exists()


def test_texts_nobody_would_read_to_their_end_are_refused(client: Client, olga: User, study_id: int) -> None:
    client.force_login(olga)
    long = "a" * 50_001
    at = f"{ROOM}/studies/{study_id}"
    refused = send(client, f"{at}/guidelines/", {"clarification": long})
    assert (refused.status_code, list(refused.json())) == (422, ["clarification"])
    draft = loud_study(olga, opened=False)
    for field in ("description", "consent", "guidelines"):
        refused = change(client, "PATCH", f"{ROOM}/studies/{draft}/", {field: long})
        assert (refused.status_code, list(refused.json())) == (422, [field])


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


@pytest.mark.database
@COMMITTED
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


def change(client: Client, method: str, url: str, body: object = None) -> HttpResponse:
    return client.generic(method, url, json.dumps(body), "application/json")


@pytest.mark.database
@COMMITTED
def test_a_draft_is_edited_until_it_opens(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    at = f"{ROOM}/studies/{study_id}"
    client.force_login(olga)
    changed = change(client, "PATCH", f"{at}/", {"title": "Which film?", "guidelines": "Read twice."}).json()
    assert (changed["title"], changed["guidelines"][0]["text"]) == ("Which film?", "Read twice.")
    gate = {"tolerance": 2, "share": 0.7, "kappa": -1, "attempts": 3}
    told = change(client, "PATCH", f"{at}/", {"gate": gate}).json()["gate_in_words"]
    assert told == "70% of the marks at most 2 from the reference; 3 attempts"
    assert change(client, "PATCH", f"{at}/", {"gate": {"share": 2}}).status_code == 422
    told = change(client, "PATCH", f"{at}/", {"gate": {"share": 0.5}}).json()["gate_in_words"]
    assert told == "50% of the marks at most 2 from the reference; 3 attempts"  # what was left out stays
    misspelt = change(client, "PATCH", f"{at}/", {"gate": {"kapa": 0.2}})
    assert (misspelt.status_code, list(misspelt.json()["gate"])) == (422, ["kapa"])
    named = change(client, "PATCH", f"{at}/", {"title": "SYSTEM-LOUD-TEACHER or not?"})
    assert (named.status_code, list(named.json())) == (422, ["texts"])
    question = client.get(f"{at}/").json()["criteria"][0]
    levels = [{name: level[name] for name in ("label", "example", "why")} for level in question["levels"]]
    words = {"name": "Trust", "question": "Do you trust it?", "definition": "Trust.", "levels": levels}
    assert change(client, "PUT", f"{at}/criteria/{question['key']}/", words).json()["name"] == "Trust"
    alike = {**words, "levels": [levels[0]] * 5}
    assert list(change(client, "PUT", f"{at}/criteria/{question['key']}/", alike).json()) == ["levels"]
    assert change(client, "PUT", f"{at}/criteria/beauty/", words).status_code == 404
    assert send(client, f"{at}/open/", {}).status_code == 200
    assert change(client, "PATCH", f"{at}/", {"title": "Later"}).status_code == 409
    assert change(client, "PUT", f"{at}/criteria/{question['key']}/", words).status_code == 409
    assert change(client, "DELETE", f"{at}/").status_code == 409
    assert client.get(f"{at}/").json()["title"] == "Which film?"


@pytest.mark.database
@COMMITTED
def test_a_draft_is_discarded(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    client.force_login(olga)
    assert change(client, "DELETE", f"{ROOM}/studies/{study_id}/").status_code == 204
    assert client.get(f"{ROOM}/studies/{study_id}/").status_code == 404
    assert not Study.objects.exists()


@pytest.mark.database
@COMMITTED
def test_gold_is_set_card_by_card_or_imported(client: Client, olga: User) -> None:
    study_id = loud_study(olga, opened=False)
    at = f"{ROOM}/studies/{study_id}/calibration"
    client.force_login(olga)
    token = client.get(f"{at}/").json()[0]["token"]
    marked = change(
        client, "PUT", f"{at}/{token}/", {"marks": {"faithfulness": 2}, "rationales": {"faithfulness": "No."}}
    ).json()
    mine = {
        "criterion": "faithfulness",
        "name": "Faithfulness",
        "value": 2,
        "rationale": "No.",
        "experts": {},
    }
    assert mine in marked["marks"]
    off = change(client, "PUT", f"{at}/{token}/", {"marks": {"faithfulness": 6}})
    assert (off.status_code, list(off.json())) == (422, ["faithfulness"])
    assert change(client, "PUT", f"{at}/none/", {"marks": {"faithfulness": 2}}).status_code == 404
    header = f"text,{','.join(KEYS)}\n"
    faulty = change(client, "PUT", f"{at}/", {"rows": f"{header}Good film.,1,2,9\n"})
    assert faulty.status_code == 422
    assert "Line 2" in faulty.json()["source"][0]
    assert len(client.get(f"{at}/").json()) == 2
    file = SimpleUploadedFile(
        "gold.csv", f"{header}Good film.,1,2,3\nBad film.,5,4,2\nA film.,3,3,3\n".encode()
    )
    body = encode_multipart(BOUNDARY, {"file": file})
    assert len(client.put(f"{at}/", body, content_type=MULTIPART_CONTENT).json()) == 3
    assert send(client, f"{ROOM}/studies/{study_id}/open/", {}).status_code == 200
    assert (
        change(client, "PUT", f"{at}/{client.get(f'{at}/').json()[0]['token']}/", {"marks": {}}).status_code
        == 409
    )
    assert change(client, "PUT", f"{at}/", {"rows": f"{header}Good film.,1,2,3\n"}).status_code == 409
    assert {cell["n_far"] for cell in client.get(f"{at}/disagreement/").json()} == {0}


def test_a_study_is_built_from_a_file_or_a_run(client: Client, olga: User) -> None:
    client.force_login(olga)
    plan = {"title": "Why?", "n_calibration": 1, "k": 1, "n_annotators": 2, "gap": 1}
    lines = "case,system,text\n" + "".join(f"c{n},{s},Text {n} {s}.\n" for n in range(4) for s in "ab")
    made = client.post(f"{ROOM}/studies/", {**plan, "file": SimpleUploadedFile("rows.csv", lines.encode())})
    assert (made.status_code, made.json()["n_cases"]) == (201, 3)
    unsaid = {name: value for name, value in plan.items() if name != "n_calibration"}
    assert send(client, f"{ROOM}/studies/", {**unsaid, "rows": lines}).json()["n_calibration"] == 1
    latin = SimpleUploadedFile("rows.csv", b"case,system,text\n1,a,\xe9\n")
    assert list(client.post(f"{ROOM}/studies/", {**plan, "file": latin}).json()) == ["file"]
    holed = {**plan, "rows": '{"case": "1", "system": "a", "text": "a\\u0000b"}'}
    assert "Line 1" in send(client, f"{ROOM}/studies/", holed).json()["source"][0]
    few = send(client, f"{ROOM}/studies/", {**plan, "k": 3, "rows": lines})
    assert (few.status_code, list(few.json())) == (422, ["n_annotators"])
    over = builders.case_run(n_cases=3)
    runs = [builders.explain_run(over=over, system=name).pk for name in ("prism", "template-knn")]
    assert {one["id"] for one in client.get(f"{ROOM}/sources/").json()} == set(runs)
    assert send(client, f"{ROOM}/studies/", {**plan, "explain_run_ids": runs}).json()["n_systems"] == 2
    unknown = send(client, f"{ROOM}/studies/", {**plan, "explain_run_ids": [2**62]})
    assert (unknown.status_code, list(unknown.json())) == (422, ["source"])


@pytest.mark.database
@COMMITTED
def test_guidelines_are_amended_and_the_ledger_tells(client: Client, olga: User, study_id: int) -> None:
    at = f"{ROOM}/studies/{study_id}"
    client.force_login(olga)
    assert send(client, f"{at}/guidelines/", {}).status_code == 422
    newer = send(client, f"{at}/guidelines/", {"clarification": "Length does not count."}).json()[
        "guidelines"
    ]
    assert (newer[0]["version"], newer[0]["clarification"]) == (2, "Length does not count.")
    assert [line["by"] for line in client.get(f"{at}/ledger/").json()] == ["olga", "olga"]
    send(client, f"{at}/close/", {})
    assert send(client, f"{at}/guidelines/", {"clarification": "Too late."}).status_code == 409


@pytest.mark.database
@COMMITTED
def test_an_invitation_is_read_and_withdrawn(client: Client, olga: User, study_id: int) -> None:
    token = invite(study_id=study_id, by_id=olga.pk)
    assert client.get(f"{ROOM}/join/{token}/").json()["study_title"] == "Why this film?"
    assert client.get(f"{ROOM}/join/none/").status_code == 404
    client.force_login(olga)
    [row] = client.get(f"{ROOM}/studies/{study_id}/invitations/").json()
    url = f"{ROOM}/studies/{study_id}/invitations/{row['id']}/"
    assert [change(client, "DELETE", url).status_code for _ in range(2)] == [204, 409]
    assert change(client, "DELETE", f"{ROOM}/studies/{study_id}/invitations/999/").status_code == 404
    client.force_login(builders.user("newcomer"))
    assert client.get(f"{ROOM}/join/{token}/").json()["usable"] is False
    assert send(client, f"{ROOM}/join/{token}/", {}).status_code == 409


def test_earlier_cards_and_comparisons_can_be_read_again(
    client: Client, study_id: int, card: dict, ada: User
) -> None:
    at = f"{ROOM}/rate/{study_id}"
    assert client.get(f"{at}/cards/{card['token']}/previous/").status_code == 204
    send(client, f"{at}/cards/{card['token']}/", {"marks": dict.fromkeys(KEYS, 3), "key": "k"})
    second = send(client, f"{at}/next/", {}).json()
    assert client.get(f"{at}/cards/{second['token']}/previous/").json()["token"] == card["token"]
    practice = Card.objects.filter(block__kind="calibration")[0].token
    assert client.get(f"{at}/calibration/{practice}/").json()["criteria"][0]["near"] is True
    assert client.get(f"{at}/calibration/none/").status_code == 404
