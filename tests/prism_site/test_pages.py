"""Account and error pages, by what a person would read on them."""

import re

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client

from tests import builders

pytestmark = pytest.mark.django_db


def read(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def rooms_in_the_bar(client: Client, person: User) -> list[str]:
    client.force_login(person)
    bar = re.search(r'<nav class="rooms".*?</nav>', read(client, "/accounts/password/change/"), re.S)[0]
    return re.findall(r">([\w ]+)</a>", bar)


def test_signing_in_leads_home(client: Client, olga: User) -> None:
    answer = client.post("/accounts/login/", {"login": "olga", "password": builders.PASSWORD})
    assert answer.headers["Location"] == "/"


def test_signing_in_and_out_needs_no_announcement(client: Client) -> None:
    client.force_login(builders.user("nell"))
    client.logout()
    person = {"login": "nell", "password": builders.PASSWORD}
    page = client.post("/accounts/login/", person, follow=True).content.decode()
    assert "Welcome, nell" in page
    assert 'class="messages"' not in page


def test_signing_in_by_mail_address_works_too(client: Client, olga: User) -> None:
    answer = client.post("/accounts/login/", {"login": "olga@example.org", "password": builders.PASSWORD})
    assert answer.headers["Location"] == "/"


def test_signing_in_returns_to_where_one_wanted_to_go(client: Client, olga: User) -> None:
    page = read(client, "/accounts/login/?next=/studies/")
    assert '<input type="hidden" name="next" value="/studies/"' in page


def test_a_wrong_password_keeps_the_name_and_says_what_to_correct(client: Client, olga: User) -> None:
    page = client.post("/accounts/login/", {"login": "olga", "password": "wrong"}).content.decode()
    assert "One thing to correct" in page
    assert 'value="olga"' in page
    assert "wrong" not in page


def test_the_bar_shows_each_role_its_rooms(client: Client, olga: User, ada: User, rosa: User) -> None:
    assert rooms_in_the_bar(client, olga)[:2] == ["Generation", "Studies"]
    assert rooms_in_the_bar(client, ada) == ["My studies"]
    assert not {"Generation", "Studies", "My studies"} & set(rooms_in_the_bar(client, rosa))


def test_only_an_owner_is_shown_the_engine_room(client: Client, olga: User, ada: User) -> None:
    client.force_login(ada)
    assert "Engine room" not in read(client, "/accounts/password/change/")
    client.force_login(olga)
    assert "Engine room" in read(client, "/accounts/password/change/")


def test_signing_out_asks_once_and_says_that_marks_are_kept(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert "What you rated is saved" in read(client, "/accounts/logout/")
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_replaced_by_mail(client: Client, olga: User) -> None:
    client.post("/accounts/password/reset/", {"email": "olga@example.org"})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    page = client.get(link, follow=True)
    assert "Choose a new password" in page.content.decode()
    path = page.redirect_chain[-1][0]
    new = "an-even-calmer-sheet"
    client.post(path, {"password1": new, "password2": new})
    assert client.login(username="olga", password=new)
    assert "no longer works" in client.get(link, follow=True).content.decode()


def test_a_reset_for_an_unknown_address_looks_the_same(client: Client) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)
    assert "If that address belongs to an account" in answer.content.decode()


def test_a_page_that_is_not_there_says_so_and_shows_a_way(client: Client) -> None:
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_a_page_for_another_role_names_who_is_signed_in(client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.get("/generation/")
    assert answer.status_code == 403
    assert "You are signed in as ada" in answer.content.decode()


def test_a_form_without_its_token_says_what_to_do(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    answer = client.post("/accounts/logout/")
    assert answer.status_code == 403
    assert "This form is too old to send" in answer.content.decode()


def test_the_page_for_our_own_faults_needs_no_request_and_no_database(
    django_assert_num_queries,
) -> None:
    with django_assert_num_queries(0):
        page = render_to_string("500.html")
    assert "What you saved before is kept" in page


def test_annotators_pages_have_no_bar_and_no_mark(rf, ada: User) -> None:
    request = rf.get("/")
    request.user = ada
    page = render_to_string("paper.html", {"study_title": "Films that fit"}, request=request)
    assert "Films that fit" in page
    assert 'class="topbar"' not in page
    assert 'class="mark"' not in page
    assert "Stop for now" in page


def test_every_page_says_its_language_and_takes_focus_to_its_content(client: Client) -> None:
    page = read(client, "/accounts/login/")
    assert '<html lang="en" dir="ltr">' in page
    assert '<a class="skip" href="#main">' in page
    assert '<main id="main"' in page
    assert page.count("<h1") == 1


def test_signing_up_asks_for_the_address_by_one_label(client: Client) -> None:
    page = read(client, "/accounts/signup/")
    assert re.search(r'<label for="id_email">E-mail <span class="optional">optional</span></label>', page)
    assert "(optional)" not in page


def test_a_refused_owner_is_not_sent_to_the_owner(client: Client, olga: User, ada: User, rosa: User) -> None:
    for person, path, asks in (
        (olga, "/rate/1/", False),
        (rosa, "/studies/", False),
        (ada, "/studies/", True),
    ):
        client.force_login(person)
        answer = client.get(path)
        assert answer.status_code == 403
        assert ("ask the owner" in answer.content.decode()) is asks
        assert ("whoever runs this installation" in answer.content.decode()) is not asks
