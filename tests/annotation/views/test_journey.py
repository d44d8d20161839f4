"""The way from an invitation to the last card, as a browser without script would go it."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from annotation import queries
from annotation.models.card import Card, Placement
from annotation.models.rating import Rating
from annotation.models.study import Enrolment
from annotation.services.amend_guidelines import amend_guidelines
from annotation.services.close_study import close_study
from annotation.services.invite import invite
from prism_site.roles import grant
from tests import builders
from tests.annotation import studies
from tests.annotation.loud import enrolled, loud_study

pytestmark = pytest.mark.django_db

KEYS = ("persuasiveness", "personalization", "faithfulness")


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the card's form, as a browser would send them back."""
    fields = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def marks(value: int | str) -> dict[str, str]:
    return {f"mark-{key}": str(value) for key in KEYS}


def follow(client: Client, url: str) -> tuple[str, str]:
    """Where a person ends up who opens the address, and what they read there."""
    response = client.get(url, follow=True)
    assert response.status_code == 200, response.content
    return (response.redirect_chain[-1][0] if response.redirect_chain else url), response.content.decode()


def test_without_script_a_person_comes_from_the_link_to_the_finish(client: Client, olga: User) -> None:
    study_id = loud_study(olga, n_cases=2, n_calibration=2)
    link = reverse("annotation:join", args=[invite(study_id=study_id, by_id=olga.pk)])
    assert "Why this film?" in client.get(link).content.decode()
    assert reverse("account_signup") in client.get(link).content.decode()
    client.force_login(builders.user("newcomer"))

    url, page = follow(client, client.post(link)["Location"])
    assert url.endswith("/consent/")
    refused = client.post(url, {"version": 1})
    assert refused.status_code == 422
    assert "Tick this to take part" in refused.content.decode()
    url, page = follow(client, client.post(url, {"version": 1, "agrees": "on"})["Location"])
    assert url.endswith("/guidelines/")
    assert "Contradicts or invents" in page
    url, page = follow(client, client.post(url, hidden(page))["Location"])
    assert url.endswith("/calibration/")

    for number in (1, 2):
        assert f"Practice card {number} of 2" in page
        token = re.search(r'data-token="([^"]+)"', page)[1]
        gold = Card.objects.get(token=token).gold.first().value
        action = re.search(r'action="([^"]+/calibration/[^"]+)"', page)[1]
        assert client.post(action, {**hidden(page), **marks("")}).status_code == 422
        answered = client.post(action, {**hidden(page), **marks(gold)})
        url, page = follow(client, answered["Location"])
        assert "Exactly the reference." in page
        assert f"Because it is a {gold}." in page
        assert f"{3 * number} of {3 * number} marks close enough so far" in page
        onward = re.search(r'id="save" href="([^"]+)"', page)[1]
        url, page = follow(client, onward)
    assert "You passed" in page

    url, page = follow(client, reverse("annotation:rate", args=[study_id]))
    for number in range(1, 5):
        assert f"Card {number} of 4" in page
        assert not re.search(r'name="mark-[^>]*checked', page), "nothing is preselected"
        answered = client.post(url, {**hidden(page), **marks(number), "seconds": "12.5"})
        assert answered.status_code == 302
        url, page = follow(client, answered["Location"])
    enrolment = Enrolment.objects.get(study=study_id)
    assert "You have finished" in page
    assert enrolment.completion_code in page
    assert Rating.objects.count() == 12
    assert set(Rating.objects.values_list("value", flat=True)) == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("stage", "belongs"),
    [
        ("consent", "consent"),
        ("guidelines", "guidelines"),
        ("calibration", "calibration"),
        ("rating", "rate"),
    ],
)
def test_every_page_sends_a_person_where_they_belong(
    client: Client, olga: User, ada: User, stage: str, belongs: str
) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage=stage)
    client.force_login(ada)
    home = reverse(f"annotation:{belongs}", args=[study_id])
    for page in ("consent", "calibration", "rate", "finish"):
        if page == belongs:
            continue
        response = client.get(reverse(f"annotation:{page}", args=[study_id]))
        assert (response.status_code, response["Location"]) == (302, home), page


