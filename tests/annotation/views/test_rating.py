"""The blind loop's refusals: stale, foreign, off the scale, incomplete, closed; and what is never sent."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from annotation import journey_queries
from annotation.models.card import Placement
from annotation.models.rating import Rating, RatingRevision
from annotation.services.claim_placement import claim_placement
from annotation.services.close_study import close_study
from tests.annotation.loud import enrolled, loud_study
from tests.annotation.views.test_journey import hidden, marks

pytestmark = pytest.mark.django_db


@pytest.fixture
def study_id(olga: User) -> int:
    return loud_study(olga, n_annotators=2, k=2)


@pytest.fixture
def url(client: Client, study_id: int, ada: User) -> str:
    """The address of Ada's first card, with Ada signed in."""
    token = claim_placement(enrolment_id=enrolled(study_id, ada, stage="rating"))
    client.force_login(ada)
    return reverse("annotation:card", args=[study_id, token])


def sent(client: Client, url: str, value: int | str = 4) -> dict[str, str]:
    return {**hidden(client.get(url).content.decode()), **marks(value)}


def test_a_repeated_submit_changes_nothing_and_is_answered_the_same(client: Client, url: str) -> None:
    body = sent(client, url)
    first, second = client.post(url, body), client.post(url, body)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert RatingRevision.objects.count() == 3


def test_a_stale_tab_is_told_and_shown_what_is_stored(client: Client, url: str) -> None:
    old = sent(client, url, 1)
    client.post(url, sent(client, url, 5))
    response = client.post(url, old)
    assert response.status_code == 409
    page = response.content.decode()
    assert "this page was older than what is stored" in page
    assert len(re.findall(r'value="5" checked', page)) == 3
    assert set(Rating.objects.values_list("value", flat=True)) == {5}


def test_somebody_elses_card_is_refused_and_nothing_is_stored(
    client: Client, study_id: int, url: str, ben: User
) -> None:
    body = sent(client, url)
    client.force_login(ben)
    assert client.get(url).status_code == 403
    enrolled(study_id, ben, stage="rating")
    response = client.post(url, body)
    assert response.status_code == 403
    assert "This card is not yours" in response.content.decode()
    assert client.get(url).status_code == 403
    assert not Rating.objects.exists()


def test_a_card_is_not_taken_under_the_address_of_another_study(
    client: Client, study_id: int, url: str, olga: User, ada: User
) -> None:
    other = loud_study(olga, n_annotators=2, k=2)
    enrolled(other, ada, stage="rating")
    elsewhere = url.replace(f"/{study_id}/", f"/{other}/")
    assert elsewhere != url
    body = sent(client, url)
    assert client.post(elsewhere, body).status_code == 403
    assert (
        client.post(f"{elsewhere}mark/", {**body, "criterion": "faithfulness", "value": "4"}).status_code
        == 403
    )
    token = url.rstrip("/").rsplit("/", 1)[-1]
    marked = {"marks": {"faithfulness": 4}, "key": "k", "finish": False}
    api = f"/api/annotation/rate/{{}}/cards/{token}/"
    for study, status in ((other, 403), (study_id, 200)):
        told = client.post(api.format(study), marked, content_type="application/json")
        assert told.status_code == status, told.content
    assert Rating.objects.count() == 1


@pytest.mark.parametrize(
    "value", ["0", "6", "-1", "--5", "99", "3.5", "three", "٣", "1e0", "true", "9" * 5000]
)
def test_a_mark_off_the_scale_is_refused_naming_the_field(client: Client, url: str, value: str) -> None:
    body = {**sent(client, url, 2), "mark-faithfulness": value}
    response = client.post(url, body)
    assert response.status_code == 422
    page = response.content.decode()
    assert 'id="error-faithfulness"' in page
    assert len(re.findall(r'value="2" checked', page)) == 2  # what was sent well is kept on the page
    assert not Rating.objects.exists()


def test_open_questions_are_named_and_what_was_marked_stays(client: Client, url: str) -> None:
    body = sent(client, url, 4)
    del body["mark-faithfulness"]
    response = client.post(url, body)
    assert response.status_code == 422
    page = response.content.decode()
    assert "One question is still open" in page
    assert 'href="#question-faithfulness"' in page
    assert not Rating.objects.exists()


