"""Boards over REST: the same services, the same refusals."""

import json

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from annotation.models.rating import Rating
from tests.annotation.loud import enrolled, loud_study

pytestmark = pytest.mark.django_db

KEYS = ("persuasiveness", "personalization", "faithfulness")


def send(client: Client, url: str, body: object) -> HttpResponse:
    return client.post(url, json.dumps(body), content_type="application/json")


@pytest.fixture
def at(client: Client, olga: User, ada: User) -> str:
    """Ada's way in a study side by side, with Ada signed in."""
    study_id = loud_study(olga, design="side_by_side", n_cases=2)
    enrolled(study_id, ada, stage="rating")
    client.force_login(ada)
    return f"/api/annotation/rate/{study_id}"


def columns(board: dict, *values: int | None) -> list[dict]:
    pairs = zip(board["columns"], values, strict=False)
    return [{"token": column["token"], "marks": dict.fromkeys(KEYS, value)} for column, value in pairs]


def test_an_annotator_goes_from_board_to_board_to_the_end(client: Client, at: str) -> None:
    assert client.get(f"{at}/").json()["side_by_side"] is True
    assert send(client, f"{at}/next/", {}).status_code == 409
    boards = []
    while (answer := send(client, f"{at}/next-board/", {})).status_code == 200:
        board = answer.json()
        boards.append(board["token"])
        url = f"{at}/boards/{board['token']}/"
        assert (board["position"], board["total"], len(board["columns"])) == (len(boards), 2, 2)
        half = send(client, url, {"columns": columns(board, 4), "key": "a", "finish": False}).json()
        assert half == {
            "versions": {board["token"]: 1}, "missing": {}, "study_done": False, "replayed": False,
        }  # fmt: skip
        whole = {"columns": columns(board, 4, 2), "key": "b", "seconds": 50}
        assert send(client, url, whole).status_code == 200
        again = send(client, url, whole).json()
        assert again["replayed"] is True
        assert client.get(f"{at}/progress/").json()["done"] == len(boards)
        earlier = client.get(f"{url}previous/")
        assert (earlier.json()["token"] if earlier.content else None) == (boards[-2:-1] or [None])[0]
    assert answer.status_code == 204
    assert client.get(f"{at}/").json()["stage"] == "finished"
    assert sorted(Rating.objects.values_list("value", flat=True)) == [2] * 6 + [4] * 6


def test_what_cannot_be_stored_is_refused_naming_column_and_criterion(client: Client, at: str) -> None:
    board = send(client, f"{at}/next-board/", {}).json()
    url = f"{at}/boards/{board['token']}/"
    for body, status, named in (
        ({"columns": columns(board, 3, 9), "key": "k"}, 422, "2-persuasiveness"),
        ({"columns": columns(board, 3, None), "key": "k"}, 422, "2-persuasiveness"),
        ({"columns": [], "key": "k"}, 422, "columns"),
        ({"columns": [{"token": board["token"], "marks": {}}], "key": "k"}, 422, "1"),
        ({"columns": [{"token": "no-such-card", "marks": {"faithfulness": 3}}], "key": "k"}, 403, "detail"),
        ({"columns": columns(board, 3, 3)}, 422, "key"),
    ):
        answer = send(client, url, body)
        assert (answer.status_code, list(answer.json())) == (status, [named]), body
    stale = [{**column, "version": 5} for column in columns(board, 3, 3)]
    assert send(client, url, {"columns": stale, "key": "k"}).status_code == 409
    assert not Rating.objects.exists()


def test_another_persons_board_is_foreign(client: Client, at: str, ben: User) -> None:
    board = send(client, f"{at}/next-board/", {}).json()
    client.force_login(ben)
    url = f"{at}/boards/{board['token']}/"
    assert client.get(url).status_code == 403
    assert send(client, url, {"columns": columns(board, 3, 3), "key": "k"}).status_code == 403


def test_a_study_of_single_cards_has_no_next_board(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="rating")
    client.force_login(ada)
    at = f"/api/annotation/rate/{study_id}"
    assert send(client, f"{at}/next-board/", {}).status_code == 409
    card = send(client, f"{at}/next/", {}).json()
    assert client.get(f"{at}/boards/{card['token']}/").status_code == 403