def test_a_failed_first_attempt_offers_a_second_and_a_failed_second_ends_politely(
    client: Client, olga: User, ada: User
) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="calibration")
    client.force_login(ada)
    for attempt in (1, 2):
        for _ in range(2):
            _, page = follow(client, reverse("annotation:calibration", args=[study_id]))
            action = re.search(r'action="([^"]+/calibration/[^"]+)"', page)[1]
            sent = {**hidden(page), **marks(3)}
            _, page = follow(client, client.post(action, sent)["Location"])
            assert "further away than the study allows" in page
        _, page = follow(client, reverse("annotation:gate", args=[study_id]))
        assert ("Not yet" if attempt == 1 else "Your part ends here") in page
    assert Enrolment.objects.get().gate == "failed"
    refused = client.post(action, sent)
    assert refused.status_code == 409
    assert not Placement.objects.exists()


def test_an_answered_practice_card_cannot_be_answered_again_with_its_feedback_in_view(
    client: Client, olga: User, ada: User
) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="calibration")
    client.force_login(ada)
    _, page = follow(client, reverse("annotation:calibration", args=[study_id]))
    action = re.search(r'action="([^"]+/calibration/[^"]+)"', page)[1]
    client.post(action, {**hidden(page), **marks(1)})
    assert client.post(action, {**hidden(page), **marks(5)}).status_code == 409
    assert set(Enrolment.objects.get().calibration_answers.values_list("value", flat=True)) == {1}


def test_a_practice_card_of_one_attempt_is_no_answer_of_the_next(
    client: Client, olga: User, ada: User
) -> None:
    study_id = loud_study(olga, n_calibration=1)
    enrolled(study_id, ada, stage="calibration")
    client.force_login(ada)
    _, page = follow(client, reverse("annotation:calibration", args=[study_id]))
    action = re.search(r'action="([^"]+/calibration/[^"]+)"', page)[1]
    assert client.post(action, marks(1)).status_code == 409  # it does not say which attempt it is of
    assert not Enrolment.objects.get().calibration_answers.exists()
    sent = {**hidden(page), **marks(1)}
    assert client.post(action, sent).status_code == 302
    again = client.post(action, sent)
    assert again.status_code == 409
    assert "Already answered" in again.content.decode()
    assert set(Enrolment.objects.get().calibration_answers.values_list("attempt", flat=True)) == {1}
    _, page = follow(client, reverse("annotation:calibration", args=[study_id]))
    _, page = follow(client, client.post(action, {**hidden(page), **marks(5)})["Location"])
    assert "Exactly the reference." in page
    assert Enrolment.objects.get().gate == "passed"


@pytest.mark.parametrize("role", ["owner", "researcher"])
def test_a_role_gained_after_joining_ends_practice_and_rating_in_words(
    client: Client, olga: User, ada: User, ben: User, role: str
) -> None:
    study_id = loud_study(olga, n_annotators=2)
    enrolled(study_id, ada, stage="calibration")
    client.force_login(ada)
    _, page = follow(client, reverse("annotation:calibration", args=[study_id]))
    practice = re.search(r'action="([^"]+/calibration/[^"]+)"', page)[1]
    sent = {**hidden(page), **marks(3)}
    grant(ada, role)
    for answer in (
        client.get(reverse("annotation:calibration", args=[study_id])),
        client.post(practice, sent),
    ):
        assert answer.status_code == 403
        assert "by which you may read which system wrote what" in answer.content.decode()
    enrolled(study_id, ben, stage="rating")
    client.force_login(ben)
    card, page = follow(client, reverse("annotation:rate", args=[study_id]))
    sent = {**hidden(page), **marks(3)}
    grant(ben, role)
    for answer in (
        client.get(reverse("annotation:rate", args=[study_id])),
        client.get(card),
        client.post(card, sent),
        client.post(f"{card}mark/", {"criterion": "faithfulness", "value": 3, "key": "k"}),
    ):
        assert answer.status_code == 403
        assert "by which you may read which system wrote what" in answer.content.decode()
    assert not Rating.objects.exists()
    assert client.get(reverse("annotation:my-studies")).status_code == 200