def test_cannot_judge_needs_a_reason_and_is_stored_as_missing(client: Client, url: str) -> None:
    body = {**sent(client, url, 4), "mark-faithfulness": "cannot"}
    assert client.post(url, body).status_code == 422
    body["reason-faithfulness"] = "The text cannot be understood"
    assert client.post(url, body).status_code == 302
    rating = Rating.objects.get(criterion__key="faithfulness")
    assert (rating.value, rating.reason) == (None, "The text cannot be understood")
    page = client.get(url).content.decode()
    assert 'value="cannot" checked' in page
    assert '<option value="The text cannot be understood" selected>' in page


def test_a_closed_study_takes_no_mark(client: Client, study_id: int, url: str, olga: User) -> None:
    body = sent(client, url)
    close_study(study_id=study_id, by_id=olga.pk)
    response = client.post(url, body)
    assert response.status_code == 409
    assert "came too late" in response.content.decode()
    assert (
        client.post(f"{url}mark/", {"criterion": "faithfulness", "value": 3, "key": "k"}).status_code == 409
    )
    assert not Rating.objects.exists()


def test_a_withdrawn_card_says_that_it_went_to_somebody_else(client: Client, url: str) -> None:
    body = sent(client, url)
    Placement.objects.update(withdrawn_at="2026-01-01T00:00Z")
    response = client.post(url, body)
    assert response.status_code == 409
    assert "given to somebody else. Nothing was stored" in response.content.decode()
    mark = {"criterion": "faithfulness", "value": 3, "key": "k"}
    assert client.post(f"{url}mark/", mark).status_code == 409
    assert not Rating.objects.exists()


def test_rating_costs_as_many_queries_at_the_first_card_as_later(
    client: Client, url: str, django_assert_max_num_queries
) -> None:
    for _ in range(3):
        body = sent(client, url)
        for number, name in enumerate(("persuasiveness", "personalization", "faithfulness")):
            with django_assert_max_num_queries(20):
                mark = {"criterion": name, "value": 3, "key": f"{number}", "version": number}
                assert client.post(f"{url}mark/", mark).status_code == 200
        with django_assert_max_num_queries(46):
            answer = client.post(url, body | {"version": "3"}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        url = answer["HX-Push-Url"]


def test_back_shows_the_earlier_card_and_a_change_is_a_revision(client: Client, url: str) -> None:
    assert ">Back<" not in client.get(url).content.decode()
    onward = client.post(url, sent(client, url, 4))["Location"]
    assert f'href="{url}">Back' in client.get(onward).content.decode()
    page = client.get(url).content.decode()
    assert len(re.findall(r'value="4" checked', page)) == 3
    assert client.post(url, {**hidden(page), **marks(2)}).status_code == 302
    assert set(Rating.objects.values_list("value", flat=True)) == {2}
    assert RatingRevision.objects.count() == 6


def test_htmx_gets_the_next_card_in_the_answer_with_its_address(client: Client, url: str) -> None:
    response = client.post(url, sent(client, url), headers={"HX-Request": "true"})
    page = response.content.decode()
    assert response.status_code == 200
    assert response["HX-Push-Url"] != url
    assert "Card 2 of 6" in page
    assert "<html" not in page
    assert 'hx-swap-oob="true"' in page
    refused = client.post(url, marks(""), headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "<html" not in refused.content.decode()


def test_the_last_card_leads_htmx_to_the_finish(client: Client, study_id: int, url: str, ada: User) -> None:
    while (token := claim_placement(enrolment_id=journey_queries.enrolment_of(study_id, ada.pk))) is not None:
        at = reverse("annotation:card", args=[study_id, token])
        response = client.post(at, sent(client, at), headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == reverse("annotation:finish", args=[study_id])


class TestAMarkAsItIsMade:
    def test_it_is_stored_without_ending_the_card(self, client: Client, url: str) -> None:
        for key in ("persuasiveness", "personalization", "faithfulness"):
            stored = client.post(f"{url}mark/", {"criterion": key, "value": 5, "key": key, "version": ""})
            assert stored.status_code == 200
        assert stored.json() == {"version": 3}
        assert Placement.objects.get(version=3).done_at is None

    def test_sent_again_it_changes_nothing(self, client: Client, url: str) -> None:
        body = {"criterion": "faithfulness", "value": 5, "key": "k1", "version": 0}
        first, second = client.post(f"{url}mark/", body), client.post(f"{url}mark/", body)
        assert first.json() == second.json() == {"version": 1}
        assert RatingRevision.objects.count() == 1

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"value": "6"}, 422),
            ({"value": ""}, 422),
            ({"value": "cannot"}, 422),
            ({"criterion": "beauty"}, 422),
            ({"criterion": ""}, 422),
            ({"version": "7"}, 409),
            ({"key": ""}, 409),
        ],
    )
    def test_what_cannot_be_stored_is_refused_in_words(
        self, client: Client, url: str, change: dict[str, str], status: int
    ) -> None:
        body = {"criterion": "faithfulness", "value": "5", "key": "k1", "version": "0", **change}
        response = client.post(f"{url}mark/", body)
        assert response.status_code == status
        assert response.json()["detail"]
        assert not Rating.objects.exists()

    def test_signed_out_or_somebody_else_it_is_refused(
        self, client: Client, url: str, ben: User, olga: User
    ) -> None:
        body = {"criterion": "faithfulness", "value": "5", "key": "k1"}
        client.logout()
        assert client.post(f"{url}mark/", body).status_code == 401
        for person in (ben, olga):
            client.force_login(person)
            assert client.post(f"{url}mark/", body).status_code == 403
        assert not Rating.objects.exists()


