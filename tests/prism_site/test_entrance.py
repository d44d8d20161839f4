"""Somebody a study invited reads nothing of the software, of its purpose, or of how texts came to be."""

import re

import pytest
from django.views import defaults

from annotation.services.invite import invite
from tests.annotation import studies

pytestmark = pytest.mark.django_db

TELLING = re.compile(r"\bprism\b|persuasive|three ways|faithful|wrote|writes explanations", re.IGNORECASE)


def told(answer):
    """What a page says, its title and what is read aloud included; class names and addresses left aside."""
    html = answer.content.decode()
    html = re.sub(r'\s(?:class|href|src|action|hx-headers|content|value)="[^"]*"', "", html)
    return TELLING.findall(html)


@pytest.fixture
def invitation(olga):
    study = studies.opened(owner=olga)
    return f"/join/{invite(study_id=study.pk, by_id=olga.pk)}/"


@pytest.mark.parametrize("door", ["signup", "login"])
def test_the_doors_an_invitation_leads_to_are_neutral(client, invitation, door):
    answer = client.get(f"/accounts/{door}/?next={invitation}")
    assert answer.status_code == 200
    assert told(answer) == []
    refused = client.post(f"/accounts/{door}/", {"next": invitation})
    assert told(refused) == []


@pytest.mark.parametrize(
    "page",
    ["/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/login/", "/no-such-page/"],
)
def test_so_is_every_other_page_once_the_invitation_was_opened(client, invitation, page):
    assert told(client.get(invitation)) == []
    assert told(client.get(page)) == []


@pytest.mark.parametrize("page", ["/accounts/password/change/", "/accounts/logout/", "/studies/", "/none/"])
def test_an_annotator_reads_no_name_of_the_software_on_account_and_error_pages(client, ada, page):
    client.force_login(ada)
    assert told(client.get(page)) == []


def test_an_error_of_the_server_names_nothing(rf):
    assert told(defaults.server_error(rf.get("/rate/1/"))) == []


def test_who_works_with_the_software_reads_its_name(client, olga):
    assert "Sign in · Prism" in client.get("/accounts/login/").content.decode()
    client.force_login(olga)
    assert "There is no such page · Prism" in client.get("/no-such-page/").content.decode()


def test_a_short_password_is_refused_in_chinese(client, invitation):
    person = {"username": "mei", "password1": "kurz7", "next": invitation}
    page = client.post("/accounts/signup/", person, headers={"accept-language": "zh-hans"}).content.decode()
    assert "密码太短，至少需要" in page
    assert "too short" not in page


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        ("login", ["User name or e-mail", "Password"]),
        ("signup", ["User name", "E-mail", "Password"]),
        ("password/reset", ["E-mail"]),
        ("password/change", ["Current password", "New password", "New password, again"]),
    ],
)
def test_every_form_of_an_account_has_the_same_words_and_no_placeholder(client, olga, page, labels):
    if page == "password/change":
        client.force_login(olga)
    form = client.get(f"/accounts/{page}/").content.decode()
    found = re.findall(r'<label [^>]*for="id_(?:login|username|email|\w*password\d?)"[^>]*>([^<]+)', form)
    assert [" ".join(label.split()) for label in found] == labels
    assert "placeholder" not in form