def test_feedback_is_not_shown_before_the_card_is_answered(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="calibration")
    client.force_login(ada)
    for card in Card.objects.filter(block__kind="calibration"):
        response = client.get(reverse("annotation:feedback", args=[study_id, card.token]))
        assert response.status_code == 302
        assert b"Because it is" not in response.content


def test_a_new_version_of_the_guidelines_is_read_before_the_next_card(
    client: Client, olga: User, ada: User
) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="rating")
    client.force_login(ada)
    amend_guidelines(study_id=study_id, by_id=olga.pk, clarification="Genres alone are not personal.")
    url, page = follow(client, reverse("annotation:rate", args=[study_id]))
    assert url.endswith("/guidelines/")
    assert "Genres alone are not personal." in page
    url, page = follow(client, client.post(url, hidden(page))["Location"])
    assert "Card 1 of 6" in page


def test_a_closed_study_says_so_and_a_used_link_too(client: Client, olga: User, ada: User, ben: User) -> None:
    study_id = loud_study(olga)
    enrolled(study_id, ada, stage="rating")
    token = invite(study_id=study_id, by_id=olga.pk)
    close_study(study_id=study_id, by_id=olga.pk)
    client.force_login(ada)
    assert "This study is closed" in follow(client, reverse("annotation:rate", args=[study_id]))[1]
    client.force_login(ben)
    link = reverse("annotation:join", args=[token])
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 409
    assert client.get(reverse("annotation:join", args=["no-such-link"])).status_code == 404
    assert not Enrolment.objects.filter(annotator=ben).exists()


def test_who_passed_when_every_seat_is_taken_is_told_so(
    client: Client, olga: User, ada: User, ben: User
) -> None:
    study_id = loud_study(olga, n_annotators=1)
    for person in (ada, ben):
        enrolled(study_id, person, stage="rating")
        client.force_login(person)
        _, page = follow(client, reverse("annotation:rate", args=[study_id]))
    assert "All places are taken" in page
    flow = queries.participant_flow(study_id)
    assert (flow.unfinished, flow.unseated) == (2, 1)


def test_an_owner_cannot_rate(client: Client, olga: User) -> None:
    study_id = loud_study(olga)
    client.force_login(olga)
    link = reverse("annotation:join", args=[invite(study_id=study_id, by_id=olga.pk)])
    page = client.get(link).content.decode()
    assert "so they cannot rate" in page
    assert "Take part" not in page
    refused = client.post(link)
    assert refused.status_code == 409
    assert (
        "Owners, researchers and recommenders may learn which system wrote what" in refused.content.decode()
    )


def test_my_studies_lists_the_next_step_of_each(client: Client, olga: User, ada: User) -> None:
    study_id = loud_study(olga)
    client.force_login(ada)
    assert "No study yet" in client.get(reverse("annotation:my-studies")).content.decode()
    enrolled(study_id, ada, stage="rating")
    client.get(reverse("annotation:rate", args=[study_id]))
    page = client.get(reverse("annotation:my-studies")).content.decode()
    assert "0 of 6" in page
    assert reverse("annotation:rate", args=[study_id]) in page


def test_a_version_that_is_no_number_of_ours_is_refused(client: Client, olga: User, ada: User) -> None:
    study = loud_study(olga)
    enrolled(study, ada, stage="guidelines")
    client.force_login(ada)
    for version in ("9" * 5000, "²", "-1", ""):
        response = client.post(reverse("annotation:guidelines", args=[study]), {"version": version})
        assert response.status_code == 409


def test_an_invitation_says_how_much_it_is_before_an_account_is_asked_for(olga, client):
    study = studies.opened(owner=olga)  # 12 cases of 3 systems, 2 of 3 people a card: 24 cards a person
    page = " ".join(client.get(f"/join/{invite(study_id=study.pk, by_id=olga.pk)}/").content.decode().split())
    assert "About 24 short texts, and 2 to practise with: some 20 minutes in all, by an estimate" in page


def test_a_link_that_was_not_copied_whole_is_told_so(client):
    answer = client.get("/join/not-a-token/")
    assert answer.status_code == 404
    assert "Check that the link was copied whole" in answer.content.decode()
