"""Every REST endpoint tried by everybody; the token; bodies no database could keep."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authtoken.models import Token

from annotation import overview
from annotation.models.study import Study
from annotation.services.claim_placement import claim_placement
from annotation.services.invite import invite
from generation.models import Case, Run
from tests import builders
from tests.annotation.loud import enrolled, loud_study

pytestmark = pytest.mark.django_db

OPERATIONS = [
    (method, path)
    for path, operations in SchemaGenerator().get_schema(request=None, public=True)["paths"].items()
    for method in operations
]
DOORS = {
    r"/api/token/": {"post": "anybody", "delete": "signed in"},
    r"/api/me/": {"get": "signed in"},
    r"/api/annotation/join/": {"get": "anybody", "post": "signed in"},
    r"/api/generation/": "owner",
    r"/api/annotation/(planner/|sources/|studies/$)": "owner",
    r"/api/annotation/studies/\{study_id\}/": "owner of the study",
    r"/api/annotation/rate/$": "annotator",
    r"/api/annotation/rate/\{study_id\}/": "annotator of the study",
    r"/api/analysis/": "reader",
    r"/api/explain$": "who may explain",
}
LET_IN = {
    "anybody": {"", "ada", "ben", "olga", "oskar", "rex", "rosa"},
    "signed in": {"ada", "ben", "olga", "oskar", "rex", "rosa"},
    "owner": {"olga", "oskar"},
    "owner of the study": {"olga"},
    "annotator": {"ada", "ben"},
    "annotator of the study": {"ada"},
    "reader": {"olga", "oskar", "rosa"},
    "who may explain": {"olga", "oskar", "rex"},
}
ELSEWHERE = {
    "/api/explain": 503,
    "/api/generation/runs/{id}/questions/": 409,
    "/api/generation/runs/{id}/texts/": 409,
    "/api/generation/runs/{id}/explanations/file/": 409,
    "/api/annotation/studies/{study_id}/kinds/": 409,
    "/api/analysis/table3/": 422,
    "/api/annotation/rate/{study_id}/boards/{token}/": 403,
    "/api/annotation/rate/{study_id}/cards/{token}/feedback/": 404,
    "/api/annotation/rate/{study_id}/boards/{token}/previous/": 403,
}
"""Doors behind which there is nothing here: no student is loaded, no card is a board, the run is no teacher's, no study
is unblinded."""

UNREAD = {
    "/api/generation/corpora/{id}/rejected/",
    "/api/annotation/rate/{study_id}/cards/{token}/feedback/",
}
"""Files that an import writes: the corpus here was never read. And a comparison shown of cards of a re-check alone."""


def door_of(method: str, path: str) -> str:
    [door] = [door for pattern, door in DOORS.items() if re.match(pattern, path)]
    return door[method] if isinstance(door, dict) else door


@pytest.fixture
def people(olga: User, ada: User, ben: User, rosa: User) -> dict[str, User | None]:
    oskar, rex = builders.user("oskar", role="owner"), builders.user("rex", role="recommender")
    everybody = (olga, ada, ben, rosa, oskar, rex)
    return {"": None, **{person.username: person for person in everybody}}


@pytest.fixture
def addresses(olga: User, ada: User) -> list[tuple[str, str, str]]:
    """Every operation with an address in Olga's study, or at Ada's card of it."""
    study = loud_study(olga)
    card = claim_placement(enrolment_id=enrolled(study, ada, stage="rating"))
    link = invite(study_id=study, by_id=olga.pk)
    run = builders.run()
    film = {"id": "f", "title": "Film", "year": None, "genres": [], "directors": []}
    Case.objects.create(run=run, case_id="c1", position=0, user="u", split="test", history=[], item=film)
    invitation = overview.invitations(study)[0].id
    found = []
    for method, path in OPERATIONS:
        token = (
            card if "/rate/" in path else link if "/join/" in path else overview.gold_cards(study)[0].token
        )
        parts = {"study_id": study, "token": token, "invitation_id": invitation, "key": "faithfulness"}
        parts |= {"case_id": "c1", "enrolment_id": 1, "form": "csv"}
        parts |= {"id": run.corpus_id if "/corpora/" in path else run.pk, "report_id": 1}
        found.append((method, path, path.format(**parts)))
    return found


def test_every_door_opens_for_its_people_and_nobody_else(
    addresses: list[tuple[str, str, str]], people: dict[str, User | None]
) -> None:
    for name, person in people.items():
        client = Client()
        if person is not None:
            client.force_login(person)
        for method, path, url in addresses:
            door = door_of(method, path)
            if name in LET_IN[door]:
                continue
            status = client.generic(method.upper(), url, b"{}", "application/json").status_code
            if not name:
                expected = 401
            elif door == "owner of the study" and name in LET_IN["owner"]:
                expected = 404
            else:
                expected = 403
            assert status == expected, (name, method, path)
    assert (Study.objects.get().status, Run.objects.get().status) == ("open", "queued")


def test_every_reader_is_let_in(
    addresses: list[tuple[str, str, str]], people: dict[str, User | None]
) -> None:
    for name, person in people.items():
        client = Client()
        if person is not None:
            client.force_login(person)
        for method, path, url in addresses:
            if method == "get" and name in LET_IN[door_of(method, path)]:
                status = client.get(url).status_code
                assert status in {ELSEWHERE.get(path, 200), 204, 404}, (name, path)
                assert status != 404 or "report_id" in path or "calibration" in path or path in UNREAD


def test_a_token_is_given_for_a_password_and_can_be_withdrawn(client: Client, ada: User) -> None:
    cache.clear()
    ada.set_password("long enough 4 this")
    ada.save()
    asked = {"username": "ada", "password": "wrong"}
    assert client.post("/api/token/", asked, content_type="application/json").status_code == 422
    asked["password"] = "long enough 4 this"
    token = client.post("/api/token/", asked, content_type="application/json").json()["token"]
    signed = Client(headers={"Authorization": f"Token {token}"})
    assert signed.get("/api/me/").json() == {
        "username": "ada",
        "roles": ["annotator"],
        "may": ["annotation.rate"],
    }
    assert signed.delete("/api/token/").status_code == 204
    refused = signed.get("/api/me/")
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Token")
    assert not Token.objects.exists()


def test_guessing_passwords_is_slowed_down(client: Client, ada: User) -> None:
    cache.clear()
    asked = {"username": "ada", "password": "wrong"}
    answers = [client.post("/api/token/", asked, content_type="application/json") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) <= 60
    elsewhere = client.post("/api/token/", asked, "application/json", headers={"X-Forwarded-For": "10.9.8.7"})
    assert elsewhere.status_code == 429  # an address the caller made up buys no further guess
    cache.clear()


def test_no_answer_to_an_annotator_or_researcher_names_a_system(
    addresses: list[tuple[str, str, str]], people: dict[str, User | None]
) -> None:
    for name in ("ada", "rosa"):
        client = Client()
        client.force_login(people[name])
        for method, path, url in addresses:
            if method == "get" and name in LET_IN[door_of(method, path)]:
                answer = client.get(url)
                assert b"SYSTEM-LOUD" not in answer.content, path
                assert b"template-knn" not in answer.content, path


@pytest.mark.parametrize("url", ["/api/schema/", "/api/docs/", "/api/docs/?script="])
def test_the_description_names_systems_and_is_for_owners_and_researchers(
    client: Client, people: dict[str, User | None], url: str
) -> None:
    stranger = client.get(url)
    assert stranger.status_code in {302, 401}
    assert b"prism-nouser" not in stranger.content
    for name, status in {"ada": 403, "ben": 403, "olga": 200, "rosa": 200}.items():
        client.force_login(people[name])
        assert client.get(url).status_code == status, name


def test_the_description_is_read_with_a_token_too(rosa: User) -> None:
    token = Token.objects.create(user=rosa).key
    answer = Client(headers={"Authorization": f"Token {token}"}).get("/api/schema/")
    assert answer.status_code == 200
    assert b"openapi: 3" in answer.content
