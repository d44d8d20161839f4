"""The page of the design side by side: what it stores, what it refuses, and where it leads."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from annotation import card_queries
from annotation.models.card import Placement
from annotation.models.rating import Rating, RatingRevision
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from tests.annotation.loud import enrolled, loud_study
from tests.annotation.views.test_journey import hidden

pytestmark = pytest.mark.django_db

KEYS = ("persuasiveness", "personalization", "faithfulness")


@pytest.fixture
def study_id(olga: User) -> int:
    return loud_study(olga, design="side_by_side", n_cases=2, n_annotators=2, k=2)


@pytest.fixture
def url(client: Client, study_id: int, ada: User) -> str:
    """The address of Ada's first board, with Ada signed in."""
    token = claim_placement(enrolment_id=enrolled(study_id, ada, stage="rating"))
    client.force_login(ada)
    return reverse("annotation:board", args=[study_id, token])


def marks(*values: int | str) -> dict[str, str]:
    """One value for each column, on every criterion."""
    numbered = enumerate(values, start=1)
    return {f"mark-{number}-{key}": str(value) for number, value in numbered for key in KEYS}


def sent(client: Client, url: str, *values: int | str) -> dict[str, str]:
    return {**hidden(client.get(url).content.decode()), **marks(*values)}


def test_every_way_in_leads_to_the_board_with_all_its_texts(client: Client, study_id: int, url: str) -> None:
    assert client.get(reverse("annotation:rate", args=[study_id]))["Location"] == url
    page = client.get(url).content.decode()
    assert "Case 1 of 2" in page
    assert len(re.findall(r'<section class="column\b', page)) == 2
    assert page.count('<ol class="history"') == 1
    for token in re.findall(r'data-token="([^"]+)"', page):
        assert client.get(reverse("annotation:board", args=[study_id, token])).status_code == 200
        alone = reverse("annotation:card", args=[study_id, token])
        assert client.get(alone)["Location"] == reverse("annotation:board", args=[study_id, token])
        assert client.post(alone, {"mark-faithfulness": "3", "key": "k"}).status_code == 409
    assert not Rating.objects.exists()


def test_a_board_goes_on_to_the_next_and_back_again_and_at_last_to_the_end(client: Client, url: str) -> None:
    onward = client.post(url, sent(client, url, 2, 5))["Location"]
    assert Placement.objects.filter(done_at__isnull=False).count() == 2
    page = client.get(onward).content.decode()
    assert "Case 2 of 2" in page
    [back] = re.findall(r'href="([^"]+)">Back', page)
    page = client.get(back).content.decode()
    checked = re.findall(r'name="mark-(\d)-\w+" value="(\d)" checked', page)
    assert sorted(checked) == [("1", "2")] * 3 + [("2", "5")] * 3
    assert client.post(back, {**hidden(page), **marks(2, 1)})["Location"] == onward
    assert (Rating.objects.count(), RatingRevision.objects.count()) == (6, 9)
    end = client.post(onward, sent(client, onward, 3, 3))
    assert end["Location"].endswith("/finish/")


def test_open_questions_are_named_by_text_and_what_was_marked_stays(client: Client, url: str) -> None:
    body = sent(client, url, 4, 3)
    del body["mark-2-faithfulness"]
    response = client.post(url, body)
    assert response.status_code == 422
    page = response.content.decode()
    assert "One question is still open" in page
    assert 'href="#question-2-faithfulness">Explanation 2, Faithfulness' in page
    assert len(re.findall(r'value="4" checked', page)) == 3
    assert not Rating.objects.exists()


@pytest.mark.parametrize("value", ["0", "6", "99", "3.5", "true"])
def test_a_mark_off_the_scale_is_refused_naming_its_text(client: Client, url: str, value: str) -> None:
    response = client.post(url, {**sent(client, url, 2, 3), "mark-1-faithfulness": value})
    assert response.status_code == 422
    assert 'id="error-1-faithfulness"' in response.content.decode()
    assert not Rating.objects.exists()


def test_cannot_judge_needs_its_reason_in_its_column(client: Client, url: str) -> None:
    body = {**sent(client, url, 4, 4), "mark-2-faithfulness": "cannot"}
    assert client.post(url, body).status_code == 422
    assert client.post(url, {**body, "reason-2-faithfulness": "Another reason"}).status_code == 302
    assert Rating.objects.get(value__isnull=True).reason == "Another reason"


def test_a_stale_board_is_told_and_nothing_of_it_is_stored(client: Client, url: str) -> None:
    old = sent(client, url, 1, 1)
    [_, second] = re.findall(r'data-mark-url="([^"]+)"', client.get(url).content.decode())
    assert (
        client.post(second, {"criterion": KEYS[0], "value": 5, "key": "m", "version": 0}).status_code == 200
    )
    response = client.post(url, old)
    assert response.status_code == 409
    assert "this page was older than what is stored" in response.content.decode()
    assert list(Rating.objects.values_list("value", flat=True)) == [5]


def test_somebody_elses_board_is_refused(client: Client, study_id: int, url: str, ben: User) -> None:
    body = sent(client, url, 4, 4)
    enrolled(study_id, ben, stage="rating")
    client.force_login(ben)
    assert client.get(url).status_code == 403
    response = client.post(url, body)
    assert response.status_code == 403
    assert "This card is not yours" in response.content.decode()
    assert not Rating.objects.exists()


def test_a_closed_study_takes_no_board(client: Client, study_id: int, url: str, olga: User) -> None:
    body = sent(client, url, 4, 4)
    close_study(study_id=study_id, by_id=olga.pk)
    assert client.post(url, body).status_code == 409
    assert not Rating.objects.exists()


def test_htmx_gets_the_next_board_in_the_answer_with_its_address(client: Client, url: str) -> None:
    response = client.post(url, sent(client, url, 4, 4), headers={"HX-Request": "true"})
    page = response.content.decode()
    assert response.status_code == 200
    assert response["HX-Push-Url"] != url
    assert "Case 2 of 2" in page
    assert "<html" not in page
    assert len(re.findall(r"data-token=", page)) == 2


def test_a_study_of_single_cards_has_no_boards(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga)
    token = claim_placement(enrolment_id=enrolled(study_id, ada, stage="rating"))
    client.force_login(ada)
    board = reverse("annotation:board", args=[study_id, token])
    assert client.get(board)["Location"] == reverse("annotation:card", args=[study_id, token])
    assert client.post(board, marks(3, 3)).status_code == 403
    assert card_queries.blinded_board(token, ada.pk) is None