def test_criteria_come_in_each_annotators_own_stored_order(
    client: Client, study_id: int, url: str, ada: User
) -> None:
    page = client.get(url).content.decode()
    shown = re.findall(r'data-criterion="(\w+)"', page)
    assert shown == [
        criterion.key
        for criterion in journey_queries.journey(journey_queries.enrolment_of(study_id, ada.pk)).criteria
    ]


def test_nothing_of_a_card_is_kept_by_caches(client: Client, url: str) -> None:
    response = client.get(url)
    assert "no-store" in response["Cache-Control"]
    assert not response.has_header("ETag")
    assert not response.has_header("Last-Modified")


def test_minutes_left_come_from_ones_own_pace_and_not_before_three_cards(client: Client, url: str) -> None:
    for number in range(3):
        page = client.get(url).content.decode()
        assert "minutes left" not in page, number
        url = client.post(url, {**hidden(page), **marks(3), "seconds": "100"})["Location"]
    assert "about 5 minutes left" in client.get(url).content.decode()


def test_a_pause_is_offered_after_twenty_minutes_of_work(client: Client, url: str) -> None:
    offered = []
    for _number in range(5):
        page = client.get(url).content.decode()
        offered.append("A good moment for a pause: all is saved" in page)
        url = client.post(url, {**hidden(page), **marks(3), "seconds": "700"})["Location"]
    assert offered == [False, False, True, False, True]  # after 1,400 and 2,800 seconds


def test_the_last_seat_going_while_the_page_is_asked_for_ends_at_the_full_page(
    client: Client, olga: User, ada: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = loud_study(olga, n_annotators=1, k=1)
    faster, slower = (enrolled(study_id, person, stage="rating") for person in (ada, ben))

    def late(enrolment_id: int) -> str | None:
        assert claim_placement(enrolment_id=faster)
        return claim_placement(enrolment_id=enrolment_id)

    monkeypatch.setattr("annotation.views.rating.claim_placement", late)
    assert slower != faster
    client.force_login(ben)
    response = client.get(reverse("annotation:rate", args=[study_id]), follow=True)
    assert response.status_code == 200
    assert "All places are taken" in response.content.decode()


def test_a_study_that_closes_behind_a_submit_keeps_the_marks_and_says_that_it_closed(
    client: Client, url: str, study_id: int, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = sent(client, url)

    def late(enrolment_id: int) -> str | None:
        close_study(study_id=study_id, by_id=olga.pk)
        return claim_placement(enrolment_id=enrolment_id)

    monkeypatch.setattr("annotation.views.rating.claim_placement", late)
    response = client.post(url, body, follow=True)
    assert response.status_code == 200
    assert "This study is closed" in response.content.decode()
    assert Rating.objects.count() == 3


def test_a_reason_or_a_key_no_database_keeps_is_refused(client: Client, url: str) -> None:
    body = sent(client, url, 4)
    response = client.post(url, {**body, "mark-faithfulness": "cannot", "reason-faithfulness": "a\0b"})
    assert response.status_code == 422
    assert "holds the character NUL" in response.content.decode()
    assert client.post(url, {**body, "key": "a\0b"}).status_code == 409
    assert not Rating.objects.exists()


def test_a_study_no_database_could_have_is_one_we_take_no_part_in(client: Client, url: str) -> None:
    assert client.get(f"/rate/{10**40}/").status_code == 403
    assert client.get(f"/api/annotation/rate/{10**40}/").status_code == 403
