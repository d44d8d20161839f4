"""The owner's page of links."""

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.design.invitation_list import BadList, read_people
from annotation.models.study import Invitation
from annotation.services.close_study import close_study
from annotation.services.join_from_crowd import crowd_key, join_from_crowd
from tests.annotation.loud import loud_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study_id(olga: User, client: Client) -> int:
    client.force_login(olga)
    return loud_study(olga)


def url(name: str, study_id: int) -> str:
    return reverse(f"annotation:{name}", args=[study_id])


def a_list(text: str) -> dict[str, object]:
    return {"list-file": SimpleUploadedFile("people.csv", text.encode())}


def test_a_list_becomes_a_link_a_person_and_goes_out_as_csv(client: Client, study_id: int) -> None:
    sent = a_list("group,E-Mail,Name\n1,a@x.org,Ada\n\n2,b@x.org,=Ben\n")
    assert client.post(url("study-invite-list", study_id), sent).status_code == 302
    rows = list(
        csv.DictReader(io.StringIO(client.get(url("study-invitations-file", study_id)).content.decode()))
    )
    mine = {row["name"]: row for row in rows}
    assert {"Ada", "'=Ben"} <= set(mine)
    assert mine["Ada"]["of"] == "1"
    token = Invitation.objects.get(label="Ada").token
    assert mine["Ada"]["link"] == f"http://testserver{reverse('annotation:join', args=[token])}"


def test_a_faulty_list_names_its_lines_and_makes_nothing(client: Client, study_id: int) -> None:
    before = Invitation.objects.count()
    answer = client.post(url("study-invite-list", study_id), a_list("name\nAda\nAda\n"))
    assert answer.status_code == 422
    assert "stands in line 2 too" in answer.content.decode()
    mailbox = client.post(url("study-invite-list", study_id), a_list("email\nd@x.org\nD@X.org\n"))
    assert "D@X.org stands in line 2 too" in mailbox.content.decode()
    latin = {"list-file": SimpleUploadedFile("people.csv", "name\nJos\u00e9\n".encode("latin-1"))}
    assert "UTF-8" in client.post(url("study-invite-list", study_id), latin).content.decode()
    assert client.post(url("study-invite-list", study_id)).status_code == 422
    assert Invitation.objects.count() == before


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Line 1: the header has no column"),
        ("person\nAda\n", "Line 1: the header has no column"),
        ("name\n", "Line 2: nobody"),
        ("name,email\n,a@x.org\n", "Line 2, name: give 1 to 120"),
        ("name\n" + "x" * 121, "Line 2, name: give 1 to 120"),
        ('name\n"open', "no CSV"),
        ("name\n" + "\n".join(map(str, range(2001))), "2,001 people, more than 2,000"),
    ],
)
def test_what_is_no_list_says_why(text: str, fault: str) -> None:
    with pytest.raises(BadList) as bad:
        read_people(text)
    assert fault in bad.value.errors[0]


def test_a_crowd_link_shows_its_address_with_the_services_placeholder_and_its_codes(
    client: Client, study_id: int
) -> None:
    sent = {"crowd-max_uses": 30, "crowd-id_parameter": "PROLIFIC_PID", "crowd-complete": "C1ABCD"}
    back = "https://app.prolific.com/submissions/complete?cc={code}"
    assert (
        client.post(url("study-crowd-link", study_id), {**sent, "crowd-return_url": back}).status_code == 302
    )
    page = client.get(url("study-invitations", study_id)).content.decode()
    assert "?PROLIFIC_PID={{%PROLIFIC_PID%}}" in page
    assert "C1ABCD" in page
    bad = client.post(url("study-crowd-link", study_id), {**sent, "crowd-return_url": "http://x"})
    assert (bad.status_code, "https address" in bad.content.decode()) == (409, True)
    join_from_crowd(
        token=Invitation.objects.get(crowd__isnull=False).token, key=crowd_key(study_id, "worker1")
    )
    answer = client.post(url("study-let-return", study_id), {"return-crowd_id": "worker1"}, follow=True)
    assert "A01 may open the link once" in answer.content.decode()
    nobody = client.post(url("study-let-return", study_id), {"return-crowd_id": "worker2"})
    assert nobody.status_code == 409


def test_over_rest_lists_and_crowd_links_are_made_too(olga: User, study_id: int) -> None:
    api = APIClient()
    api.force_authenticate(olga)
    root = f"/api/annotation/studies/{study_id}/invitations/"
    made = api.post(f"{root}list/", {"people": ["Ada", "Ben"]}, format="json")
    assert [row["label"] for row in made.json()] == ["Ada", "Ben"]
    crowd = {"crowd": {"return_url": "https://x.org/{code}", "codes": {"complete": "DONE1"}}, "max_uses": 5}
    link = api.post(root, crowd, format="json").json()
    assert (link["crowd"]["codes"]["complete"], link["crowd"]["id_parameter"]) == ("DONE1", "PROLIFIC_PID")
    join_from_crowd(token=link["token"], key=crowd_key(study_id, "worker1"))
    assert api.post(f"{root}return/", {"crowd_id": "worker1"}, format="json").json() == {"annotator": "A01"}
    assert api.post(f"{root}return/", {"crowd_id": "w"}, format="json").status_code == 409
    close_study(study_id=study_id, by_id=olga.pk)
    assert api.post(f"{root}list/", {"people": ["Ada"]}, format="json").status_code == 409


def test_the_privacy_page_is_open_to_all_and_names_whom_to_ask(client: Client, settings: object) -> None:
    client.logout()
    assert "Ask whoever gave you the link" in client.get("/privacy/").content.decode()
    settings.PRISM_CONTACT = "privacy@example.org"  # type: ignore[attr-defined]
    assert "privacy@example.org" in client.get("/privacy/").content.decode()
