"""People whom a crowd service sends: in without an account, once, and out with a code to bring back."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from annotation.models.crowd import CrowdPerson
from annotation.models.study import Enrolment, Invitation
from annotation.services.close_study import close_study
from annotation.services.enrol_annotator import enrol_annotator
from annotation.services.join_from_crowd import let_return
from annotation.services.make_crowd_link import make_crowd_link
from annotation.services.refusals import InvitationRefused, Refused
from tests.annotation.loud import loud_study

pytestmark = pytest.mark.django_db

BACK = "https://crowd.example.org/back?cc={code}"
CODES = {"complete": "DONE-1", "screened_out": "FULL-1", "no_consent": "NOPE-1", "failed_gate": "GATE-1"}
ID = "5f2c7be0a1b2c3d4e5f60718"


@pytest.fixture
def study_id(olga: User) -> int:
    return loud_study(olga, n_cases=2, n_calibration=2)


@pytest.fixture
def link(study_id: int, olga: User) -> str:
    token = make_crowd_link(
        study_id=study_id, by_id=olga.pk, max_uses=2, return_url=BACK, codes=CODES, label="Pilot"
    )
    return reverse("annotation:join", args=[token])


def text(answer: object) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", answer.content.decode())).split())  # type: ignore[attr-defined]


def joined(client: Client, link: str, crowd_id: str = ID) -> object:
    client.get(f"{link}?PROLIFIC_PID={crowd_id}&STUDY_ID=s&SESSION_ID=x")
    return client.post(link)


def test_somebody_comes_in_without_an_account_and_the_id_is_left_behind(client: Client, link: str) -> None:
    first = client.get(f"{link}?PROLIFIC_PID={ID}&STUDY_ID=s&SESSION_ID=x")
    assert first["Location"] == link
    page = client.get(link)
    assert "No account is needed" in text(page)
    assert reverse("account_signup") not in page.content.decode()
    answer = client.post(link)
    assert answer["Location"].endswith("/consent/")
    person = CrowdPerson.objects.get()
    account = person.enrolment.annotator
    assert not account.has_usable_password()
    kept = [person.key, account.username, account.email, account.first_name, *client.session.values()]
    assert not any(ID in str(value) for value in kept)
    assert client.get(link)["Location"].endswith("/consent/")  # the same browser goes on
    assert Enrolment.objects.count() == 1


def test_one_person_takes_part_once_and_belongs_to_one_browser(
    client: Client, link: str, study_id: int
) -> None:
    joined(client, link)
    other = Client()
    refused = joined(other, link)
    assert refused.status_code == 409  # type: ignore[attr-defined]
    assert "You began in another browser" in text(refused)
    assert let_return(study_id=study_id, crowd_id=ID) == "A01"
    assert joined(other, link)["Location"].endswith("/consent/")  # type: ignore[index]
    assert joined(Client(), link).status_code == 409  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="Nobody with this id"):
        let_return(study_id=study_id, crowd_id="somebody-else")
    assert Invitation.objects.get(label="Pilot").uses == 1


@pytest.mark.parametrize("crowd_id", ["{{%PROLIFIC_PID%}}", "", "a b", "x" * 101, "%00"])
def test_what_is_no_id_is_refused_in_words(client: Client, link: str, crowd_id: str) -> None:
    answer = client.get(link, {"PROLIFIC_PID": crowd_id})
    assert answer.status_code == 400
    assert "no id of the crowd service" in text(answer)
    assert client.get(link).status_code == client.post(link).status_code == 400
    assert not Enrolment.objects.exists()


def test_nobody_else_joins_by_it(client: Client, link: str, ada: User) -> None:
    client.force_login(ada)
    assert joined(client, link).status_code == 409  # type: ignore[attr-defined]
    with pytest.raises(InvitationRefused, match="crowd service"):
        enrol_annotator(token=link.strip("/").split("/")[-1], annotator_id=ada.pk)
    third = [joined(Client(), link, f"person-{n}") for n in range(3)][-1]
    assert "has joined" in text(third)


def test_each_end_has_its_code_and_a_way_back(client: Client, link: str, study_id: int, olga: User) -> None:
    joined(client, link)
    enrolment = Enrolment.objects.get()

    def shown(page: str) -> str:
        answer = client.get(reverse(f"annotation:{page}", args=[study_id]))
        [code] = [code for code in CODES.values() if code in text(answer)]
        assert f"https://crowd.example.org/back?cc={code}" in html.unescape(answer.content.decode())
        return code

    assert "I do not agree" in text(client.get(reverse("annotation:consent", args=[study_id])))
    assert shown("declined") == "NOPE-1"
    enrolment.consented_at, enrolment.consent_version = enrolment.enrolled_at, 1
    enrolment.guidelines_read_at, enrolment.guidelines_version = enrolment.enrolled_at, 1
    enrolment.gate = "failed"
    enrolment.save()
    assert shown("gate") == "GATE-1"
    close_study(study_id=study_id, by_id=olga.pk)
    assert shown("finish") == "FULL-1"
    Enrolment.objects.update(finished_at=enrolment.enrolled_at, gate="passed")
    assert shown("finish") == "DONE-1"
    Enrolment.objects.update(withdrawn_at=enrolment.enrolled_at)
    assert shown("finish") == "NOPE-1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"return_url": "http://crowd.example.org/{code}"}, "https address"),
        ({"return_url": "javascript:alert(1)//{code}"}, "https address"),
        ({"return_url": "https://[{code}"}, "https address"),
        ({"return_url": "https://crowd.example.org/"}, "holds {code} once"),
        ({"return_url": "https://crowd.example.org/{code}{code}"}, "holds {code} once"),
        ({"return_url": "https://crowd.example.org/{code}{other}"}, "holds {code} once"),
        ({"id_parameter": "a&b"}, "no name of a parameter"),
        ({"codes": {"complete": "x y z"}}, "is no code"),
        ({"codes": {"complete": "SAME", "failed_gate": "SAME"}}, "could not tell them apart"),
        ({"codes": {"finished": "DONE"}}, "There is no code for"),
        ({"max_uses": 0}, "1 to 10000"),
    ],
)
def test_a_link_that_would_lead_nowhere_is_not_made(
    study_id: int, olga: User, options: dict, words: str
) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        make_crowd_link(study_id=study_id, by_id=olga.pk, **options)
    assert not Invitation.objects.filter(crowd__isnull=False).exists()
